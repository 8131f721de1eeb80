package carrier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/sms"
)

func ask(t *testing.T, client *http.Client, method, address string) error {
	t.Helper()
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, _, err := Ask(context.Background(), client, request)
	if err != nil {
		return err
	}
	return Judge(status)
}

func TestAStatusSaysWhetherTheMessageCanHaveBeenTaken(t *testing.T) {
	for want, statuses := range map[error][]int{
		nil:             {200, 201, 202, 204},
		sms.ErrDown:     {302, 307, 401, 402, 403, 404, 405, 429, 503},
		sms.ErrNotTaken: {400, 409, 413, 415, 422},
		ErrUnknown:      {100, 408, 500, 502, 504, 599},
	} {
		for _, status := range statuses {
			err := Judge(status)
			if !errors.Is(err, want) || errors.Is(err, sms.ErrDown) != (want == sms.ErrDown) || errors.Is(err, ErrUnknown) && errors.Is(err, sms.ErrNotTaken) {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}

// net/http repeats a GET whose answer did not come on a connection that was used before. A message must not be sent that way.
func TestARequestIsMadeOnce(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) == 1 {
				return
			}
			panic(http.ErrAbortHandler) // The connection breaks instead of an answer.
		}))
		client := &http.Client{Transport: &http.Transport{}}
		if err := ask(t, client, method, server.URL); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if err := ask(t, client, method, server.URL); !errors.Is(err, ErrUnknown) || asked.Load() != 2 {
			t.Errorf("%s: %v, asked %d times", method, err, asked.Load())
		}
		client.CloseIdleConnections()
		server.Close()
	}
}

func TestAnErrorHasNoAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("http://%s/sendsms?password=hunter2&to=%%2B254711000001", l.Addr())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = ask(t, http.DefaultClient, http.MethodGet, address)
	if !errors.Is(err, sms.ErrDown) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "711000001") {
		t.Error(err)
	}
}

func TestARedirectionIsNotFollowed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			t.Errorf("it went to %s", r.URL.Path)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	if err := ask(t, server.Client(), http.MethodPost, server.URL); !errors.Is(err, sms.ErrDown) {
		t.Error(err)
	}
}

func TestAPhoneNumberIsReadAsCarriersWriteIt(t *testing.T) {
	for text, want := range map[string]string{
		"+254711000001": "+254711000001", "254711000001": "+254711000001", " 254711000001": "+254711000001",
		"MTN": "", "20500": "", "": "", "0711000001": "", "++254711000001": "",
	} {
		if got, ok := Phone(text); string(got) != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

func TestAWordForALogHasNoNumber(t *testing.T) {
	for text, want := range map[string]string{
		"EC_ABSENT_SUBSCRIBER": "EC_ABSENT_SUBSCRIBER", "err:0x0b": "err:0x0b", "UserInBlacklist": "UserInBlacklist",
		"+254711000001 is off": "?", "0711000001": "?", "": "?", "a\nb": "?", "<b>": "?", strings.Repeat("a", 81): "?",
	} {
		if got := Word(text, "?"); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestAKeyThatIsThereTwiceIsRefused(t *testing.T) {
	for body, good := range map[string]bool{
		`{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}`: true,
		`{"a":1,"a":2}`:              false,
		`{"a":1,"A":2}`:              false,
		`{"b":{"a":1,"a":2}}`:        false,
		`{"b":[1,[{"a":1,"a":2}]]}`:  false,
		"{\"k\":1,\"\u212A\":2}":     false, // The sign of the kelvin is a k to encoding/json.
		`{"a":1} {}`:                 false,
		`[1]`:                        false,
		`{"a":1`:                     false,
		`{"a":01}`:                   false,
		strings.Repeat(`{"a":`, 100): false,
		"{\"a\":\"\xff\"}":           false,
	} {
		var target map[string]any
		if err := ParseObject([]byte(body), &target); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// What is taken means the same to a reader who takes the first of two keys and to one who takes the last.
func FuzzParseObject(f *testing.F) {
	f.Add([]byte(`{"results":[{"messageId":"1","a":{"b":[1,2,{"c":null}]}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var target map[string]any
		if ParseObject(body, &target) != nil {
			return
		}
		again, err := json.Marshal(target)
		if err != nil {
			t.Fatal(err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(again), ":") > strings.Count(compact.String(), ":") {
			t.Errorf("%s became %s", body, again)
		}
		if err := ParseObject(again, &target); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}

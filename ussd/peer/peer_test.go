package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/peer"
)

func testKey(t testing.TB, b byte) key.Private {
	t.Helper()
	k, err := key.NewPrivate([32]byte{31: b})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var network = tx.NetworkID{7}

const now = 1_800_000_000_000

// echo answers with who sent what.
type echo struct {
	receiver peer.Receiver
	requests []*http.Request
	bodies   [][]byte
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	e.requests, e.bodies = append(e.requests, r), append(e.bodies, raw)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	l, err := e.receiver.Open(w, r)
	peer.Answer(w, map[string]string{"from": l.From.String(), "body": string(l.Body)}, err)
}

func serve(t *testing.T) (*echo, *peer.Caller) {
	t.Helper()
	e := &echo{receiver: peer.Receiver{Network: network, Self: testKey(t, 1).Public(), NowUnixMs: func() uint64 { return now }}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	c, err := peer.NewCaller(peer.CallerConfig{
		Network: network, Address: server.URL, To: testKey(t, 1).Public(), Signer: testKey(t, 2), NowUnixMs: func() uint64 { return now + 59_000 },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return e, c
}

func TestARequestSaysWhoSendsWhat(t *testing.T) {
	_, c := serve(t)
	var got map[string]string
	if err := c.Call(t.Context(), "/a/b", map[string]int{"x": 1}, &got); err != nil {
		t.Fatal(err)
	}
	if got["from"] != testKey(t, 2).Public().String() || got["body"] != `{"x":1}` {
		t.Errorf("got %v", got)
	}
}

// TestRefusals takes a good request and changes one thing of it a row.
func TestRefusals(t *testing.T) {
	e, c := serve(t)
	var none struct{}
	if err := c.Call(t.Context(), "/a/b", map[string]int{"x": 1}, &none); err != nil {
		t.Fatal(err)
	}
	good, body := e.requests[0], e.bodies[0]
	if len(body) == 0 {
		t.Fatal("no body was seen")
	}
	for _, row := range []struct {
		name   string
		change func(r *http.Request)
		want   string
	}{
		{"nothing", func(*http.Request) {}, ""},
		{"GET", func(r *http.Request) { r.Method = "GET" }, peer.CodeMalformed},
		{"a form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, peer.CodeMalformed},
		{"another path", func(r *http.Request) { r.URL.Path = "/a/c" }, peer.CodeSignature},
		{"another body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"x":2}`)) }, peer.CodeSignature},
		{"another time", func(r *http.Request) { r.Header.Set("Umoja-Time", "1800000000001") }, peer.CodeSignature},
		{"a minute ago", func(r *http.Request) { r.Header.Set("Umoja-Time", "1799999939999") }, peer.CodeTime},
		{"in a minute", func(r *http.Request) { r.Header.Set("Umoja-Time", "1800000060001") }, peer.CodeTime},
		{"the largest time", func(r *http.Request) { r.Header.Set("Umoja-Time", "18446744073709551615") }, peer.CodeTime},
		{"no time", func(r *http.Request) { r.Header.Del("Umoja-Time") }, peer.CodeMalformed},
		{"a time that is none", func(r *http.Request) { r.Header.Set("Umoja-Time", "-1") }, peer.CodeMalformed},
		{"two signers", func(r *http.Request) { r.Header.Add("Umoja-Signer", testKey(t, 2).Public().String()) }, peer.CodeMalformed},
		{"another signer", func(r *http.Request) { r.Header.Set("Umoja-Signer", testKey(t, 3).Public().String()) }, peer.CodeSignature},
		{"a signer off the curve", func(r *http.Request) { r.Header.Set("Umoja-Signer", strings.Repeat("f", 64)) }, peer.CodeSignature},
		{"a short signer", func(r *http.Request) { r.Header.Set("Umoja-Signer", "ab") }, peer.CodeMalformed},
		{"a signature that is no number", func(r *http.Request) { r.Header.Set("Umoja-Signature", strings.Repeat("x", 128)) }, peer.CodeMalformed},
		{"a large body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", peer.MaxBody+1))) }, peer.CodeMalformed},
	} {
		r := good.Clone(context.Background())
		r.Body = io.NopCloser(bytes.NewReader(body))
		row.change(r)
		_, err := e.receiver.Open(httptest.NewRecorder(), r)
		got := ""
		if err != nil {
			got = peer.Refuse(err).Code
		}
		if got != row.want {
			t.Errorf("%s: %q, %v; want %q", row.name, got, err, row.want)
		}
	}
	// What is for one receiver, or for one network, is worth nothing to another.
	for name, other := range map[string]peer.Receiver{
		"another receiver": {Network: network, Self: testKey(t, 9).Public(), NowUnixMs: e.receiver.NowUnixMs},
		"another network":  {Network: tx.NetworkID{8}, Self: e.receiver.Self, NowUnixMs: e.receiver.NowUnixMs},
	} {
		r := good.Clone(context.Background())
		r.Body = io.NopCloser(bytes.NewReader(body))
		if _, err := other.Open(httptest.NewRecorder(), r); !errors.Is(err, peer.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		refusal string
	}{
		"a refusal":      {answer(429, `{"code":"too_many","text":"later","retry_at_unix_ms":5}`), "too_many"},
		"a proxy's page": {answer(502, "<html>"), ""},
		"no JSON":        {answer(200, "ok"), ""},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, ""},
		"more than is read":    {answer(200, strings.Repeat(" ", 70<<10)+"{}"), ""},
		"a refusal of nothing": {answer(400, `{}`), ""},
	} {
		server := httptest.NewServer(row.handler)
		c, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: server.URL, To: testKey(t, 1).Public(), Signer: testKey(t, 2)})
		if err != nil {
			t.Fatal(err)
		}
		var into struct{}
		err = c.Call(t.Context(), "/x", struct{}{}, &into)
		var refusal *peer.Refusal
		switch {
		case row.refusal == "" && !errors.Is(err, peer.ErrUnreachable):
			t.Errorf("%s: %v", name, err)
		case row.refusal != "" && (!errors.As(err, &refusal) || refusal.Code != row.refusal || refusal.RetryAtUnixMs != 5):
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
		server.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	c, err := peer.NewCaller(peer.CallerConfig{Network: network, Address: "http://127.0.0.1:1", To: testKey(t, 1).Public(), Signer: testKey(t, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(ctx, "/x", struct{}{}, &struct{}{}); !errors.Is(err, peer.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://attestor.example.org": true, "https://example.org/attest": true, "http://127.0.0.1:8090": true, "http://[::1]:8090": true,
		"http://attestor.example.org": false, "http://10.0.0.1": false, "http://localhost:80": false, "https://example.org/": false, "https://u:p@example.org": false,
		"https://example.org?x=1": false, "ftp://127.0.0.1": false, "": false, "example.org": false,
	} {
		if err := peer.CheckAddress(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestDecode(t *testing.T) {
	for raw, ok := range map[string]bool{
		`{"name":"x","n":1}`: true, `{}`: true, ` {"n" : 2} `: true,
		`{"name":"x","name":"y"}`: false, `{"Name":"x"}`: false, `{"other":1}`: false, `{"n":"1"}`: false, `{"n":1.5}`: false, `{"name":null}`: false,
		`{"n":1}{}`: false, `[]`: false, ``: false, `{"n":1`: false, `{"n"}`: false, "{\"name\":\"\xff\"}": false, `{"n":1,}`: false,
	} {
		var name string
		var n int
		err := peer.Decode([]byte(raw), map[string]any{"name": &name, "n": &n})
		if (err == nil) != ok || err != nil && !errors.Is(err, peer.ErrForm) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// FuzzDecode: what Decode takes is what encoding/json takes too, with the same values; and no error repeats a value.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"name":"x","n":1}`, `{"name":"x","name":"y"}`, `{"NAME":1}`, `{"n":1}{}`, `{`, `{"n":1e400}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var name string
		var n int
		err := peer.Decode(raw, map[string]any{"name": &name, "n": &n})
		if err != nil {
			if !errors.Is(err, peer.ErrForm) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		var same struct {
			Name string `json:"name"`
			N    int    `json:"n"`
		}
		if err := json.Unmarshal(raw, &same); err != nil || same.Name != name || same.N != n {
			t.Fatalf("%q: %q %d, but %+v, %v", raw, name, n, same, err)
		}
	})
}

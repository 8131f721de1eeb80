package africastalking

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
)

// phone is a Service that remembers its turn.
type phone struct {
	turn  ussd.Turn
	turns int
	reply ussd.Reply
	err   error
}

func (p *phone) Handle(_ context.Context, turn ussd.Turn) (ussd.Reply, error) {
	p.turn = turn
	p.turns++
	return p.reply, p.err
}

const form = "application/x-www-form-urlencoded"

// literal is a callback as Africa's Talking's sandbox posts it.
const literal = "sessionId=ATUid_5a1f3c&serviceCode=*384*2050%23&phoneNumber=%2B254711000001&networkCode=99999&text=1*0711000002*150*4071"

func post(t *testing.T, h http.Handler, method, contentType, body string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	request, err := http.NewRequest(method, server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestACallbackBecomesATurnAndAReplyAScreen(t *testing.T) {
	p := &phone{reply: ussd.Reply{Text: "Paid 150.00 KES", End: true}}
	h := NewHandler(p, "*384*2050#", slog.New(slog.DiscardHandler))
	response, text := post(t, h, "POST", form+"; charset=UTF-8", literal)
	if response.StatusCode != 200 || text != "END Paid 150.00 KES" || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("%s %q %q", response.Status, response.Header.Get("Content-Type"), text)
	}
	if p.turn.SessionID != "ATUid_5a1f3c" || p.turn.Phone != "+254711000001" || p.turn.Transcript.Reveal() != "1*0711000002*150*4071" {
		t.Errorf("turn %+v", p.turn)
	}
	p.reply = ussd.Reply{Text: "1 Send money"}
	if _, text = post(t, h, "POST", form, strings.Replace(literal, "1*0711000002*150*4071", "", 1)); text != "CON 1 Send money" {
		t.Errorf("%q", text)
	}
	if p.turn.Transcript.Reveal() != "" {
		t.Error("the first turn has a transcript")
	}
	if _, _ = post(t, h, "POST", form, strings.Replace(literal, "%2B", "+", 1)); p.turn.Phone != "+254711000001" {
		t.Errorf("a plus that was not encoded: %q", string(p.turn.Phone))
	}
}

func TestABadCallbackIsAnsweredAndGoesNoFurther(t *testing.T) {
	replace := func(from, to string) string { return strings.Replace(literal, from, to, 1) }
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
		says                            string
	}{
		{"GET", "GET", "", "", 405, "POST"},
		{"PUT", "PUT", form, literal, 405, "POST"},
		{"JSON", "POST", "application/json", "{}", 415, "form"},
		{"too large", "POST", form, literal + strings.Repeat("*1", MaxBody), 413, "8192"},
		{"no form", "POST", form, "text=%zz", 400, "form"},
		{"empty", "POST", form, "", 400, "sessionId is missing"},
		{"no sessionId", "POST", form, replace("sessionId", "session"), 400, "sessionId is missing"},
		{"no serviceCode", "POST", form, replace("serviceCode", "code"), 400, "serviceCode is missing"},
		{"no phoneNumber", "POST", form, replace("phoneNumber", "number"), 400, "phoneNumber is missing"},
		{"no networkCode", "POST", form, replace("networkCode", "network"), 400, "networkCode is missing"},
		{"no text", "POST", form, replace("&text", "&texts"), 400, "text is missing"},
		{"text twice", "POST", form, literal + "&text=1", 400, "text is there 2 times"},
		{"phoneNumber twice", "POST", form, literal + "&phoneNumber=%2B254711000002", 400, "phoneNumber is there 2 times"},
		{"empty sessionId", "POST", form, replace("ATUid_5a1f3c", ""), 400, "sessionId is empty"},
		{"national number", "POST", form, replace("%2B254711000001", "0711000001"), 400, "phoneNumber"},
		{"letters in the number", "POST", form, replace("%2B254711000001", "%2B25471100000x"), 400, "phoneNumber"},
		{"another code", "POST", form, replace("2050", "2051"), 400, "serviceCode is not served here"},
		{"no UTF-8", "POST", form, literal + "%ff", 400, "text is not UTF-8"},
		{"long text", "POST", form, literal + strings.Repeat("1", 1100), 400, "1024"},
		{"long sessionId", "POST", form, replace("ATUid", strings.Repeat("A", 200)), 400, "sessionId"},
	} {
		p := &phone{}
		response, text := post(t, NewHandler(p, "*384*2050#", slog.New(slog.DiscardHandler)), c.method, c.contentType, c.body)
		if response.StatusCode != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %q, want %d %q", c.name, response.StatusCode, text, c.status, c.says)
		}
		if p.turns != 0 {
			t.Errorf("%s: became a turn", c.name)
		}
		if strings.Contains(text, "4071") {
			t.Errorf("%s: the answer repeats the text", c.name)
		}
	}
}

func TestNothingTypedIsLogged(t *testing.T) {
	var log bytes.Buffer
	p := &phone{err: errors.New("disk"), reply: ussd.Reply{Text: "Dial again.", End: true}}
	h := NewHandler(p, "", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if _, text := post(t, h, "POST", form, literal); text != "END Dial again." {
		t.Errorf("%q", text)
	}
	if strings.Contains(log.String(), "4071") || strings.Contains(log.String(), "254711000001") || !strings.Contains(log.String(), "disk") {
		t.Errorf("log: %s", log.String())
	}
}

func FuzzParse(f *testing.F) {
	f.Add(literal)
	f.Add("text=1&text=2")
	h := NewHandler(&phone{}, "", slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, body string) {
		turn, err := h.parse(body)
		if err != nil {
			return
		}
		if _, err := ussd.ParsePhone(string(turn.Phone)); err != nil || turn.SessionID == "" {
			t.Fatalf("%q became %+v", body, turn)
		}
	})
}

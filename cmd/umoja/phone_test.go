package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// carrier answers callbacks with what a test says, and keeps what it was asked.
type carrier struct {
	mu    sync.Mutex
	asked []string // service code and text
	sms   string
	texts []string
	// away refuses callbacks.
	away bool
}

// ServeHTTP answers like a gateway of a sandbox.
func (g *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.URL.Path == "/sandbox/sms" && r.Method == http.MethodPost {
		g.texts = append(g.texts, r.FormValue("from")+" "+r.FormValue("text"))
		return
	}
	if r.URL.Path == "/sandbox/sms" {
		if g.sms == "" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, g.sms)
		return
	}
	g.asked = append(g.asked, r.FormValue("serviceCode")+" "+r.FormValue("text"))
	switch {
	case g.away:
		http.Error(w, "away", http.StatusBadGateway)
	case r.FormValue("text") == "":
		fmt.Fprint(w, "CON Umoja\n1. Send money\n")
	case r.FormValue("text") == "9":
		g.away = true
		fmt.Fprint(w, "CON Next?")
	default:
		fmt.Fprint(w, "END Bye")
	}
}

// usedPhone types lines into a phone, until the input ends.
func usedPhone(t *testing.T, g *carrier, lines ...string) string {
	t.Helper()
	server := httptest.NewServer(g)
	defer server.Close()
	root := newRootCommand()
	var out strings.Builder
	root.SetArgs([]string{"phone", "+254711000001", "--url", server.URL + "/ussd/africastalking", "--code", "*384*2050#"})
	root.SetIn(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	root.SetOut(&out)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPhone(t *testing.T) {
	g := &carrier{sms: `{"to":"+254711000001","text":"You got 5.00","reference":"r","time":"2026-01-01T00:00:00Z"}` + "\n"}
	out := usedPhone(t, g, "", "1", "1", "*123#", "hang", "sms", "text SEND 20 0711000002", "text", "quit", "never read")
	if diff := cmp.Diff([]string{"*384*2050# ", "*384*2050# 1", "*123# "}, g.asked); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"+254711000001 SEND 20 0711000002"}, g.texts); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{
		"+254711000001. Enter dials *384*2050#", "SMS ", ": You got 5.00\n", "| Umoja                              |\n| 1. Send money                      |\n", "reply> ",
		"| Bye                                |\n",
		"dial> (press Enter to dial first)\n", "dial> (a text message needs words, such as BAL)\n",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if strings.Count(out, "You got 5.00") != 2 {
		t.Errorf("messages are not read at the start and when asked for:\n%s", out)
	}
}

// A request that fails ends the session, so that what was typed is not sent twice.
func TestPhoneDropsTheSessionWithoutAnAnswer(t *testing.T) {
	g := &carrier{}
	out := usedPhone(t, g, "", "9", "4071", "", "quit")
	if diff := cmp.Diff([]string{"*384*2050# ", "*384*2050# 9", "*384*2050# 9*4071", "*384*2050# "}, g.asked); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"(this gateway shows no messages: only the sandbox's does)\n", "(connection problem: status 502", "; dial again)\n"} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if strings.Contains(out, "4071") {
		t.Errorf("the PIN is on the screen:\n%s", out)
	}
}

// A phone breaks long lines between words.
func TestWrap(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                    {""},
		"Paid 150.00 KES to AMINA W":          {"Paid 150.00 KES", "to AMINA W"},
		"exactly fifteen":                     {"exactly fifteen"},
		"abcdefghijklmnopqrstuvwxyz":          {"abcdefghijklmno", "pqrstuvwxyz"},
		"Salio lako 650.00 KES halitoshi kwa": {"Salio lako", "650.00 KES", "halitoshi kwa"},
	} {
		if diff := cmp.Diff(want, wrap(line, 15)); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
}

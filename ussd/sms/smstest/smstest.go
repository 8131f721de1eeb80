// Package smstest runs the fixtures of SMS routes: what goes over the wire, byte for byte, in text files.
//
// A fixture is a comment and sections that begin with a line "-- name --". One of a call that comes in has the sections request, reply and
// heard, and stored with the word full if the store takes nothing. One of a message that goes out has message (reference and number, and
// the text from the second line on), request, reply (a status line, headers and a body, or the words "no connection" or "no answer"), and outcome.
// Lines end in a line feed here and in a carriage return and line feed on the wire; lengths are counted by the reader. A body that is no
// text stands as hex: and its bytes. With -smstest.update the parts that the code makes are written anew, for a person to read.
//
// Nothing leaves the machine: a sender's client ends in this package.
package smstest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

var update = flag.Bool("smstest.update", false, "write what the code makes into the fixtures")

var heading = regexp.MustCompile(`(?m)^-- ([a-z]+) --\n`)

// fixture is a file in its parts.
type fixture struct {
	path     string
	comment  string
	order    []string
	sections map[string]string
}

func load(t *testing.T, path string) *fixture {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{path: path, sections: make(map[string]string)}
	text := string(raw)
	places := heading.FindAllStringSubmatchIndex(text, -1)
	for i, place := range places {
		end := len(text)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		name := text[place[2]:place[3]]
		f.order = append(f.order, name)
		f.sections[name] = strings.TrimSuffix(text[place[1]:end], "\n")
	}
	if len(places) == 0 {
		t.Fatalf("%s has no sections", path)
	}
	f.comment = text[:places[0][0]]
	return f
}

// check compares a section with what the code made, or writes it.
func (f *fixture) check(t *testing.T, section, got string) {
	t.Helper()
	if !*update {
		if diff := cmp.Diff(f.sections[section], got); diff != "" {
			t.Errorf("%s: -fixture +got\n%s", section, diff)
		}
		return
	}
	if !slices.Contains(f.order, section) {
		f.order = append(f.order, section)
	}
	f.sections[section] = got
	var out strings.Builder
	out.WriteString(f.comment)
	for _, name := range f.order {
		fmt.Fprintf(&out, "-- %s --\n%s\n", name, f.sections[name])
	}
	if err := os.WriteFile(f.path, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// each runs a test for every fixture.
func each(t *testing.T, pattern string, run func(t *testing.T, f *fixture)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures %s: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), func(t *testing.T) { run(t, load(t, path)) })
	}
}

// wire makes the bytes of a request or reply from a section.
func wire(section string) []byte {
	head, body, _ := strings.Cut(section, "\n\n")
	content := []byte(body)
	if digits, isHex := strings.CutPrefix(body, "hex:"); isHex {
		content, _ = hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	}
	head = strings.ReplaceAll(head, "\n", "\r\n")
	if len(content) > 0 || strings.HasPrefix(head, "HTTP") || strings.HasPrefix(head, "POST") {
		head += fmt.Sprintf("\r\nContent-Length: %d", len(content))
	}
	return append([]byte(head+"\r\n\r\n"), content...)
}

// section makes a section from the bytes of a request or reply.
func section(raw []byte) string {
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var lines []string
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if !strings.HasPrefix(line, "Content-Length:") {
			lines = append(lines, line)
		}
	}
	text := string(body)
	if !utf8.Valid(body) || strings.ContainsFunc(text, func(char rune) bool { return char != '\n' && !unicode.IsPrint(char) }) {
		text = fmt.Sprintf("hex:% x", body)
	}
	return strings.TrimSuffix(strings.Join(lines, "\n")+"\n\n"+text, "\n\n")
}

// Notes write down what they are told. They implement sms.Receiver and sms.Reporter.
type Notes struct {
	mu    sync.Mutex
	lines []string
	// Err is what they answer.
	Err error
}

func (n *Notes) note(format string, args ...any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.Err == nil {
		n.lines = append(n.lines, fmt.Sprintf(format, args...))
	}
	return n.Err
}

// Receive implements sms.Receiver.
func (n *Notes) Receive(_ context.Context, m sms.Inbound) error {
	at := "-"
	if !m.At.IsZero() {
		at = m.At.UTC().Format(time.RFC3339Nano)
	}
	return n.note("message route=%s id=%q from=%s to=%q at=%s text=%q", m.Route, m.ID, string(m.From), m.To, at, m.Text)
}

// Report implements sms.Reporter.
func (n *Notes) Report(_ context.Context, r sms.Report) error {
	return n.note("report route=%s id=%q reference=%q state=%s reason=%q", r.Route, r.ID, r.Reference, r.State, r.Reason)
}

// Lines are what they were told.
func (n *Notes) Lines() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.lines, "\n")
}

// In runs fixtures of calls that come in. open makes the handler under test.
func In(t *testing.T, pattern string, open func(notes *Notes) http.Handler) {
	t.Helper()
	each(t, pattern, func(t *testing.T, f *fixture) {
		notes := &Notes{}
		if f.sections["stored"] == "full" {
			notes.Err = sms.ErrInboxFull
		}
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire(f.sections["request"]))))
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		open(notes).ServeHTTP(recorder, request)
		var reply bytes.Buffer
		if err := recorder.Result().Write(&reply); err != nil {
			t.Fatal(err)
		}
		f.check(t, "reply", strings.Replace(section(reply.Bytes()), "\nConnection: close", "", 1))
		f.check(t, "heard", notes.Lines())
	})
}

// errNoAnswer is what a sender sees when the answer is lost.
var errNoAnswer = errors.New("connection reset by peer")

// end is a carrier in memory.
type end struct {
	reply string
	got   string
}

// RoundTrip implements http.RoundTripper.
func (e *end) RoundTrip(request *http.Request) (*http.Response, error) {
	var raw bytes.Buffer
	if err := request.Write(&raw); err != nil {
		return nil, err
	}
	e.got += section(raw.Bytes())
	if e.reply == "no connection" {
		return nil, errors.New("connection refused")
	}
	if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if e.reply == "no answer" {
		return nil, errNoAnswer
	}
	return http.ReadResponse(bufio.NewReader(bytes.NewReader(wire(e.reply))), request)
}

// Out runs fixtures of messages that go out. open makes the sender under test on a client that reaches nobody.
func Out(t *testing.T, pattern string, open func(client *http.Client) sms.Sender) {
	t.Helper()
	each(t, pattern, func(t *testing.T, f *fixture) {
		head, text, _ := strings.Cut(f.sections["message"], "\n")
		reference, to, ok := strings.Cut(head, " ")
		if !ok {
			t.Fatalf("%s: the message has no reference and number", f.path)
		}
		far := &end{reply: f.sections["reply"]}
		taken, err := open(&http.Client{Transport: far}).Send(t.Context(), ussd.Message{Reference: reference, To: ussd.Phone(to), Text: text})
		f.check(t, "request", far.got)
		f.check(t, "outcome", outcome(taken, err))
	})
}

func outcome(taken sms.Taken, err error) string {
	kind := "may be taken"
	switch {
	case err == nil:
		return fmt.Sprintf("taken id=%q", taken.ID)
	case errors.Is(err, sms.ErrRefused):
		kind = "refused"
	case errors.Is(err, sms.ErrDown):
		kind = "down"
	case errors.Is(err, sms.ErrNotTaken):
		kind = "not taken"
	}
	return kind + ": " + err.Error()
}

// Package adaptertest plays files of literal requests against an adapter and compares what comes back, byte for byte.
//
// A file is one conversation with one adapter, on one connection. It has parts, each opened by a line: "--- request" is raw HTTP,
// "--- service" is what the service answers ("CON text", "END text", or "error: text" before either), "--- turn" is what the service was
// given, and "--- reply" is the raw HTTP that left, but for the header Date. What stands before the first part, and between a
// reply and the next request, is a comment. Lines of a file end in LF: those of the heads are sent with CRLF, and a body has no line
// break at its end. A request without Content-Length is given the right one if it has a body.
//
// With the flag -rewrite, turns and replies are written instead of compared.
package adaptertest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/adapter"
)

var update = flag.Bool("rewrite", false, "write turns and replies into the files")

// Service remembers what it was given and answers what it is told to.
type Service struct {
	// Reply and Err are its answer.
	Reply ussd.Reply
	Err   error
	// Seen are descriptions of the turns and ends since it was last emptied.
	Seen []string
	// Turns are the turns and ends themselves.
	Turns []ussd.Turn
}

// Handle implements adapter.Service.
func (s *Service) Handle(_ context.Context, turn ussd.Turn) (ussd.Reply, error) {
	s.Seen, s.Turns = append(s.Seen, Describe(turn)), append(s.Turns, turn)
	return s.Reply, s.Err
}

// Ended implements adapter.Service.
func (s *Service) Ended(_ context.Context, turn ussd.Turn) {
	s.Seen = append(s.Seen, fmt.Sprintf("ended %s of %s on %s", turn.SessionID, string(turn.Phone), turn.ServiceCode))
	s.Turns = append(s.Turns, turn)
}

// Describe tells all of a turn but its deadline. It shows the input: it is for tests.
func Describe(turn ussd.Turn) string {
	text := fmt.Sprintf("%s of %s on %s, %d septets or %d units: ", turn.SessionID, string(turn.Phone), turn.ServiceCode, turn.Screen.Septets, turn.Screen.UCS2)
	if turn.Last == nil {
		return text + fmt.Sprintf("everything %q", turn.Transcript.Reveal())
	}
	kind := "answer"
	if turn.Last.First {
		kind = "dial"
	}
	text += fmt.Sprintf("%s %q", kind, turn.Last.Input.Reveal())
	if turn.Last.Request != "" {
		text += " in request " + turn.Last.Request
	}
	return text
}

// Play plays every file of testdata, each against an adapter of its own. The paths in the files are those of the options.
func Play(t *testing.T, d *adapter.Dialect, o adapter.Options) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".http"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, d, o, string(raw))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(raw), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-%s +what happened:\n%s", file, diff)
			}
		})
	}
}

// Requests are the literal requests of the files that a pattern matches, as they are sent.
func Requests(pattern string) ([][]byte, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, p := range split(string(raw)) {
			if p.name == "request" {
				all = append(all, wire(p.text))
			}
		}
	}
	return all, nil
}

// part is a piece of a file: its opening line is "--- " and the name; a comment has none.
type part struct{ name, text string }

var opening = regexp.MustCompile(`(?m)^--- (request|service|turn|reply|comment)\n`)

func split(file string) []part {
	var parts []part
	name, from := "", 0
	for _, at := range opening.FindAllStringSubmatchIndex(file, -1) {
		parts = append(parts, part{name, file[from:at[0]]})
		name, from = file[at[2]:at[3]], at[1]
	}
	return append(parts, part{name, file[from:]})
}

func play(t *testing.T, d *adapter.Dialect, o adapter.Options, file string) string {
	t.Helper()
	service := &Service{}
	handler, err := adapter.New(d, service, o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	handler.Register(mux)
	server := httptest.NewServer(mux)
	defer server.Close()
	line := dial(t, server)
	defer line.conn.Close()
	var out strings.Builder
	parts := split(file)
	for i, p := range parts {
		switch p.name {
		case "request":
			out.WriteString("--- request\n" + p.text)
			service.Seen, service.Reply, service.Err = nil, ussd.Reply{}, nil
			if i+1 < len(parts) && parts[i+1].name == "service" {
				out.WriteString("--- service\n" + parts[i+1].text)
				service.instruct(t, parts[i+1].text)
			}
			reply := line.exchange(t, wire(p.text))
			out.WriteString("--- turn\n" + seen(service.Seen) + "--- reply\n" + reply)
		case "comment":
			out.WriteString("--- comment\n" + p.text)
		case "":
			out.WriteString(p.text)
		}
	}
	return out.String()
}

func seen(all []string) string {
	if len(all) == 0 {
		return "none\n"
	}
	return strings.Join(all, "\n") + "\n"
}

// instruct reads a service part.
func (s *Service) instruct(t *testing.T, text string) {
	t.Helper()
	text = strings.TrimSuffix(text, "\n")
	if rest, ok := strings.CutPrefix(text, "error: "); ok {
		message, reply, _ := strings.Cut(rest, "\n")
		s.Err, text = errors.New(message), reply
	}
	kind, screen, _ := strings.Cut(text, " ")
	if kind != "CON" && kind != "END" {
		t.Fatalf("a service part begins with neither CON nor END: %q", text)
	}
	s.Reply = ussd.Reply{Text: screen, End: kind == "END"}
}

// wire makes a request of a file's part: CRLF in the head, no line break behind the body.
func wire(text string) []byte {
	head, body, hasBody := strings.Cut(text, "\n\n")
	head, body = strings.TrimSuffix(head, "\n"), strings.TrimSuffix(body, "\n")
	if hasBody && body != "" && !strings.Contains(strings.ToLower(head), "\ncontent-length:") {
		head += fmt.Sprintf("\nContent-Length: %d", len(body))
	}
	return []byte(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body)
}

// line is a connection.
type line struct {
	conn net.Conn
}

func dial(t *testing.T, server *httptest.Server) *line {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return &line{conn: conn}
}

var dateHeader = regexp.MustCompile(`Date: [^\r\n]*\r\n`)

// exchange sends a request and gives the raw reply, with LF and without its date.
func (l *line) exchange(t *testing.T, request []byte) string {
	t.Helper()
	if _, err := l.conn.Write(request); err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	response, err := http.ReadResponse(bufio.NewReader(io.TeeReader(l.conn, &raw)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(raw.String(), "\r\n\r\n")
	head = dateHeader.ReplaceAllString(head+"\r\n", "")
	return strings.ReplaceAll(head, "\r\n", "\n") + "\n" + body + "\n"
}

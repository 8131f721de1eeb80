package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

const scriptHelp = `--script plays a conversation file, in the form of the gateway's own tests. Lines that begin with # are for the reader. What is
to be seen stands below each act, up to an empty line: a screen begins with CON when the session goes on, and with END when it ends.

  > dial           dials the service code; "> dial 1*0711000002" with answers behind it
  > *384*3060#     dials another code
  > 150            answers
  ! again          the last request arrives a second time
  ! fault late     the next step goes wrong; with late or dropped, "(no answer)" is seen
  ! hang           drops the session
  ! wait 2s        time passes
  ! as +2547...    the following is done on this phone
  ! text BAL       sends a text message to the provider
  ! sms [+2547...] the messages that came since the last time; it waits for those that are to be seen

{word} stands for what differs from run to run, such as a receipt code: anything within a line. The same {word} later in the file is
the same text, also in what is typed. A line of three dots stands for any lines.`

// ErrSeen means that something else was seen than the file says.
var ErrSeen = errors.New("something else is seen")

// scriptAct is one thing that is done in a script, and what is to be seen then.
type scriptAct struct {
	line     int
	event    bool // "!", not ">"
	text     string
	expected string
}

// readScript reads a conversation file.
func readScript(path string) ([]scriptAct, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	var acts []scriptAct
	var below *scriptAct
	number := 0
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\r\n")
		number++
		switch {
		case strings.HasPrefix(line, "> "), strings.HasPrefix(line, "! "):
			acts = append(acts, scriptAct{line: number, event: line[0] == '!', text: strings.TrimSpace(line[2:])})
			below = &acts[len(acts)-1]
		case line == "" || strings.HasPrefix(line, "#"):
			below = nil
		case below == nil:
			return nil, fmt.Errorf("%s:%d: the line is neither an act (> or !) nor below one", path, number)
		default:
			below.expected = strings.TrimPrefix(below.expected+"\n"+line, "\n")
		}
	}
	return acts, nil
}

// player plays a script.
type player struct {
	network *network
	number  string
	phones  map[string]*handset.Handset
	read    map[string]int // messages read, by number
	words   map[string]string
}

// playScript plays a file and says how many acts it had, or shows the first difference.
func playScript(ctx context.Context, n *network, path string, out io.Writer) error {
	acts, err := readScript(path)
	if err != nil {
		return err
	}
	p := &player{network: n, number: n.config.Number, phones: map[string]*handset.Handset{}, read: map[string]int{}, words: map[string]string{}}
	for _, a := range acts {
		seen, err := p.do(ctx, a)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, a.line, err)
		}
		if !p.expects(a.expected, seen) {
			fmt.Fprintf(out, "%s:%d: -file +seen\n", path, a.line)
			writeDifference(out, a.expected, seen)
			return fmt.Errorf("%s:%d: %w", path, a.line, ErrSeen)
		}
	}
	fmt.Fprintf(out, "%s: %d acts, everything as in the file\n", path, len(acts))
	return nil
}

// phone is the handset of the number that acts.
func (p *player) phone() *handset.Handset {
	h := p.phones[p.number]
	if h == nil {
		p.network.config.Number = p.number
		h = handset.New(p.network.config)
		p.phones[p.number] = h
	}
	return h
}

// do acts and tells what is seen.
func (p *player) do(ctx context.Context, a scriptAct) (string, error) {
	verb, rest, _ := strings.Cut(a.text, " ")
	switch {
	case !a.event:
		return p.key(ctx, p.fill(a.text))
	case verb == "again":
		return seen(p.phone().Repeat(ctx))
	case verb == "fault":
		fault, err := handset.ParseFault(rest)
		p.phone().Inject(fault)
		return "", err
	case verb == "hang":
		p.phone().Hang()
		return "", nil
	case verb == "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return "", fmt.Errorf("wait: %w", err)
		}
		return "", daemon.Sleep(ctx, d)
	case verb == "as" && strings.HasPrefix(rest, "+"):
		p.number = rest
		return "", nil
	case verb == "text":
		return "", writeText(ctx, p.phone(), p.fill(rest))
	case verb == "sms":
		return p.messages(ctx, rest, a.expected)
	}
	return "", fmt.Errorf("there is no act \"! %s\"", verb)
}

// key dials or answers.
func (p *player) key(ctx context.Context, input string) (string, error) {
	phone := p.phone()
	p.network.config.Number = p.number
	behind, dials := strings.CutPrefix(input, "dial")
	switch {
	case strings.HasPrefix(input, "*"):
		h, screen, err := p.network.dial(ctx, phone, input)
		p.phones[p.number] = h
		return seen(screen, err)
	case dials && behind == "":
		p.network.faults.inject(phone)
		return seen(phone.Dial(ctx))
	case dials && behind[0] == ' ':
		p.network.faults.inject(phone)
		return seen(phone.Dial(ctx, strings.Split(strings.TrimSpace(behind), "*")...))
	}
	p.network.faults.inject(phone)
	return seen(phone.Type(ctx, input))
}

// seen writes a screen as conversation files do.
func seen(s handset.Screen, err error) (string, error) {
	switch {
	case errors.Is(err, handset.ErrLate), errors.Is(err, handset.ErrDropped):
		return "(no answer)", nil
	case err != nil:
		return "", err
	case s.More:
		return "CON " + s.Text, nil
	}
	return "END " + s.Text, nil
}

// messagesWithin is how long a message may take that is to be seen, and quietFor how long none may come where none is.
const (
	messagesWithin = 20 * time.Second
	quietFor       = 2 * time.Second
)

// messages reads what came since the last time.
func (p *player) messages(ctx context.Context, number, expected string) (string, error) {
	if number == "" {
		number = p.number
	}
	config := p.network.config
	config.Number = number
	patience := messagesWithin
	if expected == "(none)" {
		patience = quietFor
	}
	for deadline := time.Now().Add(patience); ; {
		inbox, err := handset.New(config).Inbox(ctx)
		if err != nil {
			return "", err
		}
		texts := []string{}
		for _, m := range inbox[min(p.read[number], len(inbox)):] {
			texts = append(texts, m.Text)
		}
		got := strings.Join(texts, "\n")
		if got == "" {
			got = "(none)"
		}
		as := got == expected || p.pattern(expected).MatchString(got)
		if time.Now().After(deadline) || as && expected != "(none)" || !as && expected == "(none)" {
			p.read[number] = len(inbox)
			return got, nil
		}
		if err := daemon.Sleep(ctx, 100*time.Millisecond); err != nil {
			return "", err
		}
	}
}

var scriptWord = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// fill puts in the words that were seen.
func (p *player) fill(text string) string {
	return scriptWord.ReplaceAllStringFunc(text, func(word string) string {
		if known, ok := p.words[word]; ok {
			return known
		}
		return word
	})
}

// pattern is what an expected text matches: words that were seen stand for themselves, others are groups.
func (p *player) pattern(expected string) *regexp.Regexp {
	var b strings.Builder
	var open []string
	at := 0
	for _, m := range scriptWord.FindAllStringIndex(expected, -1) {
		word := expected[m[0]:m[1]]
		b.WriteString(regexp.QuoteMeta(expected[at:m[0]]))
		if known, ok := p.words[word]; ok {
			b.WriteString(regexp.QuoteMeta(known))
		} else if slices.Contains(open, word) {
			b.WriteString(".+?") // expects compares it.
		} else {
			open = append(open, word)
			b.WriteString("(?P<" + strings.Trim(word, "{}") + ">.+?)")
		}
		at = m[1]
	}
	b.WriteString(regexp.QuoteMeta(expected[at:]))
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		if line == regexp.QuoteMeta("...") {
			lines[i] = "(?s:.*)"
		}
	}
	return regexp.MustCompile("^" + strings.Join(lines, "\n") + "$")
}

// expects compares what is seen with the file, and remembers the words.
func (p *player) expects(expected, seen string) bool {
	pattern := p.pattern(expected)
	found := pattern.FindStringSubmatch(seen)
	if found == nil {
		return false
	}
	for i, name := range pattern.SubexpNames() {
		if name != "" {
			p.words["{"+name+"}"] = found[i]
		}
	}
	return p.pattern(expected).MatchString(seen)
}

// writeDifference writes the lines that only one of the two has, between those of both.
func writeDifference(out io.Writer, expected, seen string) {
	want, got := strings.Split(expected, "\n"), strings.Split(seen, "\n")
	for len(want) > 0 && len(got) > 0 {
		switch at := slices.Index(got, want[0]); {
		case at == 0:
			fmt.Fprintf(out, "  %s\n", want[0])
			want, got = want[1:], got[1:]
		case at > 0:
			fmt.Fprintf(out, "+ %s\n", got[0])
			got = got[1:]
		default:
			fmt.Fprintf(out, "- %s\n", want[0])
			want = want[1:]
		}
	}
	for _, line := range want {
		fmt.Fprintf(out, "- %s\n", line)
	}
	for _, line := range got {
		fmt.Fprintf(out, "+ %s\n", line)
	}
}

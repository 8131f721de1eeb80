package attestor

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

var update = flag.Bool("update", false, "rewrite the conversation files with what happened")

// TestConversations plays the files in testdata/conversations, each in a world of its own. Lines that begin with # are for the reader; one
// that begins with > is what somebody does, and what is seen stands below it up to an empty line, codes as ******:
//
//	> limits codes_per_number=2 …       first line: other bounds than the usual ones
//	> body N KIND WORDS…                transaction N: move OLD NEW, confirm, cancel, attest NAME, release; all of Juma's number
//	> ask PROVIDER ATTESTOR N [send K] [amina] [LANGUAGE]     the provider asks the attestor for N's code
//	> code PROVIDER ATTESTOR N right|DIGITS                   … and brings it
//	> submit N by PROVIDERS…            the transaction goes to the ledger with the signatures that the attestors gave and these
//	> grants, > moves                   what the ledger says of Juma
//	> notices ATTESTOR                  the attestor looks at the ledger
//	> wait 10m, > restart ATTESTOR
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { converse(t, file) })
	}
}

func converse(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{bodies: make(map[string][]byte), signatures: make(map[string][]tx.Signature)}
	var got strings.Builder
	seen := false
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		act, isAct := strings.CutPrefix(line, "> ")
		switch {
		case isAct && strings.HasPrefix(act, "limits "):
			fmt.Fprintln(&got, line)
			s.world = newWorld(t, limitsOf(t, strings.Fields(act)[1:]))
			seen = true
		case isAct:
			if s.world == nil {
				s.world = newWorld(t, Limits{})
			}
			fmt.Fprintln(&got, line)
			if out := s.do(t, strings.Fields(act)); out != "" {
				fmt.Fprintln(&got, out)
			}
			seen = true
		case line == "":
			seen = false
			fmt.Fprintln(&got)
		case !seen || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&got, line)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(raw), got.String()); diff != "" && !*update {
		t.Errorf("%s (-file +happened):\n%s", file, diff)
	}
	s.noSecrets(t)
}

// scene is a conversation that is being played.
type scene struct {
	world      *world
	bodies     map[string][]byte
	signatures map[string][]tx.Signature
	codes      []string
}

func limitsOf(t *testing.T, words []string) Limits {
	t.Helper()
	var l Limits
	for _, word := range words {
		name, text, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		*map[string]*int{"codes_per_number": &l.CodesPerNumber, "messages_per_number": &l.MessagesPerNumber, "messages_per_provider": &l.MessagesPerProvider, "codes_per_minute": &l.CodesPerMinute,
			"wrong_per_hour": &l.WrongPerHour}[name] = n
	}
	return l
}

func (s *scene) do(t *testing.T, words []string) string {
	t.Helper()
	w := s.world
	switch words[0] {
	case "body":
		s.bodies[words[1]] = w.body(10*60_000, s.operation(t, words[2:]))
		return ""
	case "ask":
		return s.ask(t, words[1], s.desk(words[2]), words[3], words[4:])
	case "code":
		return s.code(t, words[1], s.desk(words[2]), words[3], words[4])
	case "submit":
		return s.submit(t, words[1], words[3:])
	case "grants":
		grants, err := w.net.Client(t).Grants(t.Context(), w.net.Juma.Account)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for name, k := range w.providers {
			for _, g := range grants {
				if g.Grantee == k.Public() {
					names = append(names, name)
				}
			}
		}
		return strings.Join(names, " ")
	case "moves":
		moves, err := w.net.Client(t).Moves(t.Context(), w.net.Juma.Alias)
		if err != nil {
			t.Fatal(err)
		}
		if len(moves) == 0 {
			return "none"
		}
		return []string{1: "running", 2: "held", 3: "confirmed"}[moves[0].State]
	case "notices":
		d := s.desk(words[1])
		if err := d.service.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.messages(d)
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		w.net.Advance(d)
		w.net.Fund(t, w.net.Amina.Account, 1) // A batch passes the time.
		return ""
	case "restart":
		s.desk(words[1]).restart()
		return ""
	}
	t.Fatalf("unknown act %q", words[0])
	return ""
}

func (s *scene) desk(number string) *desk {
	n, _ := strconv.Atoi(strings.TrimPrefix(number, "attestor"))
	return s.world.attestors[n-1]
}

func (s *scene) operation(t *testing.T, words []string) tx.Operation {
	t.Helper()
	juma := s.world.net.Juma
	switch words[0] {
	case "move":
		old := words[1]
		if old == "nobody" {
			old = ""
		}
		op := s.world.move(old, words[2])
		if len(words) > 3 && words[3] == "greedy" {
			op.Grant.CapDay = ledgertest.CapDay + 1
		}
		return op
	case "confirm":
		return tx.ConfirmMove{Alias: juma.Alias, Account: juma.Account}
	case "cancel":
		return tx.CancelMove{Alias: juma.Alias, Account: juma.Account}
	case "release":
		return tx.ReleaseAlias{Alias: juma.Alias, Account: juma.Account}
	case "attest":
		sealed, err := s.world.net.AliasKey.SealName(strings.NewReader(strings.Repeat("n", 12)), juma.Number, strings.Join(words[1:], " "))
		if err != nil {
			t.Fatal(err)
		}
		return tx.AttestAlias{Alias: juma.Alias, Account: juma.Account, SealedName: sealed}
	}
	t.Fatalf("unknown operation %q", words[0])
	return nil
}

func (s *scene) ask(t *testing.T, provider string, d *desk, name string, words []string) string {
	t.Helper()
	r := CodeRequest{Phone: ussd.Phone(s.world.net.Juma.Number), Body: s.bodies[name], Language: "en", Send: 1}
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "send":
			i++
			r.Send, _ = strconv.Atoi(words[i])
		case "amina":
			r.Phone = ussd.Phone(s.world.net.Amina.Number)
		default:
			r.Language = words[i]
		}
	}
	asked, err := d.client(provider).Ask(t.Context(), r)
	s.codes = append(s.codes, d.rightCode(provider, tx.NewID(s.world.net.Network, r.Body)))
	if err != nil {
		return refusalLine(t, err)
	}
	return strings.TrimSpace(fmt.Sprintf("%s, %d times, %d tries\n%s", asked.State, asked.Send, asked.TriesLeft, s.messages(d)))
}

func (s *scene) code(t *testing.T, provider string, d *desk, name, code string) string {
	t.Helper()
	id := tx.NewID(s.world.net.Network, s.bodies[name])
	right := d.rightCode(provider, id)
	switch {
	case code == "right":
		code = right
	case code == right: // Once in a million runs a wrong code of the script is the right one.
		code = strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, right)
	}
	signature, err := d.client(provider).Confirm(t.Context(), id, pin.NewSecret(code))
	if err != nil {
		return refusalLine(t, err)
	}
	s.signatures[name] = append(s.signatures[name], signature)
	return "signed"
}

func (s *scene) submit(t *testing.T, name string, by []string) string {
	t.Helper()
	body := s.bodies[name]
	id := tx.NewID(s.world.net.Network, body)
	signatures := make(map[key.Public]tx.Signature)
	for _, signature := range s.signatures[name] {
		signatures[signature.Signer] = signature
	}
	for _, provider := range by {
		k := s.world.providers[provider]
		signature, err := k.Sign(id)
		if err != nil {
			t.Fatal(err)
		}
		signatures[k.Public()] = tx.Signature{Signer: k.Public(), Signature: signature}
	}
	var all []tx.Signature
	for _, signature := range signatures {
		all = append(all, signature)
	}
	signed, err := tx.Pack(s.world.net.Network, body, all)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := s.world.net.Client(t).Submit(t.Context(), signed)
	if err != nil {
		return strings.TrimPrefix(err.Error(), "transaction was refused: ")
	}
	return outcome.Result.Code.String()
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// clock is the time of a notice, which is another one on each run.
var clock = regexp.MustCompile(`\d\d/\d\d \d\d:\d\d`)

func (s *scene) messages(d *desk) string {
	var lines []string
	for _, m := range d.delivered() {
		lines = append(lines, "SMS "+m.To.Short()+" "+clock.ReplaceAllString(sixDigits.ReplaceAllString(m.Text, "******"), "DD/MM HH:MM"))
	}
	return strings.Join(lines, "\n")
}

func refusalLine(t *testing.T, err error) string {
	t.Helper()
	refusal := RefusalOf(err)
	if refusal == nil {
		t.Fatalf("no refusal: %v", err)
	}
	if refusal.Code == CodeWrong {
		return fmt.Sprintf("%s, %d tries left", refusal.Code, refusal.TriesLeft)
	}
	return refusal.Code + ": " + refusal.Text
}

// noSecrets: neither a code nor a phone number is in any log, and no code is in an outbox.
func (s *scene) noSecrets(t *testing.T) {
	t.Helper()
	s.world.logMu.Lock()
	log := s.world.log.String()
	s.world.logMu.Unlock()
	for _, secret := range append(s.codes, s.world.net.Juma.Number, s.world.net.Amina.Number) {
		if secret != "000000" && regexp.MustCompile(`\b`+regexp.QuoteMeta(strings.TrimPrefix(secret, "+"))+`\b`).MatchString(log) {
			t.Errorf("the log tells %q", secret)
		}
	}
	for _, d := range s.world.attestors {
		for _, m := range d.outbox.messages {
			if sixDigits.MatchString(m.Text) {
				t.Errorf("the outbox holds %q", m.Text)
			}
		}
	}
}

package ussdtest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// maxLogged bounds what a Secrets keeps of a log; a test that logs more has lost itself.
const maxLogged = 64 << 20

// Secrets looks through all that a test logs for what no log may hold. Some of it shows by its form: whole phone numbers,
// transcripts, PIN records, private keys as text. PINs, raw keys and passwords have to be told.
type Secrets struct {
	// mu guards what follows.
	mu     sync.Mutex
	logged bytes.Buffer
	known  []known
}

// known is a form that a secret may be printed in.
type known struct {
	what string
	form *regexp.Regexp
}

// NewSecrets knows the PINs and numbers of a World, and forms that are never logged.
func NewSecrets() *Secrets {
	s := &Secrets{}
	for what, form := range map[string]string{
		"a PIN record": `\$argon2id\$`, "a private key": `umojasecret1[02-9ac-hj-np-z]{8}`,
		"an identity of age": `AGE-SECRET-KEY-`, "a private key in PEM": `-----BEGIN [A-Z ]*PRIVATE KEY`,
	} {
		s.add(what, form)
	}
	s.PINs(AminaPIN, JumaPIN)
	s.Phones(string(Amina), string(Juma))
	return s
}

func (s *Secrets) add(what, form string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = append(s.known, known{what, regexp.MustCompile(`.{0,60}` + form + `.{0,20}`)})
}

// PINs tells what people type. A PIN stands alone, and not within a longer number or word.
func (s *Secrets) PINs(pins ...string) {
	for _, p := range pins {
		s.add("a PIN", `(?:^|[^0-9A-Za-z])`+regexp.QuoteMeta(p)+`(?:[^0-9A-Za-z]|$)`)
	}
}

// Phones tells numbers in E.164 form, which must not show without their country either.
func (s *Secrets) Phones(numbers ...string) {
	for _, n := range numbers {
		digits := strings.TrimPrefix(n, "+")
		s.add("a phone number", regexp.QuoteMeta(digits[max(0, len(digits)-9):]))
	}
}

// Key tells 32 secret bytes, which must not show in any usual form.
func (s *Secrets) Key(name string, secret [32]byte) {
	hexadecimal := hex.EncodeToString(secret[:8])
	decimal := strings.Trim(fmt.Sprint(secret[:8]), "[]")
	source := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret[:8]), "[]byte{"), "}")
	for _, form := range []string{"(?i)" + hexadecimal, decimal, source,
		regexp.QuoteMeta(base64.StdEncoding.EncodeToString(secret[:])[:12]), regexp.QuoteMeta(base64.URLEncoding.EncodeToString(secret[:])[:12])} {
		s.add(name, form)
	}
}

// Texts tells passwords, API keys and other text.
func (s *Secrets) Texts(name string, texts ...string) {
	for _, text := range texts {
		s.add(name, regexp.QuoteMeta(text))
	}
}

// Write takes what is logged.
func (s *Secrets) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logged.Len()+len(p) > maxLogged {
		return 0, fmt.Errorf("log is longer than %d bytes", maxLogged)
	}
	return s.logged.Write(p)
}

// Handler takes records of all levels.
func (s *Secrets) Handler() slog.Handler {
	return slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime})
}

// withoutTime takes out digits that could look like a PIN by chance.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}

// Logged is all that was logged so far.
func (s *Secrets) Logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logged.String()
}

// whole finds phone numbers in E.164 form. An example, which errors show, is nobody's: it ends in six zeros.
var (
	whole   = regexp.MustCompile(`\+[1-9][0-9]{6,14}`)
	example = regexp.MustCompile(`0{6}$`)
)

// starred finds what a person typed in one session: digits joined by stars. serviceCode is what everybody knows.
var (
	starred     = regexp.MustCompile(`[0-9*]*[0-9]\*[0-9*]+#?`)
	serviceCode = regexp.MustCompile(`^\*[0-9]{1,4}(\*[0-9]{1,6}){0,2}#$`)
)

// Leaks says what was logged and must not be, and where.
func (s *Secrets) Leaks() (leaks []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.Lines(s.logged.Bytes()) {
		for _, k := range s.known {
			if found := k.form.Find(line); found != nil {
				leaks = append(leaks, fmt.Sprintf("%s: %q", k.what, found))
			}
		}
		for _, found := range whole.FindAll(line, -1) {
			if !example.Match(found) {
				leaks = append(leaks, fmt.Sprintf("a whole phone number: %q", found))
			}
		}
		for _, found := range starred.FindAll(line, -1) {
			if !serviceCode.Match(found) {
				leaks = append(leaks, fmt.Sprintf("a transcript: %q", found))
			}
		}
	}
	return leaks
}

// Check fails the test if a secret was logged.
func (s *Secrets) Check(t testing.TB) {
	t.Helper()
	for _, leak := range s.Leaks() {
		t.Errorf("logged %s", leak)
	}
}

// Log is a test's log. What is logged is looked through when the test is over, and shown if it failed.
func Log(t testing.TB, pins ...pin.Secret) *slog.Logger {
	t.Helper()
	s := NewSecrets()
	for _, p := range pins {
		s.PINs(p.Reveal())
	}
	t.Cleanup(func() {
		s.Check(t)
		if t.Failed() {
			t.Logf("log:\n%s", s.Logged())
		}
	})
	return slog.New(s.Handler())
}

// Main is a TestMain's: it runs the tests and looks through what they logged by default loggers, which have no test to fail.
func Main(m *testing.M, also ...func(*Secrets)) int {
	s := NewSecrets()
	for _, tell := range also {
		tell(s)
	}
	slog.SetDefault(slog.New(s.Handler()))
	code := m.Run()
	for _, leak := range s.Leaks() {
		fmt.Fprintf(os.Stderr, "logged %s\n", leak)
		code = max(code, 1)
	}
	return code
}

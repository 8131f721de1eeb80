package ussdtest

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// A checker that finds nothing is worth nothing: each of these is found, and said to be what it is.
func TestWhatNoLogMayHoldIsFound(t *testing.T) {
	secret := [32]byte{}
	for i := range secret {
		secret[i] = byte(200 + i)
	}
	grant, err := key.NewPrivate([32]byte{31: 7})
	if err != nil {
		t.Fatal(err)
	}
	for what, log := range map[string]func(*slog.Logger){
		"a PIN":                 func(l *slog.Logger) { l.Info("turn", "input", AminaPIN) },
		"a PIN ":                func(l *slog.Logger) { l.Info("typed " + JumaPIN + ".") },
		"a PIN  ":               func(l *slog.Logger) { l.Info("turn", "error", fmt.Errorf("parse %q", "9205")) },
		"a phone number":        func(l *slog.Logger) { l.Info("turn", "phone", strings.TrimPrefix(string(Amina), "+")) },
		"a phone number ":       func(l *slog.Logger) { l.Info("turn", "to", "0"+string(Juma)[4:]) },
		"a whole phone number":  func(l *slog.Logger) { l.Info("turn", "phone", "+256700000001") },
		"a whole phone number ": func(l *slog.Logger) { l.Debug("turn", "in", fmt.Sprint(struct{ P ussd.Phone }{"+256700000001"})) },
		"a transcript":          func(l *slog.Logger) { l.Info("turn", "text", "1*150") },
		"a transcript ":         func(l *slog.Logger) { l.Info("dialled", "code", "*384*2050*1*0711000002*150#") },
		"a PIN record":          func(l *slog.Logger) { l.Info("user", "record", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA") },
		"a private key":         func(l *slog.Logger) { l.Info("open", "key", grant.Text()) },
		"an identity of age":    func(l *slog.Logger) { l.Info("open", "identity", "AGE-SECRET-KEY-1QQQ") },
		"the pepper":            func(l *slog.Logger) { l.Info("open", "key", fmt.Sprintf("%x", secret)) },
		"the pepper ":           func(l *slog.Logger) { l.Info("open", "key", fmt.Sprintf("%X", secret)) },
		"the pepper  ":          func(l *slog.Logger) { l.Info("open", "key", secret) },
		"the pepper   ":         func(l *slog.Logger) { l.Info("open", "key", fmt.Sprintf("%#v", secret)) },
		"the API key":           func(l *slog.Logger) { l.Info("send", "url", "https://x/?key=k3y-of-the-carrier") },
	} {
		s := NewSecrets()
		s.PINs("9205")
		s.Key("the pepper", secret)
		s.Texts("the API key", "k3y-of-the-carrier")
		log(slog.New(s.Handler()))
		leaks := s.Leaks()
		if len(leaks) == 0 || !strings.HasPrefix(strings.Join(leaks, "\n"), strings.TrimSpace(what)+": ") && !strings.Contains(strings.Join(leaks, "\n"), "\n"+strings.TrimSpace(what)+": ") {
			t.Errorf("%s: found %q in %s", what, leaks, s.Logged())
		}
	}
}

func TestWhatALogMayHoldIsNotFound(t *testing.T) {
	s := NewSecrets()
	l := slog.New(s.Handler())
	l.Info("serving", "listen", "127.0.0.1:44071", "dial", "*384*2050#", "short", "*2050#", "phone", ussd.Phone("+254711000001"), "took", "4071ms", "id", "a4071b",
		"input", pin.NewSecret("1*0711000002*150*4071"), "record", pin.Record("$argon2id$"), "at_unix_ms", 1772359200000, "height", "3*x", "error", "number is not like +254700000000")
	if leaks := s.Leaks(); leaks != nil {
		t.Errorf("found %q", leaks)
	}
	if !strings.Contains(s.Logged(), "dial=*384*2050#") || !strings.Contains(s.Logged(), "phone=+…001") {
		t.Errorf("the log lacks what was logged: %s", s.Logged())
	}
	if _, err := s.Write(make([]byte, maxLogged)); err == nil {
		t.Error("the log has no bound")
	}
}

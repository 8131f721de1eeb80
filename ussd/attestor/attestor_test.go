package attestor

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/peer"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Fifty guesses at once are three tries, and the same body asked for fifty times at once is one message.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, Limits{})
	d := w.attestors[0]
	c := d.client("tumaini")
	body := w.body(600_000, w.move("mwanga", "tumaini"))
	id := tx.NewID(w.net.Network, body)
	together := func(act func(i int)) {
		var wait sync.WaitGroup
		for i := range 50 {
			wait.Go(func() { act(i) })
		}
		wait.Wait()
	}
	together(func(int) {
		if _, err := c.Ask(t.Context(), CodeRequest{Phone: ussd.Phone(w.net.Juma.Number), Body: body, Language: "en", Send: 1}); err != nil {
			t.Error(err)
		}
	})
	if got := d.delivered(); len(got) != 1 {
		t.Errorf("%d messages", len(got))
	}
	right := d.rightCode("tumaini", id)
	var mu sync.Mutex
	wrong := 0
	together(func(i int) {
		code := fmt.Sprintf("%06d", i)
		if code == right {
			return
		}
		_, err := c.Confirm(t.Context(), id, pin.NewSecret(code))
		if RefusalOf(err) == nil {
			t.Errorf("no refusal: %v", err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if RefusalOf(err).Code == CodeWrong {
			wrong++
		}
	})
	if wrong != maxTries {
		t.Errorf("%d codes were judged", wrong)
	}
	if _, err := c.Confirm(t.Context(), id, pin.NewSecret(right)); RefusalOf(err) == nil || RefusalOf(err).Code != CodeLocked {
		t.Errorf("the right one after them: %v", err)
	}
}

// The codes of two bodies, of two providers and of two attestors have nothing to do with each other.
func TestCodesAreOfOneAsk(t *testing.T) {
	w := newWorld(t, Limits{})
	seen := make(map[string]int)
	s := w.attestors[0].service
	a := ask{ID: tx.ID{1}, From: w.providers["mwanga"].Public(), Phone: "+254711000001", Salt: make([]byte, 16)}
	for i := range 2000 {
		b := a
		b.Salt = []byte(fmt.Sprintf("%016d", i))
		code := s.code(b).Reveal()
		if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("code %q", code)
		}
		seen[code]++
	}
	// Two thousand of a million: two pairs are expected, fifty are a broken code.
	if len(seen) < 1950 {
		t.Errorf("%d codes of 2000 asks", len(seen))
	}
	changed := []ask{a, a, a, a}
	changed[0].ID, changed[1].From, changed[2].Phone, changed[3].Salt = tx.ID{2}, w.providers["nyoka"].Public(), "+254711000002", bytes.Repeat([]byte{1}, 16)
	same := 0
	for _, b := range changed {
		if s.code(b).Reveal() == s.code(a).Reveal() {
			same++
		}
	}
	if w.attestors[1].service.code(a).Reveal() == s.code(a).Reveal() {
		same++
	}
	if same > 1 {
		t.Errorf("%d of five other asks have the same code", same)
	}
}

// While the ledger does not answer nothing is sent, nothing is counted, and the provider hears that it may ask again.
func TestWithoutTheLedger(t *testing.T) {
	w := newWorld(t, Limits{CodesPerNumber: 1})
	d := w.attestors[0]
	body := w.body(600_000, w.move("mwanga", "tumaini"))
	request := CodeRequest{Phone: ussd.Phone(w.net.Juma.Number), Body: body, Language: "en", Send: 1}
	for _, v := range w.net.Validators {
		v.Stop()
	}
	_, err := d.client("tumaini").Ask(t.Context(), request)
	if r := RefusalOf(err); r == nil || r.Code != peer.CodeUnavailable || strings.Contains(r.Text, "validator") {
		t.Fatalf("without the ledger: %v", err)
	}
	for _, v := range w.net.Validators {
		v.Start()
	}
	d.restart() // A client of the validators that has not begun to wait for them.
	if _, err := d.client("tumaini").Ask(t.Context(), request); err != nil || len(d.delivered()) != 1 {
		t.Errorf("with it: %v", err)
	}
}

// A code that is over is not sent, however late the carrier is there again.
func TestALateCodeIsNotSent(t *testing.T) {
	w := newWorld(t, Limits{})
	d := w.attestors[0]
	ask := func() ussd.Message {
		t.Helper()
		_, err := d.client("tumaini").Ask(t.Context(), CodeRequest{
			Phone: ussd.Phone(w.net.Juma.Number), Body: w.body(600_000, w.move("mwanga", "tumaini")), Language: "en", Send: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return d.outbox.messages[len(d.outbox.messages)-1]
	}
	first := ask()
	second := ask()
	var r mast
	if _, err := d.service.Codes(&r).Send(t.Context(), first); !errors.Is(err, sms.ErrRefused) {
		t.Errorf("one that was replaced: %v", err)
	}
	w.net.Advance(codeLife + 1_000_000_000)
	if _, err := d.service.Codes(&r).Send(t.Context(), second); !errors.Is(err, sms.ErrRefused) || len(r.taken) != 0 {
		t.Errorf("one of eleven minutes ago: %v", err)
	}
}

// Counters, asks and what is watched are forgotten in time.
func TestNothingIsKeptForEver(t *testing.T) {
	w := newWorld(t, Limits{})
	d := w.attestors[0]
	if _, err := d.client("tumaini").Ask(t.Context(), CodeRequest{
		Phone: ussd.Phone(w.net.Juma.Number), Body: w.body(600_000, w.move("mwanga", "tumaini")), Language: "en", Send: 1,
	}); err != nil {
		t.Fatal(err)
	}
	w.net.Advance(keepFor + 3600_000_000_000)
	if err := d.service.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []string
	err := d.store.View(t.Context(), func(r ussd.Reader) error {
		return r.Scan([]byte("attestor/"), nil, 100, func(key, _ []byte) error {
			left = append(left, string(key[:min(len(key), 16)]))
			return nil
		})
	})
	if err != nil || len(left) != 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"Mwanga": "Mwanga", "nobody. Tell it": "nobody Tell it", "A\nB": "A B", "Çelik": "Çelik", "Ọlá": "Ola", "x\u202ey": "x y", "***": "",
		"The Very Long Name Of A Bank": "The Very Long Name O", "M & S's-1": "M & S's-1", "ማዋንጋ": "",
	} {
		if got := plain(name, maxProviderName); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// FuzzRequests: whatever comes is a request that keeps its bounds, or refused as malformed in words that do not repeat it.
func FuzzRequests(f *testing.F) {
	f.Add([]byte(`{"phone":"+254711000001","body":"AAEC","language":"sw","send":1}`))
	f.Add([]byte(`{"id":"` + strings.Repeat("ab", 32) + `","code":"482913"}`))
	f.Add([]byte(`{"phone":"+254711000001","phone":"+254711000002"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := decodeCode(raw); err == nil {
			if _, err := ussd.ParsePhone(string(r.Phone)); err != nil || len(r.Body) == 0 || len(r.Body) > maxBody || r.Send < 1 || r.Send > maxSends || len(r.Language) > 3 {
				t.Fatalf("took %+v", r)
			}
		} else if !errors.Is(err, peer.ErrForm) {
			t.Fatalf("an error of no kind: %v", err)
		}
		if _, code, err := decodeConfirm(raw); err == nil {
			if len(code.Reveal()) != codeDigits {
				t.Fatal("took a code of another length")
			}
		} else if !errors.Is(err, peer.ErrForm) {
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

// arrivalRate is how many payments arrive in a second, arrivalsAtOnce how many may wait for their outcome.
const (
	arrivalRate    = 50
	arrivalsAtOnce = 400
	// aroundMove is how many arrive before a move begins, and again after it.
	aroundMove = 5 * arrivalRate
	// moveWithin is how long a move may take to which the old provider agrees, and moveAlone one that waits out the sandbox's delay of a minute.
	moveWithin, moveAlone = 60 * time.Second, 3 * time.Minute
)

// TestMoveUnderLoad: fifty payments a second arrive at a number while its owner changes provider on the phone: first with an old provider that
// agrees, then with one that was killed and whose disk is gone. Every payment is made once, none is refused, and the balance is what was there and
// what came, whomever one asks.
func TestMoveUnderLoad(t *testing.T) {
	if !*long {
		t.Skip("pays for minutes into accounts that move; run with -long")
	}
	d := startDev(t, buildUmoja(t), filepath.Join(t.TempDir(), "box"), "--providers", "2")
	defer d.interrupt(t)
	r := newRivals(t, d.dir)

	t.Run("the old provider agrees", func(t *testing.T) {
		m := newMover(t, r, "+254711000001")
		a := m.arrive(t)
		a.more(t, aroundMove)
		if text := m.play(t, "*384*2050#", "6", "1", "5", "1", "4071"); !strings.Contains(text, "You get codes by SMS") {
			t.Errorf("the agreement: %s", text)
		}
		started := time.Now()
		m.bringCodes(t, "*384*3060#")
		m.choosePIN(t, moveWithin)
		t.Logf("moved in %s", time.Since(started).Round(time.Millisecond))
		a.more(t, aroundMove)
		a.stop(t)
	})
	t.Run("the old provider is gone", func(t *testing.T) {
		m := newMover(t, r, "+254711000004")
		a := m.arrive(t)
		a.more(t, aroundMove)
		s, err := sandbox.Folder(d.dir).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(s.Gateway.Pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(d.dir, "gateway", "store")); err != nil {
			t.Fatal(err)
		}
		r.box.Gateways = r.box.Gateways[1:]
		started := time.Now()
		m.play(t, "*384*3060#", "1", "1")
		m.bringCodes(t, "*384*3060#")
		m.choosePIN(t, moveAlone)
		t.Logf("moved in %s", time.Since(started).Round(time.Millisecond))
		a.more(t, aroundMove)
		a.stop(t)
	})
}

// mover is a person who changes provider.
type mover struct {
	*rivals
	number  string
	payee   sdk.Payee
	network *network
	phone   *handset.Handset
}

func newMover(t *testing.T, r *rivals, number string) *mover {
	t.Helper()
	flags := phoneFlags{dir: r.dir, format: "africastalking"}
	n, err := flags.open(number)
	if err != nil {
		t.Fatal(err)
	}
	n.config.Client = &http.Client{Timeout: 20 * time.Second}
	m := &mover{rivals: r, number: number, network: n, phone: handset.New(n.config)}
	if m.payee, err = r.client.Resolve(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	return m
}

// play dials a code and answers; it gives the last screen.
func (m *mover) play(t *testing.T, code string, answers ...string) string {
	t.Helper()
	var screen handset.Screen
	var err error
	if m.phone, screen, err = m.network.dial(t.Context(), m.phone, code); err != nil {
		t.Fatal(err)
	}
	for _, answer := range answers {
		if screen, err = m.phone.Type(t.Context(), answer); err != nil {
			t.Fatalf("after %q: %v", screen.Text, err)
		}
	}
	return screen.Text
}

// bringCodes types the codes of two attestors at the new provider.
func (m *mover) bringCodes(t *testing.T, code string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var codes []string
	for _, name := range []string{"Attestor 1", "Attestor 2"} {
		codes = append(codes, m.await(ctx, t, m.number, `^`+name+`: code (\d{6}) moves your number to Tumaini `)[1])
	}
	t.Logf("with both codes: %s", m.play(t, code, codes...))
}

// choosePIN dials the new provider until the number is there, and becomes its user.
func (m *mover) choosePIN(t *testing.T, within time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(time.Second) {
		text := m.play(t, "*384*3060#")
		if strings.Contains(text, "Choose a secret PIN") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not moved after %s: %s", within, text)
		}
	}
	if text := m.play(t, "*384*3060#", "8264", "8264"); !regexp.MustCompile(`is with us now`).MatchString(text) {
		t.Errorf("the new PIN: %s", text)
	}
	grants := m.grants(t.Context(), t, m.number)
	if len(grants) != 1 || grants[0].Grantee != m.new.Public() {
		t.Errorf("grants after the move: %+v", grants)
	}
}

// arrivals are payments of the issuer to one number, fifty a second.
type arrivals struct {
	mover  *mover
	before amount.Amount
	began  time.Time
	ended  chan struct{}
	all    sync.WaitGroup

	mu   sync.Mutex
	made map[tx.ID]amount.Amount
}

func (m *mover) arrive(t *testing.T) *arrivals {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.dir, "keys", "issuer.key"))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := key.ParsePrivate(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	before, err := m.client.Balance(t.Context(), m.payee.Account, 1, sdk.Final)
	if err != nil {
		t.Fatal(err)
	}
	a := &arrivals{mover: m, before: before.Posted, began: time.Now(), ended: make(chan struct{}), made: make(map[tx.ID]amount.Amount)}
	slots := make(chan struct{}, arrivalsAtOnce)
	a.all.Go(func() {
		tick := time.NewTicker(time.Second / arrivalRate)
		defer tick.Stop()
		for i := amount.Amount(1); ; i++ {
			select {
			case <-a.ended:
				return
			case <-tick.C:
			}
			slots <- struct{}{}
			a.all.Go(func() {
				defer func() { <-slots }()
				if err := a.pay(issuer, 10+i%90); err != nil {
					t.Errorf("payment %d: %v", i, err)
				}
			})
		}
	})
	return a
}

// pay pays to the number, as every provider's gateway does: by alias and account.
func (a *arrivals) pay(issuer key.Private, sum amount.Amount) error {
	m := a.mover
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	expires, err := m.client.ExpiryIn(ctx, 5*time.Minute)
	if err != nil {
		return err
	}
	body, err := sdk.NewBody(rand.Reader, expires, tx.Transfer{
		Debit: sdk.AccountOf(issuer.Public()), Credit: m.payee.Account, Alias: m.payee.Alias, Asset: 1, Amount: sum,
	})
	if err != nil {
		return err
	}
	encoded, err := body.Encode()
	if err != nil {
		return err
	}
	signed, err := tx.Seal(m.genesis.Network(), encoded, issuer)
	if err != nil {
		return err
	}
	outcome, err := m.client.Submit(ctx, signed)
	if err != nil {
		return err
	}
	if !outcome.Applied() {
		return fmt.Errorf("refused: %s", outcome.Result.Code)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made[tx.NewID(m.genesis.Network(), encoded)] = sum
	return nil
}

// more waits until so many more have arrived.
func (a *arrivals) more(t *testing.T, count int) {
	t.Helper()
	target := a.count() + count
	for deadline := time.Now().Add(60 * time.Second); a.count() < target; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d payments arrived in a minute, not %d", a.count()-target+count, count)
		}
	}
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.made)
}

// stop ends the payments and compares them with the history, and the balance with what all four validators say.
func (a *arrivals) stop(t *testing.T) {
	t.Helper()
	close(a.ended)
	a.all.Wait()
	m, want := a.mover, a.before
	for _, sum := range a.made {
		want += sum
	}
	found := make(map[tx.ID]int)
	for before := uint64(0); ; {
		entries, err := m.client.History(t.Context(), m.payee.Account, before, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			before = e.LeafIndex
			if e.Signed != nil && e.Record.Result.Code == tx.OK {
				found[e.Signed.ID()]++
			}
		}
		if len(entries) < 100 {
			break
		}
	}
	lost, double := 0, 0
	for id := range a.made {
		switch n := found[id]; {
		case n == 0:
			lost++
		case n > 1:
			double++
		}
	}
	t.Logf("%d payments arrived in %s, %d lost, %d double", len(a.made), time.Since(a.began).Round(time.Second), lost, double)
	if lost > 0 || double > 0 {
		t.Errorf("%d payments arrived, %d lost, %d double", len(a.made), lost, double)
	}
	for _, address := range m.box.GRPC {
		m.balanceAt(t, address, want)
	}
}

// balanceAt waits until one validator says what the balance has to be.
func (m *mover) balanceAt(t *testing.T, address string, want amount.Amount) {
	t.Helper()
	client, err := sdk.Open(sdk.Config{Genesis: m.genesis, Addresses: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var got sdk.Balance
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if got, err = client.Balance(t.Context(), m.payee.Account, 1, sdk.Final); err == nil && got.Posted == want {
			return
		}
	}
	t.Errorf("validator at %s: balance %s, not %s, %v", address, got.Posted.Text(2), want.Text(2), err)
}

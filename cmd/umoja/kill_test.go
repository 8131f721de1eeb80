package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/handset"
)

var long = flag.Bool("long", false, "kill the leader 20 times instead of 3")

// TestKillTheLeader: 20 phones pay each other through a sandbox of real processes while its leader is killed, again and
// again, between a PIN and its answer. Afterwards every payment that was answered is there once, none is there twice, every
// phone that dials again is told the outcome of its last payment, every promised text message has come, and the audit
// passes on all four validators.
func TestKillTheLeader(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a sandbox of five processes and kills them for a minute; run without -short")
	}
	kills := 3
	if *long {
		kills = 20
	}
	b := startBox(t)
	crowd := newCrowd(t, b, 20)
	stop := make(chan struct{})
	var load sync.WaitGroup
	for _, p := range crowd.phones {
		load.Go(func() { p.payUntil(stop) })
	}
	for i := range kills {
		b.killLeader(t, &crowd.waiting)
		t.Logf("kill %d: %d payments answered so far", i+1, crowd.answered.Load())
	}
	close(stop)
	load.Wait()
	crowd.redial(t)
	// A history is as of the final checkpoint of the one validator that is asked, which may be a round behind the others.
	b.await(t, "all validators at one final size", func(s boxStatus) bool {
		for _, v := range s.Validators {
			if v.FinalSize != s.Validators[0].AcceptedSize {
				return false
			}
		}
		return true
	})
	crowd.check(t)
	b.stop(t)
	for n := range 4 {
		out, err := exec.Command(b.binary, "audit", "--dir", filepath.Join(b.dir, fmt.Sprintf("validator%d", n+1))).CombinedOutput()
		if err != nil {
			t.Errorf("audit of validator %d: %v\n%s", n+1, err, out)
		}
	}
}

// killLeader kills the leader while somebody waits for the answer to a PIN, waits for another leader, starts the killed
// one again and waits until it has caught up.
func (b *box) killLeader(t *testing.T, waiting *atomic.Int32) {
	t.Helper()
	b.await(t, "a leader", func(s boxStatus) bool { return s.leader() >= 0 })
	s := b.status(t)
	victim := s.leader()
	if victim < 0 {
		t.Fatal("the leader was lost between two looks")
	}
	for waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := syscall.Kill(s.Validators[victim].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.await(t, "another leader", func(s boxStatus) bool { return s.leader() >= 0 && s.leader() != victim })
	if out, err := exec.Command(b.binary, "dev", "restart", fmt.Sprint(victim+1), "--dir", b.dir).CombinedOutput(); err != nil {
		t.Fatalf("restart: %v\n%s", err, out)
	}
	var target uint64
	for _, v := range b.status(t).Validators {
		target = max(target, v.AcceptedSize)
	}
	b.await(t, "the killed one has caught up", func(s boxStatus) bool { return s.Validators[victim].FinalSize >= target })
}

// crowd is many people with phones.
type crowd struct {
	box    *box
	phones []*person
	// waiting counts those who wait for the answer to a PIN.
	waiting  atomic.Int32
	answered atomic.Int64
}

// person is one of them. One goroutine uses it.
type person struct {
	crowd   *crowd
	place   int
	number  string
	account tx.AccountID
	phone   *handset.Handset
	made    []payment
}

// payment is what a person tried. No two have one amount.
type payment struct {
	amount amount.Amount
	reply  string
}

func newCrowd(t *testing.T, b *box, count int) *crowd {
	t.Helper()
	c := &crowd{box: b}
	client := &http.Client{Timeout: 20 * time.Second}
	raw, err := os.ReadFile(filepath.Join(b.dir, "keys", "alias.key"))
	if err != nil {
		t.Fatal(err)
	}
	aliasKey, err := key.ParseAliasKey(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	resolver, err := sdk.Open(sdk.Config{Genesis: b.genesis, Addresses: b.addresses.GRPC, AliasKey: &aliasKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resolver.Close() })
	for i := range count {
		p := &person{crowd: c, place: i, number: fmt.Sprintf("+2547120000%02d", i)}
		p.phone = handset.New(handset.Config{
			URL: "http://" + b.addresses.HTTP + "/ussd/africastalking", Number: p.number, ServiceCode: b.addresses.ServiceCode, Client: client,
		})
		c.phones = append(c.phones, p)
		var screen handset.Screen
		for _, input := range []string{"", "1", fmt.Sprintf("PHONE %c", 'A'+i), "5813", "5813"} {
			if input == "" {
				screen, err = p.phone.Dial(t.Context())
			} else {
				screen, err = p.phone.Type(t.Context(), input)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(screen.Text, "You are registered") {
			t.Fatalf("register %s: %s", p.number, screen.Text)
		}
		payee, err := resolver.Resolve(t.Context(), p.number)
		if err != nil {
			t.Fatal(err)
		}
		p.account = payee.Account
	}
	c.fund(t)
	return c
}

// fund gives everybody money from the issuer, in one transaction.
func (c *crowd) fund(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.box.dir, "keys", "issuer.key"))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := key.ParsePrivate(strings.TrimSpace(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	body := tx.Body{ExpiresAtUnixMs: uint64(time.Now().Add(time.Minute).UnixMilli())}
	for _, p := range c.phones {
		body.Operations = append(body.Operations, tx.Transfer{Debit: sdk.AccountOf(issuer.Public()), Credit: p.account, Asset: 1, Amount: 4_000_00})
	}
	encoded, err := body.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Seal(c.box.genesis.Network(), encoded, issuer)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := c.box.client.Submit(t.Context(), signed); err != nil || !o.Applied() {
		t.Fatalf("fund: %+v, %v", o, err)
	}
}

// payUntil pays others, one after the other.
func (p *person) payUntil(stop <-chan struct{}) {
	for k := 0; ; k++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rand.IntN(300)) * time.Millisecond):
		}
		count := len(p.crowd.phones)
		to := p.crowd.phones[(p.place+1+k%(count-1))%count]
		p.pay(to, amount.Amount(1_00+k*count+p.place))
	}
}

// pay dials, fills in the menu and types the PIN. Whatever goes wrong on the way is noted as the reply.
func (p *person) pay(to *person, a amount.Amount) {
	made := payment{amount: a}
	ctx := context.Background()
	screen, err := p.phone.Dial(ctx)
	if err == nil && strings.Contains(screen.Text, "1 Continue") {
		screen, err = p.phone.Type(ctx, "2") // What was begun when the leader died is not wanted.
	}
	for _, input := range []string{"1", to.number, a.Text(2)} {
		if err == nil && screen.More {
			screen, err = p.phone.Type(ctx, input)
		}
	}
	if err == nil && screen.More {
		p.crowd.waiting.Add(1)
		screen, err = p.phone.Type(ctx, "5813")
		p.crowd.waiting.Add(-1)
	}
	if made.reply = screen.Text; err != nil {
		made.reply = "error: " + err.Error()
	}
	if strings.HasPrefix(made.reply, "Paid ") {
		p.crowd.answered.Add(1)
	}
	p.made = append(p.made, made)
}

// redial: everybody dials until the first screen tells what became of the last payment.
func (c *crowd) redial(t *testing.T) {
	t.Helper()
	for _, p := range c.phones {
		last := ""
		for _, made := range p.made {
			if strings.HasPrefix(made.reply, "Paid ") || strings.Contains(made.reply, "SMS") {
				last = made.amount.Grouped(2) // Payments that never came to a PIN have no outcome to tell.
			}
		}
		if last == "" {
			continue
		}
		var text string
		for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			screen, err := p.phone.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if text = screen.Text; strings.Contains(text, last) && !strings.Contains(text, "being processed") {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s is not told what became of %s:\n%s", p.number, last, text)
				break
			}
		}
	}
}

// check compares what people were told with the ledger.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	paid, promised, refused := 0, 0, 0
	for _, p := range c.phones {
		recorded := c.recorded(t, p)
		inbox, err := p.phone.Inbox(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range p.made {
			codes := recorded[made.amount]
			if len(codes) > 1 {
				t.Errorf("%s paid %s %d times", p.number, made.amount.Text(2), len(codes))
			}
			switch {
			case strings.HasPrefix(made.reply, "Paid "):
				paid++
				if len(codes) != 1 || !strings.Contains(made.reply, codes[0]) {
					t.Errorf("%s was told %q; the ledger has %v", p.number, made.reply, codes)
				}
			case strings.Contains(made.reply, "We will SMS you the result"):
				promised++
				told := false
				for _, m := range inbox {
					told = told || strings.Contains(m.Text, made.amount.Grouped(2))
				}
				if !told {
					t.Errorf("%s was promised a message about %s and has none", p.number, made.amount.Text(2))
				}
			default:
				refused++
				if len(codes) != 0 {
					t.Errorf("%s was told %q; the ledger has %v", p.number, made.reply, codes)
				}
			}
		}
	}
	t.Logf("%d payments answered at once, %d promised by SMS, %d did not get as far as a PIN", paid, promised, refused)
	if paid == 0 {
		t.Error("no payment was answered")
	}
}

// recorded are the receipt codes of a person's outgoing payments, by amount.
func (c *crowd) recorded(t *testing.T, p *person) map[amount.Amount][]string {
	t.Helper()
	found := make(map[amount.Amount][]string)
	for before := uint64(0); ; {
		entries, err := c.box.client.History(t.Context(), p.account, before, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			before = e.LeafIndex
			if e.Signed == nil || e.Record.Result.Code != tx.OK {
				continue
			}
			for _, op := range e.Signed.Body.Operations {
				if transfer, ok := op.(tx.Transfer); ok && transfer.Debit == p.account {
					found[transfer.Amount] = append(found[transfer.Amount], e.Code)
				}
			}
		}
		if len(entries) < 100 {
			return found
		}
	}
}

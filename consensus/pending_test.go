package consensus

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func numbered(i int, expires uint64) Pending {
	var id tx.ID
	binary.BigEndian.PutUint64(id[:], uint64(i)+1)
	return Pending{ID: id, ExpiresAtUnixMs: expires}
}

func (p *pending) check(t *testing.T, want int) {
	t.Helper()
	listed := make(map[tx.ID]bool)
	for _, of := range p.byAccount {
		if len(of) == 0 || len(of) > maxPendingOfAccount {
			t.Fatalf("%d transactions of an account", len(of))
		}
		for id := range of {
			listed[id] = true
		}
	}
	if len(p.byID) != want || len(listed) != want || len(p.accepted) > want {
		t.Fatalf("%d transactions, %d by account, %d accepted; want %d", len(p.byID), len(listed), len(p.accepted), want)
	}
}

// TestPendingBounds: the list, and an account's part of it, have a bound; what leaves it leaves no trace.
func TestPendingBounds(t *testing.T) {
	p := newPending()
	for i := range maxPendingOfAccount + 1 {
		if added := p.add(numbered(i, uint64(i)), tx.EnvelopeHash{1}, []tx.AccountID{{1}}); added != (i < maxPendingOfAccount) {
			t.Fatalf("transaction %d of an account: %v", i, added)
		}
	}
	if p.add(numbered(0, 0), tx.EnvelopeHash{1}, []tx.AccountID{{2}}) {
		t.Error("listed twice")
	}
	if p.add(numbered(-1, 0), tx.EnvelopeHash{1}, nil) {
		t.Error("listed under no account")
	}
	p.check(t, maxPendingOfAccount)
	for i := maxPendingOfAccount; i < maxPending; i++ {
		var account tx.AccountID
		binary.BigEndian.PutUint32(account[:], uint32(i))
		if !p.add(numbered(i, uint64(i)), tx.EnvelopeHash{1}, []tx.AccountID{account, {9, 9}}) {
			t.Fatalf("transaction %d was not listed", i)
		}
	}
	if p.add(numbered(maxPending, 0), tx.EnvelopeHash{1}, []tx.AccountID{{3}}) {
		t.Error("listed past the bound")
	}
	p.check(t, maxPending)
	if all := p.list(tx.AccountID{1}); len(all) != maxPendingOfAccount || all[0].ExpiresAtUnixMs != 0 || all[9].ExpiresAtUnixMs != 9 {
		t.Errorf("%d listed, or out of order", len(all))
	}
	p.settle(0, maxPending+sweepMs)
	p.check(t, 0)
}

// TestPendingSettles: accepted ones leave when they are final, others when they have expired for good, refused ones at
// once; and one that is accepted is not dropped by another envelope's refusal.
func TestPendingSettles(t *testing.T) {
	p := newPending()
	for i := range 4 {
		p.add(numbered(i, 5000), tx.EnvelopeHash{1}, []tx.AccountID{{1}, {2}})
	}
	p.recorded(0, Status{ID: numbered(0, 0).ID, LeafIndex: 10})
	p.recorded(0, Status{ID: numbered(1, 0).ID, LeafIndex: 20})
	p.recorded(31, Status{ID: numbered(2, 0).ID, LeafIndex: 30}) // Final before it was seen.
	p.recorded(0, Status{ID: numbered(7, 0).ID, LeafIndex: 30})  // Not listed.
	p.drop(numbered(3, 0).ID, tx.EnvelopeHash{2})                // Of a stranger.
	p.drop(numbered(0, 0).ID, tx.EnvelopeHash{1})
	p.check(t, 3)
	p.settle(11, 4000)
	p.check(t, 2)
	p.settle(11, 5000)
	p.check(t, 2) // A header of the expiry's own time is not past it.
	p.settle(11, 6001)
	p.check(t, 1)
	p.settle(21, 6002)
	p.check(t, 0)
	p.add(numbered(5, 9000), tx.EnvelopeHash{1}, []tx.AccountID{{1}})
	p.drop(numbered(5, 0).ID, tx.EnvelopeHash{1})
	p.check(t, 0)
}

// TestPendingOfAnAccount: a payment that waits for a leader is listed for its payer, a stranger's is not, and the list is
// empty again when it is final.
func TestPendingOfAnAccount(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	op := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 1}
	paid := c.sign(op, time.Hour, c.world.Issuer)
	forged := c.sign(op, time.Hour, c.world.Key(t, "stranger"))
	forever := c.sign(op, 30*24*time.Hour, c.world.Issuer)
	for _, signed := range []*tx.Signed{paid, forged, forever, paid} {
		s, err := n.Submit(t.Context(), signed.Envelope(), Taken)
		if err != nil || s.Stage != Taken || s.ID != signed.ID() {
			t.Fatalf("stage %d, %v", s.Stage, err)
		}
		if s, err = n.Transaction(t.Context(), signed.ID(), Taken); err != nil || s.Stage != Taken {
			t.Fatalf("asked again: stage %d, %v", s.Stage, err)
		}
	}
	if n.orders.background != 3 {
		t.Errorf("%d submissions under way for three transactions", n.orders.background)
	}
	if open := n.Pending(c.world.IssuerAccount); len(open) != 1 || open[0].ID != paid.ID() {
		t.Errorf("open: %v", open)
	}
	for _, name := range []string{"v2", "v3", "v4"} {
		c.restart(name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// Nobody waited for it, and it was not lost.
	if s, err := n.Transaction(ctx, paid.ID(), Final); err != nil || s.Stage != Final || s.Result.Code != tx.OK {
		t.Fatalf("stage %d, %v, %v", s.Stage, s.Result, err)
	}
	if open := n.Pending(c.world.IssuerAccount); len(open) != 0 {
		t.Errorf("open although final: %v", open)
	}
}

// TestBackgroundIsBounded: submissions that nobody waits for take a place each until they are done, and the next is told.
func TestBackgroundIsBounded(t *testing.T) {
	s, w := newOrders(), ledgertest.Network(t, t.Name())
	var all []*tx.Signed
	for i := range maxBackground + 1 {
		all = append(all, numberedPayment(t, w, i))
	}
	first, last := all[0], all[maxBackground]
	for _, signed := range all[:maxBackground] {
		if already, err := s.beginBackground(signed); already || err != nil {
			t.Fatal(already, err)
		}
	}
	if already, err := s.beginBackground(first); !already || err != nil {
		t.Errorf("the same again: %v, %v", already, err)
	}
	if _, err := s.beginBackground(last); err != ErrOverloaded {
		t.Errorf("one more: %v", err)
	}
	s.begin(first)
	if s.end(first, true) || !s.has(first.ID()) {
		t.Error("somebody still waits for it")
	}
	if !s.end(first, false) || s.has(first.ID()) {
		t.Error("nobody brings it any more")
	}
	if _, err := s.beginBackground(last); err != nil {
		t.Errorf("a place was free: %v", err)
	}
}

// TestWithoutRoomNothingIsTaken: whoever finds no place in the background is not told that his transaction was taken.
func TestWithoutRoomNothingIsTaken(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	n := c.nodes["v1"]
	n.orders.mu.Lock()
	n.orders.background = maxBackground
	n.orders.mu.Unlock()
	s, err := n.Submit(t.Context(), c.pay(c.world.Juma.Account, 1).Envelope(), Taken)
	if !errors.Is(err, ErrOverloaded) || s.Stage != Unknown {
		t.Errorf("stage %d: %v", s.Stage, err)
	}
}

package consensus

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// envelopes are some good ones, and bad ones of each kind, by name.
func envelopes(t *testing.T, w *ledgertest.World, good int) (all [][]byte, want []error) {
	t.Helper()
	for i := range good {
		all, want = append(all, seal(t, w, 1+i).Envelope()), append(want, nil)
	}
	forged := append([]byte(nil), seal(t, w, 1).Envelope()...)
	forged[len(forged)-1] ^= 1
	long := append(append([]byte(nil), seal(t, w, 1).Envelope()...), 0xff)
	all = append(all, forged, long, nil, make([]byte, tx.MaxEnvelopeBytes+1))
	return all, append(want, tx.ErrBadSignature, tx.ErrNotCanonical, tx.ErrMalformed, tx.ErrTooLarge)
}

// TestChecker: callers who come together each get the verdict of their own envelope.
func TestChecker(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	all, want := envelopes(t, w, 50)
	stop := make(chan struct{})
	c := newChecker(newVerified(w.Network), stop)
	var work sync.WaitGroup
	for range 2 {
		work.Go(c.run)
	}
	var callers sync.WaitGroup
	for range 3 { // Each envelope comes more than once.
		for i, e := range all {
			callers.Go(func() {
				signed, err := c.verify(t.Context(), e)
				if !errors.Is(err, want[i]) || (signed != nil) != (err == nil) {
					t.Errorf("envelope %d: %v, want %v", i, err, want[i])
				}
			})
		}
	}
	callers.Wait()
	close(stop)
	work.Wait()
	if len(c.open) > 0 {
		t.Errorf("%d checks are open and nobody waits", len(c.open))
	}
}

// TestCheckerChecksOnce: an envelope that comes again while its check is open has the same check, and afterwards none.
func TestCheckerChecksOnce(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := newChecker(newVerified(w.Network), nil)
	e := seal(t, w, 1).Envelope()
	_, first, _ := c.enqueue(e)
	_, second, _ := c.enqueue(e)
	if first == nil || first != second || len(c.queue) != 1 {
		t.Fatalf("checks %p and %p, %d queued; want one", first, second, len(c.queue))
	}
	c.all([][]byte{e}, nil) // Nobody has begun it: whoever has to go on does not wait for a worker.
	<-first.done
	if first.signed == nil || first.err != nil {
		t.Fatalf("verdict %v", first.err)
	}
	if signed, again, err := c.enqueue(e); signed == nil || again != nil || err != nil {
		t.Errorf("checked again: %v, %v", again, err)
	}
	if mine := c.gather(<-c.queue); len(mine) > 0 {
		t.Error("a worker begins what the FSM has checked")
	}
}

// TestCheckerRefuses: past its bound the checker refuses at once, and forgets whom it refused.
func TestCheckerRefuses(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := newChecker(newVerified(w.Network), nil)
	for range checkerLength {
		c.queue <- &check{}
	}
	if _, err := c.verify(t.Context(), seal(t, w, 1).Envelope()); !errors.Is(err, ErrOverloaded) {
		t.Errorf("got %v, want %v", err, ErrOverloaded)
	}
	if len(c.open) > 0 {
		t.Error("a refused check is open")
	}
}

// TestCheckerCountsSignatures: what a worker begins together is bounded by signatures: sixteen of one envelope cost as much as sixteen
// envelopes.
func TestCheckerCountsSignatures(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	var others []key.Signer
	for i := range byte(tx.MaxSignatures - 1) {
		p, err := key.NewPrivate([32]byte{31: 1 + i})
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, p)
	}
	c := newChecker(newVerified(w.Network), nil)
	legs := 0
	open := func(others ...key.Signer) bool {
		legs++
		_, one, err := c.enqueue(seal(t, w, legs, others...).Envelope())
		if err != nil {
			t.Fatal(err)
		}
		return !one.begun.Load()
	}
	const large = 2 * checksAtOnce / tx.MaxSignatures
	for range large {
		if !open(others...) {
			t.Fatal("refused, and there is room")
		}
	}
	if !open(others...) || !open() {
		t.Error("refused, and there is room")
	}
	for _, want := range []int{large / 2, large / 2, 2} {
		if mine := c.gather(<-c.queue); len(mine) != want {
			t.Errorf("%d envelopes are begun together, want %d", len(mine), want)
		}
	}
}

// TestSignaturesOf: signatures are counted as parsing finds them, and what is no envelope counts as one.
func TestSignaturesOf(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	second, err := key.NewPrivate([32]byte{31: 9})
	if err != nil {
		t.Fatal(err)
	}
	one, two := seal(t, w, 1).Envelope(), seal(t, w, 1, second).Envelope()
	many := append([]byte(nil), one...)
	for range tx.MaxSignatures {
		many = append(many, signaturesField<<3|2, 0) // Empty ones, one too many.
	}
	for i, c := range []struct {
		envelope []byte
		want     int
	}{{one, 1}, {two, 2}, {nil, 1}, {[]byte("nonsense"), 1}, {two[:len(two)-1], 1}, {many[:len(many)-2], tx.MaxSignatures}, {many, 1}} {
		if got := signaturesOf(c.envelope); got != c.want {
			t.Errorf("envelope %d has %d signatures, want %d", i, got, c.want)
		}
	}
}

// TestCheckerEnds: nobody waits for a checker that has stopped, or longer than he wants.
func TestCheckerEnds(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	stop := make(chan struct{})
	c := newChecker(newVerified(w.Network), stop)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.verify(ctx, seal(t, w, 1).Envelope()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	close(stop)
	if _, err := c.verify(t.Context(), seal(t, w, 2).Envelope()); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want %v", err, ErrStopped)
	}
}

// TestEntriesAreCheckedOnArrival: a follower has checked what an entry carries before raft has committed it; what it has no room
// for it leaves.
func TestEntriesAreCheckedOnArrival(t *testing.T) {
	c := newCluster(t)
	n := c.follower()
	var all [][]byte
	for range 10 {
		all = append(all, c.pay(c.world.Amina.Account, 5).Envelope())
	}
	raw := tx.SealBatch(c.world.Network, tx.BatchHeader{Number: 1, Leader: n.name}, all, n.key)
	n.expect([]*raft.Log{{Type: raft.LogNoop}, {Type: raft.LogCommand, Data: []byte("nonsense")}, {Type: raft.LogCommand, Data: raw}})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		known := 0
		for _, e := range all {
			if n.verified.find(tx.NewEnvelopeHash(c.world.Network, e)) != nil {
				known++
			}
		}
		if known == len(all) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d envelopes were checked", known, len(all))
		}
	}
	for range 2 * arrivalsAtOnce {
		n.expect([]*raft.Log{{Type: raft.LogCommand, Data: raw}}) // Never waits.
	}
}

// TestCheckerRefusesWhatTheFSMBegins: an envelope for which the queue has no room arrives in a committed batch at that moment. Its check
// has one end, and the FSM's verdict stands.
func TestCheckerRefusesWhatTheFSMBegins(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	e := seal(t, w, 1).Envelope()
	for range 300 {
		c := newChecker(newVerified(w.Network), nil)
		for range checkerLength {
			c.queue <- &check{}
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = c.verify(t.Context(), e) }) // Refused, or told what the FSM finds.
		both.Go(func() { c.all([][]byte{e}, nil) })
		both.Wait()
		if signed, err := c.verified.verify(e); signed == nil || err != nil {
			t.Fatal(err)
		}
		if len(c.open) > 0 {
			t.Fatalf("%d checks are open", len(c.open))
		}
	}
}

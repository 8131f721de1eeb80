package consensus

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// decided orders what makes v5 come for v4. It gives the head before the boundary, and the boundary.
func (s *scribe) decided() (before, boundary ledger.Head) {
	s.t.Helper()
	seed := sha256.Sum256([]byte("v5"))
	s.world.Validators["v5"], s.world.TLS["v5"] = ed25519.NewKeyFromSeed(seed[:]), ed25519.NewKeyFromSeed(seed[:])
	set, err := s.world.SetOf("v1", "v2", "v3", "v5")
	if err != nil {
		s.t.Fatal(err)
	}
	expires := uint64(time.Now().Add(time.Hour).UnixMilli())
	propose := s.sign(tx.Propose{Validator: "v1", Decision: set, ExpiresAtUnixMs: expires}, time.Hour, s.world.Governors["v1"])
	all := []*tx.Signed{propose}
	for _, v := range []string{"v2", "v3"} {
		all = append(all, s.sign(tx.Vote{Validator: v, Ballot: tx.NewBallotID(propose.ID(), 0), Yes: true}, time.Hour, s.world.Governors[v]))
	}
	s.done(s.next(all...))
	before = s.n.store.Head()
	for s.n.reignNow().coming == nil {
		s.done(s.next())
	}
	return before, s.n.store.Head()
}

// done orders an entry that is not void.
func (s *scribe) done(data []byte) {
	s.t.Helper()
	if a, ok := s.order(data).(*applied); !ok || a.void != nil {
		s.t.Fatalf("order a good entry: %+v", a)
	}
}

// begin is the first batch of the set that waits.
func (s *scribe) begin(boundary ledger.Head, epoch uint64, change []byte, signed ...*tx.Signed) []byte {
	var envelopes [][]byte
	for _, one := range signed {
		envelopes = append(envelopes, one.Envelope())
	}
	return tx.SealBatch(s.n.network, tx.BatchHeader{
		Epoch: epoch, Number: boundary.Batch + 1, PreviousHash: boundary.BatchHash, TimeUnixMs: s.n.nowUnixMs(), Leader: "v2", Term: 1,
		EpochChange: change, SetCheckpoint: s.world.Note(s.world.Set, boundary),
	}, envelopes, s.world.Validators["v2"])
}

// replayed fails the test unless the history, applied again from the genesis, gives what is there.
func (s *scribe) replayed() {
	s.t.Helper()
	if _, err := s.n.store.Replay(s.world.Genesis, nil); err != nil {
		s.t.Error(err)
	}
}

// TestEpochsAtABoundary: while a set waits to begin, the set before opens epochs without a batch: head and tree stay, on disk too. The set begins in
// its own first epoch, and when another epoch of it goes on from the boundary, what it had is taken back.
func TestEpochsAtABoundary(t *testing.T) {
	s := newScribe(t)
	_, boundary := s.decided()
	first := checkpoint.FirstEpoch(0)
	is := func(what string, epoch uint64, again bool) {
		t.Helper()
		want := boundary
		want.Epoch = epoch
		if s.n.store.Head() != want {
			t.Fatalf("%s: batch %d of epoch %d, want %d of %d", what, s.n.store.Head().Batch, s.n.store.Head().Epoch, want.Batch, epoch)
		}
		if got, err := s.n.openedAgain(s.n.store.Head()); err != nil || got != again {
			t.Fatalf("%s: opened again: %v, %v", what, got, err)
		}
		if _, err := (fsm{s.n}).Snapshot(); again != errors.Is(err, errOpenedAgain) {
			t.Fatalf("%s: snapshot: %v", what, err)
		}
	}
	is("decided", 0, false)
	s.done(s.opening(s.change(1, voteOf(boundary)), boundary, nil))
	is("certified in the epoch of the boundary", 1, true)
	s.done(s.opening(s.change(2, voteOf(s.n.store.Head())), boundary, nil))
	is("certified in an epoch without a batch", 2, true)
	s.done(s.opening(s.change(4, checkpoint.Vote{}), boundary, nil))
	is("certified nowhere", 4, true)
	for name, data := range map[string][]byte{
		"an epoch of the coming set":                s.opening(s.change(first+1, voteOf(boundary)), boundary, nil),
		"an epoch that was opened":                  s.opening(s.change(2, voteOf(boundary)), boundary, nil),
		"a batch of the set before":                 s.next(s.pay(s.world.Juma.Account, 1)),
		"the coming set, in the next epoch":         s.begin(boundary, 5, nil),
		"the coming set, in its second epoch":       s.begin(boundary, first+1, nil),
		"the coming set, in an epoch nobody opened": s.begin(boundary, first+1, s.change(5, checkpoint.Vote{}).Encode()),
	} {
		if a, ok := s.order(data).(*applied); !ok || !errors.Is(a.void, ledger.ErrVoid) {
			t.Errorf("%s: %+v, want void", name, a)
		}
	}
	is("after all that is void", 4, true)
	s.replayed()

	s.final(boundary)
	s.done(s.begin(boundary, first, nil, s.pay(s.world.Juma.Account, 1)))
	if head := s.n.store.Head(); head.Epoch != first || s.n.reignNow().coming != nil || s.n.reignNow().reign.First != first {
		t.Fatalf("the set began epoch %d, its first is %d", head.Epoch, s.n.reignNow().reign.First)
	}
	s.done(s.begin(boundary, first+1, s.change(first+1, checkpoint.Vote{}).Encode()))
	if head := s.n.store.Head(); head.Epoch != first+1 || head.Batch != boundary.Batch+1 || s.n.reignNow().reign.First != first {
		t.Errorf("the set began again with batch %d of epoch %d", head.Batch, head.Epoch)
	}
	s.replayed()
}

// TestAnEpochBelowABoundary: when the epoch starts below, the change of the set is taken back, and comes again.
func TestAnEpochBelowABoundary(t *testing.T) {
	s := newScribe(t)
	before, _ := s.decided()
	s.done(s.opening(s.change(1, voteOf(before)), before, nil))
	if head := s.n.store.Head(); head.Batch != before.Batch+1 || head.Epoch != 1 {
		t.Fatalf("batch %d of epoch %d", head.Batch, head.Epoch)
	}
	// The ballot takes effect in the batch that opens the epoch: it ends with a boundary of its own.
	boundary := s.n.store.Head()
	if s.n.reignNow().coming == nil {
		t.Fatal("the ballot has not come again")
	}
	s.final(boundary)
	s.done(s.begin(boundary, checkpoint.FirstEpoch(0), nil))
	s.replayed()
}

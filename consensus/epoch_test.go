package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// scribe writes the log of a network by hand, on a node that no other validator reaches, and so decides what raft has
// ordered. It signs as any validator.
type scribe struct {
	*cluster
	n   *Node
	log []*raft.Log
}

func newScribe(t *testing.T) *scribe {
	t.Helper()
	c := newStopped(t, Snapshots{})
	c.restart("v1")
	s := &scribe{cluster: c, n: c.nodes["v1"]}
	return s
}

// order makes an entry the next of the log and applies it.
func (s *scribe) order(data []byte) any {
	s.t.Helper()
	entry := &raft.Log{Index: uint64(len(s.log)) + 2, Term: 1, Type: raft.LogCommand, Data: data}
	if err := s.n.raftLog.StoreLog(entry); err != nil {
		s.t.Fatal(err)
	}
	s.log = append(s.log, entry)
	return fsm{s.n}.Apply(entry)
}

// next is a batch on the head.
func (s *scribe) next(signed ...*tx.Signed) []byte {
	head := s.n.store.Head()
	var envelopes [][]byte
	for _, one := range signed {
		envelopes = append(envelopes, one.Envelope())
	}
	return tx.SealBatch(s.n.network, tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: max(s.n.nowUnixMs(), head.TimeUnixMs), Leader: "v2", Term: 1,
	}, envelopes, s.world.Validators["v2"])
}

// pays orders a batch with one payment, and gives the head after it and the payment.
func (s *scribe) pays() (ledger.Head, *tx.Signed) {
	s.t.Helper()
	signed := s.pay(s.world.Juma.Account, 1)
	if a, ok := s.order(s.next(signed)).(*applied); !ok || a.void != nil {
		s.t.Fatalf("a good batch: %v", a)
	}
	return s.n.store.Head(), signed
}

func voteOf(h ledger.Head) checkpoint.Vote {
	return checkpoint.Vote{Epoch: h.Epoch, Size: h.Size, Root: h.Root}
}

// change is the proof of an epoch that starts at a tree, which a quorum has attested; a zero vote is the genesis.
func (c *cluster) change(epoch uint64, start checkpoint.Vote) checkpoint.EpochChange {
	network, quorum := c.world.Network, c.world.Set[:c.world.Set.Quorum()]
	change := checkpoint.EpochChange{Epoch: epoch}
	if start.Size > 0 {
		change.Certificate.Vote = start
	}
	for _, v := range quorum {
		key := c.world.Validators[v.Name]
		change.Votes = append(change.Votes, checkpoint.EpochVote{Validator: v.Name, Certified: start, Signature: checkpoint.SignEpoch(network, epoch, start, key)})
		if start.Size > 0 {
			change.Certificate.Signatures = append(change.Certificate.Signatures,
				checkpoint.Signature{Validator: v.Name, Signature: start.Sign(network, checkpoint.Attestation, key)})
		}
	}
	return change
}

// opening is the batch that opens an epoch after a batch.
func (s *scribe) opening(change checkpoint.EpochChange, after ledger.Head, spoil func(*tx.BatchHeader)) []byte {
	h := tx.BatchHeader{
		Epoch: change.Epoch, Number: after.Batch + 1, PreviousHash: after.BatchHash, TimeUnixMs: s.n.nowUnixMs(), Leader: "v3", Term: 1, EpochChange: change.Encode(),
	}
	if spoil != nil {
		spoil(&h)
	}
	return tx.SealBatch(s.n.network, h, nil, s.world.Validators["v3"])
}

func (s *scribe) export() []byte {
	s.t.Helper()
	var out bytes.Buffer
	if err := s.n.store.Export(&out); err != nil {
		s.t.Fatal(err)
	}
	return out.Bytes()
}

// final makes a tree final on the node.
func (s *scribe) final(h ledger.Head) {
	s.t.Helper()
	s.sealed(h)
	if s.n.FinalSize() != h.Size {
		s.t.Fatalf("final size %d, want %d", s.n.FinalSize(), h.Size)
	}
}

// sealed tells the node that others made a tree final.
func (s *scribe) sealed(h ledger.Head) {
	s.t.Helper()
	c := checkpoint.Checkpoint{Network: s.n.network, Size: h.Size, Root: h.Root}
	var cosigs []checkpoint.Cosignature
	for _, v := range s.world.Set[:s.world.Set.Quorum()] {
		cosigs = append(cosigs, c.Cosign(v.Name, s.world.Validators[v.Name], 1))
	}
	note, err := c.Seal(s.world.Set, cosigs)
	if err != nil {
		s.t.Fatal(err)
	}
	s.n.sealed(note, c)
}

// stages are how far a list of payments has come.
func (s *scribe) stages(payments ...*tx.Signed) (all []Stage) {
	s.t.Helper()
	for _, p := range payments {
		status, err := s.n.lookup(p.ID())
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, status.Stage)
	}
	return all
}

// TestEpochTakesBack: an epoch goes on after its start, and what came after the start is open again and may be ordered once
// more. What the leader of the next term recalls from its log is just that.
func TestEpochTakesBack(t *testing.T) {
	s := newScribe(t)
	first, one := s.pays()
	_, two := s.pays()
	last, three := s.pays()
	if a := s.order(s.opening(s.change(1, voteOf(first)), first, nil)).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	head := s.n.store.Head()
	if head.Epoch != 1 || head.Batch != first.Batch+1 || s.n.store.Pending() != 2 {
		t.Fatalf("epoch %d, batch %d, %d pending", head.Epoch, head.Batch, s.n.store.Pending())
	}
	if got := fmt.Sprint(s.stages(one, two, three)); got != fmt.Sprint([]Stage{Accepted, Unknown, Unknown}) {
		t.Errorf("stages %s", got)
	}
	if a := s.order(s.next()); a.(*applied).void != nil {
		t.Error("no batch in the new epoch:", a)
	}
	// A batch of the epoch before is void, though it came from who led then.
	old := tx.SealBatch(s.n.network, tx.BatchHeader{Number: last.Batch + 1, PreviousHash: last.BatchHash, TimeUnixMs: s.n.nowUnixMs(), Leader: "v2", Term: 1}, nil, s.world.Validators["v2"])
	if a := s.order(old).(*applied); !errors.Is(a.void, ledger.ErrVoid) {
		t.Error("a batch of the epoch before:", a.void)
	}
	if err := s.n.packer.recall(); err != nil {
		t.Fatal(err)
	}
	var recalled []tx.ID
	for _, r := range s.n.packer.carried {
		recalled = append(recalled, r.signed.ID())
	}
	if fmt.Sprint(recalled) != fmt.Sprint([]tx.ID{two.ID(), three.ID()}) {
		t.Errorf("recalled %v, want %v", recalled, []tx.ID{two.ID(), three.ID()})
	}
	if a := s.order(s.next(two, three)).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	if got := fmt.Sprint(s.stages(one, two, three)); got != fmt.Sprint([]Stage{Accepted, Accepted, Accepted}) {
		t.Errorf("stages %s", got)
	}
	if _, err := s.n.store.Audit(); err != nil {
		t.Error(err)
	}
}

// TestEpochGivesUpWhatTheOneBeforeDid: a certificate was not among the votes for one epoch and is among those for the next.
// Its tree was given up everywhere when the first was opened, so the second starts where the first did: else one late
// validator would hold up everybody for ever.
func TestEpochGivesUpWhatTheOneBeforeDid(t *testing.T) {
	s := newScribe(t)
	first, _ := s.pays()
	_, two := s.pays()
	certified, _ := s.pays()
	s.order(s.opening(s.change(1, voteOf(first)), first, nil))
	s.pays()
	later, three := s.pays()
	if a := s.order(s.opening(s.change(2, voteOf(certified)), first, nil)).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	if head := s.n.store.Head(); head.Epoch != 2 || head.Batch != first.Batch+1 {
		t.Errorf("epoch %d, batch %d", head.Epoch, head.Batch)
	}
	if got := fmt.Sprint(s.stages(two, three)); got != fmt.Sprint([]Stage{Unknown, Unknown}) {
		t.Errorf("stages %s", got)
	}
	// A tree of an epoch that this log does not know is in another log.
	later.Epoch = 3
	if a := s.order(s.opening(s.change(4, voteOf(later)), later, nil)); a != errFatal {
		t.Errorf("a start in a later epoch: %v", a)
	}
}

// TestEpochFromTheGenesis: without any certificate an epoch starts where everything does.
func TestEpochFromTheGenesis(t *testing.T) {
	s := newScribe(t)
	genesis := s.n.store.Head()
	_, one := s.pays()
	if a := s.order(s.opening(s.change(1, checkpoint.Vote{}), genesis, nil)).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	if got := s.stages(one); got[0] != Unknown || s.n.store.Head().Batch != 1 {
		t.Errorf("stage %v at batch %d", got, s.n.store.Head().Batch)
	}
}

// TestOpeningWhatIsOpen: a leader that is given an epoch's change again orders nothing.
func TestOpeningWhatIsOpen(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	change := s.change(1, voteOf(start))
	if a, ok := s.order(s.opening(change, start, nil)).(*applied); !ok || a.void != nil {
		t.Fatalf("the opening: %v", a)
	}
	if err := s.n.packer.open(change); err != nil {
		t.Errorf("the same again: %v", err)
	}
}

// TestABatchOfAnotherTermIsVoid: or a liar could order an honest leader's batch of one term again in another, and frame it.
func TestABatchOfAnotherTermIsVoid(t *testing.T) {
	s := newScribe(t)
	head := s.n.store.Head()
	for _, term := range []uint64{0, 2, 1 << 40} {
		batch := tx.SealBatch(s.n.network, tx.BatchHeader{
			Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: s.n.nowUnixMs(), Leader: "v2", Term: term,
		}, nil, s.world.Validators["v2"])
		if a, ok := s.order(batch).(*applied); !ok || !errors.Is(a.void, ledger.ErrVoid) {
			t.Errorf("term %d, ordered in term 1: %v", term, a)
		}
	}
	if s.n.store.Head() != head {
		t.Error("a void batch left something")
	}
}

// TestVoidOpenings: what opens no epoch leaves no trace, and takes nothing back.
func TestVoidOpenings(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	head, _ := s.pays()
	good := s.change(1, voteOf(start))
	few := good
	few.Votes = few.Votes[:2]
	same := s.change(0, checkpoint.Vote{})
	same.Epoch = 0
	other := voteOf(start)
	other.Root[0] ^= 1
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"too few votes", s.opening(few, start, nil)},
		{"an epoch that is not the one voted for", s.opening(good, start, func(h *tx.BatchHeader) { h.Epoch = 2 })},
		{"not after its start", s.opening(good, head, nil)},
		{"another hash before", s.opening(good, start, func(h *tx.BatchHeader) { h.PreviousHash[0] ^= 1 })},
		{"time goes back", s.opening(good, start, func(h *tx.BatchHeader) { h.TimeUnixMs = start.TimeUnixMs - 1 })},
		{"no validator leads", s.opening(good, start, func(h *tx.BatchHeader) { h.Leader = "v9" })},
		{"signed by another", s.opening(good, start, func(h *tx.BatchHeader) { h.Leader = "v1" })},
		{"with transactions", tx.SealBatch(s.n.network, tx.BatchHeader{
			Epoch: 1, Number: start.Batch + 1, PreviousHash: start.BatchHash, TimeUnixMs: s.n.nowUnixMs(), Leader: "v3", Term: 1, EpochChange: good.Encode(),
		}, [][]byte{s.pay(s.world.Juma.Account, 1).Envelope()}, s.world.Validators["v3"])},
		{"the epoch in force", s.opening(same, start, nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, ok := s.order(c.data).(*applied)
			if !ok || !errors.Is(a.void, ledger.ErrVoid) {
				t.Errorf("%v", a)
			}
			if got := s.n.store.Head(); got != head {
				t.Errorf("head is batch %d of epoch %d", got.Batch, got.Epoch)
			}
		})
	}
	// A start that this log never led to: the log is suspected once, and the entry is not passed over.
	elsewhere := s.opening(s.change(1, other), start, nil)
	if a := s.order(elsewhere); a != errFatal {
		t.Errorf("a start that is elsewhere: %v", a)
	}
}

// TestEpochBelowWhatIsFinal: a quorum's votes that take back what is final prove that more than f lie. The node ends.
func TestEpochBelowWhatIsFinal(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	final, _ := s.pays()
	s.final(final)
	s.order(s.opening(s.change(1, voteOf(start)), start, nil))
	if !errors.Is(s.n.Err(), errForked) {
		t.Errorf("%v", s.n.Err())
	}
	if s.n.store.Head() != final {
		t.Error("something final was taken back")
	}
}

// TestEpochBesideWhatIsFinal: who is shown a quorum for another history below what is final ends, and does not choose.
func TestEpochBesideWhatIsFinal(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	final, _ := s.pays()
	s.final(final)
	other := voteOf(start)
	other.Root[0] ^= 1
	s.order(s.opening(s.change(1, other), start, nil))
	if !errors.Is(s.n.Err(), errForked) || s.n.asked() {
		t.Errorf("%v, a resync asked for: %v", s.n.Err(), s.n.asked())
	}
}

// TestEpochFromAnUnknownOne: a start of an epoch that this log never came to is in another log, though the tree looks the same.
func TestEpochFromAnUnknownOne(t *testing.T) {
	s := newScribe(t)
	head, _ := s.pays()
	unknown := voteOf(head)
	unknown.Epoch++
	if err, ok := s.order(s.opening(s.change(2, unknown), head, nil)).(error); !ok || !errors.Is(err, errFatal) || !s.n.asked() {
		t.Errorf("%v, a resync asked for: %v", err, s.n.asked())
	}
	s.settled()
}

// TestCrashWhileAnEpochOpens: whenever a node is killed, the same log leads it to the same state.
func TestCrashWhileAnEpochOpens(t *testing.T) {
	s := newScribe(t)
	first, _ := s.pays()
	s.order([]byte("void"))
	s.pays()
	s.order([]byte("void"))
	s.pays()
	s.order(s.opening(s.change(1, voteOf(first)), first, nil))
	opened, _ := s.pays()
	s.pays()
	s.order([]byte("void"))
	s.order(s.opening(s.change(2, voteOf(opened)), opened, nil))
	s.pays()
	want, head := s.export(), s.n.store.Head()

	other := newAlone(t, Snapshots{})
	other.world = s.world // The same network and keys.
	other.restart("v1")
	for _, entry := range s.log {
		n := other.nodes["v1"]
		if err := n.raftLog.StoreLog(entry); err != nil {
			t.Fatal(err)
		}
		batch, err := tx.ParseBatch(n.network, entry.Data)
		if err == nil { // A kill between what is taken back and what is put in its place.
			if err := n.turn(batch); err != nil {
				t.Fatalf("entry %d: %v", entry.Index, err)
			}
			other.stop("v1")
			other.restart("v1")
			n = other.nodes["v1"]
		}
		from, _ := n.store.Applied()
		for _, again := range s.log {
			if again.Index > from && again.Index <= entry.Index {
				fsm{n}.Apply(again)
			}
		}
	}
	got := &scribe{cluster: other, n: other.nodes["v1"]}
	if got.n.store.Head() != head || !bytes.Equal(got.export(), want) {
		t.Errorf("batch %d of epoch %d, want %d of %d", got.n.store.Head().Batch, got.n.store.Head().Epoch, head.Batch, head.Epoch)
	}
	if index, _ := got.n.store.Applied(); index != s.log[len(s.log)-1].Index {
		t.Errorf("applied index %d", index)
	}
}

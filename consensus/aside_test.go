package consensus

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// signs stops a node, has it have said something, and starts it again.
func (c *cluster) signs(name string, say func(*finality.State)) *Node {
	c.t.Helper()
	c.stop(name)
	key := c.world.Validators[name]
	file, err := finality.OpenStateFile(filepath.Join(c.dir, name, "signer.state"), finality.Identity{Network: c.world.Network, Name: name, Key: [32]byte(key.Public().(ed25519.PublicKey))})
	if err != nil {
		c.t.Fatal(err)
	}
	state := file.State()
	say(&state)
	if err := file.Save(state); err != nil {
		c.t.Fatal(err)
	}
	c.restart(name)
	return c.nodes[name]
}

// attested is that a tree was attested, wished that an epoch was voted for, and certified that a certificate was heard.
func (c *cluster) attested(name string, at ledger.Head) func(*finality.State) {
	return func(state *finality.State) {
		vote := voteOf(at)
		state.Epoch = at.Epoch
		state.Attested = checkpoint.SignedVote{Vote: vote, Signature: vote.Sign(c.world.Network, checkpoint.Attestation, c.world.Validators[name])}
	}
}

func (c *cluster) wished(name string, epoch uint64) func(*finality.State) {
	return func(state *finality.State) {
		held := state.Highest
		state.Wished = finality.EpochWord{
			Epoch: epoch, Certified: held.Vote, Certificate: held.Signatures, Signature: checkpoint.SignEpoch(c.world.Network, epoch, held.Vote, c.world.Validators[name]),
		}
	}
}

func (c *cluster) certified(at ledger.Head) func(*finality.State) {
	return func(state *finality.State) { state.Highest = c.change(at.Epoch+1, voteOf(at)).Certificate }
}

func (s *scribe) attests(at ledger.Head) {
	s.t.Helper()
	s.n = s.signs("v1", s.attested("v1", at))
}

func (s *scribe) wishes(epoch uint64) {
	s.t.Helper()
	s.n = s.signs("v1", s.wished("v1", epoch))
}

func (s *scribe) hears(at ledger.Head) {
	s.t.Helper()
	s.n = s.signs("v1", s.certified(at))
}

// disputed lets leaders contradict the node for some time.
func (n *Node) disputed(long time.Duration) {
	n.astray.dispute.over()
	now := time.Now()
	for at := now.Add(-long); at.Before(now); at = at.Add(disputePause) {
		n.astray.dispute.again(at)
	}
	n.astray.dispute.again(now)
}

// lacked lets the node not have had what is certified for some time.
func (n *Node) lacked(long time.Duration) {
	n.astray.lacking.mu.Lock()
	defer n.astray.lacking.mu.Unlock()
	n.astray.lacking.since = time.Now().Add(-long)
}

// entries are the end of raft's log.
func (s *scribe) entries(after uint64) (all []raft.Log) {
	s.t.Helper()
	last, err := s.n.raftLog.LastIndex()
	for i := after + 1; i <= last && err == nil; i++ {
		all = append(all, raft.Log{})
		err = s.n.raftLog.GetLog(i, &all[len(all)-1])
		all[len(all)-1].AppendedAt = time.Time{}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// wentBack is a node that has attested one of three trees above what is final, left the epoch and gone back.
func wentBack(t *testing.T) (s *scribe, attested, head ledger.Head, log []raft.Log) {
	t.Helper()
	s = newScribe(t)
	s.pays()
	final, _ := s.pays()
	s.final(final)
	s.pays()
	s.order([]byte("void"))
	attested, _ = s.pays()
	head, _ = s.pays()
	s.order([]byte("void"))
	log = s.entries(s.n.store.FloorMade())
	s.attests(attested)
	s.wishes(1)
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	if !s.n.asked() {
		t.Fatal("it does not go back")
	}
	s.settled()
	s.log = s.log[:s.n.store.FloorMade()-1]
	if s.n.store.Head() != final {
		t.Fatalf("it went back to batch %d, final is %d", s.n.store.Head().Batch, final.Batch)
	}
	return s, attested, head, log
}

// TestWhoSaysNothingMoreGoesBack: nothing proves that a validator was fed a lie where nothing becomes final without it. It goes back
// when leaders contradict it, and it has left all epochs in which it has attested; and what it forgets stays.
func TestWhoSaysNothingMoreGoesBack(t *testing.T) {
	s := newScribe(t)
	attested, _ := s.pays()
	s.attests(attested)
	s.n.disputed(suspectPatience + time.Second)
	if s.n.lookAgain(); s.n.asked() {
		t.Fatal("while it may attest in its epoch")
	}
	for _, status := range []finality.Status{{Wished: 1, AttestedIn: 1}, {Wished: 2, AttestedIn: 3}, {}} {
		if s.n.lookAt(status); s.n.asked() {
			t.Fatalf("voted for %d, attested in %d", status.Wished, status.AttestedIn)
		}
	}
	s.wishes(1)
	if s.n.lookAgain(); s.n.asked() {
		t.Fatal("while nobody contradicts it")
	}
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	if !s.n.asked() {
		t.Fatal("not at all")
	}
	s.settled()
	if a, kept := s.n.asides.find(0); !kept || a.Attested != attested.Size || !a.starts(voteOf(attested)) {
		t.Errorf("kept aside: %+v", a)
	}
	if s.n.store.Head().Batch != 0 {
		t.Error("nothing was taken back")
	}
}

// TestACarrierIsPatient: a certified tree may be final elsewhere, and others come to who has it.
func TestACarrierIsPatient(t *testing.T) {
	s := newScribe(t)
	s.pays()
	certified, _ := s.pays()
	s.pays()
	s.attests(certified)
	s.hears(certified)
	s.wishes(1)
	s.n.disputed(carrierPatience - time.Second)
	if s.n.lookAgain(); s.n.asked() {
		t.Fatal("at once")
	}
	s.n.disputed(carrierPatience + disputePause)
	if s.n.lookAgain(); !s.n.asked() {
		t.Error("never: others may have opened an epoch without the certificate")
	}
	s.settled()
}

// TestPutBack: liars show a certificate of a tree when nobody honest has it any more. Who has attested it has it again: log and state are what
// they were, and what is committed there is held against every leader.
func TestPutBack(t *testing.T) {
	s, attested, head, log := wentBack(t)
	s.pays() // Of another log.
	s.hears(attested)
	if s.n.lookAgain(); s.n.asked() {
		t.Fatal("at once: the own log may be on its way there")
	}
	s.n.lacked(suspectPatience + time.Second)
	s.n.lookAgain()
	if !s.n.asked() {
		t.Fatal("what is certified is not put back")
	}
	s.settled()
	if s.n.store.Head() != head {
		t.Fatalf("batch %d of epoch %d, want %d", s.n.store.Head().Batch, s.n.store.Head().Epoch, head.Batch)
	}
	if got := s.entries(s.n.store.FloorMade()); !reflect.DeepEqual(got, log) {
		t.Errorf("%d entries, want %d", len(got), len(log))
	}
	if applied, _ := s.n.store.Applied(); applied != log[len(log)-1].Index {
		t.Errorf("applied up to %d", applied)
	}
	if _, err := s.n.store.Audit(); err != nil {
		t.Error(err)
	}
	if s.n.lookAgain(); s.n.astray.due {
		t.Error("once more")
	}
	if err := s.n.asides.drop(attested.Size - 1); err != nil || len(s.n.asides.all()) != 1 {
		t.Errorf("dropped by what is final below: %v", err)
	}
	s.final(attested)
	s.eventually("what nothing can need any more goes", func() bool {
		_, err := os.Stat(s.n.asides.path(0))
		return errors.Is(err, os.ErrNotExist)
	})
}

// TestPutBackBelow: the log was cut behind the last snapshot meanwhile, and the others' is another below what was kept aside. What of it is final is
// in the state.
func TestPutBackBelow(t *testing.T) {
	s, attested, head, log := wentBack(t)
	s.n.astray.mu.Lock()
	s.n.astray.last = time.Now().Add(-resyncPause)
	s.n.astray.mu.Unlock()
	if !s.n.strayed(errors.New("asked for by the test")) || !s.n.astray.target.deep() {
		t.Fatal("the second one is not deep")
	}
	s.settled()
	least := s.n.store.Floor().Batch + 1
	if last := s.n.member().LastIndex(); last != least {
		t.Fatalf("raft ends at %d", last)
	}
	s.log = s.log[:least-1]
	s.order([]byte("shifted")) // The others' log is another, from there.
	s.pays()
	s.hears(attested)
	s.n.lacked(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	if s.n.store.Head() != head {
		t.Fatalf("batch %d of epoch %d, want %d", s.n.store.Head().Batch, s.n.store.Head().Epoch, head.Batch)
	}
	s.putBack(head, log)
}

// TestAsidesAreKept: what was kept of an epoch is never written over, and when there is no room nothing is forgotten.
func TestAsidesAreKept(t *testing.T) {
	s, attested, _, _ := wentBack(t)
	before, _ := s.n.asides.find(0)
	s.pays()
	s.n.astray.mu.Lock()
	s.n.astray.last = time.Time{}
	s.n.astray.mu.Unlock()
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	if again, kept := s.n.asides.find(0); !kept || !reflect.DeepEqual(before, again) || again.Attested != attested.Size {
		t.Errorf("kept %+v, then %+v", before, again)
	}
	full := finality.Status{AttestedIn: 9, Attested: 1 << 40, Wished: 10}
	for i := uint64(1); i < maxAsides; i++ {
		if !s.n.mayKeepAside(full) {
			t.Fatalf("no room for one more than %d", i)
		}
		if err := s.n.asides.put(aside{AttestedIn: i, Attested: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	if s.n.mayKeepAside(full) {
		t.Error("it would forget what it cannot keep")
	}
	full.AttestedIn = 0
	if !s.n.mayKeepAside(full) {
		t.Error("it stays for what it has kept")
	}
}

// TestKeptAsideOfAShortLog: a disk that lost the end of raft's log does not keep a validator from going back.
func TestKeptAsideOfAShortLog(t *testing.T) {
	s := newScribe(t)
	s.pays()
	attested, _ := s.pays()
	s.attests(attested)
	s.wishes(1)
	last, err := s.n.raftLog.LastIndex()
	if err == nil {
		err = s.n.raftLog.DeleteRange(last, last)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.n.disputed(suspectPatience + time.Second)
	s.n.lookAgain()
	s.settled()
	if a, kept := s.n.asides.find(0); !kept || a.Last != last-1 || s.n.store.Head().Batch != 0 {
		t.Errorf("batch %d, kept aside %+v, want up to %d", s.n.store.Head().Batch, a, last-1)
	}
}

// TestStartsHere: who leads without the highest certified tree, where an epoch would have to start from it, has not got all that was ordered.
func TestStartsHere(t *testing.T) {
	s := newScribe(t)
	start, _ := s.pays()
	own := voteOf(start)
	s.order(s.opening(s.change(3, own), start, nil))
	head, _ := s.pays()
	in := voteOf(head)
	another := in
	another.Root[0] ^= 1
	for _, row := range []struct {
		at   checkpoint.Vote
		want bool
	}{
		{checkpoint.Vote{}, true}, {own, true}, {in, true}, {another, false}, {checkpoint.Vote{Epoch: 2, Size: 1 << 40}, true},
		{checkpoint.Vote{Epoch: 3, Size: 1 << 40}, false}, {checkpoint.Vote{Epoch: 4, Size: in.Size, Root: in.Root}, false},
	} {
		if got := s.n.startsHere(row.at); got != row.want {
			t.Errorf("%+v: %v", row.at, got)
		}
	}
	s.final(head)
	another.Epoch = 4
	if !s.n.startsHere(another) {
		t.Error("what is final holds it, or more lie than the network stands")
	}
}

// TestLacking: a log may be late. Who leads without what is certified, in however many terms, is not.
func TestLacking(t *testing.T) {
	var l lacking
	start := time.Now()
	for i, step := range []struct {
		now, leads   bool
		after        time.Duration
		lasts, unfit bool
	}{
		{true, false, 0, false, false},
		{true, true, suspectPatience, false, false},
		{true, false, suspectPatience + 1, true, false},
		{true, true, suspectPatience + 2*time.Second, true, false},
		{true, false, suspectPatience + 3*time.Second, true, false},
		{true, true, suspectPatience + 4*time.Second, true, false},
		{true, true, suspectPatience + 5*time.Second, true, true},
		{false, true, suspectPatience + 6*time.Second, false, false},
		{true, true, suspectPatience + 7*time.Second, false, false},
		{true, true, 2*suspectPatience + 8*time.Second, true, false}, // Nobody looked meanwhile.
	} {
		if lasts, unfit := l.look(step.now, step.leads, start.Add(step.after)); lasts != step.lasts || unfit != step.unfit {
			t.Errorf("step %d: lasts %v, unfit %v", i, lasts, unfit)
		}
	}
}

// TestAsideStarts: as an epoch starts in a log.
func TestAsideStarts(t *testing.T) {
	held := checkpoint.Vote{Epoch: 3, Size: 7, Root: [32]byte{1}}
	a := aside{Epoch: 3, Trees: []checkpoint.Vote{held}}
	for _, row := range []struct {
		at   checkpoint.Vote
		want bool
	}{
		{held, true}, {checkpoint.Vote{}, false}, {checkpoint.Vote{Epoch: 2, Size: 9}, true}, {checkpoint.Vote{Epoch: 4, Size: 7, Root: held.Root}, false},
		{checkpoint.Vote{Epoch: 3, Size: 8, Root: held.Root}, false}, {checkpoint.Vote{Epoch: 3, Size: 7}, false},
	} {
		if got := a.starts(row.at); got != row.want {
			t.Errorf("%+v: %v", row.at, got)
		}
	}
}

package consensus

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// TestWhoHasTheFarSnapshotBeginsAgain: the place in raft's log that came with a snapshot is what one leader said. Who goes back gives it up, and
// goes on with any leader's log.
func TestWhoHasTheFarSnapshotBeginsAgain(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.order([]byte("void"))
	final, snapshot := s.paysFinal()
	s.overtaken(snapshot)
	s.n.goBack(errKilled, resyncShallow)
	s.settled()
	for range 2 {
		place, term := s.n.local().Base()
		if place != final.Batch+1 || term != leastTerm || s.n.member().LastIndex() != place || s.n.store.Head() != final {
			t.Fatalf("raft begins at %d of term %d and ends at %d; batch %d", place, term, s.n.member().LastIndex(), s.n.store.Head().Batch)
		}
		if applied, _ := s.n.store.Applied(); applied != place {
			t.Errorf("applied up to %d", applied)
		}
		if list, err := s.n.snapshots.List(); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].Configuration, s.members()) {
			t.Errorf("snapshots %+v: %v", list, err)
		}
		s.stop("v1")
		s.restart("v1")
		s.n = s.nodes["v1"]
	}
	// The same place with more final is another one.
	s.log = s.log[:final.Batch]
	more, _ := s.pays()
	s.final(more)
	s.n.goBack(errKilled, resyncDeep)
	s.settled()
	if last := s.n.member().LastIndex(); last != more.Batch+1 {
		t.Errorf("raft ends at %d", last)
	}
}

// TestALiarsPlaceIsNotTheLeast: that a snapshot is said to end in the first term does not make its place the least one.
func TestALiarsPlaceIsNotTheLeast(t *testing.T) {
	s := newScribe(t)
	_, snapshot := s.paysFinal()
	snapshot.term = leastTerm
	s.overtaken(snapshot)
	s.stop("v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	if index, ok, err := s.n.standsAtLeast(); err != nil || ok {
		t.Errorf("%d, %v", index, err)
	}
	if index, _ := s.n.local().Base(); index != 0 {
		t.Errorf("any leader's log goes on at %d", index)
	}
}

// TestLeastPlaceAfterASetChange: who begins with what is final after raft's members have changed must not be given the changes again.
func TestLeastPlaceAfterASetChange(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprint("log cut: ", cut), func(t *testing.T) { leastAfterASetChange(t, cut) })
	}
}

// replacesALeader has v5 take the place of whoever leads in the validator set.
func (c *cluster) replacesALeader() {
	c.t.Helper()
	left := c.leader().Name()
	var after []string
	for _, v := range c.world.Set {
		if v.Name != left {
			after = append(after, v.Name)
		}
	}
	after = append(after, "v5")
	c.newcomer("v5")
	c.decide(c.set(after...), "v2", "v1", "v3")
	c.joins = map[string]bool{"v5": true}
	c.restart("v5")
	c.reigns(after...)
	removed := c.nodes[left]
	delete(c.nodes, left)
	c.t.Cleanup(func() { removed.Close() })
}

func leastAfterASetChange(t *testing.T, cut bool) {
	c := newCluster(t)
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1_00), Final)
	c.replacesALeader()
	for range 3 {
		c.submit(c.leader(), c.pay(c.world.Juma.Account, 2_00), Final)
	}
	n := c.follower()
	for n.Name() == "v5" {
		n = c.follower()
	}
	name := n.Name()
	n.renew("x")
	list, err := n.snapshots.List()
	if err != nil || len(list) != 1 {
		t.Fatalf("%d snapshots: %v", len(list), err)
	}
	c.stop(name)
	if cut {
		w := c.stoppedLog(name)
		first, err := w.FirstIndex()
		if err = errors.Join(err, w.DeleteRange(first, list[0].Index-1), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	c.restart(name)
	n = c.nodes[name]
	c.submit(c.leader(), c.pay(c.world.Juma.Account, 2_00), Final)
	n.goBack(errKilled, resyncDeep)
	s := c.submit(c.leader(), c.pay(c.world.Juma.Account, 3_00), Final)
	c.eventually("it follows", func() bool { return n.store.Head().Size > s.LeafIndex })
}

// TestALeastPlaceArrives: who stands at the least place with more sends its snapshot, which ends before any that is here. Raft would count it among the old ones.
func TestALeastPlaceArrives(t *testing.T) {
	s := newScribe(t)
	for range 3 {
		s.order([]byte("void"))
	}
	for range 3 {
		s.final(first(s.pays()))
		s.n.renew("v2")
	}
	captured := s.captured()
	snapshot := captured()
	snapshot.index, snapshot.term = snapshot.head.Batch+1, 1
	list, err := s.n.snapshots.List()
	if err != nil || len(list) != keptSnapshots {
		t.Fatalf("%d snapshots: %v", len(list), err)
	}
	// As its sender has it: made there.
	if err := s.n.store.Rewind(snapshot.index, 1); err != nil {
		t.Fatal(err)
	}
	snapshot.raw = s.captured()().raw
	if err := deliver(s.n, s.members(), snapshot); err != nil {
		t.Fatal(err)
	}
	if err := s.n.snapshots.reap(); err != nil {
		t.Fatal(err)
	}
	_, r, err := s.n.snapshots.Open(s.n.snapshots.arrived.id)
	if err != nil {
		t.Fatalf("it is gone: %v", err)
	}
	if err := (fsm{s.n}).Restore(r); err != nil {
		t.Fatal(err)
	}
	if list, err = s.n.snapshots.List(); err != nil || len(list) != 1 || list[0].Index != snapshot.index {
		t.Errorf("kept %+v: %v", list, err)
	}
}

// sentAtTheEnd is a node, and a true snapshot that is said to end where its log does.
func sentAtTheEnd(t *testing.T) (s *scribe, snapshot sent) {
	t.Helper()
	s = newScribe(t)
	for range 3 {
		s.order([]byte("void"))
	}
	_, snapshot = s.paysFinal()
	s.stop("v1")
	s.restart("v1")
	s.n = s.nodes["v1"]
	snapshot.index = s.n.member().LastIndex()
	return s, snapshot
}

// TestATailKeepsThePlace: raft goes on to have the end of a longer log in mind. To be rid of that, the place that came with the snapshot is not given up.
func TestATailKeepsThePlace(t *testing.T) {
	s, snapshot := sentAtTheEnd(t)
	if err := errors.Join(deliver(s.n, s.members(), snapshot), restore(s.n)); err != nil {
		t.Fatal(err)
	}
	s.settled()
	if s.n.astray.target != resyncTail {
		t.Fatal("raft has the longer log in mind")
	}
	if list, err := s.n.snapshots.List(); err != nil || len(list) != 1 || list[0].Index != snapshot.index || list[0].Term != snapshot.term || s.n.member().LastIndex() != snapshot.index {
		t.Errorf("raft begins with %+v and ends at %d: %v", list, s.n.member().LastIndex(), err)
	}
}

// TestPlaceTooLow: a snapshot at a place that no log with so many batches has is refused. Who took it would have each batch before where others at the
// least place look for it.
func TestPlaceTooLow(t *testing.T) {
	s := newScribe(t)
	for range 3 {
		s.pays()
	}
	final, _ := s.pays()
	s.final(final)
	if err := s.n.store.Rewind(1, 1); err != nil { // As a liar has it.
		t.Fatal(err)
	}
	low := s.captured()()
	if low.head != final {
		t.Fatalf("a snapshot of batch %d, want %d", low.head.Batch, final.Batch)
	}
	low.term = leastTerm
	for _, index := range []uint64{2, final.Batch} {
		victim := newAgain(t, s.cluster)
		victim.restart("v1")
		low.index = index
		if err := deliver(victim.nodes["v1"], s.members(), low); !errors.Is(err, errSnapshotIndex) {
			t.Errorf("batch %d at entry %d: %v", final.Batch, index, err)
		}
	}
	victim := newAgain(t, s.cluster)
	victim.restart("v1")
	low.index = final.Batch + 1
	if err := deliver(victim.nodes["v1"], s.members(), low); err != nil {
		t.Error("at the least place:", err)
	}
}

// TestPutBacksDoNotKeepOneFromTheLeastPlace: what is put back is contradicted again, and the entries behind the final batch as well. The second that
// is not a put-back goes to the least place, whatever came between.
func TestPutBacksDoNotKeepOneFromTheLeastPlace(t *testing.T) {
	s, attested, _, _ := wentBack(t)
	s.hears(attested)
	for _, c := range []struct {
		cause func()
		want  target
	}{
		{func() { s.n.lacked(suspectPatience + time.Second) }, resyncPutBack(0)},
		{func() { s.n.disputed(carrierPatience + disputePause) }, resyncKept},
		{func() { s.n.lacked(suspectPatience + time.Second) }, resyncPutBack(0)},
		{func() { s.n.disputed(carrierPatience + disputePause) }, resyncDeepKept},
		{func() { s.n.lacked(suspectPatience + time.Second) }, resyncPutBack(0)},
	} {
		s.n.aMinuteLater()
		c.cause()
		s.n.lookAgain()
		if got := s.n.astray.target; !s.n.asked() || got != c.want {
			t.Fatalf("asked for %q, want %q", got, c.want)
		}
		s.settled()
	}
	s.final(attested)
	if s.n.goBack(errKilled, resyncShallow); s.n.astray.target != resyncShallow {
		t.Errorf("after more was final: %q", s.n.astray.target)
	}
	s.settled()
}

// TestATailIsForgottenAtOnce: a liar that leads sends true snapshots again and again into logs that it has made longer. Each time raft starts again, is given
// no entries before, and goes back no further: in the end all to whom it does so would begin with nothing.
func TestATailIsForgottenAtOnce(t *testing.T) {
	s, snapshot := sentAtTheEnd(t)
	now := time.Now()
	s.n.astray.mu.Lock()
	s.n.astray.last, s.n.astray.floor, s.n.astray.tried = now, s.n.store.Floor().Size, 1
	s.n.astray.mu.Unlock()
	before := s.n.member()
	s.n.astray.running.Lock() // The resync waits.
	if err := errors.Join(deliver(s.n, s.members(), snapshot), restore(s.n)); err != nil {
		t.Fatal(err)
	}
	if !s.n.local().Stale() {
		t.Error("raft is given entries after the end of a log that is gone")
	}
	s.n.astray.running.Unlock()
	s.settled()
	if s.n.member() == before || s.n.local().Stale() {
		t.Fatal("raft has the longer log in mind")
	}
	if s.n.astray.target != resyncTail || s.n.astray.tried != 1 || s.n.astray.last != now {
		t.Fatalf("it went back %q, after %d", s.n.astray.target, s.n.astray.tried)
	}
	if s.n.strayed(errKilled) {
		t.Error("a liar ends the pause")
	}
}

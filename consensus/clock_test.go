package consensus

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// skewed gives every node of a network that does not run yet a clock that the test sets: so far from the machine's.
func (c *cluster) skewed() map[string]*atomic.Int64 {
	ahead := make(map[string]*atomic.Int64)
	c.clocks = make(map[string]func() time.Time)
	for name := range c.addresses {
		by := new(atomic.Int64)
		ahead[name] = by
		c.clocks[name] = func() time.Time { return time.Now().Add(time.Duration(by.Load())) }
	}
	return ahead
}

const halfAnHour = int64(30 * time.Minute)

// TestALeaderWithAClockAheadIsDropped: nobody attests what a leader packs whose clock is half an hour ahead. The others
// complain of it, another leads, the next epoch takes the early time back, and the payment becomes final now, not later.
func TestALeaderWithAClockAheadIsDropped(t *testing.T) {
	c := newStopped(t, Snapshots{})
	ahead := c.skewed()
	c.startAll()
	c.submit(c.follower(), c.pay(c.world.Juma.Account, 1), Final)
	var leader string
	var signed *tx.Signed
	for hasty := false; !hasty; { // A leader that is replaced at this moment packs nothing any more.
		leader = c.leader().Name()
		ahead[leader].Store(halfAnHour)
		signed = c.pay(c.world.Juma.Account, 2)
		hasty = c.submit(c.nodes[leader], signed, Accepted).TimeUnixMs > uint64(time.Now().Add(20*time.Minute).UnixMilli())
		if !hasty {
			ahead[leader].Store(0)
		}
	}
	through := c.other(leader)
	s := c.submitWithin(90*time.Second, through, signed, Final)
	if s.TimeUnixMs > uint64(time.Now().UnixMilli())+maxAheadMs {
		t.Errorf("it became final %d ms ahead of the clock", int64(s.TimeUnixMs)-time.Now().UnixMilli())
	}
	if now := c.leader().Name(); now == leader {
		t.Errorf("%s still leads", leader)
	}
	if epoch := through.Head().Epoch; epoch == 0 {
		t.Error("final without a new epoch: somebody attested it")
	}
}

// TestFinalTimeStandsStill: all clocks were ahead, so what became final is. When they are right again, payments go on at
// once, and ledger time stands until the clocks have come to it.
func TestFinalTimeStandsStill(t *testing.T) {
	c := newStopped(t, Snapshots{})
	ahead := c.skewed()
	for _, by := range ahead {
		by.Store(halfAnHour)
	}
	c.startAll()
	first := c.submit(c.leader(), c.pay(c.world.Juma.Account, 1), Final)
	c.agree(first.LeafIndex + 1)
	for _, by := range ahead {
		by.Store(0)
	}
	for range 3 {
		s := c.submit(c.follower(), c.pay(c.world.Juma.Account, 1), Final)
		if s.TimeUnixMs < first.TimeUnixMs || s.TimeUnixMs > first.TimeUnixMs+maxAheadMs {
			t.Errorf("ledger time went from %d to %d", first.TimeUnixMs, s.TimeUnixMs)
		}
	}
}

// TestEarly: what a clock says of a batch's time.
func TestEarly(t *testing.T) {
	c := newStopped(t, Snapshots{})
	var now atomic.Uint64
	c.clocks = map[string]func() time.Time{"v1": func() time.Time { return time.UnixMilli(int64(now.Load())) }}
	at := c.world.Genesis.TimeUnixMs + 3_600_000
	now.Store(at)
	c.restart("v1")
	final := c.nodes["v1"].store.FinalHead().TimeUnixMs
	for _, row := range []struct {
		clock, time uint64
		early       bool
	}{
		{at, 0, false}, {at, at, false}, {at, at + maxAheadMs, false}, {at, at + maxAheadMs + 1, true}, {at, 1 << 63, true},
		{0, final, false}, {0, final + 1, true},
	} {
		now.Store(row.clock)
		if got := c.nodes["v1"].early(row.time); got != row.early {
			t.Errorf("time %d at %d: early %v, want %v", row.time, row.clock, got, row.early)
		}
	}
}

// aheadAlone is a node alone whose clock is half an hour ahead, and its error, in milliseconds.
func aheadAlone(t *testing.T) (s *scribe, ahead *atomic.Int64) {
	t.Helper()
	c := newStopped(t, Snapshots{})
	ahead = c.skewed()["v1"]
	ahead.Store(halfAnHour)
	c.restart("v1")
	return &scribe{cluster: c, n: c.nodes["v1"]}, ahead
}

// TestTimeOfTheEpochsStart: a time that a quorum has attested, with clocks that were set back before it was final, is not early once an epoch starts
// there, though no later one is attested.
func TestTimeOfTheEpochsStart(t *testing.T) {
	s, ahead := aheadAlone(t)
	start, _ := s.pays()
	s.pays()
	ahead.Store(0)
	if !s.n.packer.held() || s.n.mayAttest(start.Size) {
		t.Fatal("a time far ahead, which a quorum may have attested or not, is not early")
	}
	if a := s.order(s.opening(s.change(1, voteOf(start)), start, func(h *tx.BatchHeader) { h.TimeUnixMs = start.TimeUnixMs })).(*applied); a.void != nil {
		t.Fatal(a.void)
	}
	if s.n.packer.held() || !s.n.mayAttest(s.n.store.Head().Size) {
		t.Error("an epoch waits for clocks to come to where it starts")
	}
	if !s.n.early(start.TimeUnixMs + 1) {
		t.Error("a later time is not early")
	}
}

// TestHeld: a leader packs nothing on a time that nobody attests yet, until it is final; nor on too much that is not final.
func TestHeld(t *testing.T) {
	s, ahead := aheadAlone(t)
	p := s.n.packer
	s.pays()
	if p.held() {
		t.Error("by its own time")
	}
	ahead.Store(0)
	head := s.n.store.Head()
	if !p.held() || s.n.mayAttest(head.Size) {
		t.Error("not by a time far ahead")
	}
	s.final(head)
	if p.held() {
		t.Error("by a time that is final")
	}
	for i := range maxTentative {
		if p.held() {
			t.Fatalf("by %d batches", i)
		}
		if a, ok := s.order(s.next()).(*applied); !ok || a.void != nil {
			t.Fatalf("batch %d: %v", i, a)
		}
	}
	if !p.held() {
		t.Errorf("not by %d batches that are not final", s.n.store.Pending())
	}
}

// TestOneBatchForAPlace: a leader signs no second batch of one epoch and number in one term, or it could be accused.
func TestOneBatchForAPlace(t *testing.T) {
	s := newScribe(t)
	p := s.n.packer
	for i, row := range []struct {
		term, epoch, number uint64
		may                 bool
	}{
		{3, 0, 5, true}, {3, 0, 5, false}, {3, 0, 6, true}, {3, 1, 6, true}, {3, 1, 6, false}, {4, 1, 6, true},
	} {
		p.term.Store(row.term)
		if err := p.sign(row.epoch, row.number); (err == nil) != row.may || err != nil && !errors.Is(err, errSigned) {
			t.Errorf("step %d: %v", i, err)
		}
	}
	p.term.Store(0)
}

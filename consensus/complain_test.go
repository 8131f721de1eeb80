package consensus

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestAStallingLeaderIsDropped: the leader goes on beating its heart and orders nothing. The others complain, drop it, and the
// payment is made under another leader; the one that stalled follows it.
func TestAStallingLeaderIsDropped(t *testing.T) {
	testDropped(t, func(*tx.Signed) bool { return true })
}

// TestACensoringLeaderIsDropped: the leader orders everything but one account's payments, which is told to one validator
// only. That validator offers it to the others, so that f+1 see it left out.
func TestACensoringLeaderIsDropped(t *testing.T) {
	var censored atomic.Pointer[tx.ID]
	c := testDropped(t, func(s *tx.Signed) bool {
		id := s.ID()
		censored.CompareAndSwap(nil, &id)
		return id == *censored.Load()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for name, n := range c.nodes {
		if s, err := n.Transaction(ctx, *censored.Load(), Final); err != nil || s.Stage != Final {
			t.Errorf("%s: stage %d of what was left out: %v", name, s.Stage, err)
		}
	}
}

// testDropped has the first leader leave out what it says true to, and pays by a follower.
func testDropped(t *testing.T, leaveOut func(*tx.Signed) bool) *cluster {
	t.Helper()
	c := newStopped(t, Snapshots{})
	var liar atomic.Pointer[string]
	c.leaveOut = func(leader string, signed *tx.Signed) bool {
		l := liar.Load()
		return l != nil && *l == leader && leaveOut(signed)
	}
	c.startAll()
	leader := c.leader().Name()
	liar.Store(&leader)

	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	signed := c.pay(c.world.Juma.Account, 2)
	through := c.follower()
	promise := func() error {
		s, err := through.Submit(ctx, signed.Envelope(), Taken)
		if err != nil {
			return err
		}
		r, promises := through.Promise(s.ID)
		if !promises {
			return errors.New("a validator of the set promises nothing")
		}
		return r.Verify(c.world.Network, c.world.Set, signed.ID())
	}
	if err := promise(); err != nil {
		t.Fatal(err)
	}
	s, err := through.Submit(ctx, signed.Envelope(), Final)
	if err != nil || s.Stage != Final || s.Result.Code != tx.OK {
		t.Fatalf("stage %d, result %s: %v", s.Stage, s.Result.Code, err)
	}
	if now := c.leader().Name(); now == leader {
		t.Errorf("%s still leads", leader)
	}
	return c
}

// TestOneComplaintDropsNobody: a liar that complains of every leader changes nothing.
func TestOneComplaintDropsNobody(t *testing.T) {
	c := newCluster(t)
	leader := c.leader().Name()
	term := c.nodes[leader].term()
	liar := c.follower()
	liar.grievances.mu.Lock()
	liar.grievances.book.Lead(leader, term)
	_, said := liar.grievances.book.Complain(leader, term)
	own, _ := liar.grievances.book.Own()
	liar.grievances.mu.Unlock()
	if !said {
		t.Fatal("it does not complain")
	}
	liar.complain(own)
	for i := range 20 {
		c.submit(liar, c.pay(c.world.Juma.Account, amount.Amount(i+2)), Final)
	}
	for name, n := range c.nodes {
		n.grievances.mu.Lock()
		if n.grievances.book.Dropped() > 0 {
			t.Errorf("%s dropped a leader", name)
		}
		n.grievances.mu.Unlock()
	}
}

// TestUndone: what a validator is shown of finality, and since when it has reason to complain of the leader.
func TestUndone(t *testing.T) {
	begun := time.Unix(1_000, 0)
	for name, c := range map[string]struct {
		// at is what finality shows, second by second.
		at   []finality.Status
		want int // The second since when something is undone; -1 for nothing.
	}{
		"all is sealed":                 {[]finality.Status{{Applied: 5, Final: 5, Sealed: 5, Proved: 5}, {Applied: 5, Final: 5, Sealed: 5, Proved: 5}}, -1},
		"rounds do not end":             {[]finality.Status{{Applied: 6, Final: 5, Sealed: 5, Proved: 5}, {Applied: 9, Final: 5, Sealed: 5, Proved: 5}}, 0},
		"rounds end":                    {[]finality.Status{{Applied: 6, Final: 5, Sealed: 5, Proved: 5}, {Applied: 9, Final: 6, Sealed: 6, Proved: 6}}, 1},
		"halted":                        {[]finality.Status{{Applied: 6, Final: 5, Sealed: 5, Proved: 9, Halted: errors.New("halted")}}, -1},
		"it trails":                     {[]finality.Status{{Applied: 6, Final: 5, Sealed: 5, Proved: 9}, {Applied: 7, Final: 5, Sealed: 5, Proved: 9}}, -1},
		"it has read, and rounds stand": {[]finality.Status{{Applied: 6, Final: 5, Sealed: 5, Proved: 9}, {Applied: 9, Final: 9, Sealed: 9, Proved: 9}, {Applied: 12, Final: 9, Sealed: 9, Proved: 9}}, 2},
	} {
		g := &grievances{}
		var since time.Time
		for i, s := range c.at {
			since = g.undone(begun.Add(time.Duration(i)*time.Second), s, time.Time{})
		}
		if want := begun.Add(time.Duration(c.want) * time.Second); c.want < 0 && !since.IsZero() || c.want >= 0 && !since.Equal(want) {
			t.Errorf("%s: undone since %v", name, since)
		}
	}
}

// TestOffersAreBounded: a peer that offers more than an honest one is refused.
func TestOffersAreBounded(t *testing.T) {
	c := newCluster(t)
	signed := c.pay(c.world.Juma.Account, 1)
	n := c.leader()
	c.submit(n, signed, Final)
	from := c.follower().Name()
	for range offered {
		if err := n.offeredBy(from, signed.Envelope()); err != nil && !errors.Is(err, ErrRateLimited) {
			t.Fatal(err)
		}
	}
	var err error
	for range 10 * offersPerSecond {
		if err = n.offeredBy(from, signed.Envelope()); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrRateLimited) {
		t.Errorf("got %v", err)
	}
	if err := n.offeredBy("nobody", signed.Envelope()); !errors.Is(err, ErrRateLimited) {
		t.Errorf("a stranger: %v", err)
	}
}

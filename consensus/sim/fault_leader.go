package sim

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

type headOf = ledger.Head

// leaderFaults are liars that lead.
func leaderFaults() []Fault {
	return []Fault{
		{Name: "equivocate", Says: "a leader sends other batches to one half than to the other", Liars: 1, Run: leading(equivocation), Proves: true, Alone: true},
		{Name: "invalid-batch", Says: "a leader packs bad signatures and the same payment twice", Liars: 1, Run: leading(invalidBatches), Lasting: tapped(invalidBatches), Alone: true},
		{Name: "lying-commit", Says: "a leader calls committed what only one follower has; in half of the runs the liars are silent after one of these lies", Liars: 1, Run: leading(lyingCommits), Lasting: tapped(lyingCommits), Alone: true},
		{Name: "overrun", Says: "a leader lets others attest, and sends them a true snapshot of less, at a place far on in the log", Liars: 1, Run: overruns, Lasting: overruns, Alone: true},
		{Name: "stuck-tail", Says: "a leader sends one follower a true snapshot and one entry that nobody else has, and hands over; in half of the runs the liars are silent after that", Liars: 1, Run: stuckTails, Lasting: stuckTails, Alone: true},
		{Name: "false-place", Says: "a leader sends one follower a true snapshot at a place that nobody else has, and hands over; in half of the runs the liars are silent after that", Liars: 1, Run: falsePlaces, Lasting: falsePlaces, Alone: true},
		{Name: "gone-end", Says: "a leader sends true snapshots that end before the followers' logs do, and goes on after the ends that are gone", Liars: 1, Run: goneEnds, Lasting: goneEnds, Alone: true},
		{Name: "stall", Says: "a leader sends heartbeats and nothing else", Liars: 1, Run: leading(stalling), Lasting: tapped(stalling), Alone: true},
		{Name: "unnamed", Says: "a leader never names a round of finality", Liars: 1, Run: leading(unnamed), Lasting: tapped(unnamed), Alone: true},
		{Name: "censor", Says: "a leader takes no payment of one person", Liars: 1, Run: censoring, Lasting: censoringOn, Alone: true},
	}
}

// leading makes a liar lead, by crashing whoever else does, and gives it a tap for as long as the trouble lasts.
func leading(lie func(c *chaos, l liar) tap) func(context.Context, *chaos) {
	return func(ctx context.Context, c *chaos) {
		defer c.tap(lie)()
		c.crown(ctx)
	}
}

// tapped gives liars a tap, whoever leads.
func tapped(lie func(c *chaos, l liar) tap) func(context.Context, *chaos) {
	return func(ctx context.Context, c *chaos) {
		defer c.tap(lie)()
		<-ctx.Done()
	}
}

func (c *chaos) tap(lie func(c *chaos, l liar) tap) (untap func()) {
	for _, l := range c.liars() {
		c.cluster.wire.setTap(l.name, lie(c, l))
	}
	return c.untap
}

// untap has liars send what their nodes say.
func (c *chaos) untap() {
	for _, l := range c.liars() {
		c.cluster.wire.setTap(l.name, honestly)
	}
}

// crown sees to it that a liar leads, as far as it can, until the trouble is over: whoever else leads crashes, and for a moment
// nobody but liars asks for votes. A liar that was dropped is not elected by that either.
func (c *chaos) crown(ctx context.Context) {
	defer c.cluster.wire.candidates(nil)
	for tries := 0; c.sleep(ctx, 500*time.Millisecond); {
		m := c.cluster.leader()
		if m == nil || c.cluster.liars[m.name] || tries == maxCrowns || c.parted.Load() != 0 {
			continue
		}
		tries++
		c.cluster.wire.candidates(c.cluster.liars)
		m.crash()
		for end := time.Now().Add(crownTime); time.Now().Before(end) && c.sleep(ctx, 100*time.Millisecond); {
			if m := c.cluster.leader(); m != nil && c.cluster.liars[m.name] {
				break
			}
		}
		c.cluster.wire.candidates(nil)
		if !c.sleep(ctx, c.between(time.Second, 4*time.Second)) {
			return
		}
	}
}

const (
	// maxCrowns is how often liars get a throne.
	maxCrowns = 4
	// crownTime is how long the others hold back.
	crownTime = 3 * time.Second
)

// changed remembers what a liar made of an entry, so that it sends the same again.
type changed struct {
	mu   sync.Mutex
	data map[string][]byte
}

func (c *changed) of(key string, make func() []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data[key] == nil {
		c.data[key] = make()
	}
	return c.data[key]
}

// rewrite changes the commands of an append; the liar's own log keeps what its node made.
func rewrite(r *peerv1.AppendEntriesRequest, change func(e *peerv1.RaftEntry) []byte) *peerv1.AppendEntriesRequest {
	out := proto.Clone(r).(*peerv1.AppendEntriesRequest)
	for _, e := range out.GetEntries() {
		if data := change(e); data != nil {
			e.Data = data
		}
	}
	return out
}

func equivocation(c *chaos, l liar) tap {
	other := &changed{data: make(map[string][]byte)}
	return func(to, method string, m protoMessage) protoMessage {
		r, ok := m.(*peerv1.AppendEntriesRequest)
		if !ok || method != callAppend || !c.secondHalf(to) {
			return m
		}
		return rewrite(r, func(e *peerv1.RaftEntry) []byte {
			data := other.of(string(e.GetData()), func() []byte { return c.resealed(l, e.GetData(), c.pays()) })
			if data != nil {
				c.took(1)
			}
			return data
		})
	}
}

// secondHalf splits the validators in two.
func (c *chaos) secondHalf(name string) bool {
	for i, n := range c.cluster.names {
		if n == name {
			return i >= len(c.cluster.names)/2
		}
	}
	return false
}

func invalidBatches(c *chaos, l liar) tap {
	bad := &changed{data: make(map[string][]byte)}
	return func(_, method string, m protoMessage) protoMessage {
		r, ok := m.(*peerv1.AppendEntriesRequest)
		if !ok || method != callAppend {
			return m
		}
		return rewrite(r, func(e *peerv1.RaftEntry) []byte {
			data := bad.of(string(e.GetData()), func() []byte {
				switch n := uint64(5_000_000 + c.intN(1_000_000)); c.intN(4) {
				case 0:
					return c.resealed(l, e.GetData(), c.envelope(n, 5, true))
				case 1:
					twice := c.envelope(n, 5, false)
					return c.resealed(l, e.GetData(), twice, twice)
				case 2:
					return c.resealed(l, e.GetData(), c.envelope(n, 1<<62, false))
				}
				return c.resealed(l, e.GetData(), []byte{1, 2, 3})
			})
			if data != nil {
				c.took(1)
			}
			return data
		})
	}
}

// lyingCommits leaves the others with a follower who refuses what they commit. Liars who part hand the throne over after one of these
// lies, to somebody else, and are silent from then on: then nothing becomes final without the one that was lied to.
func lyingCommits(c *chaos, _ liar) tap {
	victim := c.cluster.pickHonest().name
	return func(to, method string, m protoMessage) protoMessage {
		if at := c.parted.Load(); at != 0 {
			return c.part(to, m, time.Unix(0, at))
		}
		r, ok := m.(*peerv1.AppendEntriesRequest)
		if !ok || method != callAppend || len(r.GetEntries()) == 0 {
			return m
		}
		if to != victim {
			if c.intN(3) > 0 {
				return nil
			}
			return m
		}
		out := proto.Clone(r).(*peerv1.AppendEntriesRequest)
		out.LeaderCommitIndex = r.GetPrevLogEntry() + uint64(len(r.GetEntries()))
		c.took(1)
		if c.mayPart && c.intN(partAfter) == 0 {
			c.lastVictim.Store(&victim)
			c.parted.CompareAndSwap(0, time.Now().UnixNano())
		}
		return out
	}
}

// part lets liars vote for others than the last victim for a while, and say nothing else and then nothing at all.
func (c *chaos) part(to string, m protoMessage, since time.Time) protoMessage {
	switch m.(type) {
	case *peerv1.RequestVoteResponse, *peerv1.RequestPreVoteResponse, *peerv1.AppendEntriesResponse, *peerv1.HeartbeatResponse:
		if victim := c.lastVictim.Load(); (victim == nil || to != *victim) && time.Since(since) < partTime {
			return m
		}
	}
	return nil
}

const (
	// partAfter is after how many lies, on average, liars part who may.
	partAfter = 4
	// partTime is how long they go on to vote.
	partTime = 6 * time.Second
)

func stalling(c *chaos, _ liar) tap {
	return func(_, method string, m protoMessage) protoMessage {
		if method == callAppend {
			c.took(1)
			return nil
		}
		return m
	}
}

func unnamed(c *chaos, _ liar) tap {
	silent := func(m *peerv1.FinalityMessages) bool {
		if m.GetNamed() == nil {
			return false
		}
		m.Named = nil
		c.took(1)
		return true
	}
	return func(_, _ string, m protoMessage) protoMessage {
		switch m.(type) {
		case *peerv1.ExchangeRequest, *peerv1.ExchangeResponse:
		default:
			return m
		}
		switch out := proto.Clone(m).(type) {
		case *peerv1.ExchangeRequest:
			silent(out.GetMessages())
			return out
		case *peerv1.ExchangeResponse:
			silent(out.GetMessages())
			return out
		}
		return m
	}
}

// censoring leaves out what one person pays: its node takes it and never packs it, or refuses it to whoever forwards it.
func censoring(ctx context.Context, c *chaos) {
	defer c.censor(c.seed%2 == 0)()
	c.crown(ctx)
}

func censoringOn(ctx context.Context, c *chaos) {
	defer c.censor(c.seed%2 == 0)()
	<-ctx.Done()
}

func (c *chaos) censor(silently bool) (end func()) {
	juma := c.cluster.world.Juma.Account
	pays := func(signed *tx.Signed) bool {
		hit := slices.ContainsFunc(signed.Body.Operations, func(op tx.Operation) bool {
			t, ok := op.(tx.Transfer)
			return ok && t.Debit == juma
		})
		if hit {
			c.took(1)
		}
		return hit
	}
	refuses := func(_, method string, raw []byte) error {
		var r peerv1.ForwardRequest
		if method != callForward || proto.Unmarshal(raw, &r) != nil {
			return nil
		}
		for _, e := range r.GetEnvelopes() {
			if signed, err := tx.Parse(c.cluster.world.Network, e); err == nil && pays(signed) {
				return status.Error(codes.Unavailable, "busy")
			}
		}
		return nil
	}
	for _, l := range c.liars() {
		if silently {
			l.leaveOut(pays)
		} else {
			c.cluster.wire.setEar(l.name, refuses)
		}
	}
	return func() {
		for _, l := range c.liars() {
			l.leaveOut(nil)
			c.cluster.wire.setEar(l.name, nil)
		}
	}
}

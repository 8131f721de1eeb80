package sim

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// tails is a liar that leads and leaves one honest validator, the victim, with an entry in its log that nobody else has, right behind a snapshot: nothing that
// can be compared with the others' logs is before it. Then it hands the throne over, to somebody else.
type tails struct {
	*chaos
	// victim gets nothing while there is one, and held says that nobody gets new entries.
	victim atomic.Pointer[string]
	held   atomic.Bool
	// mute is until when the liars do nothing but vote, in nanoseconds.
	mute atomic.Int64
	// displaced says that the snapshot stands at a place that nobody else has, and nothing follows.
	displaced bool

	// asking guards asked: the newest request for a vote, by who was asked and who asks.
	asking sync.Mutex
	asked  map[way]*peerv1.RequestVoteRequest
}

// stuckTails plays that again and again. Liars who part are silent after the first time.
func stuckTails(ctx context.Context, c *chaos) { leaveBehind(ctx, c, false) }

// falsePlaces is stuckTails with the place of the snapshot in the entry's stead: nobody else has it, and their terms are higher.
func falsePlaces(ctx context.Context, c *chaos) { leaveBehind(ctx, c, true) }

func leaveBehind(ctx context.Context, c *chaos, displaced bool) {
	t := &tails{chaos: c, displaced: displaced, asked: make(map[way]*peerv1.RequestVoteRequest)}
	shown := c.listen(t.says)
	for _, l := range c.liars() {
		c.cluster.wire.setEar(l.name, t.hears(l))
	}
	defer c.untap()
	defer func() {
		for _, l := range c.liars() {
			c.cluster.wire.setEar(l.name, nil)
		}
	}()
	c.work.Go(func() {
		for c.sleep(ctx, c.between(500*time.Millisecond, 2*time.Second)) && c.parted.Load() == 0 {
			m := c.cluster.leader()
			if m == nil || !c.cluster.liars[m.name] {
				continue
			}
			victim := c.cluster.pickHonest().name
			t.victim.Store(&victim)
			laid := t.lay(ctx, liar{m}, victim, shown)
			if laid {
				c.took(1)
				t.handOver(ctx, victim)
			}
			t.victim.Store(nil)
			t.held.Store(false)
		}
	})
	c.crown(ctx)
}

// lay lets the others get ahead of the victim, sends it what is final, where it truly ends in raft's log, and one entry.
func (t *tails) lay(ctx context.Context, l liar, victim string, shown func(string) *peerv1.ElectionCertificate) bool {
	t.sleep(ctx, t.between(200*time.Millisecond, time.Second))
	t.held.Store(true)
	raw := t.finalState(ctx, l)
	if raw == nil {
		return false
	}
	h, err := store.ReadSnapshotHeader(bytes.NewReader(raw))
	if err != nil {
		return false
	}
	end, certificate := entry{h.AppliedIndex, h.AppliedTerm}, shown(l.name)
	if t.displaced && t.intN(2) == 0 {
		end = end.far()
	} else if t.displaced {
		end.index += 1 + uint64(t.intN(5))
	}
	if _, res, err := t.sendSnapshot(ctx, l, victim, end, certificate, raw, int64(len(raw))); err != nil || !res.GetSuccess() {
		return false
	}
	if t.displaced {
		return true
	}
	for range 5 { // A victim whose log was as long starts its raft again first.
		r, answer := l.append(end, l.disk.term(), certificate, []byte(nil)), &peerv1.AppendEntriesResponse{}
		r.Entries[0].Type, r.LeaderCommitIndex = uint32(raft.LogNoop), end.index
		if l.say(ctx, victim, callAppend, r, answer) == nil && answer.GetSuccess() {
			return true
		}
		t.sleep(ctx, time.Second)
	}
	return false
}

// handOver is silence but for votes, until somebody else leads. The victim's log would win, so it asks late for votes.
func (t *tails) handOver(ctx context.Context, victim string) {
	pause := t.between(2*time.Second, partTime)
	t.mute.Store(time.Now().Add(pause).UnixNano())
	if t.lastVictim.Store(&victim); t.mayPart {
		t.parted.CompareAndSwap(0, time.Now().UnixNano())
	}
	others := make(map[string]bool)
	for _, m := range t.cluster.honest() {
		others[m.name] = m.name != victim
	}
	t.cluster.wire.candidates(others)
	defer t.cluster.wire.candidates(nil)
	for end := time.Now().Add(pause); time.Now().Before(end) && t.sleep(ctx, 100*time.Millisecond); {
		if m := t.cluster.leader(); m != nil && others[m.name] {
			break
		}
	}
	t.sleep(ctx, time.Until(time.Unix(0, t.mute.Load())))
}

// says is the liars' tap.
func (t *tails) says(l liar, to, method string, m protoMessage) protoMessage {
	if at := t.parted.Load(); at != 0 {
		return t.part(to, t.votes(l, to, m), time.Unix(0, at))
	}
	if time.Now().UnixNano() < t.mute.Load() {
		return t.part(to, t.votes(l, to, m), time.Now())
	}
	r, ok := m.(*peerv1.AppendEntriesRequest)
	if victim := t.victim.Load(); ok && method == callAppend && (victim != nil && to == *victim || t.held.Load() && len(r.GetEntries()) > 0) {
		return nil // What was ordered is still called committed, so that it becomes final.
	}
	return m
}

// votes gives the vote that is asked for: the liar's own log is as long as the victim's, so that its node would give none.
func (t *tails) votes(l liar, to string, m protoMessage) protoMessage {
	switch out := proto.Clone(m).(type) {
	case *peerv1.RequestPreVoteResponse:
		out.Granted = true
		return out
	case *peerv1.RequestVoteResponse:
		t.asking.Lock()
		r := t.asked[way{to, l.name}]
		t.asking.Unlock()
		if r == nil {
			return m
		}
		e := checkpoint.Election{Term: r.GetTerm(), Candidate: to, LastIndex: r.GetLastLogIndex(), LastTerm: r.GetLastLogTerm()}
		sig := e.Sign(t.cluster.world.Network, t.cluster.world.Validators[l.name])
		out.Term, out.Granted, out.Signature = r.GetTerm(), true, sig[:]
		return out
	}
	return m
}

// hears remembers what a liar was asked for.
func (t *tails) hears(l liar) ear {
	return func(from, method string, raw []byte) error {
		r := &peerv1.RequestVoteRequest{}
		if method == callVote && proto.Unmarshal(raw, r) == nil {
			t.asking.Lock()
			t.asked[way{from, l.name}] = r
			t.asking.Unlock()
		}
		return nil
	}
}

package sim

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/store"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// goneEntries is how many entries a liar puts behind what is final, for a snapshot to take the place of.
const goneEntries = 3

// goneEnds has a liar that leads make the logs of one follower or all longer than what is final, send them that as a true snapshot, whose place is before the end
// of their logs, and go on after that end: raft has it in mind, and nothing of it on disk.
func goneEnds(ctx context.Context, c *chaos) {
	var only atomic.Pointer[map[string]bool] // Who is sent nothing else meanwhile.
	shown := c.listen(func(_ liar, to, method string, m protoMessage) protoMessage {
		if names := only.Load(); names != nil && (*names)[to] && method == callAppend {
			return nil
		}
		return m
	})
	defer c.untap()
	c.work.Go(func() {
		for c.sleep(ctx, c.between(500*time.Millisecond, 2*time.Second)) {
			m := c.cluster.leader()
			if m == nil || !c.cluster.liars[m.name] {
				continue
			}
			names := map[string]bool{c.cluster.pickHonest().name: true}
			if c.intN(2) == 0 {
				for _, h := range c.cluster.honest() {
					names[h.name] = true
				}
			}
			only.Store(&names)
			c.sleep(ctx, c.between(100*time.Millisecond, time.Second)) // What was under way arrives, and becomes final.
			c.goOnAfterTheEnd(ctx, liar{m}, names, shown(m.name))
			c.sleep(ctx, c.between(100*time.Millisecond, 2*time.Second))
			only.Store(nil)
		}
	})
	c.crown(ctx)
}

// goOnAfterTheEnd does so to each of some followers at once.
func (c *chaos) goOnAfterTheEnd(ctx context.Context, l liar, to map[string]bool, certificate *peerv1.ElectionCertificate) {
	raw := c.finalState(ctx, l)
	if raw == nil {
		return
	}
	h, err := store.ReadSnapshotHeader(bytes.NewReader(raw))
	if err != nil {
		return
	}
	term, place := l.disk.term(), entry{h.AppliedIndex, h.AppliedTerm}
	noops := func(after entry, n int) *peerv1.AppendEntriesRequest {
		r := l.append(after, term, certificate, make([][]byte, n)...)
		for _, e := range r.Entries {
			e.Type = uint32(raft.LogNoop)
		}
		return r
	}
	var all sync.WaitGroup
	for name := range to {
		all.Go(func() {
			longer := noops(place, goneEntries)
			longer.LeaderCommitIndex = place.index
			_ = l.say(ctx, name, callAppend, longer, &peerv1.AppendEntriesResponse{})
			var sent atomic.Bool
			for range 3 { // One may wait for its turn, and get it as soon as the snapshot is there.
				all.Go(func() {
					for left := 3; left > 0 && c.sleep(ctx, c.between(0, 2*time.Millisecond)); {
						if sent.Load() {
							left--
						}
						_ = l.say(ctx, name, callAppend, noops(entry{place.index + goneEntries, term}, 1), &peerv1.AppendEntriesResponse{})
					}
				})
			}
			_, res, err := c.sendSnapshot(ctx, l, name, place, certificate, raw, int64(len(raw)))
			if sent.Store(true); err == nil && res.GetSuccess() {
				c.took(1)
			}
		})
	}
	all.Wait()
}

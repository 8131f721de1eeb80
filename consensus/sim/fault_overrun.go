package sim

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// stateTime is how long a liar waits for a moment at which all that it has is final.
const stateTime = 2 * time.Second

// overruns has a liar that leads take back what it has let others attest: it keeps one honest validator and its own words back, so that
// more is attested and nothing final, and sends those who attested the final state, true in all, as if it ended far on in raft's log.
func overruns(ctx context.Context, c *chaos) {
	var without atomic.Pointer[string] // Who gets nothing meanwhile.
	shown := c.listen(func(l liar, to, method string, m protoMessage) protoMessage {
		name := without.Load()
		if name == nil {
			return m
		}
		switch out := proto.Clone(m).(type) {
		case *peerv1.ExchangeRequest:
			out.Messages = onlyNamed(out.GetMessages())
			return out
		case *peerv1.ExchangeResponse:
			out.Messages = onlyNamed(out.GetMessages())
			return out
		}
		if to == *name && method == callAppend {
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
			l, left := liar{m}, c.cluster.pickHonest().name
			raw := c.finalState(ctx, l)
			if raw == nil {
				continue
			}
			without.Store(&left)
			c.sleep(ctx, c.between(200*time.Millisecond, 2*time.Second))
			if _, prev, ok := l.tail(c, 0); ok {
				for _, to := range c.cluster.honest() {
					if to.name != left {
						c.work.Go(func() {
							// Taken, or refused by who would forget something by it.
							_, res, err := c.sendSnapshot(ctx, l, to.name, prev.far(), shown(l.name), raw, int64(len(raw)))
							if res.GetSuccess() || status.Code(err) == codes.Unknown {
								c.took(1)
							}
						})
					}
				}
			}
			c.sleep(ctx, c.between(500*time.Millisecond, 3*time.Second))
			without.Store(nil)
		}
	})
	c.crown(ctx)
}

// onlyNamed is a leader's words without its own part of a round.
func onlyNamed(m *peerv1.FinalityMessages) *peerv1.FinalityMessages {
	return &peerv1.FinalityMessages{Validator: m.GetValidator(), Named: m.GetNamed(), FinalSize: m.GetFinalSize()}
}

// finalState is a snapshot of a liar's state, at a moment when all of it is final; nil if there is none for a while.
func (c *chaos) finalState(ctx context.Context, l liar) []byte {
	for end := time.Now().Add(stateTime); time.Now().Before(end) && c.sleep(ctx, 5*time.Millisecond); {
		var out bytes.Buffer
		if n := l.running(); n != nil && n.WriteSnapshot(&out) == nil {
			return out.Bytes()
		}
	}
	return nil
}

package sim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
)

// narrowFault is the network of a place far away: all validators by satellite, over lines that one phone call would fill. The
// network has to make payments final without ever seeing another one.
func narrowFault() Fault {
	satellite := consensus.Satellite
	return Fault{
		Name: "narrow", Says: "lines of 64 kbit/s, 800 ms there and back, and 5 % of packets are sent again", Timing: &satellite, Alone: true,
		Run: func(ctx context.Context, c *chaos) { c.narrow() }, Lasting: func(ctx context.Context, c *chaos) { c.narrow() },
		Count: func(c *chaos) int { return c.cluster.weather.troubles("delayed") },
	}
}

const (
	// lineBytes is what a line carries in a second: 64 kbit/s.
	lineBytes = 8000
	// lineDelay is one way.
	lineDelay = 400 * time.Millisecond
	// sentAgain is how many packets in a thousand are lost; TCP sends them again, after waitAgain.
	sentAgain = 50
	waitAgain = time.Second
	packet    = 1400
	// overhead is what IP, TCP, TLS and HTTP/2 add to a message.
	overhead = 100
)

// narrowLines are lines on which messages wait for those before them: one line from each validator to all others.
type narrowLines struct {
	// free is when a line has carried what was given to it.
	free map[string]time.Time
}

func (c *chaos) narrow() {
	c.cluster.weather.set(func(w *weather) {
		w.fast, w.slow, w.narrow = lineDelay, lineDelay, &narrowLines{free: make(map[string]time.Time)}
	})
}

// take puts a message on its sender's line, and says how long it waits there beside its way.
func (n *narrowLines) take(r *rand.Rand, from string, size int) time.Duration {
	now := time.Now()
	begin := n.free[from]
	if begin.Before(now) {
		begin = now
	}
	size += overhead
	end := begin.Add(time.Duration(size) * time.Second / lineBytes)
	n.free[from] = end
	for sent := 0; sent < size; sent += packet {
		if r.IntN(1000) < sentAgain {
			end = end.Add(waitAgain) // Only its own message waits: the line goes on.
		}
	}
	return end.Sub(now)
}

package sim

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
)

// TestNewLeader kills the leader again and again while people pay, and takes the time until a payment that was begun after the
// kill is final: the others notice, elect, and the new leader packs what everybody brings to it. A process that ends breaks its
// connections; a machine that loses its power, or its cable, leaves calls hanging.
func TestNewLeader(t *testing.T) {
	const goal = 3 * time.Second
	for _, way := range []struct {
		name string
		end  func(c *cluster, m *member)
	}{
		{"killed", func(_ *cluster, m *member) { m.crash() }},
		{"vanished", func(c *cluster, m *member) {
			c.weather.partition(c.names, func(from, to string) bool { return from == m.name || to == m.name })
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			var took []time.Duration
			synctest.Test(t, func(t *testing.T) {
				c := newPaced(t, 3, newFinals())
				c.weather.set(func(w *weather) { w.fast, w.slow = 250*time.Microsecond, 500*time.Microsecond })
				ctx, end := context.WithCancel(t.Context())
				c.run(ctx)
				w := newWorkload(t.Context(), c)
				time.Sleep(10 * time.Second)
				for range 20 {
					took = append(took, takeover(t, c, w, way.end))
				}
				end()
				c.work.Wait()
			})
			t.Logf("final again after p50 %v p90 %v worst %v", part(took, 0.5), part(took, 0.9), part(took, 1))
			if worst := part(took, 1); worst > goal {
				t.Errorf("nothing final for %v after the leader %s, want at most %v", worst, way.name, goal)
			}
		})
	}
}

// takeover ends the leader at some moment, pays at another validator, waits for final, and mends everything.
func takeover(t *testing.T, c *cluster, w *workload, end func(*cluster, *member)) time.Duration {
	t.Helper()
	leader := c.leader()
	var payee *consensus.Node
	for _, m := range c.honest() {
		if m != leader {
			payee = m.running()
		}
	}
	time.Sleep(time.Duration(c.intN(2000)) * time.Millisecond) // Heartbeats and timers stand anywhere.
	leader.hold(true)
	end(c, leader)
	killed := time.Now()
	for time.Since(killed) < 30*time.Second {
		w.nonce++
		signed, err := w.sign(5 * w.nonce)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		s, err := payee.Submit(ctx, signed.Envelope(), consensus.Final)
		cancel()
		if err == nil && s.Stage == consensus.Final {
			break
		}
	}
	took := time.Since(killed)
	leader.hold(false)
	c.weather.partition(c.names, func(string, string) bool { return false })
	time.Sleep(20 * time.Second)
	return took
}

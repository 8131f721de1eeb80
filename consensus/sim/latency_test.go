package sim

import (
	"context"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
)

// paces are networks whose delays and disks always take the same, so that in virtual time a path can be counted in steps.
var paces = []struct {
	name         string
	timing       consensus.Timing
	delay, fsync time.Duration
	// every is the pause between two payments: past that between two rounds.
	every time.Duration
}{
	{"lan", consensus.LAN, 500 * time.Microsecond, 1 * time.Millisecond, 57 * time.Millisecond},
	{"slow disks", consensus.LAN, 500 * time.Microsecond, 8 * time.Millisecond, 97 * time.Millisecond},
	{"wan", consensus.WAN, 40 * time.Millisecond, 2 * time.Millisecond, 397 * time.Millisecond},
}

// TestFinalFollowsAccepted counts what lies between accepted and final on an idle network: the leader names the round, the others
// attest and write that down, all ratify and write that down. Three messages and two writes, and nothing waits for anything
// else: no timer, no call that another one is behind. Sealed, which proves it to the world, is one message and two writes later.
func TestFinalFollowsAccepted(t *testing.T) {
	for _, p := range paces {
		t.Run(p.name, func(t *testing.T) {
			const payments = 40
			heard := newFinals()
			var finals, seals []time.Duration
			synctest.Test(t, func(t *testing.T) {
				c := newPaced(t, 1, heard)
				c.timing = p.timing
				c.weather.set(func(w *weather) { w.fast, w.slow = p.delay, p.delay })
				ctx, end := context.WithCancel(t.Context())
				c.run(ctx)
				w := newWorkload(t.Context(), c)
				time.Sleep(10 * time.Second) // An election, and the barrier after it.
				for _, m := range c.members {
					m.writes(p.fsync)
				}
				leader := c.leader().running()
				for n := range uint64(payments) {
					signed, err := w.sign(5 * (n + 1))
					if err != nil {
						t.Fatal(err)
					}
					s, err := leader.Submit(ctx, signed.Envelope(), consensus.Accepted)
					if err != nil {
						t.Fatal(err)
					}
					accepted := time.Now()
					if err := leader.WaitFinal(ctx, s.LeafIndex); err != nil {
						t.Fatal(err)
					}
					final, ok := heard.at(leader.Name(), s.LeafIndex+1)
					if !ok {
						t.Fatal("sealed and not final")
					}
					finals, seals = append(finals, final.Sub(accepted)), append(seals, time.Since(accepted))
					time.Sleep(p.every)
				}
				end()
				c.work.Wait()
			})
			goal := 3*p.delay + 2*p.fsync
			t.Logf("final  p50 %v p90 %v worst %v, of %v", part(finals, 0.5), part(finals, 0.9), part(finals, 1), goal)
			t.Logf("sealed p50 %v p90 %v worst %v", part(seals, 0.5), part(seals, 0.9), part(seals, 1))
			if got := part(finals, 0.9); got > goal {
				t.Errorf("final %v after accepted for nine of ten, want at most %v: three messages of %v and two writes of %v", got, goal, p.delay, p.fsync)
			}
		})
	}
}

// newPaced is a cluster without troubles.
func newPaced(t *testing.T, seed uint64, heard *finals) *cluster {
	t.Helper()
	c, err := newCluster(t, seed, lineUp{validators: 4}, filepath.Join(t.TempDir(), "run"), slog.New(heard))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// part is the value that a part of all is not above.
func part(all []time.Duration, part float64) time.Duration {
	slices.Sort(all)
	return all[max(0, int(math.Ceil(part*float64(len(all))))-1)]
}

// finals hears from the logs when each validator had which size final: nothing else tells of that moment.
type finals struct {
	validator string
	log       *finalsLog
}

type finalsLog struct {
	mu  sync.Mutex
	all map[string][]finalAt
}

type finalAt struct {
	size uint64
	at   time.Time
}

func newFinals() *finals { return &finals{log: &finalsLog{all: make(map[string][]finalAt)}} }

func (f *finals) Enabled(context.Context, slog.Level) bool { return true }

func (f *finals) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "final" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "size" {
			f.log.mu.Lock()
			defer f.log.mu.Unlock()
			f.log.all[f.validator] = append(f.log.all[f.validator], finalAt{a.Value.Uint64(), r.Time})
		}
		return true
	})
	return nil
}

func (f *finals) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *f
	for _, a := range attrs {
		if a.Key == "validator" {
			next.validator = a.Value.String()
		}
	}
	return &next
}

func (f *finals) WithGroup(string) slog.Handler { return f }

// at is when a validator had a size final.
func (f *finals) at(validator string, size uint64) (time.Time, bool) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	for _, x := range f.log.all[validator] {
		if x.size >= size {
			return x.at, true
		}
	}
	return time.Time{}, false
}

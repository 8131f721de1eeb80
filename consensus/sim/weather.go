package sim

import (
	"math/rand/v2"
	"sync"
	"time"
)

// weather is how the network is at the moment. Delays are random within bounds, so messages that are under way together
// overtake each other.
type weather struct {
	// mu guards the rest; never held while time passes.
	mu   sync.Mutex
	rand *rand.Rand
	// cut holds the directions in which nothing arrives.
	cut map[way]bool
	// loss and repeat are in per mille.
	loss, repeat int
	// fast and slow bound the delay of a message.
	fast, slow time.Duration
	// narrow are the lines by which validators are connected; nil is wide ones.
	narrow *narrowLines
	// lost, repeated, stopped and delayed count what was done to messages.
	lost, repeated, stopped, delayed int
}

type way struct{ from, to string }

// The delays of a network in good weather.
const (
	fairFast = time.Millisecond
	fairSlow = 8 * time.Millisecond
)

func newWeather(seed uint64) *weather {
	w := &weather{rand: rand.New(rand.NewPCG(seed, 13))}
	w.clear()
	return w
}

// clear is good weather.
func (w *weather) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.loss, w.repeat, w.fast, w.slow, w.narrow = make(map[way]bool), 0, 0, fairFast, fairSlow, nil
}

// cross decides about one message: how long it takes, and whether it arrives.
func (w *weather) cross(from, to string, size int) (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut[way{from, to}] {
		w.stopped++
		return 0, false
	}
	if w.rand.IntN(1000) < w.loss {
		w.lost++
		return 0, false
	}
	took := w.fast + time.Duration(w.rand.Int64N(int64(w.slow-w.fast)+1))
	if w.narrow != nil {
		took += w.narrow.take(w.rand, from, size)
	}
	if took > fairSlow {
		w.delayed++
	}
	return took, true
}

// repeats says whether a request arrives twice.
func (w *weather) repeats() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rand.IntN(1000) >= w.repeat {
		return false
	}
	w.repeated++
	return true
}

func (w *weather) set(f func(w *weather)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// partition cuts every direction that the function says, and mends all others.
func (w *weather) partition(names []string, isCut func(from, to string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = make(map[way]bool)
	for _, a := range names {
		for _, b := range names {
			if a != b && isCut(a, b) {
				w.cut[way{a, b}] = true
			}
		}
	}
}

// troubles counts what was done to messages, of the kind given.
func (w *weather) troubles(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch kind {
	case "lost":
		return w.lost
	case "repeated":
		return w.repeated
	case "stopped":
		return w.stopped
	}
	return w.delayed
}

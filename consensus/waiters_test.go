package consensus

import (
	"math/rand/v2"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func (w *waiter) called() bool {
	select {
	case <-w.wake:
		return true
	default:
		return false
	}
}

// TestWaiters: each is woken by what concerns it and by nothing else, and leaves nothing behind.
func TestWaiters(t *testing.T) {
	all := newWaiters()
	a, b, c := all.join(tx.ID{1}), all.join(tx.ID{1}), all.join(tx.ID{2})
	expect := func(what string, wa, wb, wc bool) {
		t.Helper()
		for _, row := range []struct {
			name string
			w    *waiter
			want bool
		}{{"a", a, wa}, {"b", b, wb}, {"c", c, wc}} {
			if got := row.w.called(); got != row.want {
				t.Errorf("%s: %s was woken: %v, want %v", what, row.name, got, row.want)
			}
		}
	}
	all.moved(tx.ID{1}, tx.ID{9})
	expect("recorded", true, true, false)
	all.moved(tx.ID{2})
	all.moved(tx.ID{2})
	expect("twice", false, false, true)
	all.rank(a, 10)
	all.rank(b, 5)
	all.rank(c, 7)
	all.rank(c, 20) // It was taken back, and recorded elsewhere.
	all.final(5)
	expect("final below all", false, false, false)
	all.final(11)
	expect("final", true, true, false)
	all.final(11)
	expect("said again", false, false, false)
	all.everybody()
	expect("taken back", true, true, true)
	all.leave(b)
	all.moved(tx.ID{1})
	expect("one has left", true, false, false)
	all.leave(a)
	all.leave(c)
	if len(all.byID) > 0 || len(all.ranked) > 0 {
		t.Errorf("%d and %d are left", len(all.byID), len(all.ranked))
	}
}

// TestWaitersRank: at any size exactly those below it are woken, each once, whatever order they came and left in.
func TestWaitersRank(t *testing.T) {
	all, r := newWaiters(), rand.New(rand.NewPCG(1, 2))
	waiting := make(map[*waiter]bool)
	for range 2000 {
		w := all.join(tx.ID{byte(r.Uint64())})
		all.rank(w, r.Uint64N(1000))
		if waiting[w] = true; r.IntN(3) == 0 {
			all.leave(w)
			delete(waiting, w)
		}
	}
	for size := uint64(0); size <= 1000; size += 50 {
		all.final(size)
		for w := range waiting {
			if got, want := w.called(), w.leaf < size; got != want {
				t.Fatalf("leaf %d at size %d was woken: %v", w.leaf, size, got)
			} else if got {
				delete(waiting, w)
			}
		}
	}
	if len(waiting) > 0 || len(all.ranked) > 0 {
		t.Errorf("%d and %d wait still", len(waiting), len(all.ranked))
	}
}

package consensus

import (
	"container/heap"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// waiters are the callers who wait for transactions. With thousands of them a step that woke everybody would cost more than the
// step, so each is woken by what concerns it: its transaction is taken or recorded, the tree that holds its leaf is final, or batches
// were taken back, which concerns all. A waiter joins before it looks, so that no step is missed.
type waiters struct {
	// mu guards the rest; held for a batch's look-ups.
	mu sync.Mutex
	// byID holds all of them.
	byID map[tx.ID][]*waiter
	// ranked holds those that wait for a leaf to be final, the lowest leaf first.
	ranked byLeaf
}

// waiter is one of them.
type waiter struct {
	id tx.ID
	// wake holds one word: look again.
	wake chan struct{}
	// leaf is what is to be final; place where it stands in ranked, -1 when it does not.
	leaf  uint64
	place int
}

func newWaiters() *waiters { return &waiters{byID: make(map[tx.ID][]*waiter)} }

// join begins to wait.
func (all *waiters) join(id tx.ID) *waiter {
	w := &waiter{id: id, wake: make(chan struct{}, 1), place: -1}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.byID[id] = append(all.byID[id], w)
	return w
}

// leave ends the wait.
func (all *waiters) leave(w *waiter) {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.unrank(w)
	same := all.byID[w.id]
	for i, other := range same {
		if other == w {
			same[i] = same[len(same)-1]
			same[len(same)-1] = nil
			same = same[:len(same)-1]
			break
		}
	}
	if len(same) == 0 {
		delete(all.byID, w.id)
	} else {
		all.byID[w.id] = same
	}
}

// rank has the waiter woken when a leaf is final.
func (all *waiters) rank(w *waiter, leaf uint64) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if w.place >= 0 && w.leaf == leaf {
		return
	}
	all.unrank(w)
	w.leaf = leaf
	heap.Push(&all.ranked, w)
}

func (all *waiters) unrank(w *waiter) {
	if w.place >= 0 {
		heap.Remove(&all.ranked, w.place)
	}
}

// moved wakes those who wait for some transactions.
func (all *waiters) moved(ids ...tx.ID) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.byID) == 0 {
		return
	}
	for _, id := range ids {
		for _, w := range all.byID[id] {
			w.call()
		}
	}
}

// final wakes those who wait for a leaf below a size.
func (all *waiters) final(size uint64) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for len(all.ranked) > 0 && all.ranked[0].leaf < size {
		heap.Pop(&all.ranked).(*waiter).call()
	}
}

// everybody wakes all: what they have seen may not be there any more.
func (all *waiters) everybody() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, same := range all.byID {
		for _, w := range same {
			w.call()
		}
	}
}

func (w *waiter) call() {
	select {
	case w.wake <- struct{}{}:
	default: // It has yet to look for the last word.
	}
}

// byLeaf is a heap; each waiter knows its place.
type byLeaf []*waiter

func (h byLeaf) Len() int           { return len(h) }
func (h byLeaf) Less(i, j int) bool { return h[i].leaf < h[j].leaf }
func (h byLeaf) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is heap.Interface's.
func (h *byLeaf) Push(x any) {
	w := x.(*waiter)
	w.place = len(*h)
	*h = append(*h, w)
}

// Pop is heap.Interface's.
func (h *byLeaf) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	w.place = -1
	return w
}

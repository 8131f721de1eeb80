package consensus

import (
	"sync"
	"time"
)

// disputePause is how long a leader's raft may wait before it sends a refused entry again, and more.
const disputePause = 15 * time.Second

// dispute is how long leaders have sent other entries than the ones committed here. One leader may lie, but not for long while
// a quorum goes on without this node: then it is this node that was fed a lie, one that its tree does not show (an entry
// without a batch in the place of one with a batch).
type dispute struct {
	// mu guards the rest; held for a look or a set.
	mu          sync.Mutex
	first, last time.Time
}

// again notes an entry that contradicts a committed one.
func (d *dispute) again(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.last) > disputePause {
		d.first = now
	}
	d.last = now
}

// lasts says whether there has been one for longer than a leader's lie need be feared.
func (d *dispute) lasts(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last.Sub(d.first) > suspectPatience && now.Sub(d.last) <= disputePause
}

// over forgets it.
func (d *dispute) over() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first, d.last = time.Time{}, time.Time{}
}

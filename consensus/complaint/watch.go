package complaint

import "time"

// Watch decides when to lose patience with a leader. It is not safe for concurrent use.
type Watch struct {
	// base is the patience with a leader after progress; it doubles up to maxDoubling times.
	base    time.Duration
	doubled int

	leader string
	term   uint64
	// since is when the leader began to lead, or last did something that was waited for.
	since time.Time
	moved uint64
}

// maxDoubling bounds the patience: 64 times the base.
const maxDoubling = 6

// Seen is what a validator sees at one moment.
type Seen struct {
	Now    time.Time
	Leader string
	Term   uint64
	// Moved rises with whatever a leader has done: batches applied, rounds named.
	Moved uint64
	// Waiting says since when the oldest thing waits that this leader could have done and did not; zero is nothing. What waits
	// counts though others are served: a leader may not pass it over.
	Waiting time.Time
}

// NewWatch makes a watch. The base patience must be above what an honest leader needs on a bad day: several elections.
func NewWatch(base time.Duration) *Watch { return &Watch{base: base} }

// Patience is how long a leader may leave undone what waits, from now on.
func (w *Watch) Patience() time.Duration { return w.base << w.doubled }

// Look says whether to complain now.
func (w *Watch) Look(s Seen) bool {
	if s.Leader != w.leader || s.Term != w.term {
		w.leader, w.term, w.since = s.Leader, s.Term, s.Now
	}
	if s.Waiting.IsZero() {
		if s.Moved > w.moved {
			w.doubled = 0 // Everything is done: this leader and the network are well.
		}
		w.moved = s.Moved
		return false
	}
	begun := s.Waiting
	if begun.Before(w.since) {
		begun = w.since // A new leader has its own time.
	}
	if s.Leader == "" || s.Now.Sub(begun) < w.Patience() {
		return false
	}
	w.since = s.Now
	w.doubled = min(w.doubled+1, maxDoubling)
	return true
}

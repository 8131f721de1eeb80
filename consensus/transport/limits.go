package transport

import "time"

// rate allows one unit in every interval, and as many at once as its burst.
type rate struct {
	every time.Duration
	burst int64
}

// bucket is one allowance. It holds the moment at which it will be full again, so that it needs no clock of its own.
type bucket struct {
	full time.Time
}

// wait says how long n units must wait; zero when they may be taken now.
func (b bucket) wait(now time.Time, r rate, n int64) time.Duration {
	if b.full.Before(now) {
		b.full = now
	}
	// More than the burst at once is allowed when the bucket is full, or it would never be.
	n = min(n, r.burst)
	return max(0, b.full.Add(time.Duration(n)*r.every).Sub(now)-time.Duration(r.burst)*r.every)
}

// take takes n units if they may be taken now.
func (b *bucket) take(now time.Time, r rate, n int64) bool {
	if b.wait(now, r, n) > 0 {
		return false
	}
	if b.full.Before(now) {
		b.full = now
	}
	b.full = b.full.Add(time.Duration(n) * r.every)
	return true
}

// deed is what a peer does that is counted.
type deed int

const (
	deedRefused   deed = iota // a request of it that was refused
	deedVote                  // a request for a vote
	deedPreVote               // a request for a pre-vote
	deedTransfer              // TimeoutNow
	deedBytes                 // bytes of entries
	deedSnapshot              // a snapshot from it
	deedFed                   // a snapshot to it
	deedUnwilling             // an append to it that it answered without success
	deedTerm                  // an answer of a higher term than the question's
	deeds                     // how many there are
)

// Limits bounds what one peer may send, and how often. A zero field takes the default named.
type Limits struct {
	// Entries is how many entries an incoming append may carry; 64, which is raft's default. Invariant: not below raft's
	// MaxAppendEntries at any peer.
	Entries int
	// SnapshotBytes is how long a snapshot may be; 16 GiB.
	SnapshotBytes int64
	// BytesPerSecond bounds entries and snapshots, with twice as many at once; 32 MiB.
	BytesPerSecond int64
	// Election is raft's ElectionTimeout, in which an honest candidate asks for a vote once; 1 s.
	Election time.Duration
	// SnapshotPause is the time between two snapshots from or to a peer, and, on average, between two elections that a peer
	// alone can bring about by its answers; 30 s.
	SnapshotPause time.Duration
	// DropFor is how long a leader that others complain of is dropped at most, the first time; 20 times Election.
	DropFor time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Entries == 0 {
		l.Entries = 64
	}
	if l.SnapshotBytes == 0 {
		l.SnapshotBytes = 16 << 30
	}
	if l.BytesPerSecond == 0 {
		l.BytesPerSecond = 32 << 20
	}
	if l.Election == 0 {
		l.Election = time.Second
	}
	if l.DropFor == 0 {
		l.DropFor = 20 * l.Election
	}
	if l.SnapshotPause == 0 {
		l.SnapshotPause = 30 * time.Second
	}
	return l
}

// rates is what is allowed of each deed. An honest peer stays far below: a refusal is its fault or a rare race; it asks
// for a vote once per election; a follower that has to be led back entry by entry is refused as often as entries differ.
func (l Limits) rates() [deeds]rate {
	return [deeds]rate{
		deedRefused:  {100 * time.Millisecond, 64},
		deedVote:     {l.Election, 4},
		deedPreVote:  {l.Election / 2, 8},
		deedTransfer: {l.Election, 2},
		deedBytes:    {max(1, time.Second/time.Duration(l.BytesPerSecond)), 2 * l.BytesPerSecond},
		// A little more often than an honest peer sends: it counts from when it sent.
		deedSnapshot:  {l.SnapshotPause - l.SnapshotPause/8, 1},
		deedFed:       {l.SnapshotPause, 1},
		deedUnwilling: {100 * time.Millisecond, 256},
		deedTerm:      {l.SnapshotPause, 4},
	}
}

// limiter counts the deeds of every peer. The table holds the peers and nobody else, so none makes it grow.
type limiter struct {
	rates [deeds]rate
	peers map[string]*[deeds]bucket
}

func newLimiter(l Limits, peers map[string]bool) *limiter {
	out := &limiter{rates: l.rates(), peers: make(map[string]*[deeds]bucket, len(peers))}
	for name := range peers {
		out.peers[name] = new([deeds]bucket)
	}
	return out
}

func (l *limiter) take(now time.Time, peer string, d deed, n int64) bool {
	buckets := l.peers[peer]
	return buckets != nil && buckets[d].take(now, l.rates[d], n)
}

func (l *limiter) wait(now time.Time, peer string, d deed, n int64) time.Duration {
	buckets := l.peers[peer]
	if buckets == nil {
		return time.Hour // It is no peer any more.
	}
	return buckets[d].wait(now, l.rates[d], n)
}

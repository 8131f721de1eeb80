package abuse

import "time"

// Rate is a bucket's size and how it refills: Burst at once, and as many within each Per.
type Rate struct {
	Burst int
	Per   time.Duration
}

// PerMinute is a rate of n in a minute.
func PerMinute(n int) Rate { return Rate{Burst: n, Per: time.Minute} }

// bucket is what was taken, as a time: the moment at which it will be full again. One that lies in the past is full.
type bucket struct {
	fullAtUnixNs int64
}

// has tells whether one can be taken. Each one taken moves the moment by Per/Burst; the bucket is empty when that is Per away.
func (b bucket) has(r Rate, nowUnixNs int64) bool {
	return max(b.fullAtUnixNs, nowUnixNs)-nowUnixNs+r.step() <= int64(r.Per)
}

func (b *bucket) take(r Rate, nowUnixNs int64) {
	b.fullAtUnixNs = max(b.fullAtUnixNs, nowUnixNs) + r.step()
}

func (r Rate) step() int64 { return int64(r.Per) / int64(r.Burst) }

// slowed is a rate divided by n: as many in n times the time.
func (r Rate) slowed(n int) Rate { return Rate{Burst: max(1, r.Burst/n), Per: r.Per} }

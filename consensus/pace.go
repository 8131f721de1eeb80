package consensus

import "time"

// pace keeps steps of one kind apart, so that what comes meanwhile goes in one. Checking signatures, bringing submissions to the leader, batches and rounds each cost
// processors much by themselves and little for each payment, and each would fill all the time that there is from a hundred payments a second on: then a payment waits for a
// processor at every step, and nothing is left for what comes seldom and takes long, such as a merge of the store. One step after a rest waits for nothing.
//
// The zero value never rests. It is not safe for concurrent use.
type pace struct {
	// each is how long one that is carried keeps the next step away, most how long all that a step carries do.
	each, most time.Duration
	began      time.Time
	carried    int
}

// The paces. One submission after the other, each when the one before has been answered, is never held up by them: that takes longer.
var (
	checkPace   = pace{each: 4 * time.Millisecond, most: 10 * time.Millisecond}
	forwardPace = pace{each: 5 * time.Millisecond, most: 20 * time.Millisecond}
	batchPace   = pace{each: 8 * time.Millisecond, most: 80 * time.Millisecond}
)

// rest is how long it is until the next step may begin.
func (p *pace) rest(now time.Time) time.Duration {
	return min(p.most, time.Duration(p.carried)*p.each) - now.Sub(p.began)
}

// begin notes that a step begins, and what it carries.
func (p *pace) begin(now time.Time, carried int) { p.began, p.carried = now, carried }

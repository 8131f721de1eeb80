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
	// took is how long the last step lasted, where that is noted: on a fast machine that has time to spare nobody rests longer than as much again.
	took time.Duration
}

// The paces.
var (
	checkPace   = pace{each: 4 * time.Millisecond, most: 10 * time.Millisecond}
	forwardPace = pace{each: 5 * time.Millisecond, most: 10 * time.Millisecond}
	batchPace   = pace{each: 4 * time.Millisecond, most: 40 * time.Millisecond}
)

// rest is how long it is until the next step may begin.
func (p *pace) rest(now time.Time) time.Duration {
	apart := min(p.most, time.Duration(p.carried)*p.each)
	if p.took > 0 {
		apart = min(apart, 2*p.took)
	}
	return apart - now.Sub(p.began)
}

// begin notes that a step begins, what it carries and what it has left over: then the next one does not rest.
func (p *pace) begin(now time.Time, carried, left int) {
	if p.began, p.carried = now, carried; left > 0 {
		p.carried = 0
	}
}

// end notes that the step is over.
func (p *pace) end(now time.Time) { p.took = now.Sub(p.began) }

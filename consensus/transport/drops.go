package transport

import (
	"slices"
	"time"
)

// drops are the validators that this node does not follow or elect for a while. There are never more of them than may lie (f), or a
// network in which each leader in turn was complained of (all were slow, or all clocks wrong) would have no leader ever again. They end by
// time, not by terms: a liar would ask for votes in a term after the last one, and where nobody can be elected no term passes. And end they
// must: of those who are left, none may have all that is committed.
//
// Who is dropped again soon after is dropped for longer. A liar has the longest log, if it likes, and wins each election that it is not
// kept from: were all drops as long, two of seven could lead in turn, each back when the other's time is over, and nobody else ever. For the same
// reason a drop outlasts the patience that there is with all others who may lie, one after the other: it grows while nothing moves.
type drops struct {
	// most is how many there may be. Invariant: most >= 1.
	most int
	// list is in the order in which they were dropped, oldest first. Invariant: at most one for each name, at most `most`.
	list []drop
	// last is the newest drop of each name.
	last map[string]drop
}

type drop struct {
	name string
	// span is how long it is.
	span time.Duration
	end  time.Time
}

// dropAgain is how many times as long as the first the next drops are, until as much time has passed since the last one ended. More would keep a
// network waiting whose only possible leader is slow.
const dropAgain = 3

// mostDoublings bounds how much longer than one patience a drop is: patience does not double for ever.
const mostDoublings = 2

func newDrops(validators int) drops {
	return drops{most: mostDropped(validators), last: make(map[string]drop)}
}

// mostDropped is how many there may be at once.
func mostDropped(validators int) int { return max(1, (validators-1)/3) }

// add drops a validator, the first time for so long. One that is dropped already is dropped for as long as before, from now on. Patience is what the next leader
// may leave undone; it may double with each.
func (d *drops) add(name string, now time.Time, first, patience time.Duration) {
	one := drop{name: name, span: first}
	if last, ok := d.last[name]; ok && now.Before(last.end) {
		one.span = last.span
	} else if ok && now.Before(last.end.Add(dropAgain*first)) {
		one.span = dropAgain * first
	}
	if others := d.most - 1; others > 0 {
		one.span = max(one.span, patience*time.Duration(max(1<<min(others, mostDoublings), others+1)))
	}
	one.end = now.Add(one.span)
	d.last[name] = one
	d.list = slices.DeleteFunc(d.list, func(one drop) bool { return one.name == name })
	d.list = append(d.list, one)
	d.list = d.list[max(0, len(d.list)-d.most):]
}

// has says whether a validator is not followed now.
func (d *drops) has(name string, now time.Time) bool {
	return slices.ContainsFunc(d.list, func(one drop) bool { return one.name == name && now.Before(one.end) })
}

package transport

import (
	"slices"
	"time"
)

// drops are the validators that this node does not follow or elect for a while. There are never more of them than may lie (f), or a
// network in which each leader in turn was complained of (all were slow, or all clocks wrong) would have no leader ever again. They end by
// time, not by terms: a liar would ask for votes in a term after the last one, and where nobody can be elected no term passes. And end they
// must: of those who are left, none may have all that is committed.
type drops struct {
	// most is how many there may be. Invariant: most >= 1.
	most int
	// list is in the order in which they were dropped, oldest first. Invariant: at most one for each name, at most `most`.
	list []drop
}

type drop struct {
	name string
	end  time.Time
}

func newDrops(validators int) drops { return drops{most: max(1, (validators-1)/3)} }

// add drops a validator until a time.
func (d *drops) add(name string, end time.Time) {
	d.list = slices.DeleteFunc(d.list, func(one drop) bool { return one.name == name })
	d.list = append(d.list, drop{name, end})
	d.list = d.list[max(0, len(d.list)-d.most):]
}

// has says whether a validator is not followed now.
func (d *drops) has(name string, now time.Time) bool {
	return slices.ContainsFunc(d.list, func(one drop) bool { return one.name == name && now.Before(one.end) })
}

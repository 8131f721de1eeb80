package transport

import "time"

// drops are the validators that this node does not follow or elect for a while. There are never more of them than may lie (f): with
// pre-vote no term passes while nobody can be elected, so a network in which each leader in turn was complained of (all were slow, or all
// clocks wrong) would have no leader ever again. And each ends by time too: of those who are left, none may have all that is committed.
type drops struct {
	// most is how many there may be. Invariant: most >= 1.
	most int
	// list is in the order in which they were dropped, oldest first. Invariant: at most one for each name, at most `most`.
	list []drop
}

type drop struct {
	name string
	// term is the last one in which the validator is not followed, end when that is over in any case.
	term uint64
	end  time.Time
}

func newDrops(validators int) drops { return drops{most: max(1, (validators-1)/3)} }

// add drops a validator until a term and a time; term zero lifts it.
func (d *drops) add(name string, term uint64, end time.Time) {
	d.lift(name)
	if term == 0 {
		return
	}
	d.list = append(d.list, drop{name, term, end})
	d.list = d.list[max(0, len(d.list)-d.most):]
}

func (d *drops) lift(name string) {
	for i := range d.list {
		if d.list[i].name == name {
			d.list = append(d.list[:i:i], d.list[i+1:]...)
			return
		}
	}
}

// term is the last one in which a validator is not followed; zero is none.
func (d *drops) term(name string, now time.Time) uint64 {
	for _, one := range d.list {
		if one.name == name && now.Before(one.end) {
			return one.term
		}
	}
	return 0
}

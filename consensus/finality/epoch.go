package finality

import (
	"cmp"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

const (
	// epochTicks is how many ticks an epoch gets to make something final: ten seconds of the driver's. That has to be above what
	// raft takes to find a new leader, which is the cheaper cure (EpochTicks).
	epochTicks = 40
	// maxDoublings bounds how often that is doubled.
	maxDoublings = 5
	// lately is for how many ticks a validator counts as present after it was heard.
	lately = 16
	// readyAgain is after how many ticks a change that is still not in a batch is given again.
	readyAgain = 8
	// shortTicks is the least that an epoch gets in which too few can speak; it gets a quarter of its patience otherwise.
	shortTicks = 8
	// wishesPerTick bounds how many votes for epochs are verified of one validator; an honest one gives one at most.
	wishesPerTick = 4
)

// readyFor says which change was given, to which leadership, and when.
type readyFor struct{ term, epoch, clock uint64 }

// tick counts the time, and the time in which something could have become final.
func (m *Machine) tick() {
	m.ticks++
	m.clock++
	if m.orphaned() {
		m.strays++
	} else {
		m.strays = 0
	}
	for _, h := range m.heard {
		h.wishesHeard = 0
	}
	m.short = false
	state := m.signer.state
	if !m.waits() || m.applied.Epoch < state.Epoch || m.behind() || m.trails() {
		m.idle = 0
		return
	}
	present, wishing, able := 1, 1, 1
	for _, v := range m.set {
		if h := m.heard[v.Name]; v.Name != m.signer.name && h.lastHeard > 0 && h.lastHeard+lately > m.clock {
			present++
			if h.words.Wish.Epoch >= state.Wished.Epoch {
				wishing++
			}
			if h.words.Wish.Epoch <= state.Epoch {
				able++
			}
		}
	}
	// Once this validator has voted for an epoch, it waits for a quorum to do so before it doubts that epoch too.
	if present >= m.set.Quorum() && (m.signer.current() || wishing >= m.set.Quorum()) {
		m.idle++
		m.short = m.signer.current() && able < m.set.Quorum()
	}
}

// waits says that another epoch may help: to make something final or, where this one can not, sealed. A head that is final and could take what comes next
// is not worth one otherwise, since an epoch begins with a batch.
func (m *Machine) waits() bool {
	return m.applied.Size > m.signer.state.Final.Size || m.applied.Size > m.sealed.Size && (m.applied.Boundary || m.doubted())
}

// doubted says that somebody votes for a later epoch, and so says nothing more in this one: its voice may be the one that is missing.
func (m *Machine) doubted() bool {
	for _, h := range m.heard {
		if h.words.Wish.Epoch > m.signer.state.Epoch {
			return true
		}
	}
	return false
}

// behind says that a later epoch than the own one was opened: there is a certificate of it. The log will lead there, and whether that
// one can go on is for those to say who are in it: a vote before its time would keep this validator from helping them.
func (m *Machine) behind() bool { return m.signer.state.Highest.Epoch > m.signer.state.Epoch }

// trails says that a quorum has sealed a tree that the own one has not come to: epochs do make something final, and what is missing is here. A validator that was started
// again reads for longer than its patience when the history is long; a vote in that time would bar it from the epoch that the others are in, until they need it. So
// say a note, or f+1 validators, whose notes may not have come.
func (m *Machine) trails() bool {
	if n := len(m.waiting); n > 0 && m.waiting[n-1].checkpoint.Size > m.sealed.Size {
		return true
	}
	return m.honestlySealed() > m.applied.Size
}

// honestlySealed is a size that at least one honest validator has sealed: the (f+1)-th highest that they say.
func (m *Machine) honestlySealed() uint64 {
	var sizes []uint64
	for _, v := range m.set {
		sizes = append(sizes, m.heard[v.Name].words.FinalSize)
	}
	slices.Sort(sizes)
	return sizes[len(sizes)-1-m.set.Faults()]
}

// orphaned says that what this validator attested last in this epoch is not in its tree any more. Its attestations must
// extend it, so it can help in this epoch no more. A tree that can not be read now, since something is taken back or installed, says nothing.
func (m *Machine) orphaned() bool {
	last := m.signer.state.Attested
	if last.Size == 0 || last.Epoch != m.signer.state.Epoch || m.applied.Epoch != last.Epoch || m.applied.Size < last.Size {
		return false
	}
	if head, _, ok := m.rootAt(m.applied.Size); !ok || head != m.applied.Root {
		return false
	}
	own, ok := m.root(last.Size)
	return !ok || own != last.Root
}

// endEpoch votes for another epoch when this one can not go on, and ends this one by that.
func (m *Machine) endEpoch() {
	if m.halted != nil || m.outside {
		return
	}
	state := m.signer.state
	// Only a vote for a later epoch can name the certificate that is held.
	last := max(state.Epoch, state.Wished.Epoch, state.Highest.Epoch)
	next := max(last, m.wishedByHonest())
	// One look at a tree that is being rolled back may be mistaken, so an orphan is looked at twice.
	if m.signer.current() && !m.behind() && (m.turn.contradicted || m.strays >= 2) {
		next = max(next, last+1)
	}
	if m.idle >= m.patient() {
		next = max(next, last+1)
		m.wait = min(2*m.wait, m.least<<maxDoublings)
	}
	if next == last {
		return
	}
	if err := m.signer.wish(next); err != nil {
		m.halt(err)
		return
	}
	m.idle = 0
	m.signed()
}

// patient is how many ticks without anything final this epoch gets. Where those who have voted for a later one and those who are away leave no quorum
// that could speak, a quarter; those who were heard count as there for some time (lately), so that it ends then.
func (m *Machine) patient() int {
	if m.short {
		return min(m.wait, max(shortTicks, m.wait/4))
	}
	return m.wait
}

// wishedByHonest is the highest epoch that f+1 validators have voted for, or for a later one.
func (m *Machine) wishedByHonest() uint64 {
	var wished []uint64
	for _, v := range m.set {
		wished = append(wished, m.heard[v.Name].words.Wish.Epoch)
	}
	slices.Sort(wished)
	return wished[len(wished)-1-m.set.Faults()]
}

// openEpoch gives the leader what opens the next epoch, when a quorum has voted for it.
func (m *Machine) openEpoch() {
	if m.halted != nil || m.leader != m.signer.name || m.applied.Epoch != m.signer.state.Epoch {
		return
	}
	var epochs []uint64
	for _, v := range m.set {
		for _, w := range m.heard[v.Name].wishes {
			if w.Epoch > m.applied.Epoch {
				epochs = append(epochs, w.Epoch)
			}
		}
	}
	slices.SortFunc(epochs, func(a, b uint64) int { return cmp.Compare(b, a) })
	for _, epoch := range slices.Compact(epochs) {
		last := m.ready
		if last.term == m.term && (last.epoch > epoch || last.epoch == epoch && last.clock+readyAgain > m.clock) {
			return
		}
		if change, ok := m.change(epoch); ok {
			m.ready = readyFor{term: m.term, epoch: epoch, clock: m.clock}
			m.turn.more = append(m.turn.more, EpochReady{change})
			return
		}
	}
}

// change puts together what opens an epoch in the own tree. Any quorum of votes will do for safety, so one that names a
// tree which is not the own one is left out: only a leader that has that tree could use it.
func (m *Machine) change(epoch uint64) (checkpoint.EpochChange, bool) {
	c := checkpoint.EpochChange{Epoch: epoch}
	for _, v := range m.set {
		wishes := m.heard[v.Name].wishes
		i := slices.IndexFunc(wishes, func(w EpochWord) bool { return w.Epoch == epoch })
		if i < 0 || !m.startsHere(wishes[i].Certified) {
			continue
		}
		c.Votes = append(c.Votes, wishes[i].by(v.Name))
		if wishes[i].Certified.Epoch >= m.first && wishes[i].Certified.Above(c.Certificate.Vote) {
			c.Certificate = wishes[i].certificate()
		}
	}
	return c, len(c.Votes) >= m.set.Quorum()
}

// startsHere says that an epoch which starts from a certified tree can be opened in the own tree. What was certified before
// the epoch in force was given up when that was opened, as far as it is not in its start (EpochChange.StartIn).
func (m *Machine) startsHere(certified checkpoint.Vote) bool {
	if certified.Size == 0 || certified.Epoch != m.applied.Epoch {
		return certified.Epoch <= m.applied.Epoch
	}
	own, ok := m.root(certified.Size)
	return ok && own == certified.Root
}

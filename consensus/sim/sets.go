package sim

import (
	"errors"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// sets is who the validators were and are, as anybody knows it who has the genesis and what running validators prove.
type sets struct {
	cluster *cluster

	// mu guards the rest; never held while time passes.
	mu sync.Mutex
	// proven leads from the genesis to the newest set that anybody has shown. Invariant: Follow takes it.
	proven checkpoint.Succession
	// wanted are the validators that ballots have named, and which their operators therefore keep running; nil when no ballot does.
	wanted []string
}

func newSets(c *cluster) *sets {
	return &sets{cluster: c, proven: checkpoint.Succession{First: c.world.Set}}
}

// learn takes the sets that a validator shows. Each change must be proved by the set before it, and nobody may show another set, or another
// boundary, in its place (I5): the set before makes nothing final above its boundary.
func (s *sets) learn(by string, shown checkpoint.Succession) bool {
	c := s.cluster
	if len(shown.Changes) > 0 {
		if _, err := checkpoint.Follow(checkpoint.Trust{Network: c.world.Network, Validators: c.world.Set}, shown.Changes); err != nil {
			c.violate("I10", "%s shows validator sets that do not follow from the genesis: %v", by, err)
			return false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, change := range shown.Changes {
		if i < len(s.proven.Changes) && s.proven.Changes[i].Set.Hash() != change.Set.Hash() {
			c.violate("I5", "two validator sets in the place %d: %s shows %v, and before there was %v", i+1, by, names(change.Set), names(s.proven.Changes[i].Set))
			return false
		}
		if i < len(s.proven.Changes) && s.proven.Changes[i].LeafIndex != change.LeafIndex {
			c.violate("I5", "two boundaries before validator set %d: %s shows one at leaf %d, and before there was leaf %d", i+1, by, change.LeafIndex, s.proven.Changes[i].LeafIndex)
			return false
		}
	}
	if len(shown.Changes) >= len(s.proven.Changes) {
		s.proven = shown
	}
	return true
}

// all are the sets so far, the oldest first.
func (s *sets) all() []checkpoint.ValidatorSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []checkpoint.ValidatorSet{s.proven.First}
	for _, c := range s.proven.Changes {
		all = append(all, c.Set)
	}
	return all
}

// newest is the last of them.
func (s *sets) newest() checkpoint.ValidatorSet {
	all := s.all()
	return all[len(all)-1]
}

// changes is how many there were.
func (s *sets) changes() int { return len(s.all()) - 1 }

// has says whether a validator is in the newest set.
func (s *sets) has(name string) bool {
	_, in := s.newest().Find(name)
	return in
}

// want says whom the operators of a coming set keep running.
func (s *sets) want(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = names
}

func (s *sets) isWanted(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.wanted, name)
}

// left takes note of a validator that has ended because it has left the set; false when it never was outside.
func (s *sets) left(m *member) bool {
	out := slices.ContainsFunc(s.all(), func(set checkpoint.ValidatorSet) bool { _, in := set.Find(m.name); return !in })
	if !s.has(m.name) && !s.isWanted(m.name) {
		m.stayAway(true) // Its operator sees the reason, and does not start it again before another ballot names it.
	}
	return out
}

// verified tries the sets, the newest first: a word is of one of them.
func (s *sets) verified(verify func(set checkpoint.ValidatorSet) error) (err error) {
	err = errors.New("no validator set")
	for _, set := range slices.Backward(s.all()) {
		if err = verify(set); err == nil {
			return nil
		}
	}
	return err
}

// unfollowed says what is left to do of the changes, or "": the validators that have to run see one set, raft's members are that set, and
// nobody hears anybody else.
func (s *sets) unfollowed(name string, m consensus.Members) string {
	want := names(s.newest())
	switch {
	case !slices.Equal(m.Reigning, want):
		return name + ": another validator set reigns"
	case m.Coming != nil:
		return name + ": another validator set is to come"
	case !slices.Equal(m.Voters, want) || len(m.Learners) > 0:
		return name + ": raft's members are others"
	case !slices.Equal(m.Heard, want):
		return name + ": hears others"
	}
	return ""
}

func names(set checkpoint.ValidatorSet) (all []string) {
	for _, v := range set {
		all = append(all, v.Name)
	}
	return all
}

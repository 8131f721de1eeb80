package consensus

import (
	"math"
	"slices"
	"time"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Raft's members follow the validator sets with some delay, and whoever is behind sees them later still. Five rules keep a leader that some
// were elected by believable to all others, and let one be elected, without that a node asks anybody whose vote counts:
//
//   - Raft never loses a vote while it has no more voters than the set has validators (mayLose). So with sets of n at least, each leader
//     was elected by a majority of n at least.
//   - A set begins when a quorum of the one before has a vote (membership.followed). So raft is never more than one set behind.
//   - A leader of which fewer voters have elected it than it would take now gives its place to another (Node.standAgain): after raft has grown, or
//     has lost one whose vote it was.
//   - Who sees raft's members settled asks for a majority of them, who does not for a majority of the smallest set that raft may be on
//     its way from or to; never for so few that those who may lie are enough (membership.enough).
//   - Whoever is in the set that reigns is voted for, with or without a vote by the own log, when nobody has led for long (Node.votesAs).

// configurations are raft's members as far as this node knows.
type configurations struct {
	// latest is the newest in the log, committed or not; committed is that; both are empty before raft knows anybody.
	latest, committed raft.Configuration
}

func (n *Node) configurations() (c configurations) {
	m := n.member()
	if m == nil {
		return c
	}
	future := m.GetConfiguration()
	if future.Error() != nil {
		return c
	}
	c.latest = future.Configuration()
	c.committed = c.latest
	if known := n.committedMembers.Load(); known != nil {
		c.committed = *known
	}
	return c
}

// servers are the names of all members.
func (c configurations) servers() (all []string) {
	for _, list := range [][]raft.Server{c.latest.Servers, c.committed.Servers} {
		for _, s := range list {
			if !slices.Contains(all, string(s.ID)) {
				all = append(all, string(s.ID))
			}
		}
	}
	return all
}

// fewest is how many voters raft has, or the fewer that it had before a change which is not committed, since a candidate may not have
// heard of that; 0 when nothing is known.
func (c configurations) fewest() int {
	latest, committed := len(votersOf(c.latest)), len(votersOf(c.committed))
	if committed > 0 && committed < latest {
		return committed
	}
	return latest
}

func votersOf(c raft.Configuration) (all []string) {
	for _, s := range c.Servers {
		if s.Suffrage == raft.Voter {
			all = append(all, string(s.ID))
		}
	}
	return all
}

func majority(of int) int { return of/2 + 1 }

// enough is how many votes a leader has to show. Nothing that a candidate or its voters say counts here.
func (n *Node) enough() int { return n.reignNow().enough(n.configurations()) }

// votes says whether this node has a vote in raft, by its own log.
func (n *Node) votes() bool { return slices.Contains(votersOf(n.configurations().latest), n.name) }

// lonePatience is how long a node has no leader before it votes for whom its own log gives no vote.
const lonePatience = time.Minute

// votesAs is the name by which raft is asked for its vote for a candidate: of one that is in the set that reigns and has no vote by this node's log it is that of somebody who has one,
// once there has been no leader for long. Raft (v1.7.3) refuses whom its own log gives no vote. Members change one at a time, each by a majority, and two of seven who were
// away while they became four others refused the two who had votes by then, had too little to be elected, and nobody could be any more. A candidate's votes are counted by
// its own log, and no majority elects one that lacks what was committed, so that it needs no vote here. But votes are believed of whoever is in a set: so a newcomer that
// lies must not have it as easily, and none whose set has not begun.
func (n *Node) votesAs(candidate string) string {
	voters := votersOf(n.configurations().latest)
	if len(voters) == 0 || slices.Contains(voters, candidate) || time.Since(time.Unix(0, n.ledAt.Load())) < lonePatience {
		return candidate
	}
	if _, in := n.reignNow().reign.Validators.Find(candidate); in {
		return voters[0]
	}
	return candidate
}

// known are the set that reigns and those that are known to come.
func (m *membership) known() []checkpoint.ValidatorSet {
	all, comes := []checkpoint.ValidatorSet{m.reign.Validators}, m.coming != nil
	for _, c := range m.sets.After(m.reign.Boundary.Size) {
		all = append(all, c.Set)
		comes = comes && c.Set.Hash() != m.coming.Hash()
	}
	if comes {
		all = append(all, m.coming)
	}
	return all
}

// enough is Node.enough. Where raft's members are not the newest set that is known, this node is behind, or all are on the way from one set
// to the next: then raft had as many voters as the smallest of the sets from the one before the reign's on, and a node that asked for more
// would follow nobody, and would learn of no other members.
func (m *membership) enough(c configurations) int {
	fewest := c.fewest()
	after := m.sets.After(m.reign.Boundary.Size)
	settled := slices.Equal(slices.Sorted(slices.Values(votersOf(c.latest))), names(m.reign.Validators))
	if settled && m.coming == nil && len(after) == 0 {
		return majority(fewest)
	}
	if fewest == 0 {
		fewest = math.MaxInt - 1
	}
	sets, liars := []checkpoint.ValidatorSet{m.before, m.reign.Validators, m.coming}, 0
	for _, change := range after {
		sets = append(sets, change.Set)
	}
	for i, set := range sets {
		if len(set) == 0 {
			continue
		}
		fewest = min(fewest, len(set))
		if i > 0 {
			liars = max(liars, set.Faults())
		}
	}
	return max(majority(fewest), liars+1)
}

// followed says whether the next set may begin: raft gives a vote to a quorum of the one that reigns. Who is missing may be down for good, so
// nobody waits for all; a quorum has made the boundary final, and so has what it takes to get a vote.
func (m *membership) followed(c configurations) bool {
	voters := votersOf(c.committed)
	in := slices.DeleteFunc(names(m.reign.Validators), func(name string) bool { return !slices.Contains(voters, name) })
	return len(in) >= m.reign.Validators.Quorum()
}

// mayLose says whether raft may lose a voter who has left the set: while it has more than the set has validators. With fewer, a few of them
// would elect, whom who is behind would not believe; so who has left votes on until somebody has come in its place.
func mayLose(set checkpoint.ValidatorSet, voters []string) bool {
	return len(voters) > len(set)
}

// standAgain gives the leadership to somebody else, who is elected by those who vote now, if too few of them have elected this node: it
// is believed by those who have seen that, and not by who starts again.
func (n *Node) standAgain() error {
	m, voters := n.reignNow(), votersOf(n.configurations().latest)
	if n.transport.ElectedBy(voters) >= majority(min(len(voters), len(m.reign.Validators))) {
		return nil
	}
	return n.handOver(m.reign.Validators)
}

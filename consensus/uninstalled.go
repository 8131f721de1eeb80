package consensus

import (
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/store"
)

// A snapshot whose sink was closed is in raft's folder before anything stands on it: raft may end, or the power go, before it is installed. Until
// then it is one leader's word, and its place in the log is taken for nothing. Else a liar that sends a true one just as a validator goes back
// would have what is kept aside begin at a place behind all that was attested, and hold none of it. So
//
//   - a resync discards it as soon as raft has ended, before anything is kept aside or cut: a leader sends it again. A crash before that leaves it
//     beside the target and the whole tree; one in the middle, a folder under a name that is no snapshot's, or a built state: the next start removes both.
//   - a start removes it before it goes on with a resync, while the tree still says what the snapshot would take back (settle). A crash leaves target
//     and tree, and the next start looks again. When the tree has been cut, the log is kept aside: a snapshot that was left to be restored takes back nothing.
//   - and nothing is cut if what would be kept does not hold what was not final (holdsPending).

// discard drops the snapshot that arrived and was not installed. Raft does not run: it has cut nothing for it, and the next one would be given it
// for another.
func (s *snapshotStore) discard() error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	a := s.take()
	if a == nil {
		return nil
	}
	s.log.Warn("a snapshot that was not installed is dropped", "id", a.id, "size", a.head.Size)
	// It must not be there again after the tree was cut, which then would not say any more that it undoes something.
	return errors.Join(a.state.Discard(), s.remove(a.id), syncDir(s.dir))
}

// take is the snapshot that arrived last, which from here on is nobody else's; nil when there is none.
func (s *snapshotStore) take() *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.arrived
	s.arrived = nil
	return a
}

// firstMade is the entry that made the first batch that is not final; false when there is none. A snapshot that raft stands on ends before it: it is of
// what is final, and what came after was given after its end. So one that does not was never installed, even if its end is in the log.
func firstMade(s *store.Store) (index uint64, ok bool) {
	return s.MadeOf(s.Floor().Batch + 1)
}

// holdsPending says whether the log after an entry holds whatever made the batches that are not final, as long as its end was not lost. Where it
// does not, what a resync would keep aside holds nothing of what was attested, and would count as whole.
func (n *Node) holdsPending(after uint64) (bool, error) {
	begins, err := n.raftLog.FirstIndex()
	if err != nil {
		return false, fmt.Errorf("look what can be kept aside: %w", err)
	}
	made, pending := firstMade(n.store)
	return begins <= after+1 && (!pending || after < made), nil
}

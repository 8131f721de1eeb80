package consensus

import (
	"fmt"
	"math"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Stage says how far a transaction has come, as this node knows.
type Stage int

// The stages, in order.
const (
	// Unknown: this node knows nothing of the id, which is no outcome.
	Unknown Stage = iota
	// Taken: handed over, not yet ordered.
	Taken
	// Accepted: ordered and applied here; provisional.
	Accepted
	// Final: can never change.
	Final
)

// Status is what this node knows of a transaction.
type Status struct {
	ID    tx.ID
	Stage Stage
	// The rest is set from Accepted on.
	Result     tx.Result
	LeafIndex  uint64
	LeafHash   [32]byte
	TimeUnixMs uint64
}

// Refusal is an answer for an envelope that was not packed and is not recorded: the code depends on the envelope or on the
// moment, not on the transaction alone.
type Refusal struct {
	Code tx.Code
}

// Error names the code.
func (r *Refusal) Error() string { return fmt.Sprintf("refused: %s", r.Code) }

// outcomes remembers what became of the newest transactions, so that those who wait need no read of the store.
type outcomes struct {
	// mu guards the maps; held for a look-up only.
	mu sync.Mutex
	// recent and older are two generations. Invariant: each holds at most generation outcomes.
	recent, older map[tx.ID]Status
	// recentFrom and olderFrom are the sizes of the tree that they begin at. Invariant: whatever was recorded at a leaf from there on is here.
	recentFrom, olderFrom uint64
}

// nowhere is where a generation begins that nothing was added to.
const nowhere = math.MaxUint64

func newOutcomes() *outcomes { return &outcomes{recent: make(map[tx.ID]Status), recentFrom: nowhere} }

// add takes what a batch recorded that began at a size of the tree, ascending by leaf.
func (o *outcomes) add(size uint64, all ...Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recentFrom = min(o.recentFrom, size)
	for _, s := range all {
		if len(o.recent) >= generation {
			o.older, o.olderFrom = o.recent, o.recentFrom
			o.recent, o.recentFrom = make(map[tx.ID]Status), s.LeafIndex
		}
		o.recent[s.ID] = s
	}
}

// find gives an outcome. One that is not here was not recorded at a leaf from from on.
func (o *outcomes) find(id tx.ID) (s Status, from uint64, found bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, found = o.recent[id]; found {
		return s, 0, true
	}
	if o.older == nil {
		return s, o.recentFrom, false
	}
	s, found = o.older[id]
	return s, o.olderFrom, found
}

// clear forgets everything: after a snapshot has replaced the state.
func (o *outcomes) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent, o.older, o.recentFrom = make(map[tx.ID]Status), nil, nowhere
}

// absence is that a transaction was not recorded when somebody looked. Whoever looks again needs no read of the store: what was recorded
// since is in outcomes, unless there was too much of it. The zero value says nothing.
type absence struct {
	looked bool
	// size is that of the tree when the look began, turns what had taken batches back by then.
	size, turns uint64
}

// holds says whether a transaction that is not among the outcomes, which begin at from, is still absent. The store may have it a moment
// before the outcomes do; whoever waits is woken after both.
func (a *absence) holds(from, turns uint64) bool {
	return a.looked && a.turns == turns && from <= a.size
}

package consensus

import (
	"fmt"
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
}

func newOutcomes() *outcomes { return &outcomes{recent: make(map[tx.ID]Status)} }

func (o *outcomes) add(all ...Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range all {
		if len(o.recent) >= generation {
			o.older, o.recent = o.recent, make(map[tx.ID]Status)
		}
		o.recent[s.ID] = s
	}
}

func (o *outcomes) find(id tx.ID) (Status, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s, ok := o.recent[id]; ok {
		return s, true
	}
	s, ok := o.older[id]
	return s, ok
}

// clear forgets everything: after a snapshot has replaced the state.
func (o *outcomes) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent, o.older = make(map[tx.ID]Status), nil
}

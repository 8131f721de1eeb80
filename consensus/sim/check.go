package sim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// unsettled says why the network is not at rest yet, or "": every honest validator runs, every payment is final somewhere,
// and what each has applied is final, of one size.
func (c *cluster) unsettled(w *workload) string {
	if begun, final := w.counts(); final < begun {
		return fmt.Sprintf("%d of %d payments are not final", begun-final, begun)
	}
	var size uint64
	for i, m := range c.honest() {
		if m.excused() || !c.sets.has(m.name) {
			continue
		}
		n := m.running()
		if n == nil {
			return m.name + " does not run"
		}
		if !c.sets.learn(m.name, n.Succession()) {
			return m.name + " shows other validator sets"
		}
		if why := c.sets.unfollowed(m.name, n.Members()); c.changes && why != "" {
			return why
		}
		head := n.Head()
		if final := n.FinalSize(); final != head.Size {
			return fmt.Sprintf("%s: final size %d, applied %d", m.name, final, head.Size)
		}
		if i > 0 && size > 0 && head.Size != size {
			return fmt.Sprintf("%s is at size %d, others at %d", m.name, head.Size, size)
		}
		size = head.Size
	}
	return ""
}

// excused says that nothing is asked of a validator any more: its disk was damaged and it would not start on that.
func (m *member) excused() bool {
	_, marred, refused := m.state()
	return marred && refused != nil
}

// report collects what ledgertest.Audit complains of.
type report struct {
	cluster *cluster
	name    string
}

type fatal struct{}

// Helper has nothing to do.
func (r report) Helper() {}

// Errorf notes a complaint.
func (r report) Errorf(format string, a ...any) {
	r.cluster.violate("I1/I2/I7/I9", "%s: %s", r.name, fmt.Sprintf(format, a...))
}

// Fatal notes one and ends the audit.
func (r report) Fatal(a ...any) { r.Errorf("%s", fmt.Sprint(a...)); panic(fatal{}) }

// Fatalf notes one and ends the audit.
func (r report) Fatalf(format string, a ...any) { r.Errorf(format, a...); panic(fatal{}) }

// ledgers checks what the honest validators have on disk once all have stopped: each ledger agrees with itself (I1, I2,
// I7, I9), all of one size are the same bytes (I6), each holds every checkpoint and payment that was ever called final
// (I4), and no transaction stands twice (I3).
func (c *cluster) ledgers(w *workload) {
	states := make(map[uint64]exported)
	honest := c.begun()
	replayed := honest[c.intN(len(honest))] // One is enough: all are compared.
	for _, m := range honest {
		if m.excused() {
			continue
		}
		if err := c.ledger(m, w, states, m == replayed); err != nil {
			c.violate("I13", "%s: %v", m.name, err)
		}
	}
}

type exported struct {
	hash [32]byte
	by   string
}

func (c *cluster) ledger(m *member, w *workload, states map[uint64]exported, replay bool) error {
	s, err := store.Open(filepath.Join(m.dir, "node", "state"), store.Options{NoSync: true, VolumeLeaves: volumeLeaves})
	if err != nil {
		return err
	}
	defer s.Close()
	head := s.Head()
	_, marred, _ := m.state()
	if applied, _ := s.Applied(); !marred {
		if last, any := m.disk.last(); any && applied > last.Index {
			c.violate("I13", "%s has applied entry %d, its log ends at %d", m.name, applied, last.Index)
		}
	}
	c.audit(m, s)
	if replay {
		if at, err := s.Replay(c.world.Genesis, nil); err != nil {
			c.violate("I13", "%s: a replay of its history: %v, %+v", m.name, err, at)
		}
	}
	sum := sha256.New()
	if err := s.Export(sum); err != nil {
		return err
	}
	// Who has left hears no more: what it had applied above its final checkpoint the others may have taken back.
	_, upTo, _ := s.Final()
	outside := !c.sets.has(m.name)
	if outside && upTo != head.Size {
		return c.holds(m, s, w, upTo)
	}
	own := exported{[32]byte(sum.Sum(nil)), m.name}
	if other, ok := states[head.Size]; ok && other.hash != own.hash {
		c.violate("I6", "%s and %s differ at size %d", other.by, m.name, head.Size)
	}
	states[head.Size] = own
	if !outside {
		upTo = math.MaxUint64
	}
	if err := c.holds(m, s, w, upTo); err != nil {
		return err
	}
	return c.once(m, s, head.Size)
}

// holds checks that a ledger has all that was ever final, up to a size.
func (c *cluster) holds(m *member, s *store.Store, w *workload, upTo uint64) error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	for size, sealed := range c.watch.finals {
		if size > upTo {
			continue
		}
		if root, err := s.Root(size); err != nil || root != sealed.root {
			c.violate("I4", "%s does not hold what was final at size %d to %s: %v", m.name, size, sealed.by, err)
		}
	}
	for _, p := range w.all() {
		if p.final == nil || p.final.LeafIndex >= upTo {
			continue
		}
		raw, err := s.Leaf(p.final.LeafIndex)
		if err != nil || checkpoint.LeafHash(raw) != p.final.LeafHash {
			c.violate("I4", "%s does not hold payment %s, which was final to %s: %v", m.name, p.id, p.by, err)
		}
	}
	return nil
}

func (c *cluster) audit(m *member, s *store.Store) {
	view := s.View()
	defer view.Close()
	defer func() {
		if r := recover(); r != nil && r != (fatal{}) {
			panic(r)
		}
	}()
	ledgertest.Audit(report{c, m.name}, view, s.Leaf, s.Head(), c.world.Network)
}

// once reads the whole history for a transaction that was applied twice.
func (c *cluster) once(m *member, s *store.Store, size uint64) error {
	seen := make(map[tx.ID]uint64)
	for i := range size {
		raw, err := s.Leaf(i)
		if err != nil {
			return err
		}
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			return fmt.Errorf("leaf %d: %w", i, err)
		}
		if leaf.Record == nil || leaf.Record.Result.Code != tx.OK {
			continue
		}
		signed, err := tx.Parse(c.world.Network, leaf.Record.Envelope)
		if err != nil {
			return fmt.Errorf("leaf %d: %w", i, err)
		}
		if first, twice := seen[signed.ID()]; twice {
			c.violate("I3", "%s: transaction %s was applied at leaf %d and at leaf %d", m.name, signed.ID(), first, i)
		}
		seen[signed.ID()] = i
	}
	return nil
}

// replacedTime is how long a validator may be about to go back.
const replacedTime = 5 * time.Second

// receipts checks that running validators prove what they say (I10).
func (c *cluster) receipts(w *workload) {
	payments := w.all()
	trust := checkpoint.Trust{Network: c.world.Network, Validators: c.world.Set}
	for _, m := range c.honest() {
		n := m.running()
		for range 3 {
			if n == nil || !c.sets.has(m.name) || len(payments) == 0 {
				break
			}
			p := payments[c.intN(len(payments))]
			if p.final == nil {
				continue
			}
			receipt, err := n.Receipt(p.id)
			for end := time.Now().Add(replacedTime); errors.Is(err, consensus.ErrReplaced) && time.Now().Before(end); receipt, err = n.Receipt(p.id) {
				time.Sleep(100 * time.Millisecond) // As who asks for it does.
			}
			if err != nil && m.running() != n {
				break // It went down meanwhile.
			}
			if err != nil {
				c.violate("I10", "%s: no receipt of a final payment: %v", m.name, err)
				continue
			}
			if _, err := receipt.Verify(trust); err != nil {
				c.violate("I10", "%s: receipt does not verify: %v", m.name, err)
			}
		}
	}
}

package consensus

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/umoja-ledger/umoja/consensus/finality"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Who the validators are follows from this node's own tree: a set reigns from the first batch that its boundary's checkpoint began, until
// the batch that begins the next. Every part of the node is told by one goroutine at a time, raft's FSM while it runs, right after the
// batch that changes it; so a node that is killed anywhere finds the same from its state at the next start.

// ErrRemoved means that the validator has left the set, and nobody leads it any more: its process ends.
var ErrRemoved = errors.New("this validator has left the validator set")

// membership is who the validators are at a head.
type membership struct {
	// reign is of the set that makes the head final. Raft's members are to be that set.
	reign finality.Reign
	// before is the set before the reign's; nil for that of the genesis.
	before checkpoint.ValidatorSet
	// coming is the set that was decided and has not begun; nil when none.
	coming checkpoint.ValidatorSet
	// sets are all that are known, with those whose changes were proved by others and which the own tree has not reached.
	sets checkpoint.Succession
	// addresses are those that ballots said, by name.
	addresses map[string]string
}

// has says whether a validator is in the set that reigns or in the one to come.
func (m *membership) has(name string) bool {
	_, in := m.reign.Validators.Find(name)
	_, will := m.coming.Find(name)
	return in || will
}

// same says whether nothing has changed.
func (m *membership) same(o *membership) bool {
	return o != nil && m.reign.Validators.Hash() == o.reign.Validators.Hash() && m.reign.Boundary == o.reign.Boundary && m.reign.First == o.reign.First &&
		(m.coming == nil) == (o.coming == nil) && (m.coming == nil || m.coming.Hash() == o.coming.Hash()) &&
		len(m.sets.Changes) == len(o.sets.Changes) && maps.Equal(m.addresses, o.addresses)
}

// readMembership reads it from the state, which nobody may change meanwhile: raft's FSM reads it, or who has stopped that.
func (n *Node) readMembership() (*membership, error) {
	view := n.store.View()
	defer view.Close()
	state := ledger.Read(view)
	set, err := state.ValidatorSet()
	if err != nil {
		return nil, err
	}
	before, err := state.SetBefore()
	if err != nil {
		return nil, err
	}
	m := &membership{sets: n.store.Succession(), addresses: make(map[string]string)}
	for _, v := range set {
		if m.addresses[v.Name], err = state.PeerAddress(v.Name); err != nil {
			return nil, err
		}
	}
	m.reign.Validators = set
	if before != nil {
		m.reign.Validators, m.coming = before, set
	}
	self, in := m.reign.Validators.Find(n.name)
	m.reign.Outside = !in || !self.PublicKey().Equal(n.key.Public())
	if err := n.readBoundary(m); err != nil {
		return nil, err
	}
	if was := n.members.Load(); was != nil { // With what was foretold.
		for _, c := range was.sets.After(m.sets.Boundary()) {
			m.sets = m.sets.With(c)
		}
	}
	return m, nil
}

// readBoundary finds where the reign began.
func (n *Node) readBoundary(m *membership) error {
	hash := m.reign.Validators.Hash()
	for i, c := range slices.Backward(m.sets.Changes) {
		if c.Set.Hash() != hash {
			continue
		}
		m.before = m.sets.First
		if i > 0 {
			m.before = m.sets.Changes[i-1].Set
		}
		boundary, _, err := checkpoint.Open(n.network, m.before, c.Checkpoint)
		if err != nil {
			return fmt.Errorf("open boundary of the validator set: %v: %w", err, ledger.ErrCorrupt)
		}
		leaf, err := tx.ParseLeaf(c.Leaf)
		if err != nil || leaf.Header == nil {
			return fmt.Errorf("boundary of the validator set is no header: %v: %w", err, ledger.ErrCorrupt)
		}
		m.reign.Boundary, m.reign.BoundaryNote, m.reign.First = boundary, c.Checkpoint, checkpoint.FirstEpoch(leaf.Header.Epoch)
		return nil
	}
	if hash != m.sets.First.Hash() {
		return fmt.Errorf("validator set in force has no proof: %w", ledger.ErrCorrupt)
	}
	return nil
}

// reignNow is who the validators are. It is never nil once the node is open.
func (n *Node) reignNow() *membership { return n.members.Load() }

// govern looks who the validators are, and tells every part of the node if that has changed.
func (n *Node) govern() error {
	n.governing.Lock()
	defer n.governing.Unlock()
	m, err := n.readMembership()
	if err != nil {
		return err
	}
	was := n.members.Load()
	if m.same(was) {
		return nil
	}
	n.members.Store(m)
	if was == nil {
		return nil // The node is being opened, and its parts will be told.
	}
	// All that follows is in memory: a crash leaves it to the next start, which reads the same from the state.
	if err := n.point("set: known, nobody told"); err != nil {
		return err
	}
	n.log.Warn("validators", "set", names(m.reign.Validators), "coming", names(m.coming), "first_epoch", m.reign.First, "boundary", m.reign.Boundary.Size, "outside", m.reign.Outside)
	if err := n.meet(m); err != nil {
		return err
	}
	if m.reign.Validators.Hash() != was.reign.Validators.Hash() || m.reign.First != was.reign.First || m.reign.Boundary != was.reign.Boundary {
		n.finality.Reign(m.reign, n.finalityPeers())
		n.grievances.govern(m.reign.Validators)
	}
	n.progress.moved()
	return n.point("set: known and told")
}

// meet makes those the transport's peers and finality's whom the node may hear: governing is held.
func (n *Node) meet(m *membership) error {
	if n.transport == nil {
		return nil
	}
	peers := n.directory(m)
	if samePeers(peers, n.transport.Peers()) {
		return nil
	}
	if err := n.transport.SetPeers(peers); err != nil {
		return err
	}
	n.finality.Meet(n.finalityPeers())
	return nil
}

func samePeers(list []transport.Peer, known map[string]transport.Peer) bool {
	for _, p := range list {
		if known[p.Name] != p {
			return false
		}
	}
	return len(list) == len(known)
}

// directory is everybody whom this node takes a word of: the sets that reign, come and are foretold, and who is still a member of raft.
func (n *Node) directory(m *membership) []transport.Peer {
	all := map[string]transport.Peer{n.name: {
		Name: n.name, Address: n.addresses[n.name], TLSKeyHash: n.tlsKeyHash, Key: [32]byte(n.key.Public().(ed25519.PublicKey)),
	}}
	keys := map[[32]byte]bool{all[n.name].Key: true, n.tlsKeyHash: true} // A key that has another name now is that one's; the own ones are this node's.
	add := func(v checkpoint.Validator, left bool) {
		if _, known := all[v.Name]; known || keys[v.Key] || keys[v.TLSKeyHash] {
			return
		}
		keys[v.Key], keys[v.TLSKeyHash] = true, true
		address := n.overrides[v.Name]
		for _, other := range []string{m.addresses[v.Name], n.addresses[v.Name]} {
			if address == "" {
				address = other
			}
		}
		all[v.Name] = transport.Peer{Name: v.Name, Address: address, TLSKeyHash: v.TLSKeyHash, Key: v.Key, Left: left}
	}
	sets := []checkpoint.ValidatorSet{m.coming, m.reign.Validators}
	for _, c := range slices.Backward(m.sets.After(m.reign.Boundary.Size)) {
		sets = append(sets, c.Set)
	}
	for _, set := range sets {
		for _, v := range set {
			add(v, false)
		}
	}
	for _, s := range n.configurations().servers() {
		for _, c := range slices.Backward(m.sets.Changes) {
			if v, ok := c.Set.Find(s); ok {
				add(v, true)
			}
		}
		if v, ok := m.sets.First.Find(s); ok {
			add(v, true)
		}
	}
	return slices.Collect(maps.Values(all))
}

func names(set checkpoint.ValidatorSet) (all []string) {
	for _, v := range set {
		all = append(all, v.Name)
	}
	return all
}

// others are the names of everybody in the directory but this node.
func (n *Node) others() (all []string) {
	for name := range n.transport.Peers() {
		if name != n.name {
			all = append(all, name)
		}
	}
	return all
}

// finalityPeers are whom finality talks to.
func (n *Node) finalityPeers() map[string]finality.Peer {
	peers := make(map[string]finality.Peer)
	for _, name := range n.others() {
		peers[name] = finality.PeerFunc(func(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
			peer, err := n.peer(ctx, name)
			if err != nil {
				return nil, err
			}
			res, err := peer.Exchange(ctx, req)
			if err == nil {
				n.foresee(res.GetFinalCheckpoint())
			}
			return res, err
		})
	}
	return peers
}

// allSets are the sets that are known, the newest first.
func (n *Node) allSets() (all []checkpoint.ValidatorSet) {
	m := n.reignNow()
	if m.coming != nil {
		all = append(all, m.coming)
	}
	for _, c := range slices.Backward(m.sets.Changes) {
		all = append(all, c.Set)
	}
	return append(all, m.sets.First)
}

// spotsBoundary says whether a batch ends where the set that reigns began.
func (m *membership) spotsBoundary(h store.Head) bool {
	return m.reign.Boundary.Size > 0 && h.Size == m.reign.Boundary.Size
}

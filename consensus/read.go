package consensus

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Freshness says how old a read may be.
type Freshness int

// The kinds of reads.
const (
	// ReadFinal sees the state as of the final checkpoint; it needs no leader.
	ReadFinal Freshness = iota
	// ReadAccepted sees everything accepted before the read; it needs a leader.
	ReadAccepted
	// ReadLocal sees whatever this node has applied.
	ReadLocal
)

// Reading is a consistent view of the ledger. It must be closed.
type Reading struct {
	ledger.View
	// Size and TimeUnixMs say as of when.
	Size, TimeUnixMs uint64
	close            func()
}

// Close lets go of the view.
func (r *Reading) Close() { r.close() }

// State reads entries as what they mean.
func (r *Reading) State() ledger.State { return ledger.Read(r.View) }

// Read opens a view of the freshness.
func (n *Node) Read(ctx context.Context, f Freshness) (*Reading, error) {
	switch f {
	case ReadFinal:
		view := n.store.FinalView()
		head := view.Head()
		return &Reading{View: view, Size: head.Size, TimeUnixMs: head.TimeUnixMs, close: view.Close}, nil
	case ReadAccepted:
		for {
			turns, quiet := n.turns.look()
			if err := n.catchUp(ctx); err != nil {
				return nil, err
			}
			r := n.reading()
			if quiet && turns == n.turns.Load() {
				return r, nil
			}
			r.Close() // It may be of a tree that was taken back meanwhile.
		}
	}
	return n.reading(), nil
}

// reading opens a view of what is applied.
func (n *Node) reading() *Reading {
	view := n.store.View()
	head := view.Head()
	return &Reading{View: view, Size: head.Size, TimeUnixMs: head.TimeUnixMs, close: view.Close}
}

// standing is how far a ledger is. An epoch takes back batches, and is after all of them.
type standing struct{ epoch, batch uint64 }

func standingOf(h ledger.Head) standing { return standing{h.Epoch, h.Batch} }

// reached says whether a ledger is at least there, as far as a later epoch has left it.
func (s standing) reached(there standing) bool {
	return s.epoch > there.epoch || s.epoch == there.epoch && s.batch >= there.batch
}

// readIndex is, at the leader, the batch that covers everything accepted before the call. Whatever was accepted was
// applied by the leader that said so: by this one, or by one before it, whose batches the packer's barrier covers. The
// leader looks first, makes sure that it still leads, and that no other has led in between. One that was fed a lie before it was
// elected has not got all of that, and takes its own word for it until it hears of something final that is beyond its tree:
// then it answers nobody.
func (n *Node) readIndex(ctx context.Context) (standing, error) {
	term, ok := n.packer.leads()
	if !ok {
		return standing{}, ErrNotLeader
	}
	final := n.proved()
	if err := n.progress.until(ctx, func() (bool, error) { return n.holds(final), nil }); err != nil {
		return standing{}, fmt.Errorf("more is final than this leader has: %w", err)
	}
	covers := standingOf(n.store.Head())
	m := n.member()
	if err := m.await(ctx, m.VerifyLeader()); err != nil {
		if ctx.Err() != nil {
			return standing{}, ctx.Err()
		}
		return standing{}, fmt.Errorf("%w: %v", ErrNotLeader, err)
	}
	if again, ok := n.packer.leads(); !ok || again != term || !n.holds(final) {
		return standing{}, ErrNotLeader
	}
	return covers, nil
}

// catchUp waits until this node has applied everything accepted before the call, on the tree that is final.
func (n *Node) catchUp(ctx context.Context) error {
	var covers standing
	final := n.proved() // Of what is proved meanwhile there may be more and more.
	err := n.withLeader(ctx, func(ctx context.Context, leads *leadership) (err error) {
		if leads.name == n.name {
			covers, err = n.readIndex(ctx)
			return err
		}
		return n.atPeer(ctx, leads, func(ctx context.Context, peer peerv1.PeerServiceClient) error {
			res, err := peer.ReadIndex(ctx, &peerv1.ReadIndexRequest{})
			covers = standing{res.GetEpoch(), res.GetBatch()}
			return err
		})
	})
	if err != nil {
		return err
	}
	return n.progress.until(ctx, func() (bool, error) {
		_, quiet := n.turns.look()
		return quiet && standingOf(n.store.Head()).reached(covers) && n.holds(final), nil
	})
}

// Leaf is a recorded leaf with its place and time.
type Leaf struct {
	Index      uint64
	Raw        []byte
	TimeUnixMs uint64
}

// Leaf reads a leaf of this node's history; ErrNotFound past its end.
func (n *Node) Leaf(index uint64) (Leaf, error) {
	turns, quiet := n.turns.look()
	if index >= n.store.Head().Size {
		return Leaf{}, fmt.Errorf("leaf %d: %w", index, ErrNotFound)
	}
	raw, err := n.store.Leaf(index)
	var header store.Head
	if err == nil {
		header, err = n.store.HeaderAfter(index)
	}
	if !quiet || turns != n.turns.Load() {
		return Leaf{}, fmt.Errorf("leaf %d: %w", index, ErrReplaced)
	}
	if err != nil {
		return Leaf{}, n.Fatal(err)
	}
	return Leaf{Index: index, Raw: raw, TimeUnixMs: header.TimeUnixMs}, nil
}

// History lists the leaves below both before (0: no bound) and size that touched an account, newest first. ErrReplaced when batches are
// taken back meanwhile.
func (n *Node) History(account tx.AccountID, before uint64, limit int, size uint64) ([]Leaf, error) {
	if before == 0 || before > size {
		before = size
	}
	indexes, err := n.store.History(account, before, limit)
	if err != nil {
		return nil, n.Fatal(err)
	}
	var leaves []Leaf
	for _, index := range indexes {
		leaf, err := n.Leaf(index)
		if errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("history up to %d: %w", size, ErrReplaced) // Taken back since the size was read.
		}
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, leaf)
	}
	return leaves, nil
}

// WaitFinal waits until the final checkpoint is larger than size.
func (n *Node) WaitFinal(ctx context.Context, size uint64) error {
	return n.progress.until(ctx, func() (bool, error) { return n.FinalSize() > size, nil })
}

// Checkpoint is the newest final checkpoint's note; ErrNotFinal before the first.
func (n *Node) Checkpoint() ([]byte, error) {
	note, _, ok := n.store.Final()
	if !ok {
		return nil, ErrNotFinal
	}
	return note, nil
}

// Receipt proves a final transaction; ErrNotFound, or ErrNotFinal when it is only accepted.
func (n *Node) Receipt(id tx.ID) (checkpoint.Receipt, error) {
	s, err := n.lookup(id)
	if err != nil {
		return checkpoint.Receipt{}, err
	}
	if s.Stage < Accepted {
		return checkpoint.Receipt{}, fmt.Errorf("transaction %s: %w", id, ErrNotFound)
	}
	note, size, ok := n.store.Final()
	if !ok || s.LeafIndex >= size {
		return checkpoint.Receipt{}, fmt.Errorf("transaction %s: %w", id, ErrNotFinal)
	}
	leaf, err := n.store.Leaf(s.LeafIndex)
	if err != nil {
		return checkpoint.Receipt{}, n.Fatal(err)
	}
	proof, err := n.store.Inclusion(s.LeafIndex, size)
	if err != nil {
		return checkpoint.Receipt{}, n.Fatal(err)
	}
	sets := n.store.Succession()
	changes := sets.Changes[:len(sets.Changes)-len(sets.After(size-1))]
	return checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: leaf, LeafIndex: s.LeafIndex, Inclusion: proof, Checkpoint: note}, Changes: changes}, nil
}

// Expired signs that a transaction has no leaf and can never have one: a final header leaf is later than its expiry.
// On an idle ledger the question makes a batch due, so that time passes the expiry. ErrNotExpired when it has a leaf or
// the expiry has not passed. The expiry is the caller's claim: the statement names it, and is worth something only for a
// transaction whose body names the same.
func (n *Node) Expired(ctx context.Context, id tx.ID, expiresAtUnixMs uint64) (checkpoint.ExpiryStatement, error) {
	if n.nowUnixMs() <= expiresAtUnixMs {
		return checkpoint.ExpiryStatement{}, fmt.Errorf("the expiry has not passed: %w", ErrNotExpired)
	}
	if n.store.FinalHead().TimeUnixMs <= expiresAtUnixMs {
		if err := n.advanceTime(ctx, expiresAtUnixMs); err != nil {
			return checkpoint.ExpiryStatement{}, err
		}
	}
	// The genesis may be later than the expiry, but no checkpoint stands for it until the first one is final.
	var note []byte
	var size uint64
	err := n.progress.until(ctx, func() (bool, error) {
		if n.store.FinalHead().TimeUnixMs <= expiresAtUnixMs {
			return false, nil
		}
		// Read after its time was: what has become final in between is later still.
		var ok bool
		note, size, ok = n.store.Final()
		return ok, nil
	})
	if err != nil {
		return checkpoint.ExpiryStatement{}, err
	}
	// Whatever has a leaf has it below a header of the expiry's time at the latest, so below this final size.
	c, _, err := n.store.Succession().Open(n.network, note)
	if err != nil {
		return checkpoint.ExpiryStatement{}, n.Fatal(fmt.Errorf("open own final checkpoint: %w", err))
	}
	header, err := n.store.HeaderAfter(size - 1)
	if err != nil {
		return checkpoint.ExpiryStatement{}, n.Fatal(err)
	}
	_, found, err := n.store.Lookup(id)
	if err != nil {
		return checkpoint.ExpiryStatement{}, n.Fatal(err)
	}
	if found {
		return checkpoint.ExpiryStatement{}, fmt.Errorf("the transaction has a leaf: %w", ErrNotExpired)
	}
	return checkpoint.ExpiryStatement{
		ID: id, ExpiresAtUnixMs: expiresAtUnixMs, HeaderIndex: size - 1, HeaderTimeUnixMs: header.TimeUnixMs,
		Root: c.Root, Size: size, Validator: n.name,
	}.Sign(n.network, n.key), nil
}

// advanceTime makes the leader pack a batch whose time is later.
func (n *Node) advanceTime(ctx context.Context, pastUnixMs uint64) error {
	return n.withLeader(ctx, func(ctx context.Context, leads *leadership) error {
		if n.store.Head().TimeUnixMs > pastUnixMs {
			return nil // The batch is there; what is missing is its finality.
		}
		if leads.name == n.name {
			_, err := n.packer.submit(ctx, nil, pastUnixMs)
			return err
		}
		return n.atPeer(ctx, leads, func(ctx context.Context, peer peerv1.PeerServiceClient) error {
			_, err := peer.AdvanceTime(ctx, &peerv1.AdvanceTimeRequest{PastUnixMs: pastUnixMs})
			return err
		})
	})
}

// Pending lists an account's open transactions as far as this node took them.
func (n *Node) Pending(account tx.AccountID) []Pending { return n.pending.list(account) }

// Head is where this node's ledger stands.
func (n *Node) Head() ledger.Head { return n.store.Head() }

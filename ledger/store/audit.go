package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Report is what an audit found in order.
type Report struct {
	Network tx.NetworkID
	Batches uint64
	Leaves  uint64
	// Root is the root of the whole history.
	Root [32]byte
	// Supply is issued and not redeemed, by asset number from 1.
	Supply []ledger.Asset
	// FinalSize is the size of the stored final checkpoint; 0 when there is none.
	FinalSize uint64
}

// Audit checks the state against itself: the hash of a full scan is the head's; the tree's root and every stored hash,
// recomputed from the leaves, are those stored; the last header leaf names the state's root; each leaf is found by what it
// is found by, and nothing else is; held is at most posted everywhere, and the balances of each asset sum to its supply;
// the final checkpoint is of this tree with its quorum of cosignatures. ErrCorrupt with what does not fit. It reads
// everything, while commits go on.
func (s *Store) Audit() (Report, error) {
	v, now := s.view()
	defer v.Close()
	if !now.founded {
		return Report{}, fmt.Errorf("audit %s: nothing is founded in it: %w", s.dir, ErrMismatch)
	}
	report := Report{Network: now.network, Batches: now.head.Batch, Leaves: now.head.Size}
	state, err := rescan(v, now.network)
	if err != nil {
		return report, err
	}
	if state != now.head.State {
		return report, fmt.Errorf("hash of the whole state is not that of batch %d: %w", now.head.Batch, ErrCorrupt)
	}
	if report.Supply, err = auditBalances(v); err != nil {
		return report, err
	}
	if report.Root, err = auditHistory(v, now, s.options.volumeLeaves()); err != nil {
		return report, err
	}
	report.FinalSize, err = auditFinal(v, now)
	return report, err
}

// scanner gives the state entries in order, page by page.
func scanner(v *View) func() (ledger.Entry, bool, error) {
	const page = 1000
	var rest []ledger.Entry
	var from []byte
	more := true
	return func() (ledger.Entry, bool, error) {
		if len(rest) == 0 && more {
			var err error
			if rest, err = v.Scan(nil, from, page); err != nil {
				return ledger.Entry{}, false, err
			}
			if more = len(rest) == page; more {
				from = append(slices.Clone(rest[page-1].Key), 0)
			}
		}
		if len(rest) == 0 {
			return ledger.Entry{}, false, nil
		}
		e := rest[0]
		rest = rest[1:]
		return e, true, nil
	}
}

func auditBalances(v *View) ([]ledger.Asset, error) {
	assets, err := ledger.Assets(v)
	if err != nil {
		return nil, err
	}
	sums := make([]amount.Amount, len(assets)+1)
	next := scanner(v)
	for {
		e, ok, err := next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		b, is, err := ledger.BalanceOf(e) // Also checks held <= posted.
		if err != nil {
			return nil, err
		}
		if !is {
			continue
		}
		if b.Asset == 0 || int(b.Asset) > len(assets) {
			return nil, fmt.Errorf("balance of unknown asset %d: %w", b.Asset, ErrCorrupt)
		}
		if sums[b.Asset], ok = sums[b.Asset].Add(b.Posted); !ok {
			return nil, fmt.Errorf("balances of asset %d pass 2^63: %w", b.Asset, ErrCorrupt)
		}
	}
	for i, a := range assets {
		if sums[i+1] != a.Supply {
			return nil, fmt.Errorf("balances of %s sum to %d, supply is %d: %w", a.Code, sums[i+1], a.Supply, ErrCorrupt)
		}
	}
	return assets, nil
}

// auditHistory computes tree and indexes again from the leaves.
func auditHistory(v *View, now *standing, leaves uint64) ([32]byte, error) {
	c := &chapters{network: now.network}
	want := keyCounts{indexed: now.indexed, leaves: leaves}
	err := v.walkLeaves(func(_ uint64, raw []byte) error {
		leaf, ended, err := c.add(raw)
		if err != nil {
			return err
		}
		return v.read(func(txn *badger.Txn) error {
			if ended == nil {
				return want.auditLookup(txn, leaf)
			}
			err := ended.entries(plain, want.expecting(txn))
			if err == nil {
				err = want.auditVolume(txn, ended)
			}
			return err
		})
	})
	if err == nil && want.from != now.indexed {
		err = fmt.Errorf("indexes end at leaf %d, the leaves' last volume at %d: %w", now.indexed, want.from, ErrCorrupt)
	}
	if err != nil {
		return [32]byte{}, err
	}
	root, err := c.tree.root()
	if err != nil {
		return [32]byte{}, err
	}
	head := now.head
	if before, err := ledger.Read(v).SetBefore(); err != nil {
		return [32]byte{}, err
	} else if before != nil && c.last != nil && c.last.Epoch <= head.Epoch && checkpoint.OneSet(c.last.Epoch, head.Epoch) {
		head.Epoch = c.last.Epoch // A later one of that set was opened without a batch.
	}
	if uint64(c.tree.size) != head.Size || root != head.Root || !head.EndsWith(c.last) {
		return [32]byte{}, fmt.Errorf("head of batch %d is not that of the last header leaf: %w", now.head.Batch, ErrCorrupt)
	}
	return root, want.compare(v)
}

// keyCounts are how many keys the leaves make in each keyspace.
type keyCounts struct {
	of [256]uint64
	// indexed is the end of the volumes on disk, each of so many leaves; what leads to leaves at or above it counts for nobody.
	indexed, leaves uint64
	// open is the volume that begins at from.
	open volume
	from uint64
}

// expecting compares with what is there.
func (n *keyCounts) expecting(txn *badger.Txn) func(key, value []byte) error {
	return func(key, value []byte) error {
		n.of[key[0]]++
		return expect(txn, key, value)
	}
}

// auditVolume compares the histories of a volume when its last batch has ended.
func (n *keyCounts) auditVolume(txn *badger.Txn, ended *chapter) error {
	end := ended.leaves[len(ended.leaves)-1].Index + 1
	if end > n.indexed {
		return nil
	}
	for _, leaf := range ended.leaves {
		n.open.shown = show(n.open.shown, leaf)
	}
	if !fills(n.leaves, end-n.from, len(n.open.shown)) {
		return nil
	}
	open := n.open
	n.open, n.from = volume{}, end
	return open.histories(n.expecting(txn))
}

// auditLookup: a leaf that has a lookup is found by it, or an earlier one is.
func (n *keyCounts) auditLookup(txn *badger.Txn, leaf ledger.Leaf) error {
	if leaf.Lookup == ([32]byte{}) || leaf.Index >= n.indexed {
		return nil
	}
	at, err := get(txn, keyLookup(leaf.Lookup))
	if err != nil {
		return err
	}
	switch {
	case bytes.Equal(at, bytes64(leaf.Index)):
		n.of[spaceLookup]++
	case len(at) != 8 || bytes.Compare(at, bytes64(leaf.Index)) > 0:
		return fmt.Errorf("leaf %d is not found by its id: %w", leaf.Index, ErrCorrupt)
	}
	return nil
}

// compare counts what there is: no keyspace may hold more than the leaves make.
func (n *keyCounts) compare(v *View) error {
	for _, index := range []struct {
		space byte
		name  string
	}{
		{spaceLeaf, "pages of leaves"}, {spaceHash, "pages of stored hashes"}, {spaceHeader, "headers"}, {spaceLookup, "lookups"},
		{spaceHistory, "history entries"},
	} {
		var count uint64
		if err := v.walk([]byte{index.space}, func(key, value []byte) error {
			if n.counts(key, value) {
				count++
			}
			return nil
		}); err != nil {
			return err
		}
		if count != n.of[index.space] {
			return fmt.Errorf("%d %s, the leaves make %d: %w", count, index.name, n.of[index.space], ErrCorrupt)
		}
	}
	return nil
}

// counts says whether a key is one of those that readers heed.
func (n *keyCounts) counts(key, value []byte) bool {
	switch {
	case key[0] == spaceLookup && len(value) == 8:
		return binary.BigEndian.Uint64(value) < n.indexed
	case key[0] == spaceHistory && len(key) == 25:
		return ^binary.BigEndian.Uint64(key[17:]) < n.indexed
	}
	return true
}

func expect(txn *badger.Txn, key, want []byte) error {
	got, err := get(txn, key)
	if err == nil && got != nil && key[0] == spaceLeaf {
		got, err = unpacked(got, maxChapterBytes)
	}
	if err == nil && (got == nil || !bytes.Equal(got, want)) {
		err = fmt.Errorf("entry %x does not follow from the leaves: %w", key, ErrCorrupt)
	}
	return err
}

func auditFinal(v *View, now *standing) (uint64, error) {
	if now.final.note == nil {
		return 0, nil
	}
	if _, err := checkpoint.Follow(checkpoint.Trust{Network: now.network, Validators: now.sets.First}, now.sets.Changes); err != nil {
		return 0, fmt.Errorf("validator sets: %v: %w", err, ErrCorrupt)
	}
	c, _, err := now.sets.Open(now.network, now.final.note)
	if err != nil {
		return 0, fmt.Errorf("final checkpoint: %v: %w", err, ErrCorrupt)
	}
	if c.Size != now.final.at.Size || c.Size > now.head.Size {
		return 0, fmt.Errorf("final checkpoint of size %d is kept as of size %d: %w", c.Size, now.final.at.Size, ErrCorrupt)
	}
	if root, err := tlog.TreeHash(int64(c.Size), v); err != nil || root != c.Root {
		return 0, errors.Join(err, fmt.Errorf("final checkpoint of size %d is of another tree: %w", c.Size, ErrCorrupt))
	}
	return c.Size, nil
}

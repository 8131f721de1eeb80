package store

import (
	"fmt"

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

// Audit checks the state against itself: the hash of a full scan is the head's, the tree's root recomputed from the leaves is
// the head's, the last header leaf names the state's root, held is at most posted everywhere, the balances of each asset
// sum to its supply, and the final checkpoint is of this tree with its quorum of cosignatures. ErrCorrupt with what does
// not fit. It reads everything.
func (s *Store) Audit() (Report, error) {
	v := s.View()
	defer v.Close()
	head, err := readHead(v.txn)
	if err != nil {
		return Report{}, err
	}
	s.mu.RLock()
	report := Report{Network: s.network, Batches: head.Batch, Leaves: head.Size}
	s.mu.RUnlock()
	if err := auditState(v, head, report.Network); err != nil {
		return report, err
	}
	if report.Supply, err = auditBalances(v); err != nil {
		return report, err
	}
	if report.Root, err = auditTree(v.txn, head); err != nil {
		return report, err
	}
	report.FinalSize, err = auditFinal(v, report.Network)
	return report, err
}

// eachEntry runs over the state in order.
func eachEntry(txn *badger.Txn, f func(ledger.Entry) error) error {
	it := txn.NewIterator(stateOptions())
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		e, err := entryOf(it.Item())
		if err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

func stateOptions() badger.IteratorOptions {
	o := badger.DefaultIteratorOptions
	o.Prefix = []byte{spaceState}
	return o
}

func entryOf(item *badger.Item) (ledger.Entry, error) {
	value, err := item.ValueCopy(nil)
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("scan state: %w", err)
	}
	return ledger.Entry{Key: item.KeyCopy(nil)[1:], Value: value}, nil
}

func auditState(v *View, head ledger.Head, network tx.NetworkID) error {
	it := v.txn.NewIterator(stateOptions())
	defer it.Close()
	it.Rewind()
	scanned, err := ledger.Rescan(network, func() (ledger.Entry, bool, error) {
		if !it.Valid() {
			return ledger.Entry{}, false, nil
		}
		e, err := entryOf(it.Item())
		it.Next()
		return e, true, err
	})
	if err != nil {
		return err
	}
	if scanned != head.State {
		return fmt.Errorf("hash of the whole state is not the head's: %w", ErrCorrupt)
	}
	return nil
}

func auditBalances(v *View) ([]ledger.Asset, error) {
	assets, err := ledger.Assets(v)
	if err != nil {
		return nil, err
	}
	sums := make([]amount.Amount, len(assets)+1)
	err = eachEntry(v.txn, func(e ledger.Entry) error {
		b, is, err := ledger.BalanceOf(e) // Also checks held <= posted.
		if err != nil || !is {
			return err
		}
		if b.Asset == 0 || int(b.Asset) > len(assets) {
			return fmt.Errorf("balance of unknown asset %d: %w", b.Asset, ErrCorrupt)
		}
		sum, ok := sums[b.Asset].Add(b.Posted)
		if !ok {
			return fmt.Errorf("balances of asset %d pass 2^63: %w", b.Asset, ErrCorrupt)
		}
		sums[b.Asset] = sum
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, a := range assets {
		if sums[i+1] != a.Supply {
			return nil, fmt.Errorf("balances of %s sum to %d, supply is %d: %w", a.Code, sums[i+1], a.Supply, ErrCorrupt)
		}
	}
	return assets, nil
}

// auditTree computes the tree again from the leaves, comparing every stored hash.
func auditTree(txn *badger.Txn, head ledger.Head) ([32]byte, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	var raw []byte
	for index := range head.Size {
		var err error
		if raw, err = get(txn, key64(spaceLeaf, index)); err != nil || raw == nil {
			return [32]byte{}, fmt.Errorf("leaf %d is missing: %w", index, ErrCorrupt)
		}
		hashes, err := tlog.StoredHashes(int64(index), raw, reader)
		if err != nil {
			return [32]byte{}, fmt.Errorf("hash leaf %d: %w", index, err)
		}
		for _, h := range hashes {
			kept, err := get(txn, key64(spaceHash, uint64(len(stored))))
			if err != nil || string(kept) != string(h[:]) {
				return [32]byte{}, fmt.Errorf("stored hash %d does not follow from the leaves: %w", len(stored), ErrCorrupt)
			}
			stored = append(stored, h)
		}
	}
	root, err := tlog.TreeHash(int64(head.Size), reader)
	if err != nil {
		return [32]byte{}, fmt.Errorf("hash tree: %w", err)
	}
	last, err := tx.ParseLeaf(raw)
	if err != nil || last.Header == nil || last.Header.StateRoot != head.State.Root() || last.Header.Batch != head.Batch || root != head.Root {
		return [32]byte{}, fmt.Errorf("head is not that of the last header leaf: %w", ErrCorrupt)
	}
	return root, nil
}

func auditFinal(v *View, network tx.NetworkID) (uint64, error) {
	final, err := readFinal(v.txn)
	if err != nil || final.note == nil {
		return 0, err
	}
	set, err := ledger.Read(v).ValidatorSet()
	if err != nil {
		return 0, err
	}
	c, _, err := checkpoint.Open(network, set, final.note)
	if err != nil {
		return 0, fmt.Errorf("final checkpoint: %v: %w", err, ErrCorrupt)
	}
	root, err := tlog.TreeHash(int64(c.Size), v)
	if err != nil || c.Size != final.size || root != c.Root {
		return 0, fmt.Errorf("final checkpoint of size %d is of another tree: %w", c.Size, ErrCorrupt)
	}
	return c.Size, nil
}

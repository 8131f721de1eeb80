package store

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// indexed reads from a leaf what it is found by: the same lookup and accounts that the rules gave with it. So the indexes
// need not be taken on trust from whoever sends a snapshot.
func indexed(network tx.NetworkID, index uint64, raw []byte) (ledger.Leaf, *tx.Header, error) {
	bad := func(err error) (ledger.Leaf, *tx.Header, error) {
		return ledger.Leaf{}, nil, fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	out := ledger.Leaf{Index: index, Raw: raw}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil {
		return bad(err)
	}
	if leaf.Header != nil {
		return out, leaf.Header, nil
	}
	signed, err := tx.Parse(network, leaf.Record.Envelope)
	if err != nil {
		return bad(err)
	}
	switch code := leaf.Record.Result.Code; code {
	case tx.Unauthorised, tx.ExpiryTooFar, tx.AccountUnknown, tx.DebitAccountUnknown:
		// Refused before its id counted (ledger.Admit): found by its envelope, shown to nobody.
		out.Lookup = [32]byte(signed.EnvelopeHash())
	case tx.OK:
		out.Lookup, out.Accounts = [32]byte(signed.ID()), signed.Body.Accounts()
	default:
		out.Lookup, out.Accounts = [32]byte(signed.ID()), debited(signed.Body)
	}
	return out, nil, nil
}

// debited are the accounts that a refused transaction would have debited, ascending.
func debited(body tx.Body) []tx.AccountID {
	var all []tx.AccountID
	for _, op := range body.Operations {
		if t, ok := op.(tx.Transfer); ok {
			all = append(all, t.Debit)
		}
	}
	slices.SortFunc(all, func(a, b tx.AccountID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// frontier is the edge of a history tree that grows leaf by leaf: the newest stored hash of each level is all that the
// next leaf and the root need.
type frontier struct {
	size   int64
	newest [64]struct {
		n    int64
		hash tlog.Hash
	}
}

// append adds a leaf and gives the stored hashes it adds.
func (f *frontier) append(leaf []byte) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(f.size, tlog.RecordHash(leaf), f)
	if err != nil {
		return nil, fmt.Errorf("hash leaf %d: %w", f.size, err)
	}
	for level, h := range hashes {
		f.newest[level].n, f.newest[level].hash = f.size>>level, h
	}
	f.size++
	return hashes, nil
}

func (f *frontier) root() ([32]byte, error) {
	h, err := tlog.TreeHash(f.size, f)
	if err != nil {
		return [32]byte{}, fmt.Errorf("hash tree of %d leaves: %w", f.size, err)
	}
	return h, nil
}

// ReadHashes reads what append and root need.
func (f *frontier) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		if f.newest[level].n != n {
			return nil, fmt.Errorf("stored hash %d is behind the edge: %w", index, ErrCorrupt)
		}
		out[i] = f.newest[level].hash
	}
	return out, nil
}

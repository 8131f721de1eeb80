package ledgertest

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TB is what Audit and Chain need of a test: a *testing.T, *testing.B, *testing.F or *rapid.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// holding names a balance.
type holding struct {
	account tx.AccountID
	asset   tx.Asset
}

// Audit fails the test unless the ledger agrees with itself: the balances of each asset sum to its supply, hold no
// more than they have, and what they hold is what the holds have left; the state hash is that of a full scan; the tree's root is that of all leaves, each of which
// decodes and encodes to the same bytes; the balances are what the last leaf of their unbroken chain says; accounts
// are numbered without gap; and the last leaf is the header of the head. A store passes its View, Leaf and Head.
func Audit(t TB, view ledger.View, leaf func(index uint64) ([]byte, error), head ledger.Head, network tx.NetworkID) {
	t.Helper()
	balances := auditState(t, view, head, network)
	auditHistory(t, leaf, head, balances)
	auditAccounts(t, view)
}

// auditState looks at every entry.
func auditState(t TB, view ledger.View, head ledger.Head, network tx.NetworkID) map[holding]ledger.Balance {
	t.Helper()
	balances := make(map[holding]ledger.Balance)
	sums := make(map[tx.Asset]amount.Amount)
	held := make(map[holding]amount.Amount)
	next := entries(view)
	rescanned, err := ledger.Rescan(network, func() (ledger.Entry, bool, error) {
		e, ok, err := next()
		if err != nil || !ok {
			return e, ok, err
		}
		h, is, err := ledger.HoldOf(e)
		if err != nil {
			return e, true, err
		}
		if is {
			held[holding{h.Debit, h.Asset}] += h.Left + h.Fee
		}
		b, is, err := ledger.BalanceOf(e)
		if err != nil || !is {
			return e, true, err
		}
		balances[holding{b.Account, b.Asset}] = b.Balance
		if b.Held > b.Posted {
			t.Errorf("audit: %v holds %d of %d", b.Account, b.Held, b.Posted)
		}
		sum, fits := sums[b.Asset].Add(b.Posted)
		if !fits {
			t.Errorf("audit: balances of asset %d pass 2^63 - 1", b.Asset)
		}
		sums[b.Asset] = sum
		return e, true, nil
	})
	if err != nil {
		t.Fatalf("audit: scan state: %v", err)
	}
	for of, b := range balances {
		if b.Held != held[of] {
			t.Errorf("audit: %v holds %d of asset %d, its holds have %d", of.account, b.Held, of.asset, held[of])
		}
		delete(held, of)
	}
	if len(held) > 0 {
		t.Errorf("audit: holds of no balance: %v", held)
	}
	if rescanned != head.State {
		t.Errorf("audit: batch %d: the state hash is not that of a full scan", head.Batch)
	}
	assets, err := ledger.Assets(view)
	if err != nil {
		t.Fatalf("audit: list assets: %v", err)
	}
	for i, a := range assets {
		if sum := sums[tx.Asset(i+1)]; sum != a.Supply {
			t.Errorf("audit: balances of %s sum to %s, its supply is %s", a.Code, sum.Text(a.Scale), a.Supply.Text(a.Scale))
		}
		delete(sums, tx.Asset(i+1))
	}
	if len(sums) > 0 {
		t.Errorf("audit: balances of assets that do not exist: %v", sums)
	}
	return balances
}

// entries walks the state in pages, as an audit of a big store does.
func entries(view ledger.View) func() (ledger.Entry, bool, error) {
	const page = 1000
	var (
		from []byte
		rest []ledger.Entry
		last bool
	)
	return func() (ledger.Entry, bool, error) {
		if len(rest) == 0 && !last {
			var err error
			if rest, err = view.Scan(nil, from, page); err != nil {
				return ledger.Entry{}, false, err
			}
			last = len(rest) < page
			if len(rest) > 0 {
				from = append(bytes.Clone(rest[len(rest)-1].Key), 0)
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

// history is an audit on its way through the leaves.
type history struct {
	t    TB
	tree hashes
	// header is the last header leaf; last and posted are the leaf that touched a balance last, and what it left.
	header *tx.Header
	last   map[holding]uint64
	post   map[holding]tx.PostState
}

// auditHistory looks at every leaf.
func auditHistory(t TB, leaf func(uint64) ([]byte, error), head ledger.Head, balances map[holding]ledger.Balance) {
	t.Helper()
	h := history{t: t, last: make(map[holding]uint64), post: make(map[holding]tx.PostState)}
	for i := range head.Size {
		raw, err := leaf(i)
		if err != nil {
			t.Fatalf("audit: read leaf %d: %v", i, err)
		}
		h.leaf(i, raw)
	}
	root, err := tlog.TreeHash(int64(head.Size), h.tree)
	if err != nil {
		t.Fatalf("audit: hash tree: %v", err)
	}
	if root != head.Root {
		t.Errorf("audit: batch %d: the root is not that of all %d leaves", head.Batch, head.Size)
	}
	if raw, err := leaf(head.Size - 1); err != nil || h.header == nil || !bytes.Equal(raw, h.header.Encode()) {
		t.Fatalf("audit: batch %d: the last leaf is no header: %v", head.Batch, err)
	}
	if h.header.Batch != head.Batch || h.header.TimeUnixMs != head.TimeUnixMs || h.header.StateRoot != head.State.Root() {
		t.Errorf("audit: the header of batch %d is not the head's", h.header.Batch)
	}
	for of, b := range balances {
		if b.LastLeaf != h.last[of] {
			t.Errorf("audit: balance of %v says leaf %d touched it last, the history says %d", of.account, b.LastLeaf, h.last[of])
		}
		if p, touched := h.post[of]; touched && (p.Posted != b.Posted || p.Held != b.Held) {
			t.Errorf("audit: balance of %v is %d, its last leaf says %d", of.account, b.Posted, p.Posted)
		}
		delete(h.post, of)
	}
	if len(h.post) > 0 {
		t.Errorf("audit: the history leaves %d balances that the state has not", len(h.post))
	}
}

// leaf takes the next leaf.
func (h *history) leaf(i uint64, raw []byte) {
	h.t.Helper()
	stored, err := tlog.StoredHashes(int64(i), raw, h.tree)
	if err != nil {
		h.t.Fatalf("audit: hash leaf %d: %v", i, err)
	}
	h.tree = append(h.tree, stored...)
	l, err := tx.ParseLeaf(raw)
	if err != nil {
		h.t.Fatalf("audit: leaf %d: %v", i, err)
	}
	if l.Header != nil {
		if !bytes.Equal(l.Header.Encode(), raw) {
			h.t.Errorf("audit: leaf %d encodes to other bytes", i)
		}
		if h.header == nil && (i != 0 || l.Header.Batch != 0) ||
			h.header != nil && (l.Header.Batch != h.header.Batch+1 || l.Header.TimeUnixMs < h.header.TimeUnixMs) {
			h.t.Errorf("audit: leaf %d: header of batch %d is out of order", i, l.Header.Batch)
		}
		h.header = l.Header
		return
	}
	if h.header == nil {
		h.t.Fatalf("audit: leaf %d comes before the genesis", i)
	}
	if l.Effect != nil {
		if !bytes.Equal(l.Effect.Encode(), raw) {
			h.t.Errorf("audit: leaf %d encodes to other bytes", i)
		}
		h.balances(i, l.Effect.PostStates)
		return
	}
	if !bytes.Equal(l.Record.Encode(), raw) {
		h.t.Errorf("audit: leaf %d encodes to other bytes", i)
	}
	if l.Record.Result.Code != tx.OK && len(l.Record.PostStates) > 0 {
		h.t.Errorf("audit: leaf %d: a refusal changed balances", i)
	}
	h.balances(i, l.Record.PostStates)
}

// balances follows the chain of leaves of each balance that a leaf changed.
func (h *history) balances(i uint64, states []tx.PostState) {
	h.t.Helper()
	for n, p := range states {
		of := holding{p.Account, p.Asset}
		if n > 0 {
			before := states[n-1]
			if c := bytes.Compare(before.Account[:], p.Account[:]); c > 0 || c == 0 && before.Asset >= p.Asset {
				h.t.Errorf("audit: leaf %d: balances are out of order", i)
			}
		}
		if p.PreviousLeaf != h.last[of] {
			h.t.Errorf("audit: leaf %d: balance of %v names leaf %d before it, not %d", i, p.Account, p.PreviousLeaf, h.last[of])
		}
		h.last[of], h.post[of] = i, p
	}
}

// hashes are the stored hashes of a tree that the audit builds itself.
type hashes []tlog.Hash

// ReadHashes reads them.
func (s hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(s)) {
			return nil, fmt.Errorf("stored hash %d of %d", index, len(s))
		}
		out[i] = s[index]
	}
	return out, nil
}

// auditAccounts follows the numbers from 1 to the count.
func auditAccounts(t TB, view ledger.View) {
	t.Helper()
	s := ledger.Read(view)
	count, err := s.Accounts()
	if err != nil {
		t.Fatalf("audit: count accounts: %v", err)
	}
	for n := tx.AccountNumber(1); n <= tx.AccountNumber(count); n++ {
		id, err := s.AccountByNumber(n)
		if err != nil || id == nil {
			t.Fatalf("audit: account number %d of %d leads nowhere: %v", n, count, err)
		}
		if a, err := s.Account(*id); err != nil || a == nil || a.Number != n {
			t.Errorf("audit: account number %d leads to %v, which has another: %v", n, *id, err)
		}
	}
	if id, err := s.AccountByNumber(tx.AccountNumber(count + 1)); err != nil || id != nil {
		t.Errorf("audit: account number %d is above the count: %v", count+1, err)
	}
}

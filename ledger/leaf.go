package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// postStates are the balances that the act left, ascending. They hold until the next act.
func (a *act) postStates() []tx.PostState {
	all := a.states[:0]
	for _, t := range a.touched {
		all = append(all, tx.PostState{
			Account: t.account, Asset: t.asset, Posted: t.balance.Posted, Held: t.balance.Held, PreviousLeaf: t.previous,
		})
	}
	slices.SortFunc(all, func(a, b tx.PostState) int {
		if c := bytes.Compare(a.Account[:], b.Account[:]); c != 0 {
			return c
		}
		return cmp.Compare(a.Asset, b.Asset)
	})
	a.states = all
	return all
}

// There is room for the accounts of many leaves at once, as most name few.
const (
	accountSlab = 256
	fewAccounts = 8
)

// listing gives an empty slice for the accounts of one leaf, listed takes what became of it. What does not fit there has moved elsewhere.
func (b *batch) listing() []tx.AccountID {
	if cap(b.accounts)-len(b.accounts) < fewAccounts {
		b.accounts = make([]tx.AccountID, 0, accountSlab)
	}
	return b.accounts[len(b.accounts):]
}

func (b *batch) listed(all []tx.AccountID) []tx.AccountID {
	if len(all) == 0 {
		return nil
	}
	if left := b.accounts[len(b.accounts):cap(b.accounts)]; len(all) <= len(left) && &all[0] == &left[0] {
		b.accounts = b.accounts[:len(b.accounts)+len(all)]
	}
	return all[:len(all):len(all)]
}

// shown lists the accounts whose history shows a transaction: for a success all that it names and all whose balance it changed (the fee of
// a hold is paid by a capture that does not name the provider), for a refusal only those it would have debited, so that nobody's history
// can be filled by others. They are appended to none, which is empty.
func shown(none []tx.AccountID, body tx.Body, result tx.Result, states []tx.PostState) []tx.AccountID {
	switch {
	case result.Code == tx.OK:
		return withChanged(body.AppendAccounts(none), states)
	case !result.Code.Decides():
		return nil
	}
	all := none
	for _, op := range body.Operations {
		if id, ok := debited(op); ok {
			all = append(all, id)
		}
	}
	return ascending(all)
}

// withChanged adds the accounts of balances to accounts, both ascending.
func withChanged(named []tx.AccountID, states []tx.PostState) []tx.AccountID {
	all := named
	for _, p := range states {
		if _, found := slices.BinarySearchFunc(named, p.Account, compareAccounts); !found {
			all = append(all, p.Account)
		}
	}
	return ascending(all)
}

func compareAccounts(a, b tx.AccountID) int { return bytes.Compare(a[:], b[:]) }

// debited is the account that an operation debits, if it does, and that its signers act for. A return is not here: the arbiter of an asset
// signs for any account, so its refusal is found by its id alone.
func debited(op tx.Operation) (tx.AccountID, bool) {
	switch o := op.(type) {
	case tx.Transfer:
		return o.Debit, true
	case tx.BulkTransfer:
		return o.Debit, true
	case tx.PlaceHold:
		return o.Debit, true
	case tx.Redeem:
		return o.Issuer, true
	}
	return tx.AccountID{}, false
}

// ascending sorts accounts and takes out repetitions.
func ascending(all []tx.AccountID) []tx.AccountID {
	slices.SortFunc(all, compareAccounts)
	return slices.Compact(all)
}

// ReadLeaf reads from a recorded leaf what it is found by: the same lookup and accounts that the rules gave with it, so that an index
// need not be taken on trust from whoever sends it. The header is nil unless the leaf is one.
func ReadLeaf(network tx.NetworkID, index uint64, raw []byte) (Leaf, *tx.Header, error) {
	out := Leaf{Index: index, Raw: raw}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil {
		return Leaf{}, nil, fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	switch {
	case leaf.Header != nil:
		return out, leaf.Header, nil
	case leaf.Effect != nil:
		out.Accounts = effectAccounts(leaf.Effect)
		return out, nil, nil
	}
	signed, err := tx.Parse(network, leaf.Record.Envelope)
	if err != nil {
		return Leaf{}, nil, fmt.Errorf("leaf %d: %v: %w", index, err, ErrCorrupt)
	}
	out.Lookup = [32]byte(signed.ID())
	if !leaf.Record.Result.Code.Decides() {
		out.Lookup = [32]byte(signed.EnvelopeHash())
	}
	out.Accounts = shown(nil, signed.Body, leaf.Record.Result, leaf.Record.PostStates)
	return out, nil, nil
}

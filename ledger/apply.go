package ledger

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Apply gives the effects of a batch. ErrVoid means the batch must leave no trace; any other error is the storage's or
// ErrCorrupt and ends the node.
func Apply(view View, head Head, network tx.NetworkID, verify Verifier, b *tx.Batch) (*Effects, error) {
	set, err := Read(view).ValidatorSet()
	if err != nil {
		return nil, err
	}
	h := b.Header
	leader, inSet := set.Find(h.Leader)
	switch {
	case h.Epoch != head.Epoch:
		return nil, fmt.Errorf("epoch %d, not %d: %w", h.Epoch, head.Epoch, ErrVoid)
	case h.Number != head.Batch+1:
		return nil, fmt.Errorf("number %d, not %d: %w", h.Number, head.Batch+1, ErrVoid)
	case h.PreviousHash != head.BatchHash:
		return nil, fmt.Errorf("hash of the batch before: %w", ErrVoid)
	case h.TimeUnixMs < head.TimeUnixMs:
		return nil, fmt.Errorf("time goes back: %w", ErrVoid)
	case !inSet:
		return nil, fmt.Errorf("leader %q is not in the validator set: %w", h.Leader, ErrVoid)
	}
	if err := b.VerifyLeader(leader.PublicKey()); err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrVoid)
	}
	return Reapply(view, head, network, verify, b.Hash(), h.TimeUnixMs, b.Envelopes)
}

// Reapply gives the effects of the envelopes of a batch whose header is not looked at: the way an audit goes through
// the history again. The hash becomes the head's.
func Reapply(view View, head Head, network tx.NetworkID, verify Verifier, hash tx.BatchHash, timeUnixMs uint64, envelopes [][]byte) (*Effects, error) {
	batch, err := open(view, head, timeUnixMs)
	if err != nil {
		return nil, err
	}
	batch.fx.After.Batch++
	batch.fx.After.BatchHash = hash
	entries := 0
	for i, envelope := range envelopes {
		signed, err := verify(envelope)
		if err != nil {
			return nil, fmt.Errorf("envelope %d: %v: %w", i, err, ErrVoid)
		}
		if entries += EntriesBound(signed.Body); entries > MaxBatchEntries {
			return nil, fmt.Errorf("more than %d state entries: %w", MaxBatchEntries, ErrVoid)
		}
		if err := batch.transaction(signed); err != nil {
			return nil, fmt.Errorf("envelope %d: %w", i, err)
		}
	}
	if batch.unauthorised > MaxUnauthorised {
		return nil, fmt.Errorf("%d unauthorised transactions: %w", batch.unauthorised, ErrVoid)
	}
	return batch.fx, finish(batch.fx, batch.overlay, network, timeUnixMs)
}

// EntriesBound is an upper bound, from the bytes alone, on the state entries that a transaction changes.
func EntriesBound(b tx.Body) int {
	n := 1 // Its id.
	for _, op := range b.Operations {
		switch op.(type) {
		case tx.Transfer:
			n += 4 // Debit, credit, fee, grant.
		case tx.OpenAccount:
			n += 3 // Account, number, counter.
		default:
			n += 2
		}
	}
	return n
}

// batch is a batch being applied.
type batch struct {
	*overlay
	State
	fx           *Effects
	rules        rules
	timeUnixMs   uint64
	unauthorised int
}

// open starts a batch at a time: expired ids are forgotten first.
func open(view View, head Head, timeUnixMs uint64) (*batch, error) {
	o := newOverlay(view, head.Size)
	b := &batch{overlay: o, State: State{get: o.get}, fx: &Effects{Before: head, After: head}, timeUnixMs: timeUnixMs}
	var err error
	if b.rules, err = b.State.rules(); err != nil {
		return nil, err
	}
	if b.rules.Version != RulesVersion {
		return nil, fmt.Errorf("rules version %d is in force, this program knows %d: %w", b.rules.Version, RulesVersion, ErrCorrupt)
	}
	entries, err := view.Scan([]byte{kindSeen}, nil, MaxForgotten)
	if err != nil {
		return nil, fmt.Errorf("scan expired ids: %w", err)
	}
	for _, e := range entries {
		r := reader{rest: e.Key[1:]}
		if r.u64() >= timeUnixMs {
			break
		}
		o.put(e.Key, nil)
	}
	o.keep()
	return b, nil
}

// transaction applies one transaction and appends its leaf.
func (b *batch) transaction(signed *tx.Signed) error {
	body := signed.Body
	if body.ExpiresAtUnixMs < b.timeUnixMs {
		return fmt.Errorf("expired: %w", ErrVoid)
	}
	outcome := Outcome{ID: signed.ID(), Envelope: signed.EnvelopeHash()}
	earlier, err := b.seen(body.ExpiresAtUnixMs, signed.ID())
	if err != nil {
		return err
	}
	if earlier != nil {
		outcome.Result, outcome.LeafIndex, outcome.Duplicate = earlier.Result, earlier.Leaf, true
		b.fx.Outcomes = append(b.fx.Outcomes, outcome)
		return nil
	}
	outcome.LeafIndex = uint64(b.size)
	d := &draft{batch: b, signed: signed, leaf: outcome.LeafIndex, founding: make(map[tx.AccountID]*founding)}
	code, err := d.admit()
	if err != nil {
		return err
	}
	lookup := [32]byte(signed.ID())
	if code != tx.OK {
		// The signers may not do this. Another envelope with the right signers still can, so the id stays free.
		b.unauthorised++
		outcome.Result = tx.Result{Code: code}
		lookup = [32]byte(signed.EnvelopeHash())
	} else if outcome.Result, err = d.apply(); err != nil {
		return err
	}
	record := tx.Record{Envelope: signed.Envelope(), Result: outcome.Result, PostStates: d.postStates()}
	raw := record.Encode()
	if len(raw) > tx.MaxLeafBytes {
		b.drop()
		d.reset()
		outcome.Result = tx.Result{Code: tx.LeafTooLarge}
		raw = tx.Record{Envelope: signed.Envelope(), Result: outcome.Result}.Encode()
	}
	if code == tx.OK {
		b.put(keySeen(body.ExpiresAtUnixMs, signed.ID()), seen{Leaf: outcome.LeafIndex, Result: outcome.Result}.encode())
	}
	b.keep()
	b.fx.Leaves = append(b.fx.Leaves, Leaf{Index: outcome.LeafIndex, Raw: raw, Lookup: lookup, Accounts: d.shown(code == tx.OK, outcome.Result)})
	b.fx.Outcomes = append(b.fx.Outcomes, outcome)
	return b.overlay.append(raw)
}

// draft is one transaction being applied.
type draft struct {
	*batch
	signed *tx.Signed
	leaf   uint64
	// founding are the accounts that this transaction opens.
	founding map[tx.AccountID]*founding
	// used is what this transaction has debited under each grant.
	used []usage
	// touched are the balances changed, in order of first touch.
	touched []touch
}

// founding is an account being opened by its own keys or, when it has none, by the providers among the signers (sponsored).
type founding struct {
	authority tx.Authority
	sponsored bool
}

// usage is what one grant has been used for within a transaction.
type usage struct {
	account tx.AccountID
	grantee key.Public
	total   amount.Amount
}

// touch is a balance changed by a transaction.
type touch struct {
	account  tx.AccountID
	asset    tx.Asset
	previous uint64
	balance  Balance
}

func (d *draft) reset() { d.founding, d.used, d.touched = make(map[tx.AccountID]*founding), nil, nil }

// apply runs the operations in order. A refusal drops all of them.
func (d *draft) apply() (tx.Result, error) {
	for i, op := range d.signed.Body.Operations {
		code, err := d.operation(op)
		if err != nil {
			return tx.Result{}, fmt.Errorf("operation %d: %w", i, err)
		}
		if code != tx.OK {
			d.drop()
			d.reset()
			return tx.Result{Code: code, Operation: uint32(i)}, nil
		}
	}
	return tx.Result{Code: tx.OK}, nil
}

func (d *draft) operation(op tx.Operation) (tx.Code, error) {
	switch o := op.(type) {
	case tx.OpenAccount:
		return d.openAccount(o)
	case tx.IssueGrant:
		return d.issueGrant(o)
	case tx.RevokeGrant:
		return d.revokeGrant(o)
	case tx.BindAlias:
		return d.bindAlias(o)
	case tx.Issue:
		return d.issue(o)
	case tx.Transfer:
		return d.transfer(o)
	}
	return 0, fmt.Errorf("operation %T has no rule: %w", op, ErrCorrupt)
}

// postStates are the balances that the transaction left, ascending.
func (d *draft) postStates() []tx.PostState {
	var all []tx.PostState
	for _, t := range d.touched {
		all = append(all, tx.PostState{
			Account: t.account, Asset: t.asset, Posted: t.balance.Posted, Held: t.balance.Held, PreviousLeaf: t.previous,
		})
	}
	slices.SortFunc(all, func(a, b tx.PostState) int {
		if c := bytes.Compare(a.Account[:], b.Account[:]); c != 0 {
			return c
		}
		return int(int64(a.Asset) - int64(b.Asset))
	})
	return all
}

// shown lists the accounts whose history shows the transaction: for a success all that it names, for a refusal only those
// it would have debited, so that nobody's history can be filled by others.
func (d *draft) shown(admitted bool, result tx.Result) []tx.AccountID {
	if !admitted {
		return nil
	}
	if result.Code == tx.OK {
		return d.signed.Body.Accounts()
	}
	var all []tx.AccountID
	for _, op := range d.signed.Body.Operations {
		if t, ok := op.(tx.Transfer); ok {
			all = append(all, t.Debit)
		}
	}
	slices.SortFunc(all, func(a, b tx.AccountID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

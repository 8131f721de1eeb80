package ledger

import (
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Apply gives the effects of a batch. They have no leaf when the batch opens an epoch where a validator set waits to begin.
// ErrVoid means the batch must leave no trace; any other error is the storage's or
// ErrCorrupt and ends the node.
func Apply(view View, head Head, network tx.NetworkID, verify Verifier, b *tx.Batch) (*Effects, error) {
	return ApplyBuilt(view, head, network, verify, b, nil)
}

// ApplyBuilt is Apply for who may have filled the batch itself: what Builder.Effects found is taken for the effects when it is of this batch on this
// head, and what is not is found again. The header is judged either way.
func ApplyBuilt(view View, head Head, network tx.NetworkID, verify Verifier, b *tx.Batch, built *Effects) (*Effects, error) {
	waits, err := checkHeader(view, head, network, b)
	if err != nil {
		return nil, err
	}
	if waits {
		fx := &Effects{Before: head, After: head}
		fx.After.Epoch = b.Header.Epoch
		return fx, nil
	}
	// The hash of the batch is of its number, epoch and time, and of its envelopes.
	if built != nil && built.Before == head && built.After.BatchHash == b.Hash() {
		return built, nil
	}
	return Reapply(view, head, network, verify, positionOf(b), b.Envelopes)
}

// cellsEach is about how many entries a payment reads that no other of its batch does: its id, payer, two balances, key and credits.
const cellsEach = 6

// mostApplied is more transactions than MaxBatchEntries lets a batch apply: room is made for no more, since a batch can carry a hundred
// times as many envelopes that are empty.
const mostApplied = MaxBatchEntries / 4

// Reapply gives the effects of the envelopes of a batch whose header is not looked at: the way an audit goes through
// the history again.
func Reapply(view View, head Head, network tx.NetworkID, verify Verifier, at Position, envelopes [][]byte) (*Effects, error) {
	applied := min(len(envelopes), mostApplied)
	batch, err := open(view, head, at.TimeUnixMs, false, applied*cellsEach)
	if err != nil {
		return nil, err
	}
	batch.fx.Leaves = slices.Grow(batch.fx.Leaves, applied+1)
	batch.fx.Outcomes = slices.Grow(batch.fx.Outcomes, applied)
	entries := 0
	for i, envelope := range envelopes {
		signed, err := verify(envelope)
		if err != nil {
			return nil, fmt.Errorf("envelope %d: %v: %w", i, err, ErrVoid)
		}
		if entries += signed.Body.Entries(); entries > MaxBatchEntries {
			return nil, fmt.Errorf("more than %d state entries: %w", MaxBatchEntries, ErrVoid)
		}
		if err := batch.transaction(signed); err != nil {
			return nil, fmt.Errorf("envelope %d: %w", i, err)
		}
	}
	if batch.unauthorised > MaxUnauthorised {
		return nil, fmt.Errorf("%d unauthorised transactions: %w", batch.unauthorised, ErrVoid)
	}
	return batch.end(network, at)
}

// end gives the effects of what was applied, as those of the batch at a position.
func (b *batch) end(network tx.NetworkID, at Position) (*Effects, error) {
	b.fx.After.Batch++
	b.fx.After.BatchHash, b.fx.After.Epoch = at.Hash, at.Epoch
	return b.fx, finish(b.fx, b.overlay, network, at.TimeUnixMs)
}

// batch is a batch being applied.
type batch struct {
	*overlay
	State
	fx         *Effects
	rules      rules
	parameters parameters
	timeUnixMs uint64
	// before is the number of leaves before the batch: what a return may point to.
	before       uint64
	unauthorised int
	// vouchers remembers which assets are vouchers: the kind of an asset never changes.
	vouchers map[tx.Asset]bool
	// draft is the memory of the transaction being applied, states that of its post-states.
	draft  draft
	states []tx.PostState
	// accounts is where the accounts of the next leaves stand.
	accounts []tx.AccountID
	// passed counts what was due and is done.
	passed int
	// trial says that maybe nothing will be committed, so that leaves need no hashes and no id need be forgotten. Builder.Effects does both.
	trial bool
}

// open starts a batch at a time: expired ids are forgotten, and what is due is done.
func open(view View, head Head, timeUnixMs uint64, trial bool, cells int) (*batch, error) {
	o := newOverlay(view, head.Size, cells)
	b := &batch{
		overlay: o, State: State{entries: o}, fx: &Effects{Before: head, After: head}, timeUnixMs: timeUnixMs, before: head.Size,
		vouchers: make(map[tx.Asset]bool), trial: trial,
	}
	var err error
	if b.rules, err = b.State.rules(); err != nil {
		return nil, err
	}
	if b.rules.Version != RulesVersion {
		return nil, fmt.Errorf("rules version %d is in force, this program knows %d: %w", b.rules.Version, RulesVersion, ErrRulesVersion)
	}
	if err := b.beginSet(); err != nil {
		return nil, err
	}
	if !trial { // An id that has expired changes no answer.
		if err := b.forget(view); err != nil {
			return nil, err
		}
	}
	if err := b.passTime(view); err != nil {
		return nil, err
	}
	// A ballot that took effect just now holds for the transactions of this batch.
	b.parameters, err = b.State.parameters()
	return b, err
}

// forgetStep is how many ids forget reads at a time.
const forgetStep = 256

// forget drops the ids of transactions that have expired, at most MaxForgotten.
func (b *batch) forget(view View) error {
	err := queued(view, kindSeen, forgetStep, MaxForgotten, func(e Entry) (bool, error) {
		r := reader{rest: e.Key[1:]}
		if r.u64() >= b.timeUnixMs {
			return false, nil
		}
		b.scanned(e)
		b.put(e.Key, nil)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("forget expired ids: %w", err)
	}
	b.keep()
	return nil
}

// leaf appends a leaf.
func (b *batch) leaf(l Leaf) error {
	b.fx.Leaves = append(b.fx.Leaves, l)
	if b.trial {
		b.size++
		return nil
	}
	return b.overlay.append(l.Raw)
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
	d := b.begin(signed)
	code, err := d.admit()
	if err != nil {
		return err
	}
	if outcome.Result.Code = code; code == tx.OK {
		if outcome.Result, err = d.apply(); err != nil {
			return err
		}
	}
	lookup := [32]byte(signed.ID())
	if !outcome.Result.Code.Decides() {
		// The signers may not do this, or not now: admit said so, or an operation before took the right away. Another envelope still
		// can, so the id stays free.
		b.unauthorised++
		outcome.Result = tx.Result{Code: outcome.Result.Code}
		lookup = [32]byte(signed.EnvelopeHash())
	}
	states := d.postStates()
	raw := tx.Record{Envelope: signed.Envelope(), Result: outcome.Result, PostStates: states}.Encode()
	if len(raw) > tx.MaxLeafBytes {
		d.drop()
		d.reset()
		outcome.Result = tx.Result{Code: tx.LeafTooLarge}
		raw = tx.Record{Envelope: signed.Envelope(), Result: outcome.Result}.Encode()
	}
	if outcome.Result.Code.Decides() {
		b.put(keySeen(body.ExpiresAtUnixMs, signed.ID()), seen{Leaf: outcome.LeafIndex, Result: outcome.Result}.appendTo(b.room(seenBytes)))
		if d.charged.Key != nil {
			b.put(d.charged.Key, d.charged.Value)
		}
	}
	b.keep()
	b.fx.Outcomes = append(b.fx.Outcomes, outcome)
	return b.leaf(Leaf{Index: outcome.LeafIndex, Raw: raw, Lookup: lookup, Accounts: b.listed(shown(b.listing(), body, outcome.Result, states))})
}

func (d *draft) reset() { d.used, d.touched, d.at, d.legs = d.used[:0], d.touched[:0], nil, nil }

// apply runs the operations in order. A refusal drops all of them.
func (d *draft) apply() (tx.Result, error) {
	for i, op := range d.signed.Body.Operations {
		d.operation = uint32(i)
		code, err := d.operate(op)
		if err != nil {
			return tx.Result{}, fmt.Errorf("operation %d: %w", i, err)
		}
		if code != tx.OK {
			d.drop()
			d.reset()
			return tx.Result{Code: code, Operation: uint32(i)}, nil
		}
	}
	return tx.Result{Code: tx.OK, Legs: d.legs}, nil
}

// operate applies one operation.
func (d *draft) operate(op tx.Operation) (tx.Code, error) {
	switch o := op.(type) {
	case tx.OpenAccount:
		return d.openAccount(o)
	case tx.SetAuthority:
		return d.setAuthority(o)
	case tx.SetTier:
		return d.setTier(o)
	case tx.IssueGrant:
		return d.issueGrant(o)
	case tx.RevokeGrant:
		return d.revokeGrant(o)
	case tx.StartRecovery:
		return d.startRecovery(o)
	case tx.CancelRecovery:
		return d.cancelRecovery(o)
	case tx.CompleteRecovery:
		return d.completeRecovery(o)
	case tx.BindAlias:
		return d.bindAlias(o)
	case tx.AttestAlias:
		return d.attestAlias(o)
	case tx.ReleaseAlias:
		return d.releaseAlias(o)
	case tx.StartMove:
		return d.startMove(o)
	case tx.CancelMove:
		return d.cancelMove(o)
	case tx.ConfirmMove:
		return d.confirmMove(o)
	}
	return d.operateMoney(op)
}

// operateMoney applies an operation on money or on the directory.
func (d *draft) operateMoney(op tx.Operation) (tx.Code, error) {
	switch o := op.(type) {
	case tx.DefineAsset:
		return d.defineAsset(o)
	case tx.SetLimits:
		return d.setLimits(o)
	case tx.ListPayee:
		return d.listPayee(o)
	case tx.Issue:
		return d.issue(o)
	case tx.Redeem:
		return d.redeem(o)
	case tx.StateReserve:
		return d.stateReserve(o)
	case tx.Transfer:
		return d.transfer(o)
	case tx.BulkTransfer:
		return d.bulkTransfer(o)
	case tx.PlaceHold:
		return d.placeHold(o)
	case tx.CaptureHold:
		return d.captureHold(o)
	case tx.ReleaseHold:
		return d.releaseHold(o)
	case tx.RequestPayment:
		return d.requestPayment(o)
	case tx.DeclineRequest:
		return d.declineRequest(o)
	case tx.Return:
		return d.giveBack(o)
	case tx.RegisterProvider:
		return d.registerProvider(o)
	case tx.PublishFees:
		return d.publishFees(o)
	case tx.Propose:
		return d.propose(o)
	case tx.Vote:
		return d.vote(o)
	}
	return 0, fmt.Errorf("operation %T has no rule: %w", op, ErrCorrupt)
}

// fewTouches is up to how many balances are compared one by one: most acts touch three, and a bulk transfer hundreds.
const fewTouches = 8

// touchOf finds a balance among those changed.
func (a *act) touchOf(h holding) (at int, touched bool) {
	if len(a.touched) <= fewTouches {
		at = slices.IndexFunc(a.touched, func(t touch) bool { return t.holding == h })
		return at, at >= 0
	}
	if a.at == nil {
		a.at = make(map[holding]int)
	}
	for at := len(a.at); at < len(a.touched); at++ {
		a.at[a.touched[at].holding] = at
	}
	at, touched = a.at[h]
	return at, touched
}

// touch writes a balance and remembers it for the leaf. The chain of leaves runs through LastLeaf: the first touch of an act
// keeps what was there before.
func (a *act) touch(id tx.AccountID, asset tx.Asset, b Balance) error {
	h := holding{id, asset}
	at, again := a.touchOf(h)
	if !again {
		at = len(a.touched)
		a.touched = append(a.touched, touch{holding: h, previous: b.LastLeaf})
	}
	b.LastLeaf = a.leaf
	a.touched[at].balance = b
	a.put(keyBalance(id, asset), b.appendTo(a.room(balanceBytes)))
	return a.watchVouchers(h, b)
}

// credit adds to a balance.
func (a *act) credit(id tx.AccountID, asset tx.Asset, sum amount.Amount) (tx.Code, error) {
	b, err := a.Balance(id, asset)
	if err != nil {
		return 0, err
	}
	posted, ok := b.Posted.Add(sum)
	if !ok {
		return tx.AmountOverflow, nil
	}
	b.Posted = posted
	return tx.OK, a.touch(id, asset, b)
}

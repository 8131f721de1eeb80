package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// Lifetimes that the gateway gives to what it makes.
const (
	// registrationLifetime is how long a registration may take to be applied.
	registrationLifetime = 10 * time.Minute
	// grantLifetime is how long a founding grant holds: a year.
	grantLifetime = 365 * 24 * time.Hour
	// feeRoom is how many times the fee of today a grant allows, so that a raise does not stop its payments.
	feeRoom = 5
)

// embellishment bounds the wait for what an outcome is shown with and does not need.
const embellishment = time.Second

// remote is the ledger as the session machine sees it, over the SDK, for one provider and one asset. It implements
// ussd.Ledger.
type remote struct {
	client   *sdk.Client
	genesis  *genesis.Genesis
	provider key.Signer
	aliasKey key.AliasKey
	// account is the provider's.
	account tx.AccountID
	asset   tx.Asset
	// tier is the lowest: what a provider may grant itself when it founds an account.
	tier genesis.Tier
	// askConsent gets the signature of a provider that a user leaves; nil asks nobody.
	askConsent func(ctx context.Context, old sdk.Provider, body []byte) (tx.Signature, error)
	log        *slog.Logger

	// mu guards what follows; held for a look or a set.
	mu sync.Mutex
	// fees is the fee schedule in force when it was read.
	fees     sdk.FeeSchedule
	feesRead time.Time
	// numbers are account numbers, which never change. Invariant: at most maxNumbers.
	numbers map[tx.AccountID]tx.AccountNumber
}

var _ ussd.Ledger = (*remote)(nil)

// Bounds of what is remembered.
const (
	maxNumbers = 50_000
	feeFresh   = time.Minute
)

// newRemote finds provider, asset and tier in the genesis: a gateway starts while no validator answers, and says so on its
// screens.
func newRemote(client *sdk.Client, g *genesis.Genesis, provider key.Signer, aliasKey key.AliasKey, code string) (*remote, error) {
	asset, _, ok := g.AssetByCode(code)
	if !ok {
		return nil, fmt.Errorf("asset: the network has no %q: %w", code, ErrConfig)
	}
	r := &remote{client: client, genesis: g, provider: provider, aliasKey: aliasKey, asset: asset, log: slog.New(slog.DiscardHandler), numbers: make(map[tx.AccountID]tx.AccountNumber)}
	for _, tier := range g.Tiers {
		if tier.Asset == asset && tier.Tier == 0 {
			r.tier = tier
		}
	}
	if r.tier.CapTransaction == 0 {
		return nil, fmt.Errorf("asset: the network has no limits for accounts opened with %q: %w", code, ErrConfig)
	}
	for _, p := range g.Providers {
		if p.Key == provider.Public() {
			r.account = p.Account
			return r, nil
		}
	}
	return nil, fmt.Errorf("provider_key: no provider of the network has it: %w", ErrConfig)
}

// ResolvePhone finds who is paid at a phone number.
func (r *remote) ResolvePhone(ctx context.Context, phone ussd.Phone) (ussd.Payee, error) {
	p, err := r.client.Resolve(ctx, string(phone))
	// What is too short for the network's numbers is nobody's.
	if errors.Is(err, sdk.ErrUnknownAlias) || errors.Is(err, sdk.ErrBadPayee) {
		return ussd.Payee{}, ussd.ErrPayeeUnknown
	}
	if err != nil {
		return ussd.Payee{}, err
	}
	payee := ussd.Payee{Account: p.Account, Number: p.Number, Phone: phone, Name: p.Name}
	if p.Alias != nil {
		payee.Alias = *p.Alias
	}
	return payee, nil
}

// ResolveNumber finds who is paid at an account number.
func (r *remote) ResolveNumber(ctx context.Context, number tx.AccountNumber) (ussd.Payee, error) {
	a, err := r.client.AccountByNumber(ctx, number)
	if errors.Is(err, sdk.ErrNotFound) {
		return ussd.Payee{}, ussd.ErrPayeeUnknown
	}
	if err != nil {
		return ussd.Payee{}, err
	}
	return ussd.Payee{Account: a.ID, Number: a.Number}, nil
}

// AliasOf is the keyed hash of a phone number.
func (r *remote) AliasOf(phone ussd.Phone) key.Alias { return r.aliasKey.Alias(string(phone)) }

// Binding reads what an alias is bound to; f+1 validators must answer alike.
func (r *remote) Binding(ctx context.Context, alias key.Alias) (ussd.Binding, error) {
	var asset sdk.Asset
	var bound sdk.Binding
	reads, reading := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		asset, err = r.client.Asset(reading, r.asset)
		return err
	})
	reads.Go(func() (err error) {
		bound, err = r.client.Binding(reading, alias)
		return err
	})
	err := reads.Wait()
	if errors.Is(err, sdk.ErrUnknownAlias) {
		return ussd.Binding{}, ussd.ErrPayeeUnknown
	}
	if err != nil {
		return ussd.Binding{}, err
	}
	return ussd.Binding{Account: bound.Account, Attested: bound.Attested, Provider: bound.VouchedBy, InflowDay: asset.ProvisionalInflowDay}, nil
}

// PrepareRegistration fixes the transaction that founds a phone account: it opens the account, binds the number
// provisionally, and grants this provider everything that the menus do, within what the network's lowest tier allows: of a grant that a
// provider gives itself the ledger bounds the caps, not the operations.
func (r *remote) PrepareRegistration(ctx context.Context, registration ussd.Registration) (ussd.Founding, error) {
	phone := string(registration.Phone)
	sealed, err := r.aliasKey.SealName(rand.Reader, phone, registration.Name)
	if err != nil {
		return ussd.Founding{}, err
	}
	var fees sdk.FeeSchedule
	var network sdk.Network
	reads, reading := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		fees, err = r.currentFees(reading)
		return err
	})
	reads.Go(func() (err error) {
		network, err = r.client.Network(reading)
		return err
	})
	if err := reads.Wait(); err != nil {
		return ussd.Founding{}, err
	}
	expires := r.client.ExpiryOn(network, registrationLifetime)
	// As many attestors as the network says may act for a phone account together; with another number nobody could open it.
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(uint32(network.Parameters[tx.Attestations]))}
	if _, err := rand.Read(open.Salt[:]); err != nil {
		return ussd.Founding{}, fmt.Errorf("make salt: %w", err)
	}
	bind := tx.BindAlias{Alias: r.aliasKey.Alias(phone), Account: open.Account(), SealedName: sealed}
	grant := tx.IssueGrant{
		Account: open.Account(), Grantee: r.provider.Public(), Operations: tx.GrantAll(), Asset: r.asset,
		CapTransaction: r.tier.CapTransaction, CapDay: r.tier.CapDay, FeeCeiling: ceiling(fees.Highest(r.tier.CapTransaction), r.tier.CapTransaction),
		ExpiresAtUnixMs: expires + uint64(grantLifetime.Milliseconds()),
	}
	operations := []tx.Operation{open, bind, grant}
	if registration.Unbound {
		operations = []tx.Operation{open, grant}
	}
	prepared, err := r.prepare(expires, operations...)
	return ussd.Founding{Prepared: prepared, Account: open.Account()}, err
}

// ceiling leaves room for raises of the fee below the cap of one transaction.
func ceiling(fee, limit amount.Amount) amount.Amount {
	if fee > limit/feeRoom {
		return limit
	}
	return fee * feeRoom
}

// currentFees is the fee schedule in force, at most a minute old: a schedule that was replaced stays valid for a week.
func (r *remote) currentFees(ctx context.Context) (sdk.FeeSchedule, error) {
	r.mu.Lock()
	fees, read := r.fees, r.feesRead
	r.mu.Unlock()
	if time.Since(read) < feeFresh {
		return fees, nil
	}
	fees, err := r.client.FeeSchedule(ctx, r.account, r.asset)
	if err != nil {
		return sdk.FeeSchedule{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fees, r.feesRead = fees, time.Now()
	return fees, nil
}

// outcomes maps recorded refusals to what a person can be told.
var outcomes = map[tx.Code]ussd.OutcomeCode{
	tx.OK:                   ussd.OutcomeOK,
	tx.InsufficientBalance:  ussd.OutcomeInsufficientBalance,
	tx.CapTransaction:       ussd.OutcomeCapTransaction,
	tx.CapDay:               ussd.OutcomeCapDay,
	tx.AliasNotBoundToPayee: ussd.OutcomeAliasNotBound,
	tx.AliasTaken:           ussd.OutcomeAliasTaken,
	tx.AliasQuarantined:     ussd.OutcomeAliasResting,
	tx.LimitTransaction:     ussd.OutcomeCapTransaction,
	tx.LimitDay:             ussd.OutcomeCapDay,
	tx.ProvisionalInflow:    ussd.OutcomePayeeFull,
	tx.AccountFrozen:        ussd.OutcomeFrozen,
	tx.PayeeNotListed:       ussd.OutcomePayeeNotListed,
	tx.VoucherExpired:       ussd.OutcomeVoucherOver,
	tx.RequestUnknown:       ussd.OutcomeRequestEnded,
	tx.RequestMismatch:      ussd.OutcomeRequestEnded,
	tx.HoldUnknown:          ussd.OutcomeHoldOver,
	tx.CaptureAboveHold:     ussd.OutcomeHoldOver,
	tx.ReturnAboveTransfer:  ussd.OutcomeReturned,
}

// Submit signs and hands over a prepared transaction and waits for its final outcome. An envelope that validators refuse,
// such as one whose grant was revoked after the confirm screen, is no outcome: who has seen the bytes can bring them again
// until they expire.
func (r *remote) Submit(ctx context.Context, prepared ussd.Prepared) (ussd.Outcome, error) {
	signed, err := tx.Seal(r.genesis.Network(), prepared.Body, r.provider)
	if err == nil && len(prepared.Signatures) > 0 {
		signed, err = tx.Pack(r.genesis.Network(), prepared.Body, append(slices.Clone(prepared.Signatures), signed.Signatures...))
	}
	if err != nil {
		return ussd.Outcome{}, err
	}
	o, err := r.client.Submit(ctx, signed)
	if errors.Is(err, sdk.ErrQuotaExhausted) {
		return ussd.Outcome{}, fmt.Errorf("%w: %w", ussd.ErrBusy, err)
	}
	if err != nil {
		return ussd.Outcome{}, err
	}
	outcome, err := r.outcomeOf(o)
	if err == nil && outcome.Code == ussd.OutcomeOK {
		err = r.complete(ctx, signed.Body, o, &outcome)
	}
	return outcome, err
}

// complete adds the new account's number to an outcome, which is none without it, or the new balance of whose money it was when it can be
// had soon.
func (r *remote) complete(ctx context.Context, body tx.Body, o sdk.Outcome, outcome *ussd.Outcome) (err error) {
	for _, op := range body.Operations {
		if open, ok := op.(tx.OpenAccount); ok {
			outcome.Number, err = r.NumberOf(ctx, open.Account())
			return err
		}
	}
	account, ok := actsFor(body.Operations[0])
	if !ok {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, embellishment)
	defer cancel()
	_, verified, err := r.client.Receipt(soon, o.ID)
	if err != nil {
		return nil // The screen does without, and the SMS has it.
	}
	for _, p := range verified.Record.PostStates {
		if p.Account == account && p.Asset == r.asset {
			outcome.Balance, outcome.HasBalance = p.Posted-p.Held, true
		}
	}
	return nil
}

// actsFor is the account whose balance the screen shows after an operation.
func actsFor(op tx.Operation) (tx.AccountID, bool) {
	switch op := op.(type) {
	case tx.Transfer:
		return op.Debit, true
	case tx.PlaceHold:
		return op.Debit, true
	case tx.ReleaseHold:
		return op.Debit, true
	case tx.CaptureHold:
		return op.Credit, true
	case tx.Return:
		return op.Debit, true
	}
	return tx.AccountID{}, false
}

// Balance reads what an account can spend.
func (r *remote) Balance(ctx context.Context, account tx.AccountID) (amount.Amount, error) {
	b, err := r.client.Balance(ctx, account, r.asset, sdk.Final)
	return b.Available(), err
}

// NumberOf finds an account's number.
func (r *remote) NumberOf(ctx context.Context, id tx.AccountID) (tx.AccountNumber, error) {
	r.mu.Lock()
	number, known := r.numbers[id]
	r.mu.Unlock()
	if known {
		return number, nil
	}
	a, err := r.client.Account(ctx, id)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.numbers) >= maxNumbers {
		clear(r.numbers)
	}
	r.numbers[id] = a.Number
	return a.Number, nil
}

// Limits reads what an account may spend through this provider.
func (r *remote) Limits(ctx context.Context, id tx.AccountID) (ussd.Limits, error) {
	grant, err := r.client.Grant(ctx, id, r.provider.Public())
	if errors.Is(err, sdk.ErrNotFound) {
		return ussd.Limits{}, ussd.ErrNotGranted
	}
	return ussd.Limits{Transaction: grant.CapTransaction, Day: grant.CapDay, LeftToday: grant.LeftToday}, err
}

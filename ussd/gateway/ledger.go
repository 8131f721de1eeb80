package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

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
	// phoneAttestors is how many attestors together may act for a phone account.
	phoneAttestors = 2
	// feeRoom is how many times the fee of today a grant allows, so that a raise does not stop its payments.
	feeRoom = 5
)

// remote is the ledger as the session machine sees it, over the SDK, for one provider and one asset.
type remote struct {
	client   *sdk.Client
	genesis  *genesis.Genesis
	provider key.Signer
	aliasKey key.AliasKey
	// account is the provider's.
	account tx.AccountID
	asset   tx.Asset

	// mu guards what follows; held for a look or a set.
	mu sync.Mutex
	// fee is the fee leg in force when it was read.
	fee     tx.Fee
	feeRead time.Time
	// numbers are account numbers, which never change. Invariant: at most maxNumbers.
	numbers map[tx.AccountID]tx.AccountNumber
}

// Bounds of what is remembered.
const (
	maxNumbers = 50_000
	feeFresh   = time.Minute
)

// newRemote finds the provider whose key the gateway holds.
func newRemote(ctx context.Context, client *sdk.Client, g *genesis.Genesis, provider key.Signer, aliasKey key.AliasKey, code string) (*remote, error) {
	asset, _, ok := g.AssetByCode(code)
	if !ok {
		return nil, fmt.Errorf("asset: the network has no %q: %w", code, ErrConfig)
	}
	r := &remote{client: client, genesis: g, provider: provider, aliasKey: aliasKey, asset: asset, numbers: make(map[tx.AccountID]tx.AccountNumber)}
	network, err := client.Network(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range network.Providers {
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
	if errors.Is(err, sdk.ErrUnknownAlias) {
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

// PrepareRegistration fixes the transaction that founds a phone account: it opens the account, binds the number
// provisionally, and grants this provider what the network's lowest tier allows.
func (r *remote) PrepareRegistration(ctx context.Context, registration ussd.Registration) (ussd.Founding, error) {
	phone := string(registration.Phone)
	sealed, err := r.aliasKey.SealName(rand.Reader, phone, registration.Name)
	if err != nil {
		return ussd.Founding{}, err
	}
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(phoneAttestors)}
	if _, err := rand.Read(open.Salt[:]); err != nil {
		return ussd.Founding{}, fmt.Errorf("make salt: %w", err)
	}
	fee, err := r.currentFee(ctx)
	if err != nil {
		return ussd.Founding{}, err
	}
	grant := tx.IssueGrant{
		Account: open.Account(), Grantee: r.provider.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: r.asset,
	}
	for _, tier := range r.genesis.Tiers {
		if tier.Asset == r.asset {
			grant.CapTransaction, grant.CapDay = tier.CapTransaction, tier.CapDay
		}
	}
	grant.FeeCeiling = min(feeRoom*fee.Amount, grant.CapTransaction)
	if grant.ExpiresAtUnixMs, err = r.client.ExpiryIn(ctx, grantLifetime); err != nil {
		return ussd.Founding{}, err
	}
	expires, err := r.client.ExpiryIn(ctx, registrationLifetime)
	if err != nil {
		return ussd.Founding{}, err
	}
	bind := tx.BindAlias{Alias: r.aliasKey.Alias(phone), Account: open.Account(), SealedName: sealed}
	prepared, err := r.prepare(expires, open, bind, grant)
	return ussd.Founding{Prepared: prepared, Account: open.Account()}, err
}

// PreparePayment fixes the transaction of a payment and reads what the payer may spend.
func (r *remote) PreparePayment(ctx context.Context, order ussd.Order) (ussd.Offer, error) {
	fee, err := r.currentFee(ctx)
	if err != nil {
		return ussd.Offer{}, err
	}
	balance, err := r.client.Balance(ctx, order.Payer, r.asset, sdk.Final)
	if err != nil {
		return ussd.Offer{}, err
	}
	grant, err := r.client.Grant(ctx, order.Payer, r.provider.Public())
	if err != nil {
		return ussd.Offer{}, err
	}
	transfer := tx.Transfer{Debit: order.Payer, Credit: order.Payee.Account, Asset: r.asset, Amount: order.Amount, Fee: &fee}
	if order.Payee.Alias != (key.Alias{}) {
		transfer.Alias = &order.Payee.Alias
	}
	prepared, err := r.prepare(order.ExpiresAtUnixMs, transfer)
	if err != nil {
		return ussd.Offer{}, err
	}
	return ussd.Offer{
		Prepared: prepared, Fee: fee.Amount, Available: balance.Available(),
		CapTransaction: grant.CapTransaction, LeftToday: grant.LeftToday,
	}, nil
}

func (r *remote) prepare(expiresAtUnixMs uint64, operations ...tx.Operation) (ussd.Prepared, error) {
	body, err := sdk.NewBody(rand.Reader, expiresAtUnixMs, operations...)
	if err != nil {
		return ussd.Prepared{}, err
	}
	raw, err := body.Encode()
	if err != nil {
		return ussd.Prepared{}, err
	}
	return ussd.Prepared{ID: tx.NewID(r.genesis.Network(), raw), Body: raw, ExpiresAtUnixMs: expiresAtUnixMs}, nil
}

// currentFee is the fee in force, at most a minute old: a schedule that was replaced stays valid for a week.
func (r *remote) currentFee(ctx context.Context) (tx.Fee, error) {
	r.mu.Lock()
	fee, read := r.fee, r.feeRead
	r.mu.Unlock()
	if time.Since(read) < feeFresh {
		return fee, nil
	}
	fee, err := r.client.Fee(ctx, r.account, r.asset)
	if err != nil {
		return tx.Fee{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fee, r.feeRead = fee, time.Now()
	return fee, nil
}

// outcomes maps recorded refusals to what a person can be told.
var outcomes = map[tx.Code]ussd.OutcomeCode{
	tx.OK:                   ussd.OutcomeOK,
	tx.InsufficientBalance:  ussd.OutcomeInsufficientBalance,
	tx.CapTransaction:       ussd.OutcomeCapTransaction,
	tx.CapDay:               ussd.OutcomeCapDay,
	tx.AliasNotBoundToPayee: ussd.OutcomeAliasNotBound,
	tx.AliasTaken:           ussd.OutcomeAliasTaken,
}

// Submit signs and hands over a prepared transaction and waits for its final outcome.
func (r *remote) Submit(ctx context.Context, prepared ussd.Prepared) (ussd.Outcome, error) {
	signed, err := tx.Seal(r.genesis.Network(), prepared.Body, r.provider)
	if err != nil {
		return ussd.Outcome{}, err
	}
	o, err := r.client.Submit(ctx, signed)
	if err != nil {
		return ussd.Outcome{}, err
	}
	if o.Expired {
		return ussd.Outcome{Code: ussd.OutcomeExpired}, nil
	}
	if !o.Final {
		return ussd.Outcome{}, sdk.ErrUnknown
	}
	code, known := outcomes[o.Result.Code]
	if !known {
		code = ussd.OutcomeRefused
	}
	outcome := ussd.Outcome{Code: code, ReceiptCode: o.ReceiptCode}
	if code == ussd.OutcomeOK {
		r.embellish(ctx, signed.Body, o, &outcome)
	}
	return outcome, nil
}

// embellish adds what a screen shows when it can be had: the new balance, or the new account's number. The outcome does
// not depend on it.
func (r *remote) embellish(ctx context.Context, body tx.Body, o sdk.Outcome, outcome *ussd.Outcome) {
	for _, op := range body.Operations {
		switch op := op.(type) {
		case tx.OpenAccount:
			if number, err := r.number(ctx, op.Account()); err == nil {
				outcome.Number = number
			}
		case tx.Transfer:
			_, verified, err := r.client.Receipt(ctx, o.ID)
			if err != nil {
				return
			}
			for _, p := range verified.Record.PostStates {
				if p.Account == op.Debit && p.Asset == r.asset {
					outcome.Balance, outcome.HasBalance = p.Posted-p.Held, true
				}
			}
		}
	}
}

// Balance reads what an account can spend.
func (r *remote) Balance(ctx context.Context, account tx.AccountID) (amount.Amount, error) {
	b, err := r.client.Balance(ctx, account, r.asset, sdk.Final)
	return b.Available(), err
}

// LastPayments lists the newest transfers from and to an account.
func (r *remote) LastPayments(ctx context.Context, account tx.AccountID, limit int) ([]ussd.PastPayment, error) {
	var all []ussd.PastPayment
	for before := uint64(0); len(all) < limit; {
		entries, err := r.client.History(ctx, account, before, 20)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			past, err := r.pastPayments(ctx, account, e)
			if err != nil {
				return nil, err
			}
			all = append(all, past...)
		}
		if len(entries) < 20 || before == 0 {
			break
		}
	}
	return all[:min(limit, len(all))], nil
}

func (r *remote) pastPayments(ctx context.Context, account tx.AccountID, e sdk.Entry) ([]ussd.PastPayment, error) {
	var all []ussd.PastPayment
	for _, t := range r.transfers(e) {
		past := ussd.PastPayment{ID: e.Signed.ID(), Amount: t.Amount, ReceiptCode: e.Code, Other: t.Credit}
		switch account {
		case t.Debit:
		case t.Credit:
			past.Incoming, past.Other = true, t.Debit
		default:
			continue
		}
		number, err := r.number(ctx, past.Other)
		if err != nil {
			return nil, err
		}
		past.OtherNumber = number
		all = append(all, past)
	}
	return all, nil
}

// transfers are the applied transfers of an entry in this gateway's asset.
func (r *remote) transfers(e sdk.Entry) []tx.Transfer {
	if e.Signed == nil || e.Record.Result.Code != tx.OK {
		return nil
	}
	var all []tx.Transfer
	for _, op := range e.Signed.Body.Operations {
		if t, ok := op.(tx.Transfer); ok && t.Asset == r.asset {
			all = append(all, t)
		}
	}
	return all
}

// WatchFinal gives every final leaf from an index on.
func (r *remote) WatchFinal(ctx context.Context, from uint64, take func(ussd.FinalLeaf) error) error {
	return r.client.Watch(ctx, from, func(e sdk.Entry) error {
		leaf := ussd.FinalLeaf{Index: e.LeafIndex}
		for _, t := range r.transfers(e) {
			final := ussd.FinalTransfer{ID: e.Signed.ID(), Debit: t.Debit, Credit: t.Credit, Amount: t.Amount, ReceiptCode: e.Code}
			if t.Fee != nil {
				final.Fee = t.Fee.Amount
			}
			for _, p := range e.Record.PostStates {
				switch {
				case p.Asset != r.asset:
				case p.Account == t.Debit:
					final.DebitBalance = p.Posted - p.Held
				case p.Account == t.Credit:
					final.CreditBalance = p.Posted - p.Held
				}
			}
			var err error
			if final.DebitNumber, err = r.number(ctx, t.Debit); err != nil {
				return err
			}
			if final.CreditNumber, err = r.number(ctx, t.Credit); err != nil {
				return err
			}
			leaf.Transfers = append(leaf.Transfers, final)
		}
		return take(leaf)
	})
}

// number finds an account's number.
func (r *remote) number(ctx context.Context, id tx.AccountID) (tx.AccountNumber, error) {
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

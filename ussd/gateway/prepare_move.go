package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// What attestors sign: that a number is an account's, and that it moves here. None of it debits, so there is no fee and no cap, and the account
// may be another provider's.

// consentWait is how long an old provider is asked for its signature. One that does not answer is taken for unwilling: the move takes its delay.
const consentWait = 2500 * time.Millisecond

// attested tells of the kinds that attestors sign.
func attested(k ussd.Kind) bool {
	return k == ussd.KindAttest || k == ussd.KindMove || k == ussd.KindConfirmMove
}

// prepareAttested fixes a transaction that attestors sign.
func (r *remote) prepareAttested(ctx context.Context, order ussd.Order) (ussd.Offer, error) {
	account, err := r.client.Account(ctx, order.Payer)
	if err != nil {
		return ussd.Offer{}, err
	}
	phone := string(order.Payee.Phone)
	alias := r.aliasKey.Alias(phone)
	offer := ussd.Offer{Attestors: int(account.Authority.Attestors)}
	switch order.Kind {
	case ussd.KindAttest:
		sealed, err := r.aliasKey.SealName(rand.Reader, phone, order.Payee.Name)
		if err != nil {
			return ussd.Offer{}, err
		}
		offer.Prepared, err = r.prepare(order.ExpiresAtUnixMs, tx.AttestAlias{Alias: alias, Account: order.Payer, SealedName: sealed})
		return offer, err
	case ussd.KindConfirmMove:
		offer.Prepared, err = r.prepare(order.ExpiresAtUnixMs, tx.ConfirmMove{Alias: alias, Account: order.Payer})
		return offer, err
	}
	return r.prepareMove(ctx, order, alias, account, offer)
}

// prepareMove fixes the move of a number to this provider, of the same account: the grant is what the account's tier allows.
func (r *remote) prepareMove(ctx context.Context, order ussd.Order, alias key.Alias, account sdk.Account, offer ussd.Offer) (ussd.Offer, error) {
	var fees sdk.FeeSchedule
	var asset sdk.Asset
	var grants []sdk.KeyGrant
	reads, reading := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		fees, err = r.currentFees(reading)
		return err
	})
	reads.Go(func() (err error) {
		asset, err = r.client.Asset(reading, r.asset)
		return err
	})
	reads.Go(func() (err error) {
		grants, err = r.client.Grants(reading, order.Payer)
		return err
	})
	if err := reads.Wait(); err != nil {
		return ussd.Offer{}, err
	}
	limit, ok := asset.Limit(account.Tier)
	if !ok {
		return ussd.Offer{}, fmt.Errorf("limits of tier %d: %w", account.Tier, ussd.ErrNotGranted)
	}
	move := tx.StartMove{Alias: alias, From: order.Payer, To: order.Payer, Grant: &tx.IssueGrant{
		Account: order.Payer, Grantee: r.provider.Public(), Operations: tx.GrantAll(), Asset: r.asset,
		CapTransaction: limit.CapTransaction, CapDay: limit.CapDay, FeeCeiling: ceiling(fees.Highest(limit.CapTransaction), limit.CapTransaction),
		ExpiresAtUnixMs: order.ExpiresAtUnixMs + uint64(grantLifetime.Milliseconds()),
	}}
	move.OldGrantee = r.oldGrantee(grants)
	var err error
	if offer.Prepared, err = r.prepare(order.ExpiresAtUnixMs, move); err != nil || move.OldGrantee == nil || *move.OldGrantee == r.provider.Public() {
		return offer, err // Who renews its own grant signs as the old one too.
	}
	offer.Prepared.Signatures = r.consent(ctx, *move.OldGrantee, offer.Prepared)
	return offer, nil
}

// oldGrantee is whose grant the move ends: another provider's, or, where there is none, this one's own, which is renewed.
func (r *remote) oldGrantee(grants []sdk.KeyGrant) *key.Public {
	own := r.provider.Public()
	i := slices.IndexFunc(grants, func(g sdk.KeyGrant) bool { return g.Grantee != own })
	switch {
	case i >= 0:
		return &grants[i].Grantee
	case len(grants) > 0:
		return &own
	}
	return nil
}

// consent asks the old provider to sign. Without its signature the move takes its delay.
func (r *remote) consent(ctx context.Context, old key.Public, prepared ussd.Prepared) []tx.Signature {
	if r.askConsent == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, consentWait)
	defer cancel()
	provider, err := r.client.ProviderByKey(waiting, old)
	if err == nil {
		var signature tx.Signature
		if signature, err = r.askConsent(waiting, provider, prepared.Body); err == nil {
			return []tx.Signature{signature}
		}
	}
	r.log.Info("move without the old provider", "id", prepared.ID, "reason", err)
	return nil
}

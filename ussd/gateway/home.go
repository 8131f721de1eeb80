package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Home reads where a phone number is: binding, grants and a move that waits, each as f+1 validators say.
func (r *remote) Home(ctx context.Context, phone ussd.Phone) (ussd.Home, error) {
	alias := r.aliasKey.Alias(string(phone))
	bound, err := r.client.Binding(ctx, alias)
	if errors.Is(err, sdk.ErrUnknownAlias) {
		return ussd.Home{}, nil
	}
	if err != nil {
		return ussd.Home{}, err
	}
	home := ussd.Home{Account: bound.Account, Number: bound.Number, Attested: bound.Attested}
	// A seal that does not open is the fault of whoever bound the number: there is an account and no name.
	home.Name, _ = r.aliasKey.OpenName(string(phone), bound.SealedName)
	reads, reading := errgroup.WithContext(ctx)
	reads.Go(func() (err error) {
		home.Move, err = r.moveOf(reading, alias)
		return err
	})
	var grants []sdk.KeyGrant
	reads.Go(func() (err error) {
		grants, err = r.client.Grants(reading, bound.Account)
		return err
	})
	if err := reads.Wait(); err != nil {
		return ussd.Home{}, err
	}
	for _, g := range grants {
		home.Grantees = append(home.Grantees, g.Grantee)
		if g.Grantee == r.provider.Public() {
			home.Ours = true
		} else if home.Provider.Account == (tx.AccountID{}) {
			if home.Provider, err = r.rival(ctx, g.Grantee); err != nil {
				return ussd.Home{}, err
			}
		}
	}
	if home.Provider.Account == (tx.AccountID{}) && !bound.Attested && bound.VouchedBy != r.account {
		p, _, err := r.client.Provider(ctx, bound.VouchedBy, 0)
		if err != nil && !errors.Is(err, sdk.ErrNotFound) {
			return ussd.Home{}, err
		}
		home.Provider = providerOf(p)
	}
	return home, nil
}

// moveOf is the move of an alias that waits; nil when none does.
func (r *remote) moveOf(ctx context.Context, alias key.Alias) (*ussd.Move, error) {
	moves, err := r.client.Moves(ctx, alias)
	if err != nil || len(moves) == 0 {
		return nil, err
	}
	m := moves[0]
	move := &ussd.Move{Held: m.State == sdk.MoveHeld, Stopped: m.State != sdk.MoveRunning, DueUnixMs: m.DueUnixMs}
	if m.Grant == nil {
		return move, nil
	}
	if move.Ours = m.Grant.Grantee == r.provider.Public(); !move.Ours {
		move.To, err = r.rival(ctx, m.Grant.Grantee)
	}
	return move, err
}

// rival is the provider whose key it is; one that is nobody's has the key alone.
func (r *remote) rival(ctx context.Context, k key.Public) (ussd.Provider, error) {
	p, err := r.client.ProviderByKey(ctx, k)
	if errors.Is(err, sdk.ErrNotFound) {
		return ussd.Provider{Key: k}, nil
	}
	if err != nil {
		return ussd.Provider{}, err
	}
	return providerOf(p), nil
}

// maxAway is the longest service code that screens have room for.
const maxAway = ussd.MaxDial

// providerOf is a provider of the directory as screens tell of it. Its name is its own choice: signs that could make a sentence are left out.
func providerOf(p sdk.Provider) ussd.Provider {
	out := ussd.Provider{Account: p.Account, Name: directoryName(p.Name), Key: p.Key}
	for _, code := range p.Codes {
		if len(code) <= maxAway && strings.Trim(code, "0123456789*#") == "" {
			out.Dial = code
			break
		}
	}
	return out
}

func directoryName(name string) string {
	plain := strings.Map(func(char rune) rune {
		switch {
		case unicode.IsLetter(char), unicode.IsDigit(char), strings.ContainsRune("-&'", char):
			return char
		}
		return ' '
	}, gsm7.Transliterate(name))
	plain = strings.Map(func(char rune) rune {
		if !gsm7.Representable(string(char)) {
			return -1
		}
		return char
	}, plain)
	return strings.TrimSpace(gsm7.Truncate(strings.Join(strings.Fields(plain), " "), ussd.MaxNameSeptets))
}

const (
	// comparedPayments is how many past payments are priced at other providers, sampleUnits what is where there are none.
	comparedPayments = 10
	sampleUnits      = 100
	// comparedProviders bounds the providers that are asked for, fetchedAtOnce how many at once.
	comparedProviders = 24
	fetchedAtOnce     = 6
)

// Rivals lists the other providers that can be dialled and have a price, the cheapest for this account first.
func (r *remote) Rivals(ctx context.Context, account tx.AccountID) (ussd.Rates, error) {
	all, err := r.client.Providers(ctx)
	if err != nil {
		return ussd.Rates{}, err
	}
	var rates ussd.Rates
	usual, sample, err := r.usual(ctx, account)
	if err != nil {
		return ussd.Rates{}, err
	}
	own, err := r.currentFees(ctx)
	if err != nil {
		return ussd.Rates{}, err
	}
	rates.Sample = sample
	rates.Own, _ = average(own, usual)
	var rivals []ussd.Rival
	for _, p := range all {
		if o := providerOf(p); p.Account != r.account && o.Name != "" && o.Dial != "" && len(rivals) < comparedProviders {
			rivals = append(rivals, ussd.Rival{Provider: o})
		}
	}
	priced := make([]bool, len(rivals))
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(fetchedAtOnce)
	for i := range rivals {
		reads.Go(func() error {
			fees, err := r.client.FeeSchedule(reading, rivals[i].Account, r.asset)
			if errors.Is(err, sdk.ErrNoFee) {
				return nil
			}
			if err != nil {
				return err
			}
			rivals[i].Fee, priced[i] = average(fees, usual)
			return nil
		})
	}
	if err := reads.Wait(); err != nil {
		return ussd.Rates{}, err
	}
	for i, rival := range rivals {
		if priced[i] {
			rates.Rivals = append(rates.Rivals, rival)
		}
	}
	slices.SortStableFunc(rates.Rivals, func(a, b ussd.Rival) int {
		return cmp.Or(cmp.Compare(a.Fee, b.Fee), cmp.Compare(a.Name, b.Name))
	})
	return rates, nil
}

// usual are the amounts of an account's last payments; without any, one sample.
func (r *remote) usual(ctx context.Context, account tx.AccountID) (amounts []amount.Amount, sample amount.Amount, err error) {
	entries, err := r.client.History(ctx, account, 0, 100)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		for _, t := range r.moved(e) {
			if t.How == ussd.ByPayment && t.Debit == account && len(amounts) < comparedPayments {
				amounts = append(amounts, t.Amount)
			}
		}
	}
	if len(amounts) > 0 {
		return amounts, 0, nil
	}
	sample = sampleUnits
	for range r.genesis.Assets[r.asset-1].Scale {
		sample *= 10
	}
	return []amount.Amount{sample}, sample, nil
}

// average is what one of several payments costs, rounded up; false when the schedule has no fee for one of them.
func average(fees sdk.FeeSchedule, amounts []amount.Amount) (amount.Amount, bool) {
	var total amount.Amount
	for _, a := range amounts {
		fee, ok := fees.For(a)
		if !ok {
			return 0, false
		}
		if total, ok = total.Add(fee.Amount); !ok {
			return 0, false
		}
	}
	n := amount.Amount(len(amounts))
	return (total + n - 1) / n, true
}

const (
	// recentPages are the pages of history that are looked through for what is still open on an account.
	recentPages = 5
	recentPage  = 100
	// maxOpenLeaves bounds what is found.
	maxOpenLeaves = 128
)

// Recent reads the newest leaves of an account that say something to people.
func (r *remote) Recent(ctx context.Context, account tx.AccountID) ([]ussd.FinalLeaf, error) {
	var found []ussd.FinalLeaf
	before := uint64(0)
	for range recentPages {
		entries, err := r.client.History(ctx, account, before, recentPage)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			before = e.LeafIndex
			leaf := ussd.FinalLeaf{Index: e.LeafIndex, TimeUnixMs: e.TimeUnixMs, Transfers: r.moved(e), Notices: r.noticed(e)}
			ends := slices.ContainsFunc(leaf.Transfers, func(t ussd.FinalTransfer) bool { return t.Hold != (tx.HoldID{}) })
			if (ends || len(leaf.Notices) > 0) && len(found) < maxOpenLeaves {
				found = append(found, leaf)
			}
		}
		if len(entries) < recentPage || before == 0 || len(found) == maxOpenLeaves {
			break
		}
	}
	slices.Reverse(found)
	return found, nil
}

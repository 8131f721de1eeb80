package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Attestors lists the directory of attestors; f+1 validators must answer alike.
func (c *Client) Attestors(ctx context.Context) ([]tx.Attestor, error) {
	var all []tx.Attestor
	req := &apiv1.ListAttestorsRequest{Limit: pageSize}
	for range maxPages {
		answers, err := agreeSoon(ctx, c, func(m *apiv1.ListAttestorsResponse) string { return word(m) },
			func(ctx context.Context, v *validator) (*apiv1.ListAttestorsResponse, error) {
				return v.ListAttestors(ctx, req)
			})
		if err != nil {
			return nil, fmt.Errorf("list attestors: %w", err)
		}
		page := answers[0].GetAttestors()
		for _, m := range page {
			if len(m.GetAccount()) != 16 || len(m.GetKey()) != 32 || bytes.Compare(m.GetAccount(), req.GetAfter()) <= 0 {
				return nil, fmt.Errorf("list attestors: a field, or out of order: %w", ErrBadAnswer)
			}
			a := tx.Attestor{Account: tx.AccountID(m.GetAccount()), Key: key.Public(m.GetKey()), Name: m.GetName(), Endpoints: m.GetEndpoints()}
			if raw := m.GetProvider(); len(raw) == 16 {
				id := tx.AccountID(raw)
				a.Provider = &id
			}
			req = &apiv1.ListAttestorsRequest{After: a.Account[:], Limit: pageSize}
			all = append(all, a)
		}
		if len(page) < pageSize {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list attestors: %w", ErrTooMany)
}

// Binding is what an alias is bound to.
type Binding struct {
	Account    tx.AccountID
	Number     tx.AccountNumber
	SealedName key.SealedName
	// Attested says that attestors bound it. Else VouchedBy is the account of the provider that did so alone.
	Attested  bool
	VouchedBy tx.AccountID
}

// Binding reads what an alias is bound to. Unlike Resolve, which the ledger checks again when money moves, it decides what is said to the
// owner of the number, so f+1 validators must answer alike. ErrUnknownAlias means that it is bound to nobody.
func (c *Client) Binding(ctx context.Context, alias key.Alias) (Binding, error) {
	req := &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_Hash{Hash: alias[:]}}
	answers, err := agreeSoon(ctx, c, func(m *apiv1.ResolveAliasResponse) string { return word(m) },
		func(ctx context.Context, v *validator) (*apiv1.ResolveAliasResponse, error) {
			return v.ResolveAlias(ctx, req)
		})
	if errors.Is(err, ErrNotFound) {
		return Binding{}, fmt.Errorf("read binding: %w", ErrUnknownAlias)
	}
	if err != nil {
		return Binding{}, fmt.Errorf("read binding: %w", err)
	}
	m := answers[0]
	if len(m.GetAccount()) != 16 || !bytes.Equal(m.GetAlias(), alias[:]) || len(m.GetSealedName()) != len(key.SealedName{}) {
		return Binding{}, fmt.Errorf("read binding: a field: %w", ErrBadAnswer)
	}
	b := Binding{
		Account: tx.AccountID(m.GetAccount()), Number: tx.AccountNumber(m.GetAccountNumber()), SealedName: key.SealedName(m.GetSealedName()),
		Attested: m.GetAttested(),
	}
	copy(b.VouchedBy[:], m.GetVouchedBy())
	return b, nil
}

package sdk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Payee is who a phone number pays.
type Payee struct {
	Account tx.AccountID
	Number  tx.AccountNumber
	// Alias goes into the transfer beside the account: the ledger refuses the transfer when they do not belong together
	// any more, so that a wrong answer here steals nothing. nil when the payee was named by account.
	Alias *key.Alias
	// Name is the whole display name; only holders of the alias key have it.
	Name string
	// ShortName is the name as screens show it; empty when the seal does not open.
	ShortName string
	// Attested says that attestors bound the number, not a provider alone.
	Attested bool
}

// Resolve finds the account of a phone number in E.164 form, such as +254711000001. With the alias key it asks one
// validator by the keyed hash; without, it asks by number, and f+1 must answer alike. ErrUnknownAlias means the number
// has no account.
func (c *Client) Resolve(ctx context.Context, phone string) (Payee, error) {
	if !isPhone(phone) {
		return Payee{}, fmt.Errorf("resolve phone number: not + and 8 to 15 digits: %w", ErrBadPayee)
	}
	var p Payee
	var err error
	if c.config.AliasKey != nil {
		err = c.read(ctx, func(ctx context.Context, v *validator) (err error) {
			p, err = c.resolveByHash(ctx, v, phone)
			return err
		})
	} else {
		word := func(p Payee) string {
			return fmt.Sprintf("%x %d %s %t %q", p.Account, p.Number, p.Alias, p.Attested, p.ShortName)
		}
		p, err = agree(ctx, c, word, func(ctx context.Context, v *validator) (Payee, error) { return resolveByNumber(ctx, v, phone) })
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return Payee{}, fmt.Errorf("resolve phone number: %w", ErrUnknownAlias)
	case err != nil:
		return Payee{}, fmt.Errorf("resolve phone number: %w", err)
	}
	return p, nil
}

// Alias is the keyed hash of a phone number, whether it is bound or not. Without the alias key f+1 validators must answer alike: units held for a
// wrong hash would go to another number.
func (c *Client) Alias(ctx context.Context, phone string) (key.Alias, error) {
	switch {
	case !isPhone(phone):
		return key.Alias{}, fmt.Errorf("find alias of phone number: not + and 8 to 15 digits: %w", ErrBadPayee)
	case c.config.AliasKey != nil:
		return c.config.AliasKey.Alias(phone), nil
	}
	request := &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: phone}, Unbound: true}
	res, err := agree(ctx, c, func(m *apiv1.ResolveAliasResponse) string { return string(m.GetAlias()) },
		func(ctx context.Context, v *validator) (*apiv1.ResolveAliasResponse, error) {
			return v.ResolveAlias(ctx, request)
		})
	if err == nil && len(res.GetAlias()) != len(key.Alias{}) {
		err = fmt.Errorf("length of alias: %w", ErrBadAnswer)
	}
	if err != nil {
		return key.Alias{}, fmt.Errorf("find alias of phone number: %w", err)
	}
	return key.Alias(res.GetAlias()), nil
}

func (c *Client) resolveByHash(ctx context.Context, v *validator, phone string) (Payee, error) {
	alias := c.config.AliasKey.Alias(phone)
	res, err := v.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_Hash{Hash: alias[:]}})
	if err != nil {
		return Payee{}, err
	}
	p, err := payeeOf(res)
	if err != nil {
		return Payee{}, err
	}
	if *p.Alias != alias || len(res.GetSealedName()) != len(key.SealedName{}) {
		return Payee{}, fmt.Errorf("alias or sealed name of another number: %w", ErrBadAnswer)
	}
	// A seal that does not open is the fault of whoever bound the alias: there is an account and no name.
	if name, err := c.config.AliasKey.OpenName(phone, key.SealedName(res.GetSealedName())); err == nil {
		p.Name, p.ShortName = name, key.ShortName(name)
	}
	return p, nil
}

func resolveByNumber(ctx context.Context, v *validator, phone string) (Payee, error) {
	res, err := v.ResolveAlias(ctx, &apiv1.ResolveAliasRequest{Alias: &apiv1.ResolveAliasRequest_PhoneNumber{PhoneNumber: phone}})
	if err != nil {
		return Payee{}, err
	}
	p, err := payeeOf(res)
	p.ShortName = res.GetShortName()
	return p, err
}

func payeeOf(m *apiv1.ResolveAliasResponse) (Payee, error) {
	if len(m.GetAccount()) != 16 || len(m.GetAlias()) != 32 {
		return Payee{}, fmt.Errorf("length of account or alias: %w", ErrBadAnswer)
	}
	alias := key.Alias(m.GetAlias())
	return Payee{
		Account: tx.AccountID(m.GetAccount()), Number: tx.AccountNumber(m.GetAccountNumber()), Alias: &alias, Attested: m.GetAttested(),
	}, nil
}

// FindPayee reads what a person wrote: a phone number in E.164 form, an account number with its check digit, or an
// account's text (umoja1…), and finds the account. Numbers in national form are for the caller to complete.
func (c *Client) FindPayee(ctx context.Context, text string) (Payee, error) {
	if isPhone(text) {
		return c.Resolve(ctx, text)
	}
	if id, err := tx.ParseAccountID(text); err == nil {
		return Payee{Account: id}, nil // The id is the hash of the payee's key: there is nobody to ask.
	}
	number, err := tx.ParseAccountNumber(text)
	if err != nil {
		return Payee{}, ErrBadPayee
	}
	a, err := c.AccountByNumber(ctx, number)
	if err != nil {
		return Payee{}, err
	}
	return Payee{Account: a.ID, Number: a.Number}, nil
}

func isPhone(text string) bool {
	digits, plus := strings.CutPrefix(text, "+")
	return plus && len(digits) >= 8 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

package sdk

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Short writes a signed transfer as one text message (package compact), which whoever receives it rebuilds with Rebuild.
func (c *Client) Short(ctx context.Context, signed *tx.Signed) (compact.Message, error) {
	m, err := compact.Of(signed, directory{ctx, c})
	if err != nil {
		return compact.Message{}, fmt.Errorf("write transfer as a text message: %w", err)
	}
	return m, nil
}

// Rebuild gives the signed transfer of a text message, ready to be submitted. A validator that answers wrongly leads money nowhere: the
// signature does not verify then.
func (c *Client) Rebuild(ctx context.Context, text string) (*tx.Signed, error) {
	m, err := compact.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read text message: %w", err)
	}
	signed, err := m.Rebuild(c.Genesis().Network(), directory{ctx, c})
	if err != nil {
		return nil, fmt.Errorf("rebuild transfer of a text message: %w", err)
	}
	return signed, nil
}

// directory looks accounts up for the length of one call.
type directory struct {
	ctx    context.Context
	client *Client
}

func (d directory) AccountByNumber(number tx.AccountNumber) (tx.AccountID, tx.Authority, bool, error) {
	a, err := d.client.AccountByNumber(d.ctx, number)
	if errors.Is(err, ErrNotFound) {
		return tx.AccountID{}, tx.Authority{}, false, nil
	}
	return a.ID, a.Authority, err == nil, err
}

func (d directory) NumberOf(id tx.AccountID) (tx.AccountNumber, bool, error) {
	a, err := d.client.Account(d.ctx, id)
	if errors.Is(err, ErrNotFound) {
		return 0, false, nil
	}
	return a.Number, err == nil, err
}

package sdk

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Lifetime is how long a payment may take to be applied, unless its author says otherwise.
const Lifetime = 10 * time.Minute

// NewNonce draws the nonce that makes a transaction unlike any other, from crypto/rand.Reader outside of tests.
func NewNonce(rand io.Reader) ([8]byte, error) {
	var nonce [8]byte
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nonce, fmt.Errorf("read random bytes for a nonce: %w", err)
	}
	return nonce, nil
}

// NewBody makes the body of a new transaction, with a random nonce.
func NewBody(rand io.Reader, expiresAtUnixMs uint64, operations ...tx.Operation) (tx.Body, error) {
	nonce, err := NewNonce(rand)
	if err != nil {
		return tx.Body{}, err
	}
	return tx.Body{Nonce: nonce, ExpiresAtUnixMs: expiresAtUnixMs, Operations: operations}, nil
}

// NewTransfer makes the body of a payment from an account to a payee, with the payee's alias where there is one; fee is
// nil when no provider carries it.
func NewTransfer(rand io.Reader, expiresAtUnixMs uint64, from tx.AccountID, to Payee, t tx.Transfer) (tx.Body, error) {
	t.Debit, t.Credit, t.Alias = from, to.Account, to.Alias
	return NewBody(rand, expiresAtUnixMs, t)
}

// ExpiryIn is the expiry of a transaction that may take so long from now: the later of own clock and ledger time counts,
// so that a phone whose clock is behind can still pay.
func (c *Client) ExpiryIn(ctx context.Context, lifetime time.Duration) (uint64, error) {
	n, err := c.Network(ctx)
	if err != nil {
		return 0, err
	}
	return c.ExpiryOn(n, lifetime), nil
}

// ExpiryOn is ExpiryIn for who has asked for the network already.
func (c *Client) ExpiryOn(n Network, lifetime time.Duration) uint64 {
	return max(c.config.NowUnixMs(), n.TimeUnixMs) + uint64(lifetime.Milliseconds())
}

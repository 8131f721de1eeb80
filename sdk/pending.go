package sdk

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Pending is a transaction that was taken and is not resolved.
type Pending struct {
	ID              tx.ID
	ExpiresAtUnixMs uint64
}

// Pending lists an account's open transactions to its owner or a grantee, who signs the request: the union over the
// validators reached, by expiry. It is advice: another provider may hold one that none of them has seen. It fails only when
// no validator answers.
func (c *Client) Pending(ctx context.Context, account tx.AccountID, signer key.Signer) ([]Pending, error) {
	now := c.config.NowUnixMs()
	signature, err := signer.Sign(tx.PendingDigest(c.config.Genesis.Network(), account, now))
	if err != nil {
		return nil, fmt.Errorf("sign request for open payments: %w", err)
	}
	public := signer.Public()
	request := &apiv1.ListPendingRequest{Account: account[:], TimeUnixMs: now, Signer: public[:], Signature: signature[:]}
	words := make(chan said[[]*apiv1.PendingTransaction], len(c.validators))
	for _, v := range c.validators {
		go func() {
			var w said[[]*apiv1.PendingTransaction]
			w.err = c.attempt(ctx, v, func(ctx context.Context, v *validator) error {
				res, err := v.ListPending(ctx, request)
				w.answer = res.GetTransactions()
				return err
			})
			words <- w
		}()
	}
	union := make(map[tx.ID]uint64)
	answers := 0
	for range c.validators {
		w := <-words
		if w.err != nil {
			err = w.err
			if reason, ok := decisive(w.err); ok {
				err = plain(w.err, reason)
			}
			continue
		}
		answers++
		for _, m := range w.answer {
			if len(m.GetId()) == 32 {
				union[tx.ID(m.GetId())] = m.GetExpiresAtUnixMs()
			}
		}
	}
	if answers == 0 {
		return nil, fmt.Errorf("list open payments: %w: %w", ErrUnavailable, err)
	}
	all := make([]Pending, 0, len(union))
	for id, expires := range union {
		all = append(all, Pending{ID: id, ExpiresAtUnixMs: expires})
	}
	slices.SortFunc(all, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.ExpiresAtUnixMs, b.ExpiresAtUnixMs), slices.Compare(a.ID[:], b.ID[:]))
	})
	return all, nil
}

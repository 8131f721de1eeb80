package bench

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// payer is an account with its key.
type payer struct {
	key     key.Private
	account tx.AccountID
}

const (
	// purse is what a payer is given, in minor units; each payment is of one.
	purse amount.Amount = 100_000
	// lifetime is how long signed payments stay good, unless Options say otherwise: a stock is signed before it is sent.
	lifetime = 12 * time.Hour
	// openedAtOnce is how many accounts one transaction opens: each signs for itself.
	openedAtOnce = tx.MaxSignatures
)

// payers makes the network's payers, opens those that are not open and gives money to those that have less than half a purse.
func (n *network) payers(ctx context.Context, count int, tell func(format string, args ...any)) ([]payer, error) {
	all := make([]payer, count)
	err := inParallel(ctx, count, func(i int) error {
		var place [8]byte
		binary.BigEndian.PutUint64(place[:], uint64(i))
		var err error
		all[i].key, err = key.NewPrivate(key.TaggedHash("umoja/bench-payer/v1", []byte(n.issuer.Text()), place[:]))
		all[i].account = sdk.AccountOf(all[i].key.Public())
		return err
	})
	if err != nil {
		return nil, err
	}
	// The last one was opened and paid last: with it, all are there.
	if b, err := n.client.Balance(ctx, all[count-1].account, n.asset, sdk.Final); err == nil && b.Available() >= purse/2 {
		return all, nil
	} else if err != nil && !errors.Is(err, sdk.ErrNotFound) {
		return nil, fmt.Errorf("look for the payers: %w", err)
	}
	tell("opening %d accounts", count)
	if err := n.open(ctx, all); err != nil {
		return nil, err
	}
	tell("giving them money")
	return all, n.fund(ctx, all)
}

// open opens the accounts, several by one transaction.
func (n *network) open(ctx context.Context, all []payer) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for ; len(all) > 0; all = all[min(openedAtOnce, len(all)):] {
		some := all[:min(openedAtOnce, len(all))]
		group.Go(func() error {
			var opening []tx.Operation
			var signers []key.Signer
			for _, p := range some {
				opening, signers = append(opening, sdk.Opening(p.key.Public())), append(signers, p.key)
			}
			o, err := n.do(ctx, signers, opening...)
			if err == nil && o.Result.Code == tx.AccountExists {
				return n.openEach(ctx, some)
			}
			return applied("open accounts", o, err)
		})
	}
	return group.Wait()
}

// openEach opens those of some that are not open.
func (n *network) openEach(ctx context.Context, some []payer) error {
	for _, p := range some {
		o, err := n.do(ctx, []key.Signer{p.key}, sdk.Opening(p.key.Public()))
		if err == nil && o.Result.Code == tx.AccountExists {
			continue
		}
		if err := applied("open account", o, err); err != nil {
			return err
		}
	}
	return nil
}

// fund gives every account a purse, the last one last.
func (n *network) fund(ctx context.Context, all []payer) error {
	var gifts []sandbox.Gift
	for _, p := range all {
		gifts = append(gifts, sandbox.Gift{To: p.account, Amount: purse})
	}
	return sandbox.Give(ctx, n.client, n.issuer, n.asset, gifts)
}

// do signs and submits, and proves the outcome.
func (n *network) do(ctx context.Context, signers []key.Signer, operations ...tx.Operation) (sdk.Outcome, error) {
	signed, err := n.sign(signers, operations...)
	if err != nil {
		return sdk.Outcome{}, err
	}
	return n.client.Submit(ctx, signed)
}

// sign makes a transaction.
func (n *network) sign(signers []key.Signer, operations ...tx.Operation) (*tx.Signed, error) {
	body, err := sdk.NewBody(rand.Reader, uint64(time.Now().Add(n.lifetime).UnixMilli()), operations...)
	if err != nil {
		return nil, err
	}
	raw, err := body.Encode()
	if err != nil {
		return nil, fmt.Errorf("make transaction: %w", err)
	}
	return tx.Seal(n.genesis.Network(), raw, signers...)
}

func applied(what string, o sdk.Outcome, err error) error {
	if err == nil && !o.Applied() {
		err = fmt.Errorf("the ledger refused it: %s", o.Result.Code)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// inParallel does something for each number below count, on all cores.
func inParallel(ctx context.Context, count int, do func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < count; i += workers {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newReturnCommand gives a payment back.
func newReturnCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:   "return --key FILE CODE [AMOUNT]",
		Short: "give back a payment that the key's account received",
		Long: `return gives back all of a payment, or AMOUNT of it, to whoever paid it. CODE is the payment's receipt code, or the word
"last". The return names the payment on the ledger, so that all returns of it together are never above it.`,
		Example: "  umoja return --key shop.key 8XK2M9QD 20",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return wants("CODE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			back, err := p.findReturn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if back.Amount, err = p.amountOf(back.Asset, args[1]); err != nil {
					return err
				}
			}
			sum := p.units.money(back.Asset, back.Amount)
			return p.run(cmd, errand{
				doing: fmt.Sprintf("give back %s", sum),
				made:  "That was this return: nothing more was given back. Run the command again to give back as much once more.",
				build: func(context.Context) (tx.Operation, error) { return back, nil },
				tell:  func(out io.Writer, _ sdk.Outcome) { fmt.Fprintf(out, "gave %s back to %s\n", sum, back.Credit) },
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

// findReturn looks in the account's history for a payment that credited it.
func (p *purse) findReturn(ctx context.Context, text string) (tx.Return, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	code := spoken.Replace(strings.ToUpper(text))
	if len(code) != 8 && text != "last" {
		return tx.Return{}, fmt.Errorf("CODE %q is not the 8 characters of a receipt code", text)
	}
	var found *sdk.Entry
	var back tx.Return
	err := eachEntry(ctx, p.client, p.wallet.Account(), 0, maxSearched, func(e sdk.Entry) bool {
		if text != "last" && e.Code != code {
			return true
		}
		for operation := range operationsOf(e) {
			made, err := p.wallet.NewReturn(e, operation, amount.Amount(0))
			if err == nil {
				found, back = &e, made
				return false
			}
		}
		if text != "last" {
			found = &e
		}
		return found == nil
	})
	switch {
	case err != nil:
		return tx.Return{}, err
	case found == nil && text == "last":
		return tx.Return{}, errors.New("the account has received no payment that can be given back")
	case found == nil:
		return tx.Return{}, fmt.Errorf("receipt code %s is not among the last %d of that account", code, maxSearched)
	case back.Amount == 0:
		return tx.Return{}, fmt.Errorf("receipt %s: %w", code, sdk.ErrNothingToReturn)
	}
	return back, nil
}

// operationsOf is how many positions of an entry may have moved something.
func operationsOf(e sdk.Entry) uint32 {
	if e.Signed == nil {
		return 1
	}
	return uint32(len(e.Signed.Body.Operations))
}

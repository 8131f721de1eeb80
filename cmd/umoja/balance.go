package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// balanceDocument is what balance prints for programs.
type balanceDocument struct {
	Account  tx.AccountID `json:"account"`
	Balances []balance    `json:"balances"`
}

// newBalanceCommand reads balances.
func newBalanceCommand() *cobra.Command {
	var flags walletFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "balance [ACCOUNT] [--key FILE]",
		Short: "show what an account has",
		Long: `balance shows what an account may spend of each asset, and beside it what is held. It counts what is final. The account
is named by umoja1…, by account number or by phone number; --key names the key's own.`,
		Example: "  umoja balance +254711000001",
		Args:    mayWant("ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				account, err := flags.account(ctx, client, args)
				if err != nil {
					return err
				}
				balances, err := balancesOf(ctx, client, g, account)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), balanceDocument{account, balances})
				}
				for _, b := range balances {
					fmt.Fprintln(cmd.OutOrStdout(), b)
				}
				return nil
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/sdk"
)

// newKeyCommand makes and shows keys.
func newKeyCommand() *cobra.Command {
	return group("key", "make a wallet's key, and show its public half", newKeyNewCommand(), newKeyShowCommand())
}

func newKeyNewCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "new --out FILE",
		Short: "make a key and write it to a new file",
		Long: `new makes a key from the machine's randomness and writes it to a file that only you can read. The file is the money:
whoever has it can pay from its account, and without it nobody can. Keep a copy in a safe place.`,
		Example: "  umoja key new --out wallet.key",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return fmt.Errorf("--out FILE is missing; see %s --help", cmd.CommandPath())
			}
			secret, err := newKeyFile(out)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "key file    %s\n", out)
			printPublic(cmd.OutOrStdout(), secret.Public())
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write; it must not exist")
	return cmd
}

func newKeyShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "show a key file's public key and account, never the secret",
		Long: `show prints the public key of a key file and the account that a wallet with it uses, never the secret.

With --json the account is printed as it stands among the accounts of a genesis file, so that a network can be founded
with it: the issuer of its money and its providers have accounts from the start.`,
		Example: "  umoja key show wallet.key",
		Args:    wants("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := readKeyFile(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), accountOf(secret.Public()))
			}
			printPublic(cmd.OutOrStdout(), secret.Public())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the account as it stands in a genesis file")
	return cmd
}

// accountOf is a key's own account as a genesis file opens it.
func accountOf(k key.Public) genesis.Account {
	o := sdk.Opening(k)
	return genesis.Account{ID: o.Account(), Salt: o.Salt[:], Authority: genesis.AuthorityOf(o.Authority)}
}

func printPublic(w io.Writer, k key.Public) {
	fmt.Fprintf(w, "public key  %s\n", k)
	fmt.Fprintf(w, "account     %s\n", sdk.AccountOf(k))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newAccountCommand opens and shows accounts.
func newAccountCommand() *cobra.Command {
	return group("account", "open a key's account, and show any account", newAccountOpenCommand(), newAccountShowCommand())
}

func newAccountOpenCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:   "open --key FILE",
		Short: "open the key's own account",
		Long: `open opens the account that belongs to the key alone, waits until that is final, and prints how payers name it. Opening
twice does no harm.`,
		Example: "  umoja account open --key wallet.key",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			ctx, cancel := p.within(cmd.Context())
			defer cancel()
			// What an earlier run left is not settled first: this may be what it waits for, and a second opening is harmless.
			outcome, err := p.wallet.OpenAccount(ctx)
			already := err == nil && outcome.Final && outcome.Result.Code == tx.AccountExists
			if !already {
				if err := p.settled(cmd.ErrOrStderr(), "open account", outcome, err); err != nil {
					return err
				}
			}
			a, err := p.client.Account(ctx, p.wallet.Account())
			if err != nil {
				return fmt.Errorf("the account is open, but could not be read: %w", err)
			}
			w := cmd.OutOrStdout()
			if already {
				fmt.Fprintln(w, "the account was open already")
			} else {
				fmt.Fprintln(w, "the account is open")
			}
			fmt.Fprintf(w, "account  %s\nnumber   %s\n", a.ID, a.Number.Text())
			return nil
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

// accountDocument is what account show prints for programs.
type accountDocument struct {
	Account tx.AccountID `json:"account"`
	// Number carries its check digit.
	Number    string            `json:"number"`
	Authority authorityDocument `json:"authority"`
	// Tier decides the limits; while moves or recoveries are pending they are a quarter.
	Tier    uint32 `json:"tier"`
	Pending uint32 `json:"pending,omitempty"`
	// FrozenUntilUnixMs is the ledger time until which nothing can be debited.
	FrozenUntilUnixMs uint64    `json:"frozen_until_unix_ms,omitempty"`
	Balances          []balance `json:"balances"`
	// Leaves and TimeUnixMs say which state was read.
	Leaves     uint64 `json:"leaves"`
	TimeUnixMs uint64 `json:"time_unix_ms"`
}

// authorityDocument has keys and threshold, or attestors.
type authorityDocument struct {
	Keys      []authorityKey `json:"keys,omitempty"`
	Threshold uint32         `json:"threshold,omitempty"`
	Attestors uint32         `json:"attestors,omitempty"`
}

type authorityKey struct {
	Key    key.Public `json:"key"`
	Weight uint32     `json:"weight"`
}

func newAccountShowCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show ACCOUNT",
		Short:   "show an account, named by umoja1…, by account number or by phone number",
		Example: "  umoja account show +254711000001",
		Args:    wants("ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				id, err := findAccount(ctx, client, args[0])
				if err != nil {
					return err
				}
				a, err := client.Account(ctx, id)
				if errors.Is(err, sdk.ErrNotFound) {
					return fmt.Errorf("account %s is not open: %w", id, err)
				}
				if err != nil {
					return err
				}
				balances, err := balancesOf(ctx, client, g, id)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), accountDocument{
						Account: a.ID, Number: a.Number.Text(), Authority: authorityOf(a.Authority), Balances: balances,
						Tier: a.Tier, Pending: a.Pending, FrozenUntilUnixMs: a.FrozenUntilUnixMs, Leaves: a.AsOf.Size, TimeUnixMs: a.AsOf.TimeUnixMs,
					})
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintf(w, "account\t%s\nnumber\t%s\nauthority\t%s\n", a.ID, a.Number.Text(), authorityText(a.Authority))
				fmt.Fprintf(w, "tier\t%d\n", a.Tier)
				if a.Pending > 0 {
					fmt.Fprintf(w, "pending\t%d moves or recoveries: its limits are a quarter until then\n", a.Pending)
				}
				if a.FrozenUntilUnixMs > a.AsOf.TimeUnixMs {
					fmt.Fprintf(w, "frozen\tnothing can be paid from it until %s\n", clock(a.FrozenUntilUnixMs))
				}
				for _, b := range balances {
					fmt.Fprintf(w, "balance\t%s\n", b)
				}
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

func authorityOf(a tx.Authority) authorityDocument {
	d := authorityDocument{Threshold: a.Threshold, Attestors: a.Attestors}
	for _, k := range a.Keys {
		d.Keys = append(d.Keys, authorityKey{k.Key, k.Weight})
	}
	return d
}

// authorityText says who may act without a grant.
func authorityText(a tx.Authority) string {
	if len(a.Keys) == 0 {
		return fmt.Sprintf("a phone account: no key, %d attestors together recover it", a.Attestors)
	}
	if len(a.Keys) == 1 {
		return "one key: " + a.Keys[0].Key.String()
	}
	even := true
	keys := make([]string, len(a.Keys))
	for i, k := range a.Keys {
		even = even && k.Weight == 1
		keys[i] = k.Key.String()
	}
	if even {
		return fmt.Sprintf("%d of %d keys together: %s", a.Threshold, len(keys), strings.Join(keys, ", "))
	}
	for i, k := range a.Keys {
		keys[i] = fmt.Sprintf("%s (weight %d)", k.Key, k.Weight)
	}
	return fmt.Sprintf("keys of weight %d together: %s", a.Threshold, strings.Join(keys, ", "))
}

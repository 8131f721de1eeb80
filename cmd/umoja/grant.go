package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newGrantCommand lets keys act on the key's account.
func newGrantCommand() *cobra.Command {
	return group("grant", "let a key act on an account within caps, and end that",
		newGrantIssueCommand(), newGrantRevokeCommand(), newGrantShowCommand())
}

// grantable are what a grant may allow, by the names that --allow takes.
var grantable = map[string]tx.GrantedOperation{
	"transfer": tx.GrantTransfer, "hold": tx.GrantHold, "capture": tx.GrantCapture, "request": tx.GrantRequest, "return": tx.GrantReturn,
	"cancel": tx.GrantCancel,
}

func grantableNames() []string {
	names := make([]string, 0, len(grantable))
	for name := range grantable {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(grantable[a]) - int(grantable[b]) })
	return names
}

// parseAllowed reads what a grant allows.
func parseAllowed(names []string) ([]tx.GrantedOperation, error) {
	var all []tx.GrantedOperation
	for _, name := range names {
		op, ok := grantable[name]
		if !ok {
			return nil, fmt.Errorf("--allow %q: a grant allows %s", name, strings.Join(grantableNames(), ", "))
		}
		all = append(all, op)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// parseKey reads a public key.
func parseKey(text string) (key.Public, error) {
	var k key.Public
	if err := k.UnmarshalText([]byte(strings.ToLower(text))); err != nil {
		return k, fmt.Errorf("KEY %q is not a public key of 64 hexadecimal digits, as umoja key show prints it", text)
	}
	return k, nil
}

func newGrantIssueCommand() *cobra.Command {
	var flags walletFlags
	var once, day, ceiling string
	var allow []string
	var lasts time.Duration
	cmd := &cobra.Command{
		Use:   "issue --key FILE KEY --once AMOUNT --day AMOUNT",
		Short: "let a key act on the key's account, within caps",
		Long: `issue lets KEY, the public key of a clerk or a provider, act on the key's own account: pay at most --once in one transaction and
at most --day in one calendar day, fees included, until --lasts is over. It replaces an earlier grant to the same key.`,
		Example: "  umoja grant issue --key owner.key 5c58…9639 --once 500 --day 2000 --allow transfer,return --lasts 720h",
		Args:    wants("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			grant := tx.IssueGrant{}
			var err error
			if grant.Grantee, err = parseKey(args[0]); err != nil {
				return err
			}
			if grant.Operations, err = parseAllowed(allow); err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			grant.Account = p.wallet.Account()
			if err := p.parseCaps(&grant, flags.asset, once, day, ceiling); err != nil {
				return err
			}
			return p.run(cmd, errand{
				doing: "issue a grant",
				made:  "That was this grant: it holds.",
				build: func(ctx context.Context) (tx.Operation, error) {
					var err error
					grant.ExpiresAtUnixMs, err = p.client.ExpiryIn(ctx, lasts)
					return grant, err
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "key %s may act on %s:\n  at most %s at once and %s a day, fees of at most %s, until %s\n", grant.Grantee, grant.Account,
						p.units.money(grant.Asset, grant.CapTransaction), p.units.money(grant.Asset, grant.CapDay), p.units.money(grant.Asset, grant.FeeCeiling),
						clock(grant.ExpiresAtUnixMs))
				},
			})
		},
	}
	flags.add(cmd)
	flags.addAsset(cmd)
	flags.addWait(cmd)
	cmd.Flags().StringVar(&once, "once", "", "the most of one transaction, fee included")
	cmd.Flags().StringVar(&day, "day", "", "the most of one calendar day, fees included")
	cmd.Flags().StringVar(&ceiling, "fee", "", "the highest fee of one payment; without it none")
	cmd.Flags().StringSliceVar(&allow, "allow", []string{"transfer"}, "what it allows: "+strings.Join(grantableNames(), ", "))
	cmd.Flags().DurationVar(&lasts, "lasts", 30*24*time.Hour, "how long it holds")
	return cmd
}

// parseCaps reads the caps of a grant. Without a fee ceiling it carries no fee.
func (p *purse) parseCaps(grant *tx.IssueGrant, asset, once, day, ceiling string) (err error) {
	if grant.Asset, grant.CapTransaction, err = p.units.parse(asset, once); err != nil {
		return fmt.Errorf("--once: %w", err)
	}
	if _, grant.CapDay, err = p.units.parse(asset, day); err != nil {
		return fmt.Errorf("--day: %w", err)
	}
	if ceiling == "" {
		return nil
	}
	if _, grant.FeeCeiling, err = p.units.parse(asset, ceiling); err != nil {
		return fmt.Errorf("--fee: %w", err)
	}
	return nil
}

func newGrantRevokeCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:     "revoke --key FILE KEY",
		Short:   "end what a key may do on the key's account",
		Example: "  umoja grant revoke --key owner.key 5c58…9639",
		Args:    wants("KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			grantee, err := parseKey(args[0])
			if err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			return p.run(cmd, errand{
				doing: "end a grant",
				made:  "That was this grant: it has ended.",
				build: func(context.Context) (tx.Operation, error) {
					return tx.RevokeGrant{Account: p.wallet.Account(), Grantee: grantee}, nil
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "key %s may act on %s no more\n", grantee, p.wallet.Account())
				},
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

func newGrantShowCommand() *cobra.Command {
	var flags networkFlags
	cmd := &cobra.Command{
		Use:     "show ACCOUNT KEY",
		Short:   "show what a key may do on an account",
		Example: "  umoja grant show +254711000001 5c58…9639",
		Args:    wants("ACCOUNT", "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			grantee, err := parseKey(args[1])
			if err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				account, err := findAccount(ctx, client, args[0])
				if err != nil {
					return err
				}
				grant, err := client.Grant(ctx, account, grantee)
				if errors.Is(err, sdk.ErrNotFound) {
					return fmt.Errorf("key %s may do nothing on %s: there is no grant", grantee, account)
				}
				if err != nil {
					return err
				}
				var allowed []string
				for _, name := range grantableNames() {
					if slices.Contains(grant.Operations, grantable[name]) {
						allowed = append(allowed, name)
					}
				}
				u := unitsOn(ctx, client, g)
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintf(w, "account\t%s\nkey\t%s\nallows\t%s\nat once\t%s, fee included\na day\t%s, of which %s are left today\nfee\tat most %s\nuntil\t%s\n",
					account, grantee, strings.Join(allowed, ", "), u.money(grant.Asset, grant.CapTransaction), u.money(grant.Asset, grant.CapDay),
					u.money(grant.Asset, grant.LeftToday), u.money(grant.Asset, grant.FeeCeiling), clock(grant.ExpiresAtUnixMs))
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	return cmd
}

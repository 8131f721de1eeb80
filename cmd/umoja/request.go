package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newRequestCommand asks for payments.
func newRequestCommand() *cobra.Command {
	return group("request", "ask for a payment, and pay or decline one that is asked for",
		newRequestMakeCommand(), newRequestPayCommand(), newRequestDeclineCommand(), newRequestShowCommand())
}

func newRequestMakeCommand() *cobra.Command {
	var flags walletFlags
	var o sdk.RequestOrder
	cmd := &cobra.Command{
		Use:     "make --key FILE FROM AMOUNT",
		Short:   "ask somebody for a payment to the key's account",
		Long:    `make asks FROM for AMOUNT, and prints the request's id. It moves nothing: whoever is asked pays it, once, or declines.`,
		Example: "  umoja request make --key shop.key +254711000001 150 --reference \"bill 12\"",
		Args:    wants("FROM", "AMOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			o.From = args[0]
			if o.Asset, o.Amount, err = p.units.parse(flags.asset, args[1]); err != nil {
				return err
			}
			sum := p.units.money(o.Asset, o.Amount)
			return p.run(cmd, errand{
				doing: fmt.Sprintf("ask for %s", sum),
				made:  "That was this request: nothing more is asked for. Run the command again to ask once more.",
				build: func(ctx context.Context) (tx.Operation, error) { return p.wallet.NewRequest(ctx, o) },
				tell: func(out io.Writer, outcome sdk.Outcome) {
					fmt.Fprintf(out, "asked %s for %s\n  request      %s\n", o.From, sum, tx.NewRequestID(outcome.ID, 0))
				},
			})
		},
	}
	flags.add(cmd)
	flags.addAsset(cmd)
	flags.addWait(cmd)
	cmd.Flags().DurationVar(&o.Lasts, "lasts", 7*24*time.Hour, "how long it can be paid, at most 2160h (90 days)")
	cmd.Flags().StringVar(&o.Reference, "reference", "", "what it is for, at most 64 bytes; everybody can read it")
	return cmd
}

// readRequest reads a request that has not ended.
func readRequest(ctx context.Context, client *sdk.Client, id [16]byte) (sdk.Request, error) {
	request, err := client.Request(ctx, tx.RequestID(id))
	if errors.Is(err, sdk.ErrNotFound) {
		return request, fmt.Errorf("request %x was never made, or has ended: it was paid, declined, or its time is over", id)
	}
	return request, err
}

func newRequestPayCommand() *cobra.Command {
	var flags walletFlags
	var reference, receipt string
	cmd := &cobra.Command{
		Use:     "pay --key FILE REQUEST",
		Short:   "pay what a request asks for",
		Example: "  umoja request pay --key wallet.key 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("REQUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("REQUEST", args[0])
			if err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			var request sdk.Request
			return p.run(cmd, errand{
				doing: fmt.Sprintf("pay request %x", id), receipt: receipt,
				made: "That was this request: it is paid.",
				same: func(was tx.Operation) bool {
					o, ok := was.(tx.Transfer)
					return ok && o.Request != nil && *o.Request == tx.RequestID(id)
				},
				build: func(ctx context.Context) (tx.Operation, error) {
					var err error
					request, err = readRequest(ctx, p.client, id)
					if err == nil && request.Debit != p.wallet.Account() {
						err = fmt.Errorf("it asks %s, which is not the key's account", request.Debit)
					}
					return p.wallet.NewRequestedPayment(request, reference), err
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "paid %s to %s\n", p.units.money(request.Asset, request.Amount), request.Credit)
				},
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	cmd.Flags().StringVar(&reference, "reference", "", "what it is for, at most 64 bytes; everybody can read it")
	cmd.Flags().StringVar(&receipt, "receipt", "", "a file for the receipt")
	return cmd
}

func newRequestDeclineCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:     "decline --key FILE REQUEST",
		Short:   "decline a request, or take back one's own",
		Example: "  umoja request decline --key wallet.key 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("REQUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("REQUEST", args[0])
			if err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			var request sdk.Request
			return p.run(cmd, errand{
				doing: fmt.Sprintf("decline request %x", id),
				made:  "That was this request: it is declined.",
				same: func(was tx.Operation) bool {
					o, ok := was.(tx.DeclineRequest)
					return ok && o.Request == tx.RequestID(id)
				},
				build: func(ctx context.Context) (tx.Operation, error) {
					var err error
					request, err = readRequest(ctx, p.client, id)
					return tx.DeclineRequest{Request: request.ID, Account: p.wallet.Account()}, err
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "declined: %s to %s\n", p.units.money(request.Asset, request.Amount), request.Credit)
				},
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

func newRequestShowCommand() *cobra.Command {
	var flags networkFlags
	cmd := &cobra.Command{
		Use:     "show REQUEST",
		Short:   "show a request that has not ended",
		Example: "  umoja request show 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("REQUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("REQUEST", args[0])
			if err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				request, err := readRequest(ctx, client, id)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintf(w, "request\t%s\nasked for\t%s\nof\t%s\nto be paid to\t%s\nuntil\t%s\n", request.ID,
					unitsOn(ctx, client, g).money(request.Asset, request.Amount), request.Debit, request.Credit, clock(request.ExpiresAtUnixMs))
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	return cmd
}

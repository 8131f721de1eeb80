package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// historyPage is how many leaves one call asks for.
const historyPage = 100

// maxHistory bounds --limit.
const maxHistory = 1000

// historyDocument is what history prints for programs.
type historyDocument struct {
	Account tx.AccountID      `json:"account"`
	Entries []historyDocEntry `json:"entries"`
}

type historyDocEntry struct {
	LeafIndex  uint64 `json:"leaf_index"`
	TimeUnixMs uint64 `json:"time_unix_ms"`
	// Transaction is empty for what ledger time did by itself.
	Transaction string `json:"transaction,omitempty"`
	ReceiptCode string `json:"receipt_code"`
	// State is final or refused; what was refused moved no money.
	State string `json:"state"`
	// Result is the stable name of the rule that decided, OK for what is final.
	Result    string     `json:"result"`
	Movements []movement `json:"movements"`
}

// newHistoryCommand lists an account's transactions.
func newHistoryCommand() *cobra.Command {
	var flags walletFlags
	var asJSON bool
	var limit int
	var before uint64
	cmd := &cobra.Command{
		Use:   "history [ACCOUNT] [--key FILE]",
		Short: "list an account's payments, newest first",
		Long: `history lists what an account paid and was paid, newest first: ledger time, amount, the other account, receipt code and
state. What is held or asked for, and has not moved, stands in brackets. It is one validator's word; umoja receipt get proves a line of it.`,
		Example: "  umoja history +254711000001 --limit 5",
		Args:    mayWant("ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 || limit > maxHistory {
				return fmt.Errorf("--limit must be 1 to %d, not %d", maxHistory, limit)
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				account, err := flags.account(ctx, client, args)
				if err != nil {
					return err
				}
				document := historyDocument{Account: account, Entries: []historyDocEntry{}}
				u := unitsOn(ctx, client, g)
				err = eachEntry(ctx, client, account, before, limit, func(e sdk.Entry) bool {
					document.Entries = append(document.Entries, historyEntryOf(u, account, e))
					return true
				})
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), document)
				}
				return printHistory(cmd.OutOrStdout(), document)
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at most")
	cmd.Flags().Uint64Var(&before, "before", 0, "only what is before this leaf index; 0 is from the newest on")
	return cmd
}

// eachEntry runs over at most limit entries of an account's history, newest first, until visit says stop: transactions, and what ledger time
// did by itself.
func eachEntry(ctx context.Context, client *sdk.Client, account tx.AccountID, before uint64, limit int, visit func(sdk.Entry) bool) error {
	for limit > 0 {
		page := min(limit, historyPage)
		entries, err := client.History(ctx, account, before, page)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if (e.Signed != nil || e.Effect != nil) && !visit(e) {
				return nil
			}
			before = e.LeafIndex
		}
		if len(entries) < page || before == 0 {
			return nil
		}
		limit -= page
	}
	return nil
}

func historyEntryOf(u *units, account tx.AccountID, e sdk.Entry) historyDocEntry {
	entry := historyDocEntry{LeafIndex: e.LeafIndex, TimeUnixMs: e.TimeUnixMs, ReceiptCode: e.Code, State: "final", Result: tx.OK.String()}
	if e.Effect != nil {
		entry.Movements = movementsByTime(u, account, e.Effect)
		return entry
	}
	entry.Transaction, entry.Result = e.Signed.ID().String(), e.Record.Result.Code.String()
	entry.Movements = movementsOf(u, account, e.Signed.Body, e.Record.Result)
	if e.Record.Result.Code != tx.OK {
		entry.State = "refused"
		for i := range entry.Movements {
			entry.Movements[i].Sign = "" // So that no sum over the signs counts it.
		}
	}
	return entry
}

func printHistory(out io.Writer, document historyDocument) error {
	if len(document.Entries) == 0 {
		_, err := fmt.Fprintln(out, "no payments yet")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, e := range document.Entries {
		state := e.State
		if e.State == "refused" {
			state += ": " + e.Result
		}
		for _, m := range e.Movements {
			sum, other, more := "", m.What, ""
			if m.money != nil {
				sum = m.Sign + m.money.String()
			}
			if m.money != nil && m.Sign == "" {
				sum = "(" + sum + ")"
			}
			if m.Other != nil {
				other = m.Other.String()
			}
			if m.Fee != nil {
				more += " fee " + m.Fee.String()
			}
			if m.Other != nil && m.What != "" {
				more += " " + m.What
			}
			if m.Reference != "" {
				more += " " + quoted(m.Reference)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s%s\n", clock(e.TimeUnixMs), sum, other, e.ReceiptCode, state, more)
		}
	}
	return w.Flush()
}

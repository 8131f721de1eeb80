package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// bulkLine is a line of the file, with its number.
type bulkLine struct {
	number int
	leg    sdk.Leg
}

// newBulkCommand pays many at once.
func newBulkCommand() *cobra.Command {
	var flags walletFlags
	var reference, receipt string
	var each bool
	cmd := &cobra.Command{
		Use:   "bulk --key FILE FILE.csv",
		Short: "pay many in one transaction",
		Long: `bulk pays everybody whom a file names, in one transaction. Each line of the file is TO,AMOUNT: a phone number with its country
code, an account number with its check digit or an account (umoja1…), and an amount like 150 or 150.50. A first line
"to,amount", empty lines and lines that begin with # are skipped. A file has at most 400 payees, about 270 when they are
named by phone number; validators bound how many numbers are looked up in a second, so a long list needs a longer --wait.

All are paid or none is. With --each a payee who cannot be paid is left out and the others are paid; who was left out is
listed by line. Like umoja pay, bulk never pays a file twice because of a crash or a lost answer.`,
		Example: "  umoja bulk --key wallet.key wages.csv --each --reference \"wages of May\" --receipt wages.receipt",
		Args:    wants("FILE.csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			asset, named, err := p.units.find(flags.asset)
			if err != nil {
				return err
			}
			lines, err := readBulk(args[0], named.scale)
			if err != nil {
				return err
			}
			mode := tx.Atomic
			if each {
				mode = tx.Each
			}
			return p.run(cmd, p.bulk(lines, asset, mode, reference, receipt))
		},
	}
	flags.add(cmd)
	flags.addAsset(cmd)
	flags.addWait(cmd)
	cmd.Flags().BoolVar(&each, "each", false, "pay the others when one cannot be paid")
	cmd.Flags().StringVar(&reference, "reference", "", "what it is for, at most 64 bytes; everybody can read it")
	cmd.Flags().StringVar(&receipt, "receipt", "", "a file for the receipt")
	return cmd
}

// readBulk reads the payees. An error names the line and never the payee, who may be a phone number.
func readBulk(path string, scale uint8) ([]bulkLine, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read payees: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace, r.ReuseRecord = -1, '#', true, true
	var lines []bulkLine
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("%s: line %d: %w", path, wrong.Line, wrong.Err)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		number, _ := r.FieldPos(0)
		if len(record) != 2 {
			return nil, fmt.Errorf("%s: line %d: %d fields, not TO,AMOUNT", path, number, len(record))
		}
		to, text := strings.TrimSpace(record[0]), strings.TrimSpace(record[1])
		if len(lines) == 0 && strings.EqualFold(to, "to") && strings.EqualFold(text, "amount") {
			continue
		}
		a, err := amount.Parse(text, scale)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: AMOUNT %q: %w; write it like 150 or %s", path, number, text, err, amount.Amount(15050).Text(scale))
		}
		if len(lines) == tx.MaxLegs {
			return nil, fmt.Errorf("%s: line %d: above %d payees: split the file", path, number, tx.MaxLegs)
		}
		lines = append(lines, bulkLine{number, sdk.Leg{To: to, Amount: a}})
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s: no payee; each line is TO,AMOUNT", path)
	}
	return lines, nil
}

// bulk is the errand of a payment to many.
func (p *purse) bulk(lines []bulkLine, asset tx.Asset, mode tx.BulkMode, reference, receipt string) errand {
	legs := make([]sdk.Leg, len(lines))
	for i, line := range lines {
		legs[i] = line.leg
	}
	return errand{
		doing: fmt.Sprintf("pay %d payees", len(lines)), receipt: receipt,
		made: "That was this file: nothing more was paid. Run the command again to pay it once more.",
		build: func(ctx context.Context) (tx.Operation, error) {
			operation, err := p.wallet.NewBulk(ctx, legs, asset, mode, reference)
			var wrong *sdk.LegError
			if errors.As(err, &wrong) {
				err = fmt.Errorf("line %d: %w", lines[wrong.Leg].number, wrong.Err)
			}
			return operation, err
		},
		tell: func(out io.Writer, o sdk.Outcome) {
			var paid amount.Amount
			refused := make(map[uint32]tx.Code, len(o.Result.Legs))
			for _, leg := range o.Result.Legs {
				refused[leg.Leg] = leg.Code
			}
			for i, line := range lines {
				if code, not := refused[uint32(i)]; not {
					fmt.Fprintf(out, "line %d: NOT paid: %s\n", line.number, ruleText(code))
					continue
				}
				paid += line.leg.Amount // Not above the sum of the transaction, which is an amount.
			}
			fmt.Fprintf(out, "paid %s to %d payees\n", p.units.money(asset, paid), len(lines)-len(refused))
		},
	}
}

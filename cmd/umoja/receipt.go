package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newReceiptCommand fetches and verifies receipts.
func newReceiptCommand() *cobra.Command {
	return group("receipt", "fetch the proof of a payment, and verify one offline", newReceiptGetCommand(), newReceiptVerifyCommand())
}

func newReceiptGetCommand() *cobra.Command {
	var flags networkFlags
	var account, out string
	cmd := &cobra.Command{
		Use:   "get ID --out FILE",
		Short: "fetch and verify the receipt of a transaction, and keep it in a file",
		Long: `get fetches the receipt of a transaction, verifies it against the genesis file, and writes it to a file that proves the
payment to anybody, offline. ID is the transaction's 64 hexadecimal digits; or, together with the --account of payer or
payee, the 8 characters of the receipt code that a phone shows, or the word "last".`,
		Example: "  umoja receipt get 8XK2M9QD --account +254711000001 --out lunch.receipt\n  umoja receipt get last --account +254711000001 --out lunch.receipt",
		Args:    wants("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return fmt.Errorf("--out FILE is missing; see %s --help", cmd.CommandPath())
			}
			if err := checkReceiptFile(out); err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				id, err := findTransaction(ctx, client, args[0], account)
				if err != nil {
					return err
				}
				receipt, verified, err := client.Receipt(ctx, id)
				if err != nil {
					return whyNoReceipt(ctx, client, id, err)
				}
				if err := writeReceiptFile(out, receipt); err != nil {
					return err
				}
				acts := actsOf(unitsOn(ctx, client, g), verified.Transaction.Body, verified.Record.Result)
				fmt.Fprintf(cmd.OutOrStdout(), "receipt %s of %s\nwritten to %s\n", verified.Code(), actsText(acts), out)
				if code := verified.Record.Result.Code; code != tx.OK {
					fmt.Fprintf(cmd.OutOrStdout(), "It proves a refusal: %s; no money moved.\n", ruleText(code))
				}
				return nil
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the file to write; an older receipt in it is replaced")
	cmd.Flags().StringVar(&account, "account", "", "payer or payee, when ID is a receipt code or last")
	return cmd
}

// maxSearched bounds how many transactions of an account are searched for a receipt code.
const maxSearched = 10_000

// spoken reads a receipt code as people say and write it: O for 0, I and L for 1, small letters, spaces.
var spoken = strings.NewReplacer("O", "0", "I", "1", "L", "1", " ", "", "-", "")

// findTransaction reads a transaction's id, or finds it by its receipt code in an account's history.
func findTransaction(ctx context.Context, client *sdk.Client, text, account string) (tx.ID, error) {
	if len(text) > 16 {
		return tx.ParseID(strings.ToLower(text))
	}
	last := text == "last"
	code := spoken.Replace(strings.ToUpper(text))
	if len(code) != 8 && !last {
		return tx.ID{}, fmt.Errorf("ID %q is neither the 64 hexadecimal digits of a transaction nor the 8 characters of a receipt code", text)
	}
	if account == "" {
		return tx.ID{}, errors.New("a receipt code is looked for in an account's history: name payer or payee with --account")
	}
	of, err := findAccount(ctx, client, account)
	if err != nil {
		return tx.ID{}, err
	}
	var id tx.ID
	found := false
	err = eachEntry(ctx, client, of, 0, maxSearched, func(e sdk.Entry) bool {
		if found = e.Signed != nil && (last || e.Code == code); found {
			id = e.Signed.ID()
		}
		return !found
	})
	if err == nil && !found && last {
		err = errors.New("the account has no payments yet")
	}
	if err == nil && !found {
		err = fmt.Errorf("receipt code %s is not among the last %d transactions of that account", code, maxSearched)
	}
	return id, err
}

// whyNoReceipt asks how far a transaction is that has no receipt.
func whyNoReceipt(ctx context.Context, client *sdk.Client, id tx.ID, err error) error {
	if errors.Is(err, sdk.ErrNotFound) {
		return fmt.Errorf("transaction %s: the validators asked do not know it; if it was sent just now it may be on its way: %w", id, err)
	}
	// Its expiry is not known here, so this asks only how far it is.
	if o, asked := client.Outcome(ctx, id, math.MaxUint64); asked == nil && (o.Stage == sdk.StagePending || o.Stage == sdk.StageAccepted) {
		return fmt.Errorf("transaction %s is not final yet: ask again in a moment", id)
	}
	return err
}

// receiptDocument is what receipt verify prints for programs.
type receiptDocument struct {
	// Verified is true; a receipt that does not verify is an error.
	Verified bool   `json:"verified"`
	Network  string `json:"network"`
	// Result is OK, or the rule that refused; then nothing of Acts was done.
	Result         string   `json:"result"`
	Acts           []act    `json:"acts"`
	Transaction    string   `json:"transaction"`
	ReceiptCode    string   `json:"receipt_code"`
	LeafIndex      uint64   `json:"leaf_index"`
	CheckpointSize uint64   `json:"checkpoint_size"`
	CheckpointRoot string   `json:"checkpoint_root"`
	Cosigners      []string `json:"cosigners"`
}

func newReceiptVerifyCommand() *cobra.Command {
	var flags networkFlags
	var light lightFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "verify a receipt offline, against the genesis file alone",
		Long: `verify checks a receipt without asking anybody: the signatures of the payer, the place in the ledger's history, and the
cosignatures of a quorum of the validators that the genesis file names. A receipt with one bit changed does not verify.

With --light it is also held to what was seen before: the file keeps the highest checkpoint seen and the chain of validator
sets that led there. With --online as well, validators are asked for the newest checkpoint, and it is proved that the receipt
is of the same history. Two final histories are an error, and the evidence is kept beside the file, in FILE.fork.`,
		Example: "  umoja receipt verify lunch.receipt --genesis genesis.json\n  umoja receipt verify lunch.receipt --light seen.json --online",
		Args:    wants("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := flags.readGenesis()
			if err != nil {
				return err
			}
			receipt, err := readReceiptFile(args[0])
			if err != nil {
				return err
			}
			verified, err := light.verify(cmd, &flags, g, receipt)
			if undecided(err) {
				return err
			}
			if err != nil {
				return fmt.Errorf("%s does not verify on network %s: %w", args[0], g.Name, err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), receiptDocumentOf(g, verified))
			}
			return printReceipt(cmd.OutOrStdout(), g, verified)
		},
	}
	flags.add(cmd)
	light.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

func receiptDocumentOf(g *genesis.Genesis, v *checkpoint.Verified) receiptDocument {
	return receiptDocument{
		Verified: true, Network: g.Network().String(), Result: v.Record.Result.Code.String(),
		Acts: actsOf(unitsOf(g), v.Transaction.Body, v.Record.Result), Transaction: v.Transaction.ID().String(), ReceiptCode: v.Code(), LeafIndex: v.LeafIndex,
		CheckpointSize: v.Checkpoint.Size, CheckpointRoot: hex.EncodeToString(v.Checkpoint.Root[:]), Cosigners: v.Cosigners,
	}
}

func printReceipt(out io.Writer, g *genesis.Genesis, v *checkpoint.Verified) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if code := v.Record.Result.Code; code == tx.OK {
		fmt.Fprintln(w, "verified")
	} else {
		fmt.Fprintf(w, "verified: a REFUSAL, no money moved: %s\n", ruleText(code))
	}
	for _, a := range actsOf(unitsOf(g), v.Transaction.Body, v.Record.Result) {
		if a.Kind != "transfer" {
			fmt.Fprintf(w, "act\t%s\n", a)
			for i, leg := range a.Legs {
				state := ""
				if leg.Refused != "" {
					state = "\tREFUSED: " + reasonText(leg.Refused)
				}
				fmt.Fprintf(w, "leg %d\t%s to %s%s\n", i+1, leg.money, leg.To, state)
			}
			continue
		}
		fmt.Fprintf(w, "amount\t%s\nfrom\t%s\nto\t%s\n", a.money, a.From, a.To)
		if a.Fee != nil {
			fmt.Fprintf(w, "fee\t%s to %s\n", a.Fee.money, a.Fee.To)
		} else {
			fmt.Fprintf(w, "fee\tnone\n")
		}
		if a.Reference != "" {
			fmt.Fprintf(w, "reference\t%s\n", quoted(a.Reference))
		}
	}
	fmt.Fprintf(w, "receipt code\t%s\ntransaction\t%s\n", v.Code(), v.Transaction.ID())
	fmt.Fprintf(w, "leaf\t%d, in a checkpoint of %d\n", v.LeafIndex, v.Checkpoint.Size)
	fmt.Fprintf(w, "cosigned by\t%s\n", strings.Join(v.Cosigners, ", "))
	fmt.Fprintf(w, "network\t%s (%s)\n", g.Name, g.Network())
	return w.Flush()
}

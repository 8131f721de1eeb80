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

// wanted is the payment that the person asks for.
type wanted struct {
	to, reference, receipt string
	asset                  tx.Asset
	amount                 amount.Amount
}

// newPayCommand pays from a key's account.
func newPayCommand() *cobra.Command {
	var flags walletFlags
	var reference, receipt string
	var resume, sms bool
	cmd := &cobra.Command{
		Use:   "pay --key FILE TO AMOUNT",
		Short: "pay a phone number, an account number or an account",
		Long: `pay pays from the key's own account and waits until the payment is final. TO is a phone number with its country code
(+254711000002), an account number with its check digit, or an account (umoja1…). AMOUNT is like 150 or 150.50.

The payment is kept in the folder FILE.outbox from before it is sent until its outcome is known, so that a crash or a lost
answer never makes it twice: pay settles first what an earlier run left open, and when that was this same payment, it
does not pay again. --resume does only that.

--sms signs the payment and prints it as one text message of 159 letters instead of submitting it. Whoever gets the message
submits it with umoja submit, any number of times, within a day: it is paid once.`,
		Example: "  umoja pay --key wallet.key +254711000002 150 --reference \"school fees\" --receipt fees.receipt",
		Args: func(cmd *cobra.Command, args []string) error {
			if resume {
				return wants()(cmd, args)
			}
			return wants("TO", "AMOUNT")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			if resume {
				return p.resumeOnly(cmd)
			}
			want := wanted{to: args[0], reference: reference, receipt: receipt}
			if want.asset, want.amount, err = p.units.parse(flags.asset, args[1]); err != nil {
				return err
			}
			if sms {
				return p.writeMessage(cmd, want)
			}
			return p.run(cmd, p.payment(want))
		},
	}
	flags.add(cmd)
	flags.addAsset(cmd)
	flags.addWait(cmd)
	cmd.Flags().StringVar(&reference, "reference", "", "what it is for, at most 64 bytes; everybody can read it")
	cmd.Flags().StringVar(&receipt, "receipt", "", "a file for the receipt")
	cmd.Flags().BoolVar(&sms, "sms", false, "sign, and print one text message for anybody to submit, instead of submitting")
	cmd.Flags().BoolVar(&resume, "resume", false, "settle what an earlier run left open, and pay nothing new")
	cmd.SetFlagErrorFunc(explainSign)
	return cmd
}

// explainSign says of an amount with a sign, which reads as a flag, what an amount is.
func explainSign(cmd *cobra.Command, err error) error {
	if strings.Contains(err.Error(), "unknown shorthand flag") && strings.ContainsAny(err.Error(), "0123456789") {
		return fmt.Errorf("AMOUNT is digits with at most one point, like 150 or 150.50, and no sign; see %s --help", cmd.CommandPath())
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}

// payment is the errand of a payment.
func (p *purse) payment(want wanted) errand {
	sum := p.units.money(want.asset, want.amount)
	return errand{
		doing: fmt.Sprintf("pay %s", sum), receipt: want.receipt,
		made: "That was this payment: nothing more was paid. Run the command again to pay once more.",
		build: func(ctx context.Context) (tx.Operation, error) {
			return p.wallet.NewPayment(ctx, want.to, want.asset, want.amount, want.reference)
		},
		tell: func(out io.Writer, _ sdk.Outcome) { fmt.Fprintf(out, "paid %s to %s\n", sum, want.to) },
	}
}

// stillOpen is the error when something of an earlier run has no outcome yet. A new payment is not made then: it could be
// the same one once more.
func (p *purse) stillOpen(err error) error {
	return fmt.Errorf("what an earlier run sent has no outcome yet, so nothing new was paid (%s); ask again with: umoja pay --resume --key %s%s",
		oneLine(err), shellWord(p.flags.keyPath), p.flags.again())
}

func (p *purse) resumeOnly(cmd *cobra.Command) error {
	settled, err := p.resume(cmd.Context(), cmd.OutOrStdout())
	if err != nil {
		return p.stillOpen(err)
	}
	if len(settled) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "nothing is open")
	}
	for _, e := range settled {
		if !e.outcome.Applied() {
			return errors.New("not everything was done; see above")
		}
	}
	return nil
}

// keepReceipt writes the receipt of a transaction that is final, if a file was named.
func (p *purse) keepReceipt(cmd *cobra.Command, file string, o sdk.Outcome) error {
	if file == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
	defer cancel()
	receipt, _, err := p.client.Receipt(ctx, o.ID)
	if err == nil {
		err = writeReceiptFile(file, receipt)
	}
	if err != nil {
		return fmt.Errorf("the payment is made, but its receipt is not written (%s); fetch it with: umoja receipt get %s --out FILE%s",
			oneLine(err), o.ID, p.flags.again())
	}
	fmt.Fprintf(cmd.OutOrStdout(), "  receipt      %s\n", file)
	return nil
}

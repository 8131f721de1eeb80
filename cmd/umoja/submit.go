package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// messageLifetime is how long a payment may travel as a text message.
const messageLifetime = 24 * time.Hour

// writeMessage signs a payment and prints it as one text message. It is in the outbox like every other, so that the next payment settles
// it first.
func (p *purse) writeMessage(cmd *cobra.Command, want wanted) error {
	switch {
	case want.reference != "":
		return errors.New("--sms: a text message has no room for a --reference")
	case want.receipt != "":
		return errors.New("--sms: the receipt comes when somebody has submitted the message; fetch it with umoja receipt get")
	}
	if _, err := p.resume(cmd.Context(), cmd.ErrOrStderr()); err != nil {
		return p.stillOpen(err)
	}
	ctx, cancel := p.within(cmd.Context())
	defer cancel()
	doing := fmt.Sprintf("write a payment of %s as a text message", p.units.money(want.asset, want.amount))
	payment, err := p.wallet.NewPayment(ctx, want.to, want.asset, want.amount, "")
	if err != nil {
		return p.settled(cmd.ErrOrStderr(), doing, sdk.Outcome{}, err)
	}
	payment.Alias = nil // The message names the payee's account: an alias would not fit.
	wallet := sdk.NewWallet(p.client, p.secret, sdk.WalletOptions{Outbox: p.outbox, Lifetime: messageLifetime})
	signed, err := wallet.Sign(ctx, payment)
	if err != nil {
		return p.settled(cmd.ErrOrStderr(), doing, sdk.Outcome{}, err)
	}
	message, err := p.client.Short(ctx, signed)
	if err != nil {
		// Nobody has seen it, so it need not be settled.
		return errors.Join(fmt.Errorf("%s: %w; nothing was sent and no money moved", doing, err), p.outbox.Done(signed.ID()))
	}
	fmt.Fprintln(cmd.OutOrStdout(), message)
	fmt.Fprintf(cmd.ErrOrStderr(), "transaction %s; whoever gets the message submits it with umoja submit, until %s\n",
		signed.ID(), clock(signed.Body.ExpiresAtUnixMs))
	return nil
}

func newSubmitCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:   "submit [FILE]",
		Short: "submit a transaction that somebody else has signed",
		Long: `submit takes a signed transaction from a file, or from the standard input, and submits it until its outcome is proved. It may be
the text message that umoja pay --sms prints, with spaces and line breaks that carriers or people have added; or an
envelope, as bytes or in hexadecimal. It may be submitted any number of times, by anybody: it is applied once.`,
		Example: "  umoja pay --key wallet.key 26 150 --sms | umoja submit",
		Args:    mayWant("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := readSubmission(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			client, g, err := flags.open()
			if err != nil {
				return err
			}
			defer client.Close()
			p := &purse{flags: &flags, client: client, genesis: g, units: unitsOn(cmd.Context(), client, g)}
			ctx, cancel := p.within(cmd.Context())
			defer cancel()
			signed, err := envelopeOf(g.Network(), raw)
			if err != nil {
				if signed, err = client.Rebuild(ctx, string(raw)); err != nil {
					return fmt.Errorf("submit: %w; nothing was sent and no money moved", err)
				}
			}
			acts := actsText(actsOf(p.units, signed.Body, tx.Result{}))
			outcome, err := client.Submit(ctx, signed)
			var refused *sdk.RefusedError
			switch {
			case errors.As(err, &refused) && !refused.Unsettled:
				return fmt.Errorf("submit %s: refused: %s", acts, reasonText(refused.Reason))
			case err != nil:
				return fmt.Errorf("submit %s: %s (transaction %s); submit it again, which never does it twice", acts, oneLine(err), signed.ID())
			case !outcome.Applied():
				return fmt.Errorf("submit %s: refused: %s; no money moved (transaction %s)", acts, refusalText(outcome), outcome.ID)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "done: %s\n  receipt code %s\n  transaction  %s\n", acts, outcome.ReceiptCode, outcome.ID)
			return nil
		},
	}
	flags.networkFlags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

// readSubmission reads the file named, or the standard input. Hexadecimal is the longest form that is taken.
func readSubmission(in io.Reader, args []string) ([]byte, error) {
	if len(args) > 0 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, fmt.Errorf("read transaction: %w", err)
		}
		defer f.Close()
		in = f
	}
	const most = 3 * tx.MaxEnvelopeBytes
	raw, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read transaction: %w", err)
	case len(raw) > most:
		return nil, fmt.Errorf("read transaction: above %d bytes, which no transaction has", most)
	case len(bytes.TrimSpace(raw)) == 0:
		return nil, fmt.Errorf("read transaction: nothing is there; expected the %d letters of a text message, or an envelope", compact.Letters)
	}
	return raw, nil
}

// envelopeOf reads an envelope, as bytes or in hexadecimal.
func envelopeOf(network tx.NetworkID, raw []byte) (*tx.Signed, error) {
	if signed, err := tx.Parse(network, raw); err == nil {
		return signed, nil
	}
	envelope, err := hex.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil {
		return nil, err
	}
	return tx.Parse(network, envelope)
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newHoldCommand keeps money for a payee.
func newHoldCommand() *cobra.Command {
	return group("hold", "keep money for a payee, and take it or give it back",
		newHoldPlaceCommand(), newHoldCaptureCommand(), newHoldReleaseCommand(), newHoldShowCommand())
}

// parseID reads a hold's or request's id.
func parseID(what, text string) ([16]byte, error) {
	raw, err := hex.DecodeString(strings.ToLower(text))
	if err != nil || len(raw) != 16 {
		return [16]byte{}, fmt.Errorf("%s %q is not 32 hexadecimal digits", what, text)
	}
	return [16]byte(raw), nil
}

func newHoldPlaceCommand() *cobra.Command {
	var flags walletFlags
	var o sdk.HoldOrder
	var completes bool
	var secretPath string
	cmd := &cobra.Command{
		Use:   "place --key FILE TO AMOUNT",
		Short: "keep money for a payee",
		Long: `place keeps AMOUNT of the key's account for TO, and prints the hold's id. The payee takes all or some of it with umoja hold
capture; what is not taken when the time is over is the payer's again, or with --complete the payee's. TO may be a phone
number that nobody has registered yet: who registers it, and confirms it, may take the money.

--secret names a file with a secret of 32 bytes in hexadecimal, which is made when it is not there. Then a capture must show it.`,
		Example: "  umoja hold place --key wallet.key +254711000002 150 --lasts 48h",
		Args:    wants("TO", "AMOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			o.To = args[0]
			if o.Asset, o.Amount, err = p.units.parse(flags.asset, args[1]); err != nil {
				return err
			}
			if completes {
				o.OnExpiry = tx.ExpiryCompletes
			}
			if secretPath != "" {
				if o.Secret, err = makeSecret(secretPath); err != nil {
					return err
				}
			}
			sum := p.units.money(o.Asset, o.Amount)
			return p.run(cmd, errand{
				doing: fmt.Sprintf("keep %s", sum),
				made:  "That was this hold: nothing more is kept. Run the command again to keep as much once more.",
				build: func(ctx context.Context) (tx.Operation, error) { return p.wallet.NewHold(ctx, o) },
				tell: func(out io.Writer, outcome sdk.Outcome) {
					fmt.Fprintf(out, "%s is kept for %s\n  hold         %s\n", sum, o.To, tx.NewHoldID(outcome.ID, 0))
				},
			})
		},
	}
	flags.add(cmd)
	flags.addAsset(cmd)
	flags.addWait(cmd)
	cmd.Flags().DurationVar(&o.Lasts, "lasts", 24*time.Hour, "how long the payee has to take it, at most 2160h (90 days)")
	cmd.Flags().BoolVar(&completes, "complete", false, "pay the payee what is not taken when the time is over")
	cmd.Flags().BoolVar(&o.PayerMayRelease, "releasable", false, "let the payer take it back before")
	cmd.Flags().StringVar(&secretPath, "secret", "", "a file with the secret that a capture must show")
	cmd.Flags().StringVar(&o.Reference, "reference", "", "what it is for, at most 64 bytes; everybody can read it")
	return cmd
}

// makeSecret reads a secret, or makes one.
func makeSecret(path string) (*[32]byte, error) {
	secret, err := readSecret(path)
	if !errors.Is(err, os.ErrNotExist) {
		return secret, err
	}
	secret = new([32]byte)
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, fmt.Errorf("read random bytes for a secret: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write secret: %w", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", secret[:])
	// Whoever loses the secret cannot be paid, so it is on the disk before the hold is placed.
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write secret: %w", err)
	}
	return secret, nil
}

func readSecret(path string) (*[32]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("%s is not a secret of 64 hexadecimal digits", path)
	}
	secret := [32]byte(raw)
	return &secret, nil
}

func newHoldCaptureCommand() *cobra.Command {
	var flags walletFlags
	var secretPath string
	var releaseRest bool
	cmd := &cobra.Command{
		Use:   "capture --key FILE HOLD [AMOUNT]",
		Short: "take money that is kept for the key's account",
		Long: `capture takes AMOUNT out of a hold, or all that is left of it, for the key's account. The rest stays kept, unless
--release-rest gives it back to the payer at once.`,
		Example: "  umoja hold capture --key shop.key 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a 120 --release-rest",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return wants("HOLD")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("HOLD", args[0])
			if err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			take := sdk.Capture{ReleaseRest: releaseRest}
			if secretPath != "" {
				if take.Secret, err = readSecret(secretPath); err != nil {
					return err
				}
			}
			return p.run(cmd, p.capture(tx.HoldID(id), take, args[1:]))
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	cmd.Flags().StringVar(&secretPath, "secret", "", "a file with the secret that the hold asks for")
	cmd.Flags().BoolVar(&releaseRest, "release-rest", false, "give the rest back to the payer")
	return cmd
}

// capture is the errand of a capture, of the amount that args names, or of all that is left.
func (p *purse) capture(id tx.HoldID, take sdk.Capture, args []string) errand {
	var made tx.CaptureHold
	return errand{
		doing: fmt.Sprintf("take out of hold %s", id),
		made:  "That was this capture: nothing more was taken. Run the command again to take as much once more.",
		same:  func(was tx.Operation) bool { o, ok := was.(tx.CaptureHold); return ok && o.Hold == id },
		build: func(ctx context.Context) (tx.Operation, error) {
			hold, err := p.readHold(ctx, id)
			if err == nil && len(args) > 0 {
				take.Amount, err = p.amountOf(hold.Asset, args[0])
			}
			made = p.wallet.NewCapture(hold, take)
			return made, err
		},
		tell: func(out io.Writer, _ sdk.Outcome) {
			fmt.Fprintf(out, "took %s from %s\n", p.units.money(made.Asset, made.Amount), made.Debit)
		},
	}
}

// readHold reads a hold that has not ended.
func (p *purse) readHold(ctx context.Context, id [16]byte) (sdk.Hold, error) {
	hold, err := p.client.Hold(ctx, tx.HoldID(id))
	if errors.Is(err, sdk.ErrNotFound) {
		return hold, fmt.Errorf("hold %x was never placed, or has ended: it was taken, given back, or its time is over", id)
	}
	return hold, err
}

// amountOf reads an amount of an asset that is named by its number.
func (p *purse) amountOf(asset tx.Asset, text string) (amount.Amount, error) {
	_, a, err := p.units.parse(p.units.money(asset, 0).Asset, text)
	return a, err
}

func newHoldReleaseCommand() *cobra.Command {
	var flags walletFlags
	cmd := &cobra.Command{
		Use:     "release --key FILE HOLD",
		Short:   "give back what is left of a hold",
		Long:    `release ends a hold, and what is left of it is the payer's again. The payee may always; the payer if the hold says so.`,
		Example: "  umoja hold release --key shop.key 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("HOLD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("HOLD", args[0])
			if err != nil {
				return err
			}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			var hold sdk.Hold
			return p.run(cmd, errand{
				doing: fmt.Sprintf("give back hold %x", id),
				made:  "That was this hold: it is given back.",
				same:  func(was tx.Operation) bool { o, ok := was.(tx.ReleaseHold); return ok && o.Hold == tx.HoldID(id) },
				build: func(ctx context.Context) (tx.Operation, error) {
					var err error
					hold, err = p.readHold(ctx, id)
					return tx.ReleaseHold{Hold: hold.ID, Debit: hold.Debit}, err
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "gave %s back to %s\n", p.units.money(hold.Asset, hold.Left), hold.Debit)
				},
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	return cmd
}

func newHoldShowCommand() *cobra.Command {
	var flags networkFlags
	cmd := &cobra.Command{
		Use:     "show HOLD",
		Short:   "show a hold that has not ended",
		Example: "  umoja hold show 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("HOLD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("HOLD", args[0])
			if err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				p := &purse{client: client, units: unitsOn(ctx, client, g)}
				hold, err := p.readHold(ctx, id)
				if err != nil {
					return err
				}
				return printHold(cmd.OutOrStdout(), p.units, hold)
			})
		},
	}
	flags.add(cmd)
	return cmd
}

func printHold(out io.Writer, u *units, h sdk.Hold) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	to := "whoever registers and confirms the phone number that it names"
	if h.Credit != nil {
		to = h.Credit.String()
	}
	end := "then the payer's again"
	if h.OnExpiry == tx.ExpiryCompletes {
		end = "then paid to the payee"
	}
	fmt.Fprintf(w, "hold\t%s\nleft\t%s\nfrom\t%s\nfor\t%s\n", h.ID, u.money(h.Asset, h.Left), h.Debit, to)
	if h.Fee != 0 {
		fmt.Fprintf(w, "fee\t%s, paid with the first capture\n", u.money(h.Asset, h.Fee))
	}
	fmt.Fprintf(w, "until\t%s, %s\n", clock(h.ExpiresAtUnixMs), end)
	if h.Hashlock != nil {
		fmt.Fprintf(w, "secret\twhose SHA-256 is %x\n", *h.Hashlock)
	}
	if h.PayerMayRelease {
		fmt.Fprintf(w, "release\tthe payer may take it back before\n")
	}
	return w.Flush()
}

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newAssetCommand shows assets.
func newAssetCommand() *cobra.Command {
	return group("asset", "show what is issued, and what backs it", newAssetShowCommand())
}

func newAssetShowCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [CODE]",
		Short: "show an asset's supply, reserve, issuer and limits",
		Long: `show prints what the ledger says of an asset: how much is issued and not redeemed, what its issuer has stated that it
holds for it and how old that statement is, who issues it, and what an account of each tier may pay. The supply is what the
ledger counts; the reserve is the issuer's word, whose evidence is named by a hash.

Without a code all assets are listed. f+1 validators must say the same, so that one of them is honest.`,
		Example: "  umoja asset show KES",
		Args:    mayWant("CODE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				all, err := readAssets(ctx, client, args)
				if err != nil {
					return err
				}
				now := uint64(time.Now().UnixMilli())
				documents := make([]assetDocument, 0, len(all))
				for _, a := range all {
					documents = append(documents, assetDocumentOf(a, now))
				}
				switch {
				case asJSON && len(args) == 0:
					return printJSON(cmd.OutOrStdout(), documents)
				case asJSON:
					return printJSON(cmd.OutOrStdout(), documents[0])
				case len(args) == 0:
					return listAssets(cmd.OutOrStdout(), documents)
				}
				return documents[0].print(cmd.OutOrStdout())
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

// readAssets reads the asset named, or all.
func readAssets(ctx context.Context, client *sdk.Client, args []string) ([]sdk.Asset, error) {
	if len(args) == 0 {
		return client.Assets(ctx)
	}
	a, err := client.AssetByCode(ctx, args[0])
	var refused *sdk.RefusedError
	if errors.Is(err, sdk.ErrNotFound) || errors.As(err, &refused) {
		return nil, fmt.Errorf("no asset has the code %s; umoja asset show lists them", quoted(args[0]))
	}
	return []sdk.Asset{a}, err
}

// assetDocument is what asset show prints for programs.
type assetDocument struct {
	Number uint32 `json:"number"`
	Code   string `json:"code"`
	// Kind is money or voucher.
	Kind             string           `json:"kind"`
	Decimals         uint8            `json:"decimals"`
	Issuer           tx.AccountID     `json:"issuer"`
	Arbiter          *tx.AccountID    `json:"arbiter"`
	Issued           money            `json:"issued"`
	Reserve          *reserveDocument `json:"reserve"`
	Limits           []limitDocument  `json:"limits"`
	ProvisionalDay   *money           `json:"provisional_inflow_day"`
	SpendUntilUnixMs uint64           `json:"spend_until_unix_ms,omitempty"`
	// Leaves and TimeUnixMs say which state was read.
	Leaves     uint64 `json:"leaves"`
	TimeUnixMs uint64 `json:"time_unix_ms"`
}

// reserveDocument is the issuer's statement.
type reserveDocument struct {
	Held money `json:"held"`
	// Percent is how much of what is issued it covers, rounded down; absent when nothing is issued.
	Percent      *uint64 `json:"percent,omitempty"`
	AsOfUnixMs   uint64  `json:"as_of_unix_ms"`
	StatedUnixMs uint64  `json:"stated_unix_ms"`
	AgeSeconds   uint64  `json:"age_seconds"`
	EvidenceHash string  `json:"evidence_hash"`
}

// limitDocument is what an account of a tier may pay.
type limitDocument struct {
	Tier        uint32 `json:"tier"`
	Transaction money  `json:"transaction"`
	Day         money  `json:"day"`
}

func assetDocumentOf(a sdk.Asset, nowUnixMs uint64) assetDocument {
	u := &units{known: map[tx.Asset]unit{a.Number: {a.Code, a.Scale}}}
	d := assetDocument{
		Number: uint32(a.Number), Code: a.Code, Kind: "money", Decimals: a.Scale, Issuer: a.Issuer, Arbiter: a.Arbiter, Issued: u.money(a.Number, a.Supply),
		Limits: []limitDocument{}, SpendUntilUnixMs: a.SpendUntilUnixMs, Leaves: a.AsOf.Size, TimeUnixMs: a.AsOf.TimeUnixMs,
	}
	if a.Kind == tx.Voucher {
		d.Kind = "voucher"
	}
	for _, l := range a.Limits {
		d.Limits = append(d.Limits, limitDocument{l.Tier, u.money(a.Number, l.CapTransaction), u.money(a.Number, l.CapDay)})
	}
	if a.ProvisionalInflowDay != 0 {
		m := u.money(a.Number, a.ProvisionalInflowDay)
		d.ProvisionalDay = &m
	}
	if r := a.Reserve; r != nil {
		d.Reserve = &reserveDocument{
			Held: u.money(a.Number, r.Held), AsOfUnixMs: r.AsOfUnixMs, StatedUnixMs: r.StatedUnixMs,
			AgeSeconds: (max(nowUnixMs, r.AsOfUnixMs) - r.AsOfUnixMs) / 1000, EvidenceHash: hex.EncodeToString(r.EvidenceHash[:]),
		}
		if percent, ok := share(r.Held, a.Supply); ok {
			d.Reserve.Percent = &percent
		}
	}
	return d
}

// share is how many hundredths of the whole a part is, rounded down; false of nothing, or past what can be counted.
func share(part, whole amount.Amount) (uint64, bool) {
	high, low := bits.Mul64(uint64(part), 100)
	if uint64(whole) <= high {
		return 0, false
	}
	percent, _ := bits.Div64(high, low, uint64(whole))
	return percent, true
}

func listAssets(out io.Writer, documents []assetDocument) error {
	if len(documents) == 0 {
		_, err := fmt.Fprintln(out, "no asset is defined")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range documents {
		fmt.Fprintf(w, "%s\t%s\t%s issued\t%s\n", d.Code, d.Kind, d.Issued, d.Reserve.text())
	}
	return w.Flush()
}

func (d assetDocument) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "asset\t%s (number %d)\nkind\t%s, %d decimals\n", d.Code, d.Number, d.Kind, d.Decimals)
	if d.Kind == "voucher" {
		fmt.Fprintf(w, "spent until\t%s, at payees that the issuer lists; what is left then returns to the issuer\n", clock(d.SpendUntilUnixMs))
	}
	fmt.Fprintf(w, "issuer\t%s\nissued\t%s, and not redeemed\n", d.Issuer, d.Issued)
	fmt.Fprintf(w, "reserve\t%s\n", d.Reserve.text())
	if d.Reserve != nil {
		fmt.Fprintf(w, "\tas of %s, stated %s\n\tevidence %s\n", clock(d.Reserve.AsOfUnixMs), clock(d.Reserve.StatedUnixMs), d.Reserve.EvidenceHash)
	}
	d.printLimits(w)
	if d.ProvisionalDay != nil {
		fmt.Fprintf(w, "inflow\tnumbers that one provider vouches for alone receive at most %s a day together\n", d.ProvisionalDay)
	} else {
		fmt.Fprintf(w, "inflow\tnothing bounds what numbers receive that one provider vouches for alone\n")
	}
	if d.Arbiter != nil {
		fmt.Fprintf(w, "arbiter\t%s may order returns\n", d.Arbiter)
	} else {
		fmt.Fprintf(w, "arbiter\tnobody may order returns\n")
	}
	fmt.Fprintf(w, "as of\t%s, %d leaves\n", clock(d.TimeUnixMs), d.Leaves)
	return w.Flush()
}

// printLimits says what each tier may pay. A tier that is not named has the limit of the next lower one.
func (d assetDocument) printLimits(w io.Writer) {
	next := func(i int) uint32 {
		if i == len(d.Limits) {
			return tx.MaxTier + 1
		}
		return d.Limits[i].Tier
	}
	if first := next(0); first > 0 {
		fmt.Fprintf(w, "%s\tnot limited\n", tiers(0, first-1))
	}
	for i, l := range d.Limits {
		fmt.Fprintf(w, "%s\tat most %s at once and %s a day\n", tiers(l.Tier, next(i+1)-1), l.Transaction, l.Day)
	}
}

func tiers(from, to uint32) string {
	if from == to {
		return fmt.Sprintf("tier %d", from)
	}
	return fmt.Sprintf("tiers %d to %d", from, to)
}

// text says what the issuer has stated.
func (d *reserveDocument) text() string {
	if d == nil {
		return "none stated"
	}
	text := "reserve of " + d.Held.String()
	if d.Percent != nil {
		text += fmt.Sprintf(" (%d %% of what is issued)", *d.Percent)
	}
	return text + ", " + age(d.AgeSeconds) + " old"
}

// age says a duration as people do.
func age(seconds uint64) string {
	for _, of := range []struct {
		seconds uint64
		name    string
	}{{24 * 3600, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}} {
		if n := seconds / of.seconds; n == 1 {
			return "1 " + of.name
		} else if n > 1 {
			return fmt.Sprintf("%d %ss", n, of.name)
		}
	}
	return "less than a second"
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newProviderCommand shows providers.
func newProviderCommand() *cobra.Command {
	return group("provider", "show who carries payments, at what price, and the most that each could take", newProviderShowCommand())
}

func newProviderShowCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [NAME|ACCOUNT]",
		Short: "show a provider's directory entry, fees and worst 24 hours",
		Long: `show prints what the ledger says of a provider: its entry in the directory, its published fees, and for each asset the most
that it could take in any 24 hours without anybody's help, if it wanted to, or if its keys were stolen: twice the day
caps of all grants to its keys, since 24 hours lie in two calendar days, and twice what phone numbers that it vouches for
alone may receive a day. Balances and limits may leave it less, never more.

Without a name all providers are listed. Anybody may register under any name; the account tells them apart. f+1
validators must say the same, so that one of them is honest.`,
		Example: "  umoja provider show \"Umoja Sandbox\"",
		Args:    mayWant("NAME or ACCOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, g *genesis.Genesis) error {
				if len(args) == 0 {
					return listProviders(ctx, cmd.OutOrStdout(), client, asJSON)
				}
				id, err := client.FindProvider(ctx, args[0])
				if errors.Is(err, sdk.ErrNotFound) {
					return fmt.Errorf("no provider has the name %s; umoja provider show lists them", quoted(args[0]))
				}
				if err != nil {
					return err
				}
				document, err := readProvider(ctx, client, id)
				if errors.Is(err, sdk.ErrNotFound) {
					return fmt.Errorf("account %s is no provider; umoja provider show lists them", id)
				}
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), document)
				}
				return document.print(cmd.OutOrStdout())
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

// providerLine is a provider in a list.
type providerLine struct {
	Account tx.AccountID `json:"account"`
	Name    string       `json:"name"`
	Codes   []string     `json:"codes"`
}

func listProviders(ctx context.Context, out io.Writer, client *sdk.Client, asJSON bool) error {
	all, err := client.Providers(ctx)
	if err != nil {
		return err
	}
	lines := make([]providerLine, 0, len(all))
	for _, p := range all {
		lines = append(lines, providerLine{p.Account, p.Name, append([]string{}, p.Codes...)})
	}
	if asJSON {
		return printJSON(out, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(out, "no provider is registered")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, p := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Account, quoted(p.Name), strings.Join(quotedAll(p.Codes), " "))
	}
	return w.Flush()
}

// providerDocument is what provider show prints for programs.
type providerDocument struct {
	Account   tx.AccountID `json:"account"`
	Name      string       `json:"name"`
	Key       key.Public   `json:"key"`
	Codes     []string     `json:"codes"`
	Languages []string     `json:"languages"`
	Endpoints []string     `json:"endpoints"`
	Telephone string       `json:"telephone,omitempty"`
	// PoolShares is the size of its pool of credits, as a multiple of an account's.
	PoolShares uint32          `json:"pool_shares"`
	Fees       []feesDocument  `json:"fees"`
	WorstDays  []worstDocument `json:"worst_days"`
	// Leaves and TimeUnixMs say which state was read.
	Leaves     uint64 `json:"leaves"`
	TimeUnixMs uint64 `json:"time_unix_ms"`
}

// feesDocument is a fee schedule.
type feesDocument struct {
	Asset   string `json:"asset"`
	Version uint32 `json:"version"`
	// State is in_force, pending, or replaced.
	State             string         `json:"state"`
	EffectiveAtUnixMs uint64         `json:"effective_at_unix_ms"`
	ReplacedAtUnixMs  uint64         `json:"replaced_at_unix_ms,omitempty"`
	Bands             []bandDocument `json:"bands"`
}

// bandDocument is the fee for amounts up to a bound; the last has none.
type bandDocument struct {
	UpTo        *money `json:"up_to,omitempty"`
	Flat        money  `json:"flat"`
	BasisPoints uint32 `json:"basis_points"`
}

// worstDocument is the most that a provider could take of an asset in any 24 hours. A bound that is null does not exist.
type worstDocument struct {
	Asset  string `json:"asset"`
	Grants uint64 `json:"grants"`
	Debits *money `json:"debits"`
	Inflow *money `json:"inflow"`
	Total  *money `json:"total"`
}

// readProvider reads what the ledger says of a provider in every asset of the network.
func readProvider(ctx context.Context, client *sdk.Client, id tx.AccountID) (providerDocument, error) {
	p, _, err := client.Provider(ctx, id, 0)
	if err != nil {
		return providerDocument{}, err
	}
	d := providerDocument{
		Account: p.Account, Name: p.Name, Key: p.Key, Codes: append([]string{}, p.Codes...), Languages: append([]string{}, p.Languages...),
		Endpoints: append([]string{}, p.Endpoints...), Telephone: p.Telephone, PoolShares: p.Shares, Fees: []feesDocument{}, WorstDays: []worstDocument{},
		Leaves: p.AsOf.Size, TimeUnixMs: p.AsOf.TimeUnixMs,
	}
	assets, err := client.Assets(ctx)
	if err != nil {
		return providerDocument{}, err
	}
	for _, asset := range assets[:min(len(assets), maxAssets)] {
		of, worst, err := client.Provider(ctx, id, asset.Number)
		if err != nil {
			return providerDocument{}, err
		}
		if len(of.Schedules) == 0 && worst.Grants == 0 {
			continue // It carries nothing in it and can take nothing of it.
		}
		u := &units{known: map[tx.Asset]unit{asset.Number: {asset.Code, asset.Scale}}}
		for _, s := range of.Schedules {
			d.Fees = append(d.Fees, feesOf(u, s, of.AsOf.TimeUnixMs))
		}
		d.WorstDays = append(d.WorstDays, worstDocument{
			Asset: asset.Code, Grants: worst.Grants, Debits: boundOf(u, asset.Number, worst.Debits), Inflow: boundOf(u, asset.Number, worst.Inflow),
			Total: boundOf(u, asset.Number, worst.Total),
		})
	}
	return d, nil
}

func boundOf(u *units, asset tx.Asset, b sdk.Bound) *money {
	if b.Open {
		return nil
	}
	m := u.money(asset, b.Most)
	return &m
}

func feesOf(u *units, s sdk.FeeSchedule, timeUnixMs uint64) feesDocument {
	d := feesDocument{
		Asset: u.money(s.Asset, 0).Asset, Version: s.Version, State: "in_force", EffectiveAtUnixMs: s.EffectiveAtUnixMs, ReplacedAtUnixMs: s.ReplacedAtUnixMs,
	}
	switch {
	case s.EffectiveAtUnixMs > timeUnixMs:
		d.State = "pending"
	case s.ReplacedAtUnixMs != 0 && s.ReplacedAtUnixMs <= timeUnixMs:
		d.State = "replaced"
	}
	for _, b := range s.Bands {
		band := bandDocument{Flat: u.money(s.Asset, b.Flat), BasisPoints: b.BasisPoints}
		if b.UpTo != 0 {
			bound := u.money(s.Asset, b.UpTo)
			band.UpTo = &bound
		}
		d.Bands = append(d.Bands, band)
	}
	return d
}

// text says a schedule as people read a price list.
func (d feesDocument) text() string {
	var bands []string
	for i, b := range d.Bands {
		price := b.Flat.String()
		if b.BasisPoints != 0 {
			price = fmt.Sprintf("%s and %d.%02d %%", price, b.BasisPoints/100, b.BasisPoints%100)
		}
		switch {
		case len(d.Bands) == 1:
			price += " for any amount"
		case b.UpTo != nil:
			price += " up to " + b.UpTo.String()
		default:
			price += " above " + d.Bands[i-1].UpTo.String()
		}
		bands = append(bands, price)
	}
	return strings.Join(bands, ", ")
}

func (d providerDocument) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "provider\t%s\naccount\t%s\nkey\t%s\n", quoted(d.Name), d.Account, d.Key)
	for _, line := range []struct {
		title string
		words []string
	}{{"dialled by", d.Codes}, {"languages", d.Languages}, {"found at", d.Endpoints}} {
		if len(line.words) > 0 {
			fmt.Fprintf(w, "%s\t%s\n", line.title, strings.Join(quotedAll(line.words), " "))
		}
	}
	if d.Telephone != "" {
		fmt.Fprintf(w, "complaints\t%s\n", quoted(d.Telephone))
	}
	fmt.Fprintf(w, "pool\t%d times an account's credits\n", d.PoolShares)
	for _, f := range d.Fees {
		when := "in force since " + clock(f.EffectiveAtUnixMs)
		switch f.State {
		case "pending":
			when = "from " + clock(f.EffectiveAtUnixMs)
		case "replaced":
			when = "replaced " + clock(f.ReplacedAtUnixMs)
		}
		fmt.Fprintf(w, "fees\t%s (version %d, %s)\n", f.text(), f.Version, when)
	}
	for _, worst := range d.WorstDays {
		fmt.Fprintf(w, "worst 24 hours\t%s\n", worst.text())
	}
	if len(d.WorstDays) == 0 {
		fmt.Fprintf(w, "worst 24 hours\tit can take nothing: no account has granted it anything\n")
	}
	fmt.Fprintf(w, "as of\t%s, %d leaves\n", clock(d.TimeUnixMs), d.Leaves)
	return w.Flush()
}

// text says what bounds a provider.
func (d worstDocument) text() string {
	grants := fmt.Sprintf("%d grants", d.Grants)
	if d.Grants == 1 {
		grants = "1 grant"
	}
	debits := "2 x day caps around midnight, which nothing bounds"
	if d.Debits != nil {
		debits = fmt.Sprintf("%s (2 x day caps around midnight, of %s)", d.Debits, grants)
	}
	inflow := "provisional inflow, which nothing bounds"
	if d.Inflow != nil {
		inflow = fmt.Sprintf("%s (2 x provisional inflow)", d.Inflow)
	}
	if d.Total == nil {
		return fmt.Sprintf("of %s: no bound: %s + %s", d.Asset, debits, inflow)
	}
	return fmt.Sprintf("at most %s + %s = %s", debits, inflow, d.Total)
}

// quotedAll quotes texts that a stranger chose, where they hold more than plain letters.
func quotedAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		if out[i] = quoted(text); out[i] == `"`+text+`"` && !strings.Contains(text, " ") {
			out[i] = text
		}
	}
	return out
}

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// newNetworkCommand founds and shows networks.
func newNetworkCommand() *cobra.Command {
	return group("network", "found a network, and show what a genesis file says", newNetworkInitCommand(), newNetworkShowCommand())
}

// founding is what founding.json may hold: the genesis document's own fields, without those that init fills in.
type founding struct {
	DayOffsetMinutes int32           `json:"day_offset_minutes"`
	Assets           []genesis.Asset `json:"assets"`
	// Parameters are genesis.DefaultParameters where the file has none.
	Parameters *genesis.Parameters `json:"parameters"`
	Governors  []genesis.Governor  `json:"governors"`
	Tiers      []genesis.Tier      `json:"tiers"`
	Accounts   []genesis.Account   `json:"accounts"`
	Providers  []genesis.Provider  `json:"providers"`
	Attestors  []genesis.Attestor  `json:"attestors"`
	Issues     []genesis.Issue     `json:"issues"`
	Aliases    []genesis.Alias     `json:"aliases"`
	Grants     []genesis.Grant     `json:"grants"`
}

// foundingExample is one issuer and one provider. It is held to be valid by a test.
const foundingExample = `  {
    "day_offset_minutes": 180,
    "assets": [{"code": "KES", "scale": 2, "issuer": "umoja188c87kmzyv02pf5s6eua7tu2uu8jhgqr"}],
    "tiers": [{"asset": 1, "cap_transaction": 500000, "cap_day": 2000000}],
    "accounts": [
      {"id": "umoja188c87kmzyv02pf5s6eua7tu2uu8jhgqr", "salt": "8d1310838f33d57a21fa5afa5b25e486", "authority":
        {"keys": [{"key": "ac17d84ffeb35c62a5e016cca153b73c666df1637bcf87bfb41173facdb23461", "weight": 1}], "threshold": 1}},
      {"id": "umoja1zkw7z9w55ww362ypfewvqjdtjspv7fga", "salt": "e31ee65e2f4c3c498f58d7e039c3d5e6", "authority":
        {"keys": [{"key": "5c588d9e60c90034544bb036e46d2e6a4d607ebda4c7c175db5d922aebe19639", "weight": 1}], "threshold": 1}}
    ],
    "providers": [{"account": "umoja1zkw7z9w55ww362ypfewvqjdtjspv7fga", "name": "Mwanga",
      "key": "5c588d9e60c90034544bb036e46d2e6a4d607ebda4c7c175db5d922aebe19639", "shares": 1000,
      "schedules": [{"asset": 1, "bands": [{"up_to": 100000, "flat": 100}, {"flat": 0, "basis_points": 10}],
        "effective_at_unix_ms": 1}]}],
    "issues": [{"asset": 1, "credit": "umoja188c87kmzyv02pf5s6eua7tu2uu8jhgqr", "amount": 100000000}]
  }`

func newNetworkInitCommand() *cobra.Command {
	var out, name, foundingPath string
	var test bool
	cmd := &cobra.Command{
		Use:   "init --out genesis.json RECORD.json...",
		Short: "join the public records of 4, 7 or 10 validators into a genesis file",
		Long: `init writes the founding document of a network from the records that each cooperative made on its own machine with
"umojad init". It needs no key of anybody. The network's id is the hash of the file, so every validator, gateway and
wallet must get exactly this file; it never changes.

--founding names a JSON file with what exists from the start: assets, parameters, governors (the account that speaks for each
validator in ballots), tiers, accounts, providers, attestors, issues, aliases, grants and day_offset_minutes, as they
stand in a genesis file. Without it nobody can have money or a phone account, and without governors nothing is ever
decided by ballot. Amounts are in minor units; assets are counted from 1; a new phone account's grant is capped by the
tier. An account and its key are what "umoja key show FILE --json" prints of the issuer's and of the provider's key file:

` + foundingExample,
		Example: "  umoja network init --out genesis.json --name mwanga kilimo.json uvuvi.json afya.json soko.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			g := &genesis.Genesis{
				Format: genesis.Format, Name: name, Test: test, RulesVersion: 1, TimeUnixMs: uint64(time.Now().UnixMilli()),
				Parameters: genesis.DefaultParameters(),
			}
			var err error
			if g.Validators, err = readRecords(args); err != nil {
				return err
			}
			if foundingPath != "" {
				if err := readFounding(foundingPath, g); err != nil {
					return err
				}
			}
			if g, err = writeGenesis(out, g); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "network %s: %d validators, written to %s\n", g.Network(), len(g.Validators), out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "the genesis file to write; it must not exist")
	f.StringVar(&name, "name", "umoja", "the network's name, for people")
	f.BoolVar(&test, "test", false, "a network whose money is worth nothing")
	f.StringVar(&foundingPath, "founding", "", "a JSON file with what exists from the start")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic("flag --out: " + err.Error()) // Cannot happen: it is defined above.
	}
	return cmd
}

// maxFoundingBytes bounds what is read of a record or a founding file.
const maxFoundingBytes = 16 << 20

// readJSON reads one JSON value and nothing else. Unknown fields are errors: a misspelt one must not be left out.
func readJSON(path string, to any) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	if info.Size() > maxFoundingBytes {
		return fmt.Errorf("%s is above 16 MiB", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if d.More() {
		return fmt.Errorf("%s: text after the JSON value", path)
	}
	return nil
}

// readRecords reads and checks the validators' records, each on its own, so that an error names the file.
func readRecords(paths []string) ([]genesis.ValidatorRecord, error) {
	if n := len(paths); n != 4 && n != 7 && n != 10 {
		return nil, fmt.Errorf("%d records: a network has 4, 7 or 10 validators; name one record file for each", n)
	}
	var records []genesis.ValidatorRecord
	for i, path := range paths {
		var r genesis.ValidatorRecord
		if err := readJSON(path, &r); err != nil {
			return nil, err
		}
		if _, err := r.Validator(); err != nil {
			return nil, fmt.Errorf("%s: %w; ask its operator for the validator.json that umojad init wrote", path, err)
		}
		same := func(o genesis.ValidatorRecord) bool { return o.Name == r.Name }
		if j := slices.IndexFunc(records, same); j >= 0 {
			return nil, fmt.Errorf("%s and %s both name a validator %q: each needs a name of its own", paths[j], paths[i], r.Name)
		}
		records = append(records, r)
	}
	return records, nil
}

func readFounding(path string, g *genesis.Genesis) error {
	var f founding
	if err := readJSON(path, &f); err != nil {
		return err
	}
	g.DayOffsetMinutes, g.Assets, g.Tiers, g.Accounts = f.DayOffsetMinutes, f.Assets, f.Tiers, f.Accounts
	g.Providers, g.Issues, g.Aliases, g.Grants = f.Providers, f.Issues, f.Aliases, f.Grants
	g.Governors, g.Attestors = f.Governors, f.Attestors
	if f.Parameters != nil {
		g.Parameters = *f.Parameters
	}
	return nil
}

// writeGenesis checks the document by reading it back, and writes it to a file that must not exist: replacing a genesis
// would cut its validators off from their own ledgers.
func writeGenesis(path string, g *genesis.Genesis) (*genesis.Genesis, error) {
	raw, err := g.Encode()
	if err != nil {
		return nil, err
	}
	parsed, err := genesis.Parse(raw)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%s exists: a genesis file is never replaced; name another with --out", path)
	}
	if err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}
	// A crash here leaves a short file, which no program takes for a genesis; it can be removed.
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write genesis: %w", err)
	}
	return parsed, nil
}

func newNetworkShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show genesis.json",
		Short: "print a network's id, its validators and what exists from the start",
		Long: `show prints what a genesis file founds. The cosigner and log keys are for software that reads C2SP checkpoints: a
checkpoint with a quorum of cosigner lines is final, and an outside witness or a monitor of the tiles that one validator
serves is told that validator's log key.`,
		Args: wants("genesis.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read genesis: %w", err)
			}
			g, err := genesis.Parse(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", filepath.Base(args[0]), err)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "network\t%s\nname\t%s\ntest\t%v\n", g.Network(), g.Name, g.Test)
			fmt.Fprintf(w, "founded\t%s\n", time.UnixMilli(int64(g.TimeUnixMs)).UTC().Format(time.RFC3339))
			set := g.ValidatorSet()
			fmt.Fprintf(w, "validators\t%d\nquorum\t%d (final while up to %d are away, or lie)\n", len(set), set.Quorum(), set.Faults())
			for _, r := range g.Validators {
				fmt.Fprintf(w, "validator\t%s\tkey %s\tpeers %s\tclients %s\n", r.Name, hex.EncodeToString(r.Key), r.PeerAddress, r.Address)
			}
			for i, a := range g.Assets {
				fmt.Fprintf(w, "asset\t%d %s\tscale %d\tissuer %s\n", i+1, a.Code, a.Scale, a.Issuer)
			}
			for _, p := range g.Providers {
				fmt.Fprintf(w, "provider\t%s\taccount %s\n", p.Name, p.Account)
			}
			fmt.Fprintf(w, "accounts\t%d\n", len(g.Accounts))
			for _, v := range set {
				fmt.Fprintf(w, "cosigner key\t%s\n", v.VerifierKey())
			}
			for _, v := range set {
				fmt.Fprintf(w, "log key\t%s\t%s\n", v.Name, checkpoint.LogVerifierKey(g.Network(), v))
			}
			return w.Flush()
		},
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newBallotCommand is how cooperatives decide together.
func newBallotCommand() *cobra.Command {
	return group("ballot", "what the validators decide together: propose, vote, and see where it stands",
		newBallotListCommand(), newBallotShowCommand(), newBallotValidatorsCommand(), newBallotProposeCommand(), newBallotVoteCommand())
}

// ballotDocument is a ballot, as --json writes it.
type ballotDocument struct {
	ID       string `json:"ballot"`
	Decision string `json:"decision"`
	// Yes and No are the validators that have voted so.
	Yes []string `json:"yes"`
	No  []string `json:"no"`
	// Needed is how many yes it takes, of the validators in force.
	Needed            int    `json:"needed"`
	Passed            bool   `json:"passed"`
	ExpiresAtUnixMs   uint64 `json:"expires_at_unix_ms"`
	EffectiveAtUnixMs uint64 `json:"effective_at_unix_ms,omitempty"`

	decision tx.Decision
}

func documentOf(b sdk.Ballot, validators []tx.Governor) ballotDocument {
	d := ballotDocument{
		ID: b.ID.String(), Decision: decisionText(b.Decision), Yes: []string{}, No: []string{},
		Needed: make(checkpoint.ValidatorSet, len(validators)).Quorum(),
		Passed: b.PassedAtUnixMs != 0, ExpiresAtUnixMs: b.ExpiresAtUnixMs, EffectiveAtUnixMs: b.EffectiveAtUnixMs, decision: b.Decision,
	}
	for _, v := range b.Votes {
		if v.Yes {
			d.Yes = append(d.Yes, v.Validator)
		} else {
			d.No = append(d.No, v.Validator)
		}
	}
	return d
}

// standing says how far a ballot is, in words.
func (d ballotDocument) standing() string {
	effective := ""
	if d.EffectiveAtUnixMs != 0 {
		effective = ", takes effect " + clock(d.EffectiveAtUnixMs) + " at the earliest"
	}
	if d.Passed {
		return "passed" + effective
	}
	return fmt.Sprintf("%d of %d yes, open until %s%s", len(d.Yes), d.Needed, clock(d.ExpiresAtUnixMs), effective)
}

func newBallotListCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "list the ballots that have not ended",
		Long:    `list prints what was proposed and has neither taken effect nor run out of time. f+1 validators must say the same.`,
		Example: "  umoja ballot list",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				validators, err := client.Governors(ctx)
				if err != nil {
					return err
				}
				ballots, err := client.Ballots(ctx)
				if err != nil {
					return err
				}
				all := make([]ballotDocument, 0, len(ballots))
				for _, b := range ballots {
					all = append(all, documentOf(b, validators))
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), all)
				}
				if len(all) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "no ballot is open")
					return nil
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "BALLOT\tDECISION\tSTANDING")
				for _, d := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\n", d.ID, d.Decision, d.standing())
				}
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

// findBallot finds a ballot by its id, with who may vote.
func findBallot(ctx context.Context, client *sdk.Client, id tx.BallotID) (ballotDocument, []tx.Governor, error) {
	validators, err := client.Governors(ctx)
	if err != nil {
		return ballotDocument{}, nil, err
	}
	b, err := client.Ballot(ctx, id)
	if errors.Is(err, sdk.ErrNotFound) {
		return ballotDocument{}, nil, fmt.Errorf("ballot %s was never proposed, or has ended: it took effect, or its time is over", id)
	}
	if err != nil {
		return ballotDocument{}, nil, err
	}
	return documentOf(b, validators), validators, nil
}

func newBallotShowCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show BALLOT",
		Short:   "show a ballot and every word on it",
		Example: "  umoja ballot show 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a",
		Args:    wants("BALLOT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("BALLOT", args[0])
			if err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				d, validators, err := findBallot(ctx, client, tx.BallotID(id))
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), d)
				}
				return d.print(cmd.OutOrStdout(), validators)
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

// print writes a ballot for people, a validator set as how it differs from the one in force.
func (d ballotDocument) print(out io.Writer, validators []tx.Governor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "ballot\t%s\ndecision\t%s\nstanding\t%s\n", d.ID, d.Decision, d.standing())
	if set, ok := d.decision.(tx.SetValidators); ok {
		for _, line := range differences(validators, set.Validators) {
			fmt.Fprintf(w, "\t%s\n", line)
		}
	}
	var silent []string
	for _, v := range validators {
		if !slices.Contains(d.Yes, v.Name) && !slices.Contains(d.No, v.Name) {
			silent = append(silent, v.Name)
		}
	}
	fmt.Fprintf(w, "yes\t%s\nno\t%s\nsilent\t%s\n", namesText(d.Yes), namesText(d.No), namesText(silent))
	return w.Flush()
}

func namesText(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// differences says what a set changes, a line each. A validator with another key is another validator.
func differences(was, becomes []tx.Governor) []string {
	var lines []string
	for _, v := range was {
		if !slices.ContainsFunc(becomes, func(n tx.Governor) bool { return n.Name == v.Name && slices.Equal(n.Key, v.Key) }) {
			lines = append(lines, fmt.Sprintf("leaves  %s, key %x", v.Name, []byte(v.Key)))
		}
	}
	for _, n := range becomes {
		i := slices.IndexFunc(was, func(v tx.Governor) bool { return n.Name == v.Name && slices.Equal(n.Key, v.Key) })
		switch {
		case i < 0:
			lines = append(lines, fmt.Sprintf("comes   %s, key %x, spoken for by %s, at %s", n.Name, []byte(n.Key), n.Account, addressText(n.PeerAddress)))
		case was[i].Account != n.Account:
			lines = append(lines, fmt.Sprintf("changes %s: spoken for by %s", n.Name, n.Account))
		case was[i].PeerAddress != n.PeerAddress:
			lines = append(lines, fmt.Sprintf("changes %s: at %s", n.Name, addressText(n.PeerAddress)))
		case was[i].TLSKeyHash != n.TLSKeyHash:
			lines = append(lines, fmt.Sprintf("changes %s: another TLS key", n.Name))
		}
	}
	return lines
}

// addressText is where a validator listens; the text is a stranger's.
func addressText(address string) string {
	if address == "" {
		return "an address of each one's configuration"
	}
	return quoted(address)
}

func newBallotValidatorsCommand() *cobra.Command {
	var flags networkFlags
	cmd := &cobra.Command{
		Use:   "validators",
		Short: "list the validators with who speaks for them",
		Long: `validators lists the newest set that was decided: what genesis.json says, changed by every ballot since. f+1 validators must
say the same.`,
		Example: "  umoja ballot validators",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				all, err := client.Governors(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "VALIDATOR\tSPOKEN FOR BY\tADDRESS\tKEY")
				for _, v := range all {
					speaker, address := v.Account.String(), "-"
					if v.Account == (tx.AccountID{}) {
						speaker = "nobody"
					}
					if v.PeerAddress != "" {
						address = quoted(v.PeerAddress)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%x\n", v.Name, speaker, address, []byte(v.Key))
				}
				return w.Flush()
			})
		},
	}
	flags.add(cmd)
	return cmd
}

// speaksFor is the validator that --as names, or else the one that the key's account speaks for.
func (p *purse) speaksFor(ctx context.Context, as string) (string, error) {
	validators, err := p.client.Governors(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, v := range validators {
		if v.Name == as || as == "" && v.Account == p.wallet.Account() {
			names = append(names, v.Name)
		}
	}
	switch {
	case len(names) == 1:
		return names[0], nil
	case as != "":
		return "", fmt.Errorf("--as %q: there is no such validator; umoja ballot validators lists them", as)
	case len(names) > 1:
		return "", fmt.Errorf("the key speaks for %s: say with --as for whom now", strings.Join(names, " and "))
	}
	return "", errors.New("the key's own account speaks for no validator: if it is a key of the account that does, name the validator with --as")
}

func newBallotVoteCommand() *cobra.Command {
	var flags walletFlags
	var as string
	cmd := &cobra.Command{
		Use:   "vote --key FILE BALLOT yes|no",
		Short: "give a validator's word on a ballot, once and for good",
		Long: `vote signs yes or no to a ballot with a key of the account that speaks for a validator. Read it first with umoja ballot show: a word
is never taken back. With a quorum of yes the ballot has passed.`,
		Example: "  umoja ballot vote --key governor.key 8c54bd2c0f0f4f7ab4eb4e8ff5ab9b6a yes",
		Args:    wants("BALLOT", "yes or no"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseID("BALLOT", args[0])
			if err != nil {
				return err
			}
			if args[1] != "yes" && args[1] != "no" {
				return fmt.Errorf("the word is %q, not yes or no", args[1])
			}
			vote := tx.Vote{Ballot: tx.BallotID(id), Yes: args[1] == "yes"}
			p, err := flags.openPurse(cmd.Context())
			if err != nil {
				return err
			}
			defer p.client.Close()
			var on ballotDocument
			return p.run(cmd, errand{
				doing: fmt.Sprintf("vote %s on ballot %x", args[1], id),
				made:  "That was this vote: it counts.",
				same: func(was tx.Operation) bool {
					o, ok := was.(tx.Vote)
					return ok && o.Ballot == vote.Ballot && o.Yes == vote.Yes
				},
				build: func(ctx context.Context) (tx.Operation, error) {
					if on, _, err = findBallot(ctx, p.client, vote.Ballot); err != nil {
						return nil, err
					}
					vote.Validator, err = p.speaksFor(ctx, as)
					return vote, err
				},
				tell: func(out io.Writer, _ sdk.Outcome) {
					fmt.Fprintf(out, "%s says %s to: %s\n", vote.Validator, args[1], on.Decision)
				},
			})
		},
	}
	flags.add(cmd)
	flags.addWait(cmd)
	addAs(cmd, &as)
	return cmd
}

func addAs(cmd *cobra.Command, as *string) {
	cmd.Flags().StringVar(as, "as", "", "the validator; by default the one that the key's own account speaks for")
}

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// proposal is what every command that opens a ballot takes.
type proposal struct {
	walletFlags
	as          string
	open, after time.Duration
	evidence    string
}

func (f *proposal) add(cmd *cobra.Command) {
	f.walletFlags.add(cmd)
	f.addWait(cmd)
	addAs(cmd, &f.as)
	cmd.Flags().DurationVar(&f.open, "open", 7*24*time.Hour, "how long the others have to vote, at most 720h")
	cmd.Flags().DurationVar(&f.after, "after", 0, "how long it takes at least until it takes effect, at most 2160h")
	cmd.Flags().StringVar(&f.evidence, "evidence", "", "a file that the decision rests on; its SHA-256 is recorded")
}

// run opens the ballot. decide finds out what is needed and makes the decision.
func (f *proposal) run(cmd *cobra.Command, decide func(ctx context.Context, client *sdk.Client) (tx.Decision, error)) error {
	if f.open <= 0 || f.after < 0 {
		return errors.New("--open must be above 0, and --after not below it")
	}
	wanted := sdk.Proposal{Open: f.open, After: f.after}
	if f.evidence != "" {
		hash, err := hashFile("--evidence", f.evidence)
		if err != nil {
			return err
		}
		wanted.EvidenceHash = &hash
	}
	p, err := f.openPurse(cmd.Context())
	if err != nil {
		return err
	}
	defer p.client.Close()
	return p.run(cmd, errand{
		doing: "propose a decision",
		made:  "That was this proposal: it is open. umoja ballot list shows it.",
		build: func(ctx context.Context) (tx.Operation, error) {
			if wanted.Decision, err = decide(ctx, p.client); err != nil {
				return nil, err
			}
			if wanted.Validator, err = p.speaksFor(ctx, f.as); err != nil {
				return nil, err
			}
			return p.wallet.NewProposal(ctx, wanted)
		},
		tell: func(out io.Writer, o sdk.Outcome) {
			fmt.Fprintf(out, "%s proposes, and says yes to: %s\n  ballot       %s\n", wanted.Validator, decisionText(wanted.Decision), tx.NewBallotID(o.ID, 0))
		},
	})
}

// hashFile is the SHA-256 of a file that a decision rests on.
func hashFile(flag, path string) (sum [32]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("%s: %w", flag, err)
	}
	defer file.Close()
	h := sha256.New()
	if n, err := io.Copy(h, file); err != nil || n == 0 {
		return sum, fmt.Errorf("%s %s: nothing to read: %v", flag, path, err)
	}
	return [32]byte(h.Sum(nil)), nil
}

func newBallotProposeCommand() *cobra.Command {
	return group("propose", "open a ballot, with the own validator's yes",
		newProposeValidatorsCommand(), newProposeParameterCommand(), newProposeRulesCommand(), newProposeIssuerCommand(), newProposeAttestorCommand(),
		newProposeFreezeCommand(), newProposePoolCommand())
}

// propose makes the command of one kind of decision.
func propose(use, short, long, example string, names []string, flags func(*cobra.Command),
	decide func(ctx context.Context, client *sdk.Client, args []string) (tx.Decision, error)) *cobra.Command {
	var f proposal
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: "  umoja ballot propose " + example, Args: wants(names...),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, func(ctx context.Context, client *sdk.Client) (tx.Decision, error) { return decide(ctx, client, args) })
		},
	}
	f.add(cmd)
	if flags != nil {
		flags(cmd)
	}
	return cmd
}

func newProposeValidatorsCommand() *cobra.Command {
	var add, remove []string
	return propose("validators --key FILE [--add RECORD=ACCOUNT]… [--remove NAME]…", "another set of validators",
		`validators proposes the set in force with some added and some removed: as many of each, at most f; or three added; or three removed.
RECORD is the validator.json that umojad init wrote at the cooperative that comes, ACCOUNT the account that shall speak for it. Start the
new validator with "join = true" in its configuration: it catches up before it counts.`,
		"validators --key governor.key --add kisumu.json=umoja1… --remove nakuru", nil,
		func(cmd *cobra.Command) {
			cmd.Flags().StringArrayVar(&add, "add", nil, "a validator that comes: its record file, =, and the account that speaks for it")
			cmd.Flags().StringArrayVar(&remove, "remove", nil, "the name of one that leaves")
		},
		func(ctx context.Context, client *sdk.Client, _ []string) (tx.Decision, error) {
			set, err := client.Governors(ctx)
			if err != nil {
				return nil, err
			}
			return changedSet(ctx, client, set, add, remove)
		})
}

// changedSet is a set without those that leave, and with those that come.
func changedSet(ctx context.Context, client *sdk.Client, set []tx.Governor, add, remove []string) (tx.Decision, error) {
	if len(add)+len(remove) == 0 {
		return nil, errors.New("nothing changes: name who comes with --add and who leaves with --remove")
	}
	for _, name := range remove {
		left := slices.DeleteFunc(slices.Clone(set), func(v tx.Governor) bool { return v.Name == name })
		if len(left) == len(set) {
			return nil, fmt.Errorf("--remove %q: there is no such validator; umoja ballot validators lists them", name)
		}
		set = left
	}
	for _, text := range add {
		path, account, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--add %q is not RECORD=ACCOUNT", text)
		}
		var r genesis.ValidatorRecord
		if err := readJSON(path, &r); err != nil {
			return nil, err
		}
		v, err := r.Validator()
		if err != nil {
			return nil, fmt.Errorf("%s: %w; ask its operator for the validator.json that umojad init wrote", path, err)
		}
		if slices.ContainsFunc(set, func(o tx.Governor) bool { return o.Name == v.Name }) {
			return nil, fmt.Errorf("--add %s: there is a validator %q already", path, v.Name)
		}
		g := tx.Governor{Name: v.Name, Key: v.PublicKey(), TLSKeyHash: v.TLSKeyHash, PeerAddress: r.PeerAddress}
		if g.Account, err = findAccount(ctx, client, account); err != nil {
			return nil, err
		}
		set = append(set, g)
	}
	if n := len(set); n < tx.MinValidators || n%3 != 1 {
		return nil, fmt.Errorf("the set would have %d validators; it must have 4, 7, 10 and so on", n)
	}
	slices.SortFunc(set, func(a, b tx.Governor) int { return strings.Compare(a.Name, b.Name) })
	return tx.SetValidators{Validators: set}, nil
}

// parameters are what ballots may change, by the names that people use. Those in milliseconds are told as durations.
var parameters = []struct {
	name   string
	is     tx.Parameter
	lasts  bool
	counts string
}{
	{"attestations", tx.Attestations, false, "attestors for a first binding of a phone number"},
	{"move-delay", tx.MoveDelayMs, true, "how long a move of a phone number waits"},
	{"recovery-delay", tx.RecoveryDelayMs, true, "how long a recovery waits"},
	{"quarantine", tx.QuarantineMs, true, "how long a number that was given up stays away from others"},
	{"credit-interval", tx.CreditIntervalMs, true, "how long an account needs to earn a credit; 0s: nothing costs credits"},
	{"credit-burst", tx.CreditBurst, false, "how many credits an account saves up"},
}

// parameterText says a parameter and its value for people.
func parameterText(d tx.SetParameter) string {
	for _, p := range parameters {
		if p.is == d.Parameter && p.lasts {
			return fmt.Sprintf("%s becomes %s", p.name, time.Duration(d.Value)*time.Millisecond)
		}
		if p.is == d.Parameter {
			return fmt.Sprintf("%s becomes %d", p.name, d.Value)
		}
	}
	return fmt.Sprintf("parameter %d becomes %d", d.Parameter, d.Value)
}

func newProposeParameterCommand() *cobra.Command {
	long := "parameter proposes another value of a number that holds for everybody:\n\n"
	for _, p := range parameters {
		long += fmt.Sprintf("  %-16s %s\n", p.name, p.counts)
	}
	return propose("parameter --key FILE NAME VALUE", "another value of a parameter", strings.TrimSuffix(long, "\n"),
		"parameter --key governor.key move-delay 72h", []string{"NAME", "VALUE"}, nil,
		func(_ context.Context, _ *sdk.Client, args []string) (tx.Decision, error) {
			return parseParameter(args[0], args[1])
		})
}

func parseParameter(name, value string) (tx.Decision, error) {
	var names []string
	for _, p := range parameters {
		names = append(names, p.name)
		if p.name != name {
			continue
		}
		if p.lasts {
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 || d%time.Millisecond != 0 {
				return nil, fmt.Errorf("VALUE %q of %s is not a duration such as 72h or 500ms", value, name)
			}
			return tx.SetParameter{Parameter: p.is, Value: uint64(d.Milliseconds())}, nil
		}
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("VALUE %q of %s is not a whole number", value, name)
		}
		return tx.SetParameter{Parameter: p.is, Value: n}, nil
	}
	return nil, fmt.Errorf("NAME %q is no parameter; there are %s", name, strings.Join(names, ", "))
}

func newProposeRulesCommand() *cobra.Command {
	return propose("rules --key FILE VERSION", "the next version of the rules",
		"rules proposes that the next version of the rules holds. A validator whose program does not know it stops there: ask all first.",
		"rules --key governor.key 2 --after 336h", []string{"VERSION"}, nil,
		func(_ context.Context, _ *sdk.Client, args []string) (tx.Decision, error) {
			n, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("VERSION %q is not a whole number", args[0])
			}
			return tx.SetRules{Version: uint32(n)}, nil
		})
}

func newProposeIssuerCommand() *cobra.Command {
	var not bool
	return propose("issuer --key FILE ACCOUNT", "who may define assets", "issuer proposes that an account may define assets, or, with --not, that it no longer may.",
		"issuer --key governor.key umoja1…", []string{"ACCOUNT"},
		func(cmd *cobra.Command) { cmd.Flags().BoolVar(&not, "not", false, "it no longer may") },
		func(ctx context.Context, client *sdk.Client, args []string) (tx.Decision, error) {
			account, err := findAccount(ctx, client, args[0])
			return tx.SetIssuer{Account: account, Issuer: !not}, err
		})
}

func newProposeAttestorCommand() *cobra.Command {
	var not bool
	var name, keyText, provider string
	var endpoints []string
	return propose("attestor --key FILE ACCOUNT [--name NAME --attestor-key KEY]", "who vouches that somebody answers a phone number",
		"attestor proposes that an account enters the directory of attestors, or, with --not, that it leaves it.",
		"attestor --key governor.key umoja1… --name \"Posta\" --attestor-key 5c58…9639 --endpoint https://posta.example", []string{"ACCOUNT"},
		func(cmd *cobra.Command) {
			f := cmd.Flags()
			f.BoolVar(&not, "not", false, "it leaves the directory")
			f.StringVar(&name, "name", "", "its name, for people")
			f.StringVar(&keyText, "attestor-key", "", "the public key that it attests with")
			f.StringVar(&provider, "provider", "", "the provider that it belongs to, if any")
			f.StringArrayVar(&endpoints, "endpoint", nil, "where gateways reach it; may be given several times")
		},
		func(ctx context.Context, client *sdk.Client, args []string) (tx.Decision, error) {
			account, err := findAccount(ctx, client, args[0])
			if err != nil || not {
				return tx.RemoveAttestor{Account: account}, err
			}
			a := tx.Attestor{Account: account, Name: name, Endpoints: endpoints}
			if a.Key, err = parseKey(keyText); err != nil {
				return nil, fmt.Errorf("--attestor-key: %w", err)
			}
			if provider != "" {
				of, err := findAccount(ctx, client, provider)
				if err != nil {
					return nil, fmt.Errorf("--provider: %w", err)
				}
				a.Provider = &of
			}
			return tx.SetAttestor{Attestor: a}, nil
		})
}

func newProposeFreezeCommand() *cobra.Command {
	var lasts time.Duration
	var lift bool
	var reason string
	return propose("freeze --key FILE ACCOUNT --for DURATION --reason FILE", "nothing leaves an account for a time",
		`freeze proposes that nothing leaves an account for a time, at most 720h from when it takes effect; it ends by itself, or by --lift. The
SHA-256 of the reason is recorded for everybody: keep the file.`,
		"freeze --key governor.key umoja1… --for 72h --reason court-order.pdf", []string{"ACCOUNT"},
		func(cmd *cobra.Command) {
			cmd.Flags().DurationVar(&lasts, "for", 0, "how long from now")
			cmd.Flags().BoolVar(&lift, "lift", false, "lift a freeze")
			cmd.Flags().StringVar(&reason, "reason", "", "a file with the reason")
		},
		func(ctx context.Context, client *sdk.Client, args []string) (tx.Decision, error) {
			if (lasts > 0) == lift {
				return nil, errors.New("say with --for how long, or --lift")
			}
			if reason == "" {
				return nil, errors.New("--reason FILE is missing: nobody's money is frozen without one")
			}
			hash, err := hashFile("--reason", reason)
			if err != nil {
				return nil, err
			}
			d := tx.Freeze{EvidenceHash: hash}
			if d.Account, err = findAccount(ctx, client, args[0]); err != nil || lift {
				return d, err
			}
			d.UntilUnixMs, err = client.ExpiryIn(ctx, lasts)
			return d, err
		})
}

func newProposePoolCommand() *cobra.Command {
	return propose("pool --key FILE PROVIDER SHARES", "the size of a provider's pool of credits",
		"pool proposes how many accounts' credits a provider may use for its customers: 1 to 65536.",
		"pool --key governor.key \"Umoja Sandbox\" 2000", []string{"PROVIDER", "SHARES"}, nil,
		func(ctx context.Context, client *sdk.Client, args []string) (tx.Decision, error) {
			n, err := strconv.ParseUint(args[1], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("SHARES %q is not a whole number", args[1])
			}
			provider, err := client.FindProvider(ctx, args[0])
			if errors.Is(err, sdk.ErrNotFound) {
				return nil, fmt.Errorf("no provider has the name %s; umoja provider show lists them", quoted(args[0]))
			}
			return tx.SetPool{Provider: provider, Shares: uint32(n)}, err
		})
}

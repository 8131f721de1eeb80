package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// newEvidenceCommand shows, fetches and verifies evidence against validators.
func newEvidenceCommand() *cobra.Command {
	return group("evidence", "see, keep and verify proofs that a validator broke the rules",
		newEvidenceListCommand(), newEvidenceExportCommand(), newEvidenceVerifyCommand())
}

// evidenceDocument is evidence for programs.
type evidenceDocument struct {
	// Hash is SHA-256 of the file; a ballot cites it.
	Hash string `json:"hash"`
	// Guilty has one name, or of a fork all who cosigned both sides.
	Guilty  []string `json:"guilty"`
	Offence string   `json:"offence"`
	// HeldBy are the addresses of the validators that gave it; of a file none.
	HeldBy []string `json:"held_by,omitempty"`
	// Statements are what they signed, in words.
	Statements []string `json:"statements,omitempty"`
}

func newEvidenceListCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list what the validators have found against one another",
		Long: `list asks every validator for the evidence that it keeps, and verifies each piece against the genesis file. Evidence is two
statements that one validator signed and of which an honest one signs at most one, whatever it is told: two trees of one
size, two batches for one place, two votes in one election. What does not verify is left out and said on stderr.`,
		Example: "  umoja evidence list",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				all, err := gatherEvidence(ctx, cmd, client)
				if err != nil {
					return err
				}
				if asJSON {
					documents := []evidenceDocument{}
					for _, e := range all {
						documents = append(documents, evidenceDocument{Hash: hex.EncodeToString(e.Hash[:]), Guilty: []string{e.Validator}, Offence: string(e.Offence), HeldBy: e.HeldBy})
					}
					return printJSON(cmd.OutOrStdout(), documents)
				}
				return printEvidenceList(cmd.OutOrStdout(), all)
			})
		},
	}
	flags.add(cmd)
	addJSON(cmd, &asJSON)
	return cmd
}

// gatherEvidence asks all validators. One that does not answer is no reason to hide what the others say.
func gatherEvidence(ctx context.Context, cmd *cobra.Command, client *sdk.Client) ([]sdk.Evidence, error) {
	all, err := client.Evidence(ctx)
	if errors.Is(err, sdk.ErrUnavailable) {
		return nil, err
	}
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "note: %s\n", oneLine(err))
	}
	return all, nil
}

func printEvidenceList(out io.Writer, all []sdk.Evidence) error {
	if len(all) == 0 {
		fmt.Fprintln(out, "no evidence against any validator")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "VALIDATOR\tOFFENCE\tHELD BY\tHASH")
	for _, e := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%x\n", e.Validator, e.Offence, strings.Join(e.HeldBy, ", "), e.Hash)
	}
	return w.Flush()
}

// minHashPrefix is how many digits of a hash name evidence at least.
const minHashPrefix = 8

func newEvidenceExportCommand() *cobra.Command {
	var flags networkFlags
	var out string
	cmd := &cobra.Command{
		Use:   "export HASH --out FILE",
		Short: "fetch a piece of evidence, verify it, and keep it in a file",
		Long: `export writes a piece of evidence to a file that proves to anybody, offline, what the validator did. HASH is the one that
list shows, or its first 8 digits or more. The file is the same as in a validator's data folder.`,
		Example: "  umoja evidence export 3f9c21aa --out v3.evidence",
		Args:    wants("HASH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			prefix := strings.ToLower(args[0])
			if len(prefix) < minHashPrefix || len(prefix) > 64 || strings.Trim(prefix, "0123456789abcdef") != "" {
				return fmt.Errorf("HASH %q is not %d to 64 hexadecimal digits", args[0], minHashPrefix)
			}
			if out == "" {
				return fmt.Errorf("--out FILE is missing; see %s --help", cmd.CommandPath())
			}
			if err := checkEvidenceFile(out); err != nil {
				return err
			}
			return flags.reading(cmd, func(ctx context.Context, client *sdk.Client, _ *genesis.Genesis) error {
				all, err := gatherEvidence(ctx, cmd, client)
				if err != nil {
					return err
				}
				e, err := chooseEvidence(all, prefix)
				if err != nil {
					return err
				}
				if err := writeEvidenceFile(out, e.Raw); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s by %s\nwritten to %s\n", e.Offence, e.Validator, out)
				return nil
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&out, "out", "", "the file to write; older evidence in it is replaced")
	return cmd
}

func chooseEvidence(all []sdk.Evidence, prefix string) (found sdk.Evidence, err error) {
	matches := 0
	for _, e := range all {
		if strings.HasPrefix(hex.EncodeToString(e.Hash[:]), prefix) {
			found = e
			matches++
		}
	}
	switch matches {
	case 0:
		return found, fmt.Errorf("no validator that answered holds evidence %s: see umoja evidence list", prefix)
	case 1:
		return found, nil
	}
	return found, fmt.Errorf("%d pieces of evidence begin with %s: give more digits", matches, prefix)
}

func newEvidenceVerifyCommand() *cobra.Command {
	var flags networkFlags
	var light string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILE --genesis GENESIS",
		Short: "verify evidence offline, against the genesis file alone",
		Long: `verify checks evidence without asking anybody: that the validator signed both statements, with the key that the genesis file
names, and that an honest one never signs both. FILE is what export wrote, one from the folder "evidence" of a validator, or
a fork that a light client has kept (FILE.fork). The exit code is 0 if it holds and 1 if not.

Of a validator that came after the genesis the key is in the chain of validator sets that a light client keeps: give its file with
--light. umoja receipt verify --light FILE --online brings it up to today.`,
		Example: "  umoja evidence verify v3.evidence --genesis genesis.json\n  umoja evidence verify v5.evidence --genesis genesis.json --light seen.json",
		Args:    wants("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := flags.readGenesis()
			if err != nil {
				return err
			}
			d, err := verifyEvidenceFile(args[0], g, light)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printEvidence(cmd.OutOrStdout(), g, d)
		},
	}
	addDirFlag(cmd, &flags.dir)
	cmd.Flags().StringVar(&flags.genesis, "genesis", "", "the network's genesis file; by default the sandbox's")
	cmd.Flags().StringVar(&light, "light", "", "the file of a light client, which has the validator sets since the genesis")
	addJSON(cmd, &asJSON)
	return cmd
}

func printEvidence(out io.Writer, g *genesis.Genesis, d evidenceDocument) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "verified\nguilty\t%s\noffence\t%s\n", strings.Join(d.Guilty, ", "), d.Offence)
	for _, s := range d.Statements {
		fmt.Fprintf(w, "signed\t%s\n", s)
	}
	fmt.Fprintf(w, "hash\t%s\nnetwork\t%s (%s)\n", d.Hash, g.Name, g.Network())
	return w.Flush()
}

// statements says what was signed.
func statements(network tx.NetworkID, e checkpoint.Evidence) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, v := range e.Attestations {
		say("attestation of size %d, root %x, in epoch %d", v.Size, v.Root, v.Epoch)
	}
	for _, v := range e.Ratifications {
		say("ratification of size %d, root %x, in epoch %d", v.Size, v.Root, v.Epoch)
	}
	for _, c := range e.Cosignatures {
		say("cosignature of size %d, root %x", c.Size, c.Root)
	}
	for _, v := range e.EpochVotes {
		say("vote for epoch %d that names size %d, root %x, of epoch %d", v.Epoch, v.Certified.Size, v.Certified.Root, v.Certified.Epoch)
	}
	for _, b := range e.Batches {
		if h, hash, err := tx.ParseBatchHeader(network, b.Header); err == nil {
			say("batch %d of epoch %d in term %d, hash %x", h.Number, h.Epoch, h.Term, hash)
		}
	}
	for _, v := range e.Elections {
		say("vote for %s in term %d", v.Candidate, v.Term)
	}
	return out
}

package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/store"
)

// auditDocument is what audit prints for programs.
type auditDocument struct {
	// Passed is true; an audit that finds anything is an error.
	Passed    bool    `json:"passed"`
	Network   string  `json:"network"`
	Batches   uint64  `json:"batches"`
	Leaves    uint64  `json:"leaves"`
	TreeRoot  string  `json:"tree_root"`
	StateRoot string  `json:"state_root"`
	Supply    []money `json:"supply"`
	// FinalSize is the size of the stored final checkpoint, 0 before the first.
	FinalSize uint64 `json:"final_size"`
}

// newAuditCommand audits a stopped validator.
func newAuditCommand() *cobra.Command {
	var dir, genesisPath string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "audit --dir DIR/validatorN",
		Short: "replay a stopped validator's ledger from the genesis and check everything",
		Long: `audit founds the ledger again from the genesis file and applies the validator's whole history to it: every signature and
rule is checked again, and every state root and tree root must come out as it was recorded. It also scans the state: the
balances of each asset must sum to its supply. The validator must be stopped.`,
		Example: "  umoja audit --dir umoja-sandbox/validator1",
		Args:    wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("--dir is missing: name a stopped validator's folder, such as umoja-sandbox/validator1")
			}
			g, err := auditGenesis(dir, genesisPath)
			if err != nil {
				return err
			}
			s, err := openState(dir)
			if err != nil {
				return err
			}
			document, err := replay(cmd.Context(), s, g, progressOn(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), document)
			}
			return printAudit(cmd.OutOrStdout(), g, document)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the stopped validator's folder")
	cmd.Flags().StringVar(&genesisPath, "genesis", "", "the genesis file; by default the one in the folder or beside it")
	addJSON(cmd, &asJSON)
	return cmd
}

// auditGenesis reads the genesis file: a validator of its own has it in its folder, a sandbox's beside it.
func auditGenesis(dir, path string) (*genesis.Genesis, error) {
	if path == "" {
		path = filepath.Join(dir, "genesis.json")
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			path = filepath.Join(dir, "..", "genesis.json")
		}
	}
	flags := networkFlags{genesis: path}
	return flags.readGenesis()
}

// openState opens the state in a validator's folder.
func openState(dir string) (*store.Store, error) {
	path := filepath.Join(dir, "state")
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("no state in %s: name a validator's folder, such as umoja-sandbox/validator1", dir)
	}
	s, err := store.Open(path, store.Options{ReadOnly: true})
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("%w: stop the validator first", err)
	}
	if err != nil {
		return nil, err
	}
	if !s.Founded() {
		return nil, errors.Join(fmt.Errorf("the state in %s was never founded: the validator has not run yet", dir), s.Close())
	}
	return s, nil
}

// replay runs the audit and closes the store. When the context ends it returns at once and leaves the rest to the end of
// the process: the audit writes nothing.
func replay(ctx context.Context, s *store.Store, g *genesis.Genesis, progress func(batch, of uint64)) (auditDocument, error) {
	type finding struct {
		document auditDocument
		err      error
	}
	findings := make(chan finding, 1)
	go func() {
		head := s.Head()
		report, err := s.Replay(g, func(batch uint64) { progress(batch, head.Batch) })
		root := head.State.Root()
		d := auditDocument{
			Passed: err == nil, Network: report.Network.String(), Batches: report.Batches, Leaves: report.Leaves,
			TreeRoot: hex.EncodeToString(report.Root[:]), StateRoot: hex.EncodeToString(root[:]), FinalSize: report.FinalSize,
		}
		for _, asset := range report.Supply {
			d.Supply = append(d.Supply, money{Asset: asset.Code, Amount: asset.Supply.Text(asset.Scale), grouped: asset.Supply.Grouped(asset.Scale)})
		}
		findings <- finding{d, errors.Join(err, s.Close())}
	}()
	select {
	case f := <-findings:
		if f.err != nil {
			return auditDocument{}, fmt.Errorf("audit: %w", f.err)
		}
		return f.document, nil
	case <-ctx.Done():
		return auditDocument{}, fmt.Errorf("audit: %w", ctx.Err())
	}
}

// progressOn shows how far the audit is on a terminal, and nothing elsewhere.
func progressOn(w io.Writer) func(batch, of uint64) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(uint64, uint64) {}
	}
	return func(batch, of uint64) {
		switch {
		case batch == of:
			fmt.Fprint(f, "\r\033[K")
		case batch%100 == 0:
			fmt.Fprintf(f, "\rbatch %d of %d", batch, of)
		}
	}
}

func printAudit(out io.Writer, g *genesis.Genesis, d auditDocument) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "network\t%s (%s)\nbatches\t%d\nleaves\t%d\nfinal size\t%d\n", g.Name, d.Network, d.Batches, d.Leaves, d.FinalSize)
	fmt.Fprintf(w, "tree root\t%s\nstate root\t%s\n", d.TreeRoot, d.StateRoot)
	for _, supply := range d.Supply {
		fmt.Fprintf(w, "supply\t%s\n", supply)
	}
	fmt.Fprintln(w, "audit passed")
	return w.Flush()
}

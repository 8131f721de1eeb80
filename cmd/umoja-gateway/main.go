// Command umoja-gateway serves feature phones: for one provider, whose USSD callbacks it answers and whose text messages it sends, or, with
// --role attestor, for an attestor, which states that a person was reached at a phone number.
//
// Its life is `umoja-gateway --config gateway.toml` until SIGTERM or Ctrl-C, and exit code 0. It is a client of the
// ledger like any other: it signs with the provider's key under the grants that users gave it, and whatever was under way
// when it ended is taken up from its own store at the next start. What it cannot go on without (a key, its store, its
// port) ends it with exit code 1 and one line that says why.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/door"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that deferred calls are made.
func run() int {
	ctx, stop := daemon.Context(context.Background())
	defer stop()
	return daemon.Exit(os.Stderr, newCommand().ExecuteContext(ctx))
}

// The roles.
const (
	roleGateway  = "gateway"
	roleAttestor = "attestor"
)

func newCommand() *cobra.Command {
	var path, role string
	cmd := &cobra.Command{
		Use:           "umoja-gateway --config gateway.toml",
		Short:         "a USSD and SMS gateway of an Umoja network, or an attestor of one",
		Long:          long,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			serve, known := map[string]func(context.Context, string, io.Writer) error{roleGateway: serveGateway, roleAttestor: serveAttestor}[role]
			if !known {
				return fmt.Errorf("--role is %q, not %s or %s", role, roleGateway, roleAttestor)
			}
			if path == "" {
				return fmt.Errorf("--config is missing: name the %s.toml; see %s --help", role, cmd.CommandPath())
			}
			return serve(cmd.Context(), path, cmd.ErrOrStderr())
		},
	}
	cmd.PersistentFlags().StringVar(&path, "config", "", "the configuration file")
	cmd.Flags().StringVar(&role, "role", roleGateway, "what to be: gateway or attestor")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	cmd.AddCommand(newAdaptersCommand(), newCasesCommand(&path), newCustodyCommand(&path))
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

func serveGateway(ctx context.Context, path string, errs io.Writer) error {
	c, err := gateway.Load(path)
	if err != nil {
		return err
	}
	log, err := logger(errs, path, c.Log)
	if err != nil {
		return err
	}
	daemon.BoundMemory(door.MemoryBytes(c.MemoryMB))
	return gateway.Run(ctx, c, log)
}

func serveAttestor(ctx context.Context, path string, errs io.Writer) error {
	c, err := attestor.Load(path)
	if err != nil {
		return err
	}
	log, err := logger(errs, path, c.Log)
	if err != nil {
		return err
	}
	daemon.BoundMemory(door.MemoryBytes(c.MemoryMB))
	return attestor.Run(ctx, c, log)
}

func logger(w io.Writer, path, level string) (*slog.Logger, error) {
	log, err := daemon.Logger(w, level)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return log, nil
}

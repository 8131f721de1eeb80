// Command umojad is a validator: it orders, re-checks, attests and cosigns the ledger for one cooperative.
//
// Its life begins with `umojad init` on the operator's own machine, which makes the keys there and prints the public
// record for the genesis file; then `umojad --config validator.toml` serves until SIGTERM or Ctrl-C and exits with 0. A
// fatal error (a bad disk, a state that is not what was ordered) exits with 1 and one line that says why, so that a
// supervisor sees it. It never restarts itself and never makes a key anew.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/consensus/validator"
)

// memoryLimitBytes is what a validator of a million accounts needs on a small box, within 512 MB beside the page cache.
const memoryLimitBytes = 448 << 20

func main() { os.Exit(run()) }

// run is main with an exit code, so that deferred calls are made.
func run() int {
	ctx, stop := daemon.Context(context.Background())
	defer stop()
	return daemon.Exit(os.Stderr, newCommand().ExecuteContext(ctx))
}

func newCommand() *cobra.Command {
	var path, tiles, profiles string
	cmd := &cobra.Command{
		Use:   "umojad --config validator.toml",
		Short: "a validator of an Umoja network",
		Long: `umojad runs one validator until it is stopped by SIGTERM or Ctrl-C.

A new one begins with "umojad init", which makes its keys and its public record; "umoja network init" joins the
records of all validators into the genesis file.

Beside what "umojad init" writes, validator.toml takes: tiles, host:port where the history is served over HTTP for auditors
and mirrors (C2SP tlog-tiles), with tables [[witnesses]], url and key, that cosign it (C2SP tlog-witness); alias_key, the file with the network's alias key, without which
look-ups by phone number are refused; certificate and certificate_key, PEM files that secure the ports of clients and tiles, which are
plaintext without them; and a table [peers], name = "host:port", for peer addresses that are not those of the records.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if path == "" {
				return fmt.Errorf("--config is missing: name the validator.toml that umojad init wrote; see %s --help", cmd.CommandPath())
			}
			c, err := validator.Load(path)
			if err != nil {
				return err
			}
			if tiles != "" {
				c.Tiles = tiles
			}
			log, err := daemon.Logger(cmd.ErrOrStderr(), c.Log)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			daemon.BoundMemory(memoryLimitBytes)
			stop, err := daemon.ServeProfiles(profiles)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			return validator.Run(cmd.Context(), c, log)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the validator's configuration file")
	cmd.Flags().StringVar(&tiles, "tiles", "", "host:port where the history is served over HTTP, in the place of the configuration's")
	cmd.Flags().StringVar(&profiles, "profile", "", daemon.ProfileHelp)
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	cmd.AddCommand(newInitCommand())
	return cmd
}

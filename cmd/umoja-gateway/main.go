// Command umoja-gateway serves feature phones for one provider: it answers an aggregator's USSD posts and sends the text
// messages that follow.
//
// Its life is `umoja-gateway --config gateway.toml` until SIGTERM or Ctrl-C, and exit code 0. It is a client of the
// ledger like any other: it signs with the provider's key under the grants that users gave it, and whatever was under way
// when it ended is taken up from its own store at the next start. What it cannot go on without (a key, its store, its
// port) ends it with exit code 1 and one line that says why.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that deferred calls are made.
func run() int {
	ctx, stop := daemon.Context(context.Background())
	defer stop()
	return daemon.Exit(os.Stderr, newCommand().ExecuteContext(ctx))
}

func newCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:           "umoja-gateway --config gateway.toml",
		Short:         "a USSD and SMS gateway of an Umoja network",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path == "" {
				return fmt.Errorf("--config is missing: name the gateway.toml; see %s --help", cmd.CommandPath())
			}
			c, err := gateway.Load(path)
			if err != nil {
				return err
			}
			log, err := daemon.Logger(cmd.ErrOrStderr(), c.Log)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return gateway.Run(cmd.Context(), c, log)
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the gateway's configuration file")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	return cmd
}

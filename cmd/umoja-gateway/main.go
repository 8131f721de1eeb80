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

// long is the help; its example is held to be a configuration by a test.
const long = `umoja-gateway serves feature phones for one provider until it is stopped by SIGTERM or Ctrl-C.

The provider must stand in the genesis file; "umoja key new" makes its key, "umoja network init --help" shows how it is
founded. The alias key is the network's secret that turns phone numbers into aliases: every provider and every validator
has the same. The pepper is this provider's own, and without it no PIN can be checked. Both are files of 64 hexadecimal
digits, as "openssl rand -hex 32" makes them. Only the gateway's user may read key files. A gateway.toml; paths are
relative to its folder:
` + example + `
Also: turns_per_minute of one phone number, validators (addresses instead of those of the genesis file), log (debug,
info, warn or error).`

const example = `
  name = "mwanga"
  dir = "store"
  genesis = "genesis.json"
  validators_tls = "system"             # or a PEM file of the authorities behind the validators' certificates
  listen = "127.0.0.1:8080"             # HTTP; put TLS in front of it
  callback_path = "/ussd/f3b19c0e7d"    # long and secret: the aggregator authenticates itself by nothing else
  provider_key = "provider.key"
  alias_key = "alias.key"
  pepper = "pin.pepper"
  service_code = "*384*2050#"
  region = "KE"                         # where phone numbers without a country code are from
  asset = "KES"
  sms_url = "https://api.africastalking.com/version1/messaging"
  sms_username = "mwanga"
  sms_api_key_file = "sms.key"
  sms_from = "UMOJA"
`

func newCommand() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:           "umoja-gateway --config gateway.toml",
		Short:         "a USSD and SMS gateway of an Umoja network",
		Long:          long,
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

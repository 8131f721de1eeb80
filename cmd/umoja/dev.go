package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

// newDevCommand is the sandbox.
func newDevCommand() *cobra.Command {
	var dir string
	var o sandbox.Options
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "a whole network on this machine: four validators, a gateway, three attestors and phones with money",
		Long: `dev starts a network of separate processes in a folder: validators with their own keys and data, three attestors, and a
gateway that takes the posts of aggregators; with --providers 2 there is a second one, of a rival provider, dialled by *384*3060#. It prints a line that starts with "ready " when a payment has been made final and
read back from every validator, and then the posts of a payment to try.

Two phones are there from the start: +254711000001 (PIN 4071, 10,000.00 KES) and +254711000002 (PIN 8306, 500.00 KES); and an agent,
+254711000003 (PIN 2917, 50,000.00 KES), and a shop's till, +254711000004 (PIN 5283).
Ctrl-C stops everything; the next dev on the same folder goes on with all balances. To begin anew, remove the folder.`,
		Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("validators") && o.Validators == 0 {
				return errors.New("--validators is 0: a sandbox has 4, 7 or 10")
			}
			if cmd.Flags().Changed("providers") && o.Providers == 0 {
				return errors.New("--providers is 0: a sandbox has 1 or 2")
			}
			o.Folder, o.Out, o.Progress = sandbox.Folder(dir), cmd.OutOrStdout(), cmd.ErrOrStderr()
			return sandbox.Run(cmd.Context(), o)
		},
	}
	addDirFlag(cmd, &dir)
	f := cmd.Flags()
	f.StringVar(&o.HTTP, "http", "127.0.0.1:8080", "where the gateway takes USSD posts, host:port; port 0 is any free one")
	f.StringVar(&o.GRPC, "grpc", "127.0.0.1:7070", "validator 1's public service, host:port; the others take the next ports; port 0 is any free ones")
	f.IntVar(&o.Validators, "validators", 0, "how many validators: 4, 7 or 10 (default 4, or as many as the folder has)")
	f.IntVar(&o.Providers, "providers", 0, "how many providers run a gateway: 1 or 2 (default 1); the second takes the port after --http")
	cmd.AddCommand(newDevStatusCommand(), newDevRestartCommand(), newDevFundCommand())
	return cmd
}

func newDevStatusCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "print the state of the sandbox as JSON: processes, addresses, leader and sizes",
		Args:  wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := sandbox.Folder(dir).Status(cmd.Context())
			if err != nil {
				return err
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			if err := e.Encode(s); err != nil {
				return fmt.Errorf("print status: %w", err)
			}
			return nil
		},
	}
	addDirFlag(cmd, &dir)
	return cmd
}

func newDevRestartCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:     "restart N|gateway|gateway2|attestorN",
		Short:   "have the running sandbox start a validator (from 1), a gateway or an attestor again, and wait until it serves",
		Example: "  umoja dev restart 2",
		Args:    wants("N or gateway"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sandbox.Folder(dir).Restart(cmd.Context(), args[0]); err != nil {
				return err
			}
			role := args[0]
			if strings.Trim(role, "0123456789") == "" {
				role = "validator " + role
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s serves again\n", role)
			return nil
		},
	}
	addDirFlag(cmd, &dir)
	return cmd
}

func newDevFundCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "fund ACCOUNT AMOUNT",
		Short: "pay from the sandbox's issuer, and wait until the payment is final",
		Long: `fund pays KES from the issuer to ACCOUNT: a phone number (+254...), an account number, or an account's text (umoja1...).
It exists on test networks only.`,
		Example: "  umoja dev fund +254711000001 250.00",
		Args:    wants("ACCOUNT", "AMOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := sandbox.Folder(dir).Fund(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "paid %s %s to %s\nfinal: receipt %s, transaction %s\n",
				p.Amount.Grouped(p.Scale), p.Code, args[0], p.Outcome.ReceiptCode, p.Outcome.ID)
			return nil
		},
	}
	addDirFlag(cmd, &dir)
	cmd.SetFlagErrorFunc(explainSign)
	return cmd
}

// newChildCommands are what the sandbox's children run: this binary again, so that one file is a whole network.
func newChildCommands() []*cobra.Command {
	return []*cobra.Command{
		newChildCommand(sandbox.ValidatorCommand, func(ctx context.Context, path string, logger func(string) (*slog.Logger, error)) error {
			c, err := validator.Load(path)
			if err != nil {
				return err
			}
			log, err := logger(c.Log)
			if err != nil {
				return err
			}
			return validator.Run(ctx, c, log)
		}),
		newChildCommand(sandbox.GatewayCommand, func(ctx context.Context, path string, logger func(string) (*slog.Logger, error)) error {
			c, err := gateway.Load(path)
			if err != nil {
				return err
			}
			log, err := logger(c.Log)
			if err != nil {
				return err
			}
			return gateway.Run(ctx, c, log)
		}),
		newChildCommand(sandbox.AttestorCommand, func(ctx context.Context, path string, logger func(string) (*slog.Logger, error)) error {
			c, err := attestor.Load(path)
			if err != nil {
				return err
			}
			log, err := logger(c.Log)
			if err != nil {
				return err
			}
			return attestor.Run(ctx, c, log)
		}),
	}
}

type childFunc func(ctx context.Context, path string, logger func(level string) (*slog.Logger, error)) error

// newChildCommand runs a child until it is told to end, or until its standard input does: the parent is gone then.
func newChildCommand(name string, run childFunc) *cobra.Command {
	var path, profiles string
	cmd := &cobra.Command{
		Use: name, Hidden: true, Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			go func() {
				_, _ = io.Copy(io.Discard, os.Stdin) // However it ends, the parent is gone.
				cancel()
			}()
			stop, err := daemon.ServeProfiles(profiles)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, stop()) }()
			return run(ctx, path, func(level string) (*slog.Logger, error) { return daemon.Logger(os.Stderr, level) })
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the configuration file")
	cmd.Flags().StringVar(&profiles, sandbox.ProfileFlag, "", daemon.ProfileHelp)
	return cmd
}

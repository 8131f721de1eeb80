package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// newRootCommand is the list of all commands.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "umoja",
		Short: "payments for places where the network is poor and the phone is a feature phone",
		Long: `umoja is the wallet, the operator's tool and the sandbox of the Umoja payments protocol.

Start with "umoja dev": a whole network on this machine, with two phones that hold money.`,
		// Errors are printed once, by main, and a mistake that is not in the flags is not answered with the flags.
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(
		newDevCommand(),
		newNetworkCommand(),
		newPhoneCommand(),
		newKeyCommand(),
		newAccountCommand(),
		newPayCommand(),
		newBulkCommand(),
		newHoldCommand(),
		newRequestCommand(),
		newReturnCommand(),
		newGrantCommand(),
		newSubmitCommand(),
		newBalanceCommand(),
		newHistoryCommand(),
		newReceiptCommand(),
		newEvidenceCommand(),
		newBallotCommand(),
		newProviderCommand(),
		newAssetCommand(),
		newAuditCommand(),
		newBenchCommand(), newSimCommand(),
	)
	root.AddCommand(newChildCommands()...)
	explainArgs(root)
	return root
}

// explainArgs has every command say how it is used when its arguments are too many or too few.
func explainArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		explainArgs(sub)
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fmt.Errorf("%w; usage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
}

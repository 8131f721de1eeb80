package main

import "github.com/spf13/cobra"

// newNetworkCommand founds and shows networks.
func newNetworkCommand() *cobra.Command {
	return &cobra.Command{Use: "network", Short: "found a network, and show what a genesis file says"}
}

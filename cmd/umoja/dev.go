package main

import "github.com/spf13/cobra"

// newDevCommand is the sandbox.
func newDevCommand() *cobra.Command {
	return &cobra.Command{Use: "dev", Short: "a whole network on this machine"}
}

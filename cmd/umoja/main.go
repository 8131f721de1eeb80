// Command umoja is the wallet, the operator's tool and the sandbox.
//
// One invocation is one command: cobra reads the flags, the command's file does the work against a network named by
// --dir or --genesis, and the exit code is 0 or 1. An error is one line on stderr that starts with "error: " and says
// what to do; nothing that a command prints on stdout is mixed with it. `umoja dev` is the exception in length: it stays,
// the parent of a whole network of processes (package sandbox), until it is interrupted.
package main

import (
	"context"
	"os"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
)

func main() { os.Exit(run()) }

// run is main with an exit code, so that deferred calls are made.
func run() int {
	ctx, stop := daemon.Context(context.Background())
	defer stop()
	return daemon.Exit(os.Stderr, newRootCommand().ExecuteContext(ctx))
}

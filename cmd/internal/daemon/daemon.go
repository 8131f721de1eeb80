// Package daemon is what the long-running programs have in common: how they begin, how they log, how much memory they take and how they end.
//
// A daemon lives from its configuration to a signal. Context ends on SIGTERM or Ctrl-C, once; a second signal ends the
// process at once, so that somebody who is tired of waiting need not look for its pid. Exit turns what is left into one
// line and an exit code.
package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// Context ends with parent, or at the first SIGINT or SIGTERM. The second one has the usual effect again.
func Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// Logger writes lines of key=value to w from a level (debug, info, warn or error) on; "" is info.
func Logger(w io.Writer, level string) (*slog.Logger, error) {
	var from slog.Level
	if level != "" {
		if err := from.UnmarshalText([]byte(level)); err != nil {
			return nil, fmt.Errorf("log is %q, not debug, info, warn or error", level)
		}
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: from})), nil
}

// Exit gives the exit code of an error, 0 or 1, and writes the error as one line.
func Exit(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(w, "error: %v\n", err)
	return 1
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// money is an amount with its asset, as --json writes it: decimal text, so that no reader makes a float of it.
type money struct {
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
	// grouped is the amount for people.
	grouped string
}

// String is the amount for people, such as 1,234.50 KES.
func (m money) String() string { return m.grouped + " " + m.Asset }

// addJSON defines --json.
func addJSON(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, "print JSON for programs; the field names are stable")
}

// printJSON writes a document for programs.
func printJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(document); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

// clock is ledger time for people, in the zone of this machine.
func clock(unixMs uint64) string { return time.UnixMilli(int64(unixMs)).Format("2006-01-02 15:04:05") }

// quoted writes text of a stranger's in quotes, so that it cannot steer the terminal.
func quoted(text string) string { return strconv.QuoteToGraphic(text) }

// oneLine joins the lines of an error.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

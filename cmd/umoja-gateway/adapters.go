package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/africastalking"
	"github.com/umoja-ledger/umoja/ussd/infobip"
	"github.com/umoja-ledger/umoja/ussd/kannel"
	"github.com/umoja-ledger/umoja/ussd/smpp"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// newAdaptersCommand lists what a gateway can speak.
func newAdaptersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "adapters",
		Short: "list the aggregators and carriers, and how well the wire form of each is known",
		Long: `adapters lists what kind can be in [[aggregators]], [[sms]] and [[smpp]] tables, where and when each wire form was read, and
whether it was confirmed against the carrier or its software. Try an unconfirmed one with the carrier before people use it:
the last column says what to look at first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listAdapters(cmd.OutOrStdout()) },
	}
}

// smsWires are the carriers that messages are sent by over HTTP.
var smsWires = []carrier.Wire{africastalking.SMS, infobip.SMS, kannel.SMS}

func listAdapters(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, c)
		}
		fmt.Fprintln(w)
	}
	row("USSD", "CONFIRMED", "WIRE FORM", "READ", "SOURCE", "DOUBT")
	for _, r := range registry.Rows() {
		row(r.Name, r.Confirmed, r.Wire, r.Date, r.Source, r.Doubt)
	}
	for _, f := range smpp.Facts() {
		if f.Name != "smpp" {
			row(f.Name, confirmed(f.Confirmed), "SMPP 3.4, last input", f.Date, f.Source, f.Doubt)
		}
	}
	row()
	row("SMS", "CONFIRMED", "WIRE FORM", "READ", "SOURCE", "DOUBT")
	for _, c := range smsWires {
		row(c.Name, confirmed(c.Confirmed), c.Sends+"; reports: "+c.Reports+"; from people: "+c.Receives, c.Date, c.Source, c.Doubt)
	}
	for _, f := range smpp.Facts() {
		if f.Name == "smpp" {
			row(f.Name, confirmed(f.Confirmed), "SMPP 3.4", f.Date, f.Source, f.Doubt)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print adapters: %w", err)
	}
	return nil
}

func confirmed(yes bool) string {
	if yes {
		return "yes"
	}
	return "unconfirmed"
}

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

// newCasesCommand lists and answers the complaints of a gateway that runs, for the provider's people.
func newCasesCommand(config *string) *cobra.Command {
	cases := &cobra.Command{Use: "cases", Short: "list and answer complaints of a gateway that runs", Args: cobra.NoArgs}
	var all bool
	list := &cobra.Command{
		Use: "list", Short: "list open complaints, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			control, err := openControl(*config)
			if err != nil {
				return err
			}
			defer control.Close()
			return listCases(cmd, control, all)
		},
	}
	list.Flags().BoolVar(&all, "all", false, "closed ones too")
	answer := &cobra.Command{
		Use: "answer NUMBER [TEXT]", Short: "close a complaint with a text, or without one say that somebody looks at it; the person gets an SMS",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := ussd.ParseCaseNumber(args[0])
			if err != nil {
				return err
			}
			control, err := openControl(*config)
			if err != nil {
				return err
			}
			defer control.Close()
			if len(args) == 1 {
				return control.Answer(cmd.Context(), number, ussd.CaseLooked, "")
			}
			return control.Answer(cmd.Context(), number, ussd.CaseClosed, args[1])
		},
	}
	cases.AddCommand(list, answer)
	return cases
}

func openControl(config string) (*gateway.Control, error) {
	if config == "" {
		return nil, fmt.Errorf("--config is missing: name the gateway.toml")
	}
	c, err := gateway.Load(config)
	if err != nil {
		return nil, err
	}
	return gateway.NewControl(c), nil
}

// listCases prints page after page.
func listCases(cmd *cobra.Command, control *gateway.Control, all bool) error {
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "CASE\tOPENED\tPHONE\tABOUT\tPAYMENT\tSTATE\tANSWER")
	from := ussd.CaseNumber(0)
	for {
		cases, err := control.Cases(cmd.Context(), all, from)
		if err != nil {
			return err
		}
		if len(cases) == 0 {
			return out.Flush()
		}
		for _, c := range cases {
			from = c.Number + 1
			payment := "-"
			if c.Payment != nil {
				payment = c.Payment.ReceiptCode
			}
			opened := time.UnixMilli(int64(c.OpenedAtUnixMs)).UTC().Format("2006-01-02T15:04Z")
			row := []string{c.Number.Text(), opened, string(c.Phone), string(c.About), payment, string(c.State), c.Answer}
			fmt.Fprintln(out, strings.Join(row, "\t"))
		}
	}
}

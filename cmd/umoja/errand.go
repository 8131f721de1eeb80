package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/spf13/cobra"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// errand is one operation that a command wants done, once.
type errand struct {
	// doing is what is wanted, in words and without a phone number, such as "pay 150.00 KES".
	doing string
	// build finds out what is needed and makes the operation.
	build func(ctx context.Context) (tx.Operation, error)
	// same says whether an operation of an earlier run was this errand, where that is known without building it again: what it was about may
	// have ended by it. nil compares what build makes.
	same func(was tx.Operation) bool
	// tell says what was done; o is final and applied.
	tell func(out io.Writer, o sdk.Outcome)
	// made says that an earlier run did it, so that nothing more was done.
	made string
	// receipt is a file for the receipt; empty when none is wanted.
	receipt string
}

// run settles what was left open, and then does the errand; when it was this errand that was left open, it is not done again.
func (p *purse) run(cmd *cobra.Command, e errand) error {
	if e.receipt != "" {
		if err := checkReceiptFile(e.receipt); err != nil {
			return err
		}
	}
	settled, err := p.resume(cmd.Context(), cmd.OutOrStdout())
	if err != nil {
		return p.stillOpen(err)
	}
	if outcome, ok := did(settled, e.same); ok {
		fmt.Fprintln(cmd.OutOrStdout(), e.made)
		return p.end(cmd, e, outcome)
	}
	ctx, cancel := p.within(cmd.Context())
	defer cancel()
	operation, err := e.build(ctx)
	if err != nil {
		return p.settled(cmd.ErrOrStderr(), e.doing, sdk.Outcome{}, err)
	}
	same := func(was tx.Operation) bool { return reflect.DeepEqual(timeless(was), timeless(operation)) }
	if outcome, ok := did(settled, same); ok && e.same == nil {
		fmt.Fprintln(cmd.OutOrStdout(), e.made)
		return p.end(cmd, e, outcome)
	}
	outcome, err := p.wallet.Do(ctx, operation)
	if err := p.settled(cmd.ErrOrStderr(), e.doing, outcome, err); err != nil {
		return err
	}
	e.tell(cmd.OutOrStdout(), outcome)
	fmt.Fprintf(cmd.OutOrStdout(), "  receipt code %s\n  transaction  %s\n", outcome.ReceiptCode, outcome.ID)
	return p.end(cmd, e, outcome)
}

// end keeps the receipt, and makes an error of legs that were refused.
func (p *purse) end(cmd *cobra.Command, e errand, o sdk.Outcome) error {
	if err := p.keepReceipt(cmd, e.receipt, o); err != nil {
		return err
	}
	if n := len(o.Result.Legs); n > 0 {
		return fmt.Errorf("%s: %d legs were refused; the others are paid", e.doing, n)
	}
	return nil
}

// did finds what was applied of what is asked for now among what was left open.
func did(settled []earlier, same func(was tx.Operation) bool) (sdk.Outcome, bool) {
	for _, e := range settled {
		if same != nil && e.outcome.Applied() && slices.ContainsFunc(e.body.Operations, same) {
			return e.outcome, true
		}
	}
	return sdk.Outcome{}, false
}

// timeless takes out what a command makes from the clock.
func timeless(operation tx.Operation) tx.Operation {
	switch o := operation.(type) {
	case tx.PlaceHold:
		o.ExpiresAtUnixMs = 0
		return o
	case tx.RequestPayment:
		o.ExpiresAtUnixMs = 0
		return o
	case tx.IssueGrant:
		o.ExpiresAtUnixMs = 0
		return o
	case tx.Propose:
		o.ExpiresAtUnixMs, o.EffectiveAtUnixMs = 0, 0
		if freeze, ok := o.Decision.(tx.Freeze); ok && freeze.UntilUnixMs != 0 {
			freeze.UntilUnixMs = 1
			o.Decision = freeze
		}
		return o
	}
	return operation
}

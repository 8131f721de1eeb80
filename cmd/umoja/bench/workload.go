package bench

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Workload is what is sent, and how.
type Workload struct {
	// Name is what people call it, Says what it is.
	Name, Says string
	// legs is how many are paid by each transaction.
	legs int
	// hot says that all pay one.
	hot bool
	// reads is how many reads go with each payment.
	reads int
	// stream says that envelopes go by streams, not by calls.
	stream bool
	// callers is how many wait for an answer at a time unless the options say otherwise.
	callers int
	// payers is how many accounts there are unless the options say otherwise.
	payers int
	// ussd says that people pay by handsets before the gateway.
	ussd bool
}

// Workloads are all of them.
var Workloads = []Workload{
	{Name: "unary", Says: "single signed transfers, a call each", legs: 1, callers: 4096, payers: 1000},
	{Name: "stream", Says: "single signed transfers over streams", legs: 1, stream: true, callers: 4096, payers: 1000},
	{Name: "bulk", Says: "400 transfers a transaction, over streams", legs: tx.MaxLegs, stream: true, callers: 64, payers: 1000},
	{Name: "hot", Says: "as stream, all pay one merchant", legs: 1, hot: true, stream: true, callers: 4096, payers: 1000},
	{Name: "mixed", Says: "a call each, nine reads to a payment", legs: 1, reads: 9, callers: 512, payers: 1000},
	{Name: "ussd", Says: "people pay by handsets before the gateway, over HTTP", legs: 1, ussd: true, callers: 32, payers: 64},
}

// Names are the names of all.
func Names() []string {
	var names []string
	for _, w := range Workloads {
		names = append(names, w.Name)
	}
	return names
}

// ByPhone says whether a workload needs a gateway to pay through.
func ByPhone(name string) bool {
	w, _ := workloadOf(name)
	return w.ussd
}

// Callers is how many payments of a workload wait for an answer at a time, unless the options say otherwise.
func Callers(name string) int {
	w, _ := workloadOf(name)
	return w.callers
}

func workloadOf(name string) (Workload, bool) {
	for _, w := range Workloads {
		if w.Name == name {
			return w, true
		}
	}
	return Workload{}, false
}

// form says who pays whom in the i-th transaction: everybody in turn pays those that come next.
func (w Workload) form(payers int) func(i int) (int, []int) {
	return func(i int) (int, []int) {
		debit := i % payers
		if w.hot {
			return 1 + i%(payers-1), []int{0}
		}
		credits := make([]int, w.legs)
		for k := range credits {
			credits[k] = (debit + 1 + (i/payers+k)%(payers-1)) % payers
		}
		return debit, credits
	}
}

// sender sends a transaction and waits until it has come to the stage.
type sender interface {
	send(ctx context.Context, it item, wait apiv1.Stage) (*apiv1.TransactionStatus, error)
}

// unary sends by one call each, to one validator.
type unary struct{ validator apiv1.LedgerServiceClient }

func (u unary) send(ctx context.Context, it item, wait apiv1.Stage) (*apiv1.TransactionStatus, error) {
	res, err := u.validator.Submit(ctx, &apiv1.SubmitRequest{Envelope: it.signed.Envelope(), Wait: wait})
	return res.GetStatus(), err
}

// outcomeOf says in a word what an answer is: empty for what is wanted.
func outcomeOf(s *apiv1.TransactionStatus, wait apiv1.Stage, err error) string {
	switch {
	case err != nil && status.Code(err) == codes.Unknown:
		return err.Error()
	case err != nil:
		return reasonOf(err)
	case s.GetStage() < wait:
		return fmt.Sprintf("ended at stage %s", s.GetStage())
	case tx.Code(s.GetResult().GetCode()) != tx.OK:
		return tx.Code(s.GetResult().GetCode()).String()
	}
	return ""
}

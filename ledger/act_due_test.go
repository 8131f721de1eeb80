package ledger_test

import (
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
)

func init() { reads["due?"] = (*words).dueLine }

// dueLine reads "due?": when the next batch has something to do by itself.
func (w *words) dueLine() string {
	w.t.Helper()
	w.end()
	at, ok, err := ledger.NextDue(w.chain.Memory)
	switch {
	case err != nil:
		w.fail("%v", err)
	case !ok:
		return "nothing is waiting"
	}
	return fmt.Sprintf("due in %v", time.Duration(at-w.chain.TimeUnixMs)*time.Millisecond)
}

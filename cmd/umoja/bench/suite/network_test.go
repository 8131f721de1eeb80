package suite

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// TestRestless: a network whose validators never come to one final size is stopped and audited all the same, and fails: the row is wrong, and not to be tried
// again. A run that is cut off meanwhile says nothing of it.
func TestRestless(t *testing.T) {
	for _, c := range []struct {
		name      string
		cut       bool
		histories error
		verdict   Verdict
		wrong     bool
	}{
		{"every history is right", false, nil, Missed, true},
		{"the histories are wrong too", false, errors.New("a bad root"), Missed, true},
		{"cut off", true, nil, Unjudged, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				stopped, audited := 0, 0
				r := &run{result: &Result{}, told: teller{out: t.Output()}, o: Options{Audit: func(context.Context, string) (Root, error) { audited++; return Root{}, c.histories }}}
				r.networks = []*network{{run: r, folder: sandbox.Folder(dir), validators: 1, stop: func() error { stopped++; return nil }}} // An empty folder is never at rest.
				if c.cut {
					cancel()
				}
				err := r.audit(ctx)
				if err != nil {
					r.result.Error = err.Error()
				}
				if r.result.judge(); r.result.Verdict != c.verdict || r.result.Wrong != c.wrong || c.cut != errors.Is(err, context.Canceled) {
					t.Errorf("%s, wrong %v: %s; %v", r.result.Verdict, r.result.Wrong, r.result.Why, err)
				}
				if !c.cut && (stopped != 1 || audited != 1) {
					t.Errorf("stopped %d times, %d histories audited", stopped, audited)
				}
			})
		})
	}
}

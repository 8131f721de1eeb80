package bench

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// scripted is a validator that answers after a while: with an outcome, or an error.
type scripted struct {
	after time.Duration
	code  codes.Code
	asked int
}

func (s *scripted) send(ctx context.Context, _ item, _ apiv1.Stage) (*apiv1.TransactionStatus, error) {
	s.asked++
	select {
	case <-time.After(s.after):
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if s.code != codes.OK {
		return nil, status.Error(s.code, "as scripted")
	}
	return &apiv1.TransactionStatus{Stage: apiv1.Stage_STAGE_FINAL}, nil
}

// TestPersist: whoever pays asks the next validator as well after a while, goes on listening to the first, and is told what is refused.
func TestPersist(t *testing.T) {
	const never = time.Hour
	for _, c := range []struct {
		name          string
		first, second scripted
		took          time.Duration
		code          codes.Code
		asked         [2]int
	}{
		{"the first answers", scripted{after: time.Second}, scripted{}, time.Second, codes.OK, [2]int{1, 0}},
		{"the first is silent", scripted{after: never}, scripted{after: time.Second}, 2500 * time.Millisecond, codes.OK, [2]int{1, 1}},
		{"the first answers before the second", scripted{after: 2 * time.Second}, scripted{after: time.Second}, 2 * time.Second, codes.OK, [2]int{1, 1}},
		{"the first is gone", scripted{code: codes.Unavailable}, scripted{after: time.Second}, 1020 * time.Millisecond, codes.OK, [2]int{1, 1}},
		{"it is refused", scripted{after: time.Second, code: codes.InvalidArgument}, scripted{}, time.Second, codes.InvalidArgument, [2]int{1, 0}},
		{"nobody answers", scripted{after: never}, scripted{after: never}, time.Minute, codes.DeadlineExceeded, [2]int{1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				l := &load{final: []sender{&c.first, &c.second}}
				begun := time.Now()
				s, err := l.persist(ctx, item{}, 0)
				if took := time.Since(begun); took != c.took || status.Code(status.FromContextError(err).Err()) != c.code && status.Code(err) != c.code {
					t.Errorf("after %v: %v, %v", took, s, err)
				}
				cancel()
				synctest.Wait()
				if asked := [2]int{c.first.asked, c.second.asked}; asked != c.asked {
					t.Errorf("asked %v times", asked)
				}
				if (s.GetStage() == apiv1.Stage_STAGE_FINAL) != (c.code == codes.OK) {
					t.Errorf("%v", s)
				}
			})
		})
	}
}

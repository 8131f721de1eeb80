package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
)

const (
	// awaitWithin is how long Await waits.
	awaitWithin = 2 * time.Minute
	// awaitPoll is how often it looks: nobody tells what a sandbox has come to.
	awaitPoll = 300 * time.Millisecond
)

// Await asks for the sandbox's status until it is as wanted. What is for the error.
func (f Folder) Await(ctx context.Context, what string, wanted func(Status) bool) error {
	for end := time.Now().Add(awaitWithin); time.Now().Before(end); {
		if s, err := f.Status(ctx); err == nil && wanted(s) {
			return nil
		}
		if err := daemon.Sleep(ctx, awaitPoll); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: not within %s", what, awaitWithin)
}

// AwaitFinal waits until what is accepted now is final at every validator that lives.
func (f Folder) AwaitFinal(ctx context.Context) error {
	var s Status
	err := f.Await(ctx, "an answer of the sandbox", func(now Status) bool { s = now; return true })
	if err != nil {
		return err
	}
	most := uint64(0)
	for _, v := range s.Validators {
		most = max(most, v.AcceptedSize)
	}
	return f.Await(ctx, fmt.Sprintf("%d leaves final at all validators", most), func(s Status) bool {
		for _, v := range s.Validators {
			if v.Pid != 0 && (v.Error != "" || v.FinalSize < most) {
				return false
			}
		}
		return true
	})
}

// Level says that every validator answers and is at most a little behind.
func (s Status) Level() bool {
	const little = 1000
	most := uint64(0)
	for _, v := range s.Validators {
		most = max(most, v.FinalSize)
	}
	for _, v := range s.Validators {
		if v.Error != "" || v.FinalSize+little < most {
			return false
		}
	}
	return true
}

// Quiet says that every validator has made final all that was accepted.
func (s Status) Quiet() bool {
	for _, v := range s.Validators {
		if v.Error != "" || v.FinalSize != s.Validators[0].AcceptedSize {
			return false
		}
	}
	return true
}

// Leader is the place of the validator that leads, from 0, or -1.
func (s Status) Leader() int {
	for i, v := range s.Validators {
		if v.Leader && v.Pid != 0 {
			return i
		}
	}
	return -1
}

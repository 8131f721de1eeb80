package ussd

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheTurnstileLetsOneTurnOfAPhoneThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurnstile()
		release, err := ts.enter(t.Context(), "+1")
		if err != nil {
			t.Fatal(err)
		}
		if other, err := ts.enter(t.Context(), "+2"); err != nil {
			t.Error("another phone had to wait")
		} else {
			other()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := ts.enter(ctx, "+1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second turn: %v", err)
		}
		entered := make(chan struct{})
		go func() {
			release, err := ts.enter(t.Context(), "+1")
			if err != nil {
				t.Error(err)
			}
			close(entered)
			release()
		}()
		synctest.Wait()
		select {
		case <-entered:
			t.Error("two are through")
		default:
		}
		release()
		<-entered
		synctest.Wait()
		if len(ts.gates) != 0 {
			t.Errorf("%d gates are left", len(ts.gates))
		}
	})
}

func TestTheTurnstileIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := newTurnstile()
		ctx, cancel := context.WithCancel(t.Context())
		for range maxWaiting {
			go func() { _, _ = ts.enter(ctx, "+1") }()
		}
		synctest.Wait()
		if _, err := ts.enter(ctx, "+1"); !errors.Is(err, errCrowded) {
			t.Errorf("got %v", err)
		}
		cancel()
		for i := range maxPhones {
			if _, err := ts.enter(t.Context(), Phone(fmt.Sprint("+", i+100))); err != nil && !errors.Is(err, errCrowded) {
				t.Fatal(err)
			}
		}
		if len(ts.gates) > maxPhones {
			t.Errorf("%d gates", len(ts.gates))
		}
	})
}

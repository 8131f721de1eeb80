package ussdtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
)

const stranger ussd.Phone = "+254722000003"

var errCrash = errors.New("crash")

// crashAt has the store break at its nth commit, before or after it.
func crashAt(w *World, when string, n int) (crashed func() bool) {
	var commits atomic.Int64 // The tasks of the gateway commit too, beside the turns, once they run.
	hook := func() error {
		if commits.Add(1) == int64(n) {
			return errCrash
		}
		return nil
	}
	if when == "before" {
		w.Store.Interrupt(hook, nil)
	} else {
		w.Store.Interrupt(nil, hook)
	}
	return func() bool { return commits.Load() >= int64(n) }
}

// everyCrash runs a test for a crash before and after each of the first commits.
func everyCrash(t *testing.T, commits int, test func(t *testing.T, w *World, when string, n int)) {
	for _, when := range []string{"before", "after"} {
		for n := 1; n <= commits; n++ {
			if testing.Short() && n%4 != 1 {
				continue // What goes on at once is the same at each commit.
			}
			t.Run(fmt.Sprintf("%s commit %d", when, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { test(t, NewWorld(t), when, n) })
			})
		}
	}
}

// typed posts a session turn by turn; the store breaks on the way, the gateway is started again, and the aggregator repeats the turn.
func typed(w *World, when string, n int, answers ...string) (screen string, crashed bool) {
	w.Stop() // Only the turns commit, so that n means the same each time.
	broke := crashAt(w, when, n)
	for i := 0; i <= len(answers); i++ {
		transcript := strings.Join(answers[:i], "*")
		if screen = w.Post(Amina, "s", transcript); !crashed && broke() {
			crashed = true
			w.Start()
			screen = w.Post(Amina, "s", transcript)
		}
	}
	w.Store.Interrupt(nil, nil)
	if !crashed {
		w.Start()
	}
	return screen, crashed
}

// Money for a stranger is kept once, and the stranger is told once.
func TestACrashAtAnyCommitKeepsOnce(t *testing.T) {
	everyCrash(t, 8, func(t *testing.T, w *World, when string, n int) {
		screen, crashed := typed(w, when, n, "1", "0722000003", "200", AminaPIN)
		if !crashed {
			t.Skip("it takes fewer commits")
		}
		time.Sleep(20 * time.Second)
		if !strings.Contains(screen, "is kept for") || w.Ledger.BalanceOf(Amina) != 10_000_00-200_00-Fee {
			t.Errorf("Amina has %s and was told %q", w.Ledger.BalanceOf(Amina).Text(2), screen)
		}
		if got := w.SMS(stranger); len(got) != 1 {
			t.Errorf("the stranger got %q", got)
		}
	})
}

// A payment that waits is cancelled once, whatever breaks.
func TestACrashAtAnyCommitCancelsOnce(t *testing.T) {
	everyCrash(t, 6, func(t *testing.T, w *World, when string, n int) {
		w.Play(Amina, "pay", "1", "0711000002", "4600", AminaPIN)
		time.Sleep(5 * time.Second)
		screen, crashed := typed(w, when, n, "7", "1")
		if !crashed {
			t.Skip("it takes fewer commits")
		}
		time.Sleep(20 * time.Minute)
		if !strings.Contains(screen, "Cancelled.") || w.Ledger.BalanceOf(Amina) != 10_000_00 || w.Ledger.BalanceOf(Juma) != 500_00 {
			t.Errorf("Amina has %s and was told %q", w.Ledger.BalanceOf(Amina).Text(2), screen)
		}
		if got := w.SMS(Juma); len(got) != 2 {
			t.Errorf("Juma got %q", got)
		}
	})
}

// What waits is claimed once, and both are told once, wherever the feed, the claims and the Settler break off.
func TestACrashAtAnyCommitClaimsOnce(t *testing.T) {
	everyCrash(t, 8, func(t *testing.T, w *World, when string, n int) {
		w.Play(Amina, "s", "1", "0722000003", "200", AminaPIN)
		w.Play(stranger, "r", "1", "Baraka", "6194", "6194")
		time.Sleep(5 * time.Second)
		w.Stop()
		w.Ledger.Attest(stranger)
		crashAt(w, when, n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Service.Run(ctx); err != nil && !errors.Is(err, errCrash) {
			t.Error(err)
		}
		w.Store.Interrupt(nil, nil)
		w.Start()
		time.Sleep(20 * time.Minute)
		if got := w.Ledger.BalanceOf(stranger); got != 200_00 {
			t.Errorf("Baraka has %s", got.Text(2))
		}
		received := slices.DeleteFunc(w.SMS(stranger), func(text string) bool { return !strings.HasPrefix(text, "You received") })
		if diff := cmp.Diff([]string{"You received 200.00 KES from Amina W. Code 8XK2M004. Balance 200.00 KES."}, received); diff != "" {
			t.Error(diff)
		}
	})
}

// A number that attestors bound elsewhere comes to this gateway, with money that waits for it.
func TestAUserWhoArrivesGetsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0722000003", "200", AminaPIN)
		time.Sleep(5 * time.Second)
		if err := w.Enrol(stranger, ussd.RolePerson, "Baraka"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if got := w.Ledger.BalanceOf(stranger); got != 200_00 {
			t.Errorf("Baraka has %s", got.Text(2))
		}
	})
}

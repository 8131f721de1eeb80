package ussdtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
)

// The PIN arrives fifty times at once, as an impatient aggregator posts it: one payment, one reply.
func TestFiftyEqualPINTurnsAtOncePayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		screens := make([]string, 50)
		var group sync.WaitGroup
		for i := range screens {
			group.Go(func() { screens[i] = w.Post(Amina, "s", "1*0711000002*150*4071") })
		}
		group.Wait()
		for _, screen := range screens {
			if screen != "END Paid 150.00 KES to Juma O. Fee 1.00 KES. Code 8XK2M001. New balance 9,849.00 KES." {
				t.Errorf("got %q", screen)
			}
		}
		if w.Ledger.Transfers() != 1 || w.Ledger.BalanceOf(Juma) != 650_00 {
			t.Errorf("%d transfers, Juma has %s", w.Ledger.Transfers(), w.Ledger.BalanceOf(Juma).Text(2))
		}
	})
}

// A gateway that is about to end does not wait for the ledger: the screen promises an SMS, and the next process sends it.
func TestATurnIsAnsweredAtOnceWhenTheGatewayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		w.Ledger.SetMood(Mute)
		began := time.Now()
		time.AfterFunc(time.Second, w.Service.Stop)
		screen := w.Post(Amina, "s", "1*0711000002*150*4071")
		if took := time.Since(began); took > 1100*time.Millisecond || !strings.Contains(screen, "We will SMS you the result") {
			t.Errorf("after %s: %q", took, screen)
		}
		w.Ledger.SetMood(Well)
		w.Start()
		time.Sleep(20 * time.Second)
		if got := w.SMS(Amina); len(got) != 1 || w.Ledger.Transfers() != 1 {
			t.Errorf("%d transfers, SMS %q", w.Ledger.Transfers(), got)
		}
	})
}

// While the outcome is not known, equal turns wait for the first one and get its reply within the deadline.
func TestFiftyEqualPINTurnsGetOneReplyWhenTheOutcomeIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		w.Ledger.SetMood(Mute)
		screens := make([]string, 50)
		var group sync.WaitGroup
		for i := range screens {
			group.Go(func() { screens[i] = w.Post(Amina, "s", "1*0711000002*150*4071") })
		}
		group.Wait()
		for _, screen := range screens {
			if screen != screens[0] || !strings.Contains(screen, "We will SMS you the result") {
				t.Errorf("got %q", screen)
			}
		}
		w.Ledger.SetMood(Well)
		time.Sleep(20 * time.Second)
		if got := w.SMS(Amina); len(got) != 1 || w.Ledger.Transfers() != 1 {
			t.Errorf("%d transfers, SMS %q", w.Ledger.Transfers(), got)
		}
	})
}

// The gateway's store breaks before or after any one of its commits, the gateway is started again, and the aggregator
// repeats the callback, or the person dials again. However it goes, Juma gets 150.00 once, and Amina is told.
func TestACrashAtAnyCommitPaysOnce(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		for n := 1; n <= 9; n++ {
			for _, then := range []string{"repeats", "dials again"} {
				t.Run(fmt.Sprintf("%s commit %d the phone %s", when, n, then), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := NewWorld(t)
						w.Stop() // Only the turns commit, so that n means the same each time.
						broke := crashAt(w, when, n)
						answers := []string{"1", "0711000002", "150", "4071"}
						screen, crashed := "", false
						for i := 0; i <= len(answers); i++ {
							transcript := strings.Join(answers[:i], "*")
							screen = w.Post(Amina, "s", transcript)
							if !crashed && broke() {
								crashed = true
								w.Start()
								if then == "repeats" {
									screen = w.Post(Amina, "s", transcript)
									continue
								}
								screen = w.Play(Amina, "s2", answers...)
								break
							}
						}
						w.Store.Interrupt(nil, nil)
						if !crashed {
							t.Skip("the payment takes fewer commits")
						}
						time.Sleep(20 * time.Second)
						told := screen + "\n" + w.Post(Amina, "s3", "")
						transfers := w.Ledger.Transfers()
						if then == "dials again" && transfers == 2 && strings.Contains(told, "Paid") {
							// The first was final and dialling told so; typing PIN and all again is a second payment.
							transfers--
						}
						if transfers != 1 || !strings.Contains(told, "Paid 150.00 KES to Juma O.") {
							t.Errorf("%d transfers; told %q", w.Ledger.Transfers(), told)
						}
						if got := len(w.SMS(Juma)); got != w.Ledger.Transfers() {
							t.Errorf("Juma got %d SMS for %d transfers", got, w.Ledger.Transfers())
						}
					})
				})
			}
		}
	}
}

// A wrong PIN is counted before it is answered: a crash at any commit gives no free try, and a duplicate counts once.
func TestACrashGivesNoFreeTry(t *testing.T) {
	for n := 1; n <= 3; n++ {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s commit %d", when, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := NewWorld(t)
					w.Stop()
					w.Play(Amina, "s", "1", "0711000002", "150")
					crashAt(w, when, n)
					w.Post(Amina, "s", "1*0711000002*150*1111")
					w.Store.Interrupt(nil, nil)
					w.Start()
					for range 3 {
						if got := w.Post(Amina, "s", "1*0711000002*150*1111"); !strings.Contains(got, "Tries left: 2") {
							t.Errorf("got %q", got)
						}
					}
				})
			})
		}
	}
}

// The feed stores messages and cursor in one transaction: a crash at any leaf loses and doubles none.
func TestACrashOfTheFeedNeitherLosesNorDoublesAnSMS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		for i := range 4 {
			w.Play(Amina, fmt.Sprint("s", i), "1", "0711000002", fmt.Sprint(10+i), AminaPIN)
			w.Start()
		}
		time.Sleep(10 * time.Second)
		w.Start()
		time.Sleep(10 * time.Second)
		want := []string{
			"Umepokea 10.00 KES kutoka Amina W. Risiti 8XK2M001. Salio 510.00 KES.",
			"Umepokea 11.00 KES kutoka Amina W. Risiti 8XK2M002. Salio 521.00 KES.",
			"Umepokea 12.00 KES kutoka Amina W. Risiti 8XK2M003. Salio 533.00 KES.",
			"Umepokea 13.00 KES kutoka Amina W. Risiti 8XK2M004. Salio 546.00 KES.",
		}
		if diff := cmp.Diff(want, w.SMS(Juma)); diff != "" {
			t.Error(diff)
		}
		if got := len(w.SMS(Amina)); got != 4 {
			t.Errorf("Amina got %d", got)
		}
		if got := w.Ledger.WatchedFrom(); got != 5 {
			t.Errorf("after the header and four payments the feed began at leaf %d", got)
		}
	})
}

func TestTheSamePayeeAndAmountIsTheSameTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		for i := range 4 {
			// What was begun is offered again: 2 leads to the main menu.
			w.Play(Amina, fmt.Sprint("s", i), "2", "1", "0711000002", "150")
		}
		if got := w.Ledger.Prepared(); got != 1 {
			t.Errorf("%d transactions for five confirm screens", got)
		}
		w.Play(Amina, "other", "2", "1", "0711000002", "151")
		if got := w.Ledger.Prepared(); got != 2 {
			t.Errorf("%d transactions for two amounts", got)
		}
		// Once it is final, the same again is a new payment.
		w.Play(Amina, "first", "2", "1", "0711000002", "150", AminaPIN)
		w.Play(Amina, "second", "1", "0711000002", "150", AminaPIN)
		if w.Ledger.Transfers() != 2 {
			t.Errorf("%d transfers", w.Ledger.Transfers())
		}
		// A confirm screen with no time left to type is replaced, and its PIN prompt is dead.
		w.Play(Amina, "old", "1", "0711000002", "7")
		time.Sleep(9*time.Minute + 30*time.Second)
		w.Play(Amina, "new", "1", "0711000002", "7")
		if got := w.Post(Amina, "old", "1*0711000002*7*4071"); !strings.Contains(got, "time to enter your PIN is over") {
			t.Errorf("got %q", got)
		}
	})
}

func TestAPhoneThatAsksTooOftenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		for i := range TurnsPerMinute {
			w.Post(Amina, fmt.Sprint("s", i), "")
		}
		if got := w.Post(Amina, "more", ""); !strings.Contains(got, "Wait a minute") {
			t.Errorf("got %q", got)
		}
		if got := w.Post(Amina, "s0", ""); !strings.HasPrefix(got, "CON") {
			t.Errorf("a duplicate: %q", got)
		}
		if got := w.Post(Juma, "s", ""); !strings.HasPrefix(got, "CON") {
			t.Errorf("another phone: %q", got)
		}
		time.Sleep(time.Minute)
		if got := w.Post(Amina, "more", ""); !strings.HasPrefix(got, "CON") {
			t.Errorf("a minute later: %q", got)
		}
	})
}

// A session belongs to its phone: another phone with the same session id has a session of its own.
func TestASessionBelongsToItsPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		if got := w.Post(Juma, "s", "1*0711000002*150*4071"); !strings.Contains(got, "namba yako mwenyewe") {
			t.Errorf("got %q", got)
		}
		if w.Ledger.Transfers() != 0 {
			t.Error("money moved")
		}
	})
}

// A transcript that does not continue the one before changes nothing.
func TestATranscriptThatForksChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150")
		for _, transcript := range []string{"2", "1*0711000003", "1*0711000002*1500", "1*0711000002*15", "1*0711000003*150*4071"} {
			if got := w.Post(Amina, "s", transcript); !strings.Contains(got, "could not follow") {
				t.Errorf("%s: %q", transcript, got)
			}
		}
		if got := w.Post(Amina, "s", "1*0711000002*150*4071"); !strings.Contains(got, "Paid") {
			t.Errorf("got %q", got)
		}
	})
}

func TestOldSessionsAndPaymentsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "s", "1", "0711000002", "150", AminaPIN)
		time.Sleep(25 * time.Hour)
		if dump := w.Store.Dump(); strings.Contains(dump, `"session/`) || !strings.Contains(dump, `"payment/`) {
			t.Error(dump)
		}
		w.Stop() // A month of polls takes long.
		time.Sleep(30 * 24 * time.Hour)
		w.Start()
		time.Sleep(5 * time.Second)
		for _, gone := range []string{`"payment/`, `"recent/`, `"open/`, `"submitted/`, `"forget/`} {
			if dump := w.Store.Dump(); strings.Contains(dump, gone) {
				t.Errorf("%s is left: %s", gone, dump)
			}
		}
	})
}

func TestEnrollingAgainChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		err := w.Service.Enrol(t.Context(), ussd.Enrolment{Phone: Amina, Name: "Mallory", Language: "en", PIN: secret("9146")})
		if !errors.Is(err, ussd.ErrEnrolled) {
			t.Errorf("another account: %v", err)
		}
		if got := w.Post(Amina, "s", ""); !strings.Contains(got, "Amina Wanjiru") {
			t.Errorf("got %q", got)
		}
	})
}

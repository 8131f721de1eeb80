package ussdtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// The gateway's store breaks before or after any one of its commits while Amina pays by SMS, the gateway is started again, and the inbox hands
// the same messages over again. Juma gets 150.00 once, and Amina one answer to each message.
func TestACrashAtAnyCommitPaysOnceBySMS(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("%s commit %d", when, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := NewWorld(t)
					w.Stop() // Only the messages commit, so that n means the same each time.
					broke := crashAt(w, when, n)
					crashed := false
					take := func(m ussd.Text) {
						err := w.Service.TakeText(context.Background(), m)
						if broke() && !crashed {
							crashed = true
							w.Start()
							err = w.Service.TakeText(context.Background(), m)
						}
						if err != nil {
							t.Errorf("message %d: %v", m.Number, err)
						}
					}
					take(ussd.Text{Number: 1, From: Amina, Text: "SEND 150 0711000002"})
					offer := codeInText.FindStringSubmatch(strings.Join(w.SMS(Amina), "\n"))
					if offer == nil {
						t.Fatalf("no code in %q", w.SMS(Amina))
					}
					for number := range uint64(3) {
						take(ussd.Text{Number: 2 + number, From: Amina, Text: "PAY " + offer[2]})
					}
					w.Store.Interrupt(nil, nil)
					if !crashed {
						w.Start()
					}
					time.Sleep(20 * time.Second)
					if w.Ledger.Transfers() != 1 || w.Ledger.BalanceOf(Juma) != 650_00 {
						t.Errorf("%d transfers, Juma has %s", w.Ledger.Transfers(), w.Ledger.BalanceOf(Juma).Text(2))
					}
					if got := w.SMS(Amina); len(got) != 4 {
						t.Errorf("Amina was told %q", got)
					}
				})
			})
		}
	}
}

// Two providers have a grant on Amina's account. What one of them submitted and has no result of is shown at the other, and not at itself.
func TestTheRivalShowsThatAPaymentIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		rival := w.Rival()
		w.Ledger.SetMood(Slow)
		if screen := w.Play(Amina, "1", "1", "0711000002", "150", AminaPIN); !strings.Contains(screen, "is being processed") {
			t.Errorf("got %q", screen)
		}
		screen := rival.Play(Amina, "1", "1", "0711000002", "150")
		if !strings.Contains(screen, "at another provider is still being processed") {
			t.Errorf("at the rival: %q", screen)
		}
		if screen := w.Post(Amina, "2", "1*0711000002*151"); !strings.Contains(screen, "Pay 151.00 KES") {
			t.Errorf("at the first: %q", screen)
		}
		w.Ledger.SetMood(Well)
		time.Sleep(20 * time.Second)
		w.Ledger.Resolve()
		if screen := rival.Post(Amina, "2", "1*0711000002*152"); !strings.Contains(screen, "Pay 152.00 KES") {
			t.Errorf("after the result: %q", screen)
		}
		if w.Ledger.Transfers() != 1 {
			t.Errorf("%d transfers", w.Ledger.Transfers())
		}
	})
}

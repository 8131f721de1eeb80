package ussdtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// The outcome of closing the access comes while another turn of the phone is under way: what that turn stores of the user brings nobody back.
func TestAUserWhoWasDroppedMeanwhileStaysDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Stop()
		w.Play(Amina, "s", "1", "0711000002", "150")
		commits := 0
		w.Store.Interrupt(nil, func() error {
			if commits++; commits == 1 { // The try is counted, and the PIN not compared yet.
				delete(w.Store.records, "user/"+string(Amina))
			}
			return nil
		})
		w.Post(Amina, "s", "1*0711000002*150*4071")
		w.Store.Interrupt(nil, nil)
		if commits < 2 || strings.Contains(w.Store.Dump(), `"user/`+string(Amina)) {
			t.Errorf("after %d commits the user is back", commits)
		}
	})
}

// Who stops a reset of the PIN stops it in every session, also in one that was already asked for the new PIN.
func TestAResetThatWasStoppedSetsNoPIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "begin", "6", "1", "3", "1")
		w.Stop() // A day of polls takes long.
		time.Sleep(25 * time.Hour)
		w.Start()
		if got := w.Play(Amina, "thief", "6", "1", "3", "5938"); !strings.Contains(got, "same PIN again") {
			t.Fatalf("got %q", got)
		}
		w.Play(Amina, "owner", "1", "0711000002", "10", AminaPIN)
		if got := w.Post(Amina, "thief", "6*1*3*5938*5938"); !strings.Contains(got, "could not follow") {
			t.Errorf("got %q", got)
		}
		if got := w.Play(Amina, "after", "1", "0711000002", "11", AminaPIN); !strings.Contains(got, "Paid 11.00") {
			t.Errorf("got %q", got)
		}
	})
}

// Whoever has a number after its user closed the access sees nothing of that user's.
func TestTheNextOwnerOfANumberSeesNothingOfTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "paid", "1", "0711000002", "150", AminaPIN)
		w.Play(Amina, "complaint", "6", "4", "1", "5", "5")
		w.Play(Juma, "asks", "5", "1", "0711000001", "20", "1")
		w.Play(Juma, "back", "1", "0711000001", "30", JumaPIN)
		w.Play(Juma, "wrong", "6", "3", "1", "1")
		time.Sleep(5 * time.Second)
		if got := w.Play(Amina, "close", "6", "1", "6", AminaPIN); !strings.Contains(got, "access is closed") {
			t.Fatalf("got %q", got)
		}
		w.Ledger.Move(Amina)
		next := w.Ledger.phones[Amina]
		err := w.Service.Enrol(t.Context(), ussd.Enrolment{Phone: Amina, Name: "Zawadi", Language: menu.English, Account: next.id, Number: next.number,
			PIN: secret("5938")})
		if err != nil {
			t.Fatal(err)
		}
		for _, answers := range [][]string{{}, {"1"}, {"5", "2"}, {"6", "4", "2"}} {
			got := w.Play(Amina, fmt.Sprint("next", answers), answers...)
			for _, old := range []string{"Juma", "150", "20.00", "30.00", "Amina", "closed", "1000"} {
				if strings.Contains(got, old) {
					t.Errorf("%v: %q tells of %s", answers, got, old)
				}
			}
		}
	})
}

// An answer with a carrier's sign is refused, but not with the word that no money was moved when that is not so.
func TestARefusalAtAPaymentThatWasSubmittedElsewhereIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "one", "1", "0711000002", "150")
		w.Play(Amina, "two", "2", "1", "0711000002", "150")
		w.Ledger.SetMood(Mute)
		w.Post(Amina, "two", "2*1*0711000002*150*4071")
		if got := w.Post(Amina, "one", "1*0711000002*150*40#71"); !strings.Contains(got, "being processed") {
			t.Errorf("got %q", got)
		}
		w.Ledger.SetMood(Well)
		time.Sleep(20 * time.Second)
	})
}

// Access is not closed while a payment is on its way: nobody here could tell what became of it.
func TestAccessIsNotClosedUnderAPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "pay", "1", "0711000002", "150")
		w.Ledger.SetMood(Mute)
		w.Post(Amina, "pay", "1*0711000002*150*4071")
		if got := w.Play(Amina, "close", "6", "1", "6"); !strings.Contains(got, "150.00 KES to Juma O. is being processed") {
			t.Errorf("got %q", got)
		}
		w.Ledger.SetMood(Well)
		time.Sleep(20 * time.Second)
		if got := w.Play(Amina, "again", "6", "1", "6", AminaPIN); !strings.Contains(got, "access is closed") || len(w.SMS(Amina)) != 1 {
			t.Errorf("got %q and %q", got, w.SMS(Amina))
		}
	})
}

// An aggregator that tells the last answer only begins another session under an id that it used before: the dial is a new one.
func TestADialUnderAnIDThatEndedIsANewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		dial := func() string {
			reply, err := w.Service.Handle(t.Context(), ussd.Turn{Aggregator: "last", SessionID: "1", Phone: Amina,
				Last: &ussd.LastInput{Input: secret("2"), First: true}})
			if err != nil {
				t.Fatal(err)
			}
			return reply.Text
		}
		if first, again := dial(), dial(); !strings.Contains(first, "10,000.00") || again != first {
			t.Errorf("got %q, and repeated %q", first, again)
		}
		w.Ledger.Take(Amina, 1_00)
		time.Sleep(time.Minute)
		if got := dial(); !strings.Contains(got, "9,999.00") {
			t.Errorf("got %q", got)
		}
	})
}

// What only a secret opens is not waiting to be claimed.
func TestAHoldWithASecretIsNotClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Ledger.mu.Lock()
		w.Ledger.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{ussd.HoldPlaced{Hold: tx.HoldID{1}, Payment: tx.ID{2},
			Payer: w.Ledger.phones[Amina].id, Alias: key.Alias(w.Ledger.AliasOf(Juma)), Amount: 5_00, Secret: true,
			UntilUnixMs: uint64(time.Now().Add(time.Hour).UnixMilli())}}}})
		w.Ledger.mu.Unlock()
		time.Sleep(5 * time.Second)
		if dump := w.Store.Dump(); !strings.Contains(dump, `"held/`) || strings.Contains(dump, `"waiting/`) {
			t.Error(dump)
		}
	})
}

// Anybody may ask for money, and asking costs nothing: a phone is told of some requests a day and lists the others.
func TestRequestsDoNotFloodAPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		for i := range 14 {
			w.Play(Juma, fmt.Sprint("s", i), "5", "1", "0711000001", fmt.Sprint(20+i), "1")
		}
		time.Sleep(5 * time.Second)
		if got := w.SMS(Amina); len(got) != 10 {
			t.Errorf("%d messages", len(got))
		}
		w.Stop() // A day of polls takes long.
		time.Sleep(25 * time.Hour)
		w.Start()
		time.Sleep(5 * time.Second)
		w.Play(Juma, "next day", "5", "1", "0711000001", "99", "1")
		time.Sleep(5 * time.Second)
		if got := w.SMS(Amina); len(got) != 11 {
			t.Errorf("%d messages", len(got))
		}
	})
}

// A screen promised the outcome: it comes also to who is no user any more.
func TestAPromiseOutlivesTheUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Ledger.SetMood(Deaf)
		w.Play(Juma, "s", "1", "0711000001", "15", JumaPIN)
		w.Store.Interrupt(nil, func() error {
			delete(w.Store.records, "user/"+string(Juma)) // The number has left for another provider.
			return nil
		})
		w.Play(Juma, "gone")
		w.Store.Interrupt(nil, nil)
		time.Sleep(11 * time.Minute)
		w.Ledger.SetMood(Well)
		time.Sleep(20 * time.Second)
		if got := w.SMS(Juma); len(got) != 1 || !strings.Contains(got[0], "15.00 KES") || !strings.Contains(got[0], "hayakufanyika") {
			t.Errorf("got %q", got)
		}
	})
}

// stuckLedger has no answer about some transactions.
type stuckLedger struct {
	*Ledger
	stuck func(tx.ID) bool
}

func (l stuckLedger) Submit(ctx context.Context, p ussd.Prepared) (ussd.Outcome, error) {
	if l.stuck(p.ID) {
		return ussd.Outcome{}, ussd.ErrBusy
	}
	return ussd.Outcome{Code: ussd.OutcomeRefused}, nil
}

// Payments that nobody can decide for a while do not keep the others from being settled.
func TestStuckPaymentsDoNotStopTheSettler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Stop()
		last := tx.ID{0xFF}
		err := w.Store.Update(t.Context(), func(w ussd.Writer) error {
			for i := range 600 {
				id := tx.ID{byte(i >> 8), byte(i)}
				if i == 0 {
					id = last
				}
				raw, err := json.Marshal(ussd.Payment{Prepared: ussd.Prepared{ID: id}, Payer: Amina, Stage: ussd.StageSubmitted})
				if err != nil {
					return err
				}
				if err := w.Set(append([]byte("payment/"), id[:]...), raw); err != nil {
					return err
				}
				if err := w.Set(append([]byte("submitted/"), id[:]...), nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		book, err := menu.Load()
		if err != nil {
			t.Fatal(err)
		}
		service, err := ussd.New(ussd.Config{Store: w.Store, Ledger: stuckLedger{w.Ledger, func(id tx.ID) bool { return id != last }}, Outbox: Outbox{},
			Book: book, Hasher: pin.NewHasher([32]byte{7}, 2), DigestKey: [32]byte{8}, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
			Asset: ussd.Asset{Code: "KES", Scale: 2}, Dial: Dial, Region: "KE"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := service.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if dump := w.Store.Dump(); strings.Contains(dump, `"submitted/\xff`) {
			t.Error("the payment behind them was not settled")
		}
	})
}

// Aggregators use ids of sessions again. Once a session is over, a dial under its id is another one; a turn of the old one that comes late is still
// answered as it was, and pays nothing.
func TestAnIDIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		paid := w.Play(Amina, "s", "1", "0711000002", "150", AminaPIN)
		if again := w.Post(Amina, "s", ""); !strings.Contains(again, "Amina Wanjiru") {
			t.Errorf("the dial again, at once: %s", again)
		}
		time.Sleep(6 * time.Minute)
		if late := w.Post(Amina, "s", "1*0711000002*150*"+AminaPIN); late != paid {
			t.Errorf("the last turn, late: %s", late)
		}
		if dial := w.Post(Amina, "s", ""); !strings.Contains(dial, "Paid 150.00") {
			t.Errorf("a dial under the id of before does not tell the news: %s", dial)
		}
		if next := w.Play(Amina, "s", "1", "0711000002", "20", AminaPIN); !strings.Contains(next, "Paid 20.00") || !strings.Contains(next, "9,828.00") {
			t.Errorf("a payment under the id of before: %s", next)
		}
		time.Sleep(6 * time.Minute)
		if short := w.Post(Amina, "s", "1*0711000002*30"); !strings.Contains(short, "Pay 30.00") {
			t.Errorf("a short-cut under the id of before: %s", short)
		}
	})
}

// The "1" that confirms without a PIN counts only once its screen was seen: a short-cut cannot have it with it.
func TestAShortCutConfirmsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		if got := w.Play(Amina, "s", "1", "0711000002", "4600", AminaPIN); !strings.Contains(got, "choose 7") {
			t.Fatal(got)
		}
		if got := w.Post(Amina, "cancel", "7*1"); !strings.Contains(got, "Cancel 4,600.00 KES to Juma O.?") {
			t.Errorf("a screen that nobody saw: %s", got)
		}
		if got := w.Post(Amina, "cancel", "7*1*1"); !strings.Contains(got, "Cancelled.") {
			t.Errorf("once it was seen: %s", got)
		}
	})
}

// The answer before the PIN comes late, when the same was paid in another session and told: what it put together is not offered to go on with.
func TestALateAnswerDoesNotOfferWhatIsPaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "lost", "1", "0711000002")
		if got := w.Play(Amina, "paid", "2", "1", "0711000002", "150", AminaPIN); !strings.Contains(got, "Paid 150.00") {
			t.Fatalf("got %q", got)
		}
		time.Sleep(11 * time.Second)
		if got := w.Post(Amina, "lost", "1*0711000002*150"); !strings.Contains(got, "Enter PIN") {
			t.Fatalf("got %q", got) // Nobody is there to read it.
		}
		for _, session := range []string{"first", "second"} {
			if got := w.Post(Amina, session, ""); strings.Contains(got, "1 Continue") || !strings.Contains(got, "Paid 150.00") {
				t.Errorf("got %q", got)
			}
		}
	})
}

// Money is kept for one number without an account; the same sum for another such number, dialled in one piece, is another payment.
func TestTheSameSumForAnotherStrangerIsAnotherPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		w.Play(Amina, "first", "1", "0733000008", "20", AminaPIN)
		time.Sleep(5 * time.Second)
		if got := w.Post(Amina, "the same", "1*0733000008*20"); !strings.Contains(got, "20.00 KES is kept for +254733000008") {
			t.Errorf("the same again was not told first: %q", got)
		}
		if got := w.Post(Amina, "another", "1*0733000009*20"); !strings.Contains(got, "+254733000009 has no account. Keep 20.00 KES") {
			t.Errorf("got %q", got)
		}
	})
}

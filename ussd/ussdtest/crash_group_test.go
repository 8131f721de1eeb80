package ussdtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// mama is an agent, and the third member of a group.
const (
	mama    ussd.Phone = "+254711000003"
	mamaPIN string     = "6194"
)

// withGroup makes a group of Amina, Juma and Mama with 1,000.00 KES.
func withGroup(t *testing.T, w *World) {
	t.Helper()
	if err := w.Enrol(mama, ussd.RoleAgent, "Mama Mboga"); err != nil {
		t.Fatal(err)
	}
	w.Play(Amina, "g1", "6", "5", "5", "Chama", "0711000002", "0711000003", "1")
	w.Play(Juma, "g2", "6", "5", "4", "1")
	w.Play(mama, "g3", "6", "5", "4", "1")
	if got := w.Play(Amina, "g4", "6", "5", "1", "1000", AminaPIN); !strings.Contains(got, "Paid 1,000.00 KES into Chama") {
		t.Fatalf("no group: %q", got)
	}
	time.Sleep(5 * time.Second)
}

// paidOut counts the messages that tell a member of money out of the group.
func paidOut(w *World, member ussd.Phone) (count int) {
	for _, text := range w.SMS(member) {
		if strings.Contains(text, "Group Chama paid") || strings.Contains(text, "Kikundi Chama kimemlipa") {
			count++
		}
	}
	return count
}

// Whatever breaks while a member proposes, one proposal waits and each of the others is asked once.
func TestACrashAtAnyCommitProposesOnce(t *testing.T) {
	everyCrash(t, 12, func(t *testing.T, w *World, when string, n int) {
		withGroup(t, w)
		screen, crashed := typed(w, when, n, "6", "5", "3", "0711000003", "400", AminaPIN)
		if !crashed {
			t.Skip("it takes fewer commits")
		}
		time.Sleep(20 * time.Second)
		asked := 0
		for _, text := range w.SMS(mama) {
			if strings.Contains(text, "asks: group Chama pays 400.00 KES") {
				asked++
			}
		}
		if !strings.Contains(screen, "We asked the other members") || asked != 1 {
			t.Errorf("Mama was asked %d times, Amina was told %q", asked, screen)
		}
	})
}

// Whatever breaks while the second member agrees, the proposal is paid once; and once only when the third member agrees as well.
func TestACrashAtAnyCommitPaysAProposalOnce(t *testing.T) {
	everyCrash(t, 10, func(t *testing.T, w *World, when string, n int) {
		withGroup(t, w)
		w.Play(mama, "p", "6", "5", "3", "0711000003", "400", mamaPIN)
		screen, crashed := typed(w, when, n, "6", "5", "4", "1", AminaPIN)
		if !crashed {
			t.Skip("it takes fewer commits")
		}
		third := w.Play(Juma, "third", "6", "5", "4", "1", JumaPIN)
		time.Sleep(20 * time.Second)
		if got := w.Ledger.BalanceOf(mama); got != 400_00 {
			t.Errorf("Mama has %s; told %q and %q", got.Text(2), screen, third)
		}
		for _, member := range []ussd.Phone{Amina, Juma, mama} {
			if got := paidOut(w, member); got != 1 {
				t.Errorf("%s was told %d times", member.Short(), got)
			}
		}
	})
}

// Two members agree at the same moment, on two phones.
func TestTwoWhoAgreeAtOncePayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		withGroup(t, w)
		w.Play(mama, "p", "6", "5", "3", "0711000003", "400", mamaPIN)
		w.Play(Amina, "a", "6", "5", "4", "1")
		w.Play(Juma, "j", "6", "5", "4", "1")
		screens := make(chan string, 20)
		for range 10 {
			go func() { screens <- w.Post(Amina, "a", "6*5*4*1*"+AminaPIN) }()
			go func() { screens <- w.Post(Juma, "j", "6*5*4*1*"+JumaPIN) }()
		}
		told := make(map[string]int)
		for range 20 {
			told[<-screens]++
		}
		time.Sleep(20 * time.Second)
		if w.Ledger.BalanceOf(mama) != 400_00 || len(told) != 2 || paidOut(w, mama) != 1 {
			t.Errorf("Mama has %s; screens %v", w.Ledger.BalanceOf(mama).Text(2), told)
		}
	})
}

// A person who gets a phone number of a member is no member: the account is.
func TestTheNextOwnerOfANumberIsNoMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(t)
		withGroup(t, w)
		w.Play(Juma, "close", "6", "1", "6", "1", JumaPIN)
		time.Sleep(time.Hour)
		err := w.Service.Enrol(t.Context(), ussd.Enrolment{Phone: Juma, Name: "Somebody", Language: "en", Account: tx.AccountID{9}, Number: 77, PIN: secret("5283")})
		if err != nil {
			t.Fatalf("Juma is still here: %v", err)
		}
		if got := w.Play(Juma, "s", "6", "5", "6"); !strings.Contains(got, "You are in no savings group") {
			t.Errorf("got %q", got)
		}
	})
}

// Whatever breaks while an agent takes what a customer set aside, it is taken once, both are told once, and the drawer counts it once.
func TestACrashAtAnyCommitGivesCashOnce(t *testing.T) {
	everyCrash(t, 12, func(t *testing.T, w *World, when string, n int) {
		if err := w.Service.SetRoles(t.Context(), ussd.Roles{Amina: ussd.RoleAgent}); err != nil {
			t.Fatal(err)
		}
		w.Play(Amina, "count", "6", "6", "5", "1000")
		w.Play(Juma, "out", "4", "0711000001", "300", JumaPIN)
		time.Sleep(5 * time.Second)
		screen, crashed := typed(w, when, n, "6", "6", "2", "1", AminaPIN)
		if !crashed {
			t.Skip("it takes fewer commits")
		}
		time.Sleep(time.Hour)
		if got := w.Ledger.BalanceOf(Amina); got != 10_310_00 || !strings.Contains(screen, "Give 300.00 KES in cash to Juma O. now.") {
			t.Errorf("Amina has %s, told %q", got.Text(2), screen)
		}
		given := 0
		for _, text := range append(w.SMS(Amina), w.SMS(Juma)...) {
			if strings.Contains(text, "is on your float now") || strings.Contains(text, "Umetoa 300.00 KES") {
				given++
			}
		}
		if got := w.Play(Amina, "float", "6", "6", "3"); given != 2 || !strings.Contains(got, "Cash in drawer 700.00 KES") {
			t.Errorf("%d messages; %q", given, got)
		}
	})
}

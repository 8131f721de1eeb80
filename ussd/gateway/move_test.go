package gateway

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

const newPIN = "7283"

// Changing provider at the old one: the choice and the PIN there, the codes and a new PIN at the first dial of the new one.
func TestAMoveWithTheOldProvidersHelp(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	old, next := m.old.phone(juma), m.next.phone(juma)
	matches(t, m.old.phone(amina).play("5", "1", "0711000001", "30", "1"), `Umemwomba .*`) // A request is open on Juma's account.
	matches(t, old.play("1", "0711000002", "150", jumaPIN), `Paid 150\.00 KES to .*`)
	began := time.Now()
	matches(t, old.play("6", "1", "5"), `A payment like yours costs 1\.00 here, and at:\n1 Nyoka 0\.50\n2 Tumaini 0\.50\n0 Back`)
	matches(t, old.typed("2"), `Move to Tumaini\? A payment costs 0\.50 KES there\. Money, number and history stay\.\nEnter PIN to move \(0 = back\)`)
	matches(t, old.typed(jumaPIN), `You get codes by SMS now\. Dial \*384\*3060# and enter them\..*`)
	codes := m.codes(juma)

	matches(t, next.play(), `(?s)Codes come by SMS from Attestor 1 and Attestor 2\. .*`)
	matches(t, next.typed(codes[0]), `(?s)Now enter the code of 6 digits from Attestor 2\n.*`)
	matches(t, next.typed(codes[1]), `Your number is with us now\. Choose a secret PIN of 4 digits for us\n0 Back`)
	matches(t, next.typed(newPIN, newPIN), `Welcome JUMA OTIENO\. Your account \d+ is with us now, with all your money\. Dial \*384\*3060# to use it\.`)
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("the move took %s", took)
	}
	if keys := m.grantees(m.network.Juma.Account); len(keys) != 1 || keys[0] == m.network.Provider.Public() {
		t.Errorf("grants to %v", keys)
	}

	// History, limits and what is open are there; the old one has nothing any more.
	matches(t, next.play("3"), `Last payments \(KES\):\n-150\.00 .*`)
	matches(t, next.play("6", "1", "1"), `One payment: up to .*`)
	matches(t, next.play("5", "2"), `(?s)Who asks you for money:\n1 30\.00 .*`)
	matches(t, next.play("1", "0711000002", "10", newPIN), `Paid 10\.00 KES to AMINA W\. Fee 0\.50 KES\..*`)
	old.awaitSMS(`Umoja: Your number is with Tumaini now\. Dial \*384\*3060# there\. We can pay nothing for you any more\.`)
	matches(t, old.play(), `(?s)Welcome to .*`)
}

// The old provider is dead and its disk is gone: dialling the new one, two codes and the delay bring the account there, with every payment that
// came meanwhile.
func TestAMoveWithoutTheOldProvider(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.kill(m.old)
	p := m.next.phone(juma)
	matches(t, p.play("1"), `Your number has an account with Mwanga\. Move it here\? Money, number and history stay\.\n1 Yes, send me codes\n0 No`)
	matches(t, p.typed("1"), `(?s)Codes come by SMS from Attestor 1 and Attestor 2\. .*`)
	codes := m.codes(juma)
	matches(t, p.play(codes...), `Your number moves to us on \d\d/\d\d at \d\d:\d\d\. Until then .*`)
	matches(t, p.play(), `Your number moves to us on .*`)

	before := m.network.Balance(t, m.network.Juma.Account)
	const payments = 50 * 6
	each := time.NewTicker(time.Second / 50)
	defer each.Stop()
	for range payments {
		<-each.C
		m.network.Fund(t, m.network.Juma.Account, 7)
	}
	p.awaitSMS(`Tumaini: Your number is with us now, with all your money\. Dial \*384\*3060# and choose your PIN\.`)
	matches(t, p.play(newPIN, newPIN), `Welcome JUMA OTIENO\..*`)
	if got := m.network.Balance(t, m.network.Juma.Account); got != before+amount.Amount(7*payments) {
		t.Errorf("balance %s, want %s", got.Text(2), (before + 7*payments).Text(2))
	}
	matches(t, p.play("1", "0711000002", "10", newPIN), `Paid 10\.00 KES to AMINA W\. Fee 0\.50 KES\..*`)
	if keys := m.grantees(m.network.Juma.Account); len(keys) != 1 {
		t.Errorf("grants to %v", keys)
	}
}

// A move that the person did not want is held up by a redial at the old provider, and lapses; one that was wanted all the same is confirmed by
// codes once more, whatever the old provider says.
func TestAMoveIsHeldUpOnceAndThenConfirmed(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	old, next := m.old.phone(juma), m.next.phone(juma)
	next.play("1", "1")
	codes := m.codes(juma)
	matches(t, next.play(codes...), `Your number moves to us on .*`)
	old.awaitSMS(`Your number is being moved to Tumaini on \d\d/\d\d at \d\d:\d\d\. Not you\? Dial \*384\*2050#, then 1, to stop it\.`)
	matches(t, old.play(), `Your number moves to Tumaini on \d\d/\d\d at \d\d:\d\d\.\n1 Stop it\n2 That is my wish`)
	matches(t, old.typed("1"), `Stop the move of your number to Tumaini\?\n1 Yes, stop it\n0 Back`)
	matches(t, old.typed("1"), `The move to Tumaini is stopped\..*`)
	next.awaitSMS(`Tumaini: The move of your number to us was stopped at Mwanga\..*`)
	time.Sleep(moveDelay)
	m.tick()
	if keys := m.grantees(m.network.Juma.Account); len(keys) != 1 || keys[0] != m.network.Provider.Public() {
		t.Fatalf("held up, and grants to %v", keys)
	}
	matches(t, old.play("1", "0711000002", "10", jumaPIN), `Paid 10\.00 KES to .*`)

	matches(t, next.play(), `The move of your number to us was stopped at Mwanga\.\n1 Go on, send me new codes\n0 Back`)
	matches(t, next.typed("1"), `(?s)Codes come by SMS from .*`)
	codes = m.codes(juma)
	matches(t, next.play(codes...), `Your number moves to us on .*`)
	old.awaitSMS(`The move of your number to Tumaini was confirmed again\. It goes there on .*`)
	moves, err := m.network.Client(t).MovesFrom(t.Context(), m.network.Juma.Account)
	check(t, err)
	if len(moves) != 1 || moves[0].OldGrantee == nil {
		t.Fatalf("moves %+v", moves)
	}
	if code := m.network.Apply(t, []key.Signer{m.network.Provider}, tx.CancelMove{Alias: m.network.Juma.Alias, Account: m.network.Juma.Account}).Result.Code; code != tx.AlreadyHeld {
		t.Errorf("held up a second time: %s", code)
	}
	m.network.Advance(25 * time.Hour)
	m.tick()
	next.awaitSMS(`Tumaini: Your number is with us now, with all your money\..*`)
	old.awaitSMS(`Umoja: Your number is with Tumaini now\..*`)
	matches(t, next.play(newPIN, newPIN), `Welcome JUMA OTIENO\..*`)
}

// A provider that lost its disk knows its users by two codes again.
func TestAUserComesBackToAProviderThatForgotThem(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.kill(m.old)
	m.old.config.Phones = nil
	m.old.start()
	p := m.old.phone(juma)
	matches(t, p.play("1"), `Your account is with us, but we do not know your PIN any more\. Choose a new one\?\n.*\n0 No`)
	p.typed("1")
	codes := m.codes(juma)
	matches(t, p.play(codes...), `Your number is with us now\. Choose a secret PIN of 4 digits for us\n0 Back`)
	matches(t, p.typed(newPIN, newPIN), `Welcome JUMA OTIENO\..*`)
	matches(t, p.play("1", "0711000002", "10", newPIN), `Paid 10\.00 KES to .*`)
}

// A payment that waits, made at the old provider, can be cancelled at the new one; one that was cancelled before the move cannot.
func TestWhatWaitsMovesWithTheAccount(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	n := m.network
	hold := func(a amount.Amount) tx.HoldID {
		t.Helper()
		o := n.Apply(t, []key.Signer{n.Provider}, tx.PlaceHold{Debit: n.Juma.Account, Credit: &n.Amina.Account, Asset: ledgertest.KES, Amount: a,
			ExpiresAtUnixMs: n.NowUnixMs() + 600_000, OnExpiry: tx.ExpiryCompletes, PayerMayRelease: true,
			Fee: &tx.Fee{Provider: n.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}})
		if o.Result.Code != tx.OK {
			t.Fatalf("hold: %s", o.Result.Code)
		}
		return tx.NewHoldID(o.ID, 0)
	}
	hold(41_00)
	gone := hold(52_00)
	if o := n.Apply(t, []key.Signer{n.Provider}, tx.ReleaseHold{Hold: gone, Debit: n.Juma.Account}); o.Result.Code != tx.OK {
		t.Fatalf("release: %s", o.Result.Code)
	}
	m.old.phone(juma).play("6", "1", "5", "2", jumaPIN)
	p := m.next.phone(juma)
	p.play(append(m.codes(juma), newPIN, newPIN)...)
	matches(t, p.play(), `(?s)41\.00 .*7 .*`)
	matches(t, p.typed("7", "1"), `(?s).*41\.00.*`)
	// What the screen says is final: the amount is the account's again.
	b, err := n.Client(t).Balance(t.Context(), n.Juma.Account, ledgertest.KES, sdk.Final)
	check(t, err)
	if b.Held != 0 {
		t.Errorf("held %s", b.Held.Text(2))
	}
}

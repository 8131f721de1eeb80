package consensus

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestImpatienceDoesNotHideAStall: callers whose time is up and who try again wait since their first try, as far as the watch
// over the leader is concerned; who stays away begins anew.
func TestImpatienceDoesNotHideAStall(t *testing.T) {
	signed := numberedPayment(t, ledgertest.Network(t, t.Name()), 1)
	synctest.Test(t, func(t *testing.T) {
		s, first := newOrders(), time.Now()
		for range 5 {
			s.begin(signed)
			time.Sleep(4 * time.Second)
			if got := s.waiting(); !got.Equal(first) {
				t.Fatalf("waits since %v, not %v", got, first)
			}
			s.end(signed, false)
			time.Sleep(comeBack)
		}
		if got := s.waiting(); !got.IsZero() {
			t.Fatalf("nobody brings it, and it waits since %v", got)
		}
		time.Sleep(time.Millisecond)
		s.begin(signed)
		if got := s.waiting(); !got.Equal(time.Now()) {
			t.Fatalf("waits since %v after it was left alone", got)
		}
	})
}

// TestLeftOrdersAreBounded: many who give up cost little memory.
func TestLeftOrdersAreBounded(t *testing.T) {
	s, w := newOrders(), ledgertest.Network(t, t.Name())
	for i := range 2 * maxLeft {
		signed := numberedPayment(t, w, i)
		s.begin(signed)
		s.end(signed, false)
	}
	if len(s.left) > maxLeft || len(s.byEnvelope)+len(s.envelopes) != 0 {
		t.Fatalf("%d are remembered and %d of %d are under way", len(s.left), len(s.byEnvelope), len(s.envelopes))
	}
}

// TestLeftOrdersMakeRoom: those that can not come back any more make room, and none before.
func TestLeftOrdersMakeRoom(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	synctest.Test(t, func(t *testing.T) {
		s, next := newOrders(), 0
		leave := func(many int) {
			for range many {
				signed := numberedPayment(t, w, next)
				s.begin(signed)
				s.end(signed, false)
				next++
			}
		}
		for step, want := range []int{maxLeft / 2, maxLeft, maxLeft, maxLeft/2 + 1, maxLeft} {
			leave([]int{maxLeft / 2, maxLeft / 2, 1, 1, maxLeft}[step])
			if len(s.left) != want {
				t.Fatalf("step %d: %d are remembered, not %d", step, len(s.left), want)
			}
			time.Sleep([]time.Duration{2 * time.Second, 0, 2 * time.Second, 0, 0}[step])
		}
		time.Sleep(2 * comeBack)
		if leave(1); len(s.left) != 1 {
			t.Fatalf("%d are remembered when all but one can not come back", len(s.left))
		}
	})
}

// TestOrdersAreOfEnvelopes: what a stranger signs under a payer's body takes no place of the payer's, and the transaction is under way as long as either is.
func TestOrdersAreOfEnvelopes(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	payers := numberedPayment(t, w, 1)
	strangers, err := tx.Seal(w.Network, payers.RawBody(), w.Key(t, "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	s := newOrders()
	for i, signed := range []*tx.Signed{strangers, payers, strangers, payers} {
		if already, err := s.beginBackground(signed); err != nil || already != (i >= 2) {
			t.Errorf("submission %d: is there already %v, %v", i, already, err)
		}
	}
	if all, _ := s.oldest(9); len(all) != 2 {
		t.Errorf("%d are brought", len(all))
	}
	if !s.end(strangers, true) || !s.has(payers.ID()) {
		t.Error("the payer's is under way, and the transaction is not")
	}
	if !s.end(payers, true) || s.has(payers.ID()) {
		t.Error("nobody brings it, and it is under way")
	}
}

// TestNoRoomIsAnExcuse: of the time that a submission found no room little counts, and not nothing.
func TestNoRoomIsAnExcuse(t *testing.T) {
	signed := numberedPayment(t, ledgertest.Network(t, t.Name()), 1)
	synctest.Test(t, func(t *testing.T) {
		s, begun := newOrders(), time.Now()
		s.begin(signed)
		for range 2 * excused {
			time.Sleep(leisure)
			s.excuse(signed)
		}
		if waited := time.Since(s.waiting()); waited != 2*leisure || time.Since(begun) != 2*excused*leisure {
			t.Errorf("waited %s of %s", waited, time.Since(begun))
		}
		s.end(signed, false)
		s.excuse(signed) // It has just ended.
	})
}

// numberedPayment is one of many that differ in their nonce. Nobody has signed it: signing so many takes long.
func numberedPayment(t *testing.T, w *ledgertest.World, number int) *tx.Signed {
	t.Helper()
	body, err := tx.Body{
		Nonce: w.Nonce(uint64(number)), ExpiresAtUnixMs: 1 << 42,
		Operations: []tx.Operation{tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Pack(w.Network, body, []tx.Signature{{Signer: w.Issuer.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

package complaint

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestOverdue: f+1 lists make overdue; a list forgets its oldest; strangers list nothing.
func TestOverdue(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	o := NewOverdue(w.Set)
	var all []*tx.Signed
	for i := range MaxListed + 1 {
		body, err := tx.Body{
			Nonce: w.Nonce(uint64(i)), ExpiresAtUnixMs: 1 << 40,
			Operations: []tx.Operation{tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1}},
		}.Encode()
		if err != nil {
			t.Fatal(err)
		}
		signed, err := tx.Seal(w.Network, body, w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signed)
	}
	count := func(want, listed int) {
		t.Helper()
		if got := o.All(); len(got) != want {
			t.Errorf("%d are overdue, want %d", len(got), want)
		}
		if got := o.Listed(); len(got) != listed {
			t.Errorf("%d are listed, want %d", len(got), listed)
		}
	}
	for _, signed := range all {
		o.List("v1", signed)
		o.List("v1", signed)
		o.List("nobody", signed)
	}
	count(0, MaxListed)
	o.List("v2", all[0])
	count(0, MaxListed+1) // The list of v1 has forgotten it.
	o.List("v2", all[3])
	o.List("v3", all[3])
	o.List("v4", all[4])
	count(2, MaxListed+1)
	o.Strike(all[3].ID())
	count(1, MaxListed)

	// Whoever signs under the body of another's transaction lists his own envelope of it.
	strangers, err := tx.Seal(w.Network, all[5].RawBody(), w.Key(t, "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	o.List("v2", strangers)
	count(1, MaxListed+1)
	o.List("v3", all[5])
	o.List("v3", strangers)
	count(3, MaxListed+1)
	o.Strike(all[5].ID())
	count(1, MaxListed-1)
}

package gateway

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// applied orders operations of others than the gateway, which must be applied.
func applied(t *testing.T, n *sdktest.Network, signer key.Signer, operations ...tx.Operation) tx.ID {
	t.Helper()
	o := n.Apply(t, []key.Signer{signer}, operations...)
	if o.Result.Code != tx.OK {
		t.Fatalf("%T: %s", operations[0], o.Result.Code)
	}
	return o.ID
}

// However money comes to a phone, the phone is told, and its list of payments shows it.
func TestMoneyThatComesByOtherWays(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	n, j, a := s.network, s.phone(juma), s.phone(amina)
	hold := tx.PlaceHold{
		Debit: n.IssuerAccount, Credit: &n.Amina.Account, Asset: ledgertest.KES, Amount: 30_00, OnExpiry: tx.ExpiryReturns,
		ExpiresAtUnixMs: n.NowUnixMs() + uint64(time.Hour.Milliseconds()),
	}

	placed := applied(t, n, n.Issuer, hold)
	applied(t, n, n.Provider, tx.CaptureHold{
		Hold: tx.NewHoldID(placed, 0), Debit: n.IssuerAccount, Credit: n.Amina.Account, Asset: ledgertest.KES, Amount: 12_00, ReleaseRest: true,
	})
	a.awaitSMS(`Umepokea 12\.00 KES kutoka akaunti [0-9]+\. Risiti ` + code + `\. Salio 512\.00 KES\.`)

	hold.OnExpiry, hold.Amount = tx.ExpiryCompletes, 13_00
	applied(t, n, n.Issuer, hold)
	n.Advance(2 * time.Hour)
	applied(t, n, n.Issuer, tx.Issue{Asset: ledgertest.KES, Credit: n.Juma.Account, Amount: 5_00})
	a.awaitSMS(`Umepokea 13\.00 KES kutoka akaunti [0-9]+\. Risiti ` + code + `\. Salio 525\.00 KES\.`)
	j.awaitSMS(`You received 5\.00 KES from account [0-9]+\. Code ` + code + `\. Balance 10,005\.00 KES\.`)

	// Of a payment to many, the leg that was refused tells nobody anything.
	applied(t, n, n.Issuer, tx.BulkTransfer{Debit: n.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Each, Legs: []tx.BulkLeg{
		{Credit: n.Amina.Account, Amount: 14_00}, {Credit: n.Juma.Account, Amount: 15_00}, {Credit: n.Juma.Account, Amount: 99_00, Alias: &n.Amina.Alias},
	}})
	a.awaitSMS(`Umepokea 14\.00 KES kutoka akaunti [0-9]+\. Risiti ` + code + `\. Salio 539\.00 KES\.`)
	j.awaitSMS(`You received 15\.00 KES from account [0-9]+\. Code ` + code + `\. Balance 10,020\.00 KES\.`)

	// What was kept for somebody who did not come for it.
	applied(t, n, n.Provider, tx.PlaceHold{
		Debit: n.Juma.Account, Credit: &n.Amina.Account, Asset: ledgertest.KES, Amount: 20_00, OnExpiry: tx.ExpiryReturns,
		Fee: &tx.Fee{Provider: n.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}, ExpiresAtUnixMs: n.NowUnixMs() + 60_000,
	})
	n.Advance(2 * time.Minute)
	n.Fund(t, n.ProviderAccount, 1) // Ledger time moves by batches.
	j.awaitSMS(`20\.00 KES that was kept for Amina W\. was not claimed and is yours again\. Balance 10,020\.00 KES\.`)

	matches(t, j.play("3"), `Last payments \(KES\):\n\+15\.00 account [0-9]+ `+code+`\n\+5\.00 account [0-9]+ `+code)
	matches(t, a.play("3"), `Malipo ya karibuni \(KES\):\n\+14\.00 akaunti [0-9]+ `+code+`\n\+13\.00 akaunti [0-9]+ `+code+`\n\+12\.00 akaunti [0-9]+ `+code)
}

// A provider whose credits are used up moves nothing, and says that it goes on: that is no refusal.
func TestWantOfCreditsIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := ledgertest.NetworkOf(t, t.Name(), 4, func(_ *ledgertest.World, g *genesis.Genesis) {
		g.Parameters.CreditIntervalMs, g.Parameters.CreditBurst = 1<<20, 1 // One payment, and the next a quarter of an hour later.
	})
	s := newSiteOf(t, w, nil)
	s.deadline = short
	s.start()
	j := s.phone(juma)
	matches(t, j.play("1", "0711000002", "10", jumaPIN), "Paid 10.00 KES to AMINA W.*")
	matches(t, j.play("1", "0711000002", "20", jumaPIN), `The network is busy\. Your payment of 20\.00 KES to AMINA W\. is waiting\. We will SMS you the result\. Do not pay again\.`)
	s.funds("9989.00", "510.00")
	s.network.Advance(9 * time.Minute) // Not past the payment's expiry.
	matches(t, j.play(), `(?s)20\.00 KES to AMINA W\. is still on its way\..*`)
	s.network.Advance(2 * time.Minute) // Past it: it can never be made now.
	j.awaitSMS(`Your payment of 20\.00 KES to AMINA W\. was not made\. No money was moved\. Dial .*`)
	s.funds("9989.00", "510.00")
}

package gateway

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// attest has two attestors bind a phone's number to the account that it is bound to.
func (s *site) attest(number, name string) {
	s.t.Helper()
	n := s.network
	client := n.Client(s.t, func(c *sdk.Config) { c.AliasKey = &n.AliasKey })
	payee, err := client.Resolve(s.t.Context(), number)
	check(s.t, err)
	sealed, err := n.AliasKey.SealName(rand.Reader, number, name)
	check(s.t, err)
	o := n.Apply(s.t, []key.Signer{n.Attestors[0], n.Attestors[1]}, tx.AttestAlias{Alias: *payee.Alias, Account: payee.Account, SealedName: sealed})
	if o.Result.Code != tx.OK {
		s.t.Fatalf("attest: %s", o.Result.Code)
	}
}

// Money for a number that nobody has waits for its owner, who gets it without asking once attestors have bound the number.
func TestMoneyForANumberWithoutAnAccountIsClaimed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j, b := s.phone(juma), s.phone(baraka)
	matches(t, j.play("1", "0722000003", "200", jumaPIN),
		`200\.00 KES is kept for \+254722000003 until [0-9/]+\. To get it they dial .* and register\. Code `+code+`\.`)
	j.awaitSMS(`200\.00 KES is kept for \+254722000003 until [0-9/]+, then it is yours again\. Fee 1\.00 KES\. Code ` + code + `\. Balance 9,799\.00 KES\.`)
	b.awaitSMS(`Juma O\. sent you 200\.00 KES\. Dial \*384\*2050# within 7 days and register to get it\.`)
	matches(t, j.play("3"), `Last payments \(KES\):\n-200\.00 \+254722000003 \(waiting\) fee 1\.00`)

	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), `Welcome Baraka\..*`)
	b.awaitSMS(`200\.00 KES from Juma O\. waits for you until [0-9/]+\. You get it as soon as your number is confirmed\.`)
	s.attest(baraka, "Baraka")
	b.awaitSMS(`You received 200\.00 KES from Juma O\. Code ` + code + `\. Balance 200\.00 KES\.`)
	j.awaitSMS(`200\.00 KES that was kept for Baraka is now paid\. Code ` + code + `\. Balance 9,799\.00 KES\.`)
	matches(t, b.play("3"), `Last payments \(KES\):\n\+200\.00 Juma O\. `+code)

	// Nobody comes for the next one, and one is taken back.
	matches(t, j.play("1", "0722000009", "30", jumaPIN), `30\.00 KES is kept for .*`)
	matches(t, j.play("7", "1"), `Cancelled\. 30\.00 KES was not paid to \+254722000009 and is yours again\.`)
	s.phone("+254722000009").awaitSMS(`Juma O\. cancelled the 30\.00 KES for you\. It does not arrive\.`)
	j.awaitSMS(`30\.00 KES for \+254722000009 was cancelled and is yours again\. Balance 9,799\.00 KES\.`)
	matches(t, j.play("1", "0722000009", "40", jumaPIN), `40\.00 KES is kept for .*`)
	s.network.Advance(8 * 24 * time.Hour)
	s.network.Fund(t, s.network.ProviderAccount, 1) // Ledger time moves by batches.
	j.awaitSMS(`40\.00 KES that was kept for \+254722000009 was not claimed and is yours again\. Balance 9,799\.00 KES\.`)
	s.phone("+254722000009").awaitSMS(`The 40\.00 KES that Juma O\. sent you was not claimed in time and went back\.`)
}

// A first payment above the provider's sum waits, for a number that attestors bound as for one that the provider alone vouches for.
func TestAFirstPaymentWaits(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.ProtectAbove = "1000.00" }).start()
	j, a, b := s.phone(juma), s.phone(amina), s.phone(baraka)
	first := `(?s)Pay 1,500\.00 KES to .*First payment to them: you have 10 minutes to cancel\n.*`
	matches(t, j.play("1", "0711000002", "1500"), first)
	_, err := j.Type(t.Context(), jumaPIN)
	check(t, err)
	a.awaitSMS(`Juma O\. amekutumia 1,500\.00 KES\. Itafika saa [0-9:]{5} isipoghairiwa\. .*`)
	matches(t, a.play("3"), `(?s).*\+1,500\.00 Juma O\. \(inakuja\).*`)
	matches(t, j.play(), `(?s)1,500\.00 KES goes to AMINA W\. at [0-9:]{5}\. 7 Cancel\n.*`)
	matches(t, j.play("7", "1"), `Cancelled\. 1,500\.00 KES was not paid to AMINA W\. and is yours again\.`)
	a.awaitSMS(`Juma O\. ameghairi 1,500\.00 KES yako\. Haitafika\.`)
	if last := a.play("3"); strings.Contains(last, "1,500.00") {
		t.Errorf("the payee is still told that it comes: %s", last)
	}
	s.funds("10000.00", "500.00")

	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), `Welcome Baraka\..*`)
	matches(t, j.play("1", "0722000003", "1500"), first)
	_, err = j.Type(t.Context(), jumaPIN)
	check(t, err)
	b.awaitSMS(`Juma O\. sent you 1,500\.00 KES\. It arrives at .*`)
	s.network.Advance(14 * time.Minute)
	s.network.Fund(t, s.network.ProviderAccount, 1)
	b.awaitSMS(`You received 1,500\.00 KES from Juma O\. Code ` + code + `\. Balance 1,500\.00 KES\.`)
	j.awaitSMS(`1,500\.00 KES that was kept for Baraka is now paid\. Code ` + code + `\. Balance 8,499\.00 KES\.`)
	matches(t, j.play("3"), `Last payments \(KES\):\n-1,500\.00 Baraka `+code)
	matches(t, j.play("1"), `Enter phone or account number\n1 Baraka\n0 Back`)
}

// A wrong payment is asked back and given back, within what was paid, by the ledger's own account of it.
func TestAWrongPaymentIsGivenBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j, a := s.phone(juma), s.phone(amina)
	matches(t, j.play("1", "0711000002", "150", jumaPIN), `Paid 150\.00 KES .*`)
	a.awaitSMS(`Umepokea 150\.00 KES .*`)
	matches(t, j.play("6", "3", "1", "1"), `We asked AMINA W\. to give back 150\.00 KES\..*`)
	a.awaitSMS(`Juma O\. anasema 150\.00 KES ya [0-9/]+, risiti ` + code + `, ilikujia kwa makosa\..*`)
	matches(t, a.play("8", "1", aminaPIN), `Umemrudishia Juma O\. 150\.00 KES\. Risiti `+code+`\.`)
	j.awaitSMS(`Amina W\. gave you back 150\.00 KES\. Code ` + code + `\. Balance 9,999\.00 KES\.`)
	a.awaitSMS(`Umemrudishia Juma O\. 150\.00 KES\. Risiti ` + code + `\. Salio 500\.00 KES\.`)
	matches(t, j.play("6", "3", "1"), `You have asked AMINA W\. before .*`)
	s.funds("9999.00", "500.00")
}

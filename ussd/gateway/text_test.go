package gateway

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// payingBySMS lets people pay up to 100.00 by SMS, and 120.00 in a day.
func payingBySMS(c *Config) { c.SMSCap, c.SMSCapDay = "100", "120.00" }

// write sends an SMS.
func (p *phone) write(id, text string) {
	p.t.Helper()
	check(p.t, p.Write(p.t.Context(), id, text))
}

// A payment by SMS is made once by the true ledger, however often the carrier brings the messages.
func TestAPaymentBySMSIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, payingBySMS).start()
	j, a := s.phone(juma), s.phone(amina)
	j.write("1", "BAL")
	j.awaitSMS(`Your balance is 10,000\.00 KES\.(?s).*`)
	for range 3 {
		j.write("2", "SEND 40 0711000002")
	}
	offer := j.awaitSMS(`Pay 40\.00 KES to AMINA W\. \+254711000002, fee 1\.00 KES\? To pay answer PAY [0-9]{4} within (?:9|10) min\. .*`)
	code := regexp.MustCompile(`PAY ([0-9]{4})`).FindStringSubmatch(offer.Text)[1]
	a.write("3", "PAY "+code)
	a.awaitSMS(`Hatukukutumia namba hiyo\. .*`)
	for _, id := range []string{"4", "4", "5", "6"} {
		j.write(id, "pay "+code)
	}
	j.awaitSMS(`You paid 40\.00 KES to AMINA W\. .*`)
	a.awaitSMS(`Umepokea 40\.00 KES kutoka Juma O\. .*`)
	j.write("7", "SEND 101 0711000002")
	j.awaitSMS(`By SMS you can pay up to 100\.00 KES at once, .*`)
	j.write("8", "SEND 90 0711000002")
	j.awaitSMS(`By SMS you can pay 79\.00 KES more today, .*`)
	s.funds("9959.00", "540.00")
}

// A wallet without data pays by a stranger's phone. The message may come twice, and not with a letter changed.
func TestACompactPaymentIsRelayed(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	n := s.network
	client := n.Client(t)
	w := sdk.NewWallet(client, n.Key(t, "wallet"), sdk.WalletOptions{})
	if o, err := w.OpenAccount(t.Context()); err != nil || !o.Applied() {
		t.Fatalf("open the wallet's account: %+v, %v", o, err)
	}
	n.Fund(t, w.Account(), 100_00)
	payment, err := w.NewPayment(t.Context(), n.Amina.Number, ledgertest.KES, 25_00, "")
	check(t, err)
	payment.Alias = nil
	signed, err := w.Sign(t.Context(), payment)
	check(t, err)
	message, err := client.Short(t.Context(), signed)
	check(t, err)
	letters := message.String()
	j, a := s.phone(juma), s.phone(amina)
	wrong := "A"
	if letters[80] == 'A' {
		wrong = "B"
	}
	j.write("1", letters[:80]+wrong+letters[81:])
	j.awaitSMS(`A letter of the signed payment is wrong or missing\. .*`)
	j.write("2", strings.ToLower(letters[:80])+"\n "+letters[80:])
	j.awaitSMS(`The signed payment of 25\.00 KES is made\. Code [0-9A-Z]{8}\.`)
	a.awaitSMS(`Umepokea 25\.00 KES kutoka .*`)
	a.write("3", letters)
	a.awaitSMS(`Malipo yaliyosainiwa ya 25\.00 KES yamefanyika\. .*`)

	payment, err = w.NewPayment(t.Context(), n.Amina.Number, ledgertest.KES, 250_00, "")
	check(t, err)
	payment.Alias = nil
	signed, err = w.Sign(t.Context(), payment)
	check(t, err)
	message, err = client.Short(t.Context(), signed)
	check(t, err)
	j.write("4", message.String())
	j.awaitSMS(`The signed payment of 250\.00 KES was not made: the payer's balance is too small\. .*`)
	s.funds("10000.00", "525.00")
}

// What another provider handed over and has no outcome is shown before the PIN is asked for; what this gateway handed over itself is not.
func TestAPaymentAtAnotherProviderIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	s.deadline = 5 * time.Second // A dial waits three of them for the outcome of what was submitted.
	s.start()
	n := s.network
	j := s.phone(juma)
	n.HoldOrder(true)
	matches(t, j.play("1", "0711000002", "150", jumaPIN), `(?s)Your payment of 150\.00 KES .* is being processed\..*`)
	screen, err := j.Dial(t.Context(), "1", "0711000002", "151")
	check(t, err)
	matches(t, screen.Text, `(?s)Pay 151\.00 KES to .*`)
	body, err := sdk.NewBody(rand.Reader, n.NowUnixMs()+60_000, tx.Transfer{Debit: n.Juma.Account, Credit: n.Amina.Account, Asset: ledgertest.KES, Amount: 10_00})
	check(t, err)
	raw, err := body.Encode()
	check(t, err)
	signed, err := tx.Seal(n.Network, raw, n.Provider)
	check(t, err)
	n.Take(signed)
	screen, err = j.Dial(t.Context(), "1", "0711000002", "152")
	check(t, err)
	matches(t, screen.Text, `(?s)A payment from your account at another provider is still being processed\..*`)
	n.HoldOrder(false)
	j.awaitSMS(`You paid 150\.00 KES to AMINA W\. .*`)
	screen, err = j.Dial(t.Context(), "1", "0711000002", "153")
	check(t, err)
	matches(t, screen.Text, `(?s)Pay 153\.00 KES to .*`)
}

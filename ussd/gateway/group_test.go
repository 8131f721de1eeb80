package gateway

import (
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A group is opened, joined, paid into, and pays what two members agree to: by the rules of the true ledger, under a grant of its own.
func TestASavingsGroupPaysWhatTwoAgreeTo(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j, a, b := s.phone(juma), s.phone(amina), s.phone(baraka)
	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), `Welcome Baraka\..*`)
	number := tx.AccountNumber(uint64(len(s.network.Genesis.Accounts) + 2)).Text()

	matches(t, j.play("6", "5", "5", "Upendo", "0711000002", "0722000003", "1"), `Group Upendo is there\..*`)
	a.awaitSMS(`Juma O\. anakuomba ujiunge na kikundi cha akiba Upendo\..*`)
	matches(t, a.play("6", "5", "4", "1"), `Umejiunga na kikundi Upendo\..*`)
	matches(t, b.play("6", "5", "4", "1"), `You joined group Upendo\. It is open\. Its account number is `+number+`\.`)
	j.awaitSMS(`All have joined savings group Upendo\. Its account number is ` + number + `\..*`)

	matches(t, j.play("6", "5", "1", "300", jumaPIN), `Paid 300\.00 KES into Upendo\. Fee 1\.00 KES\. Code `+code+`\. New balance 9,699\.00 KES\.`)
	j.awaitSMS(`You paid 300\.00 KES into group Upendo\..*`)
	matches(t, a.play("6", "5", "2"), `Upendo mwezi huu:\nKikundi kina 300\.00 KES\nJuma O\. 300\.00\nAmina W\. 0\.00\nBaraka 0\.00`)

	matches(t, a.play("6", "5", "3", "0711000002", "300"), `Kikundi kina 300\.00 KES: hazitoshi pamoja na ada ya 1\.00 KES\.(?s).*`)
	matches(t, a.play("6", "5", "3", "0711000002", "250", aminaPIN), `Tumewaomba wanachama wengine.*`)
	b.awaitSMS(`Amina W\. asks: group Upendo pays 250\.00 KES to AMINA W\..*`)
	matches(t, a.play("6", "5", "4", "1"), `(?s)Namba hiyo haimo kwenye orodha\..*`) // Who asked cannot be the second.
	matches(t, b.play("6", "5", "4", "1", barakaPIN), `Upendo paid 250\.00 KES to AMINA W\. Code `+code+`\. In the group 49\.00 KES\.`)
	for _, p := range []*phone{j, b} {
		p.awaitSMS(`Group Upendo paid 250\.00 KES to AMINA W\. Fee 1\.00 KES\. Code ` + code + `\. In the group 49\.00 KES\.`)
	}
	a.awaitSMS(`Umepokea 250\.00 KES kutoka kikundi cha akiba Upendo\. Risiti ` + code + `\. Salio 750\.00 KES\.`)
	s.funds("9699.00", "750.00")

	// The other way round, and a restart between the two.
	matches(t, j.play("6", "5", "3", "0711000001", "20", jumaPIN), `We asked the other members.*`)
	s.stop()
	s.start()
	j, a, b = s.phone(juma), s.phone(amina), s.phone(baraka)
	matches(t, b.play("6", "5", "4", "2"), `You do not agree to the 20\.00 KES\..*`)
	matches(t, a.play("6", "5", "4", "1", aminaPIN), `Upendo kimemlipa JUMA O\. 20\.00 KES\..*`)
	j.awaitSMS(`Group Upendo paid 20\.00 KES to JUMA O\..*`)
	s.funds("9719.00", "750.00")
	if text := j.play("6", "5", "6"); !strings.Contains(text, number) {
		t.Errorf("got %q", text)
	}
}

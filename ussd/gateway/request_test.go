package gateway

import "testing"

// A request is made, declined, made again and paid, by the rules of the true ledger.
func TestARequestIsPaidOnceOrDeclined(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	j, a := s.phone(juma), s.phone(amina)
	matches(t, j.play("5", "1", "0711000002", "40"), `Ask AMINA W\. \+254711000002 for 40\.00 KES\?(?s).*`)
	screen, err := j.Type(t.Context(), "1")
	check(t, err)
	matches(t, screen.Text, `You asked AMINA W\. for 40\.00 KES\..*`)
	a.awaitSMS(`Juma O\. anakuomba 40\.00 KES\..*`)
	matches(t, a.play("5", "2", "1", "2", "1"), `Tumemwambia Juma O\. kwamba hulipi\..*`)
	j.awaitSMS(`Amina W\. does not pay the 40\.00 KES that you asked for\.`)

	matches(t, j.play("5", "1", "0711000002", "50", "1"), `You asked AMINA W\. for 50\.00 KES\..*`)
	a.awaitSMS(`Juma O\. anakuomba 50\.00 KES\..*`)
	matches(t, a.play("5", "2", "1", "1", aminaPIN), `Umelipa 50\.00 KES kwa Juma O\..*`)
	j.awaitSMS(`You received 50\.00 KES from Amina W\..*`)
	matches(t, a.play("5", "2"), `(?s)Hakuna anayekuomba pesa\..*`)
	s.funds("10050.00", "449.00")
}

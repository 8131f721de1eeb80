package gateway

import (
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// withAgent makes Juma an agent, with a commission and a float that is soon low.
func withAgent(c *Config) {
	c.Agents = []string{juma}
	c.LowFloat = "9900.00"
	c.Commission = []Commission{{UpTo: "100.00", Flat: "5.00"}, {BasisPoints: 200}}
}

// A customer sets cash aside, takes it back, sets it aside again, and the agent takes it: by the rules of the true ledger.
func TestCashInAndOutAtAnAgent(t *testing.T) {
	t.Parallel()
	s := newSite(t, withAgent).start()
	j, a := s.phone(juma), s.phone(amina)

	matches(t, j.play("6", "6", "5", "500"), `Day closed\. You counted 500\.00 KES\. We go on from there\. .*`)
	matches(t, j.play("6", "6", "1", "0711000002", "120", jumaPIN), `Paid 120\.00 KES to AMINA W\. for cash\. Fee 1\.00 KES\. Code `+code+`\. Float 9,879\.00 KES\.`)
	a.awaitSMS(`Umeweka pesa: umepokea 120\.00 KES kwa pesa taslimu uliyompa wakala Juma O\. Risiti ` + code + `\. Salio 620\.00 KES\.`)
	j.awaitSMS(`Your float is 9,879\.00 KES, below 9,900\.00 KES\..*`)
	s.funds("9879.00", "620.00")

	// Juma's account number is the third of the genesis.
	matches(t, a.play("4", tx.AccountNumber(3).Text(), "200"), `Toa 200\.00 KES kwa Juma O\.\nKamisheni 4\.00 KES\nAda 1\.00 KES\nJumla 205\.00 KES\n.*`)
	screen, err := a.Type(t.Context(), aminaPIN)
	check(t, err)
	matches(t, screen.Text, `200\.00 KES zinakusubiri kwa wakala Juma O\. hadi saa [0-9:]{5}\..*`)
	j.awaitSMS(`Amina W\. wants 200\.00 KES in cash until [0-9:]{5}\..*`)
	a.awaitSMS(`200\.00 KES ziko kwa wakala Juma O\. hadi [0-9:]{5}\. Zimetengwa 205\.00 KES\. Salio 415\.00 KES\..*`)

	matches(t, a.play("4", "1", "1"), `Umeghairi\..*`)
	j.awaitSMS(`Amina W\. does not take the 200\.00 KES in cash any more\. Give no cash\.`)
	a.awaitSMS(`Hukuchukua 200\.00 KES taslimu kwa Juma O\. 205\.00 KES .* Salio 620\.00 KES\.`)
	matches(t, j.play("6", "6", "2"), `(?s)No customer waits for cash\..*`)

	matches(t, a.play("4", "0711000001", "200", aminaPIN), `200\.00 KES zinakusubiri.*`)
	matches(t, j.play("6", "6", "2"), `Who waits for cash:\n1 200\.00 Amina W\.\n0 Back`)
	matches(t, j.play("6", "6", "2", "1", jumaPIN), `Give 200\.00 KES in cash to Amina W\. now\. You earned 4\.00 KES\. Code `+code+`\. Float 10,083\.00 KES\.`)
	a.awaitSMS(`Umetoa 200\.00 KES kwa wakala Juma O\. Kamisheni 4\.00 KES, ada 1\.00 KES\. Risiti ` + code + `\. Salio 415\.00 KES\.`)
	j.awaitSMS(`200\.00 KES for Amina W\. is on your float now: give the cash, once\. You earned 4\.00 KES\..*`)
	s.funds("10083.00", "415.00")
	matches(t, j.play("6", "6", "3"), `Float 10,083\.00 KES\nCash in drawer 420\.00 KES\nToday in 120\.00 KES, out 200\.00 KES\nEarned 4\.00 KES`)
}

// What no agent takes is back after its time, and an agent who comes too late gives nothing.
func TestCashThatNobodyTakesIsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, withAgent).start()
	j, a := s.phone(juma), s.phone(amina)
	matches(t, a.play("4", "0711000001", "50", aminaPIN), `50\.00 KES zinakusubiri.*`)
	j.awaitSMS(`Amina W\. wants 50\.00 KES in cash .*`)
	j.play("6", "6", "2", "1")
	s.network.Advance(41 * time.Minute)
	s.network.Fund(t, s.network.ProviderAccount, 1) // Ledger time moves by batches.
	a.awaitSMS(`Hukuchukua 50\.00 KES taslimu kwa Juma O\. 56\.00 KES .* Salio 500\.00 KES\.`)
	s.funds("10000.00", "500.00")
}

// A role is taken back by a configuration without it, and given to a number that registers later.
func TestRolesAreThoseOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *Config) { c.Agents = []string{juma, baraka} }).start()
	b := s.phone(baraka)
	matches(t, b.play("1", "Baraka", barakaPIN, barakaPIN), `Welcome Baraka\..*`)
	matches(t, b.play("6", "6", "6"), `Agents take no commission for cash\.`)
	matches(t, s.phone(juma).play("6", "6"), `(?s)Agent\n1 .*`)
	s.stop()
	s.config.Agents = []string{baraka}
	s.start()
	matches(t, s.phone(juma).play("6", "6"), `(?s)This menu is for agents\..*`)
	matches(t, s.phone(baraka).play("6", "6"), `(?s)Agent\n1 .*`)
}

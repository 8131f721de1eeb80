package ussdtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// happenRare is what seldom happens:
//
//	! speaks PHONE fr       the phone's user chooses a language, from the menu of languages
//	! commission 20         agents take 20.00 for any amount, or none
//	! turns 3               a phone has so many turns in a minute from now on
//	! balances hidden       outcomes come without the balance, or shown again
//	! wallet unsigned       the next payment of a wallet is not signed by its payer, or not_taken by the network
//	! spends 10035 7000      a wallet app spends 7,000.00 of the account with this number
//	! rich +2547… 70000000  the phone's account has so much more, and every cap is higher by it
//	! begins 32              the person dials so many payments to Juma and leaves each at its confirm screen
//	! hasty 4071            the person answers and dials again while the gateway is at it: what the dial shows, then the answer
func (c *conversation) happenRare(verb, rest string, words []string) (seen string, known bool, err error) {
	w := c.world
	switch verb {
	case "speaks":
		err = w.Speak(ussd.Phone(words[0]), menu.Language(words[1]))
	case "commission":
		w.Commission = nil
		if rest != "none" {
			var flat amount.Amount
			flat, err = amount.Parse(rest, 2)
			w.Commission = []tx.FeeBand{{Flat: flat}}
		}
		w.Start()
	case "turns":
		w.Turns, err = strconv.Atoi(rest)
		w.Start()
	case "balances":
		w.Ledger.Brief(rest == "hidden")
	case "wallet":
		refusal, ok := map[string]error{"unsigned": ussd.ErrUnsigned, "not_taken": ussd.ErrNotTaken}[rest]
		if !ok {
			err = fmt.Errorf("no refusal %q", rest)
		}
		w.Ledger.Distrust(refusal)
	case "spends":
		var value amount.Amount
		if value, err = amount.Parse(words[1], 2); err == nil {
			err = w.Ledger.Spend(words[0], value)
		}
	case "rich":
		var value amount.Amount
		if value, err = amount.Parse(words[1], 2); err == nil {
			w.Ledger.Enrich(ussd.Phone(words[0]), value)
		}
	case "begins":
		var count int
		count, err = strconv.Atoi(rest)
		for i := range count {
			w.Post(c.phone, fmt.Sprint("begins ", i), fmt.Sprintf("1*%s*%d", Juma, i+1))
		}
	case "hasty":
		seen = c.hasty(rest)
	default:
		return "", false, nil
	}
	return seen, true, err
}

// hasty answers, and dials while the answer is worked on, through an aggregator that waits for a second.
func (c *conversation) hasty(input string) string {
	answered := make(chan string)
	go func() { answered <- c.act(input) }()
	synctest.Wait()
	seen := c.world.post(c.phone, "hasty", "", time.Now().Add(time.Second))
	return strings.Join([]string{seen, <-answered}, "\n")
}

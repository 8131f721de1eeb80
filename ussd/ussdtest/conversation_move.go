package ussdtest

import (
	"context"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// happenMove is what happens around numbers and moves:
//
//	! attestors on          the gateway asks attestors from now on; full: they send no more codes
//	! attestor 2 silent     an attestor answers nothing, until it is well
//	! codes PHONE           shows the codes that came since the last time
//	! served PHONE Tumaini  another provider, Tumaini, Nyota or nobody known, serves the phone's account
//	! consent yes           old providers sign moves away from them, or not
//	! moving PHONE Tumaini  the number begins to move away; moved: it does at once
//	! held PHONE            the old provider holds a move here up; confirmed: the new one brings codes again
//	! due                   what is due happens on the ledger
//	! alone                 there is no other provider
//	! rivals gone           other providers cannot be told of who comes
//	! invite PHONE sw       Tumaini says that somebody comes
func (c *conversation) happenMove(verb, rest string, words []string) (seen string, known bool, err error) {
	l := c.world.Ledger
	phone := ussd.Phone("")
	if len(words) > 0 {
		phone = ussd.Phone(words[0])
	}
	to := map[string]ussd.Provider{"Tumaini": Tumaini, "Nyota": Nyota, "nobody": {}}
	switch verb {
	case "attestors":
		if c.world.Attestors == nil {
			c.world.Attestors = NewAttestors()
			c.world.Start()
		}
		c.world.Attestors.Fill(rest == "full")
	case "attestor":
		c.world.Attestors.Silence(int(words[0][0]-'0'), words[1] == "silent")
	case "codes":
		texts := c.world.Attestors.Messages(phone)
		h := c.handset(phone)
		seen = strings.Join(texts[h.codes:], "\n")
		h.codes = len(texts)
		if seen == "" {
			seen = "(none)"
		}
	case "served":
		l.Serve(phone, to[words[1]])
	case "consent":
		l.Consent(rest == "yes")
	case "moving":
		l.MoveAway(phone, to[words[1]])
	case "moved":
		l.MoveAtOnce(phone, to[words[1]])
	case "held":
		l.Hold(phone)
	case "confirmed":
		l.ConfirmMove(phone)
	case "due":
		l.Due()
	case "alone":
		l.Alone()
	case "rivals":
		c.world.Invited.Go(rest == "gone")
	case "invite":
		home, err := l.Home(context.Background(), phone)
		if err == nil {
			err = c.world.Service.Invite(context.Background(), Tumaini.Key, ussd.Invitation{Phone: phone, Account: home.Account, Language: menu.Language(words[1])})
		}
		if err != nil {
			seen = fmt.Sprint("(refused: ", err, ")")
		}
	default:
		return "", false, nil
	}
	return seen, true, nil
}

package ussd

import (
	"strconv"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Confirming one's own number. Until attestors have reached the person at it, only this provider vouches for the number: the account has the
// network's lowest limits, claims nothing that is kept for the number, and whoever is attested takes it.

// KindAttest binds the user's number to the account, in full.
const KindAttest Kind = "attest"

var attestKind = kind{
	done: menu.AttestDone, processing: menu.AttestProcessing, busy: menu.AttestProcessing,
	lineDone: menu.LineAttestDone, lineProcessing: menu.LineAttestProcessing, lineNotMade: menu.LineAttestNotMade,
	notMade: menu.AttestNotMade, smsNotMade: menu.SMSAttestNotMade,
	settled: func(_ *Service, w Writer, p Payment, _ uint64) error {
		user, err := getUser(w, p.Payer)
		if err != nil || user == nil || p.Outcome.Code != OutcomeOK || user.Account != p.Order.Payer {
			return err
		}
		user.Provisional = false
		return putUser(w, *user)
	},
}

const (
	// promptRegistered offers it to who has just registered, promptProvisional wherever else it is wanted.
	promptRegistered  Prompt = "number/registered"
	promptProvisional Prompt = "number/limits"
	promptBeforeMove  Prompt = "number/before"
)

func numberFlow() flow {
	return flow{show: (*Machine).showNumber, take: (*Machine).takeNumber}
}

func (m *Machine) showNumber(f Facts, s *Session) Action {
	switch s.Prompt {
	case promptRegistered:
		return m.ask(s, menu.Welcome, menu.Args{Name: f.User.Name, Account: f.User.Number.Text()})
	case promptProvisional:
		return Action{Ask: AskLimits{f.User.Account}}
	}
	return m.ask(s, menu.ConfirmFirst, menu.Args{})
}

func (m *Machine) takeNumber(f Facts, s *Session, e Event) Action {
	if action, ok := m.sought(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case LimitsRead:
		return m.ask(s, menu.LimitsProvisional, menu.Args{Limit: m.money(e.Limits.Transaction), Amount: m.money(e.Limits.LeftToday)})
	case Answer:
		switch trim(e.Input) {
		case "1":
			return m.seek(f, s, Order{Kind: KindAttest, Payer: f.User.Account,
				Payee: Payee{Account: f.User.Account, Number: f.User.Number, Phone: f.User.Phone, Name: f.User.Name}})
		}
		return m.againForm(s, e, menu.ChoiceUnknown)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// mayConfirm tells whether the user's number is to be confirmed, and can be.
func (m *Machine) mayConfirm(f Facts) bool { return m.attests && f.User != nil && f.User.Provisional }

func digits(n int) string { return strconv.Itoa(n) }

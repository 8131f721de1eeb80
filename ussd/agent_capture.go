package ussd

import (
	"context"
	"encoding/binary"
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Giving cash: the agent sees who waits, takes what was set aside, and then gives the cash. In this order nobody gives cash for money that
// the customer cancelled a moment ago.
//
// The agent's PIN is asked for, though money only comes in by it: with it the agent says that the customer gets cash, and answers for it. A
// phone that lies on the counter, or was stolen, must not be able to take what customers set aside.

// KindCashGive takes what a customer set aside.
const KindCashGive Kind = "cashgive"

var cashGiveKind = kind{
	confirm: menu.GiveConfirm, done: menu.GiveDone, doneBalance: menu.GiveDoneFloat, processing: menu.GiveWait, busy: menu.GiveWait,
	lineDone: menu.LineGiven, lineProcessing: menu.LineGiveWait, lineNotMade: menu.LineGiveNot, notMade: menu.GiveNot, smsNotMade: menu.SMSGiveNot,
	refused: map[OutcomeCode]menu.Key{OutcomeHoldOver: menu.GiveOver}, settled: (*Service).countCash,
}

// promptCustomers lists the customers who wait.
const promptCustomers Prompt = "cashcapture/list"

// Waiting is a customer who set money aside for an agent.
type Waiting struct {
	Hold tx.HoldID `json:"hold"`
	// Customer is by the name and number that this gateway knows.
	Customer    Payee         `json:"customer"`
	Amount      amount.Amount `json:"amount"`
	Commission  amount.Amount `json:"commission,omitempty"`
	Fee         amount.Amount `json:"fee,omitempty"`
	UntilUnixMs uint64        `json:"until_unix_ms"`
}

const (
	// listedCustomers is how many are on a screen, maxCustomers how many are looked at.
	listedCustomers = 5
	maxCustomers    = 64
)

func waitingCashKey(agent tx.AccountID, untilUnixMs uint64, hold tx.HoldID) []byte {
	return append(binary.BigEndian.AppendUint64(waitingCashPrefix(agent), untilUnixMs), hold[:]...)
}

func waitingCashPrefix(agent tx.AccountID) []byte { return append([]byte("cashwaits/"), agent[:]...) }

func captureFlow() flow {
	return flow{show: (*Machine).showCapture, take: (*Machine).takeCapture, enter: forAgents(func(m *Machine, f Facts, s *Session) Action {
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		return m.goTo(f, s, promptCustomers)
	})}
}

func (m *Machine) showCapture(f Facts, _ *Session) Action {
	return Action{Ask: AskCustomers{f.User.Account}}
}

func (m *Machine) takeCapture(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case CustomersRead:
		s.Draft.Customers = e.Customers
		if len(e.Customers) == 0 {
			return m.goHome(f, s, m.text(s, menu.LineNoCustomers, menu.Args{}))
		}
		var lines []string
		for i, c := range e.Customers {
			lines = append(lines, strconv.Itoa(i+1)+" "+c.Amount.Grouped(m.asset.Scale)+" "+m.payeeName(s, c.Customer))
		}
		return m.askText(s, s.Screen.lines(m.text(s, menu.CustomersTitle, menu.Args{}), append(lines, m.text(s, menu.BackLine, menu.Args{}))))
	case Answer:
		place, err := strconv.Atoi(trim(e.Input))
		if err != nil || place < 1 || place > len(s.Draft.Customers) {
			return m.againForm(s, e, menu.ChoiceUnknown)
		}
		c := s.Draft.Customers[place-1]
		return m.propose(f, s, Order{Kind: KindCashGive, Payee: c.Customer, Amount: c.Amount, Commission: c.Commission, Hold: c.Hold})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// AskCustomers asks who waits for an agent, who waits longest first.
type AskCustomers struct{ Agent tx.AccountID }

// CustomersRead answers AskCustomers.
type CustomersRead struct{ Customers []Waiting }

func (CustomersRead) event() {}

func (a AskCustomers) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var read CustomersRead
	err := s.store.View(ctx, func(r Reader) error {
		prefix := waitingCashPrefix(a.Agent)
		from := binary.BigEndian.AppendUint64(waitingCashPrefix(a.Agent), f.NowUnixMs)
		return r.Scan(prefix, from, maxCustomers, func(key, _ []byte) error {
			c, err := get[Waiting](r, key)
			if err == nil && c != nil && len(read.Customers) < listedCustomers {
				read.Customers = append(read.Customers, *c)
			}
			return err
		})
	})
	return read, err
}

// cashKept lists a customer who has just set money aside, so that the agent sees it before the feed tells of it.
func (s *Service) cashKept(w Writer, p Payment, _ uint64) error {
	if p.Outcome.Code != OutcomeOK {
		return nil
	}
	customer, err := getUser(w, p.Payer)
	if err != nil || customer == nil {
		return err
	}
	waits := Waiting{Hold: tx.NewHoldID(p.Prepared.ID, 0), Amount: p.Order.Amount, Commission: p.Order.Commission, Fee: p.Fee, UntilUnixMs: p.Order.EndsAtUnixMs,
		Customer: Payee{Account: customer.Account, Number: customer.Number, Phone: customer.Phone, Name: customer.Name}}
	key := waitingCashKey(p.Order.Payee.Account, waits.UntilUnixMs, waits.Hold)
	if err := put(w, key, waits); err != nil {
		return err
	}
	return forgetAt(w, waits.UntilUnixMs+heldKept, key)
}

// cashWaits tells customer and agent that money is set aside. p is the customer's payment.
func (s *Service) cashWaits(w Writer, n noticed, h HoldPlaced, customer, agent *User, p Payment) error {
	if customer == nil {
		return nil
	}
	session := Session{Language: customer.Language}
	args := s.machine.args(&session, p)
	args.Code, args.Balance, args.Time = h.ReceiptCode, s.machine.money(h.Balance), s.machine.at(h.UntilUnixMs)
	if err := s.tell(w, n.reference+"/payer", *customer, menu.SMSCashKept, p.Order.Payee, args); err != nil || agent == nil {
		return err
	}
	return s.tell(w, n.reference+"/payee", *agent, menu.SMSCashWaits, Payee{Number: customer.Number, Name: customer.Name},
		menu.Args{Amount: s.machine.money(p.Order.Amount), Time: s.machine.at(h.UntilUnixMs)})
}

// cashEnds forgets a customer whose money was taken or is back. It gives what waited; nil when that was no cash.
func cashEnds(w Writer, held Held) (*Waiting, error) {
	key := waitingCashKey(held.Payee, held.UntilUnixMs, held.Hold)
	waits, err := get[Waiting](w, key)
	if err != nil || waits == nil {
		return nil, err
	}
	return waits, w.Delete(key)
}

// cashBack tells a customer that what was set aside is back, and an agent that this customer does not come. done is false when it was no cash.
func (s *Service) cashBack(w Writer, reference string, held Held, balance amount.Amount) (done bool, err error) {
	waits, err := cashEnds(w, held)
	if err != nil || waits == nil {
		return false, err
	}
	args := menu.Args{Amount: s.machine.money(waits.Amount), Balance: s.machine.money(balance),
		Total: s.machine.money(waits.Amount.Saturate(waits.Commission).Saturate(waits.Fee))}
	for _, side := range []struct {
		reference string
		account   tx.AccountID
		key       menu.Key
		other     Payee
	}{{"/payer", held.Payer, menu.SMSCashBack, held.other()}, {"/payee", held.Payee, menu.SMSCashCancelled, waits.Customer}} {
		user, err := userOf(w, side.account)
		if err == nil && user != nil {
			err = s.tell(w, reference+side.reference, *user, side.key, side.other, args)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// cashGiven tells both sides of cash that was given. The commission is a leg of its own, told of with the first; held is what was set aside
// before that.
func (s *Service) cashGiven(w Writer, reference string, t FinalTransfer, held *Held, customer, agent *User, given Payment) error {
	if t.Position != 0 || held == nil {
		return nil
	}
	waits, err := cashEnds(w, *held)
	if err != nil || waits == nil {
		return err
	}
	args := menu.Args{Amount: s.machine.money(waits.Amount), Commission: s.machine.money(waits.Commission), Fee: s.machine.money(waits.Fee), Code: t.ReceiptCode}
	if agent != nil {
		args.Float = s.machine.money(t.CreditBalance)
		if err := s.tell(w, reference+"/payee", *agent, menu.SMSGave, given.Order.Payee, args); err != nil {
			return err
		}
	}
	if customer == nil {
		return nil
	}
	args.Balance = s.machine.money(t.DebitBalance)
	return s.tell(w, reference+"/payer", *customer, menu.SMSCashOut, Payee{Account: t.Credit, Name: held.Name}, args)
}

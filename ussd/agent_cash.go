package ussd

import (
	"context"
	"fmt"
	"math"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// AgentCash is an agent's own record of cash. It changes with the outcome of what the agent confirmed, in the same store transaction, and
// with what the agent counts; the ledger knows of no cash.
type AgentCash struct {
	// Drawer is what should be there, in minor units: what was counted last, and cash in and out since. It is below zero when cash went out
	// that was never counted.
	Drawer int64 `json:"drawer"`
	// Day is the local day, counted from 1970, whose figures follow.
	Day        int64         `json:"day"`
	In         amount.Amount `json:"in"`
	Out        amount.Amount `json:"out"`
	Commission amount.Amount `json:"commission"`
	InCount    int           `json:"in_count"`
	OutCount   int           `json:"out_count"`
	// Low means that the agent was told that the float is low, and it has not been above since.
	Low bool `json:"low,omitempty"`
	// Closed is the turn that closed the day last: a duplicate of it closes nothing again.
	Closed Digest `json:"closed,omitzero"`
}

// known tells whether somebody knows what should be in the drawer: it was counted once, and no more went out of it than was counted and came in.
func (c AgentCash) known() bool { return c.Closed != Digest{} && c.Drawer >= 0 }

func cashKey(phone Phone) []byte { return append([]byte("cash/"), phone...) }

// getCash reads an agent's record, with the figures of a day.
func getCash(r Reader, phone Phone, day int64) (AgentCash, error) {
	cash, err := get[AgentCash](r, cashKey(phone))
	if err != nil {
		return AgentCash{}, err
	}
	if cash == nil {
		cash = &AgentCash{}
	}
	if cash.Day != day {
		cash.Day, cash.In, cash.Out, cash.Commission, cash.InCount, cash.OutCount = day, 0, 0, 0, 0, 0
	}
	return *cash, nil
}

// dayOf is the local day of a time, counted from 1970.
func (m *Machine) dayOf(unixMs uint64) int64 {
	return (int64(unixMs/60_000) + int64(m.offsetMinutes)) / (24 * 60)
}

// countCash counts what an agent has just been told to be done. It is called once for each outcome.
func (s *Service) countCash(w Writer, p Payment, nowUnixMs uint64) error {
	if p.Outcome.Code != OutcomeOK || p.Order.Kind != KindCashIn && p.Order.Kind != KindCashGive {
		return nil
	}
	cash, err := getCash(w, p.Payer, s.machine.dayOf(nowUnixMs))
	if err != nil {
		return err
	}
	value := int64(min(p.Order.Amount, math.MaxInt64))
	if p.Order.Kind == KindCashIn {
		cash.In, cash.InCount = cash.In.Saturate(p.Order.Amount), cash.InCount+1
	} else {
		cash.Out, cash.OutCount = cash.Out.Saturate(p.Order.Amount), cash.OutCount+1
		cash.Commission = cash.Commission.Saturate(p.Order.Commission)
		value = -value
	}
	if sum := cash.Drawer + value; (sum > cash.Drawer) == (value > 0) { // Else it passes what an int64 holds, which no drawer does.
		cash.Drawer = sum
	}
	return put(w, cashKey(p.Payer), cash)
}

type (
	// AskCash asks for an agent's record and float.
	AskCash struct {
		Phone   Phone
		Account tx.AccountID
	}
	// CashRead answers AskCash.
	CashRead struct {
		Cash  AgentCash
		Float amount.Amount
	}
)

func (CashRead) event() {}

func (a AskCash) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	float, err := s.ledger.Balance(ctx, a.Account)
	if err != nil {
		return nil, err
	}
	read := CashRead{Float: float}
	err = s.store.View(ctx, func(r Reader) (err error) {
		read.Cash, err = getCash(r, a.Phone, s.machine.dayOf(f.NowUnixMs))
		return err
	})
	return read, err
}

// CloseDay notes what was counted and sends the figures.
type CloseDay struct {
	Phone Phone
	// Turn is the one that counted.
	Turn Digest
	// Read is the record as the agent saw it; what was counted is compared with that.
	Read           AgentCash
	Counted, Float amount.Amount
}

// apply moves the drawer by the difference, so that what was settled between the screen and the answer stays counted.
func (e CloseDay) apply(s *Service, w Writer, nowUnixMs uint64) error {
	cash, err := getCash(w, e.Phone, s.machine.dayOf(nowUnixMs))
	if err != nil || cash.Closed == e.Turn {
		return err
	}
	cash.Drawer += int64(e.Counted) - e.Read.Drawer
	cash.Closed = e.Turn
	if err := put(w, cashKey(e.Phone), cash); err != nil {
		return err
	}
	user, err := getUser(w, e.Phone)
	if err != nil || user == nil {
		return err
	}
	session := Session{Language: user.Language}
	args := s.machine.cashArgs(e.Read, e.Float)
	args.Cash, args.Limit, args.Date = s.machine.money(e.Counted), s.machine.signed(e.Read.Drawer), s.machine.day(nowUnixMs)
	key := menu.SMSDay
	if !e.Read.known() {
		key = menu.SMSDayFirst
	}
	return s.notify(w, fmt.Sprintf("day/%x", e.Turn[:16]), e.Phone, s.machine.text(&session, key, args))
}

// watchFloat tells an agent once that the float is low, until it is above again.
func (s *Service) watchFloat(w Writer, reference string, user *User, float amount.Amount, atUnixMs uint64) error {
	if user == nil || user.Role != RoleAgent || s.machine.lowFloat == 0 {
		return nil
	}
	cash, err := getCash(w, user.Phone, s.machine.dayOf(atUnixMs))
	low := float < s.machine.lowFloat
	if err != nil || cash.Low == low {
		return err
	}
	cash.Low = low
	if err := put(w, cashKey(user.Phone), cash); err != nil || !low {
		return err
	}
	session := Session{Language: user.Language}
	return s.notify(w, reference+"/float", user.Phone, s.machine.text(&session, menu.SMSLowFloat,
		menu.Args{Float: s.machine.money(float), Limit: s.machine.money(s.machine.lowFloat)}))
}

// watchFloats looks at both sides of money that moved.
func (s *Service) watchFloats(w Writer, m moved, t FinalTransfer, payer, payee *User) error {
	if err := s.watchFloat(w, m.reference+"/payer", payer, t.DebitBalance, m.timeUnixMs); err != nil || t.How == HoldReturned {
		return err
	}
	return s.watchFloat(w, m.reference+"/payee", payee, t.CreditBalance, m.timeUnixMs)
}

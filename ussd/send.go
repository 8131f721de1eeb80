package ussd

import (
	"errors"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Sending: 1*NUMBER*AMOUNT*PIN. The confirm screen fixes the transaction; the PIN on it is the last thing typed.

// mostAsked is the most that an order is prepared for. It is above every cap, and leaves room for the fee in an amount: what
// is typed beyond it is refused for the balance or a cap, not for a form that only the ledger knows.
const mostAsked = amount.Max / 2

// order takes payee and amount.
func (m *Machine) order(f Facts, s *Session, e Event) Action {
	if f.User == nil || f.User.Opening != nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt == PromptPayee {
			return m.namePayee(s, e)
		}
		return m.nameAmount(f, s, e)
	case PayeeFound:
		if e.Payee.Account == f.User.Account {
			return m.refuse(s, menu.PayeeSelf, menu.Args{})
		}
		s.Payee = &e.Payee
		return m.prompt(s, PromptAmount, menu.SendAmount, menu.Args{})
	case PayeeMissing:
		number := string(s.Payee.Phone)
		if number == "" {
			number = s.Payee.Number.Text()
		}
		return m.refuse(s, menu.PayeeUnknown, menu.Args{Number: number})
	case NotGranted:
		return m.refuse(s, menu.NotGranted, menu.Args{})
	case Offered:
		return m.offered(f, s, e.Order, e.Offer)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) namePayee(s *Session, a Answer) Action {
	destination, err := ParseDestination(trim(a.Input), m.region)
	if err != nil {
		return m.refuseForm(s, a, menu.PayeeForm)
	}
	if destination.Phone == s.Phone {
		return m.refuse(s, menu.PayeeSelf, menu.Args{})
	}
	s.Payee = &Payee{Phone: destination.Phone, Number: destination.Number}
	return Action{Ask: AskPayee{destination}}
}

func (m *Machine) nameAmount(f Facts, s *Session, a Answer) Action {
	if len(a.Rest) > 1 || len(a.Rest) == 1 && pin.CheckForm(a.Rest[0]) != nil {
		// 10*50 is not 10 and a PIN.
		return m.refuse(s, menu.StarOrHash, menu.Args{})
	}
	value, err := amount.Parse(trim(a.Input), m.asset.Scale)
	switch {
	case errors.Is(err, amount.ErrZero):
		return m.refuseForm(s, a, menu.AmountZero)
	case errors.Is(err, amount.ErrTooManyDecimals):
		return m.refuseForm(s, a, menu.AmountDecimals)
	case errors.Is(err, amount.ErrTooLarge):
		value = mostAsked
	case err != nil:
		return m.refuseForm(s, a, menu.AmountForm)
	}
	value = min(value, mostAsked)
	var effects []Effect
	open := 0
	for _, p := range f.Payments {
		if !p.open(f.NowUnixMs) {
			continue
		}
		open++
		if p.Payee.Account != s.Payee.Account || p.Amount != value {
			continue
		}
		expired := f.NowUnixMs >= p.Prepared.ExpiresAtUnixMs
		late := f.NowUnixMs+uint64(leastLife.Milliseconds()) >= p.Prepared.ExpiresAtUnixMs
		switch {
		case p.Stage == StageSubmitted && expired:
			// The ledger has not said yet that it never happened. Paying the same again now could pay twice.
			return m.processing(s, p)
		case p.Stage == StageSubmitted || !late:
			return m.confirm(s, p)
		}
		effects = append(effects, AbandonPayment{p.Prepared.ID})
	}
	if open-len(effects) >= maxOpen {
		return m.refuse(s, menu.TooManyOpen, menu.Args{})
	}
	return Action{Effects: effects, Ask: AskOffer{Order{
		Payer: f.User.Account, Payee: *s.Payee, Amount: value,
		ExpiresAtUnixMs: f.NowUnixMs + uint64(PaymentLife.Milliseconds()),
	}}}
}

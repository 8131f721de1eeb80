package ussd

import (
	"errors"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Close of day: the agent counts the drawer, the difference is noted, and the day's figures come by SMS. Counting moves no money and asks
// for no PIN. Nobody knows what should be there before the first count, since agents begin with cash of their own: that one is only noted.

const promptDayCount Prompt = "dayclose/count"

func dayCloseFlow() flow {
	return flow{show: (*Machine).showDayClose, take: (*Machine).takeDayClose, enter: forAgents(func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptDayCount)
	})}
}

// showDayClose asks for the figures. While cash may or may not have changed hands they would be wrong.
func (m *Machine) showDayClose(f Facts, s *Session) Action {
	for _, p := range f.Payments {
		if p.Stage == StageSubmitted && (p.Order.Kind == KindCashIn || p.Order.Kind == KindCashGive) {
			return m.end(s, menu.DayWaits, menu.Args{})
		}
	}
	return Action{Ask: AskCash{Phone: s.Phone, Account: f.User.Account}}
}

func (m *Machine) takeDayClose(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case CashRead:
		s.Draft.Cash, s.Draft.Float = &e.Cash, e.Float
		key := menu.DayCount
		if !e.Cash.known() {
			key = menu.DayFirst
		}
		return m.ask(s, key, m.cashArgs(e.Cash, e.Float))
	case Answer:
		if s.Draft.Cash == nil || len(e.Rest) > 0 || e.Joined {
			return m.again(s, menu.StarOrHash, menu.Args{})
		}
		// An empty drawer is 0.00: a single 0 goes back.
		counted, err := amount.Parse(trim(e.Input), m.asset.Scale)
		if err != nil && !errors.Is(err, amount.ErrZero) {
			return m.againForm(s, e, menu.AmountForm)
		}
		return m.closeDay(f, s, min(counted, mostAsked))
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// closeDay notes the difference between what was counted and what should be there.
func (m *Machine) closeDay(f Facts, s *Session, counted amount.Amount) Action {
	cash := *s.Draft.Cash
	difference := int64(counted) - cash.Drawer
	args := m.cashArgs(cash, s.Draft.Float)
	args.Cash, args.Limit = m.money(counted), m.signed(cash.Drawer)
	key := menu.DayEven
	switch {
	case !cash.known():
		key = menu.DayNoted
	case difference < 0:
		key, args.Amount = menu.DayShort, m.signed(-difference)
	case difference > 0:
		key, args.Amount = menu.DayOver, m.signed(difference)
	}
	action := m.end(s, key, args)
	action.Effects = []Effect{CloseDay{Phone: s.Phone, Turn: f.Turn, Read: cash, Counted: counted, Float: s.Draft.Float}}
	return action
}

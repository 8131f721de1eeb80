package ussd

import (
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The float: how much there is, how much cash should be in the drawer, float for another agent, and the table of commissions.

// KindFloat sends float to another agent.
const KindFloat Kind = "float"

var floatKind = kind{
	confirm: menu.FloatConfirm, done: menu.PaidNoBalance, doneBalance: menu.Paid, processing: menu.Processing, busy: menu.ProcessingBusy,
	lineDone: menu.LinePaid, lineProcessing: menu.LineProcessing, lineNotMade: menu.LineNotMade, notMade: menu.NotMade,
	smsNotMade: menu.SMSNotMade, spends: true,
}

const (
	promptFloat       Prompt = "float/read"
	promptFloatTo     Prompt = "floatsend/agent"
	promptFloatAmount Prompt = "floatsend/amount"
	promptCommission  Prompt = "commission/table"
)

func floatFlow() flow {
	return flow{take: (*Machine).takeFloat, show: (*Machine).showLooking, enter: forAgents(func(_ *Machine, f Facts, s *Session) Action {
		s.Prompt = promptFloat
		return Action{Ask: AskCash{Phone: s.Phone, Account: f.User.Account}}
	})}
}

// takeFloat shows the float and the drawer.
func (m *Machine) takeFloat(_ Facts, s *Session, e Event) Action {
	read, ok := e.(CashRead)
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	key := menu.Float
	if !read.Cash.known() {
		key = menu.FloatUncounted
	}
	return m.end(s, key, m.cashArgs(read.Cash, read.Float))
}

// cashArgs are all that texts say of an agent's day.
func (m *Machine) cashArgs(c AgentCash, float amount.Amount) menu.Args {
	return menu.Args{Float: m.money(float), Cash: m.signed(c.Drawer), Amount: m.money(c.In), Total: m.money(c.Out),
		Commission: m.money(c.Commission), Count: strconv.Itoa(c.InCount), Of: strconv.Itoa(c.OutCount)}
}

// signed writes an amount that may be below zero.
func (m *Machine) signed(minor int64) string {
	if minor < 0 {
		return "-" + m.money(amount.Amount(-minor))
	}
	return m.money(amount.Amount(minor))
}

func floatSendFlow() flow {
	return flow{show: (*Machine).showFloatSend, take: (*Machine).takeFloatSend, resumes: true,
		enter: forAgents(func(m *Machine, f Facts, s *Session) Action {
			if f.User.Attempts.Stopped(f.NowUnixMs) {
				return m.stopped(f, s, *f.User)
			}
			s.Draft.Order.Kind = KindFloat
			return m.goTo(f, s, promptFloatTo)
		})}
}

func (m *Machine) showFloatSend(_ Facts, s *Session) Action {
	if s.Prompt == promptFloatTo {
		return m.ask(s, menu.AgentNumber, menu.Args{})
	}
	return m.ask(s, menu.FloatAmount, menu.Args{Name: m.payeeName(s, s.Draft.Order.Payee)})
}

func (m *Machine) takeFloatSend(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt == promptFloatTo {
			return m.nameAgent(s, e)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Amount = value
		return m.propose(f, s, order)
	case AgentFound:
		return m.agentFound(f, s, e.Agent, promptFloatAmount)
	case AgentMissing:
		return m.again(s, menu.AgentUnknown, menu.Args{Number: e.Destination.text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func commissionFlow() flow {
	return flow{take: func(m *Machine, f Facts, s *Session, _ Event) Action { return m.mainMenu(f, s, nil) }, show: (*Machine).showCommission,
		enter: forAgents(func(m *Machine, f Facts, s *Session) Action { return m.goTo(f, s, promptCommission) })}
}

// showCommission shows the published table.
func (m *Machine) showCommission(_ Facts, s *Session) Action {
	if len(m.commission) == 0 {
		return m.end(s, menu.NoCommission, menu.Args{})
	}
	var lines []string
	for i, b := range m.commission {
		switch {
		case b.UpTo != 0:
			lines = append(lines, m.text(s, menu.LineBand, menu.Args{Limit: b.UpTo.Grouped(m.asset.Scale), Commission: m.share(b)}))
		case i == 0:
			lines = append(lines, m.text(s, menu.LineBandAny, menu.Args{Commission: m.share(b)}))
		default:
			lines = append(lines, m.text(s, menu.LineBandAbove, menu.Args{Commission: m.share(b)}))
		}
	}
	return m.endText(s, s.Screen.lines(m.text(s, menu.CommissionTitle, menu.Args{}), lines))
}

// share writes what a band takes: "10.00", "1.5%", or both.
func (m *Machine) share(b tx.FeeBand) string {
	if b.BasisPoints == 0 {
		return b.Flat.Grouped(m.asset.Scale)
	}
	percent := amount.Amount(b.BasisPoints).Text(2)
	for percent[len(percent)-1] == '0' {
		percent = percent[:len(percent)-1]
	}
	if percent[len(percent)-1] == '.' {
		percent = percent[:len(percent)-1]
	}
	if b.Flat == 0 {
		return percent + "%"
	}
	return b.Flat.Grouped(m.asset.Scale) + "+" + percent + "%"
}

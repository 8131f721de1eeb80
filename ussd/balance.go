package ussd

import (
	"context"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Looking: the balance, and the last payments.

func balanceFlow() flow {
	return flow{take: (*Machine).takeBalance, show: (*Machine).showLooking, enter: func(_ *Machine, f Facts, s *Session) Action {
		s.Prompt = "balance/read"
		return Action{Ask: AskBalance{f.User.Account}}
	}}
}

func lastFlow() flow {
	return flow{take: (*Machine).takeLast, show: (*Machine).showLooking, enter: func(_ *Machine, f Facts, s *Session) Action {
		s.Prompt = "last/read"
		return Action{Ask: AskPayments{f.User.Account}}
	}}
}

type (
	// AskBalance asks for the user's balance.
	AskBalance struct{ Account tx.AccountID }
	// AskPayments asks for the user's last payments.
	AskPayments struct{ Account tx.AccountID }
	// BalanceRead answers AskBalance.
	BalanceRead struct{ Balance amount.Amount }
	// PaymentsRead answers AskPayments.
	PaymentsRead struct{ Lines []PaymentLine }
)

func (BalanceRead) event()  {}
func (PaymentsRead) event() {}

// PaymentLine is one past payment with the other side's name, if the gateway knows it.
type PaymentLine struct {
	PastPayment
	Name string
	// Phone is the number that an amount is kept for, where the gateway knows it.
	Phone Phone
}

func (a AskBalance) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	balance, err := s.ledger.Balance(ctx, a.Account)
	return BalanceRead{balance}, err
}

func (a AskPayments) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	lines, err := s.pastPayments(ctx, a.Account, listedPayments)
	return PaymentsRead{lines}, err
}

// showLooking is never reached: both end the session, and nothing lies behind them.
func (m *Machine) showLooking(f Facts, s *Session) Action { return m.mainMenu(f, s, nil) }

func (m *Machine) takeBalance(f Facts, s *Session, e Event) Action {
	if e, ok := e.(BalanceRead); ok {
		return m.end(s, menu.Balance, menu.Args{Balance: m.money(e.Balance), Account: f.User.Number.Text()})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// takeLast lists as many of the last payments as fit.
func (m *Machine) takeLast(f Facts, s *Session, e Event) Action {
	read, ok := e.(PaymentsRead)
	switch {
	case !ok:
		return m.end(s, menu.DialAgain, menu.Args{})
	case len(read.Lines) == 0:
		return m.end(s, menu.NoPayments, menu.Args{Account: f.User.Number.Text()})
	}
	var lines, withFee []string
	for _, line := range read.Lines {
		plain := m.pastLine(s, line)
		lines = append(lines, plain)
		if line.Fee != 0 {
			plain += " " + m.text(s, menu.LineFee, menu.Args{Fee: line.Fee.Grouped(m.asset.Scale)})
		}
		withFee = append(withFee, plain)
	}
	// The fees stand there when no payment gives way to them.
	title := m.text(s, menu.LinePayments, menu.Args{})
	text, long := s.Screen.lines(title, lines), s.Screen.lines(title, withFee)
	if strings.Count(long, "\n") == strings.Count(text, "\n") {
		text = long
	}
	return m.endText(s, text)
}

// pastLine tells of one payment.
func (m *Machine) pastLine(s *Session, line PaymentLine) string {
	key := menu.LineOut
	switch {
	case line.Kept && line.Incoming:
		key = menu.LineComing
	case line.Kept:
		key = menu.LineOutKept
	case line.Incoming:
		key = menu.LineIn
	}
	return m.text(s, key, menu.Args{Amount: line.Amount.Grouped(m.asset.Scale), Name: m.payeeName(s, line.other()), Code: line.ReceiptCode})
}

package ussd

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// The account: what it may spend, in which language it is spoken to, and the end of this provider's access to it.

// Limits are what an account may still spend through this provider.
type Limits struct {
	// Transaction is the most for one payment, Day the most for a day, LeftToday what is left of it; fees included.
	Transaction, Day, LeftToday amount.Amount
}

// AskLimits asks for an account's limits.
type AskLimits struct{ Account tx.AccountID }

// LimitsRead answers AskLimits.
type LimitsRead struct{ Limits Limits }

func (LimitsRead) event() {}

func (a AskLimits) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	limits, err := s.ledger.Limits(ctx, a.Account)
	return LimitsRead{limits}, err
}

func limitsFlow() flow {
	return flow{show: (*Machine).showLooking, enter: func(m *Machine, f Facts, s *Session) Action {
		if m.mayConfirm(f) {
			return m.goTo(f, s, promptProvisional)
		}
		s.Prompt = "limits/read"
		return Action{Ask: AskLimits{f.User.Account}}
	}, take: func(m *Machine, _ Facts, s *Session, e Event) Action {
		read, ok := e.(LimitsRead)
		if !ok {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		return m.end(s, menu.Limits, menu.Args{Limit: m.money(read.Limits.Transaction), Amount: m.money(read.Limits.LeftToday), Total: m.money(read.Limits.Day)})
	}}
}

const promptTongue Prompt = "language/choose"

func languageFlow() flow {
	return flow{
		enter: func(m *Machine, f Facts, s *Session) Action {
			s.Page = 0
			return m.goTo(f, s, promptTongue)
		},
		show: func(m *Machine, _ Facts, s *Session) Action {
			return m.askText(s, m.book.LanguagePage(s.Page, s.Language, menu.Args{}))
		},
		take: (*Machine).takeLanguage,
	}
}

// takeLanguage changes the language at once: the next screen is the main menu in it.
func (m *Machine) takeLanguage(f Facts, s *Session, e Event) Action {
	a, ok := e.(Answer)
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	language, next, ok := m.book.ChooseLanguage(trim(a.Input))
	switch {
	case next:
		s.Page++
		return m.show(f, s)
	case !ok:
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	user := *f.User
	user.Language, s.Language, s.Page = language, language, 0
	return m.goHome(f, s, m.text(s, menu.LineLanguage, menu.Args{}), SaveUser{user})
}

// KindClose ends this provider's grant. The money stays on the account.
const KindClose Kind = "close"

var closeKind = kind{
	confirm: menu.CloseConfirm, done: menu.CloseDone, processing: menu.CloseProcessing, busy: menu.CloseProcessing,
	lineDone: menu.LineCloseDone, lineProcessing: menu.LineCloseProcessing, lineNotMade: menu.LineCloseNotMade,
	notMade: menu.CloseNotMade, smsNotMade: menu.SMSCloseNotMade,
	settled: func(s *Service, w Writer, p Payment, _ uint64) error {
		user, err := getUser(w, p.Payer)
		if err != nil || user == nil || p.Outcome.Code != OutcomeOK {
			return err
		}
		return dropUser(w, *user)
	},
}

func closeFlow() flow {
	return flow{show: (*Machine).showLooking, enter: func(m *Machine, f Facts, s *Session) Action {
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		if p := newest(f.Payments, func(p Payment) bool {
			return p.Stage == StageSubmitted && p.Order.Kind != KindClose && p.Order.Kind != KindClaim
		}); p != nil {
			// Without access it may never be made, and nobody here could be told what became of it.
			return m.processing(s, *p)
		}
		s.Prompt = "close/offer"
		return m.propose(f, s, Order{Kind: KindClose})
	}, take: func(m *Machine, f Facts, s *Session, e Event) Action {
		if action, ok := m.offered(f, s, e); ok {
			return action
		}
		return m.end(s, menu.DialAgain, menu.Args{})
	}}
}

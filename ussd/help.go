package ussd

import (
	"context"
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Help: where to call, and complaints. Who complains picks what it is about and which payment, and has a case number at once.

const (
	promptHelp          Prompt = "help/menu"
	promptComplainAbout Prompt = "help/about"
	promptComplainWhich Prompt = "help/which"
	promptComplaints    Prompt = "help/cases"
)

// noPayment is the choice of a complaint that is about no payment. It has the same number however many payments are listed.
const noPayment = listedPayments + 1

// AskComplaintPayments asks for the payments that a complaint may be about, which PaymentsRead answers. While the ledger cannot be reached it
// is about none: that is no time to refuse complaints.
type AskComplaintPayments struct{ Account tx.AccountID }

func (a AskComplaintPayments) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	brief, cancel := context.WithTimeout(ctx, briefWait)
	defer cancel()
	lines, err := s.pastPayments(brief, a.Account, listedPayments)
	if err != nil {
		s.log.Warn("complaint without a list of payments", "error", err)
		return PaymentsRead{}, nil
	}
	return PaymentsRead{Lines: lines}, nil
}

func helpFlow() flow {
	return flow{show: (*Machine).showHelp, take: (*Machine).takeHelp, enter: func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptHelp)
	}}
}

func (m *Machine) showHelp(f Facts, s *Session) Action {
	switch s.Prompt {
	case promptComplainAbout:
		return m.ask(s, menu.ComplainAbout, menu.Args{})
	case promptComplainWhich:
		return Action{Ask: AskComplaintPayments{f.User.Account}}
	case promptComplaints:
		return Action{Ask: AskCases{s.Phone}}
	}
	if m.telephone == "" {
		return m.ask(s, menu.HelpNoTelephone, menu.Args{})
	}
	return m.ask(s, menu.Help, menu.Args{})
}

func (m *Machine) takeHelp(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case Answer:
		return m.answerHelp(f, s, e)
	case PaymentsRead:
		return m.complainWhich(s, e)
	case TooManyCases:
		return m.end(s, menu.CaseTooMany, menu.Args{Count: strconv.Itoa(maxOpenCases)})
	case CaseNumbered:
		c := Case{Number: e.Number, Phone: s.Phone, Account: f.User.Account, About: s.Draft.About, Payment: s.Draft.Complaint,
			OpenedAtUnixMs: f.NowUnixMs, State: CaseOpen}
		key := menu.CaseOpened
		if c.About == Stranger {
			key = menu.CaseOpenedStranger
		}
		action := m.end(s, key, menu.Args{Case: c.Number.Text()})
		if !e.Known {
			action.Effects = []Effect{OpenCase{c}}
		}
		return action
	case CasesRead:
		return m.showCase(s, e.Cases)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) answerHelp(f Facts, s *Session, a Answer) Action {
	place, err := strconv.Atoi(trim(a.Input))
	if err != nil {
		return m.againForm(s, a, menu.ChoiceUnknown)
	}
	switch {
	case s.Prompt == promptHelp && place == 1:
		return m.goTo(f, s, promptComplainAbout)
	case s.Prompt == promptHelp && place == 2:
		s.Page = 0
		return m.goTo(f, s, promptComplaints)
	case s.Prompt == promptComplainAbout && place >= 1 && place <= len(grievances):
		s.Draft.About = grievances[place-1]
		return m.goTo(f, s, promptComplainWhich)
	case s.Prompt == promptComplainWhich && place >= 1 && place <= len(s.Draft.Payments):
		s.Draft.Complaint = &s.Draft.Payments[place-1]
		return Action{Ask: AskCaseNumber{s.Phone, s.Draft.About, s.Draft.Complaint}}
	case s.Prompt == promptComplainWhich && place == noPayment:
		s.Draft.Complaint = nil
		return Action{Ask: AskCaseNumber{s.Phone, s.Draft.About, s.Draft.Complaint}}
	case s.Prompt == promptComplaints && place == nextPage:
		s.Page++
		return m.show(f, s)
	}
	return m.againForm(s, a, menu.ChoiceUnknown)
}

// nextPage is the choice that shows more.
const nextPage = 9

// complainWhich lists the last payments, as many as fit.
func (m *Machine) complainWhich(s *Session, read PaymentsRead) Action {
	s.Draft.Payments, s.Draft.Complaint = nil, nil
	if len(read.Lines) == 0 {
		return Action{Ask: AskCaseNumber{s.Phone, s.Draft.About, s.Draft.Complaint}}
	}
	title := m.text(s, menu.ComplainWhich, menu.Args{})
	tail := "\n" + strconv.Itoa(noPayment) + " " + m.text(s, menu.ComplainNone, menu.Args{}) + "\n" + m.text(s, menu.BackLine, menu.Args{})
	for i, line := range read.Lines {
		sign := "-"
		if line.Incoming {
			sign = "+"
		}
		longer := title + "\n" + strconv.Itoa(i+1) + " " + sign + line.Amount.Grouped(m.asset.Scale) + " " +
			m.payeeName(s, line.other())
		if i >= listedPayments || !s.Screen.fits(longer+tail) {
			break
		}
		title = longer
		s.Draft.Payments = append(s.Draft.Payments, CasePayment{ID: line.ID, ReceiptCode: line.ReceiptCode, Incoming: line.Incoming,
			Amount: line.Amount, Other: line.OtherNumber})
	}
	return m.askText(s, title+tail)
}

// showCase shows one complaint, the newest first, and offers the next.
func (m *Machine) showCase(s *Session, cases []Case) Action {
	if len(cases) == 0 {
		s.Prompt, s.Trail = promptHelp, s.Trail[:max(len(s.Trail)-1, 0)]
		return m.again(s, menu.CaseNone, menu.Args{})
	}
	c := cases[s.Page%len(cases)]
	key := map[CaseState]menu.Key{CaseOpen: menu.CaseIsOpen, CaseLooked: menu.CaseIsLooked, CaseClosed: menu.CaseIsClosed}[c.State]
	date, _ := m.moment(c.OpenedAtUnixMs)
	text := m.text(s, key, menu.Args{Case: c.Number.Text(), Date: date})
	tail := "\n" + m.text(s, menu.BackLine, menu.Args{})
	if len(cases) > 1 {
		tail = "\n" + m.text(s, menu.NextLine, menu.Args{}) + tail
	}
	if c.Answer != "" {
		text += "\n" + c.Answer
	}
	// The SMS had the whole answer.
	for letters := []rune(text); len(letters) > 0 && !s.Screen.fits(text+tail); text = string(letters) {
		letters = letters[:len(letters)-1]
	}
	return m.askText(s, text+tail)
}

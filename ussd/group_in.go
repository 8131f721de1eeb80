package ussd

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Paying into a group, and looking: who has paid this month, and who the members are.

// KindGroupIn pays to a group's account.
const KindGroupIn Kind = "groupin"

var groupInKind = kind{
	confirm: menu.GroupInConfirm, done: menu.GroupInDone, doneBalance: menu.GroupInDoneBalance, processing: menu.Processing,
	busy: menu.ProcessingBusy, lineDone: menu.LinePaid, lineProcessing: menu.LineProcessing, lineNotMade: menu.LineNotMade,
	notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true, smsPaid: menu.SMSGroupIn,
}

const (
	promptGroupInWhich   Prompt = "groupin/which"
	promptGroupInAmount  Prompt = "groupin/amount"
	promptGroupPaidWhich Prompt = "grouppaid/which"
	promptGroupPaid      Prompt = "grouppaid/read"
	promptMembersWhich   Prompt = "groupmembers/which"
)

// groupFlows are the flows of savings groups, by name.
func groupFlows(name string) (flow, bool) {
	switch name {
	case "groupnew":
		return groupNewFlow(), true
	case "groupin":
		return groupInFlow(), true
	case "grouppaid":
		return groupPaidFlow(), true
	case "groupout":
		return groupOutFlow(), true
	case "groupapprove":
		return groupApproveFlow(), true
	case "groupmembers":
		return groupMembersFlow(), true
	}
	return flow{}, false
}

func groupInFlow() flow {
	return flow{show: (*Machine).showGroupIn, take: (*Machine).takeGroupIn, resumes: true, enter: func(m *Machine, f Facts, s *Session) Action {
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		s.Draft.Order.Kind = KindGroupIn
		return m.goTo(f, s, promptGroupInWhich)
	}}
}

func (m *Machine) showGroupIn(f Facts, s *Session) Action {
	if s.Prompt == promptGroupInWhich || s.Draft.Group == nil {
		s.Prompt = promptGroupInWhich
		return Action{Ask: AskGroups{f.User.Account}}
	}
	return m.ask(s, menu.GroupInAmount, menu.Args{Group: s.Draft.Group.Name})
}

func (m *Machine) takeGroupIn(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case GroupsRead:
		if action, ok := m.groupsRead(s, e.Groups, m.groupHome(f, s)); ok {
			return action
		}
		// The only group: "0" leads back to the menu.
		s.Prompt, s.Draft.Order.Payee = promptGroupInAmount, s.Draft.Group.payee()
		return m.show(f, s)
	case Answer:
		if s.Prompt == promptGroupInWhich {
			if action, ok := m.groupChosen(s, e); ok {
				return action
			}
			s.Draft.Order.Payee = s.Draft.Group.payee()
			return m.goTo(f, s, promptGroupInAmount)
		}
		value, refusal := m.readAmount(s, e)
		if refusal != nil {
			return *refusal
		}
		order := s.Draft.Order
		order.Amount = value
		return m.propose(f, s, order)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func groupPaidFlow() flow {
	return flow{take: (*Machine).takeGroupPaid, show: func(_ *Machine, f Facts, _ *Session) Action { return Action{Ask: AskGroups{f.User.Account}} },
		enter: func(m *Machine, f Facts, s *Session) Action { return m.goTo(f, s, promptGroupPaidWhich) }}
}

func (m *Machine) takeGroupPaid(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case GroupsRead:
		if action, ok := m.groupsRead(s, e.Groups, m.groupHome(f, s)); ok {
			return action
		}
		return Action{Ask: AskMonth{*s.Draft.Group}}
	case Answer:
		if action, ok := m.groupChosen(s, e); ok {
			return action
		}
		return Action{Ask: AskMonth{*s.Draft.Group}}
	case MonthRead:
		return m.showMonth(s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// showMonth shows who has paid.
func (m *Machine) showMonth(s *Session, read MonthRead) Action {
	lines := []string{m.text(s, menu.LineGroupHas, menu.Args{Balance: m.money(read.Balance)})}
	for _, member := range read.Group.Members {
		lines = append(lines, ShortName(member.Name)+" "+read.Paid[member.Account].Grouped(m.asset.Scale))
	}
	if read.Others != 0 {
		lines = append(lines, m.text(s, menu.LineOthersPaid, menu.Args{Amount: read.Others.Grouped(m.asset.Scale)}))
	}
	return m.endText(s, s.Screen.lines(m.text(s, menu.GroupPaidTitle, menu.Args{Group: read.Group.Name}), lines))
}

type (
	// AskMonth asks what was paid to a group this month, and what it has.
	AskMonth struct{ Group Group }
	// MonthRead answers AskMonth.
	MonthRead struct {
		Group   Group
		Paid    map[tx.AccountID]amount.Amount
		Others  amount.Amount
		Balance amount.Amount
	}
)

func (MonthRead) event() {}

func (a AskMonth) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	balance, err := s.ledger.Balance(ctx, a.Group.Account)
	if err != nil {
		return nil, err
	}
	read := MonthRead{Group: a.Group, Balance: balance}
	err = s.store.View(ctx, func(r Reader) error {
		month, err := get[groupMonth](r, s.machine.monthKey(a.Group.Account, f.NowUnixMs))
		if month != nil {
			read.Paid, read.Others = month.Paid, month.Others
		}
		return err
	})
	return read, err
}

func groupMembersFlow() flow {
	return flow{take: (*Machine).takeGroupMembers, show: func(_ *Machine, f Facts, _ *Session) Action { return Action{Ask: AskGroups{f.User.Account}} },
		enter: func(m *Machine, f Facts, s *Session) Action { return m.goTo(f, s, promptMembersWhich) }}
}

// takeGroupMembers shows the members, of groups that wait for somebody to join too.
func (m *Machine) takeGroupMembers(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case GroupsRead:
		switch len(e.Groups) {
		case 0:
			return m.groupHome(f, s)(menu.LineNoGroup)
		case 1:
			return m.showMembers(s, e.Groups[0])
		}
		s.Draft.Groups = e.Groups
		return m.listGroups(s)
	case Answer:
		if action, ok := m.groupChosen(s, e); ok {
			return action
		}
		return m.showMembers(s, *s.Draft.Group)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) showMembers(s *Session, g Group) Action {
	var lines []string
	for _, member := range g.Members {
		key := menu.LineMember
		if !member.Joined {
			key = menu.LineMemberAsked
		}
		lines = append(lines, m.text(s, key, menu.Args{Name: ShortName(member.Name), Number: string(member.Phone)}))
	}
	return m.endText(s, s.Screen.lines(m.text(s, menu.GroupMembersTitle, menu.Args{Group: g.Name, Account: g.Number.Text()}), lines))
}

// groupHome goes to the main menu under a line.
func (m *Machine) groupHome(f Facts, s *Session) func(line menu.Key) Action {
	return func(line menu.Key) Action { return m.goHome(f, s, m.text(s, line, menu.Args{})) }
}

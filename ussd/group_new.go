package ussd

import (
	"slices"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A new group: its name, the numbers of two others, and "1". The account is opened at once; the two are asked by SMS and join by themselves.

// KindGroupOpen opens the account of a group.
const KindGroupOpen Kind = "groupopen"

var groupOpenKind = kind{
	confirm: menu.GroupOpenConfirm, done: menu.GroupOpened, processing: menu.GroupOpening, busy: menu.GroupOpening,
	lineDone: menu.LineGroupOpened, lineProcessing: menu.LineGroupOpening, lineNotMade: menu.LineGroupNotOpened,
	notMade: menu.GroupNotOpened, smsNotMade: menu.SMSGroupNotOpened, plain: true,
	settled: (*Service).groupOpened,
}

const (
	promptGroupName   Prompt = "groupnew/name"
	promptGroupSecond Prompt = "groupnew/second"
	promptGroupThird  Prompt = "groupnew/third"
)

func groupNewFlow() flow {
	return flow{show: (*Machine).showGroupNew, take: (*Machine).takeGroupNew, enter: func(m *Machine, f Facts, s *Session) Action {
		s.Draft.Order.Kind = KindGroupOpen
		return m.goTo(f, s, promptGroupName)
	}}
}

func (m *Machine) showGroupNew(_ Facts, s *Session) Action {
	founding := s.Draft.Order.Founds
	switch {
	case s.Prompt == promptGroupName || founding == nil:
		s.Prompt = promptGroupName
		return m.ask(s, menu.GroupName, menu.Args{})
	case s.Prompt == promptGroupSecond:
		founding.Members = nil
		return m.ask(s, menu.GroupSecond, menu.Args{})
	}
	founding.Members = founding.Members[:min(len(founding.Members), 2)]
	return m.ask(s, menu.GroupThird, menu.Args{})
}

func (m *Machine) takeGroupNew(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case Answer:
		if s.Prompt != promptGroupName {
			destination, err := ParseDestination(trim(e.Input), m.region)
			if err != nil || destination.Phone == "" {
				return m.againForm(s, e, menu.GroupMemberForm)
			}
			return m.askMember(s, destination.Phone)
		}
		name, err := CheckName(e.Input.Reveal())
		if err != nil {
			return m.againForm(s, e, menu.GroupNameForm)
		}
		s.Draft.Order.Founds = &GroupFounding{Name: name}
		return Action{Ask: AskGroups{f.User.Account}}
	case GroupsRead:
		if len(e.Groups) >= maxGroups {
			return m.end(s, menu.GroupsFull, menu.Args{})
		}
		return m.goTo(f, s, promptGroupSecond)
	case MemberFound:
		return m.memberFound(f, s, e.Member)
	case MemberMissing:
		if e.Full {
			return m.again(s, menu.GroupMemberFull, menu.Args{Number: string(e.Phone)})
		}
		return m.again(s, menu.GroupMemberUnknown, menu.Args{Number: string(e.Phone)})
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) askMember(s *Session, phone Phone) Action {
	founding := s.Draft.Order.Founds
	if founding == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	twice := slices.ContainsFunc(founding.Members, func(other Member) bool { return other.Phone == phone })
	if twice || phone == s.Phone {
		return m.again(s, menu.GroupMemberTwice, menu.Args{})
	}
	return Action{Ask: AskMember{phone}}
}

// memberFound adds a member, and proposes the group when it has three. Who opens it has joined by that.
func (m *Machine) memberFound(f Facts, s *Session, member Member) Action {
	founding := s.Draft.Order.Founds
	if founding == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	if s.Prompt == promptGroupSecond {
		founding.Members = []Member{{Account: f.User.Account, Phone: s.Phone, Name: f.User.Name, Joined: true}, member}
		return m.goTo(f, s, promptGroupThird)
	}
	founding.Members = append(founding.Members[:min(len(founding.Members), 2)], member)
	if len(founding.Members) != groupSize {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	return m.propose(f, s, s.Draft.Order)
}

package ussd

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// What waits for a member: to join a group, or to agree to a payment out. Agreeing is a confirm screen like any other, with the member's own
// PIN, and the account it pays from is the group's.

// KindGroupOut pays from a group's account what two members agreed to.
const KindGroupOut Kind = "groupout"

var groupOutKind = kind{
	confirm: menu.GroupPayConfirm, confirmAccount: menu.GroupPayConfirmAccount, done: menu.GroupPaidOut, doneBalance: menu.GroupPaidOutBalance,
	processing: menu.Processing, busy: menu.ProcessingBusy, lineDone: menu.LinePaid, lineProcessing: menu.LineProcessing,
	lineNotMade: menu.LineNotMade, notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true, short: menu.GroupPayShort,
	settled: (*Service).groupPaid,
}

const (
	promptApproveList Prompt = "groupapprove/list"
	promptApproveOne  Prompt = "groupapprove/one"
)

func groupApproveFlow() flow {
	return flow{show: (*Machine).showApprove, take: (*Machine).takeApprove, enter: func(m *Machine, f Facts, s *Session) Action {
		return m.goTo(f, s, promptApproveList)
	}}
}

// waitsFor tells whether a group waits for a member's word.
func (g *Group) waitsFor(account tx.AccountID, nowUnixMs uint64) bool {
	member := g.member(account)
	switch {
	case member == nil:
		return false
	case !member.Joined:
		return g.asking(nowUnixMs)
	}
	return g.open() && g.Proposal.waits(nowUnixMs) && !slices.Contains(g.Proposal.Refused, account)
}

// showApprove lists what waits, or shows the one chosen.
func (m *Machine) showApprove(f Facts, s *Session) Action {
	g := s.Draft.Group
	if s.Prompt == promptApproveList || g == nil {
		s.Prompt = promptApproveList
		return Action{Ask: AskGroups{f.User.Account}}
	}
	if !g.member(f.User.Account).Joined {
		others := g.others(f.User.Account)
		return m.ask(s, menu.GroupJoin, menu.Args{Name: ShortName(others[0].Name), Other: ShortName(others[1].Name), Group: g.Name})
	}
	p := g.Proposal
	args := menu.Args{Name: ShortName(g.member(p.By).Name), Group: g.Name, Amount: m.money(p.Amount), Other: m.payeeName(s, p.Payee)}
	if p.By == f.User.Account {
		return m.ask(s, menu.GroupOwn, args)
	}
	return m.ask(s, menu.GroupAgree, args)
}

func (m *Machine) takeApprove(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	switch e := e.(type) {
	case GroupsRead:
		groups := slices.DeleteFunc(slices.Clone(e.Groups), func(g Group) bool { return !g.waitsFor(f.User.Account, f.NowUnixMs) })
		switch len(groups) {
		case 0:
			return m.groupHome(f, s)(menu.LineNothingWaits)
		case 1:
			s.Draft.Group, s.Prompt = &groups[0], promptApproveOne
			return m.show(f, s)
		}
		s.Draft.Groups = groups
		return m.listWaiting(f, s)
	case Answer:
		if s.Prompt == promptApproveList {
			if action, ok := m.groupChosen(s, e); ok {
				return action
			}
			return m.goTo(f, s, promptApproveOne)
		}
		return m.answerWaits(f, s, e)
	case GroupRead:
		if before := s.Draft.Group; before != nil && before.member(f.User.Account).Joined {
			return m.refused(f, s, *before.Proposal, e.Group)
		}
		return m.joined(f, s, e.Group)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) listWaiting(f Facts, s *Session) Action {
	var lines []string
	for i, g := range s.Draft.Groups {
		line := strconv.Itoa(i+1) + " " + g.Name
		if g.member(f.User.Account).Joined {
			line += " " + g.Proposal.Amount.Grouped(m.asset.Scale)
		}
		lines = append(lines, line)
	}
	return m.askText(s, s.Screen.lines(m.text(s, menu.GroupWaitsTitle, menu.Args{}), append(lines, m.text(s, menu.BackLine, menu.Args{}))))
}

// answerWaits takes yes or no.
func (m *Machine) answerWaits(f Facts, s *Session, a Answer) Action {
	g := s.Draft.Group
	if g == nil || g.member(f.User.Account) == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	choice, joins := trim(a.Input), !g.member(f.User.Account).Joined
	switch {
	case joins && (choice == "1" || choice == "2"):
		return Action{Effects: []Effect{Join{Group: g.Account, Member: f.User.Account, Joins: choice == "1"}}, Ask: AskGroup{g.Account}}
	case !joins && choice == "2":
		return Action{Effects: []Effect{Refuse{Group: g.Account, Proposal: g.Proposal.ID, By: f.User.Account}}, Ask: AskGroup{g.Account}}
	case choice != "1" || g.Proposal.By == f.User.Account:
		return m.againForm(s, a, menu.ChoiceUnknown)
	case f.User.Attempts.Stopped(f.NowUnixMs):
		return m.stopped(f, s, *f.User)
	}
	return m.propose(f, s, Order{Kind: KindGroupOut, Payee: g.Proposal.Payee, Amount: g.Proposal.Amount, Group: g.Account, GroupName: g.Name, Proposal: g.Proposal.ID})
}

// joined tells what joining, or not, came to.
func (m *Machine) joined(f Facts, s *Session, g Group) Action {
	member := g.member(f.User.Account)
	args := menu.Args{Group: g.Name, Account: g.Number.Text()}
	switch {
	case g.Over || member == nil:
		return m.end(s, menu.GroupOver, args)
	case !member.Joined:
		return m.end(s, menu.DialAgain, args)
	case g.open():
		return m.end(s, menu.GroupJoinedAll, args)
	}
	return m.end(s, menu.GroupJoined, args)
}

// refused tells what a no came to: another member may have agreed a moment before.
func (m *Machine) refused(f Facts, s *Session, asked Proposal, g Group) Action {
	args := menu.Args{Group: g.Name, Amount: m.money(asked.Amount)}
	p := g.Proposal
	switch {
	case p == nil || p.ID != asked.ID || p.Payment != (tx.ID{}):
		return m.end(s, menu.GroupAnswered, args)
	case p.By == f.User.Account:
		return m.end(s, menu.GroupTakenBack, args)
	}
	if p.Over {
		return m.end(s, menu.GroupRefusedAll, args)
	}
	return m.end(s, menu.GroupRefused, args)
}

// claim submits what the PIN agreed to, if nobody else answered first.
func (m *Machine) claim(f Facts, p Payment, e PINCompared) Action {
	claim := Claim{Group: p.Order.Group, Proposal: p.Order.Proposal, Payment: p.Prepared.ID}
	return Action{Effects: []Effect{SaveUser{f.User.proved(e)}, claim}, Ask: AskClaimed{claim}}
}

// claimed goes on with the payment, which is submitted by now, or says that it is not made by this member.
func (m *Machine) claimed(s *Session, p Payment, right bool) Action {
	switch {
	case p.Stage == StageSettled:
		return m.outcome(s, p, p.Outcome)
	case !right && p.Stage != StageSubmitted:
		return m.end(s, menu.GroupAnswered, menu.Args{Group: p.Order.GroupName})
	}
	return Action{Ask: AskOutcome{Prepared: p.Prepared}}
}

// Join is a member's answer to being asked.
type Join struct {
	Group, Member tx.AccountID
	Joins         bool
}

func (e Join) apply(s *Service, w Writer, nowUnixMs uint64) error {
	g, err := getGroup(w, e.Group)
	if err != nil || g == nil || !g.asking(nowUnixMs) {
		return err
	}
	member := g.member(e.Member)
	if member == nil || member.Joined {
		return nil
	}
	member.Joined, g.Over = e.Joins, !e.Joins
	if err := put(w, groupKey(g.Account), g); err != nil {
		return err
	}
	if err := listJoined(w, *g); err != nil {
		return fmt.Errorf("list group: %w", err)
	}
	reference := fmt.Sprintf("group/%x/", g.Account)
	switch {
	case g.Over:
		return s.tellMembers(w, reference+"over", *g, g.others(e.Member), menu.SMSGroupOver, Payee{Name: member.Name}, menu.Args{})
	case g.open():
		return s.tellMembers(w, reference+"open", *g, g.others(e.Member), menu.SMSGroupReady, Payee{}, menu.Args{Account: g.Number.Text()})
	}
	return nil
}

// listJoined moves a group whose members have answered from one list of each member to the other, or off both.
func listJoined(w Writer, g Group) error {
	for _, m := range g.Members {
		if g.open() {
			if err := w.Set(append(groupsPrefix(m.Account), g.Account[:]...), nil); err != nil {
				return err
			}
		}
		if g.open() || g.Over {
			if err := w.Delete(append(askingsPrefix(m.Account), g.Account[:]...)); err != nil {
				return err
			}
		}
	}
	return nil
}

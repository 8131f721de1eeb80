package ussd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A savings group is an account of three members. Anybody pays in; two of the three have to agree to each payment out. A group goes opening
// (the account) -> asking (the two others are asked to join) -> open, or over when one of them does not join.
//
// That two agree is kept by this gateway: the ledger sees one grant, and bounds it by the caps of the lowest tier.

// Group is what the gateway keeps of a savings group.
type Group struct {
	Account tx.AccountID     `json:"account"`
	Number  tx.AccountNumber `json:"number"`
	Name    string           `json:"name"`
	// Members are three, who opened it first.
	Members []Member `json:"members"`
	// FoundedAtUnixMs is when the account was opened, by the gateway's clock.
	FoundedAtUnixMs uint64 `json:"founded_at_unix_ms"`
	// Over means that somebody did not join.
	Over bool `json:"over,omitempty"`
	// Proposal is the payment out that was proposed last; nil before the first.
	Proposal *Proposal `json:"proposal,omitempty"`
}

// Member is one of three. It is the account that is a member: whoever has the phone number next is none.
type Member struct {
	Account tx.AccountID `json:"account"`
	// Phone and Name are those of the day of joining, for the others to read.
	Phone  Phone  `json:"phone"`
	Name   string `json:"name"`
	Joined bool   `json:"joined,omitempty"`
}

const (
	groupSize = 3
	// maxGroups is how many groups an account may be in.
	maxGroups = 4
	// joinWithin is how long the two others may take to join.
	joinWithin = uint64(7 * 24 * time.Hour / time.Millisecond)
)

// open tells whether all have joined.
func (g Group) open() bool {
	return !g.Over && !slices.ContainsFunc(g.Members, func(m Member) bool { return !m.Joined })
}

// asking tells whether somebody may still join.
func (g Group) asking(nowUnixMs uint64) bool {
	return !g.Over && !g.open() && nowUnixMs < g.FoundedAtUnixMs+joinWithin
}

// member finds a member by account; nil when it is none.
func (g *Group) member(account tx.AccountID) *Member {
	for i := range g.Members {
		if g.Members[i].Account == account {
			return &g.Members[i]
		}
	}
	return nil
}

// others are the members but one.
func (g Group) others(account tx.AccountID) []Member {
	return slices.DeleteFunc(slices.Clone(g.Members), func(m Member) bool { return m.Account == account })
}

// payee is the group as the other side of a payment.
func (g Group) payee() Payee { return Payee{Account: g.Account, Number: g.Number, Name: g.Name} }

func groupKey(account tx.AccountID) []byte { return append([]byte("group/"), account[:]...) }

// Each member has a list of the groups that are open, and one of those that somebody may still join.
func groupsPrefix(member tx.AccountID) []byte  { return append([]byte("groups/"), member[:]...) }
func askingsPrefix(member tx.AccountID) []byte { return append([]byte("groupasks/"), member[:]...) }

func getGroup(r Reader, account tx.AccountID) (*Group, error) {
	return get[Group](r, groupKey(account))
}

// groupsOf lists the groups of an account that are open or that somebody may still join.
func groupsOf(r Reader, member tx.AccountID, nowUnixMs uint64) ([]Group, error) {
	var groups []Group
	for _, prefix := range [][]byte{groupsPrefix(member), askingsPrefix(member)} {
		err := r.Scan(prefix, nil, 2*maxGroups, func(key, _ []byte) error {
			if len(key) != len(prefix)+len(tx.AccountID{}) {
				return fmt.Errorf("list of groups: %w", ErrNotFound)
			}
			g, err := getGroup(r, tx.AccountID(key[len(prefix):]))
			if err == nil && g != nil && (g.open() || g.asking(nowUnixMs)) {
				groups = append(groups, *g)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(a.FoundedAtUnixMs, b.FoundedAtUnixMs) })
	return groups[:min(len(groups), maxGroups)], nil
}

// GroupFounding is a group that is about to be opened.
type GroupFounding struct {
	Name string `json:"name"`
	// Members are the three, who opens it first.
	Members []Member `json:"members"`
}

// groupOpened stores a group whose account is open, and asks the others to join.
func (s *Service) groupOpened(w Writer, p Payment, nowUnixMs uint64) error {
	founding := p.Order.Founds
	if p.Order.Kind != KindGroupOpen || p.Outcome.Code != OutcomeOK || founding == nil {
		return nil
	}
	g := Group{Account: p.Opens, Number: p.Outcome.Number, Name: founding.Name, Members: founding.Members, FoundedAtUnixMs: nowUnixMs}
	if err := put(w, groupKey(g.Account), g); err != nil {
		return err
	}
	for _, m := range g.Members {
		key := append(askingsPrefix(m.Account), g.Account[:]...)
		if err := errors.Join(w.Set(key, nil), forgetAt(w, nowUnixMs+joinWithin, key)); err != nil {
			return fmt.Errorf("list group: %w", err)
		}
	}
	return s.tellMembers(w, fmt.Sprintf("group/%x/invite", g.Account), g, g.others(p.Order.Payer), menu.SMSGroupInvite, Payee{Name: g.Members[0].Name}, menu.Args{})
}

// tellMembers sends a message to members, each in the language of theirs.
func (s *Service) tellMembers(w Writer, reference string, g Group, to []Member, key menu.Key, other Payee, args menu.Args) error {
	args.Group = g.Name
	for _, m := range to {
		user, err := userOf(w, m.Account)
		if err != nil {
			return err
		}
		if user == nil {
			continue // No longer with this provider.
		}
		if err := s.tell(w, fmt.Sprintf("%s/%x", reference, m.Account), *user, key, other, args); err != nil {
			return err
		}
	}
	return nil
}

type (
	// AskGroups asks for the groups of an account.
	AskGroups struct{ Member tx.AccountID }
	// GroupsRead answers AskGroups.
	GroupsRead struct{ Groups []Group }
	// AskGroup asks for a group as it is after the effects before.
	AskGroup struct{ Account tx.AccountID }
	// GroupRead answers AskGroup.
	GroupRead struct{ Group Group }
	// AskMember asks who has a phone number here, for a group.
	AskMember struct{ Phone Phone }
	// MemberFound answers AskMember.
	MemberFound struct{ Member Member }
	// MemberMissing answers AskMember: nobody here has the number, or is in as many groups as may be.
	MemberMissing struct {
		Phone Phone
		Full  bool
	}
)

func (GroupsRead) event()    {}
func (GroupRead) event()     {}
func (MemberFound) event()   {}
func (MemberMissing) event() {}

func (a AskGroups) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var read GroupsRead
	err := s.store.View(ctx, func(r Reader) (err error) {
		read.Groups, err = groupsOf(r, a.Member, f.NowUnixMs)
		return err
	})
	return read, err
}

func (a AskGroup) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	var group *Group
	err := s.store.View(ctx, func(r Reader) (err error) {
		group, err = getGroup(r, a.Account)
		return err
	})
	if err != nil || group == nil {
		return nil, errors.Join(err, ErrNotFound)
	}
	return GroupRead{*group}, nil
}

func (a AskMember) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var user *User
	var groups []Group
	err := s.store.View(ctx, func(r Reader) (err error) {
		if user, err = getUser(r, a.Phone); err != nil || user == nil {
			return err
		}
		groups, err = groupsOf(r, user.Account, f.NowUnixMs)
		return err
	})
	if err != nil || user == nil || user.Opening != nil || len(groups) >= maxGroups {
		return MemberMissing{Phone: a.Phone, Full: len(groups) >= maxGroups}, err
	}
	return MemberFound{Member{Account: user.Account, Phone: a.Phone, Name: user.Name}}, nil
}

// groupsRead lists the groups that are open, or goes on with the only one. ok is false when a group is chosen and stands in the draft.
func (m *Machine) groupsRead(s *Session, all []Group, home func(line menu.Key) Action) (action Action, ok bool) {
	groups := slices.DeleteFunc(slices.Clone(all), func(g Group) bool { return !g.open() })
	switch {
	case len(groups) == 1:
		s.Draft.Group = &groups[0]
		return Action{}, false
	case len(groups) > 1:
		s.Draft.Groups = groups
		return m.listGroups(s), true
	case len(all) > 0:
		return home(menu.LineGroupWaits), true
	}
	return home(menu.LineNoGroup), true
}

// listGroups offers the groups of the draft.
func (m *Machine) listGroups(s *Session) Action {
	var lines []string
	for i, g := range s.Draft.Groups {
		lines = append(lines, strconv.Itoa(i+1)+" "+g.Name)
	}
	return m.askText(s, s.Screen.lines(m.text(s, menu.GroupWhich, menu.Args{}), append(lines, m.text(s, menu.BackLine, menu.Args{}))))
}

// groupChosen takes a group of the list. ok is false when one is chosen and stands in the draft.
func (m *Machine) groupChosen(s *Session, a Answer) (action Action, ok bool) {
	place, err := strconv.Atoi(trim(a.Input))
	if err != nil || place < 1 || place > len(s.Draft.Groups) {
		return m.againForm(s, a, menu.ChoiceUnknown), true
	}
	chosen := s.Draft.Groups[place-1]
	s.Draft.Group = &chosen
	return Action{}, false
}

// groupMonth is what was paid to a group in a month of local time.
type groupMonth struct {
	Paid map[tx.AccountID]amount.Amount `json:"paid"`
	// Others paid who are no members.
	Others amount.Amount `json:"others,omitempty"`
}

// monthKept is how long the record of a month is kept.
const monthKept = uint64(400 * 24 * time.Hour / time.Millisecond)

func (m *Machine) monthKey(account tx.AccountID, unixMs uint64) []byte {
	local := time.UnixMilli(int64(unixMs) + int64(m.offsetMinutes)*60_000).UTC()
	return fmt.Appendf(nil, "groupmonth/%x/%s", account, local.Format("2006-01"))
}

// groupIn tells whether a movement is from or to a group of this gateway.
func groupIn(r Reader, t FinalTransfer) (bool, error) {
	for _, account := range []tx.AccountID{t.Debit, t.Credit} {
		if g, err := getGroup(r, account); err != nil || g != nil {
			return g != nil, err
		}
	}
	return false, nil
}

// groupMoved counts what was paid to a group, and tells all members of what was paid from one, whoever did it. It is for the feed: once for
// each leaf. p is the payment that did it, nil when it was not made here.
func (s *Service) groupMoved(w Writer, m moved, t FinalTransfer, p *Payment) error {
	if t.How == HoldReturned {
		return nil
	}
	to, err := getGroup(w, t.Credit)
	if err == nil && to != nil {
		err = s.groupGot(w, *to, t, m.timeUnixMs)
	}
	if err != nil {
		return err
	}
	from, err := getGroup(w, t.Debit)
	if err != nil || from == nil {
		return err
	}
	other := Payee{Account: t.Credit, Number: m.numbers[t.Credit]}
	if p != nil {
		other.Name = p.Order.Payee.Name
	}
	return s.tellMembers(w, m.reference+"/group", *from, from.Members, menu.SMSGroupOut, other, menu.Args{Amount: s.machine.money(t.Amount),
		Fee: s.machine.money(t.Fee), Code: t.ReceiptCode, Balance: s.machine.money(t.DebitBalance)})
}

// groupGot counts a payment to a group.
func (s *Service) groupGot(w Writer, g Group, t FinalTransfer, atUnixMs uint64) error {
	key := s.machine.monthKey(g.Account, atUnixMs)
	month, err := get[groupMonth](w, key)
	if err != nil {
		return err
	}
	if month == nil {
		month = &groupMonth{}
	}
	if g.member(t.Debit) != nil {
		if month.Paid == nil {
			month.Paid = make(map[tx.AccountID]amount.Amount)
		}
		month.Paid[t.Debit] = month.Paid[t.Debit].Saturate(t.Amount)
	} else {
		month.Others = month.Others.Saturate(t.Amount)
	}
	return errors.Join(put(w, key, month), forgetAt(w, atUnixMs+monthKept, key))
}

// groupArgs are what texts say of a group that an order is about.
func (m *Machine) groupArgs(args *menu.Args, o Order) {
	switch o.Kind {
	case KindGroupIn:
		args.Group, args.Name = o.Payee.Name, o.Payee.Name
	case KindGroupOut:
		args.Group = o.GroupName
	case KindGroupOpen:
		if f := o.Founds; f != nil && len(f.Members) == groupSize {
			args.Group, args.Name, args.Other = f.Name, ShortName(f.Members[1].Name), ShortName(f.Members[2].Name)
		}
	}
}

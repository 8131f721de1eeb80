package ussd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A payment out of a group. A member proposes it, with the PIN: the first of two. It is a record of this gateway and nothing on the ledger
// until a second member agrees.
//
// waiting -> claimed (by one transaction, for ever) -> made, or not made
//         -> over: taken back, refused by both others, or older than a day

// Proposal is a payment out that a member proposed.
type Proposal struct {
	// ID is the digest of the turn that proposed it: a duplicate of that turn proposes nothing new.
	ID     Digest        `json:"id"`
	By     tx.AccountID  `json:"by"`
	Payee  Payee         `json:"payee"`
	Amount amount.Amount `json:"amount"`
	// EndsAtUnixMs is until when it can be agreed to, by the gateway's clock.
	EndsAtUnixMs uint64 `json:"ends_at_unix_ms"`
	// Refused are the members who do not agree.
	Refused []tx.AccountID `json:"refused,omitempty"`
	Over    bool           `json:"over,omitempty"`
	// Payment is the one transaction that pays it; zero until a second member agreed.
	//
	// Invariant: it never changes again, whatever becomes of the transaction.
	Payment tx.ID `json:"payment,omitzero"`
}

// proposalLife is how long a proposal waits for a second member.
const proposalLife = uint64(24 * time.Hour / time.Millisecond)

// waits tells whether a second member may agree.
func (p *Proposal) waits(nowUnixMs uint64) bool {
	return p != nil && !p.Over && p.Payment == (tx.ID{}) && nowUnixMs < p.EndsAtUnixMs
}

const (
	promptGroupOutWhich  Prompt = "groupout/which"
	promptGroupOutPayee  Prompt = "groupout/payee"
	promptGroupOutAmount Prompt = "groupout/amount"
	promptGroupOutPIN    Prompt = "groupout/pin"
)

func groupOutFlow() flow {
	return flow{show: (*Machine).showGroupOut, take: (*Machine).takeGroupOut, enter: func(m *Machine, f Facts, s *Session) Action {
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		return m.goTo(f, s, promptGroupOutWhich)
	}}
}

func (m *Machine) showGroupOut(f Facts, s *Session) Action {
	if s.Prompt == promptGroupOutWhich || s.Draft.Group == nil {
		s.Prompt = promptGroupOutWhich
		return Action{Ask: AskGroups{f.User.Account}}
	}
	order := s.Draft.Order
	args := menu.Args{Group: s.Draft.Group.Name, Name: m.payeeName(s, order.Payee), Amount: m.money(order.Amount), Fee: m.money(s.Draft.Fee)}
	switch s.Prompt {
	case promptGroupOutPayee:
		return m.ask(s, menu.GroupOutPayee, args)
	case promptGroupOutAmount:
		return m.ask(s, menu.GroupOutAmount, args)
	}
	return m.ask(s, menu.GroupOutConfirm, args)
}

func (m *Machine) takeGroupOut(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case GroupsRead:
		if action, ok := m.groupsRead(s, e.Groups, m.groupHome(f, s)); ok {
			return action
		}
		s.Prompt = promptGroupOutPayee
		return m.groupOutFrom(f, s)
	case PayeeFound:
		if e.Payee.Account == s.Draft.Group.Account {
			return m.again(s, menu.GroupOutSelf, menu.Args{})
		}
		s.Draft.Order.Payee = e.Payee
		return m.goTo(f, s, promptGroupOutAmount)
	case PayeeMissing:
		return m.again(s, menu.PayeeUnknown, menu.Args{Number: e.Destination.text()})
	case NotGranted:
		return m.end(s, menu.NotGranted, menu.Args{})
	case Offered:
		return m.groupOutPriced(f, s, e)
	case PINCompared:
		if !e.Right {
			return m.wrongPIN(f, s)
		}
		proposal := Proposal{ID: f.Turn, By: f.User.Account, Payee: s.Draft.Order.Payee, Amount: s.Draft.Order.Amount, EndsAtUnixMs: f.NowUnixMs + proposalLife}
		return Action{Effects: []Effect{SaveUser{f.User.proved(e)}, Propose{Group: s.Draft.Group.Account, Proposal: proposal}}, Ask: AskGroup{s.Draft.Group.Account}}
	case GroupRead:
		if p := e.Group.Proposal; p == nil || p.ID != f.Turn {
			return m.end(s, menu.GroupOutBusy, menu.Args{Group: e.Group.Name})
		}
		return m.end(s, menu.GroupOutAsked, menu.Args{Group: e.Group.Name, Amount: m.money(s.Draft.Order.Amount), Name: m.payeeName(s, s.Draft.Order.Payee)})
	case Answer:
		return m.answerGroupOut(f, s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// groupOutPriced shows what the PIN proposes, or refuses what the group cannot pay.
func (m *Machine) groupOutPriced(f Facts, s *Session, e Offered) Action {
	total, ok := e.Order.total(e.Offer.Fee)
	switch {
	case !ok || total > e.Offer.Available:
		return m.again(s, menu.GroupOutShort, menu.Args{Balance: m.money(e.Offer.Available), Fee: m.money(e.Offer.Fee)})
	case total > e.Offer.CapTransaction:
		return m.again(s, menu.AmountCap, menu.Args{Limit: m.money(e.Offer.CapTransaction)})
	}
	s.Draft.Fee = e.Offer.Fee
	return m.goTo(f, s, promptGroupOutPIN)
}

// groupOutFrom goes on with the group chosen, unless something waits there already: two at once would confuse who agrees to what.
func (m *Machine) groupOutFrom(f Facts, s *Session) Action {
	if g := s.Draft.Group; g.Proposal.waits(f.NowUnixMs) {
		return m.end(s, menu.GroupOutBusy, menu.Args{Group: g.Name})
	}
	return m.show(f, s)
}

func (m *Machine) answerGroupOut(f Facts, s *Session, a Answer) Action {
	switch s.Prompt {
	case promptGroupOutWhich:
		if action, ok := m.groupChosen(s, a); ok {
			return action
		}
		s.Trail, s.Prompt, s.Refusals = append(s.Trail, s.Prompt), promptGroupOutPayee, 0
		return m.groupOutFrom(f, s)
	case promptGroupOutPayee:
		// A member may be paid, who types as well: it is what many groups are for.
		destination, err := ParseDestination(trim(a.Input), m.region)
		if err != nil {
			return m.againForm(s, a, menu.PayeeForm)
		}
		return Action{Ask: AskPayee{destination}}
	case promptGroupOutAmount:
		value, refusal := m.readAmount(s, a)
		if refusal != nil {
			return *refusal
		}
		s.Draft.Order.Amount = value
		// The fee and what the group may spend. The transaction of this answer is dropped: one is made for who agrees.
		order := s.Draft.Order
		order.Kind, order.Payer, order.Group = KindGroupOut, f.User.Account, s.Draft.Group.Account
		order.ExpiresAtUnixMs = f.NowUnixMs + uint64(PaymentLife.Milliseconds())
		return Action{Ask: AskOffer{order}}
	}
	if trim(a.Input) == "0" && len(a.Rest) == 0 && !a.Joined {
		return m.goHome(f, s, m.text(s, menu.LineCancelled, menu.Args{}))
	}
	return m.typePIN(f, s, a)
}

// Propose stores a proposal, if no other one waits, and tells the other members.
type Propose struct {
	Group    tx.AccountID
	Proposal Proposal
}

func (e Propose) apply(s *Service, w Writer, nowUnixMs uint64) error {
	g, err := getGroup(w, e.Group)
	if err != nil || g == nil || !g.open() || g.member(e.Proposal.By) == nil || g.Proposal.waits(nowUnixMs) {
		return err
	}
	if g.Proposal != nil {
		last, err := getPayment(w, g.Proposal.Payment)
		if err != nil || g.Proposal.ID == e.Proposal.ID || last != nil && last.Stage == StageSubmitted {
			return err // The same again, or the one before has no outcome yet.
		}
	}
	g.Proposal = &e.Proposal
	if err := put(w, groupKey(g.Account), g); err != nil {
		return err
	}
	for _, other := range g.others(e.Proposal.By) {
		user, err := userOf(w, other.Account)
		if err != nil {
			return err
		}
		if user == nil {
			continue // No longer with this provider.
		}
		session := Session{Language: user.Language}
		args := menu.Args{Group: g.Name, Amount: s.machine.money(e.Proposal.Amount), Other: s.machine.payeeName(&session, e.Proposal.Payee)}
		reference := fmt.Sprintf("proposal/%x/%x", e.Proposal.ID[:16], other.Account)
		if err := s.tell(w, reference, *user, menu.SMSGroupAsked, Payee{Name: g.member(e.Proposal.By).Name}, args); err != nil {
			return err
		}
	}
	return nil
}

// Refuse is a member's no: to a group, or to a proposal. Who proposed takes it back by it.
type Refuse struct {
	Group    tx.AccountID
	Proposal Digest
	By       tx.AccountID
}

func (e Refuse) apply(s *Service, w Writer, nowUnixMs uint64) error {
	g, err := getGroup(w, e.Group)
	if err != nil || g == nil {
		return err
	}
	p, by := g.Proposal, g.member(e.By)
	if by == nil || !p.waits(nowUnixMs) || p.ID != e.Proposal || slices.Contains(p.Refused, e.By) {
		return nil
	}
	if e.By == p.By {
		p.Over = true
		return put(w, groupKey(g.Account), g)
	}
	p.Refused = append(p.Refused, e.By)
	p.Over = len(p.Refused) >= groupSize-1
	if err := put(w, groupKey(g.Account), g); err != nil {
		return err
	}
	user, err := userOf(w, p.By)
	if err != nil || user == nil {
		return err
	}
	return s.tell(w, fmt.Sprintf("refused/%x/%x", p.ID[:16], e.By), *user, menu.SMSGroupRefused, Payee{Name: by.Name},
		menu.Args{Group: g.Name, Amount: s.machine.money(p.Amount)})
}

// Claim makes one transaction the one that pays a proposal, and submitted, both or neither: of two members who agree at once, one does.
type Claim struct {
	Group    tx.AccountID
	Proposal Digest
	Payment  tx.ID
}

func (e Claim) apply(s *Service, w Writer, nowUnixMs uint64) error {
	g, err := getGroup(w, e.Group)
	if err != nil || g == nil {
		return err
	}
	p, err := getPayment(w, e.Payment)
	if err != nil || p == nil {
		return err
	}
	switch {
	case g.Proposal != nil && g.Proposal.ID == e.Proposal && g.Proposal.Payment == e.Payment:
		return nil // The same again.
	case !g.Proposal.waits(nowUnixMs) || g.Proposal.ID != e.Proposal || g.member(p.Order.Payer) == nil || p.Order.Payer == g.Proposal.By || p.Stage != StageShown,
		nowUnixMs >= p.Prepared.ExpiresAtUnixMs:
		return AbandonPayment{e.Payment}.apply(s, w, nowUnixMs)
	}
	g.Proposal.Payment = e.Payment
	if err := put(w, groupKey(g.Account), g); err != nil {
		return err
	}
	return SubmitPayment{e.Payment}.apply(s, w, nowUnixMs)
}

type (
	// AskClaimed asks whether a transaction pays its proposal.
	AskClaimed struct{ Claim Claim }
	// Claimed answers AskClaimed.
	Claimed struct{ Right bool }
)

func (Claimed) event() {}

func (a AskClaimed) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	read, err := AskGroup{a.Claim.Group}.find(ctx, s, f)
	if err != nil {
		return nil, err
	}
	p := read.(GroupRead).Group.Proposal
	return Claimed{p != nil && p.ID == a.Claim.Proposal && p.Payment == a.Claim.Payment}, nil
}

// groupPaid tells the members of a payment out that was agreed to and not made. Of one that was made the feed tells.
func (s *Service) groupPaid(w Writer, p Payment, _ uint64) error {
	if p.Order.Kind != KindGroupOut || p.Outcome.Code == OutcomeOK {
		return nil
	}
	g, err := getGroup(w, p.Order.Group)
	if err != nil || g == nil {
		return err
	}
	return s.tellMembers(w, fmt.Sprintf("notpaid/%x", p.Prepared.ID[:16]), *g, g.others(p.Order.Payer), menu.SMSGroupNotPaid, p.Order.Payee,
		menu.Args{Amount: s.machine.money(p.Order.Amount)})
}

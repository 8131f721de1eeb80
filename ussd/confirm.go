package ussd

import (
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// The last step of everything that reaches the ledger: one screen that says what will be done, and the PIN. The transaction is fixed and
// stored before the screen is shown.

func confirmFlow() flow {
	return flow{show: (*Machine).showConfirm, take: (*Machine).takeConfirm, resumes: true}
}

const (
	// promptConfirm waits for the PIN.
	promptConfirm Prompt = "confirm/pin"
	// promptYes waits for "1".
	promptYes Prompt = "confirm/yes"
	// promptElsewhere tells of an open payment at another provider.
	promptElsewhere Prompt = "confirm/elsewhere"
)

// propose asks for an order to be prepared and shown. The same order again, while it is open, is the same transaction:
// nothing is prepared twice.
func (m *Machine) propose(f Facts, s *Session, order Order) Action {
	order.Payer = f.User.Account
	if p := madeUnread(f, s, order); p != nil {
		s.Unread = false
		return m.goHome(f, s, m.paymentLine(s, *p), TellPayment{p.Prepared.ID})
	}
	var effects []Effect
	open := 0
	for _, p := range f.Payments {
		if !p.open(f.NowUnixMs) || p.Order.Kind == KindClaim {
			continue // What others keep for the user must not fill the user's own list.
		}
		open++
		if !p.Order.same(order) {
			continue
		}
		expired := f.NowUnixMs >= p.Prepared.ExpiresAtUnixMs
		late := f.NowUnixMs+uint64(leastLife.Milliseconds()) >= p.Prepared.ExpiresAtUnixMs
		switch {
		case p.Stage == StageSubmitted && expired:
			// The ledger has not said yet that it never happened. Doing the same again now could do it twice.
			return m.processing(s, p)
		case p.Stage == StageSubmitted || !late:
			return m.confirm(s, p)
		}
		effects = append(effects, AbandonPayment{p.Prepared.ID})
	}
	if open-len(effects) >= maxOpen {
		return m.end(s, menu.TooManyOpen, menu.Args{})
	}
	order.ExpiresAtUnixMs = f.NowUnixMs + uint64(PaymentLife.Milliseconds())
	texts := kindOf(order.Kind)
	if texts.life != 0 {
		order.ExpiresAtUnixMs = f.NowUnixMs + texts.life
	}
	if texts.waits != 0 {
		order.EndsAtUnixMs = order.ExpiresAtUnixMs + texts.waits
	}
	return Action{Effects: effects, Ask: AskOffer{order}}
}

// offered takes the answer to AskOffer, which may come at any prompt of any flow: it compares the offer with what the user may spend
// and shows the confirm screen. ok is false for another event.
func (m *Machine) offered(f Facts, s *Session, e Event) (action Action, ok bool) {
	switch e := e.(type) {
	case NotGranted:
		return m.end(s, menu.NotGranted, menu.Args{}), true
	case Offered:
		o := e.Offer
		if kindOf(e.Order.Kind).spends {
			total, ok := e.Order.total(o.Fee)
			switch short := kindOf(e.Order.Kind).short; {
			case short != "" && (!ok || total > o.Available || total > o.CapTransaction || total > o.LeftToday):
				return m.end(s, short, menu.Args{Amount: m.money(e.Order.Amount), Name: m.payeeName(s, e.Order.Payee)}), true
			case (!ok || total > o.Available) && e.Order.Commission != 0:
				return m.again(s, menu.CashOutShort, menu.Args{Balance: m.money(o.Available), Fee: m.money(o.Fee), Commission: m.money(e.Order.Commission)}), true
			case !ok || total > o.Available:
				return m.again(s, menu.AmountBalance, menu.Args{Balance: m.money(o.Available), Fee: m.money(o.Fee)}), true
			case total > o.CapTransaction:
				return m.again(s, menu.AmountCap, menu.Args{Limit: m.money(o.CapTransaction)}), true
			case total > o.LeftToday:
				return m.again(s, menu.AmountCapDay, menu.Args{Limit: m.money(o.LeftToday)}), true
			}
		}
		p := Payment{Prepared: o.Prepared, Payer: s.Phone, Order: e.Order, Fee: o.Fee, Stage: StageShown, ShownAtUnixMs: f.NowUnixMs,
			Opens: o.Opens, Language: s.Language}
		var action Action
		if o.Elsewhere && kindOf(e.Order.Kind).spends {
			action = m.goToConfirm(s, p, promptElsewhere)
		} else {
			action = m.confirm(s, p)
		}
		action.Effects = append([]Effect{NewPayment{p}}, action.Effects...)
		return action, true
	}
	return Action{}, false
}

// confirm shows what a PIN would do.
func (m *Machine) confirm(s *Session, p Payment) Action {
	return m.goToConfirm(s, p, confirmPrompt(p.Order.Kind))
}

func (m *Machine) goToConfirm(s *Session, p Payment, next Prompt) Action {
	if s.Prompt != next && s.Prompt != PromptNone && s.Prompt != promptPages && len(s.Trail) < maxTrail {
		s.Trail = append(s.Trail, s.Prompt)
	}
	id := p.Prepared.ID
	s.Payment, s.Prompt, s.Refusals, s.Draft.Order = &id, next, 0, p.Order
	return m.confirmScreen(s, p)
}

func (m *Machine) confirmScreen(s *Session, p Payment) Action {
	if s.Prompt == promptElsewhere {
		return m.ask(s, menu.Elsewhere, menu.Args{})
	}
	return m.askConfirm(s, p)
}

// confirmText is what a confirm screen says.
func (m *Machine) confirmText(s *Session, p Payment) (menu.Key, menu.Args) {
	texts := kindOf(p.Order.Kind)
	key, args := texts.confirm, m.args(s, p)
	switch {
	case p.Order.Payee.Phone != "":
	case p.Order.Payee.Name != "":
		args.Number = args.Account
	case texts.confirmAccount != "":
		key = texts.confirmAccount
	}
	return key, args
}

// args are all that texts may say of a transaction.
func (m *Machine) args(s *Session, p Payment) menu.Args {
	args := menu.Args{Amount: m.money(p.Order.Amount), Fee: m.money(p.Fee), Name: m.payeeName(s, p.Order.Payee),
		Number: string(p.Order.Payee.Phone), Account: p.Order.Payee.Number.Text(), Code: p.Outcome.ReceiptCode,
		Balance: m.money(p.Outcome.Balance), Other: p.Order.Rival}
	if total, ok := p.Order.total(p.Fee); ok {
		args.Total = m.money(total)
	}
	args.Commission = m.money(p.Order.Commission)
	m.groupArgs(&args, p.Order)
	if until := p.Order.EndsAtUnixMs; until != 0 {
		args.Time, args.Date, args.Days = m.at(until), m.day(until), days(keptDays)
	}
	return args
}

// showConfirm shows the confirm screen of a session that is resumed: for the same transaction, or for a new one when its time is over.
func (m *Machine) showConfirm(f Facts, s *Session) Action {
	p := find(f.Payments, s.Payment)
	if p == nil || p.Stage != StageShown {
		if s.Draft.Order.Kind == "" {
			return m.mainMenu(f, s, nil)
		}
		if last := len(s.Trail) - 1; last >= 0 {
			// The confirm screen stands behind the prompt that led to it.
			s.Prompt, s.Trail = s.Trail[last], s.Trail[:last]
		}
		return m.propose(f, s, s.Draft.Order)
	}
	return m.confirmScreen(s, *p)
}

// takeConfirm takes the PIN and the outcome.
func (m *Machine) takeConfirm(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	p := find(f.Payments, s.Payment)
	if p == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		return m.truthful(s, *p, m.confirmAnswer(f, s, *p, e))
	case PINCompared:
		if !e.Right {
			return m.truthful(s, *p, m.wrongPIN(f, s))
		}
		if p.Order.Kind == KindGroupOut {
			return m.claim(f, *p, e)
		}
		action := m.submit(f, s, *p)
		action.Effects = append([]Effect{SaveUser{f.User.proved(e)}}, action.Effects...)
		return action
	case Claimed:
		return m.claimed(s, *p, e.Right)
	case Decided:
		return m.outcome(s, *p, e.Outcome)
	case Undecided:
		if e.Busy {
			return m.promise(s, *p, kindOf(p.Order.Kind).busy)
		}
		return m.processing(s, *p)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) confirmAnswer(f Facts, s *Session, p Payment, a Answer) Action {
	switch {
	case len(a.Rest) > 0 || a.Joined:
		return m.again(s, menu.StarOrHash, menu.Args{})
	case trim(a.Input) == "0":
		return m.cancel(f, s, p)
	case s.Prompt == promptPages:
		return m.takePages(s, p, a)
	case s.Prompt == promptConfirm:
		return m.typePIN(f, s, a)
	case trim(a.Input) != "1":
		return m.againForm(s, a, menu.ChoiceUnknown)
	case s.Prompt == promptElsewhere:
		return m.confirm(s, p)
	}
	return m.submit(f, s, p)
}

// typePIN counts a try, durably, and then has it compared. Any flow may use it at a prompt whose name ends in "/pin"; PINCompared
// is the answer.
func (m *Machine) typePIN(f Facts, s *Session, a Answer) Action {
	user := *f.User
	counted := s.Counted != nil && *s.Counted == f.Turn
	switch {
	case len(a.Rest) > 0 || a.Joined:
		return m.again(s, menu.StarOrHash, menu.Args{})
	case pin.CheckForm(a.Input) != nil:
		return m.again(s, menu.PINForm, menu.Args{})
	case counted:
		// The same turn after a crash: it was counted, and is only compared again.
		return Action{Ask: AskPIN{a.Input}}
	case user.Attempts.Stopped(f.NowUnixMs):
		return m.stopped(f, s, user)
	}
	// A crash after this leaves a try that counts as wrong until a duplicate of the turn compares it.
	s.Counted, s.Uncounted = &f.Turn, user.Attempts
	user.Attempts = user.Attempts.Count(f.NowUnixMs)
	return Action{Effects: []Effect{SaveUser{user}}, Ask: AskPIN{a.Input}}
}

// proved is the user after a right PIN. A wish for a new one is over: who knows the old one needs none.
func (u User) proved(e PINCompared) User {
	u.Attempts, u.Reset = u.Attempts.Reset(), nil
	if e.Renewed != "" {
		u.PIN = e.Renewed
	}
	return u
}

func (m *Machine) wrongPIN(f Facts, s *Session) Action {
	if f.User.Attempts.Stopped(f.NowUnixMs) {
		return m.stopped(f, s, *f.User)
	}
	return m.end(s, menu.PINWrong, menu.Args{Tries: strconv.Itoa(f.User.Attempts.Left())})
}

// stopped says until when sending is stopped.
func (m *Machine) stopped(f Facts, s *Session, user User) Action {
	at, later := m.clock(user.Attempts.StoppedUntilUnixMs, f.NowUnixMs)
	key := menu.StoppedToday
	if later {
		key = menu.StoppedTomorrow
	}
	return m.end(s, key, menu.Args{Time: at})
}

// cancel goes back to the main menu without doing it.
func (m *Machine) cancel(f Facts, s *Session, p Payment) Action {
	if p.Stage != StageShown {
		return m.end(s, menu.DialAgain, menu.Args{}) // truthful says what became of it.
	}
	return m.goHome(f, s, m.text(s, menu.LineCancelled, menu.Args{}), AbandonPayment{p.Prepared.ID}, DropDraft{s.Phone})
}

// truthful replaces a refusal, which says that no money was moved, when the transaction was submitted earlier and that may
// not be so.
func (m *Machine) truthful(s *Session, p Payment, refusal Action) Action {
	if refusal.Reply == nil {
		return refusal
	}
	var action Action
	switch p.Stage {
	case StageSubmitted:
		action = m.processing(s, p)
	case StageSettled:
		action = m.outcome(s, p, p.Outcome)
	default:
		return refusal
	}
	action.Effects = append(refusal.Effects, action.Effects...)
	return action
}

// submit hands the transaction over, or tells the outcome that came meanwhile.
func (m *Machine) submit(f Facts, s *Session, p Payment) Action {
	switch {
	case p.Stage == StageSettled:
		return m.outcome(s, p, p.Outcome)
	case p.Stage == StageAbandoned, p.Stage == StageShown && f.NowUnixMs >= p.Prepared.ExpiresAtUnixMs:
		key := menu.ConfirmExpired
		if own := kindOf(p.Order.Kind).expired; own != "" {
			key = own
		}
		action := m.end(s, key, m.args(s, p))
		action.Effects = []Effect{AbandonPayment{p.Prepared.ID}}
		return action
	}
	// From here on the outcome is the ledger's. A crash leaves a submitted transaction: a duplicate of this turn, a redial
	// or the Settler submits the same bytes.
	return Action{Effects: []Effect{SubmitPayment{p.Prepared.ID}}, Ask: AskOutcome{Prepared: p.Prepared}}
}

// refusals are what a person is told of a rule that was broken; the kind's own text where there is none.
var refusals = map[OutcomeCode]menu.Key{
	OutcomeInsufficientBalance: menu.RefusedBalance,
	OutcomeCapTransaction:      menu.RefusedCap,
	OutcomeCapDay:              menu.RefusedCapDay,
	OutcomeAliasNotBound:       menu.PayeeMoved,
	OutcomePayeeFull:           menu.RefusedPayee,
	OutcomeFrozen:              menu.RefusedFrozen,
	OutcomePayeeNotListed:      menu.RefusedShop,
	OutcomeVoucherOver:         menu.RefusedVoucher,
	OutcomeRequestEnded:        menu.RefusedRequest,
}

// outcome tells how a transaction ended.
func (m *Machine) outcome(s *Session, p Payment, o Outcome) Action {
	p.Outcome = o
	texts := kindOf(p.Order.Kind)
	key, refused := texts.refused[o.Code]
	if !refused {
		key, refused = refusals[o.Code]
	}
	switch {
	case o.Code == OutcomeUnknown:
		return m.processing(s, p)
	case o.Code == OutcomeOK && o.HasBalance && texts.doneBalance != "":
		key = texts.doneBalance
	case o.Code == OutcomeOK:
		key = texts.done
	case !refused:
		key = texts.notMade
	}
	action := m.end(s, key, m.args(s, p))
	action.Effects = []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: o}, TellPayment{p.Prepared.ID}}
	return action
}

// processing promises the outcome by SMS.
func (m *Machine) processing(s *Session, p Payment) Action {
	return m.promise(s, p, kindOf(p.Order.Kind).processing)
}

func (m *Machine) promise(s *Session, p Payment, key menu.Key) Action {
	action := m.end(s, key, m.args(s, p))
	action.Effects = []Effect{PromisePayment{p.Prepared.ID}}
	return action
}

func find(payments []Payment, id *tx.ID) *Payment {
	if id == nil {
		return nil
	}
	for i := range payments {
		if payments[i].Prepared.ID == *id {
			return &payments[i]
		}
	}
	return nil
}

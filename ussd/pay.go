package ussd

import (
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// offered compares an offer with what the payer may spend and shows the confirm screen.
func (m *Machine) offered(f Facts, s *Session, order Order, o Offer) Action {
	value := order.Amount
	total, ok := value.Add(o.Fee)
	switch {
	case !ok || total > o.Available:
		return m.refuse(s, menu.AmountBalance, menu.Args{Balance: m.money(o.Available), Fee: m.money(o.Fee)})
	case total > o.CapTransaction:
		return m.refuse(s, menu.AmountCap, menu.Args{Limit: m.money(o.CapTransaction)})
	case total > o.LeftToday:
		return m.refuse(s, menu.AmountCapDay, menu.Args{Limit: m.money(o.LeftToday)})
	}
	p := Payment{Prepared: o.Prepared, Payer: s.Phone, Payee: order.Payee, Amount: value, Fee: o.Fee, Stage: StageShown,
		ShownAtUnixMs: f.NowUnixMs}
	action := m.confirm(s, p)
	action.Effects = []Effect{NewPayment{p}}
	return action
}

// confirm shows what a PIN would pay.
func (m *Machine) confirm(s *Session, p Payment) Action {
	s.Payment = &p.Prepared.ID
	args := menu.Args{Amount: m.money(p.Amount), Fee: m.money(p.Fee), Name: ShortName(p.Payee.Name),
		Number: string(p.Payee.Phone), Account: p.Payee.Number.Text()}
	if p.Payee.Phone == "" {
		return m.prompt(s, PromptConfirm, menu.ConfirmAccount, args)
	}
	if args.Name == "" {
		args.Name = m.payeeName(s, p.Payee)
	}
	return m.prompt(s, PromptConfirm, menu.Confirm, args)
}

// pay takes the PIN and the outcome.
func (m *Machine) pay(f Facts, s *Session, e Event) Action {
	p := find(f.Payments, s.Payment)
	if f.User == nil || p == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		return m.truthful(s, *p, m.payAnswer(f, s, *p, e))
	case PINCompared:
		if !e.Right {
			return m.truthful(s, *p, m.wrongPIN(f, s))
		}
		return m.rightPIN(f, s, *p)
	case Decided:
		return m.outcome(s, *p, e.Outcome)
	case Undecided:
		if e.Busy {
			return m.promise(s, *p, menu.ProcessingBusy)
		}
		return m.processing(s, *p)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) payAnswer(f Facts, s *Session, p Payment, a Answer) Action {
	user := *f.User
	counted := s.Counted != nil && *s.Counted == f.Turn
	switch {
	case len(a.Rest) > 0 || a.Joined:
		return m.refuse(s, menu.StarOrHash, menu.Args{})
	case trim(a.Input) == "0":
		return m.cancel(s, p)
	case pin.CheckForm(a.Input) != nil:
		return m.refuse(s, menu.PINForm, menu.Args{})
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

// truthful replaces a refusal, which says that no money was moved, when the payment was submitted earlier and that may
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

// cancel ends without paying.
func (m *Machine) cancel(s *Session, p Payment) Action {
	action := m.refuse(s, menu.Cancelled, menu.Args{})
	if p.Stage == StageShown {
		action.Effects = []Effect{AbandonPayment{p.Prepared.ID}}
	}
	return action
}

func (m *Machine) wrongPIN(f Facts, s *Session) Action {
	if f.User.Attempts.Stopped(f.NowUnixMs) {
		return m.stopped(f, s, *f.User)
	}
	return m.refuse(s, menu.PINWrong, menu.Args{Tries: strconv.Itoa(f.User.Attempts.Left())})
}

// rightPIN submits, or tells the outcome that came meanwhile.
func (m *Machine) rightPIN(f Facts, s *Session, p Payment) Action {
	user := *f.User
	user.Attempts = user.Attempts.Reset()
	effects := []Effect{SaveUser{user}}
	var action Action
	switch {
	case p.Stage == StageSettled:
		action = m.outcome(s, p, p.Outcome)
	case p.Stage == StageAbandoned, p.Stage == StageShown && f.NowUnixMs >= p.Prepared.ExpiresAtUnixMs:
		action = m.refuse(s, menu.ConfirmExpired, menu.Args{})
		effects = append(effects, AbandonPayment{p.Prepared.ID})
	default:
		// From here on the outcome is the ledger's. A crash leaves a submitted payment: a duplicate of this turn, a redial
		// or the Settler submits the same bytes.
		effects = append(effects, SubmitPayment{p.Prepared.ID})
		action = Action{Ask: AskOutcome{Prepared: p.Prepared}}
	}
	action.Effects = append(effects, action.Effects...)
	return action
}

// outcome tells how a payment ended.
func (m *Machine) outcome(s *Session, p Payment, o Outcome) Action {
	args := menu.Args{Amount: m.money(p.Amount), Fee: m.money(p.Fee), Name: m.payeeName(s, p.Payee), Code: o.ReceiptCode,
		Balance: m.money(o.Balance)}
	var action Action
	switch o.Code {
	case OutcomeOK:
		key := menu.PaidNoBalance
		if o.HasBalance {
			key = menu.Paid
		}
		action = m.end(s, key, args)
	case OutcomeInsufficientBalance:
		action = m.refuse(s, menu.RefusedBalance, args)
	case OutcomeCapTransaction:
		action = m.refuse(s, menu.RefusedCap, args)
	case OutcomeCapDay:
		action = m.refuse(s, menu.RefusedCapDay, args)
	case OutcomeAliasNotBound:
		action = m.refuse(s, menu.PayeeMoved, args)
	case OutcomePayeeFull:
		action = m.refuse(s, menu.RefusedPayee, args)
	case OutcomeFrozen:
		action = m.refuse(s, menu.RefusedFrozen, args)
	case OutcomePayeeNotListed:
		action = m.refuse(s, menu.RefusedShop, args)
	case OutcomeVoucherOver:
		action = m.refuse(s, menu.RefusedVoucher, args)
	case OutcomeUnknown:
		return m.processing(s, p)
	default:
		action = m.refuse(s, menu.NotMade, args)
	}
	action.Effects = []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: o}, TellPayment{p.Prepared.ID}}
	return action
}

// processing promises the outcome by SMS.
func (m *Machine) processing(s *Session, p Payment) Action { return m.promise(s, p, menu.Processing) }

func (m *Machine) promise(s *Session, p Payment, key menu.Key) Action {
	action := m.end(s, key, menu.Args{Amount: m.money(p.Amount), Name: m.payeeName(s, p.Payee)})
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

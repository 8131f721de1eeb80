package ussd

import (
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Typing the codes of attestors: one prompt for all transactions that they sign. A session can be closed to read the messages: the next dial
// comes back here.

const (
	promptCodes Prompt = "codes/enter"
	// codeDigits is how long a code is.
	codeDigits = 6
	// vouchedLife is how long a transaction that attestors sign can be applied: its codes are good for ten minutes of it.
	vouchedLife = 20 * time.Minute
)

func codesFlow() flow {
	return flow{show: (*Machine).showCodes, take: (*Machine).takeCodes, open: true}
}

// seek has a transaction prepared that attestors sign. The one that is open already, for the same and with codes that are still good, is gone
// on with.
func (m *Machine) seek(f Facts, s *Session, order Order) Action {
	var effects []Effect
	for _, p := range f.Payments {
		if p.Order.Kind != order.Kind || !p.open(f.NowUnixMs) || !p.Order.same(order) {
			continue
		}
		if p.Stage == StageSubmitted {
			return m.processing(s, p)
		}
		if awaiting := awaitingCodes(f); awaiting != nil && awaiting.Prepared.ID == p.Prepared.ID {
			return m.goToCodes(f, s, p)
		}
		effects = append(effects, AbandonPayment{p.Prepared.ID})
	}
	order.ExpiresAtUnixMs = f.NowUnixMs + uint64(vouchedLife.Milliseconds())
	return Action{Effects: effects, Ask: AskOffer{order}}
}

// sought takes the answers to what seek began. ok is false for another event. The flow that began it keeps its prompt until the codes are sent.
func (m *Machine) sought(f Facts, s *Session, e Event) (action Action, ok bool) {
	switch e := e.(type) {
	case NotGranted:
		return m.end(s, menu.CodesNotSent, menu.Args{}), true
	case Offered:
		o := e.Offer
		p := Payment{Prepared: o.Prepared, Payer: s.Phone, Order: e.Order, Fee: o.Fee, Stage: StageShown, ShownAtUnixMs: f.NowUnixMs,
			Vouching: &Vouching{Need: o.Attestors}}
		s.Payment = &p.Prepared.ID
		effects := []Effect{NewPayment{p}}
		if f.User == nil && s.Home != nil {
			effects = append(effects, SaveArrival{f.arriving(s, p)})
		}
		// Once this is stored, codes that are sent belong to a transaction that is known.
		return Action{Effects: effects, Ask: AskCodes{ID: p.Prepared.ID}}, true
	case CodesSent:
		p := find(f.Payments, s.Payment)
		if p == nil || p.Vouching == nil {
			return m.end(s, menu.DialAgain, menu.Args{}), true
		}
		shown := *p
		vouching := *p.Vouching
		vouching.Asked = e.Asked
		shown.Vouching = &vouching
		action := m.goToCodes(f, s, shown)
		action.Effects = append([]Effect{SaveVouching{ID: p.Prepared.ID, Asked: e.Asked}}, action.Effects...)
		action.Drop = true // Nobody knows the codes yet.
		return action, true
	case CodesRefused:
		if p := find(f.Payments, s.Payment); p != nil && p.Vouching != nil && len(p.Vouching.Asked) > 0 {
			return m.again(s, menu.CodesWait, menu.Args{}), true // Those that were sent are still good.
		}
		key := menu.CodesNotSent
		if e.TooMany {
			key = menu.CodesTooMany
		}
		action := m.end(s, key, menu.Args{})
		if s.Payment != nil {
			action.Effects = []Effect{AbandonPayment{*s.Payment}}
		}
		return action, true
	}
	return Action{}, false
}

func (m *Machine) goToCodes(f Facts, s *Session, p Payment) Action {
	if s.Prompt != promptCodes && s.Prompt != PromptNone && len(s.Trail) < maxTrail {
		s.Trail = append(s.Trail, s.Prompt)
	}
	id := p.Prepared.ID
	s.Payment, s.Prompt, s.Refusals = &id, promptCodes, 0
	return m.codesScreen(s, p)
}

func (m *Machine) showCodes(f Facts, s *Session) Action {
	p := find(f.Payments, s.Payment)
	if p == nil || p.Vouching == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	return m.codesScreen(s, *p)
}

// codesScreen asks for the codes that are missing.
func (m *Machine) codesScreen(s *Session, p Payment) Action {
	open := p.Vouching.open()
	switch len(open) {
	case 0:
		return m.end(s, menu.DialAgain, menu.Args{})
	case 1:
		return m.ask(s, menu.CodeLast, menu.Args{Name: open[0].Name})
	}
	return m.ask(s, menu.CodesEnter, menu.Args{Name: open[0].Name, Other: open[1].Name})
}

// takeCodes takes codes, and in the end the outcome.
func (m *Machine) takeCodes(f Facts, s *Session, e Event) Action {
	p := find(f.Payments, s.Payment)
	if p == nil || p.Vouching == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch e := e.(type) {
	case Answer:
		return m.answerCodes(f, s, *p, e)
	case CodesSent, CodesRefused:
		if action, ok := m.sought(f, s, e); ok {
			return action
		}
	case Vouched:
		return m.vouched(f, s, *p, e)
	case Decided:
		if arrives(p.Order.Kind) && f.User == nil && e.Outcome.Code == OutcomeOK {
			// Where the number is now decides what comes next.
			s.Prompt, s.Trail = promptHome, nil
			return Action{Effects: []Effect{SettlePayment{ID: p.Prepared.ID, Outcome: e.Outcome}}, Ask: AskHome{Phone: s.Phone}}
		}
		return m.outcome(s, *p, e.Outcome)
	case Undecided:
		if e.Busy {
			return m.promise(s, *p, kindOf(p.Order.Kind).busy)
		}
		return m.processing(s, *p)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

func (m *Machine) answerCodes(f Facts, s *Session, p Payment, a Answer) Action {
	switch {
	case p.Stage == StageSubmitted || p.Stage == StageSettled:
		return m.submit(f, s, p)
	case p.Stage != StageShown || f.NowUnixMs >= p.Prepared.ExpiresAtUnixMs || !p.Vouching.usable(f.NowUnixMs):
		return m.codesOver(s, p)
	case trim(a.Input) == "1":
		for _, v := range p.Vouching.open() {
			if v.ResendAtUnixMs == 0 || f.NowUnixMs < v.ResendAtUnixMs {
				return m.again(s, menu.CodesWait, menu.Args{})
			}
		}
		return Action{Ask: AskCodes{ID: p.Prepared.ID, Again: true}}
	}
	codes := readCodes(a.Input)
	if len(codes) == 0 || len(codes) > len(p.Vouching.open()) {
		return m.againForm(s, Answer{Input: a.Input}, menu.CodeForm)
	}
	return Action{Ask: AskVouch{ID: p.Prepared.ID, Codes: codes}}
}

// readCodes takes codes of six digits, with spaces or hyphens or nothing between them.
func readCodes(input pin.Secret) (codes []pin.Secret) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(trim(input))
	if len(digits)%codeDigits != 0 || !allDigits(digits) {
		return nil
	}
	for ; len(digits) > 0; digits = digits[codeDigits:] {
		codes = append(codes, pin.NewSecret(digits[:codeDigits]))
	}
	return codes
}

// vouched keeps the signatures, and hands the transaction over when it has all of them.
func (m *Machine) vouched(f Facts, s *Session, p Payment, e Vouched) Action {
	p.sign(e.Signatures)
	var effects []Effect
	if len(e.Signatures) > 0 {
		effects = append(effects, SaveSignatures{ID: p.Prepared.ID, Signatures: e.Signatures})
	}
	var action Action
	switch {
	case p.Vouching.signed() >= p.Vouching.Need:
		action = m.submit(f, s, p)
	case e.Silent:
		action = m.end(s, menu.CodeSilent, menu.Args{})
	case e.Wrong && e.TriesLeft > 0:
		action = m.again(s, menu.CodeWrong, menu.Args{Tries: digits(e.TriesLeft)})
	case e.Over, e.Wrong:
		action = m.codesOver(s, p)
	default:
		s.Refusals = 0
		action = m.codesScreen(s, p)
	}
	action.Effects = append(effects, action.Effects...)
	return action
}

func (m *Machine) codesOver(s *Session, p Payment) Action {
	action := m.end(s, menu.CodesOver, menu.Args{})
	action.Effects = []Effect{AbandonPayment{p.Prepared.ID}}
	return action
}

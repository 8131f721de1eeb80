package ussd

import "github.com/umoja-ledger/umoja/ledger/tx"

// Effects on a payment look at the payment as it is stored now, not as the machine saw it: an outcome that the feed recorded
// meanwhile stands.

// A user who was dropped since the machine looked, because closing the access became final meanwhile, does not come back: only a registration
// makes one.
func (e SaveUser) apply(_ *Service, w Writer, _ uint64) error {
	if e.User.Opening == nil {
		stored, err := getUser(w, e.User.Phone)
		if err != nil || stored == nil || stored.Account != e.User.Account {
			return err
		}
	}
	return putUser(w, e.User)
}

func (e DropUser) apply(_ *Service, w Writer, _ uint64) error { return dropUser(w, e.User) }

func (e DropDraft) apply(_ *Service, w Writer, _ uint64) error { return w.Delete(draftKey(e.Phone)) }

func (e NewPayment) apply(s *Service, w Writer, nowUnixMs uint64) error {
	if err := s.countInflow(w, e.Payment, nowUnixMs); err != nil {
		return err
	}
	return newPayment(w, e.Payment)
}

func (e AbandonPayment) apply(_ *Service, w Writer, _ uint64) error {
	_, err := changePayment(w, e.ID, func(p *Payment) {
		if p.Stage == StageShown {
			p.Stage = StageAbandoned
		}
	})
	return err
}

func (e SubmitPayment) apply(_ *Service, w Writer, nowUnixMs uint64) error {
	_, err := changePayment(w, e.ID, func(p *Payment) {
		if p.Stage == StageShown {
			p.Stage, p.SubmittedAtUnixMs = StageSubmitted, nowUnixMs
		}
	})
	return err
}

func (e SettlePayment) apply(s *Service, w Writer, nowUnixMs uint64) error {
	return s.settleStored(w, e.ID, e.Outcome, nowUnixMs)
}

// settleStored records the outcome of a stored payment, with all that follows from it. The first outcome stands.
func (s *Service) settleStored(w Writer, id tx.ID, outcome Outcome, nowUnixMs uint64) error {
	before, err := getPayment(w, id)
	if err != nil {
		return err
	}
	p, err := changePayment(w, id, func(p *Payment) { p.settle(outcome) })
	if err != nil {
		return err
	}
	if err := s.keepPromise(w, p, nowUnixMs); err != nil || before.Stage == StageSettled {
		return err
	}
	if settled := kindOf(p.Order.Kind).settled; settled != nil {
		return settled(s, w, p, nowUnixMs)
	}
	return s.made(w, p)
}

func (e TellPayment) apply(_ *Service, w Writer, _ uint64) error {
	_, err := changePayment(w, e.ID, func(p *Payment) { p.Told = true })
	return err
}

func (e PromisePayment) apply(s *Service, w Writer, nowUnixMs uint64) error {
	p, err := changePayment(w, e.ID, func(p *Payment) { p.Promised = true })
	if err != nil {
		return err
	}
	return s.keepPromise(w, p, nowUnixMs)
}

// keepPromise sends the SMS about a payment that was not made, if a screen promised one. The SMS about a payment that
// was made comes from the feed.
func (s *Service) keepPromise(w Writer, p Payment, nowUnixMs uint64) error {
	if !p.Promised || p.Stage != StageSettled || p.Outcome.Code == OutcomeOK || kindOf(p.Order.Kind).smsNotMade == "" {
		return nil
	}
	user, err := getUser(w, p.Payer)
	if err != nil {
		return err
	}
	var session Session
	if user != nil {
		session.Language = user.Language
	} else {
		arrival, err := get[Arrival](w, arrivalKey(p.Payer))
		if err != nil || arrival == nil {
			return err
		}
		session.Language = arrival.Language
	}
	text := s.machine.text(&session, kindOf(p.Order.Kind).smsNotMade, s.machine.args(&session, p))
	return s.outbox.Enqueue(w, Message{Reference: "payment/" + p.Prepared.ID.String(), To: p.Payer, Text: text}, nowUnixMs)
}

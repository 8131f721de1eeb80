package ussd

import "github.com/umoja-ledger/umoja/ledger/tx"

// Effects on a payment look at the payment as it is stored now, not as the machine saw it: an outcome that the feed recorded
// meanwhile stands.

func (e AddUser) apply(_ *Service, w Writer, _ uint64) error { return putUser(w, e.User) }

// What the feed and the Settler do to a user while a turn is under way stands. One who was dropped, because closing the access became final or the
// number has left, does not come back; a number that was confirmed stays so; and a move away is as the feed has it, but for the user's wish.
func (e SaveUser) apply(_ *Service, w Writer, _ uint64) error {
	user := e.User
	stored, err := getUser(w, user.Phone)
	switch {
	case err != nil:
		return err
	case stored == nil && user.Opening != nil: // A registration begins.
		return putUser(w, user)
	case stored == nil || stored.Account != user.Account:
		return nil
	}
	user.Provisional = user.Provisional && stored.Provisional
	leaving := stored.Leaving
	if leaving != nil && user.Leaving != nil && user.Leaving.Wished {
		wished := *leaving
		wished.Wished = true
		leaving = &wished
	}
	user.Leaving = leaving
	return putUser(w, user)
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
	// Who is no user any more, or none yet, was promised it all the same.
	session := Session{Language: p.Language}
	if user != nil {
		session.Language = user.Language
	} else if arrival, err := get[Arrival](w, arrivalKey(p.Payer)); err != nil {
		return err
	} else if arrival != nil {
		session.Language = arrival.Language
	}
	text := s.machine.text(&session, kindOf(p.Order.Kind).smsNotMade, s.machine.args(&session, p))
	return s.outbox.Enqueue(w, Message{Reference: "payment/" + p.Prepared.ID.String(), To: p.Payer, Text: text}, nowUnixMs)
}

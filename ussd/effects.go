package ussd

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ussd/menu"
)

// apply makes one effect part of a store transaction. Effects on a payment look at the payment as it is stored now, not
// as the machine saw it: an outcome that the feed recorded meanwhile stands.
func (s *Service) apply(w Writer, effect Effect, nowUnixMs uint64) error {
	switch e := effect.(type) {
	case SaveUser:
		return putUser(w, e.User)
	case DropUser:
		return dropUser(w, e.User)
	case NewPayment:
		return newPayment(w, e.Payment)
	case AbandonPayment:
		_, err := changePayment(w, e.ID, func(p *Payment) {
			if p.Stage == StageShown {
				p.Stage = StageAbandoned
			}
		})
		return err
	case SubmitPayment:
		_, err := changePayment(w, e.ID, func(p *Payment) {
			if p.Stage == StageShown {
				p.Stage, p.SubmittedAtUnixMs = StageSubmitted, nowUnixMs
			}
		})
		return err
	case SettlePayment:
		p, err := changePayment(w, e.ID, func(p *Payment) { p.settle(e.Outcome) })
		if err != nil {
			return err
		}
		return s.keepPromise(w, p, nowUnixMs)
	case TellPayment:
		_, err := changePayment(w, e.ID, func(p *Payment) { p.Told = true })
		return err
	case PromisePayment:
		p, err := changePayment(w, e.ID, func(p *Payment) { p.Promised = true })
		if err != nil {
			return err
		}
		return s.keepPromise(w, p, nowUnixMs)
	}
	return fmt.Errorf("%w: effect %T", errUnasked, effect)
}

// keepPromise sends the SMS about a payment that was not made, if a screen promised one. The SMS about a payment that
// was made comes from the feed.
func (s *Service) keepPromise(w Writer, p Payment, nowUnixMs uint64) error {
	if !p.Promised || p.Stage != StageSettled || p.Outcome.Code == OutcomeOK {
		return nil
	}
	user, err := getUser(w, p.Payer)
	if err != nil || user == nil {
		return err
	}
	session := Session{Language: user.Language}
	text := s.machine.text(&session, menu.SMSNotMade,
		menu.Args{Amount: s.machine.money(p.Amount), Name: s.machine.payeeName(&session, p.Payee)})
	return s.outbox.Enqueue(w, Message{Reference: "payment/" + p.Prepared.ID.String(), To: p.Payer, Text: text}, nowUnixMs)
}

package ussd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

const (
	// settleEvery is how long the Settler rests between passes.
	settleEvery = time.Second
	// settleWait is how long it waits for one outcome.
	settleWait = 10 * time.Second
	// settleAtOnce is how many outcomes it waits for at once, and settleBatch how many it takes in one pass.
	settleAtOnce = 16
	settleBatch  = 256
	// forgetEvery is how often old records are deleted, forgetBatch how many in one store transaction.
	forgetEvery = time.Minute
	forgetBatch = 512
	// feedRest is how long the feed rests after it broke off.
	feedRest = 2 * time.Second
)

// Run keeps what screens promised: it drives every submitted transaction to its outcome, sends the SMS of every final
// payment, and forgets old records. It goes on where the last process stopped. It returns nil when the context ends, and
// otherwise the error of the store.
func (s *Service) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.repeat(ctx, settleEvery, s.settle) })
	group.Go(func() error { return s.repeat(ctx, feedRest, s.feed) })
	group.Go(func() error { return s.repeat(ctx, claimEvery, s.claim) })
	group.Go(func() error { return s.repeat(ctx, forgetEvery, s.forget) })
	return group.Wait()
}

// repeat calls pass until the context ends or pass returns an error.
func (s *Service) repeat(ctx context.Context, rest time.Duration, pass func(context.Context) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if err := pass(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		timer.Reset(rest)
	}
}

// settle is one pass over what was submitted and has no outcome. A turn that is still under way has its own deadline and
// is left alone until that has passed.
func (s *Service) settle(ctx context.Context) error {
	var payments []tx.ID
	var openings []Phone
	err := s.store.View(ctx, func(r Reader) error {
		err := r.Scan(submittedPrefix, s.settleFrom, settleBatch, func(key, _ []byte) error {
			payments = append(payments, tx.ID(key[len(submittedPrefix):]))
			return nil
		})
		if err != nil {
			return err
		}
		return r.Scan(openingPrefix, nil, settleBatch, func(key, _ []byte) error {
			openings = append(openings, Phone(key[len(openingPrefix):]))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("list what to settle: %w", err)
	}
	// The next pass takes those behind these: some that nobody can decide for a while must not keep the others waiting.
	if s.settleFrom = nil; len(payments) == settleBatch {
		s.settleFrom = append(submittedKey(payments[settleBatch-1]), 0)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(settleAtOnce)
	for _, id := range payments {
		group.Go(func() error { return s.waitIfFull(s.settlePayment(ctx, id)) })
	}
	for _, phone := range openings {
		group.Go(func() error { return s.waitIfFull(s.settleOpening(ctx, phone)) })
	}
	return group.Wait()
}

// waitIfFull takes a full outbox for a reason to try again in the next pass.
func (s *Service) waitIfFull(err error) error {
	if errors.Is(err, ErrOutboxFull) {
		s.log.Error("outbox is full: outcomes wait", "error", err)
		return nil
	}
	return err
}

func (s *Service) settlePayment(ctx context.Context, id tx.ID) error {
	var p *Payment
	err := s.store.View(ctx, func(r Reader) (err error) {
		p, err = getPayment(r, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("settle payment: %w", err)
	}
	if p == nil || p.Stage != StageSubmitted || s.underWay(p.SubmittedAtUnixMs) {
		return nil
	}
	outcome, ok := s.outcome(ctx, p.Prepared)
	if !ok {
		return nil
	}
	return s.store.Update(ctx, func(w Writer) error {
		return SettlePayment{ID: id, Outcome: outcome}.apply(s, w, nowUnixMs())
	})
}

func (s *Service) underWay(submittedAtUnixMs uint64) bool {
	return nowUnixMs() < submittedAtUnixMs+uint64(s.deadline.Milliseconds())
}

// outcome submits again, with the same bytes.
func (s *Service) outcome(ctx context.Context, prepared Prepared) (Outcome, bool) {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	outcome, err := s.ledger.Submit(ctx, prepared)
	if err != nil {
		s.log.Debug("outcome is not known yet", "id", prepared.ID, "error", err)
		return Outcome{}, false
	}
	return outcome, outcome.Code != OutcomeUnknown
}

// settleOpening finishes a registration. The phone's turnstile is held only to record the outcome, so that a person who
// dials meanwhile does not wait for the ledger twice.
func (s *Service) settleOpening(ctx context.Context, phone Phone) error {
	user, err := s.opening(ctx, phone)
	if err != nil || user == nil {
		return err
	}
	prepared := user.Opening.Prepared
	if s.underWay(user.Opening.SubmittedAtUnixMs) {
		return nil
	}
	outcome, ok := s.outcome(ctx, prepared)
	if !ok {
		return nil
	}
	release, err := s.turnstile.enter(ctx, phone)
	if err != nil {
		return nil // The next pass tries again.
	}
	defer release()
	return s.store.Update(ctx, func(w Writer) error {
		user, err := getUser(w, phone)
		if err != nil || user == nil || user.Opening == nil || user.Opening.Prepared.ID != prepared.ID {
			return err
		}
		return s.finishOpening(w, *user, outcome)
	})
}

func (s *Service) opening(ctx context.Context, phone Phone) (user *User, err error) {
	err = s.store.View(ctx, func(r Reader) (err error) {
		user, err = getUser(r, phone)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("settle registration: %w", err)
	}
	if user == nil || user.Opening == nil {
		return nil, nil
	}
	return user, nil
}

// finishOpening records what became of a registration and keeps the promise of an SMS.
func (s *Service) finishOpening(w Writer, user User, outcome Outcome) error {
	promised, reference := user.Opening.Promised, "registration/"+user.Opening.Prepared.ID.String()
	session := Session{Language: user.Language}
	var text string
	var err error
	if outcome.Code == OutcomeOK {
		user.Opening, user.Number = nil, outcome.Number
		text = s.machine.text(&session, menu.SMSRegistered, menu.Args{Name: user.Name, Account: user.Number.Text()})
		err = putUser(w, user)
	} else {
		text = s.machine.text(&session, menu.SMSNotRegistered, menu.Args{})
		err = dropUser(w, user)
	}
	if err != nil || !promised {
		return err
	}
	return s.outbox.Enqueue(w, Message{Reference: reference, To: user.Phone, Text: text}, nowUnixMs())
}

// forget deletes old sessions and payments.
func (s *Service) forget(ctx context.Context) error {
	for {
		var count int
		err := s.store.Update(ctx, func(w Writer) (err error) {
			count, err = forget(w, nowUnixMs(), forgetBatch)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget old records: %w", err)
		}
		if count < forgetBatch {
			return nil
		}
	}
}

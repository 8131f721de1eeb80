package ussd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// How the questions that every flow asks find their answers.

// A name that could not have been registered here, because it has a line break or looks like a number, is not shown.
func (a AskPayee) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	d := a.Destination
	var payee Payee
	var err error
	if d.Phone != "" {
		payee, err = s.ledger.ResolvePhone(ctx, d.Phone)
	} else {
		payee, err = s.ledger.ResolveNumber(ctx, d.Number)
	}
	if errors.Is(err, ErrPayeeUnknown) {
		return PayeeMissing{d}, nil
	}
	if err != nil {
		return nil, err
	}
	if d.Phone == "" {
		// Of an account number the ledger knows no name. A till is there for everybody to know.
		err = s.store.View(ctx, func(r Reader) error {
			user, err := userOf(r, payee.Account)
			if user != nil && user.Role == RoleTill {
				payee.Name = user.Name
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	payee.Phone = d.Phone
	name, err := CheckName(payee.Name)
	if err != nil {
		name = ""
	}
	payee.Name = name
	return PayeeFound{payee}, nil
}

func (a AskOffer) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	offer, err := s.ledger.Prepare(ctx, a.Order)
	if errors.Is(err, ErrNotGranted) {
		return NotGranted{}, nil
	}
	if err == nil && len(offer.Pending) > 0 {
		offer.Elsewhere, err = s.elsewhere(ctx, offer.Pending)
	}
	return Offered{Order: a.Order, Offer: offer}, err
}

// elsewhere tells whether one of the transactions is none of this gateway's.
func (s *Service) elsewhere(ctx context.Context, ids []tx.ID) (elsewhere bool, err error) {
	err = s.store.View(ctx, func(r Reader) error {
		for _, id := range ids {
			p, err := getPayment(r, id)
			if err != nil {
				return err
			}
			elsewhere = elsewhere || p == nil
		}
		return nil
	})
	return elsewhere, err
}

func (a AskPIN) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	t, err := s.try(f, f.User.Account, a.PIN)
	if err != nil {
		return nil, err
	}
	verdict, err := s.hasher.Compare(ctx, t, f.User.PIN)
	return PINCompared{Right: verdict.Right, Renewed: verdict.Renewed}, err
}

func (a AskFounding) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	founding, err := s.ledger.PrepareRegistration(ctx, a.Registration)
	if err != nil {
		return nil, err
	}
	record, err := s.hash(ctx, f, founding.Account, a.PIN)
	return Founded{Founding: founding, PIN: record}, err
}

func (a AskOutcome) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	if a.Brief {
		brief, cancel := context.WithTimeout(ctx, briefWait)
		defer cancel()
		ctx = brief
	}
	outcome, err := s.ledger.Submit(ctx, a.Prepared)
	if err == nil && outcome.Code == OutcomeUnknown {
		return Undecided{}, nil
	}
	return Decided{outcome}, err
}

// find answers a question of the machine. Whatever goes wrong is an event too.
func (s *Service) find(ctx context.Context, ask Ask, f Facts) Event {
	deadline, _ := ctx.Deadline()
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-saveReserve))
	defer cancel()
	event, err := ask.find(ctx, s, f)
	if err == nil {
		return event
	}
	s.log.Warn("question of a turn went unanswered", "ask", fmt.Sprintf("%T", ask), "error", err)
	if _, ok := ask.(AskOutcome); ok {
		return Undecided{Busy: errors.Is(err, ErrBusy)}
	}
	return Unavailable{}
}

// try is a PIN of a turn, with a new salt.
func (s *Service) try(f Facts, account tx.AccountID, secret pin.Secret) (pin.Try, error) {
	t := pin.Try{Aggregator: f.Aggregator, Phone: string(f.Phone), Account: account, PIN: secret}
	if _, err := io.ReadFull(s.rand, t.Salt[:]); err != nil {
		return t, fmt.Errorf("make salt: %w", err)
	}
	return t, nil
}

// hash makes the record of a new PIN.
func (s *Service) hash(ctx context.Context, f Facts, account tx.AccountID, secret pin.Secret) (pin.Record, error) {
	t, err := s.try(f, account, secret)
	if err != nil {
		return "", err
	}
	return s.hasher.Make(ctx, t)
}

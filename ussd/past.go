package ussd

import (
	"context"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// listedPayments is how many past payments are asked for; as many as fit are shown.
const listedPayments = 4

// pastPayments asks the ledger and adds the names that this gateway knows.
func (s *Service) pastPayments(ctx context.Context, account tx.AccountID, limit int) ([]PaymentLine, error) {
	past, err := s.ledger.LastPayments(ctx, account, limit)
	if err != nil {
		return nil, err
	}
	return s.named(ctx, past)
}

// named adds the names and numbers that this gateway knows.
func (s *Service) named(ctx context.Context, past []PastPayment) ([]PaymentLine, error) {
	lines := make([]PaymentLine, 0, len(past))
	err := s.store.View(ctx, func(r Reader) error {
		for _, p := range past {
			line := PaymentLine{PastPayment: p}
			var err error
			if line.Name, err = nameOf(r, p.Other, p.ID); err != nil {
				return err
			}
			if p.Other == (tx.AccountID{}) {
				// Kept for a number: who kept it here typed it.
				payment, err := getPayment(r, p.ID)
				if err != nil {
					return err
				}
				if payment != nil {
					line.Phone = payment.Order.Payee.Phone
				}
			}
			lines = append(lines, line)
		}
		return nil
	})
	return lines, err
}

// nameOf is what the payer of a payment that began here saw of the payee, or the name of an account's holder; empty when
// neither is known.
func nameOf(r Reader, account tx.AccountID, payment tx.ID) (string, error) {
	p, err := getPayment(r, payment)
	if err != nil {
		return "", err
	}
	if p != nil && p.Order.Payee.Account == account {
		return p.Order.Payee.Name, nil
	}
	user, err := userOf(r, account)
	if err != nil || user == nil {
		return "", err
	}
	return user.Name, nil
}

package ussd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Protection from wrong numbers: a first payment to a person, above the sum that the provider publishes, waits for ten minutes.

// protect proposes an order of the send flow, as a payment that waits when it is a first one above the sum. Account numbers, whose check
// digit catches a slip, and what is open already are left as they are.
func (m *Machine) protect(f Facts, s *Session, order Order) Action {
	if order.Kind != KindTransfer || m.protectAbove == 0 || order.Amount <= m.protectAbove || order.Payee.Phone == "" {
		return m.propose(f, s, order)
	}
	for _, p := range f.Payments {
		same := p.Order.Payee.Account == order.Payee.Account && p.Order.Amount == order.Amount
		if same && p.open(f.NowUnixMs) && (p.Order.Kind == KindTransfer || p.Order.Kind == KindDelay) {
			order.Kind = p.Order.Kind
			return m.propose(f, s, order)
		}
	}
	order.Payer = f.User.Account
	return Action{Ask: AskFirst{order}}
}

// AskFirst asks whether a payment is the first to its payee, and a person.
type AskFirst struct{ Order Order }

// FirstAnswered answers AskFirst: the order as it shall be made.
type FirstAnswered struct{ Order Order }

func (FirstAnswered) event() {}

// A payment waits unless the payee is known: to the user's record here, as what is no person, or to the newest part of the payer's history.
//
// The ledger takes a hold that names a number only when attestors bound the number; then the ledger checks that number and account belong
// together, as it does for a transfer. For a number that a provider alone vouches for, the hold names the account alone, and nobody checks
// again: so more than one validator says whose the number is, and what such numbers receive in a day by way of this gateway is bounded as
// the ledger bounds transfers to them. Beyond that the payment is a plain transfer, for the ledger to judge.
func (a AskFirst) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	order := a.Order
	for _, c := range f.Contacts {
		if c.Account == order.Payee.Account {
			return FirstAnswered{order}, nil
		}
	}
	var payee *User
	err := s.store.View(ctx, func(r Reader) (err error) {
		payee, err = userOf(r, order.Payee.Account)
		return err
	})
	if err != nil {
		return nil, err
	}
	if payee != nil && payee.Role != RolePerson {
		return FirstAnswered{order}, nil
	}
	paid, err := s.ledger.HasPaid(ctx, order.Payer, order.Payee.Account)
	if err != nil || paid {
		return FirstAnswered{order}, err
	}
	bound, err := s.ledger.Binding(ctx, order.Payee.Alias)
	switch {
	case errors.Is(err, ErrPayeeUnknown) || err == nil && bound.Account != order.Payee.Account:
		// The number is another's now: the transfer names number and account, and the ledger refuses it.
		return FirstAnswered{order}, nil
	case err != nil:
		return nil, err
	case bound.Attested:
		order.Kind = KindDelay
		return FirstAnswered{order}, nil
	}
	var used amount.Amount
	err = s.store.View(ctx, func(r Reader) (err error) {
		used, err = inflow(r, s.inflowKey(bound.Provider, f.NowUnixMs))
		return err
	})
	total, fits := used.Add(order.Amount)
	if err == nil && fits && (bound.InflowDay == 0 || total <= bound.InflowDay) {
		order.Kind, order.VouchedBy = KindDelay, bound.Provider
	}
	return FirstAnswered{order}, err
}

// inflowKey counts what was sent on a day to numbers that a provider alone vouches for, by payments that the ledger does not count.
func (s *Service) inflowKey(provider tx.AccountID, nowUnixMs uint64) []byte {
	day := (int64(nowUnixMs)/60_000 + int64(s.machine.offsetMinutes)) / (24 * 60)
	return fmt.Appendf(nil, "inflow/%x/%d", provider, day)
}

func inflow(r Reader, key []byte) (amount.Amount, error) {
	raw, err := r.Get(key)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(raw) != 8 {
		return 0, errors.Join(err, fmt.Errorf("inflow of %d bytes", len(raw)))
	}
	return amount.Amount(binary.BigEndian.Uint64(raw)), nil
}

// countInflow counts a payment when it is shown: one that is then not made leaves less room for the day, which costs no money.
func (s *Service) countInflow(w Writer, p Payment, nowUnixMs uint64) error {
	if p.Order.VouchedBy == (tx.AccountID{}) {
		return nil
	}
	key := s.inflowKey(p.Order.VouchedBy, nowUnixMs)
	used, err := inflow(w, key)
	if err != nil {
		return err
	}
	total, ok := used.Add(p.Order.Amount)
	if !ok {
		total = amount.Max
	}
	if err := w.Set(key, binary.BigEndian.AppendUint64(nil, uint64(total))); err != nil {
		return err
	}
	return forgetAt(w, nowUnixMs+2*sessionKept, key)
}

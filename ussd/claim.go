package ussd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Claiming: what is kept for a number is taken for the user here to whom attestors bound that number. Nobody is asked, the money is the
// user's. A queue has the aliases to look at: one enters it when a hold for it is placed, when it is attested or moves, and when its user
// begins here. A look that finds money to take stores the transaction as submitted, and the Settler does the rest.
//
// A crash between the look and the store leaves the queue as it was; the look is made again. Two transactions for one hold cannot both be
// applied.

const (
	// claimEvery is how often the queue is looked at, claimBatch how many aliases in one pass, claimHolds how many holds of one alias.
	claimEvery = time.Second
	claimBatch = 64
	claimHolds = 16
	// claimRetry is after how long a look that went unanswered is made again, claimBlocked one that found no grant, claimAgain one that
	// found something: to see whether more is there, and what became of it.
	claimRetry   = uint64(10 * time.Second / time.Millisecond)
	claimBlocked = uint64(time.Hour / time.Millisecond)
	claimAgain   = uint64(11 * time.Minute / time.Millisecond)
)

var (
	claimablePrefix = []byte("claimable/")
	arrivedPrefix   = []byte("arrived/")
)

// claimSoon queues an alias.
func claimSoon(w Writer, alias key.Alias, dueUnixMs uint64) error {
	return w.Set(append(binary.BigEndian.AppendUint64([]byte("claimable/"), dueUnixMs), alias[:]...), nil)
}

// arrived queues a user who begins here: the alias is not known where users are stored.
func arrived(w Writer, phone Phone) error { return w.Set(append([]byte("arrived/"), phone...), nil) }

// claim is one pass over the queue.
func (s *Service) claim(ctx context.Context) error {
	if err := s.queueArrived(ctx); err != nil {
		return fmt.Errorf("queue claims: %w", err)
	}
	var keys [][]byte
	now := nowUnixMs()
	err := s.store.View(ctx, func(r Reader) error {
		return r.Scan(claimablePrefix, nil, claimBatch, func(key, _ []byte) error {
			if binary.BigEndian.Uint64(key[len(claimablePrefix):]) <= now {
				keys = append(keys, key)
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	for _, queued := range keys {
		if err := s.waitIfFull(s.claimFor(ctx, queued)); err != nil {
			return fmt.Errorf("claim: %w", err)
		}
	}
	return nil
}

// queueArrived queues the aliases of users who began here, when money waits for them.
func (s *Service) queueArrived(ctx context.Context) error {
	var phones []Phone
	err := s.store.View(ctx, func(r Reader) error {
		return r.Scan(arrivedPrefix, nil, claimBatch, func(key, _ []byte) error {
			phones = append(phones, Phone(key[len(arrivedPrefix):]))
			return nil
		})
	})
	if err != nil || len(phones) == 0 {
		return err
	}
	return s.store.Update(ctx, func(w Writer) error {
		for _, phone := range phones {
			queued := AliasAttested{s.ledger.AliasOf(phone)}
			waits, err := queued.found(w)
			if err == nil && waits {
				err = claimSoon(w, queued.Alias, 0)
			}
			if err := errors.Join(err, w.Delete(append([]byte("arrived/"), phone...))); err != nil {
				return err
			}
		}
		return nil
	})
}

// claimFor looks at one alias and queues it again as far as there is a reason.
func (s *Service) claimFor(ctx context.Context, queued []byte) error {
	alias := key.Alias(queued[len(claimablePrefix)+8:])
	again := uint64(0)
	held, err := s.waiting(ctx, alias)
	if err != nil {
		return err
	}
	var claims []Payment
	if len(held) > 0 {
		ctx, cancel := context.WithTimeout(ctx, settleWait)
		defer cancel()
		bound, err := s.ledger.Binding(ctx, alias)
		switch {
		case errors.Is(err, ErrPayeeUnknown):
			held = nil // Its binding will be a reason to look.
		case err != nil:
			again = claimRetry
		default:
			user, err := s.user(ctx, bound.Account)
			if err != nil {
				return err
			}
			if user != nil && user.Opening == nil && bound.Attested {
				claims, again = s.prepareClaims(ctx, *user, held)
			}
			if user != nil && user.Opening == nil && !bound.Attested {
				return s.announce(ctx, queued, *user, held)
			}
		}
	}
	return s.store.Update(ctx, func(w Writer) error {
		for _, p := range claims {
			if err := newClaim(w, p); err != nil {
				return err
			}
		}
		if again != 0 {
			if err := claimSoon(w, alias, nowUnixMs()+again); err != nil {
				return err
			}
		}
		return w.Delete(queued)
	})
}

// waiting reads what waits for an alias and is not being claimed.
func (s *Service) waiting(ctx context.Context, alias key.Alias) (held []Held, err error) {
	err = s.store.View(ctx, func(r Reader) error {
		var holds []tx.HoldID
		prefix := waitingPrefix(alias)
		err := r.Scan(prefix, nil, claimHolds, func(key, _ []byte) error {
			holds = append(holds, tx.HoldID(key[len(prefix):]))
			return nil
		})
		if err != nil {
			return err
		}
		for _, id := range holds {
			h, err := getHeld(r, id)
			if err != nil {
				return err
			}
			if h == nil || nowUnixMs() >= h.UntilUnixMs {
				continue
			}
			claim, err := getPayment(r, h.Claim)
			if err != nil {
				return err
			}
			if claim == nil || claim.Stage == StageSettled && claim.Outcome.Code != OutcomeOK {
				held = append(held, *h)
			}
		}
		return nil
	})
	return held, err
}

func (s *Service) user(ctx context.Context, account tx.AccountID) (user *User, err error) {
	err = s.store.View(ctx, func(r Reader) (err error) {
		user, err = userOf(r, account)
		return err
	})
	return user, err
}

// prepareClaims makes the transactions, and tells when to look again.
func (s *Service) prepareClaims(ctx context.Context, user User, held []Held) (claims []Payment, again uint64) {
	for _, h := range held {
		now := nowUnixMs()
		number, err := s.ledger.NumberOf(ctx, h.Payer)
		if err != nil {
			return claims, claimRetry
		}
		from := Payee{Account: h.Payer, Number: number}
		payer, err := s.user(ctx, h.Payer)
		if err == nil && payer != nil {
			from.Name = payer.Name
		}
		order := Order{Kind: KindClaim, Payer: user.Account, Payee: from, Amount: h.Left, Hold: h.Hold, ExpiresAtUnixMs: now + uint64(PaymentLife.Milliseconds())}
		offer, err := s.ledger.Prepare(ctx, order)
		switch {
		case errors.Is(err, ErrNotGranted):
			s.log.Warn("money that waits for a user cannot be taken: the grant does not allow it", "phone", user.Phone)
			return claims, claimBlocked
		case err != nil:
			return claims, claimRetry
		}
		// The Settler takes it at once: no turn is under way for it.
		claims = append(claims, Payment{Prepared: offer.Prepared, Payer: user.Phone, Order: order, Stage: StageSubmitted, ShownAtUnixMs: now,
			SubmittedAtUnixMs: now - uint64(s.deadline.Milliseconds())})
	}
	return claims, claimAgain
}

// newClaim stores the transaction, unless the hold has ended meanwhile.
func newClaim(w Writer, p Payment) error {
	held, err := getHeld(w, p.Order.Hold)
	if err != nil || held == nil {
		return err
	}
	held.Claim = p.Prepared.ID
	if err := put(w, heldKey(held.Hold), held); err != nil {
		return err
	}
	if err := newPayment(w, p); err != nil {
		return err
	}
	_, err = changePayment(w, p.Prepared.ID, func(*Payment) {})
	return err
}

// announce tells a user whose number only this provider vouches for that money waits, once for each amount.
func (s *Service) announce(ctx context.Context, queued []byte, user User, held []Held) error {
	return s.store.Update(ctx, func(w Writer) error {
		for _, h := range held {
			now, err := getHeld(w, h.Hold)
			if err != nil {
				return err
			}
			if now == nil || now.Announced {
				continue
			}
			now.Announced = true
			payer, err := userOf(w, h.Payer)
			if err != nil {
				return err
			}
			if payer == nil {
				payer = &User{}
			}
			key := menu.SMSWaits
			if s.machine.attests {
				key = menu.SMSWaitsConfirm
			}
			err = errors.Join(put(w, heldKey(h.Hold), now), s.tell(w, "held/"+h.Hold.String()+"/waits", user, key,
				Payee{Name: payer.Name, Number: payer.Number}, menu.Args{Amount: s.machine.money(h.Left), Date: s.machine.day(h.UntilUnixMs)}))
			if err != nil {
				return err
			}
		}
		return w.Delete(queued)
	})
}

package ledger

import (
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What ledger time does by itself is found in one queue: an entry says that at a time, something of a kind happens to a subject.
// At the head of a batch, what was due before the batch's time is done in order of (time, kind, subject), at most MaxDue a
// batch, and each is a leaf. A rule that meets something overdue whose leaf is still to come treats it as done; balances change by
// its leaf only.

// MaxDue bounds how much of what is due one batch does.
const MaxDue = 256

// The kinds of what can be due. The order matters: a hold of vouchers ends before the vouchers do.
const (
	dueHold     = 1 // hold(16)
	dueRequest  = 2 // request(16)
	dueMove     = 3 // alias(32)
	dueRecovery = 4 // account(16)
	dueVoucher  = 5 // asset(4) account(16)
	dueBallot   = 6 // ballot(16)
	dueGrant    = 7 // account(16) grantee(32)
)

func keyDue(due uint64, kind byte, subject []byte) []byte {
	return append(append(put64([]byte{kindDue}, due), kind), subject...)
}

// schedule makes something due when ledger time has passed due.
func (b *batch) schedule(due uint64, kind byte, subject []byte) {
	b.put(keyDue(due, kind, subject), present)
}

func (b *batch) unschedule(due uint64, kind byte, subject []byte) {
	b.put(keyDue(due, kind, subject), nil)
}

// NextDue is the ledger time at which the next batch has something to do by itself; false when nothing is waiting.
func NextDue(view View) (timeUnixMs uint64, ok bool, err error) {
	entries, err := view.Scan([]byte{kindDue}, nil, 1)
	if err != nil || len(entries) == 0 {
		return 0, false, err
	}
	r := reader{rest: entries[0].Key[1:]}
	return r.u64() + 1, true, nil
}

// dueStep is how many things passTime reads at a time.
const dueStep = 16

// passTime does what was due before the batch's time.
func (b *batch) passTime(view View) error {
	err := queued(view, kindDue, dueStep, MaxDue, func(e Entry) (bool, error) {
		r := reader{rest: e.Key[1:]}
		due, kind := r.u64(), r.u8()
		if due >= b.timeUnixMs {
			return false, nil
		}
		// What an earlier effect took away is not done.
		if raw, err := b.overlay.get(e.Key); err != nil || raw == nil {
			return true, err
		}
		b.passed++
		b.put(e.Key, nil)
		if err := b.happen(due, kind, r.all()); err != nil {
			return false, fmt.Errorf("due %d kind %d: %w", due, kind, err)
		}
		b.keep()
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("do what is due: %w", err)
	}
	return nil
}

// queued gives f the first entries of a kind in the view, in order, at most so many, until it says false. It reads step of them at a
// time, since mostly few are wanted.
func queued(view View, kind byte, step, most int, f func(Entry) (more bool, err error)) error {
	var from []byte
	for given := 0; given < most; given += step {
		entries, err := view.Scan([]byte{kind}, from, min(step, most-given))
		if err != nil {
			return fmt.Errorf("scan entries of kind %q: %w", kind, err)
		}
		for _, e := range entries {
			if more, err := f(e); err != nil || !more {
				return err
			}
			from = append(e.Key[:len(e.Key):len(e.Key)], 0)
		}
		if len(entries) < step {
			return nil
		}
	}
	return nil
}

// happen does one thing that is due and appends its leaf.
func (b *batch) happen(due uint64, kind byte, subject []byte) error {
	a := &act{batch: b, leaf: uint64(b.size)}
	var effect *tx.Effect
	var err error
	switch kind {
	case dueHold:
		effect, err = a.expireHold(tx.HoldID(subject))
	case dueRequest:
		effect, err = a.expireRequest(tx.RequestID(subject))
	case dueMove:
		effect, err = a.endMove(subject)
	case dueRecovery:
		effect, err = a.endRecovery(tx.AccountID(subject))
	case dueVoucher:
		effect, err = a.returnVouchers(subject)
	case dueBallot:
		effect, err = a.endBallot(tx.BallotID(subject))
	case dueGrant:
		effect, err = a.expireGrant(subject)
	default:
		err = fmt.Errorf("no such kind: %w", ErrCorrupt)
	}
	if err != nil || effect == nil {
		return err
	}
	effect.DueUnixMs, effect.Subject, effect.PostStates = due, subject, a.postStates()
	effect.Accounts = ascending(effect.Accounts)
	return b.leaf(Leaf{Index: a.leaf, Raw: effect.Encode(), Accounts: effectAccounts(effect)})
}

// effectAccounts are the accounts whose history shows an effect, ascending.
func effectAccounts(e *tx.Effect) []tx.AccountID {
	all := slices.Clone(e.Accounts)
	for _, id := range []*tx.AccountID{e.Debit, e.Credit} {
		if id != nil {
			all = append(all, *id)
		}
	}
	return withChanged(ascending(all), e.PostStates)
}

// corrupt is the storage's error, or says what the state lacks.
func corrupt(err error, what string) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", what, ErrCorrupt)
}

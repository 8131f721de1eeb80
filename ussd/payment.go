package ussd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Stage says how far a payment has come.
type Stage string

// The stages. A payment moves down this list and never up.
const (
	// StageShown: the confirm screen was stored with it; it is not signed.
	StageShown Stage = "shown"
	// StageAbandoned: it was cancelled or replaced before it was signed, and never will be.
	StageAbandoned Stage = "abandoned"
	// StageSubmitted: the right PIN was given; it may have reached the ledger.
	StageSubmitted Stage = "submitted"
	// StageSettled: its outcome is known and cannot change.
	StageSettled Stage = "settled"
)

const (
	// PaymentLife is how long after the confirm screen a payment can be applied.
	PaymentLife = 10 * time.Minute
	// leastLife is what a stored payment must have left to be offered again: time to read and type a PIN.
	leastLife = time.Minute
	// recentPayments is how many of the newest payments a first screen looks at.
	recentPayments = 32
	// maxOpen bounds the payments of one phone that are neither settled nor gone.
	maxOpen = recentPayments
)

// Payment is one transaction of a user of this gateway, from its confirm screen on. Most of them pay somebody.
type Payment struct {
	Prepared Prepared `json:"prepared"`
	Payer    Phone    `json:"payer"`
	// Order is what it does.
	Order Order         `json:"order"`
	Fee   amount.Amount `json:"fee"`
	Stage Stage         `json:"stage"`
	// ShownAtUnixMs and SubmittedAtUnixMs are by the gateway's clock.
	ShownAtUnixMs     uint64 `json:"shown_at_unix_ms"`
	SubmittedAtUnixMs uint64 `json:"submitted_at_unix_ms,omitempty"`
	// Vouching is set for a transaction that attestors sign.
	Vouching *Vouching `json:"vouching,omitempty"`
	// Outcome is set when settled.
	Outcome Outcome `json:"outcome"`
	// Language is the payer's, for who is no user any more when the outcome comes.
	Language menu.Language `json:"language,omitempty"`
	// Promised means that a screen promised the outcome by SMS.
	Promised bool `json:"promised,omitempty"`
	// Told means that a screen showed the outcome.
	Told bool `json:"told,omitempty"`
	// Ended means that what the payment kept was paid or given back.
	Ended bool `json:"ended,omitempty"`
	// Opens is the account that it opens; zero when none.
	Opens tx.AccountID `json:"opens,omitzero"`
}

// open tells whether the payment may still be applied or has an outcome to come.
func (p Payment) open(nowUnixMs uint64) bool {
	return p.Stage == StageSubmitted || p.Stage == StageShown && nowUnixMs < p.Prepared.ExpiresAtUnixMs
}

// Keys: the record under its id; the phone's payments, newest first; those of a phone that have not expired or ended;
// those submitted, for the Settler.
func paymentKey(id tx.ID) []byte { return append([]byte("payment/"), id[:]...) }

func phonePrefix(list string, phone Phone) []byte { return []byte(list + "/" + string(phone) + "/") }

func recentKey(p Payment) []byte {
	return append(binary.BigEndian.AppendUint64(phonePrefix("recent", p.Payer), ^p.ShownAtUnixMs), p.Prepared.ID[:]...)
}

// openKey has the expiry before the id, so that a scan begins at the first that has not expired.
func openKey(p Payment) []byte {
	return append(binary.BigEndian.AppendUint64(phonePrefix("open", p.Payer), p.Prepared.ExpiresAtUnixMs), p.Prepared.ID[:]...)
}

var (
	submittedPrefix = []byte("submitted/")
	openingPrefix   = []byte("opening/")
)

func submittedKey(id tx.ID) []byte  { return append(bytes.Clone(submittedPrefix), id[:]...) }
func openingKey(phone Phone) []byte { return append(bytes.Clone(openingPrefix), phone...) }

func getPayment(r Reader, id tx.ID) (*Payment, error) { return get[Payment](r, paymentKey(id)) }

// newPayment stores a payment that is about to be shown.
func newPayment(w Writer, p Payment) error {
	if err := put(w, paymentKey(p.Prepared.ID), p); err != nil {
		return err
	}
	for _, key := range [][]byte{recentKey(p), openKey(p)} {
		if err := w.Set(key, p.Prepared.ID[:]); err != nil {
			return fmt.Errorf("list payment: %w", err)
		}
	}
	if err := forgetAt(w, p.Prepared.ExpiresAtUnixMs, openKey(p)); err != nil {
		return err
	}
	return forgetAt(w, p.ShownAtUnixMs+paymentKept, paymentKey(p.Prepared.ID), recentKey(p))
}

// changePayment changes the stored payment, as it is at this moment: the Settler, the feed and a turn may each have
// something to say about one payment.
func changePayment(w Writer, id tx.ID, change func(p *Payment)) (Payment, error) {
	p, err := getPayment(w, id)
	if err != nil {
		return Payment{}, err
	}
	if p == nil {
		return Payment{}, fmt.Errorf("payment %s: %w", id, ErrNotFound)
	}
	change(p)
	if err := put(w, paymentKey(id), p); err != nil {
		return Payment{}, err
	}
	switch p.Stage {
	case StageSubmitted:
		err = w.Set(submittedKey(id), nil)
	case StageSettled, StageAbandoned:
		err = errors.Join(w.Delete(submittedKey(id)), w.Delete(openKey(*p)))
	}
	if err != nil {
		return Payment{}, fmt.Errorf("list payment: %w", err)
	}
	return *p, nil
}

// settle records an outcome; a payment that has one keeps it.
func (p *Payment) settle(outcome Outcome) {
	if p.Stage == StageSettled {
		return
	}
	p.Stage, p.Outcome = StageSettled, outcome
}

// paymentsOf reads a phone's newest payments and those that have not expired, each once.
func paymentsOf(r Reader, phone Phone, nowUnixMs uint64) ([]Payment, error) {
	var ids []tx.ID
	seen := make(map[tx.ID]bool)
	collect := func(_, value []byte) error {
		if len(value) != len(tx.ID{}) {
			return fmt.Errorf("list of payments: %w", ErrNotFound)
		}
		if id := tx.ID(value); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
		return nil
	}
	if err := r.Scan(phonePrefix("recent", phone), nil, recentPayments, collect); err != nil {
		return nil, fmt.Errorf("list recent payments: %w", err)
	}
	open := phonePrefix("open", phone)
	if err := r.Scan(open, binary.BigEndian.AppendUint64(bytes.Clone(open), nowUnixMs), 2*maxOpen, collect); err != nil {
		return nil, fmt.Errorf("list open payments: %w", err)
	}
	payments := make([]Payment, 0, len(ids))
	for _, id := range ids {
		p, err := getPayment(r, id)
		if err != nil {
			return nil, err
		}
		if p != nil {
			payments = append(payments, *p)
		}
	}
	return payments, nil
}

package ussd

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Money that waits: for the owner of a number that is not registered, or for ten minutes in which the payer may cancel. It is a hold on the
// ledger. A hold goes placed -> taken, given up by the payer, or ended by its time; the feed sees each of them and tells both sides.

const (
	// KindKeep keeps an amount for whoever registers a phone number, for a week; then it is the payer's again.
	KindKeep Kind = "keep"
	// KindDelay pays an account after ten minutes, unless the payer cancels.
	KindDelay Kind = "delay"
	// KindRelease gives up what is kept: the payer has it again.
	KindRelease Kind = "release"
	// KindClaim takes what is kept for a user's number. The gateway does it by itself: the money is the user's.
	KindClaim Kind = "claim"
)

const (
	// keptFor is how long an amount waits for the owner of a number to register.
	keptFor  = uint64(7 * 24 * time.Hour / time.Millisecond)
	keptDays = 7
	// delayedFor is how long a payer may cancel, counted from the latest moment at which the PIN is taken.
	delayedFor = uint64(10 * time.Minute / time.Millisecond)
	// delayLife is how long the confirm screen of a delayed payment stands. It is short, so that the ten minutes are little more than that.
	delayLife = uint64(3 * time.Minute / time.Millisecond)
	// heldKept is how long the record of a hold outlives it, for what the feed tells late.
	heldKept = paymentKept
)

var keepKind = kind{
	confirm: menu.KeepConfirm, done: menu.KeepDone, processing: menu.Processing, busy: menu.ProcessingBusy, lineDone: menu.LineKept,
	lineProcessing: menu.LineProcessing, lineNotMade: menu.LineNotMade, notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true,
	waits: keptFor,
}

var delayKind = kind{
	confirm: menu.DelayConfirm, done: menu.DelayDone, processing: menu.Processing, busy: menu.ProcessingBusy, lineDone: menu.LineDelayed,
	lineProcessing: menu.LineProcessing, lineNotMade: menu.LineNotMade, notMade: menu.NotMade, smsNotMade: menu.SMSNotMade, spends: true,
	waits: delayedFor, life: delayLife,
}

var releaseKind = kind{
	confirm: menu.CancelAsk, done: menu.CancelDone, processing: menu.CancelProcessing, busy: menu.CancelProcessing,
	lineDone: menu.LineCancelDone, lineProcessing: menu.LineCancelProcessing, lineNotMade: menu.LineCancelNotMade,
	notMade: menu.CancelNotMade, smsNotMade: menu.SMSCancelNotMade, plain: true, expired: menu.CancelNotMade,
	refused: map[OutcomeCode]menu.Key{OutcomeHoldOver: menu.CancelTooLate},
}

// claimKind is told of when it is made, and not otherwise: nobody asked for it.
var claimKind = kind{
	done: menu.LineClaimed, processing: menu.LineClaiming, busy: menu.LineClaiming, lineDone: menu.LineClaimed, lineProcessing: menu.LineClaiming,
}

// Held is what the gateway knows of a hold that concerns a user here, or that waits for whoever registers a number.
type Held struct {
	Hold tx.HoldID `json:"hold"`
	// Payment is the transaction that placed it.
	Payment tx.ID        `json:"payment"`
	Payer   tx.AccountID `json:"payer"`
	// Payee is zero when Alias alone says for whom it is.
	Payee tx.AccountID `json:"payee,omitzero"`
	Alias key.Alias    `json:"alias,omitzero"`
	// Phone is the payee's number, when the payment was made here.
	Phone Phone `json:"phone,omitempty"`
	// Name is the payee's, as the payer saw it or as this gateway knows it; Number the account's.
	Name   string           `json:"name,omitempty"`
	Number tx.AccountNumber `json:"number,omitempty"`
	// Left is not taken yet.
	Left        amount.Amount `json:"left"`
	UntilUnixMs uint64        `json:"until_unix_ms"`
	// Completes means that it is paid when its time is over.
	Completes bool `json:"completes,omitempty"`
	// Secret means that whoever takes it has to know a secret: this gateway does not.
	Secret bool `json:"secret,omitempty"`
	// Invited means that Phone, which nobody had registered, was told.
	Invited bool `json:"invited,omitempty"`
	// Claim is the transaction by which a user here takes it; zero before there is one.
	Claim tx.ID `json:"claim,omitzero"`
	// Announced means that a user whose number is not attested yet was told that it waits.
	Announced bool `json:"announced,omitempty"`
}

// Keys: the record by hold; those that wait for an alias.
func heldKey(hold tx.HoldID) []byte { return append([]byte("held/"), hold[:]...) }

func waitingPrefix(alias key.Alias) []byte {
	return []byte("waiting/" + hex.EncodeToString(alias[:]) + "/")
}

func waitingKey(h Held) []byte { return append(waitingPrefix(h.Alias), h.Hold[:]...) }

func getHeld(r Reader, hold tx.HoldID) (*Held, error) { return get[Held](r, heldKey(hold)) }

// newHeld stores a hold until it has ended.
func newHeld(w Writer, h Held) error {
	if err := put(w, heldKey(h.Hold), h); err != nil {
		return err
	}
	due := [][]byte{heldKey(h.Hold)}
	if h.Payee == (tx.AccountID{}) && !h.Secret {
		if err := w.Set(waitingKey(h), nil); err != nil {
			return err
		}
		due = append(due, waitingKey(h))
	}
	return forgetAt(w, h.UntilUnixMs+heldKept, due...)
}

// endHeld forgets a hold that has ended, and marks the payment that placed it.
func endHeld(w Writer, h Held) error {
	if err := w.Delete(heldKey(h.Hold)); err != nil {
		return err
	}
	if h.Payee == (tx.AccountID{}) {
		if err := w.Delete(waitingKey(h)); err != nil {
			return err
		}
	}
	return endPayment(w, h.Payment)
}

// endPayment marks a payment whose amount waits no longer; others are left alone.
func endPayment(w Writer, id tx.ID) error {
	p, err := getPayment(w, id)
	if err != nil || p == nil {
		return err
	}
	_, err = changePayment(w, id, func(p *Payment) { p.Ended = true })
	return err
}

// waiting tells whether the amount of a payment is kept and can be had back.
func (p Payment) waiting(nowUnixMs uint64) bool {
	return kindOf(p.Order.Kind).waits != 0 && p.Stage == StageSettled && p.Outcome.Code == OutcomeOK && !p.Ended && nowUnixMs < p.Order.EndsAtUnixMs
}

// day writes a date as people at the network's offset see it.
func (m *Machine) day(atUnixMs uint64) string {
	return time.UnixMilli(int64(atUnixMs) + int64(m.offsetMinutes)*60_000).UTC().Format("02/01")
}

// days writes a small number.
func days(n int) string { return strconv.Itoa(n) }

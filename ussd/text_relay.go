package ussd

import (
	"context"
	"errors"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Payments of other wallets. A wallet without data signs a payment itself and sends it as one SMS, by whatever phone; the gateway rebuilds
// it, hands it over and answers. Nothing of the message is trusted but the signature, and it may come any number of times.

// Relayed is a payment that its payer signed.
type Relayed struct {
	ID       tx.ID
	Envelope []byte
	Amount   amount.Amount
	Asset    Asset
}

// Errors of a message that shall be a signed payment.
var (
	// ErrLetters means that a letter is wrong, missing or too many.
	ErrLetters = errors.New("ussd: a letter of the signed payment is wrong")
	// ErrUnsigned means that payer, payee and signature do not belong together.
	ErrUnsigned = errors.New("ussd: payment is not signed by its payer")
	// ErrNotTaken means that validators would not take a signed payment.
	ErrNotTaken = errors.New("ussd: network does not take the payment")
)

// leastSigned is from how many letters on a message is read as a signed payment, which has 159. No command is as long.
const leastSigned = 120

// looksSigned tells whether a message is a signed payment, perhaps with letters wrong or missing.
func looksSigned(text string) bool { return len(strings.Join(strings.Fields(text), "")) >= leastSigned }

// relay rebuilds and submits. Without an outcome the message stays, to be taken again; the sender is told once that it takes long.
func (t *inText) relay(ctx context.Context) error {
	s := t.service
	allowed, err := t.allowed(relaysAnswered)
	if err != nil || !allowed {
		return err
	}
	counted := count{t.text.From, relaysAnswered}
	t.release() // The payment may be anybody's.
	payment, err := s.ledger.Rebuild(ctx, t.text.Text)
	switch {
	case errors.Is(err, ErrLetters):
		return t.finish(menu.RelayLetters, menu.Args{}, counted)
	case errors.Is(err, ErrUnsigned):
		return t.finish(menu.RelayUnsigned, menu.Args{}, counted)
	case err != nil:
		return err
	}
	args := menu.Args{Amount: payment.Amount.Grouped(payment.Asset.Scale) + " " + payment.Asset.Code}
	outcome, err := s.ledger.Relay(ctx, payment)
	switch {
	case errors.Is(err, ErrNotTaken):
		return t.finish(menu.RelayNotTaken, args, counted)
	case err != nil || outcome.Code == OutcomeUnknown:
		text := s.machine.text(&t.session, menu.RelayWaits, args)
		late := s.store.Update(context.Background(), func(w Writer) error {
			return s.outbox.Enqueue(w, Message{Reference: t.reference("processing"), To: t.text.From, Text: text}, nowUnixMs())
		})
		return errors.Join(errNoOutcome, err, late)
	}
	args.Code = outcome.ReceiptCode
	key := menu.RelayNotMade
	switch outcome.Code {
	case OutcomeOK:
		key = menu.RelayPaid
	case OutcomeExpired:
		key = menu.RelayExpired
	case OutcomeInsufficientBalance:
		key = menu.RelayBalance
	}
	return t.finish(key, args, counted)
}

// errNoOutcome means that a payment of another wallet has no outcome yet.
var errNoOutcome = errors.New("no outcome yet")

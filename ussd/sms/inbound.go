package sms

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// Inbound is a message that a person sent.
type Inbound struct {
	// Route is the name of the way it came, and ID the carrier's id on that way; an empty ID means that there is none.
	Route string
	ID    string
	From  ussd.Phone
	// To is the number or short code that the person wrote to, as the carrier tells it.
	To   string
	Text string
	// At is when the carrier took it, and zero when it does not say.
	At time.Time
}

// Receiver takes inbound messages. A carrier is answered only after Receive returned nil: the message is durable then, and
// the same one again is not taken twice.
type Receiver interface {
	Receive(ctx context.Context, message Inbound) error
}

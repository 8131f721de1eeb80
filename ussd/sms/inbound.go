package sms

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd"
)

// ErrInbound means that an inbound message breaks a rule; the message names the field.
var ErrInbound = errors.New("sms: bad inbound message")

const (
	// maxInboundText bounds a text, in bytes; a message of ten parts is shorter.
	maxInboundText = 4096
	// maxTo bounds the number or short code that a person wrote to.
	maxTo = 32
)

// Inbound is a message that a person sent. Printed and logged it shows neither text nor number.
type Inbound struct {
	// Route is the name of the way it came, and ID the carrier's id on that way; an empty ID means that there is none.
	Route string `json:"route"`
	ID    string `json:"id,omitempty"`
	// Number is the inbox's own, given to one message only and the same whenever that is handed to the handler: what the handler does
	// can be kept under it. The carrier's adapter leaves it zero.
	Number uint64     `json:"number"`
	From   ussd.Phone `json:"from"`
	// To is the number or short code that the person wrote to, as the carrier tells it.
	To   string `json:"to"`
	Text string `json:"text"`
	// At is when the carrier took it, and zero when it does not say.
	At time.Time `json:"at,omitzero"`
}

// Receiver takes inbound messages. A carrier is answered only after Receive returned nil: the message is durable then, and
// the same one again is not taken twice.
type Receiver interface {
	Receive(ctx context.Context, message Inbound) error
}

// String tells which message it is and not what is in it.
func (m Inbound) String() string {
	return fmt.Sprintf("message %d of %s from %s", m.Number, m.Route, m.From.Short())
}

// GoString hides from %#v what String hides.
func (m Inbound) GoString() string { return m.String() }

// LogValue hides from slog what String hides.
func (m Inbound) LogValue() slog.Value { return slog.StringValue(m.String()) }

// check refuses what no carrier sends.
func (m Inbound) check() error {
	if err := CheckRouteName(m.Route); err != nil {
		return fmt.Errorf("%w: %w", ErrInbound, err)
	}
	_, err := ussd.ParsePhone(string(m.From))
	switch {
	case err != nil:
		return fmt.Errorf("%w: from is not a number in E.164 form", ErrInbound)
	case len(m.ID) > maxCarrierID:
		return fmt.Errorf("%w: id has more than %d bytes", ErrInbound, maxCarrierID)
	case len(m.To) > maxTo || !utf8.ValidString(m.To) || !utf8.ValidString(m.ID):
		return fmt.Errorf("%w: to has more than %d bytes, or to or id is not UTF-8", ErrInbound, maxTo)
	case len(m.Text) > maxInboundText:
		return fmt.Errorf("%w: text has more than %d bytes", ErrInbound, maxInboundText)
	case !utf8.ValidString(m.Text):
		return fmt.Errorf("%w: text is not UTF-8", ErrInbound)
	}
	return nil
}

// mark tells messages from each other: by the carrier's id or, without one, by who wrote what to whom.
func (m Inbound) mark() []byte {
	h := sha256.New()
	fields := []string{m.Route, m.ID}
	if m.ID == "" {
		fields = []string{m.Route, "", string(m.From), m.To, m.Text}
	}
	for _, field := range fields {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(field)))
		h.Write(length[:])
		h.Write([]byte(field))
	}
	return h.Sum(nil)
}

// knownFor is how long the same message is known again.
func (m Inbound) knownFor() time.Duration {
	if m.ID == "" {
		return 4 * time.Second
	}
	return 48 * time.Hour
}

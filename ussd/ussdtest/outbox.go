package ussdtest

import (
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

// Outbox is a ussd.Outbox that writes messages into the store and leaves them there, in order.
type Outbox struct{}

var errReference = errors.New("ussdtest: message without a reference, or one longer than a message may be")

// maxUCS2 is what a message outside GSM-7 may have: three parts.
const maxUCS2 = 3 * gsm7.ConcatenatedPartUCS2

// Enqueue implements ussd.Outbox.
func (Outbox) Enqueue(w ussd.Writer, m ussd.Message, _ uint64) error {
	if m.Reference == "" || !gsm7.FitsScreen(m.Text, gsm7.SinglePart, maxUCS2) {
		return fmt.Errorf("%w: %q", errReference, m.Text)
	}
	switch _, err := w.Get([]byte("seen/" + m.Reference)); {
	case err == nil:
		return nil
	case !errors.Is(err, ussd.ErrNotFound):
		return err
	}
	count := 0
	prefix := []byte("inbox/" + string(m.To) + "/")
	if err := w.Scan(prefix, nil, 10_000, func(_, _ []byte) error { count++; return nil }); err != nil {
		return err
	}
	return errors.Join(w.Set([]byte("seen/"+m.Reference), nil), w.Set(fmt.Appendf(prefix, "%06d", count), []byte(m.Text)))
}

// Inbox lists what a phone was sent, oldest first.
func Inbox(r ussd.Reader, phone ussd.Phone) (texts []string, err error) {
	err = r.Scan([]byte("inbox/"+string(phone)+"/"), nil, 10_000, func(_, value []byte) error {
		texts = append(texts, string(value))
		return nil
	})
	return texts, err
}

package attestor

import (
	"context"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// Codes puts codes into texts on their way to a carrier: the outbox never holds one. What can no longer be confirmed is not sent.
func (s *Service) Codes(route sms.Sender) sms.Sender { return codes{s, route} }

type codes struct {
	service *Service
	route   sms.Sender
}

// Send implements sms.Sender.
func (c codes) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	key, isCode := parseReference(m.Reference)
	if !isCode {
		return c.route.Send(ctx, m)
	}
	var a *ask
	err := c.service.store.View(ctx, func(r ussd.Reader) (err error) {
		a, err = getAsk(r, key)
		return err
	})
	switch {
	case err != nil:
		return sms.Taken{}, fmt.Errorf("%w: %w", sms.ErrNotTaken, err)
	case a == nil || a.State != stateAsked || a.EndsAtUnixMs < c.service.now():
		return sms.Taken{}, fmt.Errorf("%w: the code is over", sms.ErrRefused)
	}
	m.Text = strings.ReplaceAll(m.Text, "{code}", hidden(c.service.code(*a)))
	return c.route.Send(ctx, m)
}

// hidden is a code on its way into its text; here it leaves the attestor.
func hidden(code pin.Secret) string { return code.Reveal() }

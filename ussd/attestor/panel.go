package attestor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// ErrTooFew means that fewer attestors than needed took an ask; those that did have sent their codes, and the same ask again asks the others.
var ErrTooFew = errors.New("attestor: not enough attestors could be asked")

// Panel is the attestors that a provider asks.
type Panel struct{ clients []*Client }

// NewPanel makes a panel, in the order in which they are asked.
func NewPanel(clients ...*Client) *Panel { return &Panel{clients: clients} }

// Size is how many there are.
func (p *Panel) Size() int { return len(p.clients) }

// By finds an attestor by its key; nil when it is not on the panel.
func (p *Panel) By(k key.Public) *Client {
	i := slices.IndexFunc(p.clients, func(c *Client) bool { return c.Key() == k })
	if i < 0 {
		return nil
	}
	return p.clients[i]
}

// Sent is an attestor that has sent its code.
type Sent struct {
	// Name is how its text begins, Key who it is.
	Name string
	Key  key.Public
	Asked
}

// Ask has as many attestors as needed send a code for one body: one after the other in the panel's order, so that the same ask again finds the
// same ones. Those that belong to one of the two providers, that are silent, or that have sent too much already are passed over. With
// ErrTooFew, which wraps why the last one was, comes who did send.
func (p *Panel) Ask(ctx context.Context, r CodeRequest, need int) ([]Sent, error) {
	var sent []Sent
	var last error
	for _, c := range p.clients {
		if len(sent) == need || ctx.Err() != nil {
			break
		}
		asked, err := c.Ask(ctx, r)
		if err != nil {
			// A body that one attestor does not take, none does; and nobody is bothered with it again.
			if refusal := RefusalOf(err); refusal != nil && (refusal.Code == CodeBody || refusal.Code == CodeLedger) {
				return sent, err
			}
			last = err
			continue
		}
		sent = append(sent, Sent{Name: c.Name(), Key: c.Key(), Asked: asked})
	}
	if len(sent) < need {
		return sent, fmt.Errorf("%w: %d of %d: %w", ErrTooFew, len(sent), need, errors.Join(last, ctx.Err()))
	}
	return sent, nil
}

// Close lets go of idle connections.
func (p *Panel) Close() {
	for _, c := range p.clients {
		c.Close()
	}
}

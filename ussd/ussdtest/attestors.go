package ussdtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Attestors are two ussd.Attestors in memory. Their codes count up: 100001 and 200001 are those of the first transaction.
type Attestors struct {
	mu   sync.Mutex
	asks map[tx.ID]*ask
	// sent are the messages by phone, as people see them.
	sent map[ussd.Phone][]string
	// silent are the attestors that do not answer, full says that no more codes are sent.
	silent [2]bool
	full   bool
}

type ask struct {
	number int
	vouch  [2]ussd.Vouch
	wrong  [2][]string
}

// What an attestor allows.
const (
	codeLife  = 10 * time.Minute
	codeRest  = time.Minute
	codeTries = 3
	codeSends = 3
)

var errSilent = errors.New("ussdtest: attestor is silent")

// NewAttestors makes two.
func NewAttestors() *Attestors {
	return &Attestors{asks: make(map[tx.ID]*ask), sent: make(map[ussd.Phone][]string)}
}

// Silence has an attestor, 1 or 2, answer nothing.
func (a *Attestors) Silence(attestor int, silent bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.silent[attestor-1] = silent
}

// Fill has both send no more codes.
func (a *Attestors) Fill(full bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full = full
}

// Messages are those that a phone was sent.
func (a *Attestors) Messages(phone ussd.Phone) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.sent[phone]...)
}

func (k *ask) code(attestor int) string { return fmt.Sprint((attestor+1)*100_000 + k.number) }

// Ask implements ussd.Attestors.
func (a *Attestors) Ask(_ context.Context, r ussd.CodeRequest, again bool) ([]ussd.Vouch, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.full {
		return nil, ussd.ErrTooManyCodes
	}
	known := a.asks[r.Prepared.ID]
	if known == nil {
		known = &ask{number: len(a.asks) + 1}
		for i := range known.vouch {
			known.vouch[i] = ussd.Vouch{Name: fmt.Sprint("Attestor ", i+1), Key: public(byte(10 + i))}
		}
		a.asks[r.Prepared.ID] = known
	}
	var all []ussd.Vouch
	for i := range known.vouch {
		v := &known.vouch[i]
		if a.silent[i] {
			return all, errSilent
		}
		now := uint64(time.Now().UnixMilli())
		if v.Sent == 0 || again && !v.Signed && v.Sent < codeSends && now >= v.ResendAtUnixMs {
			if v.Sent++; v.Sent == 1 {
				v.EndsAtUnixMs = now + uint64(codeLife.Milliseconds())
			}
			if v.ResendAtUnixMs = now + uint64(codeRest.Milliseconds()); v.Sent == codeSends {
				v.ResendAtUnixMs = 0
			}
			a.sent[r.Phone] = append(a.sent[r.Phone], fmt.Sprintf("%s (%s): code %s", v.Name, r.Language, known.code(i)))
		}
		all = append(all, *v)
	}
	return all, nil
}

// Confirm implements ussd.Attestors.
func (a *Attestors) Confirm(_ context.Context, k key.Public, id tx.ID, code pin.Secret) (tx.Signature, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, i := a.asks[id], 0
	if k == public(11) {
		i = 1
	}
	switch {
	case known == nil:
		return tx.Signature{}, ussd.ErrCodeOver
	case a.silent[i]:
		return tx.Signature{}, errSilent
	case len(known.wrong[i]) >= codeTries, !known.vouch[i].Signed && uint64(time.Now().UnixMilli()) >= known.vouch[i].EndsAtUnixMs:
		return tx.Signature{}, ussd.ErrCodeOver
	case code.Reveal() == known.code(i):
		known.vouch[i].Signed = true
		return tx.Signature{Signer: k}, nil
	}
	known.wrong[i] = append(known.wrong[i], code.Reveal())
	return tx.Signature{}, &ussd.WrongCodeError{TriesLeft: codeTries - len(known.wrong[i])}
}

// rivals are the other providers' gateways.
type rivals struct {
	mu sync.Mutex
	// gone says that they do not answer.
	gone    bool
	invited []ussd.Invitation
}

// Go has them gone, or back.
func (r *rivals) Go(gone bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = gone
}

// Invite implements ussd.Rivals.
func (r *rivals) Invite(_ context.Context, _ ussd.Provider, invitation ussd.Invitation) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return errSilent
	}
	r.invited = append(r.invited, invitation)
	return nil
}

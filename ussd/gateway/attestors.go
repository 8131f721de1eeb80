package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/peer"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// desk asks the panel of attestors for the session machine. It implements ussd.Attestors.
type desk struct{ panel *attestor.Panel }

var _ ussd.Attestors = desk{}

// Ask has codes sent. Whoever sent one for the transaction before is asked again only when that is wanted.
func (d desk) Ask(ctx context.Context, r ussd.CodeRequest, again bool) ([]ussd.Vouch, error) {
	request := attestor.CodeRequest{Phone: r.Phone, Body: r.Prepared.Body, Language: string(r.Language), Send: 1}
	if !again {
		sent, err := d.panel.Ask(ctx, request, r.Vouching.Need)
		var all []ussd.Vouch
		for _, s := range sent {
			all = append(all, vouchOf(s.Name, s.Key, s.Asked))
		}
		return all, attestorError(err)
	}
	all := slices.Clone(r.Vouching.Asked)
	var last error
	for i, v := range all {
		client := d.panel.By(v.Key)
		if v.Signed || client == nil {
			continue
		}
		request.Send = v.Sent + 1
		asked, err := client.Ask(ctx, request)
		if err != nil {
			last = err // The code that was sent is still good.
			continue
		}
		all[i] = vouchOf(v.Name, v.Key, asked)
	}
	return all, attestorError(last)
}

func vouchOf(name string, k key.Public, a attestor.Asked) ussd.Vouch {
	return ussd.Vouch{Name: name, Key: k, Sent: a.Send, EndsAtUnixMs: a.EndsAtUnixMs, ResendAtUnixMs: a.ResendAtUnixMs}
}

// Confirm brings a code.
func (d desk) Confirm(ctx context.Context, k key.Public, id tx.ID, code pin.Secret) (tx.Signature, error) {
	client := d.panel.By(k)
	if client == nil {
		return tx.Signature{}, fmt.Errorf("%w: the attestor is on the panel no longer", ussd.ErrCodeOver)
	}
	signature, err := client.Confirm(ctx, id, code)
	return signature, attestorError(err)
}

// attestorError is an attestor's refusal in the session machine's words.
func attestorError(err error) error {
	refusal := attestor.RefusalOf(err)
	if refusal == nil {
		return err
	}
	switch refusal.Code {
	case attestor.CodeWrong:
		return errors.Join(&ussd.WrongCodeError{TriesLeft: refusal.TriesLeft}, err)
	case attestor.CodeLocked, attestor.CodeEnded, attestor.CodeUnknown:
		return fmt.Errorf("%w: %w", ussd.ErrCodeOver, err)
	case attestor.CodeTooMany:
		return fmt.Errorf("%w: %w", ussd.ErrTooManyCodes, err)
	case peer.CodeUnavailable:
		return err
	}
	return fmt.Errorf("%w: %w", ussd.ErrNotAttested, err)
}

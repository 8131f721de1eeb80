package ussd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Some transactions are signed by attestors: that the number is the person's, that it moves to another provider. Each attestor sends a code by
// its own route and signs when the code comes back. The transaction and what is asked about it are stored before anybody is asked, and each
// signature with it, so that codes can be typed one by one, in another session, and after a crash.

// Attestors have people reached at their numbers, and sign. The same request again changes nothing.
type Attestors interface {
	// Ask has as many attestors as are needed send their codes for a transaction; those that sent one before, and have not signed, send it
	// again when again is set. With an error come those that did send.
	Ask(ctx context.Context, request CodeRequest, again bool) ([]Vouch, error)
	// Confirm brings a code to the attestor that sent it.
	Confirm(ctx context.Context, attestor key.Public, id tx.ID, code pin.Secret) (tx.Signature, error)
}

// CodeRequest asks for the codes of a transaction.
type CodeRequest struct {
	Phone    Phone
	Language menu.Language
	Prepared Prepared
	Vouching Vouching
}

// Vouching is how far the codes of a transaction have come.
type Vouching struct {
	// Need is how many attestors have to sign.
	Need int `json:"need"`
	// Asked are those that sent a code.
	Asked []Vouch `json:"asked,omitempty"`
}

// Vouch is one attestor that was asked.
type Vouch struct {
	// Name is how its SMS begins.
	Name string     `json:"name"`
	Key  key.Public `json:"key"`
	// Sent is how often it sent its code.
	Sent int `json:"sent"`
	// EndsAtUnixMs is when the code ends, ResendAtUnixMs when it may be sent again; 0 when it may not.
	EndsAtUnixMs   uint64 `json:"ends_at_unix_ms"`
	ResendAtUnixMs uint64 `json:"resend_at_unix_ms,omitempty"`
	Signed         bool   `json:"signed,omitempty"`
}

// Refusals of attestors.
var (
	// ErrCodeOver means that the code can confirm nothing any more: too late, too many wrong ones, or a later transaction took its place.
	ErrCodeOver = errors.New("ussd: code is over")
	// ErrTooManyCodes means that no more codes are sent to the number for a time.
	ErrTooManyCodes = errors.New("ussd: too many codes")
	// ErrNotAttested means that an attestor does not take the transaction: the ledger is not as it says.
	ErrNotAttested = errors.New("ussd: attestors do not take it")
)

// WrongCodeError means that the code is another one.
type WrongCodeError struct{ TriesLeft int }

// Error implements error.
func (e *WrongCodeError) Error() string {
	return fmt.Sprintf("ussd: wrong code, %d tries left", e.TriesLeft)
}

// signed counts the attestors that signed.
func (v Vouching) signed() (n int) {
	for _, a := range v.Asked {
		if a.Signed {
			n++
		}
	}
	return n
}

// open are the attestors whose codes are waited for.
func (v Vouching) open() (all []Vouch) {
	for _, a := range v.Asked {
		if !a.Signed {
			all = append(all, a)
		}
	}
	return all
}

// usable tells whether the codes that were sent can still make the transaction whole.
func (v Vouching) usable(nowUnixMs uint64) bool {
	good := v.signed()
	for _, a := range v.open() {
		if nowUnixMs < a.EndsAtUnixMs {
			good++
		}
	}
	return good >= v.Need
}

// awaitingCodes finds the phone's newest transaction whose codes are waited for.
func awaitingCodes(f Facts) *Payment {
	return newest(f.Payments, func(p Payment) bool {
		return p.Stage == StageShown && p.Vouching != nil && f.NowUnixMs < p.Prepared.ExpiresAtUnixMs && p.Vouching.usable(f.NowUnixMs)
	})
}

type (
	// AskCodes has the attestors asked about a transaction that is stored.
	AskCodes struct {
		ID    tx.ID
		Again bool
	}
	// CodesSent answers AskCodes.
	CodesSent struct{ Asked []Vouch }
	// CodesRefused answers AskCodes: TooMany says that the number had too many, else nothing more is known.
	CodesRefused struct{ TooMany bool }

	// AskVouch brings codes to the attestors of a transaction.
	AskVouch struct {
		ID    tx.ID
		Codes []pin.Secret
	}
	// Vouched answers AskVouch.
	Vouched struct {
		Signatures []tx.Signature
		// Wrong says that a code is nobody's, TriesLeft how many more are judged.
		Wrong     bool
		TriesLeft int
		// Over means that a code can confirm nothing any more. Silent means that an attestor could not be asked.
		Over, Silent bool
	}
)

func (CodesSent) event()    {}
func (CodesRefused) event() {}
func (Vouched) event()      {}

func (a AskCodes) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	p := find(f.Payments, &a.ID)
	if p == nil || p.Vouching == nil || s.attestors == nil {
		return CodesRefused{}, nil
	}
	language := menu.Language("")
	switch {
	case f.User != nil:
		language = f.User.Language
	case f.Arrival != nil:
		language = f.Arrival.Language
	}
	asked, err := s.attestors.Ask(ctx, CodeRequest{Phone: f.Phone, Language: language, Prepared: p.Prepared, Vouching: *p.Vouching}, a.Again)
	if err != nil {
		s.log.Warn("attestors were not asked", "id", a.ID, "sent", len(asked), "error", err)
		return CodesRefused{TooMany: errors.Is(err, ErrTooManyCodes)}, nil
	}
	return CodesSent{asked}, nil
}

// find tries each code with the attestors in the order in which screens name them. Whoever has signed is asked no more.
func (a AskVouch) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	p := find(f.Payments, &a.ID)
	if p == nil || p.Vouching == nil || s.attestors == nil {
		return Vouched{Over: true}, nil
	}
	var v Vouched
	waiting := p.Vouching.open()
	for _, code := range a.Codes {
		tried := Vouched{}
		for i, attestor := range waiting {
			signature, err := s.attestors.Confirm(ctx, attestor.Key, a.ID, code)
			var wrong *WrongCodeError
			switch {
			case err == nil:
				tried = Vouched{Signatures: []tx.Signature{signature}}
			case errors.As(err, &wrong):
				if !tried.Wrong || wrong.TriesLeft < tried.TriesLeft {
					tried.Wrong, tried.TriesLeft = true, wrong.TriesLeft
				}
				continue
			case errors.Is(err, ErrCodeOver):
				tried.Over = true
				continue
			default:
				s.log.Warn("attestor was not asked", "id", a.ID, "attestor", attestor.Name, "error", err)
				tried.Silent = true
				continue
			}
			waiting = slices.Delete(waiting, i, i+1)
			break
		}
		v.Signatures = append(v.Signatures, tried.Signatures...)
		if len(tried.Signatures) == 0 && !v.Wrong {
			v.Wrong, v.TriesLeft = tried.Wrong, tried.TriesLeft
			v.Over, v.Silent = v.Over || tried.Over, v.Silent || tried.Silent
		}
	}
	return v, nil
}

type (
	// SaveVouching records which attestors were asked about a transaction.
	SaveVouching struct {
		ID    tx.ID
		Asked []Vouch
	}
	// SaveSignatures keeps attestors' signatures with the transaction.
	SaveSignatures struct {
		ID         tx.ID
		Signatures []tx.Signature
	}
)

func (e SaveVouching) apply(_ *Service, w Writer, _ uint64) error {
	_, err := changePayment(w, e.ID, func(p *Payment) {
		if p.Vouching == nil || p.Stage != StageShown {
			return
		}
		for _, asked := range e.Asked {
			if i := slices.IndexFunc(p.Vouching.Asked, func(v Vouch) bool { return v.Key == asked.Key }); i < 0 {
				p.Vouching.Asked = append(p.Vouching.Asked, asked)
			} else if !p.Vouching.Asked[i].Signed {
				p.Vouching.Asked[i] = asked
			}
		}
	})
	return err
}

func (e SaveSignatures) apply(_ *Service, w Writer, _ uint64) error {
	p, err := changePayment(w, e.ID, func(p *Payment) { p.sign(e.Signatures) })
	if err != nil || p.Vouching == nil || p.Vouching.signed() < p.Vouching.Need {
		return err
	}
	// Whoever brought all codes holds the number: they may choose the PIN when the account is this provider's.
	arrival, err := get[Arrival](w, arrivalKey(p.Payer))
	if err != nil || arrival == nil || arrival.Account != p.Order.Payer {
		return err
	}
	arrival.Vouched = true
	return putArrival(w, *arrival)
}

// sign adds signatures to a transaction that is not submitted yet, each once.
func (p *Payment) sign(signatures []tx.Signature) {
	if p.Vouching == nil || p.Stage != StageShown {
		return
	}
	vouching := *p.Vouching
	vouching.Asked = slices.Clone(vouching.Asked)
	p.Prepared.Signatures = slices.Clone(p.Prepared.Signatures)
	for _, signature := range signatures {
		i := slices.IndexFunc(vouching.Asked, func(v Vouch) bool { return v.Key == signature.Signer })
		if i < 0 || vouching.Asked[i].Signed {
			continue
		}
		vouching.Asked[i].Signed = true
		p.Prepared.Signatures = append(p.Prepared.Signatures, signature)
	}
	p.Vouching = &vouching
}

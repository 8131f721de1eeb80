package attestor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

const (
	// codeLife is how long a code is good for.
	codeLife = 10 * time.Minute
	// maxTries is how many wrong codes end an ask.
	maxTries = 3
	// maxSends is how often one code is sent.
	maxSends = 3
	// codeDigits is how long a code is.
	codeDigits = 6
	// keepFor is how long an ask is remembered after its transaction's expiry.
	keepFor = 30 * 24 * time.Hour
)

// Config is what a Service is made of.
type Config struct {
	Client *sdk.Client
	Store  ussd.Store
	Outbox ussd.Outbox
	// Key is the attestor's in the directory; AliasKey is the network's.
	Key      key.Signer
	AliasKey key.AliasKey
	// Secret makes codes; it is the attestor's own.
	Secret [32]byte
	// Serves lists the providers that may ask; empty is every one in the directory.
	Serves []tx.AccountID
	Limits Limits
	// UTCOffsetMinutes is what clock texts tell.
	UTCOffsetMinutes int
	Rand             io.Reader
	Log              *slog.Logger
	// NowUnixMs is the own clock; nil is the machine's.
	NowUnixMs func() uint64
}

// Service takes asks and codes, and signs. It is safe for use by many goroutines.
type Service struct {
	client    *sdk.Client
	store     ussd.Store
	outbox    ussd.Outbox
	signer    key.Signer
	aliasKey  key.AliasKey
	secret    [32]byte
	limits    Limits
	offset    time.Duration
	rand      io.Reader
	log       *slog.Logger
	now       func() uint64
	network   tx.NetworkID
	directory *directory
	book      book
}

// New makes a service.
func New(c Config) (*Service, error) {
	texts, err := loadBook()
	if err != nil {
		return nil, err
	}
	if err := c.Limits.check(); err != nil {
		return nil, err
	}
	s := &Service{
		client: c.Client, store: c.Store, outbox: c.Outbox, signer: c.Key, aliasKey: c.AliasKey, secret: c.Secret, limits: c.Limits.withDefaults(),
		offset: time.Duration(c.UTCOffsetMinutes) * time.Minute, rand: c.Rand, log: c.Log, now: c.NowUnixMs,
		network: c.Client.Genesis().Network(), book: texts,
		directory: &directory{client: c.Client, self: c.Key.Public(), serves: c.Serves, now: time.Now},
	}
	if s.now == nil {
		s.now = func() uint64 { return uint64(time.Now().UnixMilli()) }
	}
	return s, nil
}

// CodeRequest asks for a code.
type CodeRequest struct {
	Phone ussd.Phone
	// Body is a transaction's, in canonical bytes.
	Body []byte
	// Language is what the person speaks, such as sw.
	Language string
	// Send is 1, or one more than was sent to have the code sent again.
	Send int
}

// Asked says how far an ask has come.
type Asked struct {
	// State is sent, confirmed, locked or replaced.
	State string `json:"state"`
	// Send is how often the code was sent.
	Send      int `json:"send"`
	TriesLeft int `json:"tries_left"`
	// EndsAtUnixMs is when the code ends, ResendAtUnixMs when it may be sent again; 0 when it may not.
	EndsAtUnixMs   uint64 `json:"ends_at_unix_ms"`
	ResendAtUnixMs uint64 `json:"resend_at_unix_ms,omitempty"`
}

func (s *Service) asked(a ask) Asked {
	out := Asked{State: string(a.State), Send: a.Sent, TriesLeft: a.triesLeft(), EndsAtUnixMs: a.EndsAtUnixMs}
	if a.State == stateAsked && a.Sent < maxSends {
		out.ResendAtUnixMs = a.SentAtUnixMs + uint64(s.limits.rest().Milliseconds())
	}
	return out
}

// Ask sends the code for a body, once; the same request again says how far it has come.
func (s *Service) Ask(ctx context.Context, from key.Public, r CodeRequest) (Asked, error) {
	id := tx.NewID(s.network, r.Body)
	a, err := s.findAsk(ctx, id, from)
	switch {
	case err != nil:
		return Asked{}, err
	case a == nil && r.Send != 1:
		return Asked{}, refuse(CodeUnknown, "send is %d, and nothing was sent yet", r.Send)
	case a != nil && a.Phone != r.Phone:
		return Asked{}, refuse(CodeBody, "the transaction was asked about for another number")
	case a != nil && r.Send <= a.Sent:
		return s.asked(*a), nil
	case a != nil && r.Send > a.Sent+1:
		return Asked{}, refuse(CodeBody, "send is %d, and %d were sent", r.Send, a.Sent)
	case a != nil:
		return s.again(ctx, *a)
	}
	// Who floods is stopped before the ledger is asked.
	if err := s.store.View(ctx, func(reader ussd.Reader) error { return s.room(reader, from, r.Phone) }); err != nil {
		return Asked{}, err
	}
	j, err := s.judge(ctx, from, r.Phone, r.Body)
	if err != nil {
		return Asked{}, err
	}
	body, err := tx.ParseBody(r.Body)
	if err != nil {
		return Asked{}, refuse(CodeBody, "body: %v", err)
	}
	fresh := ask{
		ID: id, From: from, Phone: r.Phone, Language: r.Language, Act: j.act, Provider: j.gains, Dial: dialled(j.provider), Name: j.name, Old: j.old,
		Salt: make([]byte, 16), State: stateAsked, ExpiresAtUnixMs: body.ExpiresAtUnixMs,
	}
	if _, err := io.ReadFull(s.rand, fresh.Salt); err != nil {
		return Asked{}, fmt.Errorf("make salt: %w", err)
	}
	return s.begin(ctx, fresh)
}

// begin stores an ask and its message in one transaction: a crash leaves both or neither.
func (s *Service) begin(ctx context.Context, fresh ask) (Asked, error) {
	var a ask
	err := s.store.Update(ctx, func(w ussd.Writer) error {
		now := s.now()
		if met, err := getAsk(w, fresh.key()); err != nil || met != nil {
			if met != nil {
				a = *met // The same request came twice at once.
			}
			return err
		}
		a = fresh
		a.EndsAtUnixMs = min(now+uint64(codeLife.Milliseconds()), a.ExpiresAtUnixMs)
		if err := s.room(w, a.From, a.Phone); err != nil {
			return err
		}
		if err := s.replace(w, a); err != nil {
			return err
		}
		forget := timed(forgetPrefix, a.ExpiresAtUnixMs+uint64(keepFor.Milliseconds()), a.key())
		return errors.Join(s.meterNumber(a.From, a.Phone).count(w, now), s.meterProvider(a.From).count(w, now),
			w.Set(forget, nil), s.send(w, &a, now))
	})
	if err != nil {
		return Asked{}, err
	}
	s.log.Info("code asked for", "transaction", a.ID.String(), "provider", a.Provider, "act", string(a.Act), "to", a.Phone)
	return s.asked(a), nil
}

func (s *Service) room(r ussd.Reader, from key.Public, phone ussd.Phone) error {
	now := s.now()
	for _, m := range []meter{s.meterWrong(from), s.meterProvider(from), s.meterNumber(from, phone), s.meterPart(from, phone), s.meterMessages(phone)} {
		if err := m.room(r, now); err != nil {
			return err
		}
	}
	return nil
}

// liveKey leads to the newest ask of a provider for a number.
func (s *Service) liveKey(a ask) []byte {
	return append(append(append([]byte(nil), livePrefix...), s.subject(a.Phone)...), a.From[:]...)
}

// replace ends the provider's ask before for the number: one code is good at a time.
func (s *Service) replace(w ussd.Writer, a ask) error {
	live := s.liveKey(a)
	earlier, err := w.Get(live)
	if err != nil && !errors.Is(err, ussd.ErrNotFound) {
		return fmt.Errorf("read live ask: %w", err)
	}
	if err == nil {
		before, err := getAsk(w, earlier)
		if err != nil {
			return err
		}
		if before != nil && before.State == stateAsked {
			before.State = stateReplaced
			if err := putAsk(w, *before); err != nil {
				return err
			}
		}
	}
	return w.Set(live, a.key())
}

// send puts the text in the outbox, with a place where the code will stand, and counts it.
func (s *Service) send(w ussd.Writer, a *ask, nowUnixMs uint64) error {
	a.Sent++
	a.SentAtUnixMs = nowUnixMs
	text := fill(s.book.in(a.Language).Code[a.Act], map[string]string{
		"attestor": s.directory.name(), "provider": a.Provider, "dial": a.Dial, "name": a.Name,
	})
	err := s.outbox.Enqueue(w, ussd.Message{Reference: a.reference(), To: a.Phone, Text: text}, nowUnixMs)
	if err != nil {
		return err
	}
	return errors.Join(s.meterPart(a.From, a.Phone).count(w, nowUnixMs), s.meterMessages(a.Phone).count(w, nowUnixMs), putAsk(w, *a))
}

// again sends the same code once more.
func (s *Service) again(ctx context.Context, seen ask) (Asked, error) {
	if _, err := s.directory.provider(ctx, seen.From); err != nil {
		return Asked{}, err
	}
	var a ask
	err := s.store.Update(ctx, func(w ussd.Writer) error {
		now := s.now()
		met, err := getAsk(w, seen.key())
		if err != nil || met == nil {
			return errors.Join(err, refuse(CodeUnknown, "nothing was asked"))
		}
		if a = *met; a.Sent > seen.Sent {
			return nil // The same request came twice at once.
		}
		if err := a.open(now); err != nil {
			return err
		}
		ready := a.SentAtUnixMs + uint64(s.limits.rest().Milliseconds())
		switch {
		case a.State != stateAsked:
			return nil
		case a.Sent >= maxSends:
			return refuse(CodeTooMany, "a code is sent %d times at most", maxSends)
		case now < ready:
			refusal := refuse(CodeTooMany, "the code was sent less than %s ago", s.limits.rest())
			refusal.RetryAtUnixMs = ready
			return refusal
		}
		for _, m := range []meter{s.meterPart(a.From, a.Phone), s.meterMessages(a.Phone)} {
			if err := m.room(w, now); err != nil {
				return err
			}
		}
		return s.send(w, &a, now)
	})
	if err != nil {
		return Asked{}, err
	}
	return s.asked(a), nil
}

// open refuses what no code can confirm any more.
func (a ask) open(nowUnixMs uint64) error {
	switch {
	case a.State == stateReplaced:
		return refuse(CodeUnknown, "a later transaction took its place")
	case a.State == stateLocked:
		return refuse(CodeLocked, "there were %d wrong codes", maxTries)
	case a.State == stateAsked && a.EndsAtUnixMs < nowUnixMs:
		return refuse(CodeEnded, "the code's time is over")
	}
	return nil
}

// Confirm signs the transaction when the code is right. The same code again gives the same signature; a wrong code that was tried before is
// no second try.
func (s *Service) Confirm(ctx context.Context, from key.Public, id tx.ID, code pin.Secret) (key.Signature, error) {
	var a ask
	var wrong error
	err := s.store.Update(ctx, func(w ussd.Writer) error {
		wrong = nil
		now := s.now()
		met, err := getAsk(w, askKey(id, from))
		if err != nil {
			return err
		}
		if met == nil {
			return refuse(CodeUnknown, "this key has asked for no code for the transaction")
		}
		a = *met
		if err := a.open(now); err != nil {
			return err
		}
		right, digest := s.judgeCode(a, code)
		switch {
		case right && a.State == stateConfirmed:
			return nil
		case right:
			a.State = stateConfirmed
			return errors.Join(putAsk(w, a), s.watch(w, a, now+uint64(lookAfter(0).Milliseconds())))
		case a.State == stateConfirmed, a.tried(digest):
			wrong = a.wrong()
			return nil
		}
		// Every wrong code counts, also when the hour is full: then nothing more can be asked, and what was asked has its three tries.
		if a.Wrong = append(a.Wrong, digest); len(a.Wrong) >= maxTries {
			a.State = stateLocked
		}
		wrong = a.wrong()
		return errors.Join(putAsk(w, a), s.meterWrong(from).count(w, now))
	})
	if err == nil {
		err = wrong
	}
	if err != nil {
		return key.Signature{}, err
	}
	// Confirmed is durable: a crash here gives the same signature to the same request later.
	signature, err := s.signer.Sign(id)
	if err != nil {
		return key.Signature{}, fmt.Errorf("sign transaction: %w", err)
	}
	s.log.Info("transaction attested", "transaction", id.String(), "provider", a.Provider, "act", string(a.Act), "to", a.Phone)
	return signature, nil
}

func (a ask) wrong() error {
	refusal := refuse(CodeWrong, "the code is another one")
	refusal.TriesLeft = a.triesLeft()
	return refusal
}

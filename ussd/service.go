package ussd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/abuse"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Config is what a Service is made of.
type Config struct {
	Store  Store
	Ledger Ledger
	Outbox Outbox
	Book   *menu.Book
	Hasher *pin.Hasher
	// DigestKey makes digests of transcripts; it must survive a restart.
	DigestKey [32]byte
	// Rand makes salts: crypto/rand.Reader outside of tests.
	Rand io.Reader
	Log  *slog.Logger

	Asset Asset
	// Dial is the service code as people dial it, such as *384*2050#, at most 11 characters.
	Dial string
	// Provider is what the provider calls itself on screens; empty is Umoja. Telephone is where people reach one; it may be empty.
	Provider, Telephone string
	// PINResetDelay is how long who forgot the PIN waits for a new one; 0 means 24 hours.
	PINResetDelay time.Duration
	// ProtectAbove is the sum above which a first payment to a person waits for ten minutes; 0 means that none does.
	ProtectAbove amount.Amount
	// Commission are the bands of what agents earn for giving out cash, paid by the customer; none means nothing.
	//
	// Invariant: ascending, only the last without a bound.
	Commission []tx.FeeBand
	// LowFloat is the float below which an agent is told by SMS; 0 means never.
	LowFloat amount.Amount
	// SMSCap is the most that one payment by SMS may debit, fee included; 0 means that nobody pays by SMS. SMSCapDay is the most in a day; 0
	// means as much as one payment.
	SMSCap, SMSCapDay amount.Amount
	// Region is where numbers without a country code are from, such as KE.
	Region string
	// UTCOffsetMinutes is the network's local time, east of UTC.
	UTCOffsetMinutes int
	// Deadline is within which a turn is answered; 0 means 8 seconds, two less than the aggregators give.
	Deadline time.Duration
	// Attestors are asked to confirm numbers and moves; nil means that this gateway does neither.
	Attestors Attestors
	// Rivals tells other providers who comes; it may be nil.
	Rivals Rivals
	// Guard bounds the turns and sessions of numbers and aggregators, duplicates not counted; nil means one with the usual limits.
	Guard *abuse.Guard
}

// Service answers turns. It may be used by many goroutines; Run must be running for promises to be kept.
type Service struct {
	machine   *Machine
	store     Store
	ledger    Ledger
	outbox    Outbox
	hasher    *pin.Hasher
	attestors Attestors
	rivals    Rivals
	digestKey [32]byte
	rand      io.Reader
	log       *slog.Logger
	deadline  time.Duration
	turnstile *turnstile
	guard     *abuse.Guard
	// settleFrom is where the Settler's next pass begins; only the Settler looks at it.
	settleFrom []byte
	// smsCap and smsCapDay bound payments by SMS.
	smsCap, smsCapDay amount.Amount
	// stopping ends with Stop.
	stopping context.Context
	stop     context.CancelFunc
}

// MaxDial is the longest service code that the screens have room for.
const MaxDial = 11

const (
	defaultDeadline = 8 * time.Second
	// saveReserve is kept of the deadline for making the reply durable.
	saveReserve = 500 * time.Millisecond
	// briefWait is how long a first screen waits for an outcome.
	briefWait = 3 * time.Second
)

// New makes a service.
func New(c Config) (*Service, error) {
	switch {
	case c.Store == nil || c.Ledger == nil || c.Outbox == nil || c.Book == nil || c.Hasher == nil || c.Rand == nil || c.Log == nil:
		return nil, fmt.Errorf("%w: a part is missing", ErrConfig)
	case c.DigestKey == [32]byte{}:
		return nil, fmt.Errorf("%w: digest key is zero", ErrConfig)
	case c.Dial == "" || len(c.Dial) > MaxDial:
		return nil, fmt.Errorf("%w: service code %q has not 1 to %d characters", ErrConfig, c.Dial, MaxDial)
	case len(c.Region) != 2:
		return nil, fmt.Errorf("%w: region %q is not a two-letter code such as KE", ErrConfig, c.Region)
	case c.Asset.Code == "":
		return nil, fmt.Errorf("%w: asset has no code", ErrConfig)
	case c.Deadline != 0 && c.Deadline <= saveReserve:
		return nil, fmt.Errorf("%w: deadline %s leaves no time", ErrConfig, c.Deadline)
	}
	if err := checkCommission(c.Commission); err != nil {
		return nil, err
	}
	if c.Deadline == 0 {
		c.Deadline = defaultDeadline
	}
	if c.PINResetDelay == 0 {
		c.PINResetDelay = 24 * time.Hour
	}
	if c.Guard == nil {
		guard, err := abuse.New(abuse.Limits{})
		if err != nil {
			return nil, err
		}
		c.Guard = guard
	}
	if c.SMSCapDay == 0 {
		c.SMSCapDay = c.SMSCap
	}
	tree, err := menu.LoadTree()
	if err != nil {
		return nil, err
	}
	stopping, stop := context.WithCancel(context.Background())
	return &Service{
		machine: &Machine{book: c.Book, tree: tree, attests: c.Attestors != nil, resetDelay: c.PINResetDelay, provider: c.Provider, telephone: c.Telephone,
			asset: c.Asset, dial: c.Dial, region: c.Region, offsetMinutes: c.UTCOffsetMinutes, protectAbove: c.ProtectAbove,
			commission: c.Commission, lowFloat: c.LowFloat},
		store: c.Store, ledger: c.Ledger, outbox: c.Outbox, hasher: c.Hasher, digestKey: c.DigestKey, rand: c.Rand, log: c.Log,
		deadline: c.Deadline, turnstile: newTurnstile(), guard: c.Guard, attestors: c.Attestors, rivals: c.Rivals, smsCap: c.SMSCap, smsCapDay: c.SMSCapDay,
		stopping: stopping, stop: stop,
	}, nil
}

// Stop ends all waiting for the ledger: turns are answered at once, as they would be at their deadline. It is for a
// process that is about to end; what was submitted goes on in the next one.
func (s *Service) Stop() { s.stop() }

// Handle answers a turn within the deadline. With an error the reply is still one to show; it promises nothing.
func (s *Service) Handle(ctx context.Context, turn Turn) (Reply, error) {
	if err := turn.check(); err != nil {
		return s.plain("", menu.DialAgain), err
	}
	// An aggregator that hangs up does not stop a payment half-way: the turn has its own deadline.
	deadline := time.Now().Add(s.deadline)
	if !turn.Deadline.IsZero() && turn.Deadline.Before(deadline) {
		deadline = turn.Deadline
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	release, err := s.turnstile.enter(ctx, turn.Phone)
	if err != nil {
		return s.plain(s.languageOf(turn.Phone), menu.Busy), nil
	}
	defer release()
	t, err := s.begin(ctx, turn)
	if err != nil {
		return s.plain("", menu.DialAgain), err
	}
	said := turn.reads(t.session.Turns, t.digester, t.facts.NowUnixMs)
	if said.anew {
		t.session = Session{Phone: turn.Phone, StartedAtUnixMs: t.facts.NowUnixMs}
	}
	switch {
	case said.repeated != nil:
		return *said.repeated, nil
	case said.lost, len(t.session.Turns)+len(said.answers)+1 > maxTurns:
		return s.plain(t.language(), menu.DialAgain), nil
	case !s.allow(turn, len(t.session.Turns) == 0):
		return s.plain(t.language(), menu.WaitAMoment), nil
	}
	reply, err := t.answer(ctx, said)
	if err != nil {
		return s.plain(t.language(), menu.DialAgain), err
	}
	return reply, nil
}

// allow counts the turn, if its number and aggregator may ask for more.
func (s *Service) allow(turn Turn, first bool) bool {
	count := s.guard.Allow
	if first {
		count = s.guard.AllowSession
	}
	err := count(turn.Aggregator, string(turn.Phone), time.Now())
	if err != nil {
		s.log.Warn("turn is one too many", "aggregator", turn.Aggregator, "phone", turn.Phone, "reason", err)
	}
	return err == nil
}

// Ended takes an aggregator's word that a session has ended. Nothing depends on it: many aggregators say nothing, or too early.
func (s *Service) Ended(ctx context.Context, turn Turn) {
	s.log.Debug("session ended", "aggregator", turn.Aggregator, "phone", turn.Phone)
}

// plain is a last screen that depends on nothing but the language.
func (s *Service) plain(language menu.Language, key menu.Key) Reply {
	return Reply{Text: s.machine.text(&Session{Screen: DefaultScreen, Language: language}, key, menu.Args{}), End: true}
}

// inHand is a turn that is being answered. Its phone's turnstile is held.
type inHand struct {
	service  *Service
	turn     Turn
	digester digester
	session  Session
	facts    Facts
	// dropped means that the last screen is not for the answers behind it.
	dropped bool
}

// language is the user's, or what the session has chosen.
func (t *inHand) language() menu.Language {
	if t.facts.User != nil {
		return t.facts.User.Language
	}
	return t.session.Language
}

func (s *Service) begin(ctx context.Context, turn Turn) (*inHand, error) {
	d := digester{key: s.digestKey, session: turn.Aggregator + "\x00" + string(turn.Phone) + "\x00" + turn.SessionID}
	now := nowUnixMs()
	t := &inHand{service: s, turn: turn, digester: d, session: Session{Phone: turn.Phone, StartedAtUnixMs: now},
		facts: Facts{NowUnixMs: now, Phone: turn.Phone, Aggregator: turn.Aggregator, Digest: d.digest, Screen: turn.screen()}}
	_, t.facts.Turn = turn.digest(d)
	err := s.store.View(ctx, func(r Reader) error {
		stored, err := get[Session](r, sessionKey(d, turn.Phone))
		if err != nil {
			return err
		}
		if stored != nil {
			t.session = *stored
		}
		return t.facts.read(r, turn.Phone)
	})
	if err != nil {
		return nil, fmt.Errorf("begin turn: %w", err)
	}
	return t, nil
}

// read brings the facts up to date with the store.
func (f *Facts) read(r Reader, phone Phone) (err error) {
	if f.User, err = getUser(r, phone); err != nil {
		return err
	}
	if f.Arrival, err = get[Arrival](r, arrivalKey(phone)); err != nil {
		return err
	}
	if f.Draft, err = get[StoredDraft](r, draftKey(phone)); err != nil {
		return err
	}
	if f.Draft != nil && f.NowUnixMs >= f.Draft.AtUnixMs+draftKept {
		f.Draft = nil
	}
	if f.Payments, err = paymentsOf(r, phone, f.NowUnixMs); err != nil || f.User == nil {
		return err
	}
	// Whoever had the number before had another account.
	f.Payments = slices.DeleteFunc(f.Payments, func(p Payment) bool { return p.Order.Payer != f.User.Account })
	if f.Contacts, err = contactsOf(r, phone); err != nil {
		return err
	}
	f.Asks, err = asksOf(r, phone, f.NowUnixMs)
	return err
}

// answer gives the new answers to the machine one by one. It stops at the last screen, and at a confirm screen: a PIN, or the "1" of
// a screen without one, is taken only from a turn after the one that showed it.
func (t *inHand) answer(ctx context.Context, said reading) (Reply, error) {
	text := t.turn.Transcript.Reveal()
	joined := len(said.answers) > 1 && said.start > 0
	var reply Reply
	var err error
	if len(t.session.Turns) == 0 {
		if reply, err = t.step(ctx, Dialled{Behind: len(said.answers) > 0}, "", len(said.answers) == 0); err != nil {
			return Reply{}, err
		}
	}
	at := said.start
	for i, input := range said.answers {
		if reply.End {
			break
		}
		if at > 0 || i > 0 {
			at++ // The star.
		}
		at += len(input)
		event := Answer{Input: pin.NewSecret(input), Joined: joined}
		for _, later := range said.answers[i+1:] {
			event.Rest = append(event.Rest, pin.NewSecret(later))
		}
		if reply, err = t.step(ctx, event, text[:min(at, len(text))], i == len(said.answers)-1); err != nil {
			return Reply{}, err
		}
		if t.dropped || t.session.Prompt.seen() {
			break
		}
	}
	return reply, nil
}

// step runs the machine from one event to its reply. prefix is the transcript up to the answer; last says that nothing
// follows it in this turn.
func (t *inHand) step(ctx context.Context, event Event, prefix string, last bool) (Reply, error) {
	for {
		action := t.service.machine.Step(t.facts, &t.session, event)
		if action.Reply == nil {
			if len(action.Effects) > 0 {
				if err := t.save(action.Effects); err != nil {
					return Reply{}, err
				}
			}
			event = t.service.find(ctx, action.Ask, t.facts)
			continue
		}
		reply := *action.Reply
		if t.turn.Last == nil {
			t.session.record(len(prefix), t.digester.transcript(prefix), reply, t.facts.NowUnixMs)
		}
		if t.dropped = action.Drop; last || reply.End || action.Drop || t.session.Prompt.seen() {
			// What was typed after the last screen, or after a confirm screen that nobody saw, is dropped; the whole
			// transcript has this reply.
			length, digest := t.turn.digest(t.digester)
			t.session.record(length, digest, reply, nowUnixMs())
			return reply, t.save(action.Effects)
		}
		// Nobody sees this screen, so it tells nothing.
		effects := make([]Effect, 0, len(action.Effects))
		for _, effect := range action.Effects {
			if _, ok := effect.(TellPayment); !ok {
				effects = append(effects, effect)
			}
		}
		if len(effects) == 0 {
			return reply, nil
		}
		return reply, t.save(effects)
	}
}

// save makes effects and session durable at once, and reads the facts as they are then.
func (t *inHand) save(effects []Effect) error {
	facts := t.facts
	// The deadline of the turn does not apply: a write that is under way is waited for.
	err := t.service.store.Update(context.Background(), func(w Writer) error {
		for _, effect := range effects {
			if err := effect.apply(t.service, w, t.facts.NowUnixMs); err != nil {
				return err
			}
		}
		key := sessionKey(t.digester, t.turn.Phone)
		if err := put(w, key, t.session); err != nil {
			return err
		}
		if err := t.session.keepDraft(w, t.facts.NowUnixMs); err != nil {
			return err
		}
		if err := forgetAt(w, t.session.StartedAtUnixMs+sessionKept, key); err != nil {
			return err
		}
		return facts.read(w, t.turn.Phone)
	})
	if err != nil {
		return fmt.Errorf("save turn: %w", err)
	}
	t.facts = facts
	return nil
}

func nowUnixMs() uint64 { return uint64(time.Now().UnixMilli()) }

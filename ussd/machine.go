package ussd

import (
	"context"
	"strconv"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Machine decides what a phone shows next. It has no clock, no randomness, no goroutine and no I/O: the same session,
// facts and event give the same action.
type Machine struct {
	book  *menu.Book
	tree  *menu.Tree
	asset Asset
	// dial is the service code as people dial it.
	dial string
	// provider and telephone are the provider's, for people.
	provider, telephone string
	// attests says that attestors can be asked.
	attests bool
	// resetDelay is how long who forgot the PIN waits for a new one.
	resetDelay time.Duration
	// region is where numbers without a country code are from.
	region string
	// offsetMinutes is the local time shown, east of UTC.
	offsetMinutes int
	// protectAbove is the sum above which a first payment to a person waits; 0: none does.
	protectAbove amount.Amount
	// commission is what agents earn for giving out cash; none when empty. lowFloat is below which an agent is told; 0: never.
	commission []tx.FeeBand
	lowFloat   amount.Amount
}

// Asset is the asset that phones pay in.
type Asset struct {
	Code  string
	Scale uint8
}

// Facts are what the machine knows beside the session.
type Facts struct {
	NowUnixMs uint64
	// Phone and Aggregator are the turn's.
	Phone      Phone
	Aggregator string
	// User is nil for a phone number that is not registered.
	User *User
	// Arrival is what is known of a phone that moves here and has no user yet; nil when it does not.
	Arrival *Arrival
	// Payments are the phone's newest and open ones.
	Payments []Payment
	// Contacts are whom the user paid last.
	Contacts []Contact
	// Asks are the payments that the user is asked to give back.
	Asks []ReturnAsk
	// Turn is the digest of the turn that is being answered.
	Turn Digest
	// Draft is what the phone's last session left undone, for ten minutes; nil when there is none.
	Draft *StoredDraft
	// Screen is what a screen may hold.
	Screen Screen
	// Digest makes keyed digests for this session.
	Digest func(purpose, text string) Digest
}

// Event is what happened: a person dialled or answered, or a question of the machine has its answer.
type Event interface{ event() }

type (
	// Dialled begins a session. Behind means that answers were dialled behind the service code.
	Dialled struct{ Behind bool }
	// Answer is one answer of the person.
	Answer struct {
		Input pin.Secret
		// Rest are the answers that came in the same turn after this one, because turns were lost, the person dialled
		// them with the code, or typed a star.
		Rest []pin.Secret
		// Joined means that this turn brought several answers in the middle of a session: most likely a star was typed.
		Joined bool
	}
	// PayeeFound answers AskPayee.
	PayeeFound struct{ Payee Payee }
	// PayeeMissing answers AskPayee: nobody has that number.
	PayeeMissing struct{ Destination Destination }
	// Offered answers AskOffer.
	Offered struct {
		Order Order
		Offer Offer
	}
	// NotGranted answers AskOffer: the payer's account does not let this provider pay.
	NotGranted struct{}
	// PINCompared answers AskPIN.
	PINCompared struct {
		Right bool
		// Renewed is the record to store instead, where the old one is of an older pepper; empty where it is not.
		Renewed pin.Record
	}
	// Founded answers AskFounding.
	Founded struct {
		Founding Founding
		PIN      pin.Record
	}
	// Decided answers AskOutcome.
	Decided struct{ Outcome Outcome }
	// Undecided answers AskOutcome: the time is over and the outcome is not known. Busy says that the ledger took nothing yet, as far as
	// it says.
	Undecided struct{ Busy bool }
	// Unavailable answers any question that could not be answered in time. Nothing was done.
	Unavailable struct{}
)

func (Dialled) event()      {}
func (Answer) event()       {}
func (PayeeFound) event()   {}
func (PayeeMissing) event() {}
func (Offered) event()      {}
func (NotGranted) event()   {}
func (PINCompared) event()  {}
func (Founded) event()      {}
func (Decided) event()      {}
func (Undecided) event()    {}
func (Unavailable) event()  {}

// Action is what to do. Effects are made durable, together with the session, before the rest: before the question is
// asked, before the reply leaves. Exactly one of Ask and Reply is set.
type Action struct {
	Effects []Effect
	Ask     Ask
	Reply   *Reply
	// Drop means that answers which came in the same turn behind this one are not taken.
	Drop bool
}

// Ask is a question whose answer is the next event. The machine only makes it; Service has it find the answer.
type Ask interface {
	find(ctx context.Context, s *Service, f Facts) (Event, error)
}

type (
	// AskPayee asks who is paid at a number.
	AskPayee struct{ Destination Destination }
	// AskOffer asks for a prepared transaction.
	AskOffer struct{ Order Order }
	// AskPIN asks whether the PIN is the user's.
	AskPIN struct{ PIN pin.Secret }
	// AskFounding asks for a prepared registration and the record of the PIN.
	AskFounding struct {
		Registration Registration
		PIN          pin.Secret
	}
	// AskOutcome submits a transaction and asks for its outcome. Brief means that a screen can do without.
	AskOutcome struct {
		Prepared Prepared
		Brief    bool
	}
)

// Effect is a change to make durable. The machine only makes it; Service applies it in one store transaction with the session.
type Effect interface {
	apply(s *Service, w Writer, nowUnixMs uint64) error
}

type (
	// AddUser stores a user who was none here.
	AddUser struct{ User User }
	// SaveUser stores the user as given, or one whose account is being opened.
	SaveUser struct{ User User }
	// DropUser forgets a user whose account was never opened.
	DropUser struct{ User User }
	// NewPayment stores a payment that is about to be shown.
	NewPayment struct{ Payment Payment }
	// AbandonPayment marks a payment that was shown as never to be submitted.
	AbandonPayment struct{ ID tx.ID }
	// SubmitPayment marks a payment as one that may reach the ledger.
	SubmitPayment struct{ ID tx.ID }
	// SettlePayment records an outcome.
	SettlePayment struct {
		ID      tx.ID
		Outcome Outcome
	}
	// DropDraft forgets what a lost session left undone.
	DropDraft struct{ Phone Phone }
	// TellPayment records that the reply shows the outcome.
	TellPayment struct{ ID tx.ID }
	// PromisePayment records that the reply promises the outcome by SMS.
	PromisePayment struct{ ID tx.ID }
)

// Step takes an event. It changes the session, which the caller stores with the effects of the action.
func (m *Machine) Step(f Facts, s *Session, e Event) Action {
	if f.User != nil {
		s.Language = f.User.Language
	}
	s.Screen = f.Screen
	switch e := e.(type) {
	case Unavailable:
		return m.unavailable(f, s)
	case Dialled:
		return m.dialled(f, s, e)
	case Answer:
		switch {
		case containsCarrierSign(e.Input.Reveal()):
			refusal := m.again(s, menu.StarOrHash, menu.Args{})
			if p := find(f.Payments, s.Payment); p != nil {
				return m.truthful(s, *p, refusal)
			}
			return refusal
		case trim(e.Input) == "0" && !s.Prompt.secret():
			return m.goBack(f, s)
		}
	}
	if s.Prompt == PromptNone {
		return m.finishDialled(f, s, e)
	}
	flow, ok := m.flowOf(f, s)
	if !ok {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	return flow.take(m, f, s, e)
}

// containsCarrierSign tells of the signs that have a meaning for the carrier. A star never arrives inside an answer, it
// makes two.
func containsCarrierSign(input string) bool {
	for i := range len(input) {
		if input[i] == '*' || input[i] == '#' {
			return true
		}
	}
	return false
}

// unavailable ends a session because a question went unanswered. A PIN that could not be compared does not count.
func (m *Machine) unavailable(f Facts, s *Session) Action {
	var effects []Effect
	if s.Counted != nil && *s.Counted == f.Turn && f.User != nil {
		user := *f.User
		user.Attempts = s.Uncounted
		s.Counted = nil
		effects = append(effects, SaveUser{user})
	}
	action := m.end(s, menu.Unreachable, menu.Args{})
	action.Effects = effects
	if p := find(f.Payments, s.Payment); p != nil {
		return m.truthful(s, *p, action)
	}
	return action
}

// text fills in a text in the session's language.
func (m *Machine) text(s *Session, key menu.Key, args menu.Args) string {
	args.Dial, args.Asset, args.Provider, args.Telephone = m.dial, m.asset.Code, m.provider, m.telephone
	return m.book.Text(s.Language, key, args)
}

// money writes an amount with its asset.
func (m *Machine) money(a amount.Amount) string { return a.Grouped(m.asset.Scale) + " " + m.asset.Code }

// payeeName is how a payee is called in texts: by short name, by phone number while nobody has registered it, or by account number.
func (m *Machine) payeeName(s *Session, payee Payee) string {
	if payee.Name != "" {
		return ShortName(payee.Name)
	}
	if payee.Account == (tx.AccountID{}) && payee.Phone != "" {
		return string(payee.Phone)
	}
	return m.text(s, menu.AccountLabel, menu.Args{Account: payee.Number.Text()})
}

// at is the time of day without the day.
func (m *Machine) at(atUnixMs uint64) string {
	text, _ := m.clock(atUnixMs, atUnixMs)
	return text
}

// clock writes a time of day as people at the network's offset see it, and tells whether it is after today.
func (m *Machine) clock(atUnixMs, nowUnixMs uint64) (string, bool) {
	const minute, day = 60_000, 24 * 60
	local := func(unixMs uint64) int64 { return int64(unixMs/minute) + int64(m.offsetMinutes) }
	at, now := local(atUnixMs+minute-1), local(nowUnixMs)
	of := at % day
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return two(of/60) + ":" + two(of%60), at/day > now/day
}

// hours writes a time in whole hours, rounded up.
func hours(d time.Duration) string { return strconv.Itoa(int((d + time.Hour - 1) / time.Hour)) }

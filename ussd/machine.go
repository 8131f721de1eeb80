package ussd

import (
	"strconv"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Machine decides what a phone shows next. It has no clock, no randomness, no goroutine and no I/O: the same session,
// facts and event give the same action.
type Machine struct {
	book  *menu.Book
	asset Asset
	// dial is the service code as people dial it.
	dial string
	// region is where numbers without a country code are from.
	region string
	// offsetMinutes is the local time shown, east of UTC.
	offsetMinutes int
}

// Asset is the asset that phones pay in.
type Asset struct {
	Code  string
	Scale uint8
}

// Facts are what the machine knows beside the session.
type Facts struct {
	NowUnixMs uint64
	// User is nil for a phone number that is not registered.
	User *User
	// Payments are the phone's newest and open ones.
	Payments []Payment
	// Turn is the digest of the turn that is being answered.
	Turn Digest
	// Digest makes keyed digests for this session.
	Digest func(purpose, text string) Digest
}

// Event is what happened: a person dialled or answered, or a question of the machine has its answer.
type Event interface{ event() }

type (
	// Dialled begins a session.
	Dialled struct{}
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
	PayeeMissing struct{}
	// Offered answers AskOffer.
	Offered struct {
		Order Order
		Offer Offer
	}
	// NotGranted answers AskOffer: the payer's account does not let this provider pay.
	NotGranted struct{}
	// PINCompared answers AskPIN.
	PINCompared struct{ Right bool }
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
	// BalanceRead answers AskBalance.
	BalanceRead struct{ Balance amount.Amount }
	// PaymentsRead answers AskPayments.
	PaymentsRead struct{ Lines []PaymentLine }
	// Unavailable answers any question that could not be answered in time. Nothing was done.
	Unavailable struct{}
)

// PaymentLine is one past payment with the other side's name, if the gateway knows it.
type PaymentLine struct {
	PastPayment
	Name string
}

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
func (BalanceRead) event()  {}
func (PaymentsRead) event() {}
func (Unavailable) event()  {}

// Action is what to do. Effects are made durable, together with the session, before the rest: before the question is
// asked, before the reply leaves. Exactly one of Ask and Reply is set.
type Action struct {
	Effects []Effect
	Ask     Ask
	Reply   *Reply
}

// Ask is a question whose answer is the next event.
type Ask interface{ ask() }

type (
	// AskPayee asks who is paid at a number.
	AskPayee struct{ Destination Destination }
	// AskOffer asks for a prepared payment.
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
	// AskBalance asks for the user's balance.
	AskBalance struct{ Account tx.AccountID }
	// AskPayments asks for the user's last payments.
	AskPayments struct{ Account tx.AccountID }
)

func (AskPayee) ask()    {}
func (AskOffer) ask()    {}
func (AskPIN) ask()      {}
func (AskFounding) ask() {}
func (AskOutcome) ask()  {}
func (AskBalance) ask()  {}
func (AskPayments) ask() {}

// Effect is a change to make durable.
type Effect interface{ effect() }

type (
	// SaveUser stores the user as given.
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
	// TellPayment records that the reply shows the outcome.
	TellPayment struct{ ID tx.ID }
	// PromisePayment records that the reply promises the outcome by SMS.
	PromisePayment struct{ ID tx.ID }
)

func (SaveUser) effect()       {}
func (DropUser) effect()       {}
func (NewPayment) effect()     {}
func (AbandonPayment) effect() {}
func (SubmitPayment) effect()  {}
func (SettlePayment) effect()  {}
func (TellPayment) effect()    {}
func (PromisePayment) effect() {}

// Step takes an event. It changes the session, which the caller stores with the effects of the action.
func (m *Machine) Step(f Facts, s *Session, e Event) Action {
	if f.User != nil {
		s.Language = f.User.Language
	}
	if _, ok := e.(Unavailable); ok {
		return m.unavailable(f, s)
	}
	if _, ok := e.(Dialled); ok {
		return m.dialled(f, s)
	}
	if a, ok := e.(Answer); ok && containsCarrierSign(a.Input.Reveal()) {
		return m.refuse(s, menu.StarOrHash, menu.Args{})
	}
	switch s.Prompt {
	case PromptNone:
		return m.finishDialled(f, s, e)
	case PromptLanguage, PromptName, PromptPIN, PromptPINAgain:
		return m.register(f, s, e)
	case PromptMenu:
		return m.choose(f, s, e)
	case PromptPayee, PromptAmount:
		return m.order(f, s, e)
	case PromptConfirm:
		return m.pay(f, s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
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
	action := m.refuse(s, menu.Unreachable, menu.Args{})
	action.Effects = effects
	if p := find(f.Payments, s.Payment); p != nil {
		return m.truthful(s, *p, action)
	}
	return action
}

// text fills in a text in the session's language.
func (m *Machine) text(s *Session, key menu.Key, args menu.Args) string {
	args.Dial, args.Asset = m.dial, m.asset.Code
	return m.book.Text(s.Language, key, args)
}

// money writes an amount with its asset.
func (m *Machine) money(a amount.Amount) string { return a.Grouped(m.asset.Scale) + " " + m.asset.Code }

// payeeName is how a payee is called in texts: by short name, or by account number.
func (m *Machine) payeeName(s *Session, payee Payee) string {
	if payee.Name != "" {
		return ShortName(payee.Name)
	}
	return m.text(s, menu.AccountLabel, menu.Args{Account: payee.Number.Text()})
}

// prompt shows a screen and waits for an answer.
func (m *Machine) prompt(s *Session, next Prompt, key menu.Key, args menu.Args) Action {
	s.Prompt = next
	return Action{Reply: &Reply{Text: fit(m.text(s, key, args))}}
}

// end shows the last screen.
func (m *Machine) end(s *Session, key menu.Key, args menu.Args) Action {
	s.Prompt, s.FirstPIN = PromptEnded, nil
	return Action{Reply: &Reply{Text: fit(m.text(s, key, args)), End: true}}
}

// refuse ends a session because of what the person asked for. Nothing was moved.
func (m *Machine) refuse(s *Session, key menu.Key, args menu.Args) Action {
	return m.end(s, key, args)
}

// refuseForm refuses an answer that cannot be read. When the turn brought several answers where one was asked for, the
// star between them is the reason.
func (m *Machine) refuseForm(s *Session, a Answer, key menu.Key) Action {
	if a.Joined {
		key = menu.StarOrHash
	}
	return m.refuse(s, key, menu.Args{})
}

// screenPrefix is what every aggregator's reply begins with, "CON " or "END "; it counts.
const screenPrefix = 4

// fit cuts what no test foresaw, such as a balance of a hundred trillion.
func fit(text string) string { return gsm7.Truncate(text, gsm7.ScreenSeptets-screenPrefix) }

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

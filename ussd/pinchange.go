package ussd

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// A new PIN. Who knows the old one types it first. Who forgot it waits a day, in which the phone is told and everybody who has it, or
// knows the old PIN, can stop it: a thief has to keep a stolen phone for that long, unnoticed.

// PINReset is the wish for a new PIN of somebody who forgot the old one.
type PINReset struct {
	// FromUnixMs to UntilUnixMs is when the new one can be chosen.
	FromUnixMs  uint64 `json:"from_unix_ms"`
	UntilUnixMs uint64 `json:"until_unix_ms"`
}

const (
	promptOldPIN      Prompt = "pinchange/pin"
	promptResetOffer  Prompt = "pinreset/offer"
	promptResetWait   Prompt = "pinreset/wait"
	promptResetAgain  Prompt = "pinreset/again"
	promptResetNew    Prompt = "pinreset/choose"
	promptChangeNew   Prompt = "pinchange/choose"
	promptChangeAgain Prompt = "pinchange/again"
)

// resetOpen is how long a new PIN can be chosen once the delay is over.
const resetOpen = uint64(24 * time.Hour / time.Millisecond)

// AskPINRecord asks for the record of a new PIN.
type AskPINRecord struct {
	Account tx.AccountID
	PIN     pin.Secret
}

// PINRecorded answers AskPINRecord.
type PINRecorded struct{ Record pin.Record }

func (PINRecorded) event() {}

func (a AskPINRecord) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	record, err := s.hash(ctx, f, a.Account, a.PIN)
	return PINRecorded{record}, err
}

// TellUser sends an SMS to the user.
type TellUser struct {
	Phone Phone
	// Reference is unique to what is told.
	Reference, Text string
}

func (e TellUser) apply(s *Service, w Writer, nowUnixMs uint64) error {
	return s.outbox.Enqueue(w, Message{Reference: e.Reference, To: e.Phone, Text: e.Text}, nowUnixMs)
}

func pinChangeFlow() flow {
	return flow{show: (*Machine).showPIN, take: (*Machine).takePIN, enter: func(m *Machine, f Facts, s *Session) Action {
		if f.User.Attempts.Stopped(f.NowUnixMs) {
			return m.stopped(f, s, *f.User)
		}
		return m.goTo(f, s, promptOldPIN)
	}}
}

func pinResetFlow() flow {
	return flow{show: (*Machine).showPIN, take: (*Machine).takePIN, enter: func(m *Machine, f Facts, s *Session) Action {
		switch r := f.User.Reset; {
		case r == nil || f.NowUnixMs >= r.UntilUnixMs:
			return m.goTo(f, s, promptResetOffer)
		case f.NowUnixMs < r.FromUnixMs:
			return m.goTo(f, s, promptResetWait)
		}
		return m.goTo(f, s, promptResetNew)
	}}
}

func (m *Machine) showPIN(f Facts, s *Session) Action {
	switch s.Prompt {
	case promptOldPIN:
		return m.ask(s, menu.PINOld, menu.Args{})
	case promptResetOffer:
		return m.ask(s, menu.ResetOffer, menu.Args{Hours: hours(m.resetDelay)})
	case promptResetWait:
		if f.User.Reset == nil {
			return m.goHome(f, s, m.text(s, menu.LineResetStopped, menu.Args{}))
		}
		at, later := m.clock(f.User.Reset.FromUnixMs, f.NowUnixMs)
		key := menu.ResetWaitToday
		if later {
			key = menu.ResetWaitTomorrow
		}
		return m.ask(s, key, menu.Args{Time: at})
	case promptChangeAgain, promptResetAgain:
		return m.ask(s, menu.RegisterPINAgain, menu.Args{})
	}
	return m.ask(s, menu.RegisterPIN, menu.Args{})
}

func (m *Machine) takePIN(f Facts, s *Session, e Event) Action {
	switch e := e.(type) {
	case PINCompared:
		if !e.Right {
			return m.wrongPIN(f, s)
		}
		action := m.goTo(f, s, promptChangeNew)
		// "0" behind it leads to the menu: the old PIN is not asked for twice.
		s.Trail = s.Trail[:max(len(s.Trail)-1, 0)]
		action.Effects = []Effect{SaveUser{f.User.proved(e)}}
		return action
	case PINRecorded:
		user := *f.User
		user.PIN, user.Attempts, user.Reset = e.Record, pin.Attempts{}, nil
		text := m.text(s, menu.SMSPINChanged, menu.Args{})
		action := m.end(s, menu.PINChanged, menu.Args{})
		action.Effects = []Effect{SaveUser{user}, TellUser{Phone: s.Phone, Text: text, Reference: "pin/" + e.Record.Fingerprint()}}
		return action
	case Answer:
		return m.answerPIN(f, s, e)
	}
	return m.end(s, menu.DialAgain, menu.Args{})
}

// choosing tells whether a new PIN can be chosen now.
func (r *PINReset) choosing(nowUnixMs uint64) bool {
	return r != nil && r.FromUnixMs <= nowUnixMs && nowUnixMs < r.UntilUnixMs
}

func (m *Machine) answerPIN(f Facts, s *Session, a Answer) Action {
	if (s.Prompt == promptResetNew || s.Prompt == promptResetAgain) && !f.User.Reset.choosing(f.NowUnixMs) {
		// It was stopped in another session since this one began, or its time is over.
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch s.Prompt {
	case promptOldPIN:
		if trim(a.Input) == "0" {
			return m.goBack(f, s)
		}
		return m.typePIN(f, s, a)
	case promptResetOffer:
		if trim(a.Input) != "1" {
			return m.againForm(s, a, menu.ChoiceUnknown)
		}
		user := *f.User
		user.Reset = &PINReset{FromUnixMs: f.NowUnixMs + uint64(m.resetDelay.Milliseconds())}
		user.Reset.UntilUnixMs = user.Reset.FromUnixMs + resetOpen
		action := m.end(s, menu.ResetBegun, menu.Args{Hours: hours(m.resetDelay)})
		action.Effects = []Effect{SaveUser{user}, TellUser{Phone: s.Phone, Reference: "pin-reset/" + f.Turn.text(),
			Text: m.text(s, menu.SMSResetBegun, menu.Args{Hours: hours(m.resetDelay)})}}
		return action
	case promptResetWait:
		if trim(a.Input) != "1" {
			return m.againForm(s, a, menu.ChoiceUnknown)
		}
		user := *f.User
		user.Reset = nil
		return m.goHome(f, s, m.text(s, menu.LineResetStopped, menu.Args{}), SaveUser{user})
	case promptChangeNew, promptResetNew:
		if refusal := m.choosePIN(f, s, a); refusal != nil {
			return *refusal
		}
		if s.Prompt == promptResetNew {
			return m.goTo(f, s, promptResetAgain)
		}
		return m.goTo(f, s, promptChangeAgain)
	}
	if len(a.Rest) > 0 {
		return m.again(s, menu.StarOrHash, menu.Args{})
	}
	if s.FirstPIN == nil || *s.FirstPIN != f.Digest("pin", a.Input.Reveal()) {
		// Which of the two was meant is not known: both are asked for again.
		last := len(s.Trail) - 1
		if last < 0 {
			return m.end(s, menu.DialAgain, menu.Args{})
		}
		s.Prompt, s.Trail = s.Trail[last], s.Trail[:last]
		return m.againForm(s, a, menu.PINsDiffer)
	}
	return Action{Ask: AskPINRecord{f.User.Account, a.Input}}
}

package ussd

import (
	"context"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// A number that moves away without this provider: its user is told, and can stop it, once. When it is gone, so is the user: nothing of the
// account is kept here but what was already shown.

// Leaving is a move away that waits.
type Leaving struct {
	To        string `json:"to"`
	DueUnixMs uint64 `json:"due_unix_ms"`
	// Stopped says that it was held up: that happens once. Wished says that the user does not want to be asked about it again.
	Stopped bool `json:"stopped,omitempty"`
	Wished  bool `json:"wished,omitempty"`
}

// KindStopMove holds a move up.
const KindStopMove Kind = "move_stop"

var stopMoveKind = kind{
	confirm: menu.StopConfirm, done: menu.StopDone, processing: menu.StopProcessing, busy: menu.StopProcessing,
	lineDone: menu.LineStopDone, lineProcessing: menu.LineStopProcessing, lineNotMade: menu.LineStopNotMade,
	notMade: menu.StopNotMade, smsNotMade: menu.SMSStopNotMade, plain: true,
	settled: func(_ *Service, w Writer, p Payment, _ uint64) error {
		user, err := getUser(w, p.Payer)
		if err != nil || user == nil || user.Leaving == nil || p.Outcome.Code != OutcomeOK {
			return err
		}
		leaving := *user.Leaving
		leaving.Stopped = true
		user.Leaving = &leaving
		return putUser(w, *user)
	},
}

const promptLeaving Prompt = "leaving/offer"

func leavingFlow() flow {
	return flow{show: (*Machine).showLeaving, take: (*Machine).takeLeaving}
}

// asksToStop tells whether the first screen asks about a move away.
func (f Facts) asksToStop() bool {
	l := f.User.Leaving
	return l != nil && !l.Stopped && !l.Wished && f.NowUnixMs < l.DueUnixMs
}

func (m *Machine) showLeaving(f Facts, s *Session) Action {
	l := f.User.Leaving
	if l == nil {
		return m.mainMenu(f, s, nil)
	}
	date, at := m.moment(l.DueUnixMs)
	return m.ask(s, menu.LeavingOffer, menu.Args{Other: l.To, Date: date, Time: at})
}

func (m *Machine) takeLeaving(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	a, ok := e.(Answer)
	if !ok || f.User.Leaving == nil {
		return m.end(s, menu.DialAgain, menu.Args{})
	}
	switch trim(a.Input) {
	case "1":
		return m.propose(f, s, Order{Kind: KindStopMove, Payee: Payee{Phone: s.Phone}, Rival: f.User.Leaving.To})
	case "2":
		user, leaving := *f.User, *f.User.Leaving
		leaving.Wished = true
		user.Leaving = &leaving
		action := m.mainMenu(f, s, nil)
		action.Effects = append([]Effect{SaveUser{user}}, action.Effects...)
		return action
	}
	return m.againForm(s, a, menu.ChoiceUnknown)
}

// MoveStep says what a leaf did to a move or a grant.
type MoveStep uint8

// The steps.
const (
	// MoveBegan: it waits, or was made at once.
	MoveBegan MoveStep = iota + 1
	// MoveStopped: it was held up, or taken back.
	MoveStopped
	// MoveConfirmed: after a hold-up it goes on.
	MoveConfirmed
	// MoveEnded: its time came, and it was made or lapsed.
	MoveEnded
	// GrantRevoked: this provider's grant was taken back.
	GrantRevoked
)

// MoveNotice is a notice that something became of a move of an account. What, is read from the ledger before it is taken.
type MoveNotice struct {
	Step    MoveStep
	Account tx.AccountID

	// home is where the number is by now, granted whether this provider may still pay from the account.
	home    Home
	granted bool
	looked  bool
}

func (n MoveNotice) accounts() []tx.AccountID { return nil }

func (n MoveNotice) found(r Reader) (bool, error) {
	phone, err := n.phone(r)
	return phone != "", err
}

// phone is the user's or the arrival's.
func (n MoveNotice) phone(r Reader) (Phone, error) {
	user, err := userOf(r, n.Account)
	if err != nil || user != nil {
		if user != nil {
			return user.Phone, err
		}
		return "", err
	}
	arrival, err := arrivalOf(r, n.Account)
	if err != nil || arrival == nil {
		return "", err
	}
	return arrival.Phone, nil
}

// look reads from the ledger where the number is. It may be further than the leaf: what comes later says nothing new then.
func (n MoveNotice) look(ctx context.Context, s *Service) (Notice, error) {
	var phone Phone
	err := s.store.View(ctx, func(r Reader) (err error) {
		phone, err = n.phone(r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: find whose move it is: %w", errStore, err)
	}
	if phone == "" {
		return n, nil
	}
	if n.home, err = s.ledger.Home(ctx, phone); err != nil {
		return nil, err
	}
	if n.home.Account == n.Account {
		n.granted, n.looked = n.home.Ours, true // As more than one validator says: it decides whether a user stays one.
		return n, nil
	}
	switch _, err = s.ledger.Limits(ctx, n.Account); {
	case err == nil:
		n.granted = true
	case !errors.Is(err, ErrNotGranted):
		return nil, err
	}
	n.looked = true
	return n, nil
}

func (n MoveNotice) take(s *Service, w Writer, at noticed) error {
	if !n.looked {
		return nil
	}
	user, err := userOf(w, n.Account)
	if err != nil {
		return err
	}
	if user != nil {
		return n.tellUser(s, w, at, *user)
	}
	arrival, err := arrivalOf(w, n.Account)
	if err != nil || arrival == nil {
		return err
	}
	return n.tellArrival(s, w, at, *arrival)
}

// tellUser is what a user here is told: the number is moving away, or has moved.
func (n MoveNotice) tellUser(s *Service, w Writer, at noticed, user User) error {
	session := Session{Language: user.Language}
	move := n.home.Move
	away := move != nil && !move.Ours && n.home.Account == user.Account
	switch {
	case !n.granted:
		if err := dropUser(w, user); err != nil {
			return err
		}
		args := menu.Args{Other: s.machine.rivalName(&session, n.home.Provider), Away: n.home.Provider.Dial}
		if args.Away == "" {
			return nil // Nobody serves the account now, or the provider cannot be dialled: whoever ended the grant knows.
		}
		return s.notify(w, at.reference+"/left", user.Phone, s.machine.text(&session, menu.SMSLeft, args))
	case !away:
		if user.Leaving == nil {
			return nil
		}
		user.Leaving = nil
		return putUser(w, user)
	}
	leaving := Leaving{To: s.machine.rivalName(&session, move.To), DueUnixMs: move.DueUnixMs, Stopped: move.Stopped}
	if user.Leaving != nil {
		leaving.Wished = user.Leaving.Wished
	}
	user.Leaving = &leaving
	if err := putUser(w, user); err != nil {
		return err
	}
	date, clock := s.machine.moment(leaving.DueUnixMs)
	args := menu.Args{Other: leaving.To, Date: date, Time: clock}
	switch {
	case n.Step == MoveBegan && !move.Stopped:
		return s.notify(w, at.reference+"/leaving", user.Phone, s.machine.text(&session, menu.SMSLeaving, args))
	case n.Step == MoveConfirmed:
		return s.notify(w, at.reference+"/leaving", user.Phone, s.machine.text(&session, menu.SMSLeavingConfirmed, args))
	}
	return nil
}

// tellArrival is what a person is told who moves here.
func (n MoveNotice) tellArrival(s *Service, w Writer, at noticed, arrival Arrival) error {
	session := Session{Language: arrival.Language}
	args := menu.Args{Other: arrival.From}
	if arrival.From == "" {
		args.Other = s.machine.text(&session, menu.AnotherProvider, menu.Args{})
	}
	move := n.home.Move
	switch {
	case n.home.Ours && n.home.Account == arrival.Account:
		p, err := getPayment(w, arrival.Payment)
		if err != nil {
			return err
		}
		if n.Step == MoveBegan && (p == nil || !p.Promised) {
			return nil // The person is choosing a PIN.
		}
		return s.notify(w, "arrival/"+arrival.Payment.String()+"/here", arrival.Phone, s.machine.text(&session, menu.SMSArrived, menu.Args{}))
	case n.Step == MoveStopped && move != nil && move.Ours && move.Held:
		return s.notify(w, at.reference+"/held", arrival.Phone, s.machine.text(&session, menu.SMSMoveHeld, args))
	case n.Step == MoveConfirmed && move != nil && move.Ours, n.Step == MoveBegan && move != nil && move.Ours:
		p, err := getPayment(w, arrival.Payment)
		if err != nil || p == nil || !p.Promised {
			return err
		}
		date, clock := s.machine.moment(move.DueUnixMs)
		return s.notify(w, at.reference+"/moving", arrival.Phone, s.machine.text(&session, menu.SMSMovingHere, menu.Args{Date: date, Time: clock}))
	case n.Step == MoveEnded, n.Step == MoveStopped && move == nil:
		return s.notify(w, at.reference+"/lapsed", arrival.Phone, s.machine.text(&session, menu.SMSMoveLapsed, args))
	}
	return nil
}

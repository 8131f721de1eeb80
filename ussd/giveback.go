package ussd

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Giving back: somebody says that a payment went to the wrong number. The payee gives all of it back, with the PIN, or keeps it. A payment
// is asked back once; the ledger bounds all its returns together by what was paid.

// KindReturn gives back a payment, as the payee's consent.
const KindReturn Kind = "return"

var returnKind = kind{
	confirm: menu.BackConfirm, done: menu.BackDone, processing: menu.BackProcessing, busy: menu.BackProcessing, lineDone: menu.LineBackDone,
	lineProcessing: menu.LineBackProcessing, lineNotMade: menu.LineBackNotMade, notMade: menu.BackNotMade, smsNotMade: menu.SMSBackNotMade,
	spends: true, short: menu.BackShort, refused: map[OutcomeCode]menu.Key{OutcomeReturned: menu.BackTooLate},
}

const (
	// askedFor is how long the payee is asked.
	askedFor = uint64(7 * 24 * time.Hour / time.Millisecond)
	// askKept is how long a payment is not asked back a second time: past it no list offers it.
	askKept = uint64(365 * 24 * time.Hour / time.Millisecond)
	// maxAsks bounds what one phone asks for at once, and what one is asked.
	maxAsks = 4
)

// AskState says how far a ReturnAsk has come.
type AskState string

// The states. An ask is open until it is answered or its time is over.
const (
	AskOpen     AskState = "open"
	AskKept     AskState = "kept"
	AskReturned AskState = "returned"
)

// ReturnAsk is a payment that its payer asks back. Payer and payee are users of this gateway.
type ReturnAsk struct {
	Movement Movement `json:"movement"`
	// Payer asks. PayerPhone is where the answer goes.
	Payer      Payee `json:"payer"`
	PayerPhone Phone `json:"payer_phone"`
	// Payee is asked; PayeeAs is how the payer knows the payee.
	Payee         Phone         `json:"payee"`
	PayeeAs       Payee         `json:"payee_as"`
	Amount        amount.Amount `json:"amount"`
	Code          string        `json:"code"`
	PaidAtUnixMs  uint64        `json:"paid_at_unix_ms"`
	AskedAtUnixMs uint64        `json:"asked_at_unix_ms"`
	EndsAtUnixMs  uint64        `json:"ends_at_unix_ms"`
	State         AskState      `json:"state"`
}

// Keys: the record by the movement; what a phone is asked, and what it asks, while it is open.
func askKey(m Movement) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte("giveback/"), m.Leaf), m.Position)
}

func askListKey(list string, phone Phone, m Movement) []byte {
	return append(phonePrefix(list, phone), askKey(m)...)
}

const (
	askedList  = "giveback-asked"
	askingList = "giveback-asking"
)

// asksOf reads what a phone is asked to give back, the oldest first.
func asksOf(r Reader, phone Phone, nowUnixMs uint64) ([]ReturnAsk, error) {
	return listAsks(r, askedList, phone, nowUnixMs)
}

func listAsks(r Reader, list string, phone Phone, nowUnixMs uint64) ([]ReturnAsk, error) {
	var keys [][]byte
	err := r.Scan(phonePrefix(list, phone), nil, maxAsks, func(_, value []byte) error {
		keys = append(keys, value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var asks []ReturnAsk
	for _, key := range keys {
		ask, err := get[ReturnAsk](r, key)
		if err != nil {
			return nil, err
		}
		if ask != nil && ask.State == AskOpen && nowUnixMs < ask.EndsAtUnixMs {
			asks = append(asks, *ask)
		}
	}
	return asks, nil
}

// find looks for the payee here, and for what was asked before.
func (a AskReturnable) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	line := a.Line
	answer := ReturnableAnswered{Ask: ReturnAsk{
		Movement: Movement{line.Leaf, line.Position}, Payer: Payee{Account: f.User.Account, Number: f.User.Number, Name: f.User.Name},
		PayerPhone: a.Phone, PayeeAs: line.other(), Amount: line.Amount, Code: line.ReceiptCode, PaidAtUnixMs: line.TimeUnixMs, State: AskOpen,
	}}
	err := s.store.View(ctx, func(r Reader) error {
		payee, err := userOf(r, line.Other)
		if err != nil || payee == nil {
			answer.Elsewhere = payee == nil
			return err
		}
		answer.Ask.Payee = payee.Phone
		before, err := get[ReturnAsk](r, askKey(answer.Ask.Movement))
		if err != nil {
			return err
		}
		asking, err := listAsks(r, askingList, a.Phone, f.NowUnixMs)
		if err != nil {
			return err
		}
		asked, err := listAsks(r, askedList, payee.Phone, f.NowUnixMs)
		answer.Already, answer.Many = before != nil, len(asking) >= maxAsks || len(asked) >= maxAsks
		return err
	})
	return answer, err
}

// SaveReturnAsk asks the payee, once.
type SaveReturnAsk struct{ Ask ReturnAsk }

func (e SaveReturnAsk) apply(s *Service, w Writer, nowUnixMs uint64) error {
	ask, key := e.Ask, askKey(e.Ask.Movement)
	before, err := get[ReturnAsk](w, key)
	if err != nil || before != nil {
		return err
	}
	if err := put(w, key, ask); err != nil {
		return err
	}
	lists := [][]byte{askListKey(askedList, ask.Payee, ask.Movement), askListKey(askingList, ask.PayerPhone, ask.Movement)}
	for _, list := range lists {
		if err := w.Set(list, key); err != nil {
			return err
		}
	}
	if err := errors.Join(forgetAt(w, ask.EndsAtUnixMs, lists...), forgetAt(w, nowUnixMs+askKept, key)); err != nil {
		return err
	}
	return s.tellAsk(w, ask, ask.Payee, menu.SMSAskedBack, ask.Payer)
}

// AnswerReturnAsk records that the payee keeps the money.
type AnswerReturnAsk struct{ Movement Movement }

func (e AnswerReturnAsk) apply(s *Service, w Writer, _ uint64) error {
	ask, err := endAsk(w, e.Movement, AskKept)
	if err != nil || ask == nil {
		return err
	}
	return s.tellAsk(w, *ask, ask.PayerPhone, menu.SMSKeptBack, ask.PayeeAs)
}

// endAsk records an answer; nil when there is no open ask.
func endAsk(w Writer, m Movement, state AskState) (*ReturnAsk, error) {
	ask, err := get[ReturnAsk](w, askKey(m))
	if err != nil || ask == nil || ask.State != AskOpen {
		return nil, err
	}
	ask.State = state
	err = errors.Join(put(w, askKey(m), ask), w.Delete(askListKey(askedList, ask.Payee, m)), w.Delete(askListKey(askingList, ask.PayerPhone, m)))
	return ask, err
}

// tellAsk sends an SMS about an ask to one side; other is who it is about.
func (s *Service) tellAsk(w Writer, ask ReturnAsk, to Phone, key menu.Key, other Payee) error {
	user, err := getUser(w, to)
	if err != nil || user == nil {
		return err
	}
	session := Session{Language: user.Language}
	text := s.machine.text(&session, key, menu.Args{Amount: s.machine.money(ask.Amount), Name: s.machine.payeeName(&session, other),
		Code: ask.Code, Date: s.machine.day(ask.PaidAtUnixMs)})
	reference := "giveback/" + ask.Code + "/" + string(key)
	return s.notify(w, reference, to, text)
}

func givebackFlow() flow {
	return flow{show: (*Machine).showGiveback, take: (*Machine).takeGiveback, enter: func(m *Machine, f Facts, s *Session) Action {
		s.Draft.Back = m.firstAsk(f)
		return m.goTo(f, s, promptGiveback)
	}}
}

const promptGiveback Prompt = "giveback/one"

// firstAsk is the oldest ask that is not being answered.
func (m *Machine) firstAsk(f Facts) *ReturnAsk {
	for i := range f.Asks {
		ask := &f.Asks[i]
		answering := newest(f.Payments, func(p Payment) bool {
			return p.Order.Kind == KindReturn && p.Order.Leaf == ask.Movement.Leaf && p.Order.Position == ask.Movement.Position &&
				(p.Stage == StageSubmitted || p.Stage == StageSettled && p.Outcome.Code == OutcomeOK)
		})
		if answering == nil {
			return ask
		}
	}
	return nil
}

func (m *Machine) showGiveback(f Facts, s *Session) Action {
	ask := s.Draft.Back
	if ask == nil {
		return m.mainMenu(f, s, nil)
	}
	return m.ask(s, menu.BackAsked, menu.Args{Amount: m.money(ask.Amount), Name: m.payeeName(s, ask.Payer), Date: m.day(ask.PaidAtUnixMs)})
}

func (m *Machine) takeGiveback(f Facts, s *Session, e Event) Action {
	if action, ok := m.offered(f, s, e); ok {
		return action
	}
	a, ok := e.(Answer)
	ask := s.Draft.Back
	switch {
	case !ok || ask == nil:
		return m.end(s, menu.DialAgain, menu.Args{})
	case trim(a.Input) == "1" && f.User.Attempts.Stopped(f.NowUnixMs):
		return m.stopped(f, s, *f.User)
	case trim(a.Input) == "1":
		return m.propose(f, s, Order{Kind: KindReturn, Payee: ask.Payer, Amount: ask.Amount, Leaf: ask.Movement.Leaf, Position: ask.Movement.Position})
	case trim(a.Input) == "2":
		action := m.end(s, menu.BackKept, menu.Args{Amount: m.money(ask.Amount), Name: m.payeeName(s, ask.Payer)})
		action.Effects = []Effect{AnswerReturnAsk{ask.Movement}}
		return action
	}
	return m.againForm(s, a, menu.ChoiceUnknown)
}

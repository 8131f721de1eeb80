package ussdtest

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// The delays of moves.
const (
	MoveDelay = 24 * time.Hour
	holdUp    = 24 * time.Hour
	lapse     = 7 * 24 * time.Hour
)

// The other providers.
var (
	Tumaini = ussd.Provider{Account: tx.AccountID{2}, Name: "Tumaini", Dial: "*384*3060#", Key: public(2)}
	Nyota   = ussd.Provider{Account: tx.AccountID{3}, Name: "Nyota", Dial: "*384*4070#", Key: public(3)}
)

// consenting signs for an old provider.
var consenting = public(9)

// public is a key of a test.
func public(n byte) key.Public {
	k, err := key.NewPrivate([32]byte{31: n})
	if err != nil {
		panic(err)
	}
	return k.Public()
}

// Home implements ussd.Ledger.
func (l *Ledger) Home(ctx context.Context, phone ussd.Phone) (ussd.Home, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Home{}, err
	}
	a := l.phones[phone]
	if a == nil {
		return ussd.Home{}, nil
	}
	h := ussd.Home{Account: a.id, Number: a.number, Name: a.name, Attested: !a.provisional, Ours: !a.revoked, Provider: a.provider}
	if a.provider.Key != (key.Public{}) {
		h.Grantees = []key.Public{a.provider.Key}
	}
	if a.move != nil {
		move := *a.move
		h.Move = &move
	}
	return h, nil
}

// Rivals implements ussd.Ledger.
func (l *Ledger) Rivals(ctx context.Context, id tx.AccountID) (ussd.Rates, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil || l.alone {
		return ussd.Rates{}, err
	}
	sample := amount.Amount(100_00)
	if l.find(id).spent > 0 {
		sample = 0
	}
	return ussd.Rates{Rivals: []ussd.Rival{{Provider: Tumaini, Fee: 50}, {Provider: Nyota, Fee: 2_00}}, Own: Fee, Sample: sample}, nil
}

// Recent implements ussd.Ledger.
func (l *Ledger) Recent(ctx context.Context, id tx.AccountID) ([]ussd.FinalLeaf, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return nil, err
	}
	var found []ussd.FinalLeaf
	for _, e := range l.history {
		for _, n := range e.leaf.Notices {
			if made, ok := n.(ussd.RequestMade); ok && (made.Credit == id || made.Debit == id) {
				found = append(found, e.leaf)
			}
		}
	}
	return found, nil
}

// Alone takes the other providers away.
func (l *Ledger) Alone() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.alone = true
}

// Serve has another provider serve a phone's account.
func (l *Ledger) Serve(phone ussd.Phone, p ussd.Provider) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.phones[phone]
	a.provider, a.revoked = p, true
}

// Consent says whether old providers sign moves.
func (l *Ledger) Consent(given bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.consents = given
}

// MoveAway begins a move of a phone's number to another provider.
func (l *Ledger) MoveAway(phone ussd.Phone, to ussd.Provider) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phones[phone].move = &ussd.Move{To: to, DueUnixMs: uint64(time.Now().Add(MoveDelay).UnixMilli())}
	l.noticeMove(ussd.MoveBegan, l.phones[phone])
}

// MoveAtOnce moves a phone's number to another provider.
func (l *Ledger) MoveAtOnce(phone ussd.Phone, to ussd.Provider) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.phones[phone]
	a.provider, a.revoked = to, true
	l.noticeMove(ussd.MoveBegan, a)
}

// Hold holds the move of a phone's number up, as its old provider does.
func (l *Ledger) Hold(phone ussd.Phone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold(l.phones[phone])
}

// ConfirmMove confirms a move that was held up, as the new provider does with codes.
func (l *Ledger) ConfirmMove(phone ussd.Phone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirm(l.phones[phone])
}

// Due does what is due: moves complete, or lapse.
func (l *Ledger) Due() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.accounts {
		if a.move == nil || uint64(time.Now().UnixMilli()) < a.move.DueUnixMs {
			continue
		}
		move := *a.move
		a.move = nil
		if !move.Held {
			l.complete(a, move)
		}
		l.noticeMove(ussd.MoveEnded, a)
	}
}

func (l *Ledger) complete(a *account, m ussd.Move) {
	a.provider, a.revoked = m.To, !m.Ours
}

func (l *Ledger) hold(a *account) bool {
	if a.move == nil || a.move.Stopped {
		return false
	}
	until := max(a.move.DueUnixMs, uint64(time.Now().Add(holdUp).UnixMilli()))
	a.held = until
	a.move.Held, a.move.Stopped, a.move.DueUnixMs = true, true, until+uint64(lapse.Milliseconds())
	l.noticeMove(ussd.MoveStopped, a)
	return true
}

func (l *Ledger) confirm(a *account) bool {
	if a.move == nil || !a.move.Held {
		return false
	}
	a.move.Held, a.move.DueUnixMs = false, a.held
	l.noticeMove(ussd.MoveConfirmed, a)
	return true
}

func (l *Ledger) noticeMove(step ussd.MoveStep, a *account) {
	l.append(entry{leaf: ussd.FinalLeaf{Notices: []ussd.Notice{ussd.MoveNotice{Step: step, Account: a.id}}}})
}

// vouched tells of the kinds that attestors sign.
func vouched(k ussd.Kind) bool {
	return k == ussd.KindAttest || k == ussd.KindMove || k == ussd.KindConfirmMove
}

// prepareVouched prepares what attestors sign.
func (l *Ledger) prepareVouched(o ussd.Order) (ussd.Offer, error) {
	prepared, err := l.prepare(body{Expires: o.ExpiresAtUnixMs, Order: &o})
	if o.Kind == ussd.KindMove && l.consents {
		prepared.Signatures = []tx.Signature{{Signer: consenting}}
	}
	return ussd.Offer{Prepared: prepared, Attestors: 2}, err
}

// moveRule applies what numbers and moves are about.
func (l *Ledger) moveRule(o ussd.Order, signatures []tx.Signature) ussd.Outcome {
	consent, attestors := false, 0
	for _, s := range signatures {
		if s.Signer == consenting {
			consent = true
		} else {
			attestors++
		}
	}
	if vouched(o.Kind) && attestors < 2 {
		panic("ussdtest: submitted with too few signatures")
	}
	a := l.find(o.Payer)
	ok, refused := ussd.Outcome{Code: ussd.OutcomeOK}, ussd.Outcome{Code: ussd.OutcomeRefused}
	switch o.Kind {
	case ussd.KindAttest:
		if bound := l.phones[o.Payee.Phone]; bound != nil && bound != a && !bound.provisional {
			return ussd.Outcome{Code: ussd.OutcomeAliasTaken}
		}
		l.phones[o.Payee.Phone], a.provisional = a, false
		l.append(entry{})
	case ussd.KindMove:
		switch {
		case a.provisional || a.move != nil:
			return refused
		case consent:
			l.complete(a, ussd.Move{Ours: true})
		default:
			a.move = &ussd.Move{Ours: true, DueUnixMs: uint64(time.Now().Add(MoveDelay).UnixMilli())}
		}
		l.noticeMove(ussd.MoveBegan, a)
	case ussd.KindConfirmMove:
		if !l.confirm(a) {
			return refused
		}
	case ussd.KindStopMove:
		if !l.hold(a) {
			return refused
		}
	}
	return ok
}

// Moves counts the moves of an account that began.
func (l *Ledger) Moves(id tx.AccountID) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.history {
		for _, n := range e.leaf.Notices {
			if m, ok := n.(ussd.MoveNotice); ok && m.Step == ussd.MoveBegan && m.Account == id {
				count++
			}
		}
	}
	return count
}

package ussdtest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// Mood is how a Ledger behaves.
type Mood string

// The moods.
const (
	// Well answers.
	Well Mood = "well"
	// Down refuses every call: nothing can be reached.
	Down Mood = "down"
	// Deaf takes calls and never hears of them: a submission is lost, and its caller waits.
	Deaf Mood = "deaf"
	// Mute applies what is submitted and never answers.
	Mute Mood = "mute"
	// Busy answers what is asked and takes nothing that is submitted.
	Busy Mood = "busy"
	// Slow takes what is submitted and keeps it open until it is well again and has it once more, or until Resolve.
	Slow Mood = "slow"
)

var errDown = errors.New("ussdtest: ledger is down")

// The fee and the caps of every account, in minor units.
const (
	Fee            amount.Amount = 1_00
	CapTransaction amount.Amount = 5_000_00
	CapDay         amount.Amount = 8_000_00
)

// Ledger is a ussd.Ledger in memory.
type Ledger struct {
	mu       sync.Mutex
	mood     Mood
	accounts []*account
	phones   map[ussd.Phone]*account
	prepared int
	// applied holds the outcome of every transaction that was applied or refused.
	applied map[tx.ID]ussd.Outcome
	// refusal is what the next transaction ends with; OutcomeUnknown leaves it to the rules.
	refusal ussd.OutcomeCode
	history []entry
	// requests are those that are open.
	requests map[tx.RequestID]ussd.RequestMade
	// holds are those that wait, returned the movements that were given back.
	holds    map[tx.HoldID]*hold
	returned map[ussd.Movement]bool
	// consents says that old providers sign moves, alone that there is no other provider.
	consents, alone bool
	// signed are payments of wallets, by their letters; taken are transactions that were taken and have no outcome.
	signed map[string]ussd.Relayed
	taken  []ussd.Prepared
	// brief says that outcomes come without the balance, distrust what becomes of the next payment of a wallet.
	brief    bool
	distrust error
	// raised is added to every cap.
	raised amount.Amount
	// watchedFrom is where the last WatchFinal began.
	watchedFrom uint64
	// changed is closed and replaced with every leaf.
	changed chan struct{}
}

type entry struct {
	leaf     ussd.FinalLeaf
	from, to *account
}

// body is what the fake signs.
type body struct {
	Nonce   int
	Expires uint64
	Open    *ussd.Registration `json:",omitempty"`
	Account tx.AccountID
	Order   *ussd.Order `json:",omitempty"`
}

// NewLedger makes a ledger whose first leaf is a header.
func NewLedger() *Ledger {
	l := &Ledger{mood: Well, phones: make(map[ussd.Phone]*account), applied: make(map[tx.ID]ussd.Outcome), requests: make(map[tx.RequestID]ussd.RequestMade), holds: make(map[tx.HoldID]*hold), returned: make(map[ussd.Movement]bool), changed: make(chan struct{}), signed: make(map[string]ussd.Relayed)}
	l.append(entry{})
	return l
}

// SetMood changes how the ledger behaves from now on.
func (l *Ledger) SetMood(m Mood) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mood = m
}

// Transfers counts the transfers that were applied.
func (l *Ledger) Transfers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := 0
	for _, e := range l.history {
		count += len(e.leaf.Transfers)
	}
	return count
}

// Prepared counts the transactions that were prepared.
func (l *Ledger) Prepared() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.prepared
}

func (l *Ledger) append(e entry) {
	e.leaf.Index, e.leaf.TimeUnixMs = uint64(len(l.history)), uint64(time.Now().UnixMilli())
	l.history = append(l.history, e)
	close(l.changed)
	l.changed = make(chan struct{})
}

// reach tells whether a call gets through.
func (l *Ledger) reach(ctx context.Context) error {
	if l.mood == Down {
		return errDown
	}
	return ctx.Err()
}

func (l *Ledger) find(id tx.AccountID) *account {
	for _, a := range l.accounts {
		if a.id == id {
			return a
		}
	}
	return nil
}

// ResolvePhone implements ussd.Ledger.
func (l *Ledger) ResolvePhone(ctx context.Context, phone ussd.Phone) (ussd.Payee, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Payee{}, err
	}
	a := l.phones[phone]
	if a == nil {
		return ussd.Payee{}, ussd.ErrPayeeUnknown
	}
	return ussd.Payee{Account: a.id, Number: a.number, Alias: sha256.Sum256([]byte(phone)), Phone: phone, Name: a.name}, nil
}

// ResolveNumber implements ussd.Ledger.
func (l *Ledger) ResolveNumber(ctx context.Context, number tx.AccountNumber) (ussd.Payee, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Payee{}, err
	}
	for _, a := range l.accounts {
		if a.number == number {
			return ussd.Payee{Account: a.id, Number: a.number}, nil
		}
	}
	return ussd.Payee{}, ussd.ErrPayeeUnknown
}

func (l *Ledger) prepare(b body) (ussd.Prepared, error) {
	l.prepared++
	b.Nonce = l.prepared
	raw, err := json.Marshal(b)
	return ussd.Prepared{ID: sha256.Sum256(raw), Body: raw, ExpiresAtUnixMs: b.Expires}, err
}

// PrepareRegistration implements ussd.Ledger.
func (l *Ledger) PrepareRegistration(ctx context.Context, r ussd.Registration) (ussd.Founding, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Founding{}, err
	}
	id := accountOf(r.Phone)
	prepared, err := l.prepare(body{Expires: uint64(time.Now().Add(ussd.PaymentLife).UnixMilli()), Open: &r, Account: id})
	return ussd.Founding{Prepared: prepared, Account: id}, err
}

// Prepare implements ussd.Ledger.
func (l *Ledger) Prepare(ctx context.Context, o ussd.Order) (ussd.Offer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Offer{}, err
	}
	if vouched(o.Kind) {
		return l.prepareVouched(o)
	}
	payer := l.find(o.Debit())
	if payer.revoked {
		return ussd.Offer{}, ussd.ErrNotGranted
	}
	if _, ok := (o.Amount + o.Commission).Add(Fee); !ok {
		return ussd.Offer{}, errors.New("amount and fee are above the largest amount") // No such transaction can be made.
	}
	prepared, err := l.prepare(body{Expires: o.ExpiresAtUnixMs, Order: &o})
	fee := Fee
	if !paysFee(o.Kind) {
		fee = 0
	}
	return ussd.Offer{Prepared: prepared, Fee: fee, Available: payer.balance, CapTransaction: CapTransaction + l.raised,
		LeftToday: CapDay + l.raised - payer.spent, Opens: opens(o, prepared.ID), Pending: l.pending(o.Payer)}, err
}

// Submit implements ussd.Ledger.
func (l *Ledger) Submit(ctx context.Context, p ussd.Prepared) (ussd.Outcome, error) {
	l.mu.Lock()
	mood := l.mood
	if err := l.reach(ctx); err != nil {
		l.mu.Unlock()
		return ussd.Outcome{}, err
	}
	brief := l.brief
	var outcome ussd.Outcome
	switch mood {
	case Deaf, Busy:
	case Slow:
		l.take(p)
	default:
		outcome = l.apply(p)
	}
	l.mu.Unlock()
	if mood == Well {
		outcome.HasBalance = outcome.HasBalance && !brief
		return outcome, nil
	}
	<-ctx.Done()
	if mood == Busy {
		return ussd.Outcome{}, fmt.Errorf("%w: %w", ussd.ErrBusy, ctx.Err())
	}
	return ussd.Outcome{}, ctx.Err()
}

// apply applies a transaction once.
func (l *Ledger) apply(p ussd.Prepared) ussd.Outcome {
	if outcome, ok := l.applied[p.ID]; ok {
		return outcome
	}
	var b body
	if err := json.Unmarshal(p.Body, &b); err != nil || sha256.Sum256(p.Body) != p.ID {
		panic("ussdtest: a body that was not prepared") // The gateway changed what it must keep.
	}
	outcome := ussd.Outcome{Code: ussd.OutcomeExpired}
	if uint64(time.Now().UnixMilli()) < b.Expires {
		outcome = l.rule(p, b)
	}
	l.applied[p.ID] = outcome
	return outcome
}

func (l *Ledger) rule(p ussd.Prepared, b body) ussd.Outcome {
	id := p.ID
	if refusal := l.refusal; refusal != ussd.OutcomeUnknown {
		l.refusal = ussd.OutcomeUnknown
		return ussd.Outcome{Code: refusal}
	}
	if b.Open != nil {
		bound := l.phones[b.Open.Phone]
		if bound != nil && !b.Open.Unbound {
			return ussd.Outcome{Code: ussd.OutcomeAliasTaken}
		}
		a := l.open(b.Open.Phone, b.Open.Name, b.Account)
		if a.provisional = true; bound != nil {
			l.phones[b.Open.Phone] = bound
		}
		l.append(entry{})
		return ussd.Outcome{Code: ussd.OutcomeOK, Number: a.number}
	}
	o := *b.Order
	switch o.Kind {
	case ussd.KindRequest, ussd.KindDecline:
		return l.request(id, o)
	case ussd.KindClose:
		l.find(o.Payer).revoked = true
		l.append(entry{})
		return ussd.Outcome{Code: ussd.OutcomeOK}
	case ussd.KindKeep, ussd.KindDelay, ussd.KindCashOut:
		return l.place(id, o)
	case ussd.KindRelease:
		return l.release(o)
	case ussd.KindClaim:
		return l.capture(id, o)
	case ussd.KindCashGive:
		return l.giveCash(id, o)
	case ussd.KindGroupOpen:
		return l.openGroup(id, o)
	case ussd.KindReturn:
		return l.giveBack(id, o)
	case ussd.KindAttest, ussd.KindMove, ussd.KindConfirmMove, ussd.KindStopMove:
		return l.moveRule(o, p.Signatures)
	}
	return l.transfer(id, o)
}

// NumberOf implements ussd.Ledger.
func (l *Ledger) NumberOf(ctx context.Context, id tx.AccountID) (tx.AccountNumber, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return 0, err
	}
	return l.find(id).number, nil
}

// Balance implements ussd.Ledger.
func (l *Ledger) Balance(ctx context.Context, id tx.AccountID) (amount.Amount, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return 0, err
	}
	return l.find(id).balance, nil
}

// Limits implements ussd.Ledger.
func (l *Ledger) Limits(ctx context.Context, id tx.AccountID) (ussd.Limits, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Limits{}, err
	}
	if l.find(id).revoked {
		return ussd.Limits{}, ussd.ErrNotGranted
	}
	return ussd.Limits{Transaction: CapTransaction + l.raised, Day: CapDay + l.raised, LeftToday: CapDay + l.raised - l.find(id).spent}, nil
}

// WatchFinal implements ussd.Ledger.
func (l *Ledger) WatchFinal(ctx context.Context, from uint64, take func(ussd.FinalLeaf) error) error {
	l.mu.Lock()
	l.watchedFrom = from
	l.mu.Unlock()
	for {
		l.mu.Lock()
		var leaves []ussd.FinalLeaf
		watched := l.mood == Well || l.mood == Busy
		if watched {
			for i := from; i < uint64(len(l.history)); i++ {
				leaves = append(leaves, l.history[i].leaf)
			}
		}
		changed := l.changed
		l.mu.Unlock()
		if !watched {
			return errDown
		}
		for _, leaf := range leaves {
			if err := take(leaf); err != nil {
				return err
			}
			from = leaf.Index + 1
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

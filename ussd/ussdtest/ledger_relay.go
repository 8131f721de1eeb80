package ussdtest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

// Signed is a message in which a wallet without data pays: its letters stand for nothing but themselves.
func (l *Ledger) Signed(from, to ussd.Phone, value amount.Amount) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	payer, payee := l.phones[from], l.phones[to]
	prepared, err := l.prepare(body{Expires: uint64(time.Now().Add(ussd.PaymentLife).UnixMilli()),
		Order: &ussd.Order{Kind: ussd.KindTransfer, Payer: payer.id, Payee: ussd.Payee{Account: payee.id}, Amount: value}})
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(prepared.Body)
	letters := strings.ToUpper(strings.Repeat(fmt.Sprintf("%x", sum), 3))[:159]
	l.signed[letters] = ussd.Relayed{ID: prepared.ID, Envelope: prepared.Body, Amount: value, Asset: ussd.Asset{Code: "KES", Scale: 2}}
	return letters
}

// Rebuild implements ussd.Ledger.
func (l *Ledger) Rebuild(ctx context.Context, text string) (ussd.Relayed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.reach(ctx); err != nil {
		return ussd.Relayed{}, err
	}
	if errors.Is(l.distrust, ussd.ErrUnsigned) {
		l.distrust = nil
		return ussd.Relayed{}, ussd.ErrUnsigned
	}
	payment, ok := l.signed[strings.ToUpper(strings.Join(strings.Fields(text), ""))]
	if !ok {
		return ussd.Relayed{}, ussd.ErrLetters
	}
	return payment, nil
}

// Relay implements ussd.Ledger.
func (l *Ledger) Relay(ctx context.Context, payment ussd.Relayed) (ussd.Outcome, error) {
	l.mu.Lock()
	err := l.distrust
	l.distrust = nil
	l.mu.Unlock()
	if err != nil {
		return ussd.Outcome{}, err
	}
	return l.Submit(ctx, ussd.Prepared{ID: payment.ID, Body: payment.Envelope})
}

// Distrust refuses the next payment of a wallet, with ErrUnsigned or ErrNotTaken.
func (l *Ledger) Distrust(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.distrust = err
}

// Brief says whether outcomes come without the balance from now on.
func (l *Ledger) Brief(brief bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.brief = brief
}

// Rival has another provider hand over a payment, which stays open until Resolve.
func (l *Ledger) Rival(from, to ussd.Phone, value amount.Amount) {
	payment := l.Signed(from, to, value)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(ussd.Prepared{ID: l.signed[payment].ID, Body: l.signed[payment].Envelope})
}

// take keeps a transaction open.
func (l *Ledger) take(p ussd.Prepared) {
	if _, known := l.applied[p.ID]; !known {
		l.taken = append(l.taken, p)
	}
}

// Resolve gives what is open its outcome.
func (l *Ledger) Resolve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.taken {
		l.apply(p)
	}
	l.taken = nil
}

// pending are the open transactions of an account.
func (l *Ledger) pending(payer tx.AccountID) (ids []tx.ID) {
	for _, p := range l.taken {
		var b body
		if err := json.Unmarshal(p.Body, &b); err == nil && b.Order != nil && b.Order.Payer == payer {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

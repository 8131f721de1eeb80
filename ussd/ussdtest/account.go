package ussdtest

import (
	"crypto/sha256"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

type account struct {
	id      tx.AccountID
	number  tx.AccountNumber
	name    string
	balance amount.Amount
	spent   amount.Amount
	// revoked says that the provider's grant was taken back.
	revoked bool
	// provisional says that no attestor has bound its number.
	provisional bool
	// provider is who else has a grant, move one of its number that waits, and held the end of its hold-up.
	provider ussd.Provider
	move     *ussd.Move
	held     uint64
}

// Open opens an account for a phone, outside of any transaction.
func (l *Ledger) Open(phone ussd.Phone, name string, balance amount.Amount) (tx.AccountID, tx.AccountNumber) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.open(phone, name, accountOf(phone))
	a.balance = balance
	return a.id, a.number
}

// Move binds a phone's alias to a new account, as a user does who changes provider.
func (l *Ledger) Move(phone ussd.Phone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open(phone, l.phones[phone].name, accountOf(phone+" moved"))
}

// BalanceOf reads a phone's balance.
func (l *Ledger) BalanceOf(phone ussd.Phone) amount.Amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.phones[phone]; a != nil {
		return a.balance
	}
	return 0
}

// Take lowers a phone's balance behind the gateway's back, as a wallet app on the same account does.
func (l *Ledger) Take(phone ussd.Phone, value amount.Amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phones[phone].balance -= value
}

// Spend lowers the balance of the account with a number, as a wallet app on it does.
func (l *Ledger) Spend(number string, value amount.Amount) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.accounts {
		if a.number.Text() == number {
			a.balance -= value
			return nil
		}
	}
	return fmt.Errorf("no account %s", number)
}

// Enrich gives a phone's account more, and raises every cap by as much.
func (l *Ledger) Enrich(phone ussd.Phone, value amount.Amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phones[phone].balance += value
	l.raised += value
}

// Revoke takes the grant on a phone's account back from the provider.
func (l *Ledger) Revoke(phone ussd.Phone) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phones[phone].revoked = true
}

func accountOf(phone ussd.Phone) tx.AccountID {
	sum := sha256.Sum256([]byte(phone))
	return tx.AccountID(sum[:16])
}

func (l *Ledger) open(phone ussd.Phone, name string, id tx.AccountID) *account {
	a := &account{id: id, number: tx.AccountNumber(1000 + len(l.accounts)), name: name}
	l.accounts = append(l.accounts, a)
	l.phones[phone] = a
	return a
}

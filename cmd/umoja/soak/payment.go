package soak

import (
	"github.com/umoja-ledger/umoja/ledger/amount"
)

// outcome is what a person knows of a payment.
type outcome string

// The outcomes. The empty one is unknown.
const (
	unknown outcome = ""
	paid    outcome = "paid"
	// refused: the PIN was wrong, as people type one in twenty times, or not taken.
	refused outcome = "wrong PIN"
	// notMade: the gateway said that it was not made.
	notMade outcome = "not made"
	// unreached: the person dialled until it was sure that the PIN never arrived.
	unreached outcome = "never arrived"
)

// way is how a person learnt the outcome.
type way string

// The ways.
const (
	atOnce   way = "at once"
	byRedial way = "by redial"
	byText   way = "late by SMS"
)

// payment is one that a person put together. Its amount is its name: no two of one person are alike.
type payment struct {
	amount amount.Amount
	// to is the place of the payee in the crew.
	to int
	// asked means that the right PIN may have left.
	asked bool
	// tried means that a PIN was sent at all.
	tried   bool
	outcome outcome
	how     way
	code    string
	// promised means that a screen promised a message, texted that it came.
	promised, texted bool
	// contradicted means that the gateway told two outcomes.
	contradicted bool
}

// open says that the person does not know.
func (p *payment) open() bool { return p.asked && p.outcome == unknown }

// learn takes what a text says. It tells whether that changed anything.
func (p *payment) learn(m meaning, s said, how way) bool {
	switch {
	case m == isOpen:
		changed := !p.promised
		p.promised = true
		return changed
	case m == isPaid:
		if p.outcome == notMade || p.outcome == paid && s.code != "" && p.code != s.code {
			p.contradicted = true
		}
		if p.outcome == paid {
			return false
		}
		p.outcome, p.how, p.code = paid, how, s.code
		return true
	case m == isNotMade:
		if p.outcome == paid {
			p.contradicted = true
		}
		if p.outcome == notMade {
			return false
		}
		p.outcome, p.how = notMade, how
		return true
	case m == isRefused && p.outcome == unknown:
		p.outcome, p.how = refused, how
		return true
	}
	return false
}

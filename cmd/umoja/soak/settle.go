package soak

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
)

const (
	// settleWithin is longer than a payment can live: ten minutes, and the time it takes to know that it has expired.
	settleWithin = 13 * time.Minute
	// underWay is how long a request that nobody waits for may be on its way to the gateway, when it is not a late one.
	underWay = 3 * time.Second
	// rarely is the longest time between two redials.
	rarely = 5 * time.Second
)

// settleAll dials again for every payment that the person does not know the outcome of.
func (p *person) settleAll(ctx context.Context) error {
	for _, pay := range p.open() {
		if err := p.settle(ctx, pay); err != nil {
			return err
		}
	}
	return nil
}

// settle dials again, or waits for the message, until the outcome is known. That a PIN never arrived is believed when the first screen
// says nothing of the payment and the list of the last ones lacks it, twice, and nothing can be on its way any more.
func (p *person) settle(ctx context.Context, pay *payment) error {
	silent := 0
	for try, end := 0, time.Now().Add(settleWithin); time.Now().Before(end); try++ {
		if err := p.pause(ctx, min(time.Duration(try+1)*time.Second, rarely)); err != nil {
			return err
		}
		if silent > 0 {
			if err := daemon.Sleep(ctx, underWay); err != nil {
				return err
			}
		}
		if pay.promised && p.random.IntN(2) == 0 {
			if err := p.readTexts(ctx); err != nil || !pay.open() {
				return err
			}
		}
		if try > 0 {
			if err := p.awaitLate(ctx); err != nil {
				return err
			}
		}
		onTheWay := p.late.Load() > 0
		v := &visit{person: p, format: p.anyFormat(), goal: toLearn, about: pay, sound: try > 2, impatient: try == 0 && p.random.IntN(3) == 0}
		if err := v.play(ctx); err != nil || !pay.open() {
			return err
		}
		// A redial that typed the PIN anew begins from the beginning.
		if silent++; onTheWay || !v.sure || v.pin || pay.promised {
			silent = 0
		}
		if silent == 2 {
			pay.outcome, pay.how = unreached, byRedial
			return p.keep(pay)
		}
	}
	return nil
}

// awaitLate waits until the late requests of the person have been delivered and answered.
func (p *person) awaitLate(ctx context.Context) error {
	for p.late.Load() > 0 {
		if err := daemon.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

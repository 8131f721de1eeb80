package consensus

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestTheLeadersWord: what a leader says of a submission ends it only where the own rules say so too. Else one liar would be heard through every validator that is
// asked, and order what it had refused when its payer has paid anew.
func TestTheLeadersWord(t *testing.T) {
	c := newCluster(t)
	c.leader()
	n := c.follower()
	op := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 5}
	good, strangers := c.sign(op, time.Hour, c.world.Issuer), c.sign(op, time.Hour, c.world.Key(t, "stranger"))
	over, late := c.sign(op, -time.Minute, c.world.Issuer), c.sign(op, maxAheadMs/2*time.Millisecond, c.world.Issuer)
	far := c.sign(op, 1000*time.Hour, c.world.Issuer)
	refusal := func(code tx.Code) error { return &Refusal{Code: code} }
	for _, k := range []struct {
		what   string
		signed *tx.Signed
		said   error
		want   error
	}{
		{"a lie about who may sign", good, refusal(tx.Unauthorised), ErrUnknownOutcome},
		{"a lie about the time", good, refusal(tx.ExpiryTooFar), ErrUnknownOutcome},
		{"a lie about credits", good, refusal(tx.QuotaExhausted), ErrUnknownOutcome},
		{"a lie about an account", good, refusal(tx.DebitAccountUnknown), ErrUnknownOutcome},
		{"the truth", strangers, refusal(tx.Unauthorised), refusal(tx.Unauthorised)},
		{"another refusal than the true one", strangers, refusal(tx.AccountUnknown), refusal(tx.Unauthorised)},
		{"a time that is too far", far, refusal(tx.ExpiryTooFar), refusal(tx.ExpiryTooFar)},
		{"refused, and over", over, refusal(tx.Unauthorised), ErrExpired},
		{"a lie about the expiry", good, ErrExpired, ErrUnknownOutcome},
		{"over", over, ErrExpired, ErrExpired},
		{"over by a clock that is ahead", late, ErrExpired, ErrExpired},
		{"a lie about the signature", good, tx.ErrBadSignature, ErrUnknownOutcome},
		{"a lie about the form", good, tx.ErrMalformed, ErrUnknownOutcome},
		{"a word about something else", good, ErrNotFound, ErrUnknownOutcome},
		{"no room", good, ErrOverloaded, ErrOverloaded},
		{"no leader", good, ErrNotLeader, ErrNotLeader},
	} {
		got := n.weigh(t.Context(), k.signed, fmt.Errorf("the leader: %w", k.said))
		var want *Refusal
		if errors.As(k.want, &want) && !isRefusal(got, want.Code) || want == nil && !errors.Is(got, k.want) {
			t.Errorf("%s: %v, want %v", k.what, got, k.want)
		}
		if errors.Is(k.want, ErrUnknownOutcome) && isDecided(got) {
			t.Errorf("%s: %v ends it", k.what, got)
		}
	}
	// Whom a liar keeps behind knows less than the payer does.
	n.foreseen.Store(&foreseen{by: n.reignNow().reign.Validators.Hash(), proof: proof{size: n.Head().Size + 100}})
	if got := n.weigh(t.Context(), strangers, refusal(tx.Unauthorised)); !errors.Is(got, ErrUnknownOutcome) || isDecided(got) {
		t.Errorf("without what is final: %v", got)
	}
	if err := n.Err(); err != nil {
		t.Error(err)
	}
}

// TestAnAnswerIsGivenOnce: also when the first has been taken.
func TestAnAnswerIsGivenOnce(t *testing.T) {
	answered := 0
	s := &submission{answer: make(chan answer, 1), answered: func() { answered++ }}
	for range 3 {
		s.reply(Status{}, ErrNotLeader)
		select {
		case <-s.answer:
		default:
		}
	}
	if answered != 1 || len(s.answer) != 0 {
		t.Errorf("answered %d times", answered)
	}
}

// TestARefusalIsNotTheLeadersAlone: a leader that refuses a payment falsely is asked again, and complained of; the next one orders it, and nobody was told that
// it was refused.
func TestARefusalIsNotTheLeadersAlone(t *testing.T) {
	c := newStopped(t, Snapshots{})
	c.timing = Timing{Heartbeat: 250 * time.Millisecond, Commit: 10 * time.Millisecond}
	var liar atomicName
	c.refuse = func(leader string, _ *tx.Signed) error {
		if liar.is(leader) {
			return &Refusal{Code: tx.Unauthorised}
		}
		return nil
	}
	c.startAll()
	name := c.leader().Name()
	liar.set(name)
	signed := c.pay(c.world.Juma.Account, 7)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	ended := make(chan error, 3)
	for at, n := range c.nodes {
		if at == name {
			continue
		}
		go func() {
			s, err := n.Submit(ctx, signed.Envelope(), Final)
			if err == nil && (s.Stage != Final || s.Result.Code != tx.OK) {
				err = fmt.Errorf("stage %d, %s", s.Stage, s.Result.Code)
			}
			ended <- err
		}()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestTakenIsNotForgotten: what was taken, and may have been promised, outlasts a leader that has no room.
func TestTakenIsNotForgotten(t *testing.T) {
	for _, full := range []error{ErrOverloaded, ErrRateLimited} {
		t.Run(full.Error(), func(t *testing.T) {
			c := newStopped(t, Snapshots{})
			var busy atomicName
			c.refuse = func(leader string, _ *tx.Signed) error {
				if busy.is(leader) {
					return full
				}
				return nil
			}
			c.startAll()
			busy.set(c.leader().Name())
			n, signed := c.follower(), c.pay(c.world.Juma.Account, 7)
			if s, err := n.Submit(t.Context(), signed.Envelope(), Taken); err != nil || s.Stage != Taken {
				t.Fatalf("stage %d, %v", s.Stage, err)
			}
			time.Sleep(2 * leisure)
			if s, err := n.lookup(signed.ID()); err != nil || s.Stage != Taken {
				t.Errorf("while there is no room: stage %d, %v", s.Stage, err)
			}
			busy.set("")
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if s, err := n.Transaction(ctx, signed.ID(), Final); err != nil || s.Stage != Final {
				t.Errorf("when there is room: stage %d, %v", s.Stage, err)
			}
		})
	}
}

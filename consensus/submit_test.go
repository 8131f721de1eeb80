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

// TestRefusals: what depends on the envelope is answered and does not burn the id; the true payment goes through, once.
func TestRefusals(t *testing.T) {
	c := newCluster(t)
	n := c.follower()
	stranger := c.world.Key(t, "stranger")
	op := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 5_00}
	true_ := c.sign(op, time.Hour, c.world.Issuer)
	forged, err := tx.Seal(c.world.Network, true_.RawBody(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	garbage := append([]byte(nil), true_.Envelope()...)
	garbage[len(garbage)-1] ^= 1
	refuse := func(what string, envelope []byte, want func(error) bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if s, err := n.Submit(ctx, envelope, Final); !want(err) {
			t.Errorf("%s: stage %d: %v", what, s.Stage, err)
		}
	}
	unauthorised := func(err error) bool { return isRefusal(err, tx.Unauthorised) }
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	refuse("a stranger's signature before the true one", forged.Envelope(), unauthorised)
	refuse("garbage signature before the true one", garbage, is(tx.ErrBadSignature))
	refuse("cut", true_.Envelope()[:40], is(tx.ErrNotCanonical))
	refuse("oversized", make([]byte, tx.MaxEnvelopeBytes+1), is(tx.ErrTooLarge))
	refuse("expired", c.sign(op, -time.Second, c.world.Issuer).Envelope(), is(ErrExpired))
	if s := c.submit(n, true_, Final); s.Result.Code != tx.OK {
		t.Fatalf("true payment: %s", s.Result.Code)
	}
	refuse("garbage signature after the true one", garbage, is(tx.ErrBadSignature))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if s, err := n.Submit(ctx, forged.Envelope(), Final); err != nil || s.Result.Code != tx.OK {
		t.Errorf("a stranger's signature after the true one: %v, %v: want the recorded result", s.Result.Code, err)
	}
	r, err := n.Read(ctx, ReadAccepted)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := r.State().Balance(c.world.Juma.Account, ledgertest.KES); err != nil || b.Posted != ledgertest.JumaFunds+5_00 {
		t.Errorf("balance %d: %v: want the payment once", b.Posted, err)
	}
}

func isRefusal(err error, code tx.Code) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}

// TestManyAtOnce: payments from many callers to all nodes share batches.
func TestManyAtOnce(t *testing.T) {
	c := newCluster(t)
	c.leader()
	const count = 200
	var nodes []*Node
	for _, n := range c.nodes {
		nodes = append(nodes, n)
	}
	failed := make(chan error, count)
	for i := range count {
		signed := c.pay(c.world.Amina.Account, 1)
		go func() {
			s, err := nodes[i%len(nodes)].Submit(t.Context(), signed.Envelope(), Final)
			if err == nil && (s.Stage != Final || s.Result.Code != tx.OK) {
				err = fmt.Errorf("stage %d, result %s", s.Stage, s.Result.Code)
			}
			failed <- err
		}()
	}
	for range count {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	head := c.leader().Head()
	c.agree(head.Size)
	if head.Batch >= count {
		t.Errorf("%d batches for %d payments: nothing was bundled", head.Batch, count)
	}
}

package consensus

import (
	"errors"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// queued makes a submission as the queue holds it.
func queued(signed *tx.Signed) *submission {
	return &submission{signed: signed, answer: make(chan answer, 1)}
}

func (c *cluster) answered(s *submission) answer {
	c.t.Helper()
	select {
	case a := <-s.answer:
		return a
	case <-time.After(20 * time.Second):
		c.t.Fatal("a submission was never answered")
	}
	return answer{}
}

// phonePays makes a payment from Juma's phone account, signed by the provider.
func (c *cluster) phonePays() *tx.Signed {
	return c.sign(tx.Transfer{
		Debit: c.world.Juma.Account, Credit: c.world.Amina.Account, Asset: ledgertest.KES, Amount: 1,
		Fee: &tx.Fee{Provider: c.world.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
	}, time.Hour, c.world.Provider)
}

// TestRevokedGrantDoesNotVoidItsBatch: a provider gives up its grant and, at the same moment, pays with it often enough
// that one batch with all of it would be void. Nobody else's payment suffers.
func TestRevokedGrantDoesNotVoidItsBatch(t *testing.T) {
	c := newCluster(t)
	n := c.leader()
	all := []*submission{queued(c.sign(tx.RevokeGrant{Account: c.world.Juma.Account, Grantee: c.world.Provider.Public()}, time.Hour, c.world.Provider))}
	for range 2 * ledger.MaxUnauthorised {
		all = append(all, queued(c.phonePays()))
	}
	all = append(all, queued(c.pay(c.world.Amina.Account, 1_00)))
	head, view := n.store.Head(), n.store.View()
	defer view.Close()
	d, err := n.packer.fill(view, head, all)
	if err != nil {
		t.Fatal(err)
	}
	batch, err := tx.ParseBatch(n.network, n.packer.seal(d, n.packer.header(d, head)).raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Apply(view, head, n.network, n.verified.verify, batch); err != nil {
		t.Fatalf("the batch that an honest leader makes of it: %v", err)
	}
	if len(d.packed) != 2 {
		t.Errorf("packed %d", len(d.packed))
	}
	for i, s := range all[1 : len(all)-1] {
		if a := c.answered(s); !isRefusal(a.err, tx.Unauthorised) {
			t.Errorf("payment %d after the grant was given up: %v", i, a.err)
		}
	}
	// The same through the queue: they are refused when the grant is gone, or were in time.
	for i, s := range all {
		all[i] = queued(s.signed)
		n.packer.queue <- all[i]
	}
	for i, s := range all {
		if a := c.answered(s); a.err != nil && !(isRefusal(a.err, tx.Unauthorised) && 0 < i && i < len(all)-1) {
			t.Errorf("submission %d: %v", i, a.err)
		}
	}
}

// TestEmptyBatchesAreBounded: whoever asks again and again whether something has expired does not fill the history. On a slow machine
// leaders change, and each has its own bound.
func TestEmptyBatchesAreBounded(t *testing.T) {
	c := newCluster(t)
	for _, n := range c.nodes {
		n.packer.empty.SetLimit(0) // However long it takes here, none comes back.
	}
	made := make(map[*Node]int)
	for overloaded := false; !overloaded; {
		n := c.leader()
		past := n.nowUnixMs() - 1
		switch _, err := n.packer.submit(t.Context(), nil, past); {
		case errors.Is(err, ErrOverloaded):
			overloaded = true
		case errors.Is(err, ErrNotLeader), errors.Is(err, ErrUnknownOutcome): // Another one leads, or soon will.
		case err != nil:
			t.Fatal(err)
		default:
			if made[n]++; made[n] > emptyAtOnce {
				t.Fatalf("%d empty batches at once", made[n])
			}
		}
	}
	// A payment is no empty batch.
	c.submit(c.leader(), c.pay(c.world.Amina.Account, 1), Final)
}

// TestOneEmptyBatchServesAllWhoAsk: a question about a time that the ledger has passed meanwhile makes no further batch. A leader that is
// deposed meanwhile, as happens on a slow machine, proves nothing: the next one is asked.
func TestOneEmptyBatchServesAllWhoAsk(t *testing.T) {
	c := newCluster(t)
	for deposed := true; deposed; {
		n := c.leader()
		before, past := n.Head().Batch, n.nowUnixMs()-1
		asked := make(chan error)
		for range 50 {
			go func() {
				_, err := n.packer.submit(t.Context(), nil, past)
				asked <- err
			}()
		}
		deposed = false
		for range 50 {
			switch err := <-asked; {
			case errors.Is(err, ErrNotLeader), errors.Is(err, ErrUnknownOutcome):
				deposed = true
			case err != nil:
				t.Error(err)
			}
		}
		if batch := n.Head().Batch; !deposed && batch != before+1 {
			t.Errorf("%d batches", batch-before)
		}
	}
}

// TestDeposedLeaderIsNotReady: a leader that lost its place takes nothing for itself and answers no linearizable read, and
// what is handed to it all the same reaches the new one.
func TestDeposedLeaderIsNotReady(t *testing.T) {
	c := newCluster(t)
	old := c.leader()
	term, _ := old.packer.leads()
	if err := old.member().LeadershipTransfer().Error(); err != nil {
		t.Fatal(err)
	}
	c.submit(old, c.pay(c.world.Juma.Account, 1), Final)
	if again, ok := old.packer.leads(); ok && again == term {
		t.Error("packs in a term that is over")
	}
	if c.leader() == old {
		return // It was elected again meanwhile.
	}
	if _, err := old.packer.submit(t.Context(), c.pay(c.world.Juma.Account, 1), 0); !errors.Is(err, ErrNotLeader) {
		t.Errorf("taken by a deposed leader: %v", err)
	}
	if _, err := old.readIndex(t.Context()); !errors.Is(err, ErrNotLeader) {
		t.Errorf("read index of a deposed leader: %v", err)
	}
}

// TestLedgerTimePassesByItself: what is due happens without anybody asking, and an idle leader then packs nothing more.
func TestLedgerTimePassesByItself(t *testing.T) {
	c := newCluster(t)
	n := c.leader()
	hold := c.sign(tx.PlaceHold{
		Debit: c.world.IssuerAccount, Credit: &c.world.Amina.Account, Asset: ledgertest.KES, Amount: 7, OnExpiry: tx.ExpiryCompletes,
		ExpiresAtUnixMs: n.nowUnixMs() + 300,
	}, time.Hour, c.world.Issuer)
	c.submit(n, hold, Final)
	for deadline := time.Now().Add(20 * time.Second); ; {
		view := n.store.View()
		b, err := ledger.Read(view).Balance(c.world.Amina.Account, ledgertest.KES)
		view.Close()
		if err != nil {
			t.Fatal(err)
		}
		if b.Posted == ledgertest.AminaFunds+7 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the hold was never completed: %+v", b)
		}
		time.Sleep(20 * time.Millisecond)
	}
	batch := n.Head().Batch
	if batch != 2 {
		t.Errorf("%d batches for one transaction and one effect", batch)
	}
}

// TestRefusedLegsAreTold: who pays many in one transaction hears at once, from the node, which legs were refused.
func TestRefusedLegsAreTold(t *testing.T) {
	c := newCluster(t)
	n := c.leader()
	legs := []tx.BulkLeg{{Credit: c.world.Amina.Account, Amount: 1}, {Credit: tx.AccountID{9}, Amount: 1}, {Credit: c.world.Juma.Account, Amount: 1}}
	status, err := n.Submit(t.Context(), c.sign(tx.BulkTransfer{
		Debit: c.world.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Each, Legs: legs,
	}, time.Hour, c.world.Issuer).Envelope(), Final)
	want := tx.Result{Code: tx.OK, Legs: []tx.LegResult{{Leg: 1, Code: tx.CreditAccountUnknown}}}
	if err != nil || !status.Result.Equal(want) {
		t.Fatalf("%+v, %v; want %+v", status.Result, err, want)
	}
	if told := status.Proto().GetResult().GetLegs(); len(told) != 1 || told[0].GetLeg() != 1 || tx.Code(told[0].GetCode()) != tx.CreditAccountUnknown {
		t.Errorf("the message tells %v", told)
	}
}

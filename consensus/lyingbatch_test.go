package consensus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// lyingBatch is what a leader packs that no honest one packs, or that no payer could pay.
type lyingBatch struct {
	name      string
	envelopes [][]byte
	// void is what the reason says when all of the batch is passed over, of a lie for which it must be; else results are what is
	// recorded of each envelope, which moves nothing.
	void    string
	results []tx.Code
}

// unchecked makes the envelope of a body that nothing of this program would write: the bytes are well formed and signed.
func (c *cluster) unchecked(op tx.Operation, change func(*umojav1.Operation), signer key.Private) []byte {
	c.t.Helper()
	var body umojav1.TransactionBody
	err := proto.Unmarshal(c.sign(op, time.Hour, signer).RawBody(), &body)
	if err != nil {
		c.t.Fatal(err)
	}
	change(body.GetOperations()[0])
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&body)
	if err != nil {
		c.t.Fatal(err)
	}
	signature, err := signer.Sign(tx.NewID(c.world.Network, raw))
	if err != nil {
		c.t.Fatal(err)
	}
	public := signer.Public()
	envelope, err := proto.MarshalOptions{Deterministic: true}.Marshal(&umojav1.Envelope{
		Body: raw, Signatures: []*umojav1.Signature{{Signer: public[:], Signature: signature[:]}},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return envelope
}

// lyingBatches are the lies; paid is a payment that is final.
func (c *cluster) lyingBatches(paid *tx.Signed) []lyingBatch {
	c.t.Helper()
	w := c.world
	transfer := tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 5_00}
	by := func(op tx.Operation, signer key.Private) []byte { return c.sign(op, time.Hour, signer).Envelope() }
	of := func(a amount.Amount) (op tx.Transfer) { op = transfer; op.Amount = a; return op }
	amounts := func(a uint64) func(*umojav1.Operation) {
		return func(o *umojav1.Operation) { o.GetTransfer().Amount = a }
	}
	spoiled := bytes.Clone(by(transfer, w.Issuer))
	spoiled[len(spoiled)-1] ^= 1
	fee := transfer
	fee.Fee = &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: 1}
	legs := tx.BulkTransfer{Debit: w.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Atomic, Legs: []tx.BulkLeg{{Credit: w.Juma.Account, Amount: 1}, {Credit: w.Amina.Account, Amount: 1}}}
	stranger := c.world.Key(c.t, "stranger")
	var strangers [][]byte
	for range 9 {
		strangers = append(strangers, by(transfer, stranger))
	}
	again := by(transfer, stranger)
	one := func(envelope []byte) [][]byte { return [][]byte{envelope} }
	refused := func(code tx.Code) []tx.Code { return []tx.Code{code} }
	return []lyingBatch{
		{"a signature that does not verify", one(spoiled), "envelope 0", nil},
		{"a signature that does not verify, after a good payment", [][]byte{by(transfer, w.Issuer), spoiled}, "envelope 1", nil},
		{"bytes that are no envelope", one([]byte{1, 2, 3}), "envelope 0", nil},
		{"an amount of 2^63", one(c.unchecked(transfer, amounts(1<<63), w.Issuer)), "envelope 0", nil},
		{"an amount of 2^64-1", one(c.unchecked(transfer, amounts(1<<64-1), w.Issuer)), "envelope 0", nil},
		{"amount and fee together pass 2^63", one(c.unchecked(fee, func(o *umojav1.Operation) {
			o.GetTransfer().Amount, o.GetTransfer().Fee.Amount = 1<<63-1, 1
		}, w.Issuer)), "envelope 0", nil},
		{"amount and fee together pass 2^64", one(c.unchecked(fee, func(o *umojav1.Operation) {
			o.GetTransfer().Amount, o.GetTransfer().Fee.Amount = 1<<63-1, 1<<63+3
		}, w.Issuer)), "envelope 0", nil},
		{"legs that together pass 2^63", one(c.unchecked(legs, func(o *umojav1.Operation) {
			o.GetBulkTransfer().Legs[0].Amount, o.GetBulkTransfer().Legs[1].Amount = 1<<62, 1<<62
		}, w.Issuer)), "envelope 0", nil},
		{"legs that together pass 2^64", one(c.unchecked(legs, func(o *umojav1.Operation) {
			o.GetBulkTransfer().Legs[0].Amount, o.GetBulkTransfer().Legs[1].Amount = 1<<64-1, 2
		}, w.Issuer)), "envelope 0", nil},
		{"expired", one(c.sign(transfer, -time.Hour, w.Issuer).Envelope()), "expired", nil},
		{"nine by a stranger", strangers, "9 unauthorised", nil},
		{"by a stranger, twice", [][]byte{again, again}, "", []tx.Code{tx.Unauthorised, tx.Unauthorised}},
		{"more than there is", one(by(of(ledgertest.IssuerFunds), w.Issuer)), "", refused(tx.InsufficientBalance)},
		{"the largest amount", one(by(of(amount.Max), w.Issuer)), "", refused(tx.InsufficientBalance)},
		{"a supply above 2^63", one(by(tx.Issue{Asset: ledgertest.KES, Credit: w.Juma.Account, Amount: amount.Max}, w.Issuer)), "", refused(tx.AmountOverflow)},
		{"what is final already, twice", [][]byte{paid.Envelope(), paid.Envelope()}, "", []tx.Code{tx.OK, tx.OK}},
		{"what is final already, signed by another", one(c.resigned(paid, stranger)), "", refused(tx.OK)},
	}
}

// resigned is the same transaction with the signature of another.
func (c *cluster) resigned(signed *tx.Signed, by key.Signer) []byte {
	c.t.Helper()
	other, err := tx.Seal(c.world.Network, signed.RawBody(), by)
	if err != nil {
		c.t.Fatal(err)
	}
	return other.Envelope()
}

// lead has the leader order a batch that is sealed as it should be, whatever it holds, and waits until everybody has come to it. Again, if
// a batch of the packer came before it or the leader was replaced.
func (c *cluster) lead(ctx context.Context, envelopes [][]byte) *applied {
	c.t.Helper()
	for ctx.Err() == nil {
		liar := c.leader()
		head := liar.Head()
		future := liar.member().Apply(tx.SealBatch(c.world.Network, tx.BatchHeader{
			Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: max(head.TimeUnixMs, liar.nowUnixMs()), Leader: liar.name, Term: liar.term(),
		}, envelopes, liar.key), raftPatience)
		if future.Error() != nil {
			continue
		}
		a, ok := future.Response().(*applied)
		if !ok || a.void != nil && (strings.Contains(a.void.Error(), "number") || strings.Contains(a.void.Error(), "term")) {
			continue
		}
		for name, n := range c.nodes {
			for index, _ := n.store.Applied(); index < future.Index(); index, _ = n.store.Applied() {
				if ctx.Err() != nil {
					c.t.Fatalf("%s has come to entry %d, not %d", name, index, future.Index())
				}
				time.Sleep(5 * time.Millisecond) // A batch that is void is no step of progress.
			}
		}
		return a
	}
	c.t.Fatal("nobody leads")
	return nil
}

// funds is what everybody has.
func (c *cluster) funds(n *Node) (all string) {
	c.t.Helper()
	r, err := n.Read(c.t.Context(), ReadLocal)
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Close()
	for _, id := range []tx.AccountID{c.world.IssuerAccount, c.world.ProviderAccount, c.world.Juma.Account, c.world.Amina.Account} {
		b, err := r.State().Balance(id, ledgertest.KES)
		if err != nil {
			c.t.Fatal(err)
		}
		all += fmt.Sprintf("%d, of which %d are held; ", b.Posted, b.Held)
	}
	return all
}

// TestBatchesOfALyingLeader: a leader has raft order transactions that overdraw, overflow, come again or were never signed. Every validator passes over
// the batch as a whole or records the refusal, all of them the same, and nobody's money moves.
func TestBatchesOfALyingLeader(t *testing.T) {
	c := newCluster(t)
	paid := c.pay(c.world.Juma.Account, 1_00)
	c.agree(c.submit(c.leader(), paid, Final).LeafIndex + 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, lie := range c.lyingBatches(paid) {
		size, before := c.leader().Head().Size, c.funds(c.leader())
		a := c.lead(ctx, lie.envelopes)
		switch {
		case lie.void != "" && (a.void == nil || !strings.Contains(a.void.Error(), lie.void)):
			t.Errorf("%s: void is %v, want %q", lie.name, a.void, lie.void)
		case lie.void == "" && a.void != nil:
			t.Errorf("%s: void: %v", lie.name, a.void)
		}
		var results []tx.Code
		for _, o := range a.outcomes {
			results = append(results, o.Result.Code)
		}
		if !slices.Equal(results, lie.results) {
			t.Errorf("%s: results %v, want %v", lie.name, results, lie.results)
		}
		head := c.leader().Head()
		for name, n := range c.nodes {
			if at := n.Head(); at.Root != head.Root || at.State != head.State || lie.void != "" && at.Size != size {
				t.Errorf("%s: %s is at size %d and the leader at %d, before were %d", lie.name, name, at.Size, head.Size, size)
			}
			if funds := c.funds(n); funds != before {
				t.Errorf("%s: to %s everybody has %s and had %s", lie.name, name, funds, before)
			}
		}
	}
	fresh := c.pay(c.world.Amina.Account, 2_00).Envelope()
	if a := c.lead(ctx, [][]byte{fresh, fresh}); a.void != nil || len(a.outcomes) != 2 || a.outcomes[0].Duplicate || !a.outcomes[1].Duplicate {
		t.Errorf("a payment twice in a batch: %+v", a)
	}
	for name, n := range c.nodes {
		if funds, want := c.funds(n), fmt.Sprintf("; %d, of which 0 are held; ", ledgertest.AminaFunds+2_00); !strings.HasSuffix(funds, want) {
			t.Errorf("%s: everybody has %s, want %s at the end", name, funds, want)
		}
	}
	s := c.submit(c.follower(), c.pay(c.world.Amina.Account, 2_00), Final)
	c.agree(s.LeafIndex + 1)
	for name, n := range c.nodes {
		if _, err := n.store.Audit(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestALiesSignaturesAreNotAllLookedAt: what is void by its header is not looked into, and of a void batch a new leader packs again what stands before the first
// signature that is bad: more work than that no liar makes.
func TestALiesSignaturesAreNotAllLookedAt(t *testing.T) {
	c := newCluster(t)
	c.leader()
	n := c.follower()
	transfer := tx.Transfer{Debit: c.world.IssuerAccount, Credit: c.world.Juma.Account, Asset: ledgertest.KES, Amount: 5_00}
	good, later := c.sign(transfer, time.Hour, c.world.Issuer), c.sign(transfer, time.Hour, c.world.Issuer)
	spoiled := bytes.Clone(c.sign(transfer, time.Hour, c.world.Issuer).Envelope())
	spoiled[len(spoiled)-1] ^= 1
	head := n.store.Head()
	header := tx.BatchHeader{Epoch: head.Epoch, Number: head.Batch + 9, TimeUnixMs: head.TimeUnixMs, Leader: n.name, Term: 1}
	raw := tx.SealBatch(n.network, header, [][]byte{good.Envelope(), spoiled, later.Envelope()}, n.key)
	batch, err := tx.ParseBatch(n.network, raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (fsm{n}).effects(batch, nil); !errors.Is(err, ledger.ErrVoid) {
		t.Errorf("%v, want it void", err)
	}
	if n.verified.find(good.EnvelopeHash()) != nil {
		t.Error("signatures of a batch were looked at that is void by its header")
	}
	p := newPacker(n)
	if err := p.recallEntry(raw); err != nil || len(p.carried) != 1 || p.carried[0].signed.ID() != good.ID() {
		t.Errorf("%d are packed again: %v", len(p.carried), err)
	}
}

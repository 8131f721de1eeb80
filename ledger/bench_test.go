package ledger_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// BenchmarkApplySingleTransfers is a batch of 256 payments, each a transaction of one key between two of 1,000 accounts.
// The signatures were verified when the envelopes came, as on a node; what is timed is the rules, the state hash and the
// history tree, without a disk.
func BenchmarkApplySingleTransfers(b *testing.B) {
	w, ids, owner := crowd(b, 1000)
	c := ledgertest.NewChain(b, w)
	var envelopes [][]byte
	for i := range 256 {
		debit, credit := ids[i*7%len(ids)], ids[(i*13+1)%len(ids)]
		s := one(b, w, uint64(i), c.TimeUnixMs, owner, tx.Transfer{Debit: debit, Credit: credit, Asset: ledgertest.KES, Amount: amount.Amount(i + 1)})
		envelopes = append(envelopes, s.Envelope())
	}
	apply(b, c, envelopes, 256)
}

// BenchmarkApplyGrantedTransfers is the same from phones: a provider's grant, its fee and its caps.
func BenchmarkApplyGrantedTransfers(b *testing.B) {
	w := ledgertest.Network(b, "granted")
	c := ledgertest.NewChain(b, w)
	var envelopes [][]byte
	for i := range 180 { // As many as the cap of the day allows.
		s := one(b, w, uint64(i), c.TimeUnixMs, w.Provider, tx.Transfer{
			Debit: w.Juma.Account, Credit: w.Amina.Account, Alias: &w.Amina.Alias, Asset: ledgertest.KES, Amount: 50_00,
			Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
		})
		envelopes = append(envelopes, s.Envelope())
	}
	apply(b, c, envelopes, 180)
}

// BenchmarkReapplyPayments is a batch as validators meet it at full load: 600 payments of 1,000 payers, each with a key of its own, a fee to
// one provider and a credit. It is looked at by its allocations as much as by its time.
func BenchmarkReapplyPayments(b *testing.B) {
	c, envelopes, verify := payments(b, 600)
	at := ledger.Position{TimeUnixMs: c.TimeUnixMs}
	b.ReportAllocs()
	for b.Loop() {
		fx, err := ledger.Reapply(c.Memory, c.Memory.Head(), c.World.Network, verify, at, envelopes)
		if err != nil || len(fx.Outcomes) != len(envelopes) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(envelopes)), "ns/payment")
}

// BenchmarkBuildPayments is the same batch on its leader: what it does to fill the batch, and what is left to do for the effects.
func BenchmarkBuildPayments(b *testing.B) {
	c, envelopes, verify := payments(b, 600)
	var all []*tx.Signed
	for _, e := range envelopes {
		signed, err := verify(e)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, signed)
	}
	_, sealed := tx.SealSigned(c.World.Network, c.Header(), all, c.World.Validators[c.Leader])
	b.ReportAllocs()
	for b.Loop() {
		builder, err := ledger.Build(c.Memory, c.Memory.Head(), sealed.Header.TimeUnixMs)
		if err != nil {
			b.Fatal(err)
		}
		for _, signed := range all {
			if code, err := builder.Add(signed); err != nil || code != tx.OK {
				b.Fatal(code, err)
			}
		}
		if _, err := builder.Effects(c.World.Network, sealed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(envelopes)), "ns/payment")
}

// payments makes a chain of 1,000 payers and so many payments of theirs, with what knows that their signatures are good.
func payments(b *testing.B, count int) (*ledgertest.Chain, [][]byte, ledger.Verifier) {
	b.Helper()
	var ids []tx.AccountID
	var owners []key.Private
	w := ledgertest.NetworkOf(b, "payments", 4, func(w *ledgertest.World, g *genesis.Genesis) {
		g.Parameters.CreditIntervalMs = genesis.DefaultParameters().CreditIntervalMs
		for i := range 1000 {
			owner := w.Key(b, fmt.Sprint("payer ", i))
			authority := tx.SingleKey(owner.Public())
			open := tx.OpenAccount{Authority: authority, Salt: salt(fmt.Sprint("payer ", i))}
			ids, owners = append(ids, open.Account()), append(owners, owner)
			g.Accounts = append(g.Accounts, genesis.Account{ID: open.Account(), Salt: open.Salt[:], Authority: genesis.AuthorityOf(authority)})
			g.Issues = append(g.Issues, genesis.Issue{Asset: ledgertest.KES, Credit: open.Account(), Amount: 1 << 40})
		}
	})
	c := ledgertest.NewChain(b, w)
	var envelopes [][]byte
	known := make(map[string]*tx.Signed)
	for i := range count {
		payer := i * 7 % len(ids)
		s := one(b, w, uint64(i), c.TimeUnixMs, owners[payer], tx.Transfer{
			Debit: ids[payer], Credit: ids[(i*13+1)%len(ids)], Asset: ledgertest.KES, Amount: 50_00,
			Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
		})
		envelopes = append(envelopes, s.Envelope())
		known[string(s.Envelope())] = s
	}
	return c, envelopes, func(envelope []byte) (*tx.Signed, error) { return known[string(envelope)], nil }
}

// BenchmarkApplyBulk400 is six bulk payments, from one account to 400 others each.
func BenchmarkApplyBulk400(b *testing.B) {
	w, ids, owner := crowd(b, 500)
	c := ledgertest.NewChain(b, w)
	var envelopes [][]byte
	for n := range 6 {
		bulk := tx.BulkTransfer{Debit: ids[n], Asset: ledgertest.KES, Mode: tx.Atomic}
		for i := range tx.MaxLegs {
			bulk.Legs = append(bulk.Legs, tx.BulkLeg{Credit: ids[10+i], Amount: 1})
		}
		envelopes = append(envelopes, one(b, w, uint64(n), c.TimeUnixMs, owner, bulk).Envelope())
	}
	apply(b, c, envelopes, 6*tx.MaxLegs)
}

// BenchmarkParseEnvelope is the canonical check and the decoding of a phone payment's envelope, over one BIP340 verification:
// "percent" is to be at most 3. The two take turns, and the medians are compared.
func BenchmarkParseEnvelope(b *testing.B) {
	w := ledgertest.Network(b, "parse")
	envelope := one(b, w, 1, ledgertest.GenesisTimeUnixMs, w.Provider, tx.Transfer{
		Debit: w.Juma.Account, Credit: w.Amina.Account, Alias: &w.Amina.Alias, Asset: ledgertest.KES, Amount: 50_00,
		Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
	}).Envelope()
	const perTurn = 64
	var parse, verify []time.Duration
	for b.Loop() {
		start := time.Now()
		var signed *tx.Signed
		for range perTurn {
			var err error
			if signed, err = tx.Parse(w.Network, envelope); err != nil {
				b.Fatal(err)
			}
		}
		middle := time.Now()
		if err := signed.VerifySignatures(); err != nil {
			b.Fatal(err)
		}
		parse, verify = append(parse, middle.Sub(start)), append(verify, time.Since(middle))
	}
	slices.Sort(parse)
	slices.Sort(verify)
	one, all := float64(verify[len(verify)/2].Nanoseconds()), float64(parse[len(parse)/2].Nanoseconds())
	b.ReportMetric(all/perTurn, "ns/parse")
	b.ReportMetric(100*all/perTurn/one, "percent")
}

// one makes a transaction of one operation.
func one(b *testing.B, w *ledgertest.World, nonce, expires uint64, signer key.Signer, op tx.Operation) *tx.Signed {
	b.Helper()
	raw, err := tx.Body{Nonce: w.Nonce(nonce), ExpiresAtUnixMs: expires, Operations: []tx.Operation{op}}.Encode()
	if err != nil {
		b.Fatal(err)
	}
	s, err := tx.Seal(w.Network, raw, signer)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// apply times the batch on the same state again and again.
func apply(b *testing.B, c *ledgertest.Chain, envelopes [][]byte, transfers int) {
	b.Helper()
	network := c.World.Network
	batch, err := tx.ParseBatch(network, tx.SealBatch(network, c.Header(), envelopes, c.World.Validators[c.Leader]))
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range envelopes { // So that the verifier has seen them.
		if _, err := c.Verify(e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		fx, err := ledger.Apply(c.Memory, c.Memory.Head(), network, c.Verify, batch)
		if err != nil {
			b.Fatal(err)
		}
		for _, o := range fx.Outcomes {
			if o.Result.Code != tx.OK {
				b.Fatal(o.Result)
			}
		}
	}
	perTransfer := float64(b.Elapsed().Microseconds()) / float64(b.N) / float64(transfers)
	b.ReportMetric(perTransfer, "µs/transfer")
}

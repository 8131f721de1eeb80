package vectors_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfVoid are the reasons for which a batch leaves no trace (SPEC.md 8.4), each with what the error says.
var rulesOfVoid = map[string]string{
	"epoch": `^epoch \d+, not|^opens epoch|^a set begins epoch`, "number": `^number \d+, not`, "previous": `^hash of the batch before`, "time": `^time goes back`,
	"leader": `is not in the validator set`, "signature": `^batch header: signature does not verify`, "envelope": `^envelope \d+: .*(malformed|canonical|verify)`,
	"expired": `: expired: `, "unauthorised": `unauthorised transactions`, "set-checkpoint": `a validator set|set_checkpoint|no validator set begins`, "weight": `state entries`,
}

func breaks(pattern string, err error) bool {
	return pattern != "" && regexp.MustCompile(pattern).MatchString(err.Error())
}

// TestLedgers re-applies every whole ledger and compares everything that each batch left behind.
func TestLedgers(t *testing.T) {
	if *update {
		var all []vectors.Ledger
		m := newMaker(t)
		for _, tale := range tales {
			all = append(all, tale(m)...)
		}
		if !t.Failed() {
			write(t, vectors.Ledgers, all)
		}
		return
	}
	all, err := vectors.ReadLedgers()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, l := range all {
		t.Run(l.Name, func(t *testing.T) { holdLedger(t, l) })
		if names[l.Name] || !strings.HasSuffix(l.Comment, ".") || len(l.Batches) == 0 {
			t.Errorf("%s: the name is there twice, or it does not say what it shows, or nothing happens", l.Name)
		}
		names[l.Name] = true
	}
}

// holdLedger holds the code to one whole ledger.
func holdLedger(t *testing.T, l vectors.Ledger) {
	t.Helper()
	g := genesisNamed(t, l.Genesis)
	fx, err := ledger.Found(g)
	if err != nil {
		t.Fatal(err)
	}
	memory := ledgertest.NewMemory()
	if err := memory.Commit(fx); err != nil {
		t.Fatal(err)
	}
	verify := ledgertest.Remember(ledger.Verify(g.Network()))
	for _, want := range l.Batches {
		got := want
		got.Transactions = nil
		for _, w := range want.Transactions {
			if !strings.HasSuffix(w.Comment, ".") {
				t.Errorf("%q says nothing", w.Comment)
			}
			got.Transactions = append(got.Transactions, vectors.Transaction{Comment: w.Comment, Envelope: w.Envelope})
		}
		batch := batchOf(t, g, want)
		fx, err := ledger.Apply(memory, memory.Head(), g.Network(), verify, batch)
		if want.Void != "" {
			if err == nil || !breaks(rulesOfVoid[want.Void], err) {
				t.Errorf("%q: %v, want void by %s", want.Comment, err, want.Void)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := memory.Commit(fx); err != nil {
			t.Fatal(err)
		}
		got.Balances, got.Leaves, got.Changes = nil, nil, nil
		after(&got, fx)
		got.TimeUnixMs, got.Leader = dec(batch.Header.TimeUnixMs), batch.Header.Leader
		if diff := cmp.Diff(plain(t, want), plain(t, got)); diff != "" {
			t.Errorf("batch %d (-want +got):\n%s", batch.Header.Number, diff)
		}
	}
	ledgertest.Audit(t, memory, memory.Leaf, memory.Head(), g.Network())
}

// plain is a batch as the file has it, so that null and absent differ and nil and empty do not.
func plain(t *testing.T, b vectors.Batch) (out map[string]any) {
	t.Helper()
	raw, err := json.Marshal(b)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out["transactions"] == nil {
		out["transactions"] = []any{}
	}
	return out
}

// batchOf makes the bytes that the leader signed, and reads them. Every envelope that can be read is written again.
func batchOf(t *testing.T, g *genesis.Genesis, b vectors.Batch) *tx.Batch {
	t.Helper()
	bytesOf := func(text string) []byte {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	raw := cat(ld(1, bytesOf(b.Header)), ld(2, bytesOf(b.Signature)))
	for _, transaction := range b.Transactions {
		envelope := bytesOf(transaction.Envelope)
		raw = cat(raw, ld(3, envelope))
		signed, err := tx.Parse(g.Network(), envelope)
		if err != nil {
			continue // The batch is void for it.
		}
		again, err := signed.Body.Encode()
		if err != nil || !bytes.Equal(again, signed.RawBody()) {
			t.Errorf("%q encodes again as %x, %v", transaction.Comment, again, err)
		}
	}
	batch, err := tx.ParseBatch(g.Network(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// genesisNamed reads the document of "network.json NAME".
func genesisNamed(t *testing.T, text string) *genesis.Genesis {
	t.Helper()
	name, ok := strings.CutPrefix(text, "network.json ")
	if !ok {
		t.Fatalf("genesis is %q", text)
	}
	g, err := genesis.Parse([]byte(find(t, "network.json", name).In["genesis"]))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

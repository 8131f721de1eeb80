package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestAudit(t *testing.T) {
	b := busy(t, ledgertest.Network(t, "audit"))
	b.final(b.store.Head().Size)
	report, head := b.audit(), b.store.Head()
	if report.Batches != head.Batch || report.Leaves != head.Size || report.Root != head.Root || report.FinalSize != head.Size ||
		len(report.Supply) != 1 || report.Supply[0].Code != "KES" {
		t.Errorf("report %+v", report)
	}
	v := b.store.View()
	defer v.Close()
	ledgertest.Audit(t, v, b.store.Leaf, head, b.world.Network)
}

// An audit names what does not fit.
func TestAuditFindsDamage(t *testing.T) {
	b := busy(t, ledgertest.Network(t, "audit damage"))
	b.final(b.store.Head().Size)
	all, head, lookup := b.dump(), b.store.Head(), lookupOf(t, b, 1)
	balance, last := string(keyState([]byte("b")))+string(b.world.Juma.Account[:])+"\x00\x00\x00\x01", head.Size-1
	leaves := key64(spaceLeaf, 4) // Of the first batch.
	b.store.Close()
	flip := func(value string) []byte {
		raw := []byte(value)
		raw[len(raw)/2] ^= 1
		return raw
	}
	for _, c := range []struct {
		name       string
		key, value []byte
		says       string
	}{
		{"balance", []byte(balance), flip(all[balance]), "hash of the whole state"},
		{"leaf", leaves, flip(all[string(leaves)]), ""},
		{"page of leaves gone", leaves, nil, "leaf 1 is missing"},
		{"page of leaves cut", leaves, []byte(all[string(leaves)])[:40], "page of leaf 4"},
		{"page of no leaves", leaves, []byte{}, "page of leaf 4"},
		{"page of leaves elsewhere", key64(spaceLeaf, 1), []byte(all[string(leaves)]), "page of leaf 1"},
		{"last leaf gone", key64(spaceLeaf, last), nil, "leaf 8 is missing"},
		{"leaf too many", key64(spaceLeaf, last+1), []byte(all[string(key64(spaceLeaf, last))]), "does not follow"},
		{"stored hash", key64(spaceHash, 0), make([]byte, 32), "does not follow"},
		{"stored hash too many", key64(spaceHash, 1<<30), make([]byte, 32), "stored hashes"},
		{"header", key64(spaceHeader, last), make([]byte, 16), "does not follow"},
		{"header too many", key64(spaceHeader, 1), make([]byte, 16), "headers"},
		{"lookup gone", lookup, nil, "not found by its id"},
		{"lookup elsewhere", lookup, bytes64(2), "not found by its id"},
		{"lookup too many", append([]byte{spaceLookup}, make([]byte, 32)...), bytes64(1), "lookups"},
		{"history gone", keyHistory(b.world.Juma.Account, 6), nil, "does not follow"},
		{"history leads elsewhere", keyHistory(b.world.IssuerAccount, 6), []byte{2}, "does not follow"},
		{"history too many", keyHistory(b.world.Amina.Account, 1), []byte{}, "history entries"},
		{"volumes elsewhere", metaIndexed, bytes64(5), "the leaves' last volume"},
		{"more volumes", metaIndexed, bytes64(last + 1), "the leaves' last volume"},
		{"no volumes", metaIndexed, nil, "volumes up to"},
		{"more volumes than are final", metaIndexed, bytes64(last + 2), "volumes up to"},
		{"note", metaFinal, flip(all[string(metaFinal)]), "final checkpoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			copyFolder(t, b.dir, dir)
			tamper(t, dir, c.key, c.value)
			s, err := Open(dir, Options{ReadOnly: true, VolumeLeaves: testVolume})
			if err == nil {
				defer s.Close()
				_, err = s.Audit()
			}
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("audit: %v, want one that says %q", err, c.says)
			}
		})
	}
}

func lookupOf(t *testing.T, b *book, leaf uint64) []byte {
	t.Helper()
	raw, err := b.store.Leaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	derived, _, err := ledger.ReadLeaf(b.world.Network, leaf, raw)
	if err != nil {
		t.Fatal(err)
	}
	return keyLookup(derived.Lookup)
}

// Money made from nothing is found even when every hash was made to fit.
func TestAuditCountsMoney(t *testing.T) {
	for name, c := range map[string]struct {
		balance ledger.Balance
		says    string
	}{
		"more than was issued": {ledger.Balance{Posted: ledgertest.JumaFunds + 1}, "supply is"},
		"less than was issued": {ledger.Balance{Posted: ledgertest.JumaFunds - 1}, "supply is"},
		"held above posted":    {ledger.Balance{Posted: ledgertest.JumaFunds, Held: ledgertest.JumaFunds + 1}, "held"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, ledgertest.Network(t, "money"))
			key := append([]byte("b"), b.world.Juma.Account[:]...)
			key = append(key, 0, 0, 0, byte(ledgertest.KES))
			value := []byte(b.dump()[string(keyState(key))]) // Begins with posted and held.
			copy(value, append(bytes64(uint64(c.balance.Posted)), bytes64(uint64(c.balance.Held))...))
			b.store.Close()
			tamper(t, b.dir, keyState(key), value)
			s, err := Open(b.dir, Options{ReadOnly: true, VolumeLeaves: testVolume})
			if err != nil {
				t.Fatal(err)
			}
			head := s.Head()
			if head.State, err = s.Rescan(); err != nil {
				t.Fatal(err)
			}
			s.Close()
			tamper(t, b.dir, metaHead, encodeHead(head))
			if s, err = Open(b.dir, Options{ReadOnly: true, VolumeLeaves: testVolume}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Audit(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("audit: %v, want one that says %q", err, c.says)
			}
		})
	}
}

// A replay from the genesis gives every leaf again, and finds what no rule would have given.
func TestReplay(t *testing.T) {
	w := ledgertest.Network(t, "replay")
	b := newBook(t, w)
	b.trusting = false
	b.commit(b.pay(1_00), b.pay(1<<50))
	b.commit(b.pack(w.Provider, tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1}))
	b.timeUnixMs += 120_000
	b.commit(b.pay(2_00))
	paid := b.commit(b.pay(5_00), b.pay(6_00)).Leaves[0]
	returned := b.commit(b.pack(w.Provider, tx.Return{ // Its rule reads the hash of a leaf that is long behind the edge of the tree.
		LeafIndex: paid.Index, Leaf: paid.Raw, Debit: w.Juma.Account, Credit: w.IssuerAccount, Asset: ledgertest.KES, Amount: 5_00,
		Carrier: &w.ProviderAccount,
	}))
	if code := returned.Outcomes[0].Result.Code; code != tx.OK {
		t.Fatalf("return: %v", code)
	}
	var batches []uint64
	report, err := b.store.Replay(w.Genesis, func(batch uint64) { batches = append(batches, batch) })
	if err != nil || len(batches) != 5 || report.Root != b.store.Head().Root {
		t.Errorf("replay: %v, batches %v", err, batches)
	}
	if _, err := b.store.Replay(ledgertest.Network(t, "other").Genesis, nil); !errors.Is(err, ErrOtherNetwork) {
		t.Errorf("replay of another genesis: %v", err)
	}
	b.trusting = true // The store takes what it is given; only the rules know that nobody signed.
	b.commit(b.pay(3_00))
	b.audit()
	if _, err := b.store.Replay(w.Genesis, nil); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "batch 6") {
		t.Errorf("replay of a payment that nobody signed: %v", err)
	}
}

// The signatures of a long history are verified in parts, and what nobody signed is found in its place, whatever follows.
func TestReplayInParts(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of signatures")
	}
	w := ledgertest.Network(t, "parts")
	b := newBook(t, w)
	pays := func(batches int) {
		for range batches {
			var all [][]byte
			for i := range partEnvelopes / 2 {
				all = append(all, b.pay(amount.Amount(i+1)))
			}
			b.commit(all...)
		}
	}
	b.trusting = false
	pays(3)
	var batches []uint64
	report, err := b.store.Replay(w.Genesis, func(batch uint64) { batches = append(batches, batch) })
	if err != nil || len(batches) != 3 || batches[2] != 3 || report.Root != b.store.Head().Root {
		t.Fatalf("replay: %v, batches %v", err, batches)
	}
	b.trusting = true
	b.commit(b.pay(3_00))
	b.trusting = false
	pays(2)
	if _, err := b.store.Replay(w.Genesis, nil); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "batch 4: ") {
		t.Errorf("replay of a payment that nobody signed: %v", err)
	}
}

// A ledger that was founded with more money than its genesis says is found by replay alone.
func TestReplayComparesTheGenesis(t *testing.T) {
	w := ledgertest.Network(t, "rich")
	rich := ledgertest.NetworkOf(t, "rich", 4, func(_ *ledgertest.World, g *genesis.Genesis) { g.Issues[0].Amount++ })
	fx, err := ledger.Found(rich.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	fx.Before.BatchHash = tx.BatchHash(w.Network)
	b := &book{testing1: t, world: w, dir: filepath.Join(t.TempDir(), "state")}
	b.open()
	defer func() { b.store.Close() }()
	if err := b.store.Found(w.Network, fx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.Replay(w.Genesis, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("replay: %v", err)
	}
}

// An epoch without a batch is in force nowhere else: a head of another epoch than its last header's is corrupt.
func TestAuditFindsAHeadOfAnotherEpoch(t *testing.T) {
	for name, decide := range map[string]bool{"no set waits": false, "of the set that waits": true} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, ledgertest.Network(t, "epoch"))
			b.commit(b.pay(1_00))
			opened := b.store.Head()
			opened.Epoch = 3
			if decide {
				b.decideSet("v1", "v2", "v3", "v5")
				opened = b.store.Head()
				opened.Epoch = checkpoint.FirstEpoch(0)
			}
			if err := b.store.Commit(b.raftIndex+1, 1, &ledger.Effects{Before: b.store.Head(), After: opened}); err != nil {
				t.Fatal(err)
			}
			if _, err := b.store.Audit(); !errors.Is(err, ErrCorrupt) {
				t.Errorf("audit: %v, want %v", err, ErrCorrupt)
			}
		})
	}
}

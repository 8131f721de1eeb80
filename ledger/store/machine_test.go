package store

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dgraph-io/badger/v4"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestMain draws fewer cases than usual: each opens several stores. -rapid.checks and -rapid.steps ask for more.
func TestMain(m *testing.M) {
	if err := errors.Join(flag.Set("rapid.checks", "12"), flag.Set("rapid.steps", "20")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// machine is a store beside everything it has ever been, batch by batch.
type machine struct {
	*book
	t       *rapid.T
	folders func() string
	// past[n] is what badger held after batch n, and state[n] the state entries then.
	past  []map[string]string
	state [][]ledger.Entry
	// made[n] is the raft index of batch n.
	made  []uint64
	final uint64 // batch
	// sent are envelopes that were packed, to be packed again.
	sent [][]byte
	// ids are all that leaves were ever found by.
	ids map[[32]byte]bool
}

// Whatever happens to a store, its final view is the state as of the final checkpoint, and a rollback gives back every byte.
func TestMachine(t *testing.T) {
	w := ledgertest.Network(t, "machine")
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		folders := 0
		m := &machine{t: rt, ids: make(map[[32]byte]bool), folders: func() string { folders++; return filepath.Join(root, fmt.Sprint(folders)) }}
		m.book = &book{testing1: rt, world: w, dir: m.folders(), timeUnixMs: ledgertest.GenesisTimeUnixMs, trusting: true}
		m.open()
		defer func() {
			m.store.Close()
			os.RemoveAll(root)
		}()
		m.found()
		m.note()
		rt.Repeat(map[string]func(*rapid.T){
			"batch": m.batch, "batches": m.batch, "void": m.void, "final": m.setFinal, "rollback": m.rollback,
			"reopen": func(*rapid.T) { m.reopen() },
			"crash":  func(*rapid.T) { m.crash(m.folders()) },
			"":       m.check,
		})
		m.audit()
	})
}

// note remembers what the store is now.
func (m *machine) note() {
	v := m.store.View()
	defer v.Close()
	m.past, m.state, m.made = append(m.past, m.dump()), append(m.state, entries(m, v, 100)), append(m.made, m.raftIndex)
}

// draw makes an envelope: accepted, refused or unauthorised.
func (m *machine) draw(t *rapid.T) []byte {
	w := m.world
	transfer := tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1_00}
	signer := w.Issuer
	switch rapid.SampledFrom([]string{"pay", "dear", "phone", "stranger", "open", "grant", "again"}).Draw(t, "transaction") {
	case "dear":
		transfer.Amount = 1 << 50
	case "phone":
		signer, transfer.Debit, transfer.Credit = w.Provider, w.Juma.Account, w.Amina.Account
		transfer.Fee = &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}
	case "stranger":
		signer = w.Provider
	case "open":
		authority := tx.SingleKey(w.Issuer.Public())
		return m.pack(signer, tx.OpenAccount{Authority: authority, Salt: [16]byte{byte(rapid.IntRange(0, 5).Draw(t, "salt"))}})
	case "grant":
		return m.pack(signer, tx.IssueGrant{
			Account: w.IssuerAccount, Grantee: w.Provider.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES,
			CapTransaction: 1, CapDay: 1, FeeCeiling: 1, ExpiresAtUnixMs: ledgertest.GrantExpiresAtUnixMs,
		})
	case "again":
		if n := len(m.sent); n > 0 {
			if again := m.sent[rapid.IntRange(0, n-1).Draw(t, "which")]; m.alive(again) {
				return again
			}
		}
	}
	return m.pack(signer, transfer)
}

// alive says whether an envelope may still be packed.
func (m *machine) alive(envelope []byte) bool {
	signed, err := tx.Parse(m.world.Network, envelope)
	return err == nil && signed.Body.ExpiresAtUnixMs > m.timeUnixMs+2000
}

func (m *machine) batch(t *rapid.T) {
	if rapid.IntRange(0, 9).Draw(t, "pause") == 0 {
		m.timeUnixMs += 61_000 // Ids are forgotten.
	}
	var envelopes [][]byte
	for range rapid.IntRange(0, 4).Draw(t, "transactions") {
		envelopes = append(envelopes, m.draw(t))
	}
	m.sent = append(m.sent, envelopes...)
	fx := m.commit(envelopes...)
	m.note()
	for _, leaf := range fx.Leaves { // A snapshot's receiver must find the same by itself.
		derived, _, err := ledger.ReadLeaf(m.world.Network, leaf.Index, leaf.Raw)
		if err != nil || derived.Lookup != leaf.Lookup || !slices.Equal(derived.Accounts, leaf.Accounts) {
			t.Fatalf("leaf %d is found by %x and shown to %v, derived %x and %v: %v",
				leaf.Index, leaf.Lookup, leaf.Accounts, derived.Lookup, derived.Accounts, err)
		}
	}
}

// void is a raft entry that changes nothing but the applied index.
func (m *machine) void(t *rapid.T) {
	m.raftIndex++
	if err := m.store.Advance(m.raftIndex, 1); err != nil {
		t.Fatal(err)
	}
	m.past[len(m.past)-1] = m.dump()
}

// sizeOf is the number of leaves after a batch.
func (m *machine) sizeOf(batch uint64) uint64 {
	h, err := decodeHead([]byte(m.past[batch][string(metaHead)]))
	if err != nil {
		m.t.Fatal(err)
	}
	return h.Size
}

func (m *machine) setFinal(t *rapid.T) {
	batch := uint64(rapid.IntRange(int(m.final), len(m.past)-1).Draw(t, "final batch"))
	size := m.sizeOf(batch)
	root, err := m.store.Root(size)
	if err == nil {
		err = m.store.SetFinal(m.seal(size), size, root)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.final = batch
}

func (m *machine) rollback(t *rapid.T) {
	if m.final > 0 {
		if err := m.store.Rollback(m.final - 1); !errors.Is(err, ErrMismatch) {
			t.Fatalf("roll back below the final batch %d: %v", m.final, err)
		}
	}
	to := rapid.IntRange(int(m.final), len(m.past)-1).Draw(t, "to batch")
	if err := m.store.Rollback(uint64(to)); err != nil {
		t.Fatal(err)
	}
	m.past, m.state, m.made = m.past[:to+1], m.state[:to+1], m.made[:to+1]
	m.raftIndex, _ = m.store.Applied()
	if made := m.made[to]; m.raftIndex != made || m.store.Made() != made {
		t.Fatalf("applied index %d and made %d after a rollback to batch %d, which entry %d made", m.raftIndex, m.store.Made(), to, made)
	}
	// Void entries above the target come again.
	m.past[to][string(metaApplied)] = string(at(place{m.raftIndex, min(m.raftIndex, 1)}).encode())
	if rapid.Bool().Draw(t, "in a new epoch") {
		m.epoch++
	}
}

// check compares the store with its past.
func (m *machine) check(t *rapid.T) {
	now, want := m.dump(), maps.Clone(m.past[len(m.past)-1])
	for key := range want { // Finality that came after the batch has dropped what it drops, and no more.
		if key[0] == spaceUndo && bytes.Compare([]byte(key), key64(spaceUndo, m.final+1)) < 0 {
			delete(want, key)
		}
	}
	for _, all := range []map[string]string{now, want} { // Finality, and what comes of it.
		maps.DeleteFunc(all, func(key, _ string) bool {
			return key == string(metaFinal) || key == string(metaIndexed) || key[0] == spaceLookup || key[0] == spaceHistory
		})
	}
	if !equal(now, want) {
		t.Fatalf("batch %d is not what it was: %s", len(m.past)-1, difference(now, want))
	}
	if m.store.Pending() != len(m.past)-1-int(m.final) {
		t.Fatalf("%d pending batches, not %d", m.store.Pending(), len(m.past)-1-int(m.final))
	}
	before, limit := rapid.Uint64Range(0, m.store.Head().Size+3).Draw(t, "before"), rapid.IntRange(0, 20).Draw(t, "limit")
	m.compareIndexes(m.ids, before, limit)
	v := m.store.FinalView()
	defer v.Close()
	state := m.state[m.final]
	if got := entries(t, v, rapid.IntRange(1, 40).Draw(t, "page")); fmt.Sprint(got) != fmt.Sprint(state) || v.Head().Batch != m.final {
		t.Fatalf("the final view of batch %d is not the state as of it", m.final)
	}
	var walked []ledger.Entry
	if err := v.walkState(func(key, value []byte) error {
		walked = append(walked, ledger.Entry{Key: key[1:], Value: value})
		return nil
	}); err != nil || fmt.Sprint(walked) != fmt.Sprint(state) {
		t.Fatalf("a walk over the final view of batch %d is not the state as of it: %v", m.final, err)
	}
	values := make(map[string][]byte)
	for _, e := range state {
		values[string(e.Key)] = e.Value
	}
	newest := make(map[string][]byte)
	for _, e := range m.state[len(m.state)-1] {
		newest[string(e.Key)] = e.Value
	}
	for _, e := range append(state[:len(state):len(state)], m.state[len(m.state)-1]...) {
		if got, err := m.store.Get(e.Key); err != nil || !bytes.Equal(got, newest[string(e.Key)]) {
			t.Fatalf("newest value of %x is %x, not %x: %v", e.Key, got, newest[string(e.Key)], err)
		}
		if got, err := v.Get(e.Key); err != nil || !bytes.Equal(got, values[string(e.Key)]) {
			t.Fatalf("final value of %x is %x, not %x: %v", e.Key, got, values[string(e.Key)], err)
		}
	}
}

func difference(a, b map[string]string) string {
	var all []string
	for key, value := range a {
		if other, ok := b[key]; !ok || other != value {
			all = append(all, fmt.Sprintf("%q is %.40x", key, value))
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			all = append(all, fmt.Sprintf("%q is gone", key))
		}
	}
	return fmt.Sprint(all)
}

// A rollback that a crash cuts anywhere goes on at the next start.
func TestCrashInRollback(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "crash in rollback"))
	b.commit(b.pay(1))
	want := b.dump()
	b.raftIndex++
	if err := b.store.Advance(b.raftIndex, 1); err != nil {
		t.Fatal(err)
	}
	b.epoch++
	for range 3 {
		b.commit(b.pay(2), b.pay(3))
	}
	for undone := range 4 {
		t.Run(fmt.Sprint(undone), func(t *testing.T) {
			cut := &book{testing1: t, world: b.world, dir: filepath.Join(t.TempDir(), "state")}
			copyFolder(t, b.dir, cut.dir)
			cut.open()
			defer func() { cut.store.Close() }()
			// What Rollback does, up to the crash.
			err := cut.store.put(cut.store.standing.Load(), moves{}, func(txn *badger.Txn) error { return txn.Set(metaTarget, bytes64(1)) })
			for range undone {
				err = errors.Join(err, cut.store.undoLast())
			}
			if err != nil {
				t.Fatal(err)
			}
			cut.crash(filepath.Join(t.TempDir(), "state"))
			if got := cut.dump(); !equal(got, want) {
				t.Errorf("the rollback was not finished: %s", difference(got, want))
			}
			if index, _ := cut.store.Applied(); index != 1 {
				t.Errorf("applied index is %d: the void entry after the target has to come again", index)
			}
		})
	}
}

// A crash between the parts of a large batch that is taken back leaves a folder that opens, with the batch taken back.
func TestCrashBetweenUndoneParts(t *testing.T) {
	b := newBook(t, ledgertest.Network(t, "undone parts"))
	before, head := b.dump(), b.store.Head()
	fx := wide(b, 40_000)
	consistent(b, fx)
	if err := b.store.Commit(1, 1, fx); err != nil {
		t.Fatal(err)
	}
	done, cuts := 0, 0
	b.store.options.Point = func(name string) error {
		if name != "store: part of a batch not undone" {
			return nil
		}
		if done++; done%3 != 2 {
			return nil
		}
		cuts++
		cut := &book{testing1: t, world: b.world, dir: filepath.Join(t.TempDir(), "state")}
		copyFolder(t, b.dir, cut.dir)
		cut.open()
		if after := cut.dump(); !equal(before, after) {
			t.Errorf("after %d parts the state is another: %s", done-1, difference(after, before))
		}
		if cut.store.Head() != head {
			t.Errorf("after %d parts the head is batch %d", done-1, cut.store.Head().Batch)
		}
		return cut.store.Close()
	}
	if err := b.store.Rollback(0); err != nil {
		t.Fatal(err)
	}
	if cuts == 0 {
		t.Errorf("%d parts", done)
	}
	if !equal(before, b.dump()) {
		t.Error("the rollback left something")
	}
}

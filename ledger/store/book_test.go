package store

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// testing1 is what a book needs of a test; rapid's T is one too.
type testing1 interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// testVolume is how many leaves a volume has in tests, so that some are written.
const testVolume = 7

// book is a store that a test writes batches into.
type book struct {
	testing1
	world *ledgertest.World
	dir   string
	store *Store

	raftIndex  uint64
	timeUnixMs uint64
	nonce      uint64
	// epoch is that of the next batch.
	epoch uint64
	// trusting packs transactions without signatures that verify: for tests of many batches.
	trusting bool
}

// newBook opens and founds a store of a world.
func newBook(t *testing.T, w *ledgertest.World) *book {
	t.Helper()
	b := &book{testing1: t, world: w, dir: filepath.Join(t.TempDir(), "state"), timeUnixMs: ledgertest.GenesisTimeUnixMs, trusting: true}
	b.open()
	t.Cleanup(func() { b.store.Close() })
	b.found()
	return b
}

func (b *book) open() {
	b.Helper()
	s, err := Open(b.dir, Options{NoSync: true, VolumeLeaves: testVolume})
	if err != nil {
		b.Fatalf("open: %v", err)
	}
	b.store = s
}

func (b *book) found() {
	b.Helper()
	fx, err := ledger.Found(b.world.Genesis)
	if err == nil {
		err = b.store.Found(b.world.Network, fx)
	}
	if err != nil {
		b.Fatalf("found: %v", err)
	}
}

// reopen stops the store in order and starts it again.
func (b *book) reopen() {
	b.Helper()
	if err := b.store.Close(); err != nil {
		b.Fatalf("close: %v", err)
	}
	b.open()
}

// crash goes on with a copy of the folder made while the store was open, as after kill -9.
func (b *book) crash(to string) {
	b.Helper()
	copyFolder(b, b.dir, to)
	if err := b.store.Close(); err != nil {
		b.Fatalf("close: %v", err)
	}
	b.dir = to
	b.open()
}

// pack makes the envelope of operations.
func (b *book) pack(signer key.Private, ops ...tx.Operation) []byte {
	b.Helper()
	b.nonce++
	body, err := tx.Body{Nonce: b.world.Nonce(b.nonce), ExpiresAtUnixMs: b.timeUnixMs + 60_000, Operations: ops}.Encode()
	if err != nil {
		b.Fatal(err)
	}
	if b.trusting {
		signed, err := tx.Pack(b.world.Network, body, []tx.Signature{{Signer: signer.Public()}})
		if err != nil {
			b.Fatal(err)
		}
		return signed.Envelope()
	}
	signed, err := tx.Seal(b.world.Network, body, signer)
	if err != nil {
		b.Fatal(err)
	}
	return signed.Envelope()
}

// pay is a payment of the issuer to Juma.
func (b *book) pay(a amount.Amount) []byte {
	return b.pack(b.world.Issuer, tx.Transfer{Debit: b.world.IssuerAccount, Credit: b.world.Juma.Account, Asset: ledgertest.KES, Amount: a})
}

// effects applies envelopes to the newest state.
func (b *book) effects(envelopes ...[]byte) *ledger.Effects {
	b.Helper()
	verify := ledger.Verify(b.world.Network)
	if b.trusting {
		verify = func(envelope []byte) (*tx.Signed, error) { return tx.Parse(b.world.Network, envelope) }
	}
	v := b.store.View()
	defer v.Close()
	b.timeUnixMs += 1000
	head := b.store.Head()
	hash := key.TaggedHash("umoja/test/batch", []byte(fmt.Sprint(head.Batch+1, b.timeUnixMs)))
	fx, err := ledger.Reapply(v, head, b.world.Network, verify, ledger.Position{Hash: tx.BatchHash(hash), Epoch: b.epoch, TimeUnixMs: b.timeUnixMs}, envelopes)
	if err != nil {
		b.Fatalf("apply: %v", err)
	}
	return fx
}

// commit applies envelopes as the next batch.
func (b *book) commit(envelopes ...[]byte) *ledger.Effects {
	b.Helper()
	fx := b.effects(envelopes...)
	b.raftIndex++
	if err := b.store.Commit(b.raftIndex, 1, fx); err != nil {
		b.Fatal(err)
	}
	return fx
}

// decideSet has the validators of the genesis decide on a set of these names. The batch in which it takes effect is the newest.
func (b *book) decideSet(names ...string) {
	b.Helper()
	for _, name := range names {
		if b.world.Validators[name] == nil {
			seed := sha256.Sum256([]byte(name))
			b.world.Validators[name], b.world.TLS[name] = ed25519.NewKeyFromSeed(seed[:]), ed25519.NewKeyFromSeed(seed[:])
		}
	}
	set, err := b.world.SetOf(names...)
	if err != nil {
		b.Fatal(err)
	}
	propose := b.pack(b.world.Governors["v1"], tx.Propose{Validator: "v1", Decision: set, ExpiresAtUnixMs: b.timeUnixMs + 3_600_000})
	signed, err := tx.Parse(b.world.Network, propose)
	if err != nil {
		b.Fatal(err)
	}
	ballot := tx.NewBallotID(signed.ID(), 0)
	b.commit(propose, b.pack(b.world.Governors["v2"], tx.Vote{Validator: "v2", Ballot: ballot, Yes: true}),
		b.pack(b.world.Governors["v3"], tx.Vote{Validator: "v3", Ballot: ballot, Yes: true}))
	b.commit()
	v := b.store.View()
	defer v.Close()
	if before, err := ledger.Read(v).SetBefore(); err != nil || before == nil {
		b.Fatalf("no set waits: %v", err)
	}
}

// seal makes the final checkpoint of a size, cosigned by a quorum.
func (b *book) seal(size uint64) []byte {
	b.Helper()
	root, err := b.store.Root(size)
	if err != nil {
		b.Fatal(err)
	}
	c := checkpoint.Checkpoint{Network: b.world.Network, Size: size, Root: root}
	return sealed(b, b.world, c, b.world.Set.Quorum())
}

func sealed(t testing1, w *ledgertest.World, c checkpoint.Checkpoint, signers int) []byte {
	t.Helper()
	var cosigs []checkpoint.Cosignature
	for _, v := range w.Set[:signers] {
		cosigs = append(cosigs, c.Cosign(v.Name, w.Validators[v.Name], 1_800_000_000))
	}
	note, err := c.Seal(w.Set, cosigs)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// final makes everything up to a size final.
func (b *book) final(size uint64) {
	b.Helper()
	root, err := b.store.Root(size)
	if err == nil {
		err = b.store.SetFinal(b.seal(size), size, root)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func (b *book) export() []byte {
	b.Helper()
	var out bytes.Buffer
	if err := b.store.Export(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// dump is everything that is in badger, a node's own records included.
func (b *book) dump() map[string]string {
	b.Helper()
	all := make(map[string]string)
	v := b.store.View()
	defer v.Close()
	if err := v.walk(nil, func(key, value []byte) error { all[string(key)] = string(value); return nil }); err != nil {
		b.Fatal(err)
	}
	return all
}

// audit fails the test unless the store agrees with itself.
func (b *book) audit() Report {
	b.Helper()
	report, err := b.store.Audit()
	if err != nil {
		b.Fatalf("audit: %v", err)
	}
	return report
}

// entries lists the state of a view, read in pages of a size.
func entries(t testing1, v ledger.View, page int) []ledger.Entry {
	t.Helper()
	var all []ledger.Entry
	var from []byte
	for {
		some, err := v.Scan(nil, from, page)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
		if len(some) < page {
			return all
		}
		from = append(bytes.Clone(some[page-1].Key), 0)
	}
}

// tamper writes into badger behind the store's back, while nobody has it open; nil deletes.
func tamper(t testing1, dir string, key, value []byte) {
	t.Helper()
	d, err := openDisk(dir, Options{NoSync: true, VolumeLeaves: testVolume})
	if err != nil {
		t.Fatal(err)
	}
	err = d.db.Update(func(txn *badger.Txn) error { return set(txn, key, value) })
	if err == nil {
		err = d.close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// copyFolder copies a folder with the holes at the end of its files: badger's log is mostly that. It begins again when badger was
// tidying up meanwhile, since a crash is of one moment.
func copyFolder(t testing1, from, to string) {
	t.Helper()
	for range 100 {
		before, err := listing(from)
		for name := range before {
			if err == nil {
				err = copyFile(filepath.Join(from, name), filepath.Join(to, name))
			}
		}
		after, listErr := listing(from)
		if err == nil && listErr == nil && maps.Equal(before, after) {
			return
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("copy %s: it does not stand still", from)
}

// listing gives the files of a folder and when they were changed.
func listing(dir string) (map[string]string, error) {
	files, err := os.ReadDir(dir)
	all := make(map[string]string)
	for _, f := range files {
		info, infoErr := f.Info()
		if infoErr != nil {
			return nil, infoErr
		}
		all[f.Name()] = fmt.Sprint(info.Size(), info.ModTime())
	}
	return all, err
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	portion, zero := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(in, portion)
		if bytes.Equal(portion[:n], zero[:n]) { // Badger's logs are written from their start on.
			return out.Truncate(info.Size())
		}
		if _, err := out.Write(portion[:n]); err != nil {
			return err
		}
		if err != nil {
			return out.Truncate(info.Size())
		}
	}
}

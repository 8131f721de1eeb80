//go:build linux

package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Benchmarks of a validator's disk. UMOJA_BENCH_DIR says on which disk they work; a folder of /tmp is often memory.

// benchFinalEvery is how many batches may be ahead of the final checkpoint.
const benchFinalEvery = 8

// crowd is a book with many accounts: a genesis whose Juma was copied, entry by entry. They are phones, which a provider's grant
// debits, and have an owner's key beside it, so that they are wallets too.
type crowd struct {
	*book
	wallet   key.Public
	accounts int
	random   *rand.ChaCha8
	signed   map[string]*tx.Signed
}

func benchAccount(i int) tx.AccountID {
	id := key.TaggedHash("umoja/bench/account", bytes64(uint64(i)))
	return tx.AccountID(id[:16])
}

func benchAlias(i int) *key.Alias {
	alias := key.Alias(key.TaggedHash("umoja/bench/alias", bytes64(uint64(i))))
	return &alias
}

// newCrowd founds a store with phone accounts.
func newCrowd(b *testing.B, dir string, accounts int) *crowd {
	b.Helper()
	c := crowdIn(b, dir, accounts)
	fx, err := ledger.Found(c.world.Genesis)
	if err != nil {
		b.Fatal(err)
	}
	c.multiply(fx)
	if err := c.store.Found(c.world.Network, fx); err != nil {
		b.Fatal(err)
	}
	return c
}

// crowdIn opens a store that newCrowd founded, or an empty one.
func crowdIn(b *testing.B, dir string, accounts int) *crowd {
	b.Helper()
	w := ledgertest.Network(b, "crowd")
	c := &crowd{accounts: accounts, random: rand.NewChaCha8([32]byte{1}), signed: make(map[string]*tx.Signed)}
	c.wallet = w.Key(b, "wallet").Public()
	c.book = &book{testing1: b, world: w, dir: dir, timeUnixMs: ledgertest.GenesisTimeUnixMs, trusting: true}
	s, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	c.store = s
	b.Cleanup(func() { c.store.Close() })
	if s.Founded() {
		c.raftIndex, _ = s.Applied()
		c.timeUnixMs = s.Head().TimeUnixMs
	}
	return c
}

// multiply copies every entry that names Juma for each of the accounts. Their money comes from nowhere: such a state
// passes every check but that of the supply.
func (c *crowd) multiply(fx *ledger.Effects) {
	juma := c.world.Juma
	var model []ledger.Change
	for _, m := range fx.Changes {
		if bytes.Equal(m.Key, append([]byte("a"), juma.Account[:]...)) { // Its value ends with the authority.
			authority := tx.PhoneAuthority(2)
			phone := authority.Encode()
			authority.Keys, authority.Threshold = []tx.AuthorityKey{{Key: c.wallet, Weight: 1}}, 1
			m.After = append(bytes.Clone(bytes.TrimSuffix(m.After, phone)), authority.Encode()...)
		}
		if bytes.Contains(m.Key, juma.Account[:]) || bytes.Contains(m.Key, juma.Alias[:]) || bytes.Equal(m.After, juma.Account[:]) {
			model = append(model, m)
		}
	}
	for i := range c.accounts {
		account, alias := benchAccount(i), benchAlias(i)
		replace := func(raw []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(raw, juma.Account[:], account[:]), juma.Alias[:], alias[:])
		}
		for _, m := range model {
			k := replace(m.Key)
			if bytes.Equal(k, m.Key) { // The entry of the number ends with it.
				k = binary.BigEndian.AppendUint64(bytes.Clone(k[:len(k)-8]), 1<<32+uint64(i))
			}
			fx.Changes = append(fx.Changes, ledger.Change{Key: k, After: replace(m.After)})
		}
	}
	rest := fx.Changes
	state, err := ledger.Rescan(c.world.Network, func() (ledger.Entry, bool, error) {
		if len(rest) == 0 {
			return ledger.Entry{}, false, nil
		}
		e := ledger.Entry{Key: rest[0].Key, Value: rest[0].After}
		rest = rest[1:]
		return e, true, nil
	})
	if err != nil {
		c.Fatal(err)
	}
	fx.After.State = state
}

// someone draws an account.
func (c *crowd) someone() int { return int(c.random.Uint64() % uint64(c.accounts)) }

// walletPayment is the plainest transaction: from one account to another, signed by the key that owns it, without a fee.
func (c *crowd) walletPayment() []tx.Operation {
	debit, credit := c.someone(), c.someone()
	for debit == credit {
		debit = c.someone()
	}
	return []tx.Operation{tx.Transfer{Debit: benchAccount(debit), Credit: benchAccount(credit), Asset: ledgertest.KES, Amount: 1_00}}
}

// phonePayment is a payment that a provider carries, for its fee.
func (c *crowd) phonePayment(payee func() int) []tx.Operation {
	debit, credit := c.someone(), payee()
	for debit == credit {
		debit = c.someone()
	}
	return []tx.Operation{tx.Transfer{
		Debit: benchAccount(debit), Credit: benchAccount(credit), Alias: benchAlias(credit), Asset: ledgertest.KES, Amount: 1_00,
		Fee: &tx.Fee{Provider: c.world.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
	}}
}

// payroll is one payment of the issuer to many.
func (c *crowd) payroll() []tx.Operation {
	bulk := tx.BulkTransfer{Debit: c.world.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Atomic}
	for range tx.MaxLegs {
		bulk.Legs = append(bulk.Legs, tx.BulkLeg{Credit: benchAccount(c.someone()), Amount: 1})
	}
	return []tx.Operation{bulk}
}

// sign makes an envelope whose signature nobody will check.
func (c *crowd) sign(signer key.Public, ops []tx.Operation) []byte {
	c.nonce++
	expires := c.timeUnixMs + 60*benchBatchMs
	body, err := tx.Body{Nonce: c.world.Nonce(c.nonce), ExpiresAtUnixMs: expires, Operations: ops}.Encode()
	if err != nil {
		c.Fatal(err)
	}
	signature := tx.Signature{Signer: signer}
	c.random.Read(signature.Signature[:])
	signed, err := tx.Pack(c.world.Network, body, []tx.Signature{signature})
	if err != nil {
		c.Fatal(err)
	}
	c.signed[string(signed.Envelope())] = signed
	return signed.Envelope()
}

// benchWarmUp is how many batches come before those that are timed: until then badger sorts the genesis in, and a store that was just
// opened meets most accounts for the first time.
func benchWarmUp(accounts int) int { return max(100, accounts/400) }

// benchBatchMs is the ledger time between two batches.
const benchBatchMs = 25

// step applies a batch and commits it.
func (c *crowd) step(envelopes [][]byte) { c.take(c.apply(envelopes)) }

// apply makes the effects of a batch.
func (c *crowd) apply(envelopes [][]byte) *ledger.Effects {
	v := c.store.View()
	defer v.Close()
	c.timeUnixMs += benchBatchMs
	head := c.store.Head()
	hash := tx.BatchHash(bytes.Repeat(bytes64(head.Batch+1), 4))
	verify := func(envelope []byte) (*tx.Signed, error) { return c.signed[string(envelope)], nil }
	fx, err := ledger.Reapply(v, head, c.world.Network, verify, ledger.Position{Hash: hash, TimeUnixMs: c.timeUnixMs}, envelopes)
	if err != nil {
		c.Fatal(err)
	}
	for _, o := range fx.Outcomes {
		if o.Result.Code != tx.OK {
			c.Fatal(o.Result)
		}
	}
	return fx
}

// take commits a batch, and a final checkpoint where it is time for one.
func (c *crowd) take(fx *ledger.Effects) {
	c.raftIndex++
	if err := c.store.Commit(c.raftIndex, 1, fx); err != nil {
		c.Fatal(err)
	}
	if c.raftIndex%benchFinalEvery == 0 {
		if err := c.store.SetFinal([]byte("note"), fx.After.Size, fx.After.Root); err != nil {
			c.Fatal(err)
		}
	}
}

// workloads are what a busy network does.
var workloads = []struct {
	name string
	// transactions are in a batch, transfers in a transaction.
	transactions, transfers int
	sign                    func(c *crowd) []byte
}{
	{"wallets", 400, 1, func(c *crowd) []byte { return c.sign(c.wallet, c.walletPayment()) }},
	{"phones", 400, 1, func(c *crowd) []byte { return c.sign(c.world.Provider.Public(), c.phonePayment(c.someone)) }},
	{"one-payee", 400, 1, func(c *crowd) []byte {
		return c.sign(c.world.Provider.Public(), c.phonePayment(func() int { return 0 }))
	}},
	{"payroll", 5, tx.MaxLegs, func(c *crowd) []byte { return c.sign(c.world.Issuer.Public(), c.payroll()) }},
}

// meter measures a validator's work without the making of envelopes between the batches: its processor time is taken off.
// What badger does in the background meanwhile is counted.
type meter struct {
	start  time.Time
	used   time.Duration
	making time.Duration
}

func startMeter() meter { return meter{start: time.Now(), used: processTime()} }

// envelopes makes a batch of a workload on a thread of its own, whose time it knows.
func (m *meter) envelopes(c *crowd, transactions int, sign func(c *crowd) []byte) [][]byte {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	clear(c.signed) // A validator forgets the transactions that it has applied.
	envelopes := make([][]byte, transactions)
	for i := range envelopes {
		envelopes[i] = sign(c)
	}
	m.making += threadTime() - before
	return envelopes
}

// report gives the processor time and the rate. On one processor the making takes its time from the clock, too.
func (m *meter) report(b *testing.B, transfers int) {
	b.Helper()
	used, elapsed := processTime()-m.used-m.making, time.Since(m.start)-m.making
	b.ReportMetric(float64(transfers)/elapsed.Seconds(), "transfers/s")
	b.ReportMetric(float64(used.Nanoseconds())/1000/float64(transfers), "cpu-µs/transfer")
}

// BenchmarkApplyCommit is a validator's whole work for a batch whose signatures it has checked: rules, state hash, tree,
// a synced commit to disk, the final checkpoints behind it, and what badger does in the background. One operation is one
// batch. Run some hundreds, so that tables are flushed and merged: -benchtime 300x.
func BenchmarkApplyCommit(b *testing.B) {
	for _, w := range workloads {
		for _, accounts := range []int{20_000, 200_000} {
			b.Run(fmt.Sprintf("%s/%dk", w.name, accounts/1000), func(b *testing.B) {
				if b.N == 1 {
					return // The first call only finds out how long one operation takes, and a genesis takes longer than most.
				}
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
				c := newCrowd(b, filepath.Join(benchDir(b), "state"), accounts)
				var warm meter
				for range benchWarmUp(accounts) {
					c.step(warm.envelopes(c, w.transactions, w.sign))
				}
				runtime.GC()
				m := startMeter()
				stop := profile(b)
				for range b.N {
					c.step(m.envelopes(c, w.transactions, w.sign))
				}
				stop()
				m.report(b, b.N*w.transactions*w.transfers)
			})
		}
	}
}

// profile writes a profile of the part that is timed into the file UMOJA_BENCH_PROFILE, if it is set.
func profile(b *testing.B) (stop func()) {
	b.Helper()
	path := os.Getenv("UMOJA_BENCH_PROFILE")
	if path == "" {
		return func() {}
	}
	f, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// benchDir is a folder on the disk to measure.
func benchDir(b *testing.B) string {
	b.Helper()
	parent := os.Getenv("UMOJA_BENCH_DIR")
	if parent == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// BenchmarkProof is what a validator reads for a receipt: where a transaction is, its leaf, its batch and its inclusion proof; of the
// newest batches, as payers ask, and of any.
func BenchmarkProof(b *testing.B) {
	c := newCrowd(b, filepath.Join(benchDir(b), "state"), 2000)
	var m meter
	for range 60 {
		c.step(m.envelopes(c, 400, func(c *crowd) []byte {
			return c.sign(c.world.Provider.Public(), c.phonePayment(c.someone))
		}))
	}
	size := c.store.FinalHead().Size
	for name, among := range map[string]uint64{"new": 2000, "any": size - 1} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				index := size - 1 - c.random.Uint64()%among
				_, err := c.store.Leaf(index)
				if err == nil {
					_, err = c.store.HeaderAfter(index)
				}
				if err == nil {
					_, err = c.store.Inclusion(index, size)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

//go:build linux

package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// circle is what the stream workload of umoja bench sends: everybody in turn pays those that come next.
func (c *crowd) circle(i int) []byte {
	debit := i % c.accounts
	credit := (debit + 1 + i/c.accounts%(c.accounts-1)) % c.accounts
	return c.sign(c.wallet, []tx.Operation{tx.Transfer{Debit: benchAccount(debit), Credit: benchAccount(credit), Asset: ledgertest.KES, Amount: 1}})
}

// BenchmarkCommit is what the store costs beside reads: batches of 600 payments, whose making and applying is taken off. One operation is a batch;
// run some hundreds, so that tables are flushed and merged. With -v it counts the keys that badger holds, all versions that were not merged yet.
func BenchmarkCommit(b *testing.B) {
	const transactions = 600
	for _, accounts := range []int{1000, 50_000} {
		b.Run(fmt.Sprintf("%dk", accounts/1000), func(b *testing.B) {
			if b.N == 1 {
				return
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			c := newCrowd(b, filepath.Join(benchDir(b), "state"), accounts)
			i := 0
			var m meter
			var applying time.Duration
			run := func() {
				envelopes := m.envelopes(c, transactions, func(c *crowd) []byte { i++; return c.circle(i - 1) })
				runtime.LockOSThread()
				before := threadTime()
				fx := c.apply(envelopes)
				applying += threadTime() - before
				runtime.UnlockOSThread()
				c.take(fx)
			}
			for range 100 {
				run()
			}
			runtime.GC()
			m, applying = startMeter(), 0
			stop := profile(b)
			for range b.N {
				run()
			}
			stop()
			m.making += applying
			m.report(b, b.N*transactions)
			b.ReportMetric(float64(applying.Nanoseconds())/1000/float64(b.N*transactions), "apply-µs/transfer")
			if testing.Verbose() {
				countKeys(b, c.store)
			}
		})
	}
}

// countKeys prints how many keys there are of each keyspace and kind of state, and their mean bytes.
func countKeys(b *testing.B, s *Store) {
	b.Helper()
	type sum struct{ keys, keyBytes, valueBytes int }
	sums := make(map[string]sum)
	err := s.disk.read(func(txn *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.AllVersions, o.PrefetchValues = true, false
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			item := it.Item()
			name := string(item.Key()[:1])
			if name[0] == spaceState {
				name = string(item.Key()[:2])
			}
			if item.IsDeletedOrExpired() {
				name += " gone"
			}
			n := sums[name]
			sums[name] = sum{n.keys + 1, n.keyBytes + len(item.Key()), n.valueBytes + int(item.ValueSize())}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		n := sums[name]
		fmt.Printf("%8s %8d keys of %5.1f bytes, values of %7.1f\n", name, n.keys, float64(n.keyBytes)/float64(n.keys), float64(n.valueBytes)/float64(n.keys))
	}
}

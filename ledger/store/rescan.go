package store

import (
	"bytes"
	"runtime"
	"sync"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Rescan hashes the whole state: what the head's hash must equal. It takes all processors, since a validator that was
// killed does nothing else before it serves.
func (s *Store) Rescan() (ledger.LtHash, error) {
	v, now := s.view()
	defer v.Close()
	return rescan(v, now.network)
}

// rescan hashes the ranges of the state apart: the hash of a set is the sum over its parts.
func rescan(v *View, network tx.NetworkID) (ledger.LtHash, error) {
	ranges, err := v.ranges(smallTables)
	if err != nil {
		return ledger.LtHash{}, err
	}
	var mu sync.Mutex
	var sum ledger.LtHash
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for _, r := range ranges {
		workers.Go(func() error {
			part, err := v.rescanRange(network, r)
			mu.Lock()
			defer mu.Unlock()
			sum.Add(&part)
			return err
		})
	}
	err = workers.Wait()
	return sum, err
}

// keyRange are the keys from one on, up to another; nil is no end.
type keyRange struct{ from, to []byte }

// smallTables is up to how many tables the state is read as one range.
const smallTables = 8

// ranges cuts the state of a view, kind by kind, by the next byte of the keys: most are hashes. A state in few tables is one
// range.
func (v *View) ranges(few int) ([]keyRange, error) {
	var kinds []byte
	err := v.read(func(txn *badger.Txn) error {
		if len(v.disk.db.Tables()) <= few {
			return nil
		}
		o := badger.DefaultIteratorOptions
		o.Prefix, o.PrefetchValues = []byte{spaceState}, false
		it := txn.NewIterator(o)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Seek([]byte{spaceState, kinds[len(kinds)-1] + 1}) {
			if kinds = append(kinds, it.Item().Key()[1]); kinds[len(kinds)-1] == 0xff {
				break
			}
		}
		return nil
	})
	if err != nil || len(kinds) == 0 {
		return []keyRange{{from: []byte{spaceState}, to: []byte{spaceState + 1}}}, err
	}
	cuts := [][]byte{{spaceState}}
	for _, kind := range kinds {
		for next := 0x10; next < 0x100; next += 0x10 {
			cuts = append(cuts, []byte{spaceState, kind, byte(next)})
		}
	}
	var all []keyRange
	for i, from := range cuts {
		r := keyRange{from: from, to: []byte{spaceState + 1}}
		if i < len(cuts)-1 {
			r.to = cuts[i+1]
		}
		all = append(all, r)
	}
	return all, nil
}

// rescanPortion is how many entries are hashed before others are let at the store.
const rescanPortion = 10_000

func (v *View) rescanRange(network tx.NetworkID, r keyRange) (sum ledger.LtHash, err error) {
	for more := true; more && err == nil; {
		err = v.read(func(txn *badger.Txn) error {
			o := badger.DefaultIteratorOptions
			o.Prefix, o.PrefetchValues = []byte{spaceState}, false
			it := txn.NewIterator(o)
			defer it.Close()
			it.Seek(r.from)
			left := rescanPortion
			var value []byte
			portion, err := ledger.Rescan(network, func() (ledger.Entry, bool, error) {
				if left < rescanPortion {
					it.Next()
				}
				if more = it.Valid() && bytes.Compare(it.Item().Key(), r.to) < 0; !more {
					return ledger.Entry{}, false, nil
				}
				if left--; left < 0 {
					r.from = it.Item().KeyCopy(nil)
					return ledger.Entry{}, false, nil
				}
				var err error
				value, err = it.Item().ValueCopy(value)
				return ledger.Entry{Key: it.Item().Key()[1:], Value: value}, true, err
			})
			sum.Add(&portion)
			return err
		})
	}
	return sum, err
}

package ussdtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
)

const (
	// largeValue is what a store takes in one value, and in one update: far more than a session or a bulk of messages has.
	largeValue = 512 << 10
	// manyKeys is what a store takes in one update: more than any loop of the gateway writes at once.
	manyKeys = 2000
)

// checkScans: the order is that of bytes, whatever bytes keys have; a limit and a start are kept to; own writes are seen.
func checkScans(t *testing.T, open func(t *testing.T) ussd.Store) {
	s := open(t)
	keys := []string{"p\x00", "p\x00\x00", "p/", "p/\x00", "p/\x01", "p/a", "p/a\x00", "p/b", "p/\xfe", "p/\xff", "p/\xff\xff", "p0", "q", "\xff"}
	update(t, s, func(w ussd.Writer) error {
		for i := range keys {
			if err := w.Set([]byte(keys[(i*5)%len(keys)]), nil); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(keys)
	for _, c := range []struct {
		prefix, from string
		limit        int
	}{
		{"", "", 100}, {"p", "", 100}, {"p/", "", 100}, {"p/", "", 3}, {"p/", "", 0}, {"p/", "", 1}, {"p/", "p/a", 100}, {"p/", "p/a\x00\x00", 2},
		{"p/", "p/\xff\xff\xff", 5}, {"p/", "a", 100}, {"p/", "q", 100}, {"p/\xff", "", 100}, {"\xff", "", 100}, {"x", "", 100}, {"", "p/b", 3},
	} {
		var want []string
		for _, key := range keys {
			if len(want) < c.limit && key >= c.from && len(key) >= len(c.prefix) && key[:len(c.prefix)] == c.prefix {
				want = append(want, key+"=")
			}
		}
		if got := dump(t, s, c.prefix, []byte(c.from), c.limit); !cmp.Equal(got, want) {
			t.Errorf("scan of %q from %q, at most %d: %q, want %q", c.prefix, c.from, c.limit, got, want)
		}
	}
	update(t, s, func(w ussd.Writer) error {
		if err := errors.Join(w.Set([]byte("p/m"), nil), w.Delete([]byte("p/a"))); err != nil {
			return err
		}
		var got []string
		err := w.Scan([]byte("p/"), []byte("p/a"), 3, func(key, _ []byte) error {
			got = append(got, string(key))
			return nil
		})
		if want := []string{"p/a\x00", "p/b", "p/m"}; !cmp.Equal(got, want) {
			t.Errorf("a scan of own writes: %q, want %q", got, want)
		}
		return err
	})
}

// checkSizes: a large value, and many small ones at once, come back as they were.
func checkSizes(t *testing.T, open func(t *testing.T) ussd.Store) {
	s := open(t)
	large := make([]byte, largeValue)
	for i := range large {
		large[i] = byte(i * i >> 7)
	}
	update(t, s, func(w ussd.Writer) error { return w.Set([]byte("large"), large) })
	update(t, s, func(w ussd.Writer) error {
		for i := range uint32(manyKeys) {
			if err := w.Set(binary.BigEndian.AppendUint32([]byte("many/"), i), large[i:i+128]); err != nil {
				return err
			}
		}
		return nil
	})
	seen := uint32(0)
	err := s.View(context.Background(), func(r ussd.Reader) error {
		got, err := r.Get([]byte("large"))
		if !bytes.Equal(got, large) {
			t.Errorf("a large value came back as %d other bytes", len(got))
		}
		return errors.Join(err, r.Scan([]byte("many/"), nil, manyKeys+1, func(key, value []byte) error {
			if n := binary.BigEndian.Uint32(key[5:]); n != seen || !bytes.Equal(value, large[n:n+128]) {
				return fmt.Errorf("key %d of %d came back otherwise", n, seen)
			}
			seen++
			return nil
		}))
	})
	if err != nil || seen != manyKeys {
		t.Errorf("%d of %d keys: %v", seen, manyKeys, err)
	}
}

// checkConflicts: an update that another got in between of is run again, or the other waits; both are there in the end. What a
// scan saw counts as read.
func checkConflicts(t *testing.T, open func(t *testing.T) ussd.Store) {
	s := open(t)
	const each = 10
	var runs atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range each {
				err := s.Update(context.Background(), func(w ussd.Writer) error {
					runs.Add(1)
					next := uint32(0)
					err := w.Scan([]byte("list/"), nil, 1000, func(_, _ []byte) error {
						next++
						return nil
					})
					if err != nil {
						return err
					}
					key := binary.BigEndian.AppendUint32([]byte("list/"), next)
					if _, err := w.Get(key); !errors.Is(err, ussd.ErrNotFound) {
						return fmt.Errorf("place %d is taken: %w", next, err)
					}
					return w.Set(key, nil)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := dump(t, s, "list/", nil, 1000); len(got) != 8*each || runs.Load() < 8*each {
		t.Errorf("%d places for %d updates of %d runs", len(got), 8*each, runs.Load())
	}
}

// checkSnapshots: a reader sees one state, while writers change two keys together.
func checkSnapshots(t *testing.T, open func(t *testing.T) ussd.Store) {
	s := open(t)
	set := func(n byte) {
		update(t, s, func(w ussd.Writer) error {
			return errors.Join(w.Set([]byte("left"), []byte{n}), w.Set([]byte("right"), []byte{n}))
		})
	}
	set(0)
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				err := s.View(context.Background(), func(r ussd.Reader) error {
					left, err := r.Get([]byte("left"))
					if err != nil {
						return err
					}
					return r.Scan([]byte("right"), nil, 1, func(_, right []byte) error {
						if !bytes.Equal(left, right) {
							return fmt.Errorf("left is %d and right %d", left, right)
						}
						return nil
					})
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range byte(50) {
		set(n)
	}
	close(done)
	group.Wait()
}

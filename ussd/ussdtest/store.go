package ussdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
)

// Store is a ussd.Store in memory. Updates run one at a time on a copy that replaces the records when the update
// succeeds.
type Store struct {
	mu            sync.Mutex
	records       map[string][]byte
	before, after func() error
}

// Interrupt makes updates call before when they are about to take effect, and after when they have; an error of either
// is the update's. After an error of before nothing was changed, after one of after everything was. Either may be nil.
func (s *Store) Interrupt(before, after func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// NewStore makes an empty store.
func NewStore() *Store { return &Store{records: make(map[string][]byte)} }

// View implements ussd.Store.
func (s *Store) View(ctx context.Context, read func(ussd.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	records := s.records
	s.mu.Unlock()
	return read(view{records})
}

// Update implements ussd.Store.
func (s *Store) Update(ctx context.Context, change func(ussd.Writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	records := maps.Clone(s.records)
	if err := change(view{records}); err != nil {
		return err
	}
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	s.records = records
	if s.after != nil {
		return s.after()
	}
	return nil
}

// Dump lists all records, for tests that look for what must not be stored.
func (s *Store) Dump() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s.records)) {
		fmt.Fprintf(&out, "%q = %q\n", key, s.records[key])
	}
	return out.String()
}

type view struct {
	records map[string][]byte
}

func (v view) Get(key []byte) ([]byte, error) {
	value, ok := v.records[string(key)]
	if !ok {
		return nil, ussd.ErrNotFound
	}
	return bytes.Clone(value), nil
}

func (v view) Scan(prefix, from []byte, limit int, take func(key, value []byte) error) error {
	var keys []string // Sorting all the others too took a quarter of every conversation.
	for key := range v.records {
		if strings.HasPrefix(key, string(prefix)) && key >= string(from) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if limit--; limit < 0 {
			return nil
		}
		if err := take([]byte(key), bytes.Clone(v.records[key])); err != nil {
			return err
		}
	}
	return nil
}

func (v view) Set(key, value []byte) error {
	v.records[string(key)] = append([]byte{}, value...)
	return nil
}

func (v view) Delete(key []byte) error {
	delete(v.records, string(key))
	return nil
}

// CheckStore is the test that every store passes. open makes an empty one.
func CheckStore(t *testing.T, open func(t *testing.T) ussd.Store) {
	ctx := context.Background()
	t.Run("a transaction sees its own writes and others see them after it", func(t *testing.T) {
		s := open(t)
		update(t, s, func(w ussd.Writer) error {
			key := []byte("a")
			if err := errors.Join(w.Set(key, []byte("1")), w.Set([]byte("b"), nil)); err != nil {
				return err
			}
			key[0] = 'z' // The store keeps no slice of the caller's.
			value, err := w.Get([]byte("a"))
			if string(value) != "1" {
				t.Errorf("own write is %q", value)
			}
			return err
		})
		if got := dump(t, s, "", nil, 10); !cmp.Equal(got, []string{"a=1", "b="}) {
			t.Errorf("got %q", got)
		}
		_ = s.View(ctx, func(r ussd.Reader) error {
			if _, err := r.Get([]byte("z")); !errors.Is(err, ussd.ErrNotFound) {
				t.Errorf("a missing key: %v", err)
			}
			return nil
		})
	})
	t.Run("an update that fails changes nothing", func(t *testing.T) {
		s, refused := open(t), errors.New("refused")
		err := s.Update(ctx, func(w ussd.Writer) error { return errors.Join(w.Set([]byte("a"), nil), refused) })
		if !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
		if got := dump(t, s, "", nil, 10); got != nil {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a scan is ordered, bounded and may scan within", func(t *testing.T) {
		s := open(t)
		update(t, s, func(w ussd.Writer) error {
			for _, key := range []string{"p/3", "p/1", "q/1", "p/2", "o"} {
				if err := w.Set([]byte(key), []byte("v")); err != nil {
					return err
				}
			}
			if err := w.Delete([]byte("p/9")); err != nil {
				return err
			}
			return w.Scan([]byte("p/"), nil, 10, func(key, _ []byte) error {
				return w.Scan(key, nil, 1, func(again, _ []byte) error {
					if !bytes.Equal(key, again) {
						t.Errorf("scan within found %q", again)
					}
					return w.Delete([]byte("o"))
				})
			})
		})
		if got := dump(t, s, "p/", nil, 2); !cmp.Equal(got, []string{"p/1=v", "p/2=v"}) {
			t.Errorf("the first two: %q", got)
		}
		if got := dump(t, s, "p/", []byte("p/2"), 9); !cmp.Equal(got, []string{"p/2=v", "p/3=v"}) {
			t.Errorf("from p/2: %q", got)
		}
		if got := dump(t, s, "o", nil, 9); got != nil {
			t.Errorf("deleted: %q", got)
		}
		stop := errors.New("stop")
		err := s.View(ctx, func(r ussd.Reader) error {
			return r.Scan(nil, nil, 9, func(_, _ []byte) error { return stop })
		})
		if !errors.Is(err, stop) {
			t.Errorf("a scan that is stopped: %v", err)
		}
	})
	t.Run("updates at once lose nothing", func(t *testing.T) {
		s := open(t)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 5 {
					err := s.Update(ctx, func(w ussd.Writer) error {
						value, err := w.Get([]byte("count"))
						if err != nil && !errors.Is(err, ussd.ErrNotFound) {
							return err
						}
						return w.Set([]byte("count"), append(value, 'x'))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got := dump(t, s, "count", nil, 1); !cmp.Equal(got, []string{"count=" + strings.Repeat("x", 40)}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("scans of any keys, starts and limits", func(t *testing.T) { checkScans(t, open) })
	t.Run("large values and many at once", func(t *testing.T) { checkSizes(t, open) })
	t.Run("an update that met another runs again", func(t *testing.T) { checkConflicts(t, open) })
	t.Run("a reader sees one state", func(t *testing.T) { checkSnapshots(t, open) })
	t.Run("an ended context is refused", func(t *testing.T) {
		s := open(t)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.Update(ended, func(w ussd.Writer) error { return w.Set([]byte("a"), nil) }); !errors.Is(err, context.Canceled) {
			t.Errorf("update: %v", err)
		}
		if err := s.View(ended, func(ussd.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("view: %v", err)
		}
	})
}

func update(t *testing.T, s ussd.Store, change func(ussd.Writer) error) {
	t.Helper()
	if err := s.Update(context.Background(), change); err != nil {
		t.Fatal(err)
	}
}

func dump(t *testing.T, s ussd.Store, prefix string, from []byte, limit int) (found []string) {
	t.Helper()
	err := s.View(context.Background(), func(r ussd.Reader) error {
		return r.Scan([]byte(prefix), from, limit, func(key, value []byte) error {
			found = append(found, string(key)+"="+string(value))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

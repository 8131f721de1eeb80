package consensus

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestImpatienceDoesNotHideAStall: callers whose time is up and who try again wait since their first try, as far as the watch
// over the leader is concerned; who stays away begins anew.
func TestImpatienceDoesNotHideAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, id, first := newOrders(), tx.ID{1}, time.Now()
		for range 5 {
			s.begin(id, nil)
			time.Sleep(4 * time.Second)
			if got := s.waiting(); !got.Equal(first) {
				t.Fatalf("waits since %v, not %v", got, first)
			}
			s.end(id, false)
			time.Sleep(comeBack)
		}
		if got := s.waiting(); !got.IsZero() {
			t.Fatalf("nobody brings it, and it waits since %v", got)
		}
		time.Sleep(time.Millisecond)
		s.begin(id, nil)
		if got := s.waiting(); !got.Equal(time.Now()) {
			t.Fatalf("waits since %v after it was left alone", got)
		}
	})
}

// TestLeftOrdersAreBounded: many who give up cost little memory.
func TestLeftOrdersAreBounded(t *testing.T) {
	s := newOrders()
	for i := range 2 * maxLeft {
		id := tx.ID{byte(i), byte(i >> 8)}
		s.begin(id, nil)
		s.end(id, false)
	}
	if len(s.left) > maxLeft || len(s.byID) != 0 {
		t.Fatalf("%d are remembered and %d are under way", len(s.left), len(s.byID))
	}
}

// TestLeftOrdersMakeRoom: those that can not come back any more make room, and none before.
func TestLeftOrdersMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, next := newOrders(), 0
		leave := func(many int) {
			for range many {
				id := tx.ID{byte(next), byte(next >> 8), byte(next >> 16)}
				s.begin(id, nil)
				s.end(id, false)
				next++
			}
		}
		for step, want := range []int{maxLeft / 2, maxLeft, maxLeft, maxLeft/2 + 1, maxLeft} {
			leave([]int{maxLeft / 2, maxLeft / 2, 1, 1, maxLeft}[step])
			if len(s.left) != want {
				t.Fatalf("step %d: %d are remembered, not %d", step, len(s.left), want)
			}
			time.Sleep([]time.Duration{2 * time.Second, 0, 2 * time.Second, 0, 0}[step])
		}
		time.Sleep(2 * comeBack)
		if leave(1); len(s.left) != 1 {
			t.Fatalf("%d are remembered when all but one can not come back", len(s.left))
		}
	})
}

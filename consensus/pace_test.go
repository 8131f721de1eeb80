package consensus

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestPace: the more a step carries, the longer the next one rests, up to a bound; and after a while without any nobody waits.
func TestPace(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		carried int
		since   time.Duration
		want    time.Duration
	}{
		{0, 0, 0}, {1, 0, 4 * time.Millisecond}, {1, 3 * time.Millisecond, time.Millisecond}, {4, 0, 16 * time.Millisecond},
		{10, 0, 40 * time.Millisecond}, {1024, 0, 40 * time.Millisecond}, {1024, 39 * time.Millisecond, time.Millisecond}, {1024, 40 * time.Millisecond, 0},
	} {
		p := batchPace
		if rest := p.rest(at); rest > 0 {
			t.Errorf("the first step rests %s", rest)
		}
		p.begin(at, c.carried, 0)
		if rest := max(0, p.rest(at.Add(c.since))); rest != c.want {
			t.Errorf("%s after a step that carried %d the next rests %s, want %s", c.since, c.carried, rest, c.want)
		}
	}
	if p := (pace{}); p.rest(at) > 0 {
		t.Error("one without a pace rests")
	}
	p := batchPace
	p.begin(at, 1024, 0)
	p.end(at.Add(5 * time.Millisecond))
	if rest := p.rest(at.Add(5 * time.Millisecond)); rest != 5*time.Millisecond {
		t.Errorf("after a batch that took 5ms the next rests %s", rest)
	}
}

// TestCheckerRests: what comes soon after a check is checked together, some milliseconds later; the first is checked at once.
func TestCheckerRests(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		c := newChecker(newVerified(w.Network), stop)
		for range 2 {
			go c.run()
		}
		begun := time.Now()
		took := make([]time.Duration, 4)
		for i := range took {
			envelope := seal(t, w, i+1).Envelope()
			time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Millisecond)))
			go func() {
				if _, err := c.verify(t.Context(), envelope); err != nil {
					t.Error(err)
				}
				took[i] = time.Since(begun)
			}()
		}
		time.Sleep(time.Second)
		close(stop)
		synctest.Wait()
		for i, want := range []time.Duration{0, 4 * time.Millisecond, 4 * time.Millisecond, 4 * time.Millisecond} {
			if took[i] != want {
				t.Errorf("envelope %d was checked after %s, want %s", i, took[i], want)
			}
		}
	})
}

// TestCheckerGoesOn: a worker that finds that somebody else has begun all that was queued goes on.
func TestCheckerGoesOn(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		c := newChecker(newVerified(w.Network), stop)
		begun := seal(t, w, 1).Envelope()
		if _, one, err := c.enqueue(begun); err != nil || !one.begun.CompareAndSwap(false, true) {
			t.Fatal(err)
		}
		go c.run()
		synctest.Wait()
		if _, err := c.verify(t.Context(), seal(t, w, 2).Envelope()); err != nil {
			t.Error(err)
		}
		close(stop)
		synctest.Wait()
	})
}

// TestForwardRests: a call that comes soon after another waits for company, but not when it is full.
func TestForwardRests(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	one := seal(t, w, 1)
	synctest.Test(t, func(t *testing.T) {
		f := &forwards{node: &Node{ctx: t.Context()}, pace: forwardPace}
		waited := func(count int) time.Duration {
			for range count {
				f.waiting = append(f.waiting, &forward{signed: one})
			}
			begun := time.Now()
			f.rest()
			c := f.gather()
			c.cancel()
			if len(c.carries) != count {
				t.Errorf("carries %d of %d", len(c.carries), count)
			}
			return time.Since(begun)
		}
		for range maxForwards + 50 {
			f.waiting = append(f.waiting, &forward{signed: one})
		}
		f.calls = quickCalls // No other call begins.
		f.gather().cancel()
		f.calls = 0
		if f.waiting = f.waiting[:0]; f.pace.rest(time.Now()) > 0 {
			t.Error("a call that left some over keeps the next one away")
		}
		for i, c := range []struct {
			count int
			want  time.Duration
		}{{1, 0}, {3, 5 * time.Millisecond}, {100, 10 * time.Millisecond}, {maxForwards, 0}, {1, 10 * time.Millisecond}} {
			if got := waited(c.count); got != c.want {
				t.Errorf("call %d of %d began after %s, want %s", i, c.count, got, c.want)
			}
		}
	})
}

// TestBatchesRest: what comes soon after a batch waits until it is time for the next; what was carried over and what is due wait for nothing, a full batch neither, and an end
// ends the rest.
func TestBatchesRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := newPacker(&Node{ctx: ctx})
		first := queued(&tx.Signed{})
		want := func(what string, first *submission, want time.Duration) {
			t.Helper()
			begun := time.Now()
			rested := p.rests(ctx, first)
			if took := time.Since(begun); took != want || rested != (want > 0) {
				t.Errorf("%s rests %s (%t), want %s", what, took, rested, want)
			}
		}
		want("the first batch", first, 0)
		p.pace.begin(time.Now(), 40, 0)
		want("what is due", nil, 0)
		p.carried = []*submission{first}
		want("what was carried over", first, 0)
		p.carried = nil
		for range batchLength {
			p.queue <- first
		}
		want("a full batch", first, 0)
		p.drop(ErrStopped)
		want("a batch after one of 40", first, 40*time.Millisecond)
		want("a batch when it is time", first, 0)
		p.pace.begin(time.Now(), 40, 0)
		time.AfterFunc(10*time.Millisecond, cancel)
		want("a batch at the end", first, 10*time.Millisecond)
	})
}

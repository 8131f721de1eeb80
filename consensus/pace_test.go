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
		{0, 0, 0}, {1, 0, 8 * time.Millisecond}, {1, 5 * time.Millisecond, 3 * time.Millisecond}, {4, 0, 32 * time.Millisecond},
		{10, 0, 80 * time.Millisecond}, {1024, 0, 80 * time.Millisecond}, {1024, 79 * time.Millisecond, time.Millisecond}, {1024, 80 * time.Millisecond, 0},
	} {
		p := batchPace
		if rest := p.rest(at); rest > 0 {
			t.Errorf("the first step rests %s", rest)
		}
		p.begin(at, c.carried)
		if rest := max(0, p.rest(at.Add(c.since))); rest != c.want {
			t.Errorf("%s after a step that carried %d the next rests %s, want %s", c.since, c.carried, rest, c.want)
		}
	}
	if p := (pace{}); p.rest(at) > 0 {
		t.Error("one without a pace rests")
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
		for i, c := range []struct {
			count int
			want  time.Duration
		}{{1, 0}, {3, 5 * time.Millisecond}, {100, 15 * time.Millisecond}, {maxForwards, 0}, {1, 20 * time.Millisecond}} {
			if got := waited(c.count); got != c.want {
				t.Errorf("call %d of %d began after %s, want %s", i, c.count, got, c.want)
			}
		}
	})
}

// TestBatchesRest: what comes while a batch is made goes into one, made when it is time; what was carried over and what is due wait for nothing, and neither does the end.
func TestBatchesRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := newPacker(&Node{ctx: ctx})
		rests := func(first *submission) time.Duration {
			begun := time.Now()
			if err := p.rest(ctx, first); err != nil {
				t.Error(err)
			}
			return time.Since(begun)
		}
		first := queued(&tx.Signed{})
		if got := rests(first); got != 0 {
			t.Errorf("the first batch rests %s", got)
		}
		p.pace.begin(time.Now(), 40)
		if got := rests(nil); got != 0 {
			t.Errorf("what is due rests %s", got)
		}
		p.carried = []*submission{first}
		if got := rests(first); got != 0 {
			t.Errorf("what was carried over rests %s", got)
		}
		p.carried = nil
		for range batchLength {
			p.queue <- first
		}
		if got := rests(first); got != 0 {
			t.Errorf("a full batch rests %s", got)
		}
		p.drop(ErrStopped)
		if got := rests(first); got != 80*time.Millisecond {
			t.Errorf("a batch after one of 40 rests %s", got)
		}
		p.pace.begin(time.Now(), 40)
		last := queued(&tx.Signed{})
		cancel()
		if err := p.rest(ctx, last); err == nil {
			t.Error("the end is not told")
		}
		if a := <-last.answer; a.err == nil {
			t.Error("who waited for the batch is not told of the end")
		}
	})
}

package abuse

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// small limits, so that a test reaches them.
var small = Limits{PhoneTurns: PerMinute(6), PhoneSessions: PerMinute(2), AggregatorTurns: PerMinute(20), AggregatorSessions: PerMinute(8), NewNumbers: PerMinute(4)}

func guard(t testing.TB, l Limits) *Guard {
	t.Helper()
	g, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// want asks n times and checks the answers: allowed of them nil, the rest as said.
func want(t *testing.T, n, allowed int, refusal error, ask func(i int) error) {
	t.Helper()
	for i := range n {
		err := ask(i)
		if i < allowed && err != nil || i >= allowed && !errors.Is(err, refusal) {
			t.Errorf("%d of %d: %v, want %d allowed and then %v", i+1, n, err, allowed, refusal)
		}
	}
}

func TestEachLimitIsReachedByItself(t *testing.T) {
	number := func(i int) string { return fmt.Sprint(i) }
	for name, c := range map[string]struct {
		asked, allowed int
		refusal        error
		ask            func(g *Guard, i int) error
	}{
		"turns of a number":         {8, 6, ErrPhone, func(g *Guard, _ int) error { return g.Allow("a", "1", noon) }},
		"sessions of a number":      {4, 2, ErrPhoneSessions, func(g *Guard, _ int) error { return g.AllowSession("a", "1", noon) }},
		"new numbers":               {6, 4, ErrNumbers, func(g *Guard, i int) error { return g.Allow("a", number(i), noon) }},
		"turns of an aggregator":    {24, 20, ErrAggregator, func(g *Guard, i int) error { return g.Allow("a", number(i%4), noon) }},
		"sessions of an aggregator": {8, 8, nil, func(g *Guard, i int) error { return g.AllowSession("a", number(i%4), noon) }},
	} {
		t.Run(name, func(t *testing.T) {
			g := guard(t, small)
			want(t, c.asked, c.allowed, c.refusal, func(i int) error { return c.ask(g, i) })
			// Another aggregator is not concerned, with the same numbers.
			if err := g.AllowSession("b", "1", noon); err != nil {
				t.Errorf("another aggregator: %v", err)
			}
		})
	}
	wide := small
	wide.NewNumbers = PerMinute(100)
	g := guard(t, wide)
	want(t, 10, 8, ErrAggregatorSessions, func(i int) error { return g.AllowSession("a", number(i), noon) })
}

func TestABucketRefillsEvenly(t *testing.T) {
	g := guard(t, small)
	ask := func(now time.Time) func(int) error {
		return func(int) error { return g.Allow("a", "1", now) }
	}
	want(t, 7, 6, ErrPhone, ask(noon))
	want(t, 1, 0, ErrPhone, ask(noon.Add(10*time.Second-1)))
	want(t, 2, 1, ErrPhone, ask(noon.Add(10*time.Second)))
	want(t, 3, 2, ErrPhone, ask(noon.Add(30*time.Second)))
	want(t, 7, 6, ErrPhone, ask(noon.Add(10*time.Minute))) // It never holds more than a burst.
	want(t, 1, 0, ErrPhone, ask(noon))                     // A clock that was set back gives nothing.
}

// A number that still has empty buckets is not forgotten by the change of a window.
func TestWindowsForgetOnlyWhatIsFull(t *testing.T) {
	g := guard(t, small)
	g.Allow("a", "other", noon) // The window begins.
	late := noon.Add(Window - time.Second)
	want(t, 7, 6, ErrPhone, func(int) error { return g.Allow("a", "1", late) })
	want(t, 1, 0, ErrPhone, func(int) error { return g.Allow("a", "1", late.Add(2*time.Second)) })
	want(t, 2, 1, ErrPhone, func(int) error { return g.Allow("a", "1", late.Add(11*time.Second)) })
	if n := len(g.aggregators["a"].phones); n != 1 {
		t.Errorf("%d numbers in the new window", n)
	}
}

func TestASlowedAggregatorHasAQuarter(t *testing.T) {
	g := guard(t, Limits{PhoneTurns: PerMinute(60), AggregatorTurns: PerMinute(40)})
	until := noon.Add(time.Hour)
	g.Slow("a", noon, until)
	g.Slow("a", noon, noon.Add(time.Second))
	want(t, 12, 10, ErrAggregator, func(i int) error { return g.Allow("a", fmt.Sprint(i), noon) })
	want(t, 12, 12, nil, func(i int) error { return g.Allow("b", fmt.Sprint(i), noon) })
	if !g.Slowed("a", until.Add(-1)) || g.Slowed("a", until) || g.Slowed("b", noon) {
		t.Error("not slowed for an hour")
	}
	want(t, 40, 40, nil, func(i int) error { return g.Allow("a", fmt.Sprint(i), until) })
}

func TestMemoryIsBounded(t *testing.T) {
	g := guard(t, Limits{AggregatorTurns: PerMinute(1_000_000), NewNumbers: PerMinute(1_000_000)})
	want(t, maxPhones+10, maxPhones, ErrNumbers, func(i int) error { return g.Allow("a", fmt.Sprint(i), noon) })
	if err := g.Allow("a", "1", noon); err != nil {
		t.Errorf("a number that is known: %v", err)
	}
	if err := g.Allow("a", "new", noon.Add(Window)); err != nil {
		t.Errorf("in the next window: %v", err)
	}
	want(t, maxAggregators+1, maxAggregators-1, ErrAggregator, func(i int) error { return g.Allow(fmt.Sprint("x", i), "1", noon.Add(Window)) })
	if err := g.Allow("later", "1", noon.Add(4*Window)); err != nil || len(g.aggregators) != 1 {
		t.Errorf("when the others are gone: %v, %d left", err, len(g.aggregators))
	}
}

func TestLimitsThatCannotBeKeptAreRefused(t *testing.T) {
	for name, l := range map[string]Limits{
		"negative": {PhoneTurns: PerMinute(-1)}, "nothing": {PhoneTurns: Rate{Per: time.Second}}, "no time": {NewNumbers: Rate{Burst: 1}},
		"longer than a window": {PhoneSessions: Rate{Burst: 10, Per: time.Hour}}, "slowed by less than nothing": {SlowBy: -1},
		"more than time has moments": {PhoneTurns: Rate{Burst: 2, Per: 1}},
	} {
		if _, err := New(l); !errors.Is(err, ErrLimits) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the order of turns, within any window nobody gets more than a burst and what refilled meanwhile.
func TestNobodyGetsMoreThanTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := New(small)
		if err != nil {
			t.Fatal(err)
		}
		now, allowed := noon, map[string][]time.Time{}
		for range rapid.IntRange(1, 300).Draw(t, "turns") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Second)).Draw(t, "later")))
			number := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "number")
			if g.Allow("a", number, now) == nil {
				allowed[number] = append(allowed[number], now)
			}
		}
		for number, times := range allowed {
			for i := range times {
				for j := i; j < len(times); j++ {
					if got, most := j-i+1, 6+int(times[j].Sub(times[i])/(10*time.Second)); got > most {
						t.Fatalf("%s got %d within %s, not %d", number, got, times[j].Sub(times[i]), most)
					}
				}
			}
		}
	})
}

func TestManyAskAtOnce(t *testing.T) {
	g := guard(t, Limits{PhoneTurns: PerMinute(100)})
	var group sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 8 {
		group.Go(func() {
			for range 50 {
				if g.Allow("a", "1", noon) == nil {
					mu.Lock()
					allowed++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	if allowed != 100 {
		t.Errorf("%d allowed, not 100", allowed)
	}
}

func BenchmarkAllow(b *testing.B) {
	g := guard(b, Limits{AggregatorTurns: PerMinute(1_000_000), NewNumbers: PerMinute(1_000_000)})
	numbers := make([]string, 200_000)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("+2547%08d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = g.Allow("a", numbers[i%len(numbers)], noon.Add(time.Duration(i)*time.Millisecond))
	}
}

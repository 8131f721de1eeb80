package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

var (
	errLost     = errors.New("the answer was lost")
	errBadRange = fmt.Errorf("no such range: %w", ErrNotTaken)
	errNoCredit = fmt.Errorf("no credit: %w", ErrDown)
	errBarred   = fmt.Errorf("barred: %w", ErrRefused)
)

// outboxOf makes an outbox with a route to each carrier, named a, b, c.
func outboxOf(t *testing.T, store ussd.Store, carriers ...*carrier) *Outbox {
	t.Helper()
	var routes []Route
	for i, c := range carriers {
		routes = append(routes, Route{Name: string(rune('a' + i)), Sender: c})
	}
	o, err := New(Config{Store: store, Routes: routes, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func message(t *testing.T, o *Outbox, reference string) Record {
	t.Helper()
	record, err := o.Message(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// Which routes get one message within an hour, by what they answer.
func TestFailOverIsOnlyForWhatWasSurelyNotTaken(t *testing.T) {
	for _, c := range []struct {
		name           string
		first, second  []error
		wantA, wantB   int
		state          State
		route, because string
	}{
		{name: "taken", wantA: 1, state: StateSent, route: "a"},
		{name: "the first is down", first: []error{errNoCredit}, wantA: 1, wantB: 1, state: StateSent, route: "b"},
		{name: "the first does not reach the number", first: []error{errBadRange}, wantA: 1, wantB: 1, state: StateSent, route: "b"},
		{name: "the first refuses the number", first: []error{errBarred}, wantA: 1, wantB: 1, state: StateSent, route: "b"},
		{name: "the answer of the first was lost", first: []error{errLost, errLost}, wantA: 3, state: StateSent, route: "a"},
		{name: "lost, then not taken: the first try may have been", first: []error{errLost, errNoCredit, errNoCredit}, wantA: 4, state: StateSent, route: "a"},
		{name: "lost, then refused: the first try was refused too", first: []error{errLost, errBarred}, wantA: 2, wantB: 1, state: StateSent, route: "b"},
		{name: "neither takes it at first", first: []error{errBadRange}, second: []error{errBadRange}, wantA: 2, wantB: 1, state: StateSent, route: "a"},
		{name: "the second loses the answer", first: []error{errBadRange}, second: []error{errLost}, wantA: 1, wantB: 2, state: StateSent, route: "b"},
		{name: "both refuse", first: []error{errBarred}, second: []error{errBarred}, wantA: 1, wantB: 1, state: StateGivenUp, route: "b", because: "b: barred"},
		{name: "one refuses and the other comes back", first: []error{errBarred}, second: []error{errBadRange, errBadRange}, wantA: 1, wantB: 3, state: StateSent, route: "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := &carrier{answers: c.first}, &carrier{answers: c.second}
				o := outboxOf(t, ussdtest.NewStore(), a, b)
				if err := enqueue(o, "m"); err != nil {
					t.Fatal(err)
				}
				run(t, o, time.Hour)
				record := message(t, o, "m")
				if len(a.got) != c.wantA || len(b.got) != c.wantB || record.State != c.state || record.Route != c.route {
					t.Errorf("a got it %d times, b %d; %s at %s", len(a.got), len(b.got), record.State, record.Route)
				}
				if !strings.HasPrefix(record.Reason, c.because) {
					t.Errorf("reason %q", record.Reason)
				}
				if waiting, err := o.Waiting(context.Background()); waiting != 0 || err != nil {
					t.Errorf("%d wait, %v", waiting, err)
				}
			})
		})
	}
}

// While the first route is down, the second gets all but the few that tried the first; nothing is sent twice. When the first works
// again, it is used again.
func TestARouteThatIsDownRestsAndIsTriedWithOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &carrier{}, &carrier{}
		for range 1000 {
			a.answers = append(a.answers, errNoCredit)
		}
		o := outboxOf(t, ussdtest.NewStore(), a, b)
		for i := range 40 {
			if err := enqueue(o, fmt.Sprint("m", i)); err != nil {
				t.Fatal(err)
			}
		}
		run(t, o, 20*time.Second)
		if len(b.got) != 40 || len(a.got) > 2*defaultAtOnce {
			t.Fatalf("a was asked %d times, b took %d", len(a.got), len(b.got))
		}
		stats := o.Stats()
		if !stats.Routes[0].Resting || stats.Routes[1].Taken != 40 || stats.Moved != 40 {
			t.Errorf("%+v", stats)
		}
		asked := len(a.got)
		time.Sleep(firstPause)
		if err := enqueue(o, "probe", "x", "y", "z"); err != nil {
			t.Fatal(err)
		}
		run(t, o, 10*time.Second)
		if len(a.got) != asked+1 || len(b.got) != 44 {
			t.Errorf("a was asked %d times more, b took %d", len(a.got)-asked, len(b.got))
		}
		a.answers = nil
		time.Sleep(longestPause)
		if err := enqueue(o, "1", "2", "3"); err != nil {
			t.Fatal(err)
		}
		run(t, o, 10*time.Second)
		if len(b.got) != 44 || o.Stats().Routes[0].Taken != 3 {
			t.Errorf("b took %d; %+v", len(b.got), o.Stats())
		}
	})
}

// One bad number, tried again and again, does not make a route rest.
func TestAnAnswerAboutTheMessageDoesNotBlameTheRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &carrier{}
		for range 10 {
			a.answers = append(a.answers, errBadRange)
		}
		o := outboxOf(t, ussdtest.NewStore(), a)
		if err := enqueue(o, "bad"); err != nil {
			t.Fatal(err)
		}
		run(t, o, 10*time.Minute)
		if s := o.Stats().Routes[0]; s.Resting || s.NotTaken < 5 {
			t.Errorf("%+v", s)
		}
	})
}

// A process that ends between handing over and the answer leaves the message to the same route, even if that is down now.
func TestACrashPinsAMessageToItsRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := ussdtest.NewStore()
		hung := &carrier{hang: true}
		o := outboxOf(t, store, hung, &carrier{})
		if err := enqueue(o, "m"); err != nil {
			t.Fatal(err)
		}
		run(t, o, time.Second)
		a, b := &carrier{answers: []error{errNoCredit, errNoCredit}}, &carrier{}
		o = outboxOf(t, store, a, b)
		run(t, o, time.Hour)
		if len(hung.got) != 1 || len(a.got) != 3 || b.got != nil {
			t.Errorf("before %q, a %q, b %q", hung.got, a.got, b.got)
		}
	})
}

func TestWhatIsTooOldIsGivenUpThoughItsRouteRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &carrier{}
		for range 2000 {
			a.answers = append(a.answers, errNoCredit)
		}
		o := outboxOf(t, ussdtest.NewStore(), a)
		for i := range 30 {
			if err := enqueue(o, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		run(t, o, giveUpAfter+time.Hour)
		records, err := o.GivenUp(context.Background(), 100)
		if err != nil || len(records) != 30 {
			t.Errorf("%d given up, %v", len(records), err)
		}
		// Three failures, one try at each end of a pause, and those that were on their way together.
		if limit := int(giveUpAfter/longestPause) + 20; len(a.got) > limit {
			t.Errorf("asked %d times", len(a.got))
		}
	})
}

func TestARouteIsHandedNoMoreThanItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &carrier{}
		o, err := New(Config{Store: ussdtest.NewStore(), Routes: []Route{{Name: "a", Sender: a, PerSecond: 8, AtOnce: 4}}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			if err := enqueue(o, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		run(t, o, 10*time.Second)
		if len(a.got) < 75 || len(a.got) > 83 {
			t.Errorf("%d in ten seconds", len(a.got))
		}
	})
}

// A slow carrier keeps nobody waiting but its own messages.
func TestARouteThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &carrier{hang: true}, &carrier{}
		o := outboxOf(t, ussdtest.NewStore(), a, b)
		for i := range 100 {
			if err := enqueue(o, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		run(t, o, 2*sendWait)
		// Until the third one is given up, others can follow the first two.
		if len(a.got) > defaultAtOnce+tolerated-1 || len(a.got)+len(b.got) != 100 {
			t.Errorf("a has %d, b %d", len(a.got), len(b.got))
		}
	})
}

func TestMessagesOfARouteThatIsGoneGoToTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := ussdtest.NewStore()
		old, err := New(Config{Store: store, Routes: []Route{{Name: "old", Sender: &carrier{}}}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		a, b := &carrier{}, &carrier{}
		o := outboxOf(t, store, a, b)
		for i := range 3 * batch {
			if err := errors.Join(enqueue(old, fmt.Sprint("old", i)), enqueue(o, fmt.Sprint("new", i))); err != nil {
				t.Fatal(err)
			}
		}
		run(t, o, time.Minute)
		if len(a.got) != 6*batch || b.got != nil {
			t.Errorf("a took %d, b %d", len(a.got), len(b.got))
		}
	})
}

func TestBadRoutesAreRefused(t *testing.T) {
	sender := &carrier{}
	for name, routes := range map[string][]Route{
		"none":          nil,
		"no name":       {{Sender: sender}},
		"a slash":       {{Name: "a/b", Sender: sender}},
		"capitals":      {{Name: "A", Sender: sender}},
		"twice":         {{Name: "a", Sender: sender}, {Name: "a", Sender: sender}},
		"no sender":     {{Name: "a"}},
		"negative rate": {{Name: "a", Sender: sender, PerSecond: -1}},
		"nine":          slicesOf(9, sender),
	} {
		if _, err := New(Config{Store: ussdtest.NewStore(), Routes: routes}); !errors.Is(err, ErrRoute) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func slicesOf(count int, sender Sender) (routes []Route) {
	for i := range count {
		routes = append(routes, Route{Name: fmt.Sprint(i), Sender: sender})
	}
	return routes
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		name, text string
		parts      []int // In septets, or UTF-16 units.
		ucs2       bool
		err        bool
	}{
		{"GSM-7", strings.Repeat("a", 160), []int{160}, false, false},
		{"three parts of GSM-7", strings.Repeat("a", 459), []int{153, 153, 153}, false, false},
		{"a part more", strings.Repeat("a", 460), nil, false, true},
		{"extension pairs", strings.Repeat("€", 228), []int{152, 152, 152}, false, false},
		{"UCS-2", strings.Repeat("ሰ", 70), []int{70}, true, false},
		{"two parts of UCS-2", strings.Repeat("ሰ", 71), []int{67, 4}, true, false},
		{"three parts of UCS-2", strings.Repeat("ሰ", 201), []int{67, 67, 67}, true, false},
		{"a part of UCS-2 more", strings.Repeat("ሰ", 202), nil, false, true},
		{"a surrogate pair over the border moves whole", strings.Repeat("ሰ", 66) + "😀ሰሰሰ", []int{66, 5}, true, false},
		{"one letter makes all of it UCS-2", strings.Repeat("a", 70) + "ሰ", []int{67, 4}, true, false},
		{"empty", "", nil, false, true},
		{"not UTF-8", "a\xff", nil, false, true},
		{"very long", strings.Repeat("ሰ", 1_000_000), nil, false, true},
	} {
		parts, ucs2, err := Parts(c.text)
		if (err != nil) != c.err || ucs2 != c.ucs2 {
			t.Errorf("%s: UCS-2 %v, %v", c.name, ucs2, err)
			continue
		}
		var counts []int
		for _, part := range parts {
			counts = append(counts, cost(part, ucs2))
		}
		if diff := cmp.Diff(c.parts, counts); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if !c.err && strings.Join(parts, "") != c.text {
			t.Errorf("%s: the parts joined are another text", c.name)
		}
	}
}

func cost(part string, ucs2 bool) int {
	if ucs2 {
		return len(utf16.Encode([]rune(part)))
	}
	septets, _ := gsm7.Septets(part)
	return septets
}

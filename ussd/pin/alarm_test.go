package pin

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tries lets numbers try a PIN, a second apart, and lists the alarms that begin.
func tries(w *watch, aggregator, text string, right bool, from, to int, now *time.Time) (begun []AlarmKind) {
	for n := from; n < to; n++ {
		*now = now.Add(time.Second)
		for _, a := range w.observe(aggregator, fmt.Sprint(n), NewSecret(text), right, *now) {
			begun = append(begun, a.Kind)
		}
	}
	return begun
}

func TestOnePINOnManyNumbersIsAnAlarm(t *testing.T) {
	w, now := newWatch([32]byte{1}, AlarmLimits{WrongPercent: 101}), noon
	if begun := tries(w, "a", "4071", false, 0, 19, &now); begun != nil {
		t.Fatalf("19 numbers: %v", begun)
	}
	if begun := tries(w, "a", "4071", false, 0, 19, &now); begun != nil {
		t.Fatalf("the same 19 numbers again: %v", begun)
	}
	if begun := tries(w, "a", "4071", false, 19, 40, &now); !slices.Equal(begun, []AlarmKind{OnePIN}) {
		t.Fatalf("the 20th and more: %v", begun)
	}
	if got := w.list(now); len(got) != 1 || got[0].Numbers != 20 || got[0].Aggregator != "a" || !got[0].Until.Equal(now.Add(time.Hour)) {
		t.Errorf("alarms %+v", got)
	}
	if !w.on("a", now.Add(time.Hour-1)) || w.on("b", now) || w.on("a", now.Add(time.Hour)) {
		t.Error("the alarm is not on for an hour and for that aggregator")
	}
	if begun := tries(w, "b", "4071", false, 40, 41, &now); !slices.Equal(begun, []AlarmKind{OnePIN}) {
		t.Errorf("the guesser goes on at another aggregator: %v", begun)
	}
	now = now.Add(2 * time.Hour)
	if begun := tries(w, "a", "4071", false, 41, 60, &now); begun != nil || len(w.list(now)) != 0 {
		t.Errorf("19 numbers in a later window: %v, %v", begun, w.list(now))
	}
}

func TestWhatNobodyCanHaveGuessedIsNoAlarm(t *testing.T) {
	for name, c := range map[string]struct {
		pin   string
		right bool
	}{"a PIN that nobody may choose": {"1234", false}, "a PIN that many have": {"4071", true}} {
		w, now := newWatch([32]byte{1}, AlarmLimits{WrongPercent: 101}), noon
		if begun := tries(w, "a", c.pin, c.right, 0, 100, &now); begun != nil || len(w.guesses) != 0 {
			t.Errorf("%s: %v", name, begun)
		}
	}
	// A slow town: each PIN is mistyped now and then.
	w, now := newWatch([32]byte{1}, AlarmLimits{}), noon
	for n := range 5000 {
		now = now.Add(4 * time.Second)
		if a := w.observe("a", fmt.Sprint(n), NewSecret(fmt.Sprintf("%04d", n*7919%10000)), n%10 != 0, now); a != nil {
			t.Fatalf("try %d: %+v", n, a)
		}
	}
}

func TestTooManyWrongIsAnAlarmOfItsAggregator(t *testing.T) {
	w, now := newWatch([32]byte{1}, AlarmLimits{}), noon
	alarmed := 0
	for n := range 200 { // Each number once, each PIN once.
		now = now.Add(time.Second)
		w.observe("honest", fmt.Sprint("h", n), NewSecret(fmt.Sprintf("%04d", 6000+n)), n%10 != 0, now)
		for _, a := range w.observe("guessing", fmt.Sprint(n), NewSecret(fmt.Sprintf("%04d", 3000+n)), false, now) {
			if alarmed++; a.Kind != WrongRate || a.Aggregator != "guessing" || a.Wrong != 50 || a.Tried != 50 {
				t.Errorf("got %+v", a)
			}
		}
	}
	if alarmed != 1 || !w.on("guessing", now) || w.on("honest", now) {
		t.Errorf("%d alarms, now %+v", alarmed, w.list(now))
	}
	now = now.Add(30 * time.Minute)
	tries(w, "guessing", "4071", true, 0, 60, &now)
	if len(w.list(now)) != 0 {
		t.Errorf("after an honest half hour: %+v", w.list(now))
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	w, now := newWatch([32]byte{1}, AlarmLimits{}), noon
	for n := range 3 * maxGuesses {
		now = now.Add(time.Millisecond)
		w.observe(fmt.Sprint(n), fmt.Sprint(n), NewSecret(fmt.Sprintf("%04d", n%10000)), false, now)
	}
	if len(w.guesses) > maxGuesses || len(w.rates) > maxWatched || len(w.alarms) > 2*maxWatched {
		t.Errorf("%d PINs, %d aggregators, %d alarms", len(w.guesses), len(w.rates), len(w.alarms))
	}
	if !w.on("an aggregator that is counted with others", now) {
		t.Error("aggregators beyond the bound are not watched")
	}
	now = now.Add(2 * time.Hour)
	tries(w, "1", "4071", false, 0, 1, &now)
	if len(w.guesses) != 1 {
		t.Errorf("%d PINs are remembered after their window", len(w.guesses))
	}
}

func TestAnAlarmIsLoggedAndTold(t *testing.T) {
	var log bytes.Buffer
	var told []Alarm
	h, err := New(Config{Peppers: []Pepper{NewPepper([32]byte{1})}, Limits: AlarmLimits{Numbers: 3, Tried: 100}, OnAlarm: func(a Alarm) { told = append(told, a) },
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	record, err := h.Make(t.Context(), Try{PIN: NewSecret("8306")})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		try := Try{Aggregator: "africastalking", Phone: fmt.Sprintf("+25471100000%d", n), Account: tx.AccountID{byte(n)}, PIN: NewSecret("4071")}
		if v, err := h.Compare(t.Context(), try, record); err != nil || v.Right {
			t.Fatalf("%v %v", v.Right, err)
		}
	}
	if len(told) != 1 || len(h.Alarms()) != 1 || !h.Alarmed("africastalking") || h.Alarmed("another") {
		t.Errorf("told %+v, on %+v", told, h.Alarms())
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=ERROR") || !strings.Contains(got, `alarm="one PIN on many numbers" aggregator=africastalking numbers=3`) {
		t.Errorf("logged %s", got)
	}
	if strings.Contains(log.String(), "4071") || strings.Contains(log.String(), "254711") {
		t.Errorf("logged %s", log.String())
	}
}

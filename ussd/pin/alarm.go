package pin

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"time"
)

// AlarmKind says what is wrong.
type AlarmKind string

const (
	// OnePIN: one PIN was tried, wrongly, on many numbers. The stop after three wrong tries does not see that.
	OnePIN AlarmKind = "one PIN on many numbers"
	// WrongRate: too many of the PINs that an aggregator brings are wrong.
	WrongRate AlarmKind = "too many wrong"
)

// AlarmLimits say when wrong PINs are an alarm; a zero field has the value that is named.
type AlarmLimits struct {
	// Numbers is on how many numbers one PIN is tried within OnePINWindow; 20 within an hour.
	Numbers      int
	OnePINWindow time.Duration
	// WrongPercent is how many in a hundred are wrong within RateWindow, when at least Tried were tried; 40 of 50 within a
	// quarter of an hour. People mistype one in ten.
	WrongPercent int
	Tried        int
	RateWindow   time.Duration
}

func (l AlarmLimits) filled() AlarmLimits {
	return AlarmLimits{
		Numbers: min(cmp.Or(l.Numbers, 20), maxNumbers), OnePINWindow: cmp.Or(l.OnePINWindow, time.Hour),
		WrongPercent: cmp.Or(l.WrongPercent, 40), Tried: cmp.Or(l.Tried, 50), RateWindow: cmp.Or(l.RateWindow, 15*time.Minute),
	}
}

// Alarm is guessing that goes on.
type Alarm struct {
	Kind AlarmKind
	// Aggregator is where the tries come from.
	Aggregator string
	// Numbers is on how many numbers the PIN was tried, for OnePIN.
	Numbers int
	// Wrong of Tried PINs were wrong, for WrongRate.
	Wrong, Tried int
	Since        time.Time
	// Until is when the alarm ends by itself: a window after the last try that kept it on.
	Until time.Time
}

const (
	// maxGuesses bounds the PINs that are remembered: there are no more.
	maxGuesses = 10_000
	// maxNumbers bounds the numbers that are remembered of one PIN.
	maxNumbers = 256
	// maxWatched bounds the aggregators; what comes from others is counted together, under the empty name.
	maxWatched = 64
	// slices of a RateWindow.
	rateSlices = 15
)

// watch sees what the count of wrong tries of one account cannot: guessing across accounts. It remembers keyed digests of wrong
// PINs and of the numbers they were tried on, in memory only, for a window: without the pepper they say nothing.
type watch struct {
	key    [32]byte
	limits AlarmLimits
	// mu guards what follows; it is held for a few map accesses.
	mu sync.Mutex
	// guesses are by digest of the PIN.
	guesses map[[16]byte]*guess
	// swept is when old guesses were last dropped.
	swept time.Time
	rates map[string]*rate
	// alarms are those that are on or have just ended, one of a kind and aggregator.
	alarms map[alarmOf]Alarm
}

type alarmOf struct {
	kind       AlarmKind
	aggregator string
}

// guess is a wrong PIN and the last numbers that it was tried on, oldest first.
type guess struct {
	on []attempt
}

type attempt struct {
	number [8]byte
	at     time.Time
}

// rate counts comparisons in slices of a window.
type rate struct {
	slices [rateSlices]struct {
		// nth is which slice of all time it is.
		nth          int64
		wrong, tried int
	}
}

func newWatch(key [32]byte, limits AlarmLimits) *watch {
	return &watch{key: key, limits: limits.filled(), guesses: make(map[[16]byte]*guess), rates: make(map[string]*rate),
		alarms: make(map[alarmOf]Alarm)}
}

// digest is what is remembered instead of text.
func (w *watch) digest(what, text string) [32]byte {
	mac := hmac.New(sha256.New, w.key[:])
	mac.Write([]byte(what + "\x00" + text))
	return [32]byte(mac.Sum(nil))
}

// observe counts a comparison and returns the alarms that begin with it.
func (w *watch) observe(aggregator, number string, secret Secret, right bool, now time.Time) (begun []Alarm) {
	w.mu.Lock()
	defer w.mu.Unlock()
	aggregator = w.name(aggregator)
	if a, ok := w.rate(aggregator, right, now); ok && w.raise(a) {
		begun = append(begun, a)
	}
	if right || Check(secret) != nil {
		return begun // What Check refuses is nobody's PIN: people mistype it, and guessing it wins nothing.
	}
	if a, ok := w.guess(aggregator, number, secret, now); ok && w.raise(a) {
		begun = append(begun, a)
	}
	return begun
}

// name is what an aggregator is counted under.
func (w *watch) name(aggregator string) string {
	if w.rates[aggregator] != nil {
		return aggregator
	}
	if len(w.rates) >= maxWatched-1 {
		aggregator = ""
	}
	if w.rates[aggregator] == nil {
		w.rates[aggregator] = &rate{}
	}
	return aggregator
}

func (w *watch) rate(aggregator string, right bool, now time.Time) (Alarm, bool) {
	nth := now.UnixNano() / int64(w.limits.RateWindow/rateSlices)
	r := w.rates[aggregator]
	slice := &r.slices[nth%rateSlices]
	if slice.nth != nth {
		slice.nth, slice.wrong, slice.tried = nth, 0, 0
	}
	slice.tried++
	if !right {
		slice.wrong++
	}
	a := Alarm{Kind: WrongRate, Aggregator: aggregator, Since: now, Until: now.Add(w.limits.RateWindow)}
	for _, s := range r.slices {
		if nth-s.nth < rateSlices {
			a.Wrong += s.wrong
			a.Tried += s.tried
		}
	}
	return a, a.Tried >= w.limits.Tried && a.Wrong*100 >= a.Tried*w.limits.WrongPercent
}

func (w *watch) guess(aggregator, number string, secret Secret, now time.Time) (Alarm, bool) {
	w.sweep(now)
	pinDigest, numberDigest := w.digest("PIN", secret.Reveal()), w.digest("number", number)
	g := w.guesses[[16]byte(pinDigest[:16])]
	if g == nil {
		if len(w.guesses) >= maxGuesses {
			return Alarm{}, false // Only if digests of equal PINs differed.
		}
		g = &guess{}
		w.guesses[[16]byte(pinDigest[:16])] = g
	}
	latest := attempt{number: [8]byte(numberDigest[:8]), at: now}
	g.drop(func(a attempt) bool { return a.number == latest.number || !now.Before(a.at.Add(w.limits.OnePINWindow)) })
	if len(g.on) == w.limits.Numbers {
		g.on = g.on[1:]
	}
	g.on = append(g.on, latest)
	return Alarm{Kind: OnePIN, Aggregator: aggregator, Numbers: len(g.on), Since: now, Until: now.Add(w.limits.OnePINWindow)},
		len(g.on) >= w.limits.Numbers
}

func (g *guess) drop(old func(attempt) bool) { g.on = slices.DeleteFunc(g.on, old) }

// sweep forgets the guesses whose window is over, a few times per window.
func (w *watch) sweep(now time.Time) {
	if now.Sub(w.swept) < w.limits.OnePINWindow/4 {
		return
	}
	w.swept = now
	for digest, g := range w.guesses {
		if last := g.on[len(g.on)-1]; !now.Before(last.at.Add(w.limits.OnePINWindow)) {
			delete(w.guesses, digest)
		}
	}
}

// raise keeps an alarm on, and tells whether it has begun.
func (w *watch) raise(a Alarm) bool {
	of := alarmOf{a.Kind, a.Aggregator}
	was, ok := w.alarms[of]
	going := ok && a.Since.Before(was.Until)
	if going {
		a.Since = was.Since
	}
	w.alarms[of] = a
	return !going
}

// list gives the alarms that are on, in order.
func (w *watch) list(now time.Time) []Alarm {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.alarms, func(_ alarmOf, a Alarm) bool { return !now.Before(a.Until) })
	return slices.SortedFunc(maps.Values(w.alarms), func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(a.Aggregator, b.Aggregator), cmp.Compare(a.Kind, b.Kind))
	})
}

// on tells whether an alarm is on for the aggregator.
func (w *watch) on(aggregator string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rates[aggregator] == nil {
		aggregator = ""
	}
	for _, kind := range []AlarmKind{OnePIN, WrongRate} {
		if a, ok := w.alarms[alarmOf{kind, aggregator}]; ok && now.Before(a.Until) {
			return true
		}
	}
	return false
}

package sms

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// defaultAtOnce is how many messages a route sends at once.
	defaultAtOnce = 8
	// maxRoutes bounds the routes of an outbox.
	maxRoutes = 8
	// tolerated is how many failures in a row make a route rest, for firstPause and twice as long each time that the next try
	// fails too.
	tolerated    = 3
	firstPause   = 30 * time.Second
	longestPause = 5 * time.Minute
)

// Route is a way to send messages.
type Route struct {
	// Name tells routes from each other, in records too. Invariant: 1 to 32 of a-z, 0-9, "-" and ".".
	Name   string
	Sender Sender
	// PerSecond bounds how many messages a second the carrier is handed; 0 is no bound.
	PerSecond int
	// AtOnce bounds how many are on their way to the carrier at once; 0 is 8.
	AtOnce int
}

// ErrRoute means that a route cannot be used: its name is malformed or there twice, it has no sender, or there are too few or too
// many.
var ErrRoute = errors.New("sms: bad route")

var routeName = regexp.MustCompile(`^[a-z0-9.-]{1,32}$`)

// CheckRouteName refuses a name that records and addresses cannot hold.
func CheckRouteName(name string) error {
	if !routeName.MatchString(name) {
		return fmt.Errorf("%w: the name must be 1 to 32 of a-z, 0-9, hyphen and point", ErrRoute)
	}
	return nil
}

// route is a Route at work.
type route struct {
	Route
	limiter *rate.Limiter
	// wake tells the route's loop that there may be something to do.
	wake chan struct{}
	// evacuated is when the route's loop last looked for what should leave it.
	evacuated time.Time

	// mu guards what follows.
	mu       sync.Mutex
	inFlight int
	// failures counts those in a row. From tolerated on the route rests until pausedUntil, and then one message tries it.
	failures    int
	pause       time.Duration
	pausedUntil time.Time
	probing     bool
	stats       RouteStats
}

func newRoute(r Route) *route {
	if r.AtOnce <= 0 {
		r.AtOnce = defaultAtOnce
	}
	limiter := rate.NewLimiter(rate.Inf, r.AtOnce)
	if r.PerSecond > 0 {
		// The burst is what comes together between two looks at the queue.
		limiter = rate.NewLimiter(rate.Limit(r.PerSecond), max(1, r.PerSecond/int(time.Second/poll)))
	}
	return &route{Route: r, limiter: limiter, wake: make(chan struct{}, 1), stats: RouteStats{Name: r.Name}}
}

// newRoutes checks routes.
func newRoutes(configured []Route) ([]*route, error) {
	if len(configured) == 0 || len(configured) > maxRoutes {
		return nil, fmt.Errorf("%w: %d routes, there must be 1 to %d", ErrRoute, len(configured), maxRoutes)
	}
	seen := make(map[string]bool)
	var routes []*route
	for _, r := range configured {
		if err := CheckRouteName(r.Name); err != nil {
			return nil, err
		}
		switch {
		case seen[r.Name]:
			return nil, fmt.Errorf("%w: %s is there twice", ErrRoute, r.Name)
		case r.Sender == nil:
			return nil, fmt.Errorf("%w: %s has no sender", ErrRoute, r.Name)
		case r.PerSecond < 0 || r.AtOnce < 0:
			return nil, fmt.Errorf("%w: %s has a negative bound", ErrRoute, r.Name)
		}
		seen[r.Name] = true
		routes = append(routes, newRoute(r))
	}
	return routes, nil
}

// room is how many messages may be handed over now.
func (r *route) room() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failures >= tolerated {
		if r.probing || time.Now().Before(r.pausedUntil) {
			return 0
		}
		return min(1, int(r.limiter.Tokens()))
	}
	free := r.AtOnce - r.inFlight
	if r.PerSecond > 0 {
		free = min(free, int(r.limiter.Tokens()))
	}
	return max(free, 0)
}

// begin counts messages that are about to be handed over; only the route's own loop calls it, within room.
func (r *route) begin(count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight += count
	r.limiter.AllowN(time.Now(), count)
	r.probing = r.failures >= tolerated && count > 0
}

// done counts the outcome of one. An answer about the message alone says that the route works.
func (r *route) done(outcome error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight--
	probed := r.probing
	r.probing = false
	switch {
	case outcome == nil:
		r.stats.Taken++
	case errors.Is(outcome, ErrRefused):
		r.stats.Refused++
	case errors.Is(outcome, ErrNotTaken):
		r.stats.NotTaken++
	default:
		r.stats.Unknown++
	}
	if !blames(outcome) {
		r.failures, r.pause = 0, 0
		return
	}
	r.failures++
	switch resting := time.Now().Before(r.pausedUntil); {
	case r.failures < tolerated || resting:
	case probed && r.pause > 0:
		r.pause = min(2*r.pause, longestPause)
		r.pausedUntil = time.Now().Add(r.pause)
	default:
		r.pause = firstPause
		r.pausedUntil = time.Now().Add(r.pause)
	}
}

// blames tells whether an outcome speaks against the route rather than the message.
func blames(outcome error) bool {
	return outcome != nil && !errors.Is(outcome, ErrRefused) && (errors.Is(outcome, ErrDown) || !errors.Is(outcome, ErrNotTaken))
}

// rests tells whether the route is to be left alone, and until when.
func (r *route) rests() (until time.Time, resting bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pausedUntil, r.failures >= tolerated && (r.probing || time.Now().Before(r.pausedUntil))
}

// works tells whether the route has not failed lately.
func (r *route) works() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures < tolerated
}

func (r *route) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

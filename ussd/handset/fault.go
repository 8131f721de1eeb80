package handset

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Fault is a way in which a step goes wrong between phone and gateway.
type Fault int

// The faults.
const (
	// Sound is none.
	Sound Fault = iota
	// Twice sends the request again after it was answered.
	Twice
	// TwiceAtOnce sends it twice at the same time.
	TwiceAtOnce
	// Reordered sends the request of the step before once more behind this one.
	Reordered
	// Truncated loses the first answer of what was typed, where the aggregator tells all of it.
	Truncated
	// Late delivers the request when the aggregator has long given up; the person sees an error and the session is gone.
	Late
	// Dropped hangs up when the request has been sent; nobody reads the answer.
	Dropped
	// EndedBefore tells the gateway that the session ended, and then asks.
	EndedBefore
	// EndedAfter asks, tells the gateway that the session ended, and goes on.
	EndedAfter
)

var faultNames = [...]string{"sound", "twice", "twice at once", "reordered", "truncated", "late", "dropped", "ended before", "ended after"}

func (f Fault) String() string {
	if f < 0 || int(f) >= len(faultNames) {
		return "fault " + strconv.Itoa(int(f))
	}
	return faultNames[f]
}

// ParseFault reads a fault's name; hyphens may stand for its spaces.
func ParseFault(name string) (Fault, error) {
	for _, f := range Faults() {
		if strings.ReplaceAll(name, "-", " ") == f.String() {
			return f, nil
		}
	}
	var names []string
	for _, f := range Faults() {
		names = append(names, f.Name())
	}
	return Sound, fmt.Errorf("there is no fault %q: it is one of %s", name, strings.Join(names, ", "))
}

// Name is the fault in one word, as commands and files write it.
func (f Fault) Name() string { return strings.ReplaceAll(f.String(), " ", "-") }

// Faults are all faults.
func Faults() []Fault {
	return []Fault{Twice, TwiceAtOnce, Reordered, Truncated, Late, Dropped, EndedBefore, EndedAfter}
}

var (
	// ErrLate means that the aggregator gave up; the request is still on its way.
	ErrLate = errors.New("the aggregator gave up waiting")
	// ErrDropped means that the network hung up after the request was sent.
	ErrDropped = errors.New("the connection was dropped")
	// ErrDiffers means that the same request got two different screens.
	ErrDiffers = errors.New("the same request got two different screens")
)

// Inject makes the next Dial or Type go wrong. A fault that the format or the step can not have does nothing.
func (h *Handset) Inject(f Fault) { h.fault = f }

// Bites tells how often each fault did what it does.
func (h *Handset) Bites() map[Fault]int { return maps.Clone(h.bites) }

// Wait waits for late requests to be answered.
func (h *Handset) Wait() { h.late.Wait() }

// suffer sends the last request with a fault.
func (h *Handset) suffer(ctx context.Context, f Fault) (Screen, error) {
	switch f {
	case Twice, TwiceAtOnce:
		h.bites[f]++
		return h.show(h.twice(ctx, f == TwiceAtOnce))
	case Reordered:
		screen, err := h.send(ctx, h.last)
		if err == nil && h.before != nil {
			h.bites[f]++
			_, err = h.config.do(ctx, h.before) // Nobody reads it.
		}
		return h.show(screen, err)
	case Truncated:
		if c, ok := h.format.(cumulative); ok && len(h.session.inputs)+len(h.session.behind) > 1 {
			h.bites[f]++
			return h.show(h.send(ctx, c.cut(&h.config, h.session)))
		}
	case Late:
		h.bites[f]++
		h.sendLate(ctx, *h.last)
		h.Hang()
		return Screen{}, ErrLate
	case Dropped:
		h.bites[f]++
		err := h.drop(ctx)
		h.Hang()
		return Screen{}, err
	case EndedBefore:
		if err := h.tellEnd(ctx, f); err != nil {
			return Screen{}, err
		}
	case EndedAfter:
		screen, err := h.send(ctx, h.last)
		if err == nil {
			err = h.tellEnd(ctx, f)
		}
		return h.show(screen, err)
	}
	return h.show(h.send(ctx, h.last))
}

func (h *Handset) tellEnd(ctx context.Context, f Fault) error {
	told, err := h.Ended(ctx)
	if told {
		h.bites[f]++
	}
	return err
}

// againWithin is how soon the same input is the same request to a gateway, where nothing else tells; the comparison allows for less.
const againWithin = 1500 * time.Millisecond

// twice sends the last request two times and compares the screens.
func (h *Handset) twice(ctx context.Context, atOnce bool) (Screen, error) {
	type answer struct {
		screen Screen
		err    error
		at     time.Time
	}
	first := make(chan answer, 1)
	session := *h.session // The other request's reply must not change this one's.
	ask := func() {
		got, err := h.config.do(ctx, h.last)
		if err != nil {
			first <- answer{err: err}
			return
		}
		if got.status != http.StatusOK {
			first <- answer{err: got.refused()}
			return
		}
		screen, err := h.format.screen(&session, got)
		first <- answer{screen, err, time.Now()}
	}
	if atOnce {
		go ask()
	} else {
		ask()
	}
	screen, err := h.send(ctx, h.last)
	other := <-first
	switch {
	case err != nil:
		return Screen{}, err
	case other.err != nil:
		return Screen{}, other.err
	case other.screen != screen && !told(h.format) && time.Since(other.at).Abs() > againWithin:
		// By then it is what a person may have typed: on a busy machine the second one came that late.
	case other.screen != screen:
		return Screen{}, fmt.Errorf("%w: %q and %q", ErrDiffers, other.screen.Text, screen.Text)
	}
	return screen, nil
}

// sendLate sends a request when its time has come, whatever the person does meanwhile.
func (h *Handset) sendLate(ctx context.Context, c call) {
	config, ctx := h.config, context.WithoutCancel(ctx)
	h.late.Go(func() {
		time.Sleep(config.Lateness)
		_, _ = config.do(ctx, &c) // Nobody is there to read it.
	})
}

// drop sends the last request on a connection of its own and hangs up when all of it is written: the network delivers it, and nobody
// is there to be answered.
func (h *Handset) drop(ctx context.Context) error {
	request, err := h.config.request(ctx, h.last)
	if err != nil {
		return err
	}
	conn, err := h.config.dial(ctx, request.URL)
	if err != nil {
		return fmt.Errorf("call the gateway: %w", err)
	}
	request.Close = true
	if err := errors.Join(request.Write(conn), conn.Close()); err != nil {
		return fmt.Errorf("call the gateway: %w", err)
	}
	return ErrDropped
}

// dial opens a connection to an address.
func (c *Config) dial(ctx context.Context, to *url.URL) (net.Conn, error) {
	port := to.Port()
	if to.Scheme != "https" {
		if port == "" {
			port = "80"
		}
		return new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	}
	if port == "" {
		port = "443"
	}
	secure := new(tls.Dialer)
	if t, ok := c.Client.Transport.(*http.Transport); ok {
		secure.Config = t.TLSClientConfig
	}
	return secure.DialContext(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
}

func decimal(n int) string { return strconv.Itoa(n) }

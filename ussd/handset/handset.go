// Package handset is a feature phone for people and tests: it dials a gateway in the exact wire form of an aggregator and
// reads the screens.
//
// A Handset belongs to one number and one aggregator, Config.Format. Dial opens a session and gives the first screen; Type sends
// what the person keyed in and gives the next, until a screen says that the session ended or Hang drops it. Redial is simply
// Dial again. The handset keeps what the aggregator keeps: all inputs where it tells them every time, the number of the
// request where it counts them, what it was told to remember. Repeat sends the last request once more, as aggregators do when an
// answer was lost. Inbox reads the text messages that the sandbox's carriers delivered.
//
// Inject makes the next step go wrong in one of the ways that networks and aggregators have: asked twice, an old request
// behind a new one, the beginning lost, late, hung up, ended too early.
//
// The wire forms here are read from the aggregators' side, each by itself and not from the adapters that they test. A handset
// promises to say exactly what came over the wire and refuses an answer that the aggregator would refuse: another status than
// 200, no marker of whether the session goes on, a reply to another session.
package handset

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ErrRefused means the gateway answered what an aggregator would refuse.
var ErrRefused = errors.New("the gateway refused the request")

// ErrNoSession means there is no open session to type into.
var ErrNoSession = errors.New("no session is open: dial first")

// ErrNotServed means that what was dialled does not begin with the service code.
var ErrNotServed = errors.New("the network knows no such code")

// Config is what a handset needs.
type Config struct {
	// URL is the gateway's callback, such as http://127.0.0.1:8080/ussd/africastalking.
	URL string
	// Format is the aggregator that stands between; empty is africastalking. Formats lists them.
	Format string
	// Number is the phone's, such as +254711000001.
	Number string
	// ServiceCode is what it dials, such as *384*2050#.
	ServiceCode string
	// NetworkCode is the operator's; empty is the format's own example, in Africa's Talking's sandbox 99999.
	NetworkCode string
	// User and Password log the aggregator in: Airtel in the query, the others by HTTP.
	User, Password string
	// Inboxes are addresses of carriers that show messages, such as http://127.0.0.1:8080; empty is the gateway's.
	Inboxes []string
	// Lateness is how late a late request comes; 0 is 11 s, a second after Africa's Talking has given up.
	Lateness time.Duration
	// Client makes the requests; nil is one with a 15 s limit.
	Client *http.Client
}

// Handset is a feature phone. It is for one goroutine.
type Handset struct {
	config Config
	format format
	// session is nil while none is open.
	session *session
	// last is the request of the last step, before that of the step before it in the same session.
	last, before *call
	fault        Fault
	bites        map[Fault]int
	// late are the requests on their way.
	late sync.WaitGroup
}

// session is what the aggregator knows of one.
type session struct {
	id string
	// behind is what was dialled behind the service code.
	behind []string
	inputs []string
	// memory is what the gateway wants to be told with the next request.
	memory string
}

// latest is the last input, empty on the dial.
func (s *session) latest() string {
	if len(s.inputs) == 0 {
		return ""
	}
	return s.inputs[len(s.inputs)-1]
}

// typed is everything typed so far, in one piece.
func (s *session) typed() string {
	return strings.Join(append(s.behind[:len(s.behind):len(s.behind)], s.inputs...), "*")
}

// Screen is what the phone shows.
type Screen struct {
	// Text is the screen without its marker.
	Text string
	// More says that the session waits for input.
	More bool
}

// New makes a handset that has not dialled. A format that does not exist is an error of the first Dial.
func New(c Config) *Handset {
	if c.Format == "" {
		c.Format = "africastalking"
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 15 * time.Second}
	}
	if c.Lateness == 0 {
		c.Lateness = 11 * time.Second
	}
	return &Handset{config: c, format: formats[c.Format], bites: map[Fault]int{}}
}

// Open says whether a session is open.
func (h *Handset) Open() bool { return h.session != nil }

// Dial opens a new session, with answers behind the service code if there are any. Some aggregators do not pass those on.
func (h *Handset) Dial(ctx context.Context, behind ...string) (Screen, error) {
	if h.format == nil {
		return Screen{}, fmt.Errorf("there is no format %q: it is one of %s", h.config.Format, strings.Join(Formats(), ", "))
	}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return Screen{}, fmt.Errorf("make session id: %w", err)
	}
	h.session, h.last = &session{id: h.format.sessionID(hex.EncodeToString(id[:])), behind: behind}, nil
	return h.step(ctx)
}

// DialString dials what a person keys in, such as *384*2050*1*0711000002#.
func (h *Handset) DialString(ctx context.Context, dialled string) (Screen, error) {
	code := strings.TrimSuffix(h.config.ServiceCode, "#")
	rest, begins := strings.CutPrefix(strings.TrimSuffix(dialled, "#"), code)
	switch {
	case !begins || !strings.HasSuffix(dialled, "#"):
		return Screen{}, fmt.Errorf("dial: %w", ErrNotServed)
	case rest == "":
		return h.Dial(ctx)
	case rest[0] != '*':
		return Screen{}, fmt.Errorf("dial: %w", ErrNotServed)
	}
	return h.Dial(ctx, strings.Split(rest[1:], "*")...)
}

// Type sends what the person keyed in.
func (h *Handset) Type(ctx context.Context, input string) (Screen, error) {
	if h.session == nil {
		return Screen{}, ErrNoSession
	}
	h.session.inputs = append(h.session.inputs, input)
	return h.step(ctx)
}

// Hang drops the session, as when the network loses it. The aggregator tells the gateway only if Ended is called before.
func (h *Handset) Hang() { h.session, h.last, h.before = nil, nil, nil }

// Repeat sends the last request again. After a screen that ends the session the handset is closed.
func (h *Handset) Repeat(ctx context.Context) (Screen, error) {
	if h.session == nil || h.last == nil {
		return Screen{}, ErrNoSession
	}
	return h.show(h.send(ctx, h.last))
}

// Ended tells the gateway that the session has ended, where the aggregator has a way to say it; it says whether it has.
func (h *Handset) Ended(ctx context.Context) (bool, error) {
	if h.session == nil {
		return false, ErrNoSession
	}
	end := h.format.end(&h.config, h.session)
	if end == nil {
		return false, nil
	}
	got, err := h.config.do(ctx, end)
	if err != nil {
		return true, err
	}
	if got.status != http.StatusOK {
		return true, got.refused()
	}
	return true, nil
}

// Form is the request that Repeat sends, where it is a form or a query; nil otherwise.
func (h *Handset) Form() url.Values {
	values, ok := h.format.(interface {
		form(*Config, *session) url.Values
	})
	if !ok || h.session == nil {
		return nil
	}
	return values.form(&h.config, h.session)
}

// step sends the request of the newest input, with the fault that was injected.
func (h *Handset) step(ctx context.Context) (Screen, error) {
	h.before, h.last = h.last, h.format.ask(&h.config, h.session)
	fault := h.fault
	h.fault = Sound
	return h.suffer(ctx, fault)
}

// send sends a request of the open session and reads the screen.
func (h *Handset) send(ctx context.Context, c *call) (Screen, error) {
	got, err := h.config.do(ctx, c)
	if err != nil {
		return Screen{}, err
	}
	if got.status != http.StatusOK {
		return Screen{}, got.refused()
	}
	return h.format.screen(h.session, got)
}

// show closes the session after its last screen.
func (h *Handset) show(s Screen, err error) (Screen, error) {
	if err == nil && !s.More {
		h.Hang()
	}
	return s, err
}

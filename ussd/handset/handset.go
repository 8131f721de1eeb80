// Package handset is a feature phone for people and tests: it dials a gateway in the exact wire form of an aggregator and
// reads the screens.
//
// A Handset belongs to one number. Dial opens a session and gives the first screen; Type sends what the person keyed in
// and gives the next, until a screen says that the session ended or Hang drops it. Redial is simply Dial again. The
// handset keeps the transcript, as the aggregator does: every request carries all inputs of the session joined with '*'.
// Repeat sends the last request once more, as aggregators do when an answer was lost. Inbox reads the text messages that the
// sandbox's carrier delivered.
//
// It promises to say exactly what came over the wire and refuses an answer that an aggregator would refuse: another
// status than 200, or a body that does not start with CON or END.
package handset

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrRefused means the gateway answered what an aggregator would refuse.
var ErrRefused = errors.New("the gateway refused the request")

// ErrNoSession means there is no open session to type into.
var ErrNoSession = errors.New("no session is open: dial first")

// Config is what a handset needs.
type Config struct {
	// URL is the gateway's callback, such as http://127.0.0.1:8080/ussd/africastalking.
	URL string
	// Number is the phone's, such as +254711000001.
	Number string
	// ServiceCode is what it dials, such as *384*2050#.
	ServiceCode string
	// NetworkCode is the operator's; empty is Africa's Talking's sandbox, 99999.
	NetworkCode string
	// Client makes the requests; nil is one with a 15 s limit.
	Client *http.Client
}

// Handset is a feature phone. It is for one goroutine.
type Handset struct {
	config  Config
	session string
	inputs  []string
}

// Screen is what the phone shows.
type Screen struct {
	// Text is the screen without its marker.
	Text string
	// More says that the session waits for input.
	More bool
}

// New makes a handset that has not dialled.
func New(c Config) *Handset {
	if c.NetworkCode == "" {
		c.NetworkCode = "99999"
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 15 * time.Second}
	}
	return &Handset{config: c}
}

// Open says whether a session is open.
func (h *Handset) Open() bool { return h.session != "" }

// Dial opens a new session.
func (h *Handset) Dial(ctx context.Context) (Screen, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return Screen{}, fmt.Errorf("make session id: %w", err)
	}
	h.session, h.inputs = "ATUid_"+hex.EncodeToString(id[:]), nil
	return h.Repeat(ctx)
}

// Type sends what the person keyed in.
func (h *Handset) Type(ctx context.Context, input string) (Screen, error) {
	if h.session == "" {
		return Screen{}, ErrNoSession
	}
	h.inputs = append(h.inputs, input)
	return h.Repeat(ctx)
}

// Hang drops the session, as when the network loses it.
func (h *Handset) Hang() { h.session, h.inputs = "", nil }

// Form is the request that Repeat sends.
func (h *Handset) Form() url.Values {
	return url.Values{
		"sessionId": {h.session}, "serviceCode": {h.config.ServiceCode}, "phoneNumber": {h.config.Number},
		"networkCode": {h.config.NetworkCode}, "text": {strings.Join(h.inputs, "*")},
	}
}

// Repeat sends the whole transcript again. After a screen that ends the session the handset is closed.
func (h *Handset) Repeat(ctx context.Context) (Screen, error) {
	if h.session == "" {
		return Screen{}, ErrNoSession
	}
	screen, err := Post(ctx, h.config.Client, h.config.URL, h.Form())
	if err == nil && !screen.More {
		h.Hang()
	}
	return screen, err
}

// Post sends one callback and reads the screen.
func Post(ctx context.Context, client *http.Client, to string, form url.Values) (Screen, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return Screen{}, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return Screen{}, fmt.Errorf("call the gateway: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return Screen{}, fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return Screen{}, fmt.Errorf("status %d: %s: %w", res.StatusCode, strings.TrimSpace(string(body)), ErrRefused)
	}
	if text, ok := strings.CutPrefix(string(body), "CON "); ok {
		return Screen{Text: text, More: true}, nil
	}
	if text, ok := strings.CutPrefix(string(body), "END "); ok {
		return Screen{Text: text}, nil
	}
	return Screen{}, fmt.Errorf("the answer starts with neither CON nor END: %w", ErrRefused)
}

// Message is a text message that the sandbox's carrier delivered.
type Message struct {
	To        string    `json:"to"`
	Text      string    `json:"text"`
	Reference string    `json:"reference"`
	Time      time.Time `json:"time"`
}

// Inbox reads the phone's messages, oldest first.
func (h *Handset) Inbox(ctx context.Context) ([]Message, error) {
	to, err := url.Parse(h.config.URL)
	if err != nil {
		return nil, fmt.Errorf("read gateway address: %w", err)
	}
	to.Path, to.RawQuery = "/sandbox/sms", url.Values{"to": {h.config.Number}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := h.config.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read inbox: status %d: %w", res.StatusCode, ErrRefused)
	}
	var all []Message
	lines := bufio.NewScanner(io.LimitReader(res.Body, 4<<20))
	for lines.Scan() {
		var m Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		all = append(all, m)
	}
	return all, lines.Err()
}

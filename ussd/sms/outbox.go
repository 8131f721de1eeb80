package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

var (
	// ErrRefused means that a carrier will never send a message, such as one to a number that does not exist. Senders wrap it.
	ErrRefused = errors.New("sms: refused for good")
	// ErrNotTaken means that a carrier surely did not take a message, but may later. Senders wrap it.
	ErrNotTaken = errors.New("sms: not taken")
	// ErrDown is an ErrNotTaken for which the route is to blame and not the message: no connection, no credit, too many requests.
	ErrDown = fmt.Errorf("%w: route is down", ErrNotTaken)
	// ErrMessage means that a message is not one to send: no reference, no number, no text, or a text of too many parts.
	ErrMessage = errors.New("sms: bad message")
)

// Sender hands a message to a carrier. nil means that the carrier took it; an error that is ErrRefused that it never will, one that
// is ErrNotTaken that it did not; any other that it may have.
type Sender interface {
	Send(ctx context.Context, message ussd.Message) (Taken, error)
}

// Taken is a carrier's receipt of a message.
type Taken struct {
	// ID is the carrier's id of the message, by which delivery reports name it; empty when it gives none.
	ID string
}

const (
	// maxReference bounds a reference, maxCarrierID an id; a longer id is not kept.
	maxReference = 200
	maxCarrierID = 128
	// DefaultMaxWaiting bounds the messages that wait.
	DefaultMaxWaiting = 100_000
	// keepFor is how long a message that was sent is remembered, keepFailedFor one that was given up or not delivered.
	keepFor       = 30 * 24 * time.Hour
	keepFailedFor = 365 * 24 * time.Hour
	// giveUpAfter is how long a message is tried.
	giveUpAfter = 24 * time.Hour
	// firstRest and longestRest bound the time between two tries; each is twice the one before.
	firstRest   = 2 * time.Second
	longestRest = 10 * time.Minute
	// sendWait bounds one try.
	sendWait = 20 * time.Second
	// poll is how often a route looks for what is due, and batch how many records one transaction changes.
	poll  = 250 * time.Millisecond
	batch = 64
	// cleanEvery is how often old records are deleted.
	cleanEvery = time.Hour
)

// Config is what an Outbox is made of.
type Config struct {
	Store ussd.Store
	// Routes are in the order of preference: a message goes to the next one only when the one before surely did not take it.
	Routes []Route
	Log    *slog.Logger
	// MaxWaiting bounds the messages that wait; 0 means DefaultMaxWaiting.
	MaxWaiting int
}

// Outbox keeps messages until they are sent or given up. It implements ussd.Outbox and Reporter.
type Outbox struct {
	store      ussd.Store
	routes     []*route
	log        *slog.Logger
	maxWaiting uint64
	early      early
	counters   counters
	// recording has the tries recorded one after the other: each changes the count of those that wait, and would only meet the others.
	recording sync.Mutex
}

var (
	_ ussd.Outbox = (*Outbox)(nil)
	_ Reporter    = (*Outbox)(nil)
)

// New makes an outbox. Nothing is sent until Run.
func New(c Config) (*Outbox, error) {
	routes, err := newRoutes(c.Routes)
	if err != nil {
		return nil, err
	}
	if c.MaxWaiting <= 0 {
		c.MaxWaiting = DefaultMaxWaiting
	}
	return &Outbox{store: c.Store, routes: routes, log: c.Log, maxWaiting: uint64(c.MaxWaiting)}, nil
}

// Enqueue implements ussd.Outbox.
func (o *Outbox) Enqueue(w ussd.Writer, message ussd.Message, nowUnixMs uint64) error {
	if message.Reference == "" || len(message.Reference) > maxReference {
		return fmt.Errorf("%w: reference of %d bytes", ErrMessage, len(message.Reference))
	}
	if _, _, err := Parts(message.Text); err != nil {
		return fmt.Errorf("%w: reference %q: %w", ErrMessage, message.Reference, err)
	}
	if _, err := ussd.ParsePhone(string(message.To)); err != nil {
		return fmt.Errorf("%w: reference %q: %w", ErrMessage, message.Reference, err)
	}
	switch _, err := w.Get(messageKey(message.Reference)); {
	case err == nil:
		return nil // Queued before.
	case !errors.Is(err, ussd.ErrNotFound):
		return fmt.Errorf("enqueue: %w", err)
	}
	waiting, err := count(w, waitingKey)
	if err != nil {
		return err
	}
	if waiting >= o.maxWaiting {
		return fmt.Errorf("enqueue: %w", ussd.ErrOutboxFull)
	}
	record := Record{Reference: message.Reference, To: message.To, Text: message.Text, State: StateWaiting,
		QueuedAtUnixMs: nowUnixMs, NextAtUnixMs: nowUnixMs, Route: o.routes[0].Name}
	return errors.Join(put(w, record), w.Set(record.dueKey(), nil), setCount(w, waitingKey, waiting+1))
}

// GivenUp lists messages that were given up, oldest first.
func (o *Outbox) GivenUp(ctx context.Context, limit int) ([]Record, error) {
	return o.list(ctx, givenUpPrefix, limit)
}

// Undelivered lists messages that a carrier took and reported as failed, oldest report first.
func (o *Outbox) Undelivered(ctx context.Context, limit int) ([]Record, error) {
	return o.list(ctx, undeliveredPrefix, limit)
}

func (o *Outbox) list(ctx context.Context, prefix []byte, limit int) (records []Record, err error) {
	err = o.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(prefix, nil, limit, func(key, _ []byte) error {
			record, err := load(r, string(key[len(prefix)+timeBytes:]))
			if errors.Is(err, ussd.ErrNotFound) {
				return nil
			}
			records = append(records, record)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	return records, nil
}

// Message returns the record of a reference, or an error that is ussd.ErrNotFound.
func (o *Outbox) Message(ctx context.Context, reference string) (record Record, err error) {
	err = o.store.View(ctx, func(r ussd.Reader) (err error) {
		record, err = load(r, reference)
		return err
	})
	return record, err
}

// Waiting counts the messages that wait.
func (o *Outbox) Waiting(ctx context.Context) (waiting uint64, err error) {
	err = o.store.View(ctx, func(r ussd.Reader) (err error) {
		waiting, err = count(r, waitingKey)
		return err
	})
	return waiting, err
}

// end takes a message out of those that wait. The record says in which state.
func (o *Outbox) end(w ussd.Writer, record Record, due []byte, nowUnixMs uint64) (Record, error) {
	waiting, err := count(w, waitingKey)
	if err != nil {
		return record, err
	}
	record.NextAtUnixMs, record.Trying, record.Pinned, record.Tried = nowUnixMs, false, false, nil
	keep := keepFor
	if record.State == StateGivenUp {
		keep = keepFailedFor
		err = w.Set(timedKey(givenUpPrefix, nowUnixMs, record.Reference), nil)
	}
	record.ForgetAtUnixMs = nowUnixMs + uint64(keep.Milliseconds())
	return record, errors.Join(err, w.Delete(due), put(w, record), setCount(w, waitingKey, waiting-min(waiting, 1)),
		w.Set(timedKey(donePrefix, record.ForgetAtUnixMs, record.Reference), nil))
}

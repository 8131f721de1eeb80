// Package sms sends text messages, each at least once and as a rule exactly once.
//
// A message is put in the Outbox inside the store transaction that decides to send it, under a reference of the gateway's
// own; the same reference again is the same message. Run takes what is due, counts the try and sets the next one
// durably, and only then hands the message to the Sender. An answer that says sent, or never, ends it; anything else is
// tried again, later each time. What is given up is logged as an error and listed by GivenUp for a year.
//
// A crash or a lost answer between the Sender and the record of it sends a message twice: carriers take no reference to
// tell. Every text about money therefore carries the receipt code. The outbox is bounded; a full one fails the
// transaction that wanted to send, which tries again, so that nothing is dropped in silence.
package sms

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
)

var (
	// ErrRefused means that a message can never be sent, such as one to a number that does not exist. Senders wrap it.
	ErrRefused = errors.New("sms: refused for good")
	// ErrMessage means that a message is not one to send: no reference, no text, or a text outside GSM-7.
	ErrMessage = errors.New("sms: bad message")
)

// Sender hands a message to a carrier. nil means that the carrier took it; an error that is ErrRefused that it never will;
// any other that it may have.
type Sender interface {
	Send(ctx context.Context, message ussd.Message) (Taken, error)
}

// Taken is a carrier's receipt of a message.
type Taken struct {
	// ID is the carrier's id of the message, by which delivery reports name it; empty when it gives none.
	ID string
}

// State says what became of a message.
type State string

// The states.
const (
	StateWaiting State = "waiting"
	StateSent    State = "sent"
	StateGivenUp State = "given up"
)

// Record is a message in the outbox.
type Record struct {
	Reference string     `json:"reference"`
	To        ussd.Phone `json:"to"`
	Text      string     `json:"text"`
	State     State      `json:"state"`
	// QueuedAtUnixMs and NextAtUnixMs are by the gateway's clock; NextAtUnixMs is when a waiting message is tried,
	// and when another one ended.
	QueuedAtUnixMs uint64 `json:"queued_at_unix_ms"`
	NextAtUnixMs   uint64 `json:"next_at_unix_ms"`
	Tries          int    `json:"tries"`
	// Reason is why the last try did not succeed.
	Reason string `json:"reason,omitempty"`
}

const (
	// maxReference bounds a reference.
	maxReference = 200
	// maxTextBytes bounds a text: three parts.
	maxTextBytes = 3 * gsm7.ConcatenatedPart
	// DefaultMaxWaiting bounds the messages that wait.
	DefaultMaxWaiting = 100_000
	// keepFor is how long a message that was sent is remembered, keepGivenUpFor one that was given up.
	keepFor        = 30 * 24 * time.Hour
	keepGivenUpFor = 365 * 24 * time.Hour
	// giveUpAfter is how long a message is tried.
	giveUpAfter = 24 * time.Hour
	// firstRest and longestRest bound the time between two tries; each is twice the one before.
	firstRest   = 2 * time.Second
	longestRest = 10 * time.Minute
	// sendWait bounds one try.
	sendWait = 20 * time.Second
	// poll is how often Run looks for what is due, batch how many it takes, and atOnce how many it sends at once.
	poll   = 250 * time.Millisecond
	batch  = 64
	atOnce = 8
	// cleanEvery is how often old records are deleted.
	cleanEvery = time.Hour
)

// Config is what an Outbox is made of.
type Config struct {
	Store  ussd.Store
	Sender Sender
	Log    *slog.Logger
	// MaxWaiting bounds the messages that wait; 0 means DefaultMaxWaiting.
	MaxWaiting int
}

// Outbox keeps messages until they are sent or given up. It implements ussd.Outbox.
type Outbox struct {
	store      ussd.Store
	sender     Sender
	log        *slog.Logger
	maxWaiting uint64
}

// New makes an outbox. Nothing is sent until Run.
func New(c Config) *Outbox {
	if c.MaxWaiting <= 0 {
		c.MaxWaiting = DefaultMaxWaiting
	}
	return &Outbox{store: c.Store, sender: c.Sender, log: c.Log, maxWaiting: uint64(c.MaxWaiting)}
}

// Keys: the record by reference; the waiting by time of the next try; the others by time of deletion; how many wait.
var (
	messagePrefix = []byte("sms/message/")
	duePrefix     = []byte("sms/due/")
	donePrefix    = []byte("sms/done/")
	givenUpPrefix = []byte("sms/given-up/")
	waitingKey    = []byte("sms/waiting")
	timeBytes     = 8
)

func messageKey(reference string) []byte { return append(bytes.Clone(messagePrefix), reference...) }

func timedKey(prefix []byte, atUnixMs uint64, reference string) []byte {
	return append(binary.BigEndian.AppendUint64(bytes.Clone(prefix), atUnixMs), reference...)
}

// Enqueue implements ussd.Outbox.
func (o *Outbox) Enqueue(w ussd.Writer, message ussd.Message, nowUnixMs uint64) error {
	if message.Reference == "" || len(message.Reference) > maxReference || message.Text == "" || len(message.Text) > maxTextBytes ||
		!gsm7.Representable(message.Text) {
		return fmt.Errorf("%w: reference %q", ErrMessage, message.Reference)
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
	waiting, err := count(w)
	if err != nil {
		return err
	}
	if waiting >= o.maxWaiting {
		return fmt.Errorf("enqueue: %w", ussd.ErrOutboxFull)
	}
	record := Record{Reference: message.Reference, To: message.To, Text: message.Text, State: StateWaiting,
		QueuedAtUnixMs: nowUnixMs, NextAtUnixMs: nowUnixMs}
	return errors.Join(put(w, record), w.Set(timedKey(duePrefix, nowUnixMs, record.Reference), nil), setCount(w, waiting+1))
}

// Run sends what is due until the context ends. It returns nil then, and otherwise the error of the store.
func (o *Outbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var cleaned time.Time
	for {
		if err := o.pass(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		if time.Since(cleaned) >= cleanEvery {
			cleaned = time.Now()
			if err := o.clean(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// pass tries each message that is due once.
func (o *Outbox) pass(ctx context.Context) error {
	due, err := o.due(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, reference := range due {
		group.Go(func() error { return o.try(ctx, reference) })
	}
	return group.Wait()
}

func (o *Outbox) due(ctx context.Context) (due []string, err error) {
	now := nowUnixMs()
	err = o.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(duePrefix, nil, batch, func(key, _ []byte) error {
			rest := key[len(duePrefix):]
			if binary.BigEndian.Uint64(rest) <= now {
				due = append(due, string(rest[timeBytes:]))
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	return due, nil
}

// try sends one message. The try is counted and the next one set first: a crash in the middle sends again, but later.
func (o *Outbox) try(ctx context.Context, reference string) error {
	var record Record
	err := o.store.Update(ctx, func(w ussd.Writer) (err error) {
		if record, err = load(w, reference); err != nil || record.State != StateWaiting {
			return err
		}
		before := timedKey(duePrefix, record.NextAtUnixMs, reference)
		record.Tries++
		record.NextAtUnixMs = nowUnixMs() + uint64((sendWait + rest(record.Tries)).Milliseconds())
		return errors.Join(w.Delete(before), w.Set(timedKey(duePrefix, record.NextAtUnixMs, reference), nil), put(w, record))
	})
	if err != nil {
		return fmt.Errorf("begin to send: %w", err)
	}
	if record.State != StateWaiting {
		return nil
	}
	sending, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	_, sent := o.sender.Send(sending, ussd.Message{Reference: reference, To: record.To, Text: record.Text})
	if ctx.Err() != nil && sent != nil {
		return nil // Stopped in the middle; the next process tries again.
	}
	return o.finish(reference, sent)
}

// finish records what a try came to.
func (o *Outbox) finish(reference string, sent error) error {
	var record Record
	now := nowUnixMs()
	err := o.store.Update(context.Background(), func(w ussd.Writer) (err error) {
		if record, err = load(w, reference); err != nil || record.State != StateWaiting {
			return err
		}
		before := timedKey(duePrefix, record.NextAtUnixMs, reference)
		switch age := now - record.QueuedAtUnixMs; {
		case sent == nil:
			record.State, record.Reason = StateSent, ""
		case errors.Is(sent, ErrRefused), age >= uint64(giveUpAfter.Milliseconds()):
			record.State, record.Reason = StateGivenUp, sent.Error()
		default:
			record.Reason = sent.Error()
			record.NextAtUnixMs = now + uint64(rest(record.Tries).Milliseconds())
			return errors.Join(w.Delete(before), w.Set(timedKey(duePrefix, record.NextAtUnixMs, reference), nil), put(w, record))
		}
		return o.end(w, record, before, now)
	})
	if err != nil {
		return fmt.Errorf("record a try: %w", err)
	}
	switch record.State {
	case StateGivenUp:
		o.log.Error("SMS given up", "reference", reference, "to", record.To, "tries", record.Tries, "reason", record.Reason)
	case StateWaiting:
		o.log.Warn("SMS will be tried again", "reference", reference, "to", record.To, "tries", record.Tries, "reason", record.Reason)
	}
	return nil
}

// end takes a message out of those that wait.
func (o *Outbox) end(w ussd.Writer, record Record, due []byte, nowUnixMs uint64) error {
	waiting, err := count(w)
	if err != nil {
		return err
	}
	record.NextAtUnixMs = nowUnixMs
	keep := keepFor
	if record.State == StateGivenUp {
		keep = keepGivenUpFor
		err = w.Set(timedKey(givenUpPrefix, record.NextAtUnixMs, record.Reference), nil)
	}
	forgetAt := nowUnixMs + uint64(keep.Milliseconds())
	return errors.Join(err, w.Delete(due), put(w, record), setCount(w, waiting-min(waiting, 1)),
		w.Set(timedKey(donePrefix, forgetAt, record.Reference), nil))
}

// GivenUp lists messages that were given up, oldest first.
func (o *Outbox) GivenUp(ctx context.Context, limit int) (records []Record, err error) {
	err = o.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(givenUpPrefix, nil, limit, func(key, _ []byte) error {
			record, err := load(r, string(key[len(givenUpPrefix)+timeBytes:]))
			if errors.Is(err, ussd.ErrNotFound) {
				return nil
			}
			records = append(records, record)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list given-up messages: %w", err)
	}
	return records, nil
}

// Waiting counts the messages that wait.
func (o *Outbox) Waiting(ctx context.Context) (waiting uint64, err error) {
	err = o.store.View(ctx, func(r ussd.Reader) (err error) {
		waiting, err = count(r)
		return err
	})
	return waiting, err
}

// clean deletes records whose time is over.
func (o *Outbox) clean(ctx context.Context) error {
	now := nowUnixMs()
	for {
		deleted := 0
		err := o.store.Update(ctx, func(w ussd.Writer) error {
			deleted = 0
			return w.Scan(donePrefix, nil, batch, func(key, _ []byte) error {
				rest := key[len(donePrefix):]
				if binary.BigEndian.Uint64(rest) > now {
					return nil
				}
				deleted++
				record, err := load(w, string(rest[timeBytes:]))
				if err == nil {
					err = errors.Join(w.Delete(messageKey(record.Reference)),
						w.Delete(timedKey(givenUpPrefix, record.NextAtUnixMs, record.Reference)))
				}
				if err != nil && !errors.Is(err, ussd.ErrNotFound) {
					return err
				}
				return w.Delete(key)
			})
		})
		if err != nil {
			return fmt.Errorf("delete old messages: %w", err)
		}
		if deleted < batch {
			return nil
		}
	}
}

// rest is the time until the next try, a little different for each message so that they do not come back together.
func rest(tries int) time.Duration {
	wait := min(firstRest<<min(max(tries-1, 0), 16), longestRest)
	return wait + rand.N(wait/4)
}

func load(r ussd.Reader, reference string) (Record, error) {
	raw, err := r.Get(messageKey(reference))
	if err != nil {
		return Record{}, fmt.Errorf("read message: %w", err)
	}
	var record Record
	if err := json.Unmarshal(raw, &record); err != nil {
		return Record{}, fmt.Errorf("decode message: %w", err)
	}
	return record, nil
}

func put(w ussd.Writer, record Record) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	return w.Set(messageKey(record.Reference), raw)
}

func count(r ussd.Reader) (uint64, error) {
	raw, err := r.Get(waitingKey)
	if errors.Is(err, ussd.ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(raw) != timeBytes {
		return 0, errors.Join(err, fmt.Errorf("count of waiting messages has %d bytes", len(raw)))
	}
	return binary.BigEndian.Uint64(raw), nil
}

func setCount(w ussd.Writer, waiting uint64) error {
	return w.Set(waitingKey, binary.BigEndian.AppendUint64(nil, waiting))
}

func nowUnixMs() uint64 { return uint64(time.Now().UnixMilli()) }

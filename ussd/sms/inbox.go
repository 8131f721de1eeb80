package sms

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// ErrInboxFull means that the inbox takes no more now; the carrier is to bring the message again.
var ErrInboxFull = errors.New("sms: inbox is full")

const (
	// DefaultMaxInbox bounds the inbound messages that wait for the handler, and maxMarks those known again.
	DefaultMaxInbox = 10_000
	maxMarks        = 1_000_000
	// DefaultPerMinute is how many messages of one number are handled in a minute.
	DefaultPerMinute = 10
	// maxPerMinute bounds what is remembered of a number.
	maxPerMinute = 1000
	// handleWait bounds one run of the handler, handleAtOnce how many run.
	handleWait   = 30 * time.Second
	handleAtOnce = 8
	// An answer that comes later than handleFor helps nobody; maxHandles ends it when the handler ends the process.
	handleFor  = time.Hour
	maxHandles = 20
	// sweepEvery is how often the inbox deletes what is over.
	sweepEvery = 10 * time.Minute
)

// Handler does what a message asks for. It may be run again for the same message after an error or a crash, with the same Number:
// what it does has to be kept under that number.
type Handler func(ctx context.Context, message Inbound) error

// InboxConfig is what an Inbox is made of.
type InboxConfig struct {
	Store   ussd.Store
	Handler Handler
	Log     *slog.Logger
	// MaxWaiting bounds the messages that wait; 0 means DefaultMaxInbox.
	MaxWaiting int
	// PerMinute is how many messages of one number are handled in a minute, at most 1000; 0 means DefaultPerMinute. What is above it is
	// taken from the carrier, counted and dropped.
	PerMinute int
}

// Inbox takes inbound messages and hands each to the handler. It implements Receiver.
type Inbox struct {
	store      ussd.Store
	handler    Handler
	log        *slog.Logger
	maxWaiting uint64
	perMinute  int
	// wake tells Run that a message came or was handled.
	wake     chan struct{}
	busy     busy
	counters inboxCounters
}

type inboxCounters struct {
	taken, repeated, flooded, handled, failed, givenUp atomic.Uint64
}

// InboxStats counts what an inbox did since the process began.
type InboxStats struct {
	// Taken messages are new, Repeated ones known, Flooded ones too many of one number.
	Taken, Repeated, Flooded uint64
	// Handled messages are done, Failed counts runs of the handler that returned an error, and GivenUp messages that nobody tries any
	// more.
	Handled, Failed, GivenUp uint64
}

var _ Receiver = (*Inbox)(nil)

// NewInbox makes an inbox. It takes messages at once and hands them over from Run on.
func NewInbox(c InboxConfig) *Inbox {
	if c.MaxWaiting <= 0 {
		c.MaxWaiting = DefaultMaxInbox
	}
	if c.PerMinute <= 0 {
		c.PerMinute = DefaultPerMinute
	}
	return &Inbox{store: c.Store, handler: c.Handler, log: c.Log, maxWaiting: uint64(c.MaxWaiting), perMinute: min(c.PerMinute, maxPerMinute),
		wake: make(chan struct{}, 1)}
}

// Stats tells the counts.
func (b *Inbox) Stats() InboxStats {
	c := &b.counters
	return InboxStats{Taken: c.taken.Load(), Repeated: c.repeated.Load(), Flooded: c.flooded.Load(), Handled: c.handled.Load(),
		Failed: c.failed.Load(), GivenUp: c.givenUp.Load()}
}

// Keys: the last number and how many wait and are known; messages by number; those that wait by time of the next run; marks; times of a
// number's messages; those given up, without their text; and keys to delete by time. The values of marks, rates and given-up messages
// begin with the time until which they hold.
var (
	inboxNumberKey     = []byte("sms/inbox/number")
	inboxWaitingKey    = []byte("sms/inbox/waiting")
	inboxMarksKey      = []byte("sms/inbox/marks")
	inboxMessagePrefix = []byte("sms/inbox/message/")
	inboxDuePrefix     = []byte("sms/inbox/due/")
	inboxMarkPrefix    = []byte("sms/inbox/mark/")
	inboxRatePrefix    = []byte("sms/inbox/rate/")
	inboxGivenUpPrefix = []byte("sms/inbox/given-up/")
	inboxSweepPrefix   = []byte("sms/inbox/sweep/")
)

// inboxRecord is a message in the inbox.
type inboxRecord struct {
	Inbound
	TakenAtUnixMs uint64 `json:"taken_at_unix_ms"`
	NextAtUnixMs  uint64 `json:"next_at_unix_ms"`
	Runs          int    `json:"runs"`
}

func inboxKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(inboxMessagePrefix), number)
}

func (r inboxRecord) dueKey() []byte {
	return binary.BigEndian.AppendUint64(timedKey(inboxDuePrefix, r.NextAtUnixMs, ""), r.Number)
}

// Receive implements Receiver. One transaction knows the message again or takes it; a crash before it leaves nothing, and the carrier,
// which was not answered, brings the message again.
func (b *Inbox) Receive(ctx context.Context, message Inbound) error {
	if err := message.check(); err != nil {
		return err
	}
	outcome := &b.counters.taken
	err := b.store.Update(ctx, func(w ussd.Writer) error {
		now := nowUnixMs()
		known, err := b.mark(w, message, now)
		if err != nil {
			return err
		}
		if known {
			outcome = &b.counters.repeated
			return nil
		}
		allowed, err := b.allow(w, message.From, now)
		if err != nil {
			return err
		}
		if !allowed {
			outcome = &b.counters.flooded
			return nil
		}
		outcome = &b.counters.taken
		return b.take(w, message, now)
	})
	if err != nil {
		return fmt.Errorf("take an inbound message: %w", err)
	}
	if outcome.Add(1); outcome == &b.counters.flooded {
		b.log.Warn("too many SMS of one number", "from", message.From, "route", message.Route)
	}
	b.signal()
	return nil
}

// take puts a new message behind the others.
func (b *Inbox) take(w ussd.Writer, message Inbound, nowUnixMs uint64) error {
	waiting, err := count(w, inboxWaitingKey)
	if err != nil {
		return err
	}
	if waiting >= b.maxWaiting {
		return ErrInboxFull
	}
	last, err := count(w, inboxNumberKey)
	if err != nil {
		return err
	}
	message.Number = last + 1
	record := inboxRecord{Inbound: message, TakenAtUnixMs: nowUnixMs, NextAtUnixMs: nowUnixMs}
	return errors.Join(putInbound(w, record), w.Set(record.dueKey(), nil), setCount(w, inboxNumberKey, message.Number),
		setCount(w, inboxWaitingKey, waiting+1))
}

// mark tells whether a message was taken before, and remembers it if not.
func (b *Inbox) mark(w ussd.Writer, message Inbound, nowUnixMs uint64) (known bool, err error) {
	key := append(bytes.Clone(inboxMarkPrefix), message.mark()...)
	until, err := count(w, key)
	if err != nil || until > nowUnixMs {
		return until > nowUnixMs, err
	}
	if until == 0 {
		marks, err := count(w, inboxMarksKey)
		if err != nil {
			return false, err
		}
		if marks >= maxMarks {
			return false, ErrInboxFull
		}
		if err := setCount(w, inboxMarksKey, marks+1); err != nil {
			return false, err
		}
	}
	until = nowUnixMs + uint64(message.knownFor().Milliseconds())
	return false, errors.Join(setCount(w, key, until), w.Set(timedKey(inboxSweepPrefix, until, string(key)), nil))
}

// allow counts a message of a number, and tells whether it is one too many in a minute. Dropped ones are not counted: who writes
// without end is still answered now and then.
func (b *Inbox) allow(w ussd.Writer, from ussd.Phone, nowUnixMs uint64) (bool, error) {
	key := append(bytes.Clone(inboxRatePrefix), from...)
	raw, err := w.Get(key)
	if err != nil && !errors.Is(err, ussd.ErrNotFound) {
		return false, fmt.Errorf("read rate of a number: %w", err)
	}
	minute := uint64(time.Minute.Milliseconds())
	until := nowUnixMs + minute
	value := binary.BigEndian.AppendUint64(nil, until)
	for at := timeBytes; at+timeBytes <= len(raw); at += timeBytes {
		if binary.BigEndian.Uint64(raw[at:])+minute > nowUnixMs {
			value = append(value, raw[at:at+timeBytes]...)
		}
	}
	if len(value)/timeBytes > b.perMinute {
		return false, nil
	}
	value = binary.BigEndian.AppendUint64(value, nowUnixMs)
	return true, errors.Join(w.Set(key, value), w.Set(timedKey(inboxSweepPrefix, until, string(key)), nil))
}

func putInbound(w ussd.Writer, record inboxRecord) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode inbound message: %w", err)
	}
	return w.Set(inboxKey(record.Number), raw)
}

func loadInbound(r ussd.Reader, number uint64) (record inboxRecord, err error) {
	raw, err := r.Get(inboxKey(number))
	if err != nil {
		return record, fmt.Errorf("read inbound message: %w", err)
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return record, fmt.Errorf("decode inbound message: %w", err)
	}
	return record, nil
}

func (b *Inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

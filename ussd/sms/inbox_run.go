package sms

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ussd"
)

// busy are the numbers whose messages are being handled: one number's are handled one after the other.
type busy struct {
	mu      sync.Mutex
	numbers map[ussd.Phone]bool
}

// begin takes a number, if it is free and few are busy.
func (b *busy) begin(from ussd.Phone) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.numbers[from] || len(b.numbers) >= handleAtOnce {
		return false
	}
	if b.numbers == nil {
		b.numbers = make(map[ussd.Phone]bool)
	}
	b.numbers[from] = true
	return true
}

func (b *busy) end(from ussd.Phone) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.numbers, from)
}

// Run hands messages to the handler until the context ends, those that came before the last crash first. It returns nil then, and otherwise the
// error of the store.
func (b *Inbox) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		ticker := time.NewTicker(poll)
		defer ticker.Stop()
		for {
			if err := b.dispatch(running, group); err != nil {
				return err
			}
			select {
			case <-running.Done():
				return nil
			case <-ticker.C:
			case <-b.wake:
			}
		}
	})
	group.Go(func() error { return every(running, sweepEvery, func() error { return b.sweep(running) }) })
	return ended(ctx, group.Wait())
}

// dispatch begins to handle what is due, in the order it came.
func (b *Inbox) dispatch(ctx context.Context, group *errgroup.Group) error {
	var due []inboxRecord
	now := nowUnixMs()
	err := b.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(inboxDuePrefix, nil, batch, func(key, _ []byte) error {
			rest := key[len(inboxDuePrefix):]
			if binary.BigEndian.Uint64(rest) > now {
				return nil
			}
			record, err := loadInbound(r, binary.BigEndian.Uint64(rest[timeBytes:]))
			due = append(due, record)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("list inbound messages: %w", err)
	}
	for _, record := range due {
		if !b.busy.begin(record.From) {
			continue
		}
		if record, err = b.beginRun(ctx, record); err != nil {
			return err
		}
		group.Go(func() error {
			defer b.signal()
			defer b.busy.end(record.From)
			return b.handle(ctx, record)
		})
	}
	return nil
}

// beginRun counts a run of the handler and sets the next one. A crash after it runs the handler again, a little later.
func (b *Inbox) beginRun(ctx context.Context, record inboxRecord) (inboxRecord, error) {
	begun := record
	begun.Runs++
	begun.NextAtUnixMs = nowUnixMs() + uint64((handleWait + rest(begun.Runs)).Milliseconds())
	err := b.store.Update(ctx, func(w ussd.Writer) error {
		return errors.Join(w.Delete(record.dueKey()), w.Set(begun.dueKey(), nil), putInbound(w, begun))
	})
	if err != nil {
		return begun, fmt.Errorf("begin to handle: %w", err)
	}
	return begun, nil
}

// handle runs the handler for one message and records what came of it.
func (b *Inbox) handle(ctx context.Context, record inboxRecord) error {
	handling, cancel := context.WithTimeout(ctx, handleWait)
	outcome := b.handler(handling, record.Inbound)
	cancel()
	if ctx.Err() != nil && outcome != nil {
		return nil // Stopped in the middle; the next process runs it again.
	}
	now := nowUnixMs()
	tooLate := record.Runs >= maxHandles || now-min(record.TakenAtUnixMs, now) >= uint64(handleFor.Milliseconds())
	if outcome != nil && !tooLate {
		b.counters.failed.Add(1)
		b.log.Warn("inbound SMS will be handled again", "message", record.Inbound, "runs", record.Runs, "error", outcome)
		return b.later(record)
	}
	err := b.store.Update(context.Background(), func(w ussd.Writer) error {
		waiting, err := count(w, inboxWaitingKey)
		if err != nil {
			return err
		}
		if outcome != nil {
			err = giveUpInbound(w, record, now)
		}
		return errors.Join(err, w.Delete(record.dueKey()), w.Delete(inboxKey(record.Number)), setCount(w, inboxWaitingKey, waiting-min(waiting, 1)))
	})
	if err != nil {
		return fmt.Errorf("record an inbound message as done: %w", err)
	}
	if outcome == nil {
		b.counters.handled.Add(1)
		return nil
	}
	b.counters.failed.Add(1)
	b.counters.givenUp.Add(1)
	b.log.Error("inbound SMS given up", "message", record.Inbound, "runs", record.Runs, "error", outcome)
	return nil
}

// later sets the time of the next run.
func (b *Inbox) later(record inboxRecord) error {
	next := record
	next.NextAtUnixMs = nowUnixMs() + uint64(rest(record.Runs).Milliseconds())
	err := b.store.Update(context.Background(), func(w ussd.Writer) error {
		return errors.Join(w.Delete(record.dueKey()), w.Set(next.dueKey(), nil), putInbound(w, next))
	})
	if err != nil {
		return fmt.Errorf("record a run of the handler: %w", err)
	}
	return nil
}

// giveUpInbound keeps a message for people to look at, without its text: that can hold what nobody else should read.
func giveUpInbound(w ussd.Writer, record inboxRecord, nowUnixMs uint64) error {
	until := nowUnixMs + uint64(keepFor.Milliseconds())
	record.Text = ""
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode inbound message: %w", err)
	}
	key := binary.BigEndian.AppendUint64(bytes.Clone(inboxGivenUpPrefix), record.Number)
	return errors.Join(w.Set(key, append(binary.BigEndian.AppendUint64(nil, until), raw...)),
		w.Set(timedKey(inboxSweepPrefix, until, string(key)), nil))
}

// GivenUp lists messages that were never handled, oldest first, without their texts.
func (b *Inbox) GivenUp(ctx context.Context, limit int) (messages []Inbound, err error) {
	err = b.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(inboxGivenUpPrefix, nil, limit, func(_, value []byte) error {
			var record inboxRecord
			if err := json.Unmarshal(value[min(timeBytes, len(value)):], &record); err != nil {
				return fmt.Errorf("decode inbound message: %w", err)
			}
			messages = append(messages, record.Inbound)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list inbound messages: %w", err)
	}
	return messages, nil
}

// Waiting counts the messages that wait for the handler.
func (b *Inbox) Waiting(ctx context.Context) (waiting uint64, err error) {
	err = b.store.View(ctx, func(r ussd.Reader) (err error) {
		waiting, err = count(r, inboxWaitingKey)
		return err
	})
	return waiting, err
}

// sweep deletes marks, rates and given-up messages whose time is over.
func (b *Inbox) sweep(ctx context.Context) error {
	for {
		swept := 0
		err := b.store.Update(ctx, func(w ussd.Writer) error {
			swept = 0
			now := nowUnixMs()
			return w.Scan(inboxSweepPrefix, nil, batch, func(key, _ []byte) error {
				rest := key[len(inboxSweepPrefix):]
				if binary.BigEndian.Uint64(rest) > now {
					return nil
				}
				swept++
				return errors.Join(sweepOne(w, rest[timeBytes:], now), w.Delete(key))
			})
		})
		if err != nil {
			return fmt.Errorf("delete old inbound messages: %w", err)
		}
		if swept < batch {
			return nil
		}
	}
}

// sweepOne deletes a record, unless it holds longer by now.
func sweepOne(w ussd.Writer, key []byte, nowUnixMs uint64) error {
	value, err := w.Get(key)
	if errors.Is(err, ussd.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what is over: %w", err)
	}
	if len(value) >= timeBytes && binary.BigEndian.Uint64(value) > nowUnixMs {
		return nil
	}
	if !bytes.HasPrefix(key, inboxMarkPrefix) {
		return w.Delete(key)
	}
	marks, err := count(w, inboxMarksKey)
	if err != nil {
		return err
	}
	return errors.Join(w.Delete(key), setCount(w, inboxMarksKey, marks-min(marks, 1)))
}

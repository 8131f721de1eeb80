package sms

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// looked bounds how many waiting messages of a resting route are looked at in one go. Those pinned to it stand in front, and are
// fewer: a resting route is tried with one message at a time, which is given up after a day.
const looked = 1024

// evacuateEvery is how often that is done, expireEvery how often when no route takes anything.
const (
	evacuateEvery = time.Second
	expireEvery   = time.Minute
)

// evacuate takes messages that nobody tried from a resting route to the next one that works, and gives up what is too old.
func (o *Outbox) evacuate(ctx context.Context, r *route) error {
	pause := evacuateEvery
	if len(o.places()) == 0 {
		pause = expireEvery
	}
	if _, resting := r.rests(); !resting || time.Since(r.evacuated) < pause {
		return nil
	}
	r.evacuated = time.Now()
	due, err := o.due(ctx, r.Name, looked)
	if err != nil || len(due) == 0 {
		return err
	}
	var changed []Record
	err = o.store.Update(ctx, func(w ussd.Writer) error {
		changed = changed[:0]
		places := o.places()
		for _, reference := range due {
			if len(changed) == batch {
				return nil
			}
			record, err := load(w, reference)
			if err != nil {
				return err
			}
			if record.State != StateWaiting || record.Route != r.Name {
				continue
			}
			before := record.dueKey()
			if !leave(&record, places) {
				continue
			}
			if record.State == StateGivenUp {
				record, err = o.end(w, record, before, nowUnixMs())
			} else {
				err = errors.Join(w.Delete(before), w.Set(record.dueKey(), nil), put(w, record))
			}
			if err != nil {
				return err
			}
			changed = append(changed, record)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("move messages from a route that is down: %w", err)
	}
	for _, record := range changed {
		o.tell(r, record)
	}
	return nil
}

// place is a route that takes what leaves another one.
type place struct {
	name string
	free int
}

// places are the routes that do not rest. One that failed before is tried with a single message.
func (o *Outbox) places() (places []*place) {
	for _, r := range o.routes {
		switch _, resting := r.rests(); {
		case resting:
		case r.works():
			places = append(places, &place{r.Name, batch})
		default:
			places = append(places, &place{r.Name, 1})
		}
	}
	return places
}

// leave makes a message leave its route, if there is a reason and a place.
func leave(record *Record, places []*place) bool {
	now := nowUnixMs()
	if record.age(now) >= giveUpAfter {
		record.State = StateGivenUp
		if record.Reason == "" {
			record.Reason = record.Route + ": route is down"
		}
		return true
	}
	if record.Pinned || record.Trying {
		return false
	}
	for _, p := range places {
		if p.free > 0 && !slices.Contains(record.Refused, p.name) && !slices.Contains(record.Tried, p.name) {
			p.free--
			record.Route, record.NextAtUnixMs, record.Reason = p.name, now, record.Route+": route is down"
			return true
		}
	}
	return false
}

// rehome puts what waits at routes that are configured no more in the first one's queue. A carrier may have taken some of it; that carrier
// cannot be asked any more.
func (o *Outbox) rehome(ctx context.Context) error {
	for from := bytes.Clone(duePrefix); ; {
		next, homeless, err := o.homeless(ctx, from)
		if err != nil {
			return err
		}
		if next == nil {
			return nil
		}
		from = next
		if len(homeless) == 0 {
			continue
		}
		err = o.store.Update(ctx, func(w ussd.Writer) error {
			for reference, key := range homeless {
				record, err := load(w, reference)
				if err != nil {
					return err
				}
				record.Route, record.Trying, record.Pinned, record.Refused, record.Tried = o.routes[0].Name, false, false, nil, nil
				if err := errors.Join(w.Delete(key), w.Set(record.dueKey(), nil), put(w, record)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("move messages from a route that is gone: %w", err)
		}
		o.log.Warn("SMS of a route that is no more configured", "messages", len(homeless), "now", o.routes[0].Name)
	}
}

// homeless finds some messages at routes that are not configured, and where to look on; nowhere when there is no more.
func (o *Outbox) homeless(ctx context.Context, from []byte) (next []byte, found map[string][]byte, err error) {
	found = make(map[string][]byte)
	err = o.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(duePrefix, from, batch, func(key, _ []byte) error {
			name, rest, ok := bytes.Cut(key[len(duePrefix):], []byte("/"))
			if !ok || len(rest) <= timeBytes {
				return fmt.Errorf("queue of messages has the key %q", key)
			}
			known := slices.ContainsFunc(o.routes, func(r *route) bool { return r.Name == string(name) })
			if known && next != nil && bytes.HasPrefix(next, queue(string(name))) {
				return nil
			}
			if next = append(bytes.Clone(key), 0); known {
				next = append(queue(string(name)), bytes.Repeat([]byte{0xFF}, timeBytes+1)...) // Behind the queue.
				return nil
			}
			found[string(rest[timeBytes:])] = key
			return nil
		})
	})
	if err != nil {
		return nil, nil, fmt.Errorf("look for messages without a route: %w", err)
	}
	return next, found, nil
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
				return errors.Join(forget(w, string(rest[timeBytes:])), w.Delete(key))
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

// forget deletes all there is of a message that ended.
func forget(w ussd.Writer, reference string) error {
	record, err := load(w, reference)
	if errors.Is(err, ussd.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	err = errors.Join(w.Delete(messageKey(reference)), w.Delete(timedKey(givenUpPrefix, record.NextAtUnixMs, reference)),
		w.Delete(timedKey(undeliveredPrefix, record.ReportedAtUnixMs, reference)))
	if err != nil || record.CarrierID == "" {
		return err
	}
	// A carrier counts its ids round: the id can be another message's by now.
	key := carrierIDKey(record.Route, record.CarrierID)
	switch owner, err := w.Get(key); {
	case errors.Is(err, ussd.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("read owner of an id: %w", err)
	case string(owner) == reference:
		return w.Delete(key)
	}
	return nil
}

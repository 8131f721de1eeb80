package sms

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ussd"
)

// Run sends what is due until the context ends. It returns nil then, and otherwise the error of the store.
func (o *Outbox) Run(ctx context.Context) error {
	if err := o.rehome(ctx); err != nil {
		return ended(ctx, err)
	}
	group, running := errgroup.WithContext(ctx)
	for _, r := range o.routes {
		group.Go(func() error { return o.serve(running, r) })
	}
	group.Go(func() error { return every(running, cleanEvery, func() error { return o.clean(running) }) })
	return ended(ctx, group.Wait())
}

// ended drops an error that comes of the end of the context.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// every runs step now and then again and again.
func every(ctx context.Context, pause time.Duration, step func() error) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := step(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// serve is the loop of one route. It returns when what it handed over is answered.
func (o *Outbox) serve(ctx context.Context, r *route) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	sends, ctx := errgroup.WithContext(ctx)
	sends.Go(func() error {
		for {
			begun, err := o.dispatch(ctx, r, sends)
			if err == nil && begun == 0 {
				err = o.evacuate(ctx, r)
			}
			if err != nil {
				return err
			}
			if begun > 0 && r.room() > 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			case <-r.wake:
			}
		}
	})
	return sends.Wait()
}

// dispatch hands over what is due and what the route has room for, and says how many those are.
func (o *Outbox) dispatch(ctx context.Context, r *route, sends *errgroup.Group) (int, error) {
	room := min(r.room(), batch)
	if room == 0 {
		return 0, nil
	}
	due, err := o.due(ctx, r.Name, room)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	records, err := o.beginTries(ctx, r.Name, due)
	if err != nil {
		return 0, err
	}
	r.begin(len(records))
	for _, record := range records {
		sends.Go(func() error { return o.try(ctx, r, record) })
	}
	return len(due), nil
}

// due lists messages of a route whose time has come, the oldest first.
func (o *Outbox) due(ctx context.Context, route string, limit int) (due []string, err error) {
	now, prefix := nowUnixMs(), queue(route)
	err = o.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(prefix, nil, limit, func(key, _ []byte) error {
			if rest := key[len(prefix):]; binary.BigEndian.Uint64(rest) <= now {
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

// beginTries counts tries and sets the next ones. A crash after it finds Trying set and pins the message to its route: the carrier may
// have it.
func (o *Outbox) beginTries(ctx context.Context, route string, due []string) (begun []Record, err error) {
	err = o.store.Update(ctx, func(w ussd.Writer) error {
		begun = begun[:0]
		now := nowUnixMs()
		for _, reference := range due {
			record, err := load(w, reference)
			if err != nil {
				return err
			}
			if record.State != StateWaiting || record.Route != route || record.NextAtUnixMs > now {
				continue
			}
			before := record.dueKey()
			record.Tries++
			record.Pinned = record.Pinned || record.Trying
			record.Trying = true
			record.NextAtUnixMs = now + uint64((sendWait + rest(record.Tries)).Milliseconds())
			if err := errors.Join(w.Delete(before), w.Set(record.dueKey(), nil), put(w, record)); err != nil {
				return err
			}
			begun = append(begun, record)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("begin to send: %w", err)
	}
	return begun, nil
}

// try hands one message to the carrier and records what came of it.
func (o *Outbox) try(ctx context.Context, r *route, record Record) error {
	sending, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	taken, outcome := r.Sender.Send(sending, ussd.Message{Reference: record.Reference, To: record.To, Text: record.Text})
	r.done(outcome)
	defer r.signal()
	if ctx.Err() != nil && outcome != nil {
		return nil // Stopped in the middle; the next process tries again, on the same route.
	}
	return o.finish(r, record.Reference, taken, outcome)
}

// finish records what a try came to.
func (o *Outbox) finish(r *route, reference string, taken Taken, outcome error) error {
	var record Record
	changed := false
	o.recording.Lock()
	err := o.store.Update(context.Background(), func(w ussd.Writer) (err error) {
		record, err = load(w, reference)
		// A delivery report can have come before the answer.
		changed = err == nil && record.State == StateWaiting && record.Route == r.Name
		if !changed {
			return err
		}
		before := record.dueKey()
		o.judge(&record, r, taken, outcome)
		if record.State == StateWaiting {
			return errors.Join(w.Delete(before), w.Set(record.dueKey(), nil), put(w, record))
		}
		if record.CarrierID != "" {
			if err := w.Set(carrierIDKey(record.Route, record.CarrierID), []byte(reference)); err != nil {
				return err
			}
		}
		record, err = o.end(w, record, before, nowUnixMs())
		return err
	})
	o.recording.Unlock()
	if err != nil {
		return fmt.Errorf("record a try: %w", err)
	}
	if !changed {
		return nil
	}
	o.tell(r, record)
	if record.CarrierID == "" {
		return nil
	}
	if report, came := o.early.take(record.Route, record.CarrierID); came {
		return o.Report(context.Background(), report)
	}
	return nil
}

// tell logs what a try came to, and wakes the route that has the message now.
func (o *Outbox) tell(r *route, record Record) {
	switch {
	case record.State == StateGivenUp:
		o.counters.givenUp.Add(1)
		o.log.Error("SMS given up", "reference", record.Reference, "to", record.To, "tries", record.Tries, "reason", record.Reason)
	case record.State == StateWaiting:
		o.log.Warn("SMS will be tried again", "reference", record.Reference, "to", record.To, "route", record.Route,
			"tries", record.Tries, "reason", record.Reason)
		o.moved(r, record.Route)
	}
}

// moved wakes a route that another one's message went to.
func (o *Outbox) moved(from *route, to string) {
	if from != nil && from.Name == to {
		return
	}
	o.counters.moved.Add(1)
	for _, r := range o.routes {
		if r.Name == to {
			r.signal()
		}
	}
}

// judge decides what a waiting record becomes after a try on a route.
func (o *Outbox) judge(record *Record, r *route, taken Taken, outcome error) {
	now := nowUnixMs()
	record.Trying = false
	if outcome == nil {
		record.State, record.Reason = StateSent, ""
		if len(taken.ID) <= maxCarrierID {
			record.CarrierID = taken.ID
		}
		return
	}
	record.Reason = r.Name + ": " + outcome.Error()
	record.NextAtUnixMs = now + uint64(rest(record.Tries).Milliseconds())
	switch {
	case errors.Is(outcome, ErrRefused):
		// What it refuses now it refused before, if it was asked before: nothing pins the message any more.
		record.Pinned = false
		record.Refused = append(record.Refused, r.Name)
	case errors.Is(outcome, ErrNotTaken) && !record.Pinned:
		record.Tried = append(record.Tried, r.Name)
	default:
		record.Pinned = true
		if until, resting := r.rests(); resting {
			record.NextAtUnixMs = max(record.NextAtUnixMs, uint64(until.UnixMilli()))
		}
	}
	if record.age(now) >= giveUpAfter {
		record.State = StateGivenUp
		return
	}
	if !record.Pinned {
		o.forward(record, now)
	}
}

// forward puts a message that its route surely did not take in the queue of another one: the first that was not tried in this round, at
// once; or, when all were, the first that did not refuse it, later.
func (o *Outbox) forward(record *Record, nowUnixMs uint64) {
	first := ""
	for _, r := range o.routes {
		if slices.Contains(record.Refused, r.Name) {
			continue
		}
		if !slices.Contains(record.Tried, r.Name) {
			record.Route, record.NextAtUnixMs = r.Name, nowUnixMs
			return
		}
		if first == "" {
			first = r.Name
		}
	}
	if first == "" {
		record.State = StateGivenUp
		return
	}
	record.Route, record.Tried = first, nil
}

// rest is the time until the next try, a little different for each message so that they do not come back together.
func rest(tries int) time.Duration {
	wait := min(firstRest<<min(max(tries-1, 0), 16), longestRest)
	return wait + rand.N(wait/4)
}

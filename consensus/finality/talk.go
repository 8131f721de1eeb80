package finality

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// talker is a driver's side of one peer.
type talker struct {
	name string
	peer Peer
	// wake says that there may be something to say.
	wake chan struct{}
	// said is the version of the newest words that the peer has been given, by a call of either side. When an answer is
	// lost the peer asks again.
	said atomic.Uint64

	// calls holds a token for each call of the peer that is being served.
	calls chan struct{}
	limit *rate.Limiter
	// leave ends the talk; nil while there is none.
	leave context.CancelFunc
}

// maxChangesTold bounds the changes of the validator set in one answer.
const maxChangesTold = 8

// told notes that the peer has these words.
func (t *talker) told(version uint64) {
	for t != nil {
		said := t.said.Load()
		if said >= version || t.said.CompareAndSwap(said, version) {
			return
		}
	}
}

// talk exchanges with one peer until the context ends: at once when there is something new to say, else now and then. A peer
// that fails is left alone for a while, so a dead one costs little and delays nobody.
func (d *Driver) talk(ctx context.Context, t *talker) {
	ended := make(chan error, exchangesAtOnce)
	underWay, given, open := 0, uint64(0), false
	defer func() {
		for ; underWay > 0; underWay-- {
			<-ended
		}
	}()
	var asked time.Time
	for ctx.Err() == nil {
		w := d.words.Load()
		pause := idlePause
		if w.open {
			pause = openPause
		}
		if w.open && !open {
			asked = time.Now() // A round begins by words. Only one that takes long is asked about.
		}
		open = w.open
		rest := pause - time.Since(asked)
		news := max(given, t.said.Load()) < w.version
		// Being woken for nothing does not put off the next question: a validator that is behind has nothing to say.
		if news && underWay < exchangesAtOnce || rest <= 0 && underWay == 0 {
			asked, given = time.Now(), w.version
			underWay++
			go func() { ended <- d.exchange(ctx, t, w) }()
			continue
		}
		var again <-chan time.Time
		if underWay == 0 {
			again = time.After(rest)
		}
		select {
		case <-ctx.Done():
		case <-t.wake:
		case <-again:
		case err := <-ended:
			if underWay--; err != nil {
				given = 0
				d.rest(ctx)
			}
		}
	}
}

// rest leaves a peer that failed alone for a while.
func (d *Driver) rest(ctx context.Context) {
	t := time.NewTimer(openPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// exchange gives the peer words and takes its own.
func (d *Driver) exchange(ctx context.Context, t *talker, w *words) error {
	call, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	res, err := t.peer.Exchange(call, &peerv1.ExchangeRequest{Messages: w.messages})
	if err != nil {
		return err
	}
	messages, err := parseMessages(res.GetMessages())
	if err != nil {
		return err
	}
	if messages.Validator != t.name {
		return fmt.Errorf("%q answered for %q: %w", messages.Validator, t.name, ErrBadMessage)
	}
	t.told(w.version)
	if m := res.GetSetChanges(); len(m) > 0 && len(m) <= maxChangesTold && d.config.OnChanges != nil {
		changes, err := checkpoint.ChangesOf(m)
		if err != nil {
			return err
		}
		d.config.OnChanges(changes)
	}
	a := arrival{from: t.name, events: []Event{Message{From: t.name, Messages: messages}}}
	if note := res.GetFinalCheckpoint(); len(note) > 0 {
		a.events = append(a.events, Proof{Note: note})
	}
	return d.arrive(ctx, a)
}

// Exchange serves a peer's call. From is whom the transport proved the caller to be. The answer has this validator's
// words after it considered the caller's, so that often no call in the other direction is needed.
func (d *Driver) Exchange(ctx context.Context, from string, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
	t := d.talker(from)
	if t == nil {
		return nil, fmt.Errorf("exchange with %q: %w", from, ErrStranger)
	}
	select {
	case t.calls <- struct{}{}:
		defer func() { <-t.calls }()
	default:
		return nil, fmt.Errorf("exchange with %q: %w", from, ErrTooMany)
	}
	if !t.limit.Allow() {
		return nil, fmt.Errorf("exchange with %q: %w", from, ErrTooMany)
	}
	messages, err := parseMessages(req.GetMessages())
	if err == nil && messages.Validator != from {
		err = fmt.Errorf("validator: %q speaks for %q: %w", from, messages.Validator, ErrBadMessage)
	}
	if err != nil {
		return nil, fmt.Errorf("exchange with %q: %w", from, err)
	}
	answered := make(chan struct{})
	a := arrival{from: from, events: []Event{Message{From: from, Messages: messages}}, answered: answered}
	if err := d.arrive(ctx, a); err != nil {
		return nil, err
	}
	select {
	case <-answered:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-d.done:
		return nil, ErrStopped
	}
	w := d.words.Load()
	res := &peerv1.ExchangeResponse{Messages: w.messages}
	if messages.FinalSize >= w.sealed.Size {
		return res, nil
	}
	res.FinalCheckpoint = w.note
	if d.config.ChangesAfter != nil {
		// Who is behind a boundary can open no note above it.
		if changes := d.config.ChangesAfter(messages.FinalSize); len(changes) > 0 {
			res.FinalCheckpoint = changes[0].Checkpoint
			res.SetChanges = checkpoint.ChangesProto(changes[:min(len(changes), maxChangesTold)])
		}
	}
	return res, nil
}

func (d *Driver) arrive(ctx context.Context, a arrival) error {
	select {
	case d.arrivals <- a:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.done:
		return ErrStopped
	}
}

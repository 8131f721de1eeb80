package sdk

import (
	"context"
	"errors"
	"fmt"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Freshness says how old a read may be.
type Freshness uint8

// The freshnesses. The zero value is Final.
const (
	// Final reads what cannot change any more; it needs no leader.
	Final Freshness = iota
	// Accepted includes everything accepted before the read; it needs a leader.
	Accepted
	// Local is whatever the validator has applied.
	Local
)

func (f Freshness) proto() apiv1.Freshness {
	switch f {
	case Accepted:
		return apiv1.Freshness_FRESHNESS_ACCEPTED
	case Local:
		return apiv1.Freshness_FRESHNESS_LOCAL
	}
	return apiv1.Freshness_FRESHNESS_FINAL
}

// AsOf says which state a read saw.
type AsOf struct {
	// Size is the number of leaves.
	Size uint64
	// TimeUnixMs is ledger time.
	TimeUnixMs uint64
}

func asOf(m *apiv1.AsOf) AsOf { return AsOf{Size: m.GetSize(), TimeUnixMs: m.GetTimeUnixMs()} }

// errStale means an answer is older than what this client knows to be final.
var errStale = errors.New("answer is older than what was seen final")

// readRounds is how often a read goes through all the validators.
const readRounds = 3

// read asks one validator after the other until one answers. An answer that denies (not found, refused) is believed when
// enough validators give it, since one may be behind or lie.
func (c *Client) read(ctx context.Context, ask func(ctx context.Context, v *validator) error) error {
	c.keepUp()
	var last error
	for round := range readRounds {
		if round > 0 {
			if err := pause(ctx, c.retryDelay(round-1)); err != nil {
				break
			}
		}
		denials := make(map[string]int)
		stale := false
		for _, v := range c.order() {
			err := c.attempt(ctx, v, ask)
			if err == nil {
				c.answered(v)
				return nil
			}
			if ctx.Err() != nil {
				return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
			}
			if reason, ok := decisive(err); ok {
				if denials[reason]++; denials[reason] >= c.alike() {
					return plain(err, reason)
				}
			}
			c.log.Debug("validator did not answer a read", "validator", v.address, "error", err)
			stale = stale || errors.Is(err, errStale)
			last = err
		}
		if stale {
			return errStale // The others failed or are as far behind; the caller has the newest there is.
		}
	}
	return fmt.Errorf("%w: %v", ErrUnavailable, last)
}

// attempt asks one validator within the read timeout.
func (c *Client) attempt(ctx context.Context, v *validator, ask func(ctx context.Context, v *validator) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.ReadTimeout)
	defer cancel()
	return ask(ctx, v)
}

// readFresh reads an answer that says which state it saw, and prefers one that is not behind what was seen final: a wallet
// that was paid never sees the balance from before. When all are behind, the newest stands.
func readFresh[T any](ctx context.Context, c *Client, state func(T) AsOf, ask func(ctx context.Context, v *validator) (T, error)) (T, error) {
	var best T
	found := false
	err := c.read(ctx, func(ctx context.Context, v *validator) error {
		answer, err := ask(ctx, v)
		if err != nil {
			return err
		}
		if !found || state(answer).Size > state(best).Size {
			best, found = answer, true
		}
		if state(answer).Size < c.final.Load() {
			return errStale
		}
		return nil
	})
	if err != nil && found && ctx.Err() == nil {
		return best, nil
	}
	return best, err
}

// said is one validator's answer to a question that several are asked.
type said[T any] struct {
	answer T
	denied string // the reason, for an answer that denies
	err    error
}

// agree asks validators until f+1 gave the same answer, by key: as many at first, another for each that failed or
// differed. A denial counts as an answer.
func agree[T any](ctx context.Context, c *Client, key func(T) string, ask func(ctx context.Context, v *validator) (T, error)) (T, error) {
	answers, err := agreeing(ctx, c, key, ask)
	if err != nil {
		var none T
		return none, err
	}
	return answers[0], nil
}

// agreeSoon is agreeing for what may change: validators that are a batch apart answer alike a moment later.
func agreeSoon[T any](ctx context.Context, c *Client, key func(T) string, ask func(ctx context.Context, v *validator) (T, error)) ([]T, error) {
	for round := 0; ; round++ {
		answers, err := agreeing(ctx, c, key, ask)
		if !errors.Is(err, ErrDisagreement) || round == agreeRounds-1 {
			return answers, err
		}
		if err := pause(ctx, c.retryDelay(round)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
}

// agreeRounds is how often validators that differ are asked.
const agreeRounds = 5

// agreeing gives the f+1 answers that are the same by key.
func agreeing[T any](ctx context.Context, c *Client, key func(T) string, ask func(ctx context.Context, v *validator) (T, error)) ([]T, error) {
	c.keepUp()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := c.order()
	words := make(chan said[T], len(queue))
	start := func() {
		v := queue[0]
		queue = queue[1:]
		go func() {
			var w said[T]
			w.err = c.attempt(ctx, v, func(ctx context.Context, v *validator) (err error) {
				w.answer, err = ask(ctx, v)
				return err
			})
			if w.err == nil {
				c.answered(v)
			} else {
				w.denied, _ = decisive(w.err)
			}
			words <- w
		}()
	}
	need := c.alike()
	running := 0
	for ; running < need; running++ {
		start()
	}
	answers := make(map[string][]T)
	denials := make(map[string]int)
	best := 0 // the most that said the same
	var failure error
	for running > 0 {
		w := <-words
		running--
		switch {
		case w.err == nil:
			name := key(w.answer)
			answers[name] = append(answers[name], w.answer)
			if best = max(best, len(answers[name])); len(answers[name]) >= need {
				return answers[name], nil
			}
		case w.denied != "":
			denials[w.denied]++
			if best = max(best, denials[w.denied]); denials[w.denied] >= need {
				return nil, plain(w.err, w.denied)
			}
		default:
			failure = w.err
		}
		// As long as the best answer could still be confirmed by those asked, nobody else is.
		if best+running < need && len(queue) > 0 {
			start()
			running++
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case len(answers)+len(denials) > 1:
		return nil, ErrDisagreement
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, failure)
}

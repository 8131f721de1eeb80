package attestor

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
)

const (
	// tick is how often Run looks for what is due, batch how many it takes, and atOnce how many it asks about at once.
	tick   = time.Second
	batch  = 32
	atOnce = 4
	// lookWithin bounds one question to the ledger.
	lookWithin = 10 * time.Second
	// lookLonger is how long after its expiry a transaction is asked about while no validator answers.
	lookLonger = 24 * time.Hour
	// cleanEvery is how often what is over is deleted.
	cleanEvery = 10 * time.Minute
)

// lookAfter is the pause before the n-th look, counted from 0: a move begins seconds after its last code, or not at all.
func lookAfter(n int) time.Duration { return min(time.Second<<min(n, 5), 30*time.Second) }

// watch has a confirmed ask followed, from a time on, when a notice may come of it.
func (s *Service) watch(w ussd.Writer, a ask, atUnixMs uint64) error {
	if a.Act != actMove && a.Act != actConfirm {
		return nil
	}
	return w.Set(timed(watchPrefix, atUnixMs, a.key()), nil)
}

// Run follows what was confirmed and forgets what is over, until the context ends. It returns nil then, and otherwise the store's error.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var cleaned time.Time
	for {
		err := s.pass(ctx)
		if err == nil && time.Since(cleaned) >= cleanEvery {
			cleaned = time.Now()
			err = s.clean(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// pass looks once at each ask that is due.
func (s *Service) pass(ctx context.Context) error {
	now := s.now()
	var due [][]byte
	err := s.store.View(ctx, func(r ussd.Reader) error {
		return r.Scan(watchPrefix, nil, batch, func(key, _ []byte) error {
			if binary.BigEndian.Uint64(key[len(watchPrefix):]) <= now {
				due = append(due, bytes.Clone(key))
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("list what is watched: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range due {
		group.Go(func() error { return s.look(ctx, key) })
	}
	return group.Wait()
}

// look asks what became of one transaction, and tells the person when it has begun a move.
func (s *Service) look(ctx context.Context, watched []byte) error {
	var a *ask
	err := s.store.View(ctx, func(r ussd.Reader) (err error) {
		a, err = getAsk(r, watched[len(watchPrefix)+8:])
		return err
	})
	if err != nil {
		return err
	}
	var text string
	over := a == nil
	if a != nil {
		asking, cancel := context.WithTimeout(ctx, lookWithin)
		text, over, err = s.became(asking, *a)
		cancel()
		if ctx.Err() != nil {
			return nil // The next process looks.
		}
		if err != nil {
			s.log.Warn("cannot tell what became of a transaction", "transaction", a.ID.String(), "error", err)
			over = s.now() > a.ExpiresAtUnixMs+uint64(lookLonger.Milliseconds())
		}
	}
	// The notice and the end of the watch are one transaction: it is told once.
	return s.store.Update(ctx, func(w ussd.Writer) error {
		if _, err := w.Get(watched); err != nil {
			return skipMissing(err)
		}
		if err := w.Delete(watched); err != nil || a == nil {
			return err
		}
		now := s.now()
		if !over {
			a.Looks++
			return errors.Join(putAsk(w, *a), s.watch(w, *a, now+uint64(lookAfter(a.Looks).Milliseconds())))
		}
		if text == "" {
			return nil
		}
		return s.outbox.Enqueue(w, ussd.Message{Reference: fmt.Sprintf("notice/%s/%s", a.ID, a.From), To: a.Phone, Text: text}, now)
	})
}

func skipMissing(err error) error {
	if errors.Is(err, ussd.ErrNotFound) {
		return nil
	}
	return err
}

// became says whether a transaction has come to an end, and the notice that follows.
func (s *Service) became(ctx context.Context, a ask) (text string, over bool, err error) {
	outcome, err := s.client.Outcome(ctx, a.ID, a.ExpiresAtUnixMs)
	switch {
	case err != nil:
		return "", false, err
	case outcome.Expired, outcome.Final && outcome.Result.Code != tx.OK:
		return "", true, nil
	case !outcome.Final:
		return "", false, nil
	}
	if err := s.directory.known(ctx); err != nil {
		return "", false, err
	}
	moves, err := s.client.Moves(ctx, s.aliasKey.Alias(string(a.Phone)))
	if err != nil {
		return "", false, err
	}
	data := map[string]string{"attestor": s.directory.name(), "provider": a.Provider, "dial": a.Dial}
	texts := s.book.in(a.Language).Notice
	if len(moves) == 0 || moves[0].Grant == nil || moves[0].Grant.Grantee != a.From {
		return fill(texts[noticeMoved], data), true, nil
	}
	due := time.UnixMilli(int64(moves[0].DueUnixMs)).UTC().Add(s.offset)
	data["time"] = due.Format("02/01 15:04")
	if a.Old == nil || *a.Old == a.From {
		return fill(texts[noticeMovingAlone], data), true, nil
	}
	old, err := s.owner(ctx, *a.Old)
	if err != nil {
		return "", false, err
	}
	if old.Account == (tx.AccountID{}) || dialled(old) == "" {
		return fill(texts[noticeMovingAlone], data), true, nil
	}
	if data["old"], err = s.nameOf(ctx, old); err != nil {
		return "", false, err
	}
	data["old_dial"] = dialled(old)
	return fill(texts[noticeMoving], data), true, nil
}

// clean deletes what is over, a batch at a time.
func (s *Service) clean(ctx context.Context) error {
	for {
		deleted := 0
		err := s.store.Update(ctx, func(w ussd.Writer) error {
			deleted = 0
			now := s.now()
			return w.Scan(forgetPrefix, nil, batch, func(key, _ []byte) error {
				rest := key[len(forgetPrefix):]
				if binary.BigEndian.Uint64(rest) > now {
					return nil
				}
				deleted++
				return errors.Join(s.dropLive(w, rest[8:]), w.Delete(rest[8:]), w.Delete(key))
			})
		})
		if err != nil {
			return fmt.Errorf("delete what is over: %w", err)
		}
		if deleted < batch {
			return nil
		}
	}
}

// dropLive takes away what leads to an ask, unless it leads to a later one by now.
func (s *Service) dropLive(w ussd.Writer, key []byte) error {
	if !bytes.HasPrefix(key, askPrefix) {
		return nil
	}
	a, err := getAsk(w, key)
	if err != nil || a == nil {
		return err
	}
	live, err := w.Get(s.liveKey(*a))
	if err != nil || !bytes.Equal(live, key) {
		return skipMissing(err)
	}
	return w.Delete(s.liveKey(*a))
}

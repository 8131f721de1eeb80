package sdk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// What a Client does with its light client, from many goroutines at once: nothing here holds a lock while it waits for a validator.

// advanceTries is how often one source is asked, when what was known has changed while it answered.
const advanceTries = 3

// errNotKept means that what was seen is known in memory, and could not be written.
var errNotKept = errors.New("what was seen of the validator sets was not written")

// advance goes as far as one source is, if that is further. ErrBehind when it is not; errNotKept when only the file has failed.
func (l *Light) advance(ctx context.Context, source LightSource) error {
	for range advanceTries {
		before := l.seen()
		answer, err := source.Newest(ctx, before.highest.Size, before.set.Hash())
		if err != nil {
			return err
		}
		if done, err := l.step(before, answer); done {
			return err
		}
	}
	return nil // Others have brought it further, time and again.
}

// step takes an answer that was asked for from a state; false when the state is another one by now.
func (l *Light) step(before lightState, answer LightAnswer) (bool, error) {
	l.updating.Lock()
	defer l.updating.Unlock()
	now := l.seen()
	if now.highest != before.highest || !slices.EqualFunc(now.changes, before.changes, checkpoint.SetChange.Same) {
		return false, nil
	}
	next, err := before.follow(l.trust, answer)
	if isFork(err) {
		return true, l.keep(err)
	}
	if err != nil {
		return true, err
	}
	if err := l.save(next); err != nil {
		l.set(next)
		return true, fmt.Errorf("%w: %w", errNotKept, err)
	}
	return true, nil
}

// contains proves by a source that a tree, at most as large as the highest, begins it.
func (l *Light) contains(ctx context.Context, source LightSource, size uint64, root [32]byte) error {
	s := l.seen()
	if size == 0 || size > s.highest.Size {
		return fmt.Errorf("size %d, %d was seen: %w", size, s.highest.Size, ErrBehind)
	}
	begins := s.highest.Root
	if size < s.highest.Size {
		growth, err := source.Growth(ctx, size, s.highest.Size)
		if err != nil {
			return err
		}
		if err := growth.Verify(s.highest); err != nil || growth.From != size {
			return fmt.Errorf("growth from %d: %w", size, errors.Join(err, ErrBadAnswer))
		}
		begins = growth.FromRoot
	}
	if begins != root {
		return fmt.Errorf("the tree of %d leaves is another: %w", size, ErrBadAnswer)
	}
	return nil
}

// chain is the validator sets that are known.
func (s lightState) chain(trust checkpoint.Trust) checkpoint.Succession {
	return checkpoint.Succession{First: trust.Validators, Changes: s.changes}
}

// dated is a time, in milliseconds, at which or after which an honest validator has cosigned the highest checkpoint: of the times that
// stand in the note, f may be invented. It is 0 before the first checkpoint.
func (s lightState) dated(trust checkpoint.Trust) uint64 {
	if s.note == nil {
		return 0
	}
	chain := s.chain(trust)
	_, cosigs, err := chain.Open(trust.Network, s.note)
	faults := chain.At(s.highest.Size).Faults()
	if err != nil || len(cosigs) <= faults {
		return 0
	}
	slices.SortFunc(cosigs, func(a, b checkpoint.Cosignature) int { return cmp.Compare(b.TimeUnixS, a.TimeUnixS) })
	return min(cosigs[faults].TimeUnixS, maxDatedUnixS) * 1000
}

// maxDatedUnixS keeps times that nobody lives to see within what milliseconds hold.
const maxDatedUnixS = 1 << 50

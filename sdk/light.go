package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// Light is a light client: it follows the ledger from the genesis file to today's validator set without keeping it, and so
// much of it fits into a phone app. It lives in one small file with the highest checkpoint that it has seen and the chain of
// set changes that led there.
//
// Update asks validators for their newest checkpoint, and takes it when a quorum of the set in force has cosigned it and the
// history has only grown; else it says why. Verify checks a receipt without network, however old it is, and holds it to what
// the client has seen. Confirm does so with network as well: it proves that receipt and highest checkpoint are of one
// history, so that not even the leaked keys of a set that is long gone prove anything.
//
// It promises that its highest checkpoint never gets lower and never changes its history, and that two final histories are
// told with evidence (checkpoint.Fork), which is kept in a file beside. What it cannot know: that its own file was put back
// to an older one. Then it asks for consistency with less.
//
// It is safe for use by many goroutines. Programs that share a file never put it back behind each other.
type Light struct {
	trust checkpoint.Trust

	// updating is held over a whole Update, mu for a look or a set.
	updating sync.Mutex
	mu       sync.Mutex
	// path is empty for one that lives in memory only.
	path  string
	state lightState
}

// lightState is what a light client has seen.
type lightState struct {
	// changes lead from the genesis set to the one in force.
	changes []checkpoint.SetChange
	set     checkpoint.ValidatorSet
	// note is the highest checkpoint, as checkpoint.Open takes it; nil before the first.
	note    []byte
	highest checkpoint.Checkpoint
}

// Errors of a light client, beside *checkpoint.Fork.
var (
	// ErrBehind means that all validators asked know less than this client has seen: they lag, or hold something back.
	ErrBehind = errors.New("validators know less than was seen already")
	// ErrRetiredSet means that a receipt was cosigned by a validator set that was not in force any more, or by one that never was:
	// somebody uses keys of the past.
	ErrRetiredSet = errors.New("receipt was cosigned by a validator set that was not in force")
	// ErrLightFile means that the client's file is damaged, or of another network.
	ErrLightFile = errors.New("file of the light client is not valid")
)

// LightSource is where a light client asks: a validator, or anything that has its history. Nothing it says is believed.
type LightSource interface {
	// Newest gives the newest final checkpoint, the changes of the validator set after the one whose hash is given, and, if from is
	// not 0, how the tree grew from there.
	Newest(ctx context.Context, from uint64, set [32]byte) (LightAnswer, error)
	// Growth proves how the tree grew from one size to another.
	Growth(ctx context.Context, from, to uint64) (checkpoint.Growth, error)
}

// LightAnswer is what a source says.
type LightAnswer struct {
	Checkpoint []byte
	Changes    []checkpoint.SetChange
	// Growth is absent when it was not asked for, or the source knows less than the caller.
	Growth *checkpoint.Growth
}

// OpenLight opens the light client of a network on its file. Without a file it begins at the genesis. An empty path keeps it in
// memory: then each run begins at the genesis.
func OpenLight(g *genesis.Genesis, path string) (*Light, error) {
	l := &Light{trust: g.Trust(), path: path, state: lightState{set: g.ValidatorSet()}}
	if path == "" {
		return l, nil
	}
	state, found, err := readLightFile(path, l.trust)
	if err != nil {
		return nil, err
	}
	if found {
		l.state = state
	}
	return l, nil
}

// Highest is the highest checkpoint seen, with its note; the note is nil before the first.
func (l *Light) Highest() (checkpoint.Checkpoint, []byte) {
	s := l.seen()
	return s.highest, s.note
}

// ValidatorSet is the set in force, as far as this client has seen.
func (l *Light) ValidatorSet() checkpoint.ValidatorSet { return l.seen().set }

func (l *Light) seen() lightState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Update asks the sources, one after the other, until one brings what is not older than the highest checkpoint. It takes
// nothing that is not proved: a source that lies is an error of that source, and the next is asked. ErrBehind when all know
// less. A *checkpoint.Fork ends it at once, is kept in a file, and leaves the highest checkpoint as it was.
func (l *Light) Update(ctx context.Context, sources ...LightSource) error {
	l.updating.Lock()
	defer l.updating.Unlock()
	if len(sources) == 0 {
		return fmt.Errorf("update light client: no source: %w", ErrUnavailable)
	}
	var failed []error
	var behind [][]byte
	for _, source := range sources {
		before := l.seen()
		answer, err := source.Newest(ctx, before.highest.Size, before.set.Hash())
		var next lightState
		if err == nil {
			next, err = before.follow(l.trust, answer)
		}
		if errors.Is(err, ErrBehind) {
			behind = append(behind, next.note)
		}
		if err == nil {
			if err := l.save(next); err != nil {
				return fmt.Errorf("update light client: %w", err) // No source can mend its file.
			}
			return l.compareBehind(ctx, source, append(behind, next.note))
		}
		if isFork(err) {
			return l.keep(err)
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("update light client: %w", errors.Join(failed...))
}

// follow goes from what was seen to an answer. With ErrBehind it gives what the answer is of, all the same.
func (s lightState) follow(trust checkpoint.Trust, a LightAnswer) (lightState, error) {
	next := lightState{}
	var err error
	if next.changes, err = s.extend(a.Changes); err != nil {
		return lightState{}, err
	}
	if next.set, err = checkpoint.Follow(trust, next.changes); err != nil {
		return lightState{}, fmt.Errorf("%w: %w", err, ErrBadAnswer)
	}
	by, err := checkpoint.SetFor(trust, next.changes, a.Checkpoint)
	if err != nil {
		return lightState{}, fmt.Errorf("%w: %w", err, ErrBadAnswer)
	}
	if next.note, next.highest, err = checkpoint.Trim(trust.Network, by, a.Checkpoint); err != nil {
		return lightState{}, fmt.Errorf("%w: %w", err, ErrBadAnswer)
	}
	if n := len(a.Changes); n > 0 && next.highest.Size <= a.Changes[n-1].LeafIndex {
		return lightState{}, fmt.Errorf("checkpoint of size %d is older than its changes: %w", next.highest.Size, ErrBadAnswer)
	}
	switch {
	case s.note == nil:
		return next, nil
	case next.highest.Size < s.highest.Size:
		return next, fmt.Errorf("size %d, %d was seen: %w", next.highest.Size, s.highest.Size, ErrBehind)
	case next.highest.Size == s.highest.Size:
		if next.highest.Root == s.highest.Root && next.dated(trust) < s.dated(trust) {
			next.note = s.note // The same tree: of two notes, the one that is known to be younger is worth more.
		}
		a.Growth = &checkpoint.Growth{From: s.highest.Size, FromRoot: next.highest.Root}
	case a.Growth == nil || a.Growth.From != s.highest.Size:
		return lightState{}, fmt.Errorf("no proof of growth from %d: %w", s.highest.Size, ErrBadAnswer)
	}
	if err := a.Growth.Verify(next.highest); err != nil {
		return lightState{}, fmt.Errorf("%w: %w", err, ErrBadAnswer)
	}
	if a.Growth.FromRoot != s.highest.Root {
		return lightState{}, &checkpoint.Fork{Small: s.note, Large: next.note, Growth: *a.Growth, Changes: next.changes}
	}
	return next, nil
}

// extend puts the changes that an answer brings after those that are known. A set whose boundary was the highest tree seen may have got
// a later one: then its change comes again, and takes the place of the one that is known.
func (s lightState) extend(changes []checkpoint.SetChange) ([]checkpoint.SetChange, error) {
	n := len(s.changes)
	for len(changes) > 0 && slices.ContainsFunc(s.changes, changes[0].Same) {
		changes = changes[1:]
	}
	if n+len(changes) > maxLightChanges {
		return nil, fmt.Errorf("%d changes of the validator set: %w", n+len(changes), ErrTooMany)
	}
	if len(changes) == 0 {
		return s.changes, nil
	}
	if changes[0].LeafIndex+1 < s.highest.Size {
		return nil, fmt.Errorf("a change of the validator set at leaf %d, before size %d that was seen without it: %w", changes[0].LeafIndex, s.highest.Size, ErrBadAnswer)
	}
	if n > 0 && s.mayMove(n-1, changes[0]) {
		n--
	}
	return append(slices.Clone(s.changes[:n]), changes...), nil
}

// mayMove says whether a change may be a known one with a later boundary: nothing above the boundary has been seen yet.
func (s lightState) mayMove(i int, to checkpoint.SetChange) bool {
	known := s.changes[i]
	return i == len(s.changes)-1 && s.highest.Size <= known.LeafIndex+1 && to.LeafIndex > known.LeafIndex && to.Set.Hash() == known.Set.Hash()
}

// maxLightChanges bounds the chain of validator sets.
const maxLightChanges = 4096

// compareBehind holds the checkpoints of sources that were behind to the history of one that was not: a smaller tree may be of
// another history as well. The last note is the newest: it is behind when another program has got further.
func (l *Light) compareBehind(ctx context.Context, source LightSource, notes [][]byte) error {
	for _, note := range notes {
		if bytes.Equal(note, l.seen().note) {
			continue
		}
		if err := l.compare(ctx, source, note); err != nil {
			if isFork(err) {
				return l.keep(err)
			}
			return nil // It was only a look; what was updated is sound.
		}
	}
	return nil
}

// compare proves that a checkpoint, at most as large as the highest, is of its history.
func (l *Light) compare(ctx context.Context, source LightSource, note []byte) error {
	s := l.seen()
	by, err := checkpoint.SetFor(l.trust, s.changes, note)
	if err != nil {
		return err
	}
	small, _, err := checkpoint.Open(l.trust.Network, by, note)
	if err != nil {
		return err
	}
	if small.Size == 0 || small.Size > s.highest.Size {
		return fmt.Errorf("size %d, %d was seen: %w", small.Size, s.highest.Size, ErrBehind)
	}
	growth, err := source.Growth(ctx, small.Size, s.highest.Size)
	if err != nil {
		return err
	}
	if err := growth.Verify(s.highest); err != nil || growth.From != small.Size {
		return fmt.Errorf("growth from %d: %w", small.Size, errors.Join(err, ErrBadAnswer))
	}
	if growth.FromRoot != small.Root {
		return &checkpoint.Fork{Small: note, Large: s.note, Growth: growth, Changes: s.changes}
	}
	return nil
}

func isFork(err error) bool {
	var fork *checkpoint.Fork
	return errors.As(err, &fork)
}

// Verify checks a receipt without network, and holds it to the chain of validator sets that was seen: a receipt that brings
// no chain of its own is completed with it.
func (l *Light) Verify(r checkpoint.Receipt) (*checkpoint.Verified, error) {
	s := l.seen()
	v, err := s.verify(l.trust, r)
	if isFork(err) {
		return nil, l.keep(err)
	}
	return v, err
}

func (s lightState) verify(trust checkpoint.Trust, r checkpoint.Receipt) (*checkpoint.Verified, error) {
	if len(r.Changes) == 0 {
		r.Changes = s.changes[:checkpoint.ChangesFor(s.changes, r.Checkpoint)]
	}
	for i, c := range r.Changes {
		switch {
		case i < len(s.changes) && !c.Same(s.changes[i]) && !s.mayMove(i, c):
			return nil, fmt.Errorf("change %d of the validator set is another than was seen: %w", i, ErrRetiredSet)
		case i >= len(s.changes) && c.LeafIndex+1 < s.highest.Size:
			return nil, fmt.Errorf("change of the validator set at leaf %d, which was not there: %w", c.LeafIndex, ErrRetiredSet)
		}
	}
	v, err := r.Verify(trust)
	if err != nil {
		return nil, err
	}
	if n := len(r.Changes); n < len(s.changes) && v.Checkpoint.Size > s.changes[n].LeafIndex+1 {
		return nil, fmt.Errorf("size %d, the set was in force up to %d: %w", v.Checkpoint.Size, s.changes[n].LeafIndex+1, ErrRetiredSet)
	}
	if s.note != nil && v.Checkpoint.Size == s.highest.Size && v.Checkpoint.Root != s.highest.Root {
		chain := s.changes
		if len(r.Changes) > len(chain) {
			chain = r.Changes
		}
		return nil, &checkpoint.Fork{
			Small: s.note, Large: r.Checkpoint, Growth: checkpoint.Growth{From: s.highest.Size, FromRoot: v.Checkpoint.Root}, Changes: chain,
		}
	}
	return v, nil
}

// Confirm verifies a receipt and proves, with the sources, that it is of the history that this client has seen: it updates
// first, if the receipt is newer than that.
func (l *Light) Confirm(ctx context.Context, r checkpoint.Receipt, sources ...LightSource) (*checkpoint.Verified, error) {
	v, err := l.Verify(r)
	if err != nil {
		return nil, err
	}
	if v.Checkpoint.Size > l.seen().highest.Size {
		if err := l.Update(ctx, sources...); err != nil {
			return nil, err
		}
		if v, err = l.Verify(r); err != nil { // More of the chain is known now.
			return nil, err
		}
	}
	failed := []error{ErrUnavailable}
	for _, source := range sources {
		err := l.compare(ctx, source, r.Checkpoint)
		if err == nil {
			return v, nil
		}
		if isFork(err) {
			return nil, l.keep(err)
		}
		failed = append(failed, err)
	}
	return nil, fmt.Errorf("confirm receipt: %w", errors.Join(failed...))
}

package checkpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Growth proves that the tree of one size begins with the tree of a smaller one, whose root it names.
type Growth struct {
	// From is the smaller size and FromRoot its root. Invariant: 0 < From <= the larger size.
	From     uint64
	FromRoot [32]byte
	// Hashes are the RFC 6962 consistency proof; none when the sizes are equal.
	Hashes [][32]byte
}

// Verify says whether the proof is one, up to the tree of a checkpoint. That FromRoot is the root that the caller knows is for
// the caller to see: when it is another, there are two histories.
func (g Growth) Verify(to Checkpoint) error {
	if g.From == 0 || g.From > to.Size || to.Size > 1<<62 || len(g.Hashes) > 64 {
		return fmt.Errorf("growth from %d to %d: %w", g.From, to.Size, ErrBadGrowth)
	}
	proof := make(tlog.TreeProof, len(g.Hashes))
	for i, h := range g.Hashes {
		proof[i] = h
	}
	if err := tlog.CheckTree(proof, int64(to.Size), to.Root, int64(g.From), g.FromRoot); err != nil {
		return fmt.Errorf("growth from %d to %d: %w", g.From, to.Size, ErrBadGrowth)
	}
	return nil
}

// ErrBadGrowth means that a consistency proof proves nothing.
var ErrBadGrowth = errors.New("consistency proof does not verify")

// Fork is the evidence that there are two final histories: two checkpoints, each with its quorum of cosignatures, and the
// proof that the larger tree does not begin with the smaller. With at most f liars there is none; whoever cosigned both has
// lied.
type Fork struct {
	// Small and Large are the notes, as Open takes them. Invariant: Small's size is at most Large's.
	Small, Large []byte
	// Growth is that of Large's tree from Small's size on.
	Growth Growth
	// Changes lead from the genesis set to the sets that cosigned.
	Changes []SetChange
}

// Error says that there are two histories.
func (f *Fork) Error() string {
	return fmt.Sprintf("two final histories: a quorum has cosigned a tree of %d leaves that does not begin another tree with a quorum", f.Growth.From)
}

// ErrNoFork means that evidence of a fork proves none.
var ErrNoFork = errors.New("evidence proves no fork")

// Verify checks the evidence, offline, and names those who cosigned both: at least f+1 of the set, if the set is one.
func (f *Fork) Verify(trust Trust) (liars []string, err error) {
	open := func(note []byte) (Checkpoint, []Cosignature, error) {
		set, err := SetFor(trust, f.Changes, note)
		if err != nil {
			return Checkpoint{}, nil, err
		}
		return Open(trust.Network, set, note)
	}
	small, by, err := open(f.Small)
	if err != nil {
		return nil, fmt.Errorf("smaller checkpoint: %w", err)
	}
	large, alsoBy, err := open(f.Large)
	if err != nil {
		return nil, fmt.Errorf("larger checkpoint: %w", err)
	}
	if err := f.Growth.Verify(large); err != nil {
		return nil, err
	}
	if f.Growth.From != small.Size || f.Growth.FromRoot == small.Root {
		return nil, fmt.Errorf("the tree of %d leaves begins that of %d: %w", small.Size, large.Size, ErrNoFork)
	}
	for _, x := range by {
		for _, y := range alsoBy {
			if x.Validator == y.Validator {
				liars = append(liars, x.Validator)
			}
		}
	}
	return liars, nil
}

// SetFor is the set that must have cosigned a note: the one in force at its size, by a chain of changes.
func SetFor(trust Trust, changes []SetChange, note []byte) (ValidatorSet, error) {
	if _, err := claimedSize(note); err != nil {
		return nil, err
	}
	return Follow(trust, changes[:ChangesFor(changes, note)])
}

// ChangesFor is how many of a chain of changes lead to the set that must have cosigned a note. The checkpoint that ends with
// the header which names a set is the last one of the set before.
func ChangesFor(changes []SetChange, note []byte) int {
	size, err := claimedSize(note)
	n := 0
	for err == nil && n < len(changes) && changes[n].LeafIndex+1 < size {
		n++
	}
	return n
}

// claimedSize reads the size that a note claims; nothing of it is verified.
func claimedSize(note []byte) (uint64, error) {
	lines := strings.SplitN(string(note[:min(len(note), 512)]), "\n", 3)
	if len(lines) < 3 {
		return 0, fmt.Errorf("note has no size: %w", ErrBadCheckpoint)
	}
	size, err := strconv.ParseUint(lines[1], 10, 62)
	if err != nil {
		return 0, fmt.Errorf("size: %w", ErrBadCheckpoint)
	}
	return size, nil
}

// GrowthOf reads the fields of a message.
func GrowthOf(from uint64, root []byte, hashes [][]byte) (Growth, error) {
	g := Growth{From: from}
	if len(root) != 32 || len(hashes) > 64 {
		return Growth{}, fmt.Errorf("root of %d bytes, %d hashes: %w", len(root), len(hashes), ErrBadGrowth)
	}
	copy(g.FromRoot[:], root)
	var err error
	if g.Hashes, err = hashesIn(hashes); err != nil {
		return Growth{}, fmt.Errorf("%v: %w", err, ErrBadGrowth)
	}
	return g, nil
}

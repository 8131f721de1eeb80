package checkpoint

import (
	"bytes"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Succession is the validator sets of a network, one after the other. It is a value: Changes is replaced, never written to.
type Succession struct {
	// First is the set of the genesis.
	First ValidatorSet
	// Changes lead from it to the newest. Invariant: Follow takes them.
	Changes []SetChange
}

// Newest is the set that the last change names.
func (s Succession) Newest() ValidatorSet {
	if n := len(s.Changes); n > 0 {
		return s.Changes[n-1].Set
	}
	return s.First
}

// Boundary is the size of the last tree of the set before the newest; 0 when there is none.
func (s Succession) Boundary() uint64 {
	if n := len(s.Changes); n > 0 {
		return s.Changes[n-1].LeafIndex + 1
	}
	return 0
}

// At is the set that cosigns the tree of a size.
func (s Succession) At(size uint64) ValidatorSet {
	set := s.First
	for _, c := range s.Changes {
		if c.LeafIndex+1 >= size {
			break
		}
		set = c.Set
	}
	return set
}

// After are the changes whose boundary is above a size.
func (s Succession) After(size uint64) []SetChange {
	i := slices.IndexFunc(s.Changes, func(c SetChange) bool { return c.LeafIndex+1 > size })
	if i < 0 {
		return nil
	}
	return s.Changes[i:]
}

// AfterSet are the changes after the set of a hash, for who knows that set and has seen the tree of a size (0: none); false when no set of
// the succession has the hash. A set may be in force several times: then it is the last time that had begun by that size. When its
// boundary has moved past the size since, the change to it comes once more.
func (s Succession) AfterSet(hash [32]byte, seen uint64) ([]SetChange, bool) {
	at, later := -1, -1 // Its places, counted from 0 for the first set.
	if s.First.Hash() == hash {
		at = 0
	}
	for i, c := range s.Changes {
		switch {
		case c.Set.Hash() != hash:
		case c.LeafIndex+1 <= seen:
			at = i + 1
		case later < 0:
			later = i + 1
		}
	}
	switch {
	case at >= 0:
		return s.Changes[at:], true
	case later < 0:
		return s.Changes, false
	case seen == 0:
		return s.Changes[later:], true
	}
	return s.Changes[later-1:], true
}

// With appends a change. One that names the newest set takes the place of the last: its boundary has moved.
func (s Succession) With(c SetChange) Succession {
	n := len(s.Changes)
	if n > 0 && s.Changes[n-1].Set.Hash() == c.Set.Hash() {
		n--
	}
	return Succession{First: s.First, Changes: append(slices.Clone(s.Changes[:n]), c)}
}

// Same says whether two changes put the same set in force at the same place.
func (c SetChange) Same(o SetChange) bool {
	return c.LeafIndex == o.LeafIndex && c.Set.Hash() == o.Set.Hash()
}

// Encode gives the bytes of a change.
func (c SetChange) Encode() ([]byte, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(ChangesProto([]SetChange{c})[0])
	if err != nil {
		return nil, fmt.Errorf("encode change of the validator set: %w", err)
	}
	return raw, nil
}

// ParseSetChange reads the bytes of a change; Follow checks it.
func ParseSetChange(raw []byte) (SetChange, error) {
	m := new(umojav1.ValidatorSetChange)
	if err := proto.Unmarshal(raw, m); err != nil {
		return SetChange{}, fmt.Errorf("change of the validator set: %w", ErrBadReceipt)
	}
	all, err := ChangesOf([]*umojav1.ValidatorSetChange{m})
	if err != nil {
		return SetChange{}, err
	}
	if again, err := all[0].Encode(); err != nil || !bytes.Equal(again, raw) {
		return SetChange{}, fmt.Errorf("change of the validator set has more than one reading: %w", ErrBadReceipt)
	}
	return all[0], nil
}

// Open opens a checkpoint with the set that must have cosigned its size. Nothing of the succession is checked again.
func (s Succession) Open(network tx.NetworkID, note []byte) (Checkpoint, []Cosignature, error) {
	size, err := claimedSize(note)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	return Open(network, s.At(size), note)
}

package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Lookups and histories follow from the leaves, and what is final never changes. So they are not written batch by batch but by the volume:
// the batches up to the first that makes it full (fills), once all of them are final. What is not in a volume yet is
// kept in memory (recent), and made again from the leaves at the next start. The leaves alone say where volumes end, so that every
// validator has the same.
//
// Invariant: standing.indexed is the end of the last volume, and what leads to leaves at or above it does not count on disk: a crash in the
// middle of a volume leaves some of it, which is written over with the same bytes.
const volumeLeaves = 4096

func (o Options) volumeLeaves() uint64 {
	if o.VolumeLeaves > 0 {
		return o.VolumeLeaves
	}
	return volumeLeaves
}

// shownPerLeaf bounds what histories show of a volume: a payroll is shown to hundreds, and a volume is in memory twice while it is written.
const shownPerLeaf = 8

// fills says whether so many leaves, shown in so many places, fill a volume.
func fills(volumeLeaves, leaves uint64, shown int) bool {
	return leaves >= volumeLeaves || uint64(shown) >= shownPerLeaf*volumeLeaves
}

// found is by what a leaf is found.
type found struct {
	id   [32]byte
	leaf uint64
}

// shown says that an account's history shows a leaf.
type shown struct {
	account tx.AccountID
	leaf    uint64
}

// show adds what histories show of a leaf.
func show(all []shown, leaf ledger.Leaf) []shown {
	for _, account := range leaf.Accounts {
		all = append(all, shown{account, leaf.Index})
	}
	return all
}

// newestFirst sorts by account, and the leaves of each downwards.
func newestFirst(all []shown) {
	slices.SortFunc(all, func(a, b shown) int {
		if order := bytes.Compare(a.account[:], b.account[:]); order != 0 {
			return order
		}
		return int(int64(b.leaf) - int64(a.leaf))
	})
}

// volume is what leads to the leaves of some batches.
type volume struct {
	lookups []found
	shown   []shown
	// strays are the lookups of leaves that nobody's history shows.
	strays map[[32]byte]bool
}

// entries gives the volume key by key, ascending.
func (v *volume) entries(put func(key, value []byte) error) error {
	slices.SortFunc(v.lookups, func(a, b found) int { return bytes.Compare(a.id[:], b.id[:]) })
	for _, f := range v.lookups {
		if err := put(keyLookup(f.id), bytes64(f.leaf)); err != nil {
			return err
		}
	}
	return v.histories(put)
}

// histories gives for each account the leaves that its history shows: one entry under the last of them, whose value leads
// back to those before it.
func (v *volume) histories(put func(key, value []byte) error) error {
	newestFirst(v.shown)
	for all := v.shown; len(all) > 0; {
		newest, last, value := all[0], all[0].leaf, []byte{}
		for all = all[1:]; len(all) > 0 && all[0].account == newest.account; all = all[1:] {
			value = binary.AppendUvarint(value, last-all[0].leaf)
			last = all[0].leaf
		}
		if err := put(keyHistory(newest.account, newest.leaf), value); err != nil {
			return err
		}
	}
	return nil
}

// shownLeaves are the leaves of a history entry, newest first.
func shownLeaves(newest uint64, value []byte) ([]uint64, error) {
	all := []uint64{newest}
	for last := newest; len(value) > 0; {
		back, n := binary.Uvarint(value)
		if n <= 0 || back == 0 || back > last {
			return nil, fmt.Errorf("history entry of leaf %d: %w", newest, ErrCorrupt)
		}
		last -= back
		all, value = append(all, last), value[n:]
	}
	return all, nil
}

// portionKeys is how many keys of a volume are written at a time, so that a batch does not wait long behind one: about what a large batch
// writes itself.
const portionKeys = 4000

// binding is a volume that is being written.
type binding struct {
	end      uint64
	portions [][]image
}

// finalPortions is how many portions go with one final checkpoint at most. Whoever waits for finality waits for them, and a write that lasts
// long counts as a disk that hangs: when much becomes final at once, the rest goes with the next checkpoints.
const finalPortions = 16

// bind writes the volumes that have become final, at most so many portions of them.
func (s *Store) bind(most int) error {
	for ; most > 0; most-- {
		if more, err := s.bindSome(); err != nil {
			return fmt.Errorf("write indexes: %w", err)
		} else if !more {
			break
		}
	}
	return nil
}

// bindSome writes the next portion of a volume; false when none was left. A crash before the last one leaves the end of the volumes where it was.
func (s *Store) bindSome() (more bool, err error) {
	s.write.Lock()
	defer s.write.Unlock()
	if s.disk == nil {
		return false, nil // Closed meanwhile: the next final checkpoint goes on.
	}
	if s.binding == nil {
		if s.binding, err = s.nextVolume(); err != nil || s.binding == nil {
			return false, err
		}
	}
	next, open := *s.standing.Load(), s.binding
	portion, last := open.portions[0], len(open.portions) == 1
	if last {
		next.indexed = open.end
	}
	err = s.put(&next, moves{}, func(txn *badger.Txn) error {
		if err := setAll(txn, portion); err != nil || !last {
			return err
		}
		return txn.Set(metaIndexed, bytes64(next.indexed))
	})
	if err != nil {
		return false, err
	}
	if open.portions = open.portions[1:]; last {
		s.binding = nil
	}
	return true, nil
}

// nextVolume is the volume behind the last if it is full and final; else nil.
func (s *Store) nextVolume() (*binding, error) {
	now := s.standing.Load()
	end, full := s.recent.volume(now.indexed, now.final.floor.Size, s.options.volumeLeaves())
	if !full {
		return nil, nil
	}
	var images []image
	err := s.recent.collect(end).entries(func(key, value []byte) error {
		images = append(images, image{key, value})
		return nil
	})
	if err != nil {
		return nil, err
	}
	b := &binding{end: end}
	if len(images) == 0 { // Batches of nothing but headers lead nowhere, and their volume ends all the same.
		b.portions = [][]image{nil}
	}
	for _, fits := range s.disk.portions(images) {
		for portion := range slices.Chunk(fits, portionKeys) {
			b.portions = append(b.portions, portion)
		}
	}
	return b, nil
}

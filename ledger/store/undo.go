package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/klauspost/compress/s2"

	"github.com/umoja-ledger/umoja/ledger"
)

// undo is what is kept in memory of an undo record: the value of every state entry before the batch, by which the state
// as of the final checkpoint is read. On disk the record holds every key that the batch wrote, of whatever keyspace.
type undo struct {
	batch uint64
	// parts is how many values the record takes on disk.
	parts int
	// changes are ascending by key; After is not kept.
	changes []ledger.Change
	// made is the raft entry that made the batch before.
	made place
}

// maxUndoBytes bounds a record: twenty times what a batch can come to.
const maxUndoBytes = 256 << 20

// undoPart bounds one value of a record, so that it stays in the tables.
const undoPart = 256 << 10

func keyUndo(batch uint64, part int) []byte {
	return binary.BigEndian.AppendUint32(key64(spaceUndo, batch), uint32(part))
}

// before is the value of a state entry before the batch, and whether the batch changed it.
func (u undo) before(key []byte) ([]byte, bool) {
	i, found := slices.BinarySearchFunc(u.changes, key, func(c ledger.Change, key []byte) int { return bytes.Compare(c.Key, key) })
	if !found {
		return nil, false
	}
	return u.changes[i].Before, true
}

// from are the changes of keys that start with prefix, from the key from on.
func (u undo) from(prefix, from []byte) []ledger.Change {
	if bytes.Compare(from, prefix) < 0 {
		from = prefix
	}
	i, _ := slices.BinarySearchFunc(u.changes, from, func(c ledger.Change, key []byte) int { return bytes.Compare(c.Key, key) })
	end := i
	for end < len(u.changes) && bytes.HasPrefix(u.changes[end].Key, prefix) {
		end++
	}
	return u.changes[i:end]
}

// undoRecord is what is written beside a batch, in parts.
func undoRecord(batch uint64, before []image) (parts []image) {
	raw := s2.Encode(nil, encodeImages(before))
	for len(raw) > 0 {
		n := min(len(raw), undoPart)
		parts = append(parts, image{keyUndo(batch, len(parts)), raw[:n:n]})
		raw = raw[n:]
	}
	return parts
}

// encodeImages writes per key: key length(2), key, value length + 1 (4; 0 for absent), value.
func encodeImages(images []image) []byte {
	size := 0
	for _, m := range images {
		size += 2 + len(m.key) + 4 + len(m.value)
	}
	out := make([]byte, 0, size)
	for _, m := range images {
		out = binary.BigEndian.AppendUint16(out, uint16(len(m.key)))
		out = append(out, m.key...)
		if m.value == nil {
			out = binary.BigEndian.AppendUint32(out, 0)
			continue
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(m.value))+1)
		out = append(out, m.value...)
	}
	return out
}

func decodeImages(raw []byte) ([]image, error) {
	bad := fmt.Errorf("undo record: %w", ErrCorrupt)
	var images []image
	for len(raw) > 0 {
		if len(raw) < 2 {
			return nil, bad
		}
		n := int(binary.BigEndian.Uint16(raw))
		if raw = raw[2:]; n == 0 || len(raw) < n+4 {
			return nil, bad
		}
		m := image{key: raw[:n:n]}
		length := uint64(binary.BigEndian.Uint32(raw[n:]))
		if raw = raw[n+4:]; length > 0 {
			if uint64(len(raw)) < length-1 {
				return nil, bad
			}
			m.value, raw = raw[:length-1:length-1], raw[length-1:]
		}
		images = append(images, m)
	}
	return images, nil
}

// readImages reads the record of one batch.
func readImages(txn *badger.Txn, batch uint64) (images []image, parts int, err error) {
	var raw []byte
	err = each(txn, key64(spaceUndo, batch), func(item *badger.Item) error {
		if !bytes.Equal(item.Key(), keyUndo(batch, parts)) {
			return fmt.Errorf("part %d is missing: %w", parts, ErrCorrupt)
		}
		part, err := valueOf(item)
		raw = append(raw, part...)
		parts++
		return err
	})
	if err == nil {
		raw, err = unpacked(raw, maxUndoBytes)
	}
	if err == nil {
		images, err = decodeImages(raw)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read undo record of batch %d: %w", batch, err)
	}
	return images, parts, nil
}

// readUndo loads the records of the batches above one, oldest first.
func readUndo(txn *badger.Txn, above uint64) ([]undo, error) {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchValues = []byte{spaceUndo}, false
	it := txn.NewIterator(o)
	defer it.Close()
	var all []undo
	for it.Seek(key64(spaceUndo, above+1)); it.Valid(); {
		batch := binary.BigEndian.Uint64(it.Item().Key()[1:])
		images, parts, err := readImages(txn, batch)
		if err != nil {
			return nil, err
		}
		u := undo{batch: batch, parts: parts}
		for _, m := range images {
			if m.key[0] == spaceState {
				u.changes = append(u.changes, ledger.Change{Key: m.key[1:], Before: m.value})
			}
			if bytes.Equal(m.key, metaApplied) {
				a, err := decodeApplied(m.value)
				if err != nil {
					return nil, fmt.Errorf("undo record of batch %d: %w", batch, err)
				}
				u.made = a.made
			}
		}
		all = append(all, u)
		it.Seek(key64(spaceUndo, batch+1))
	}
	return all, nil
}

// countParts counts the values of a record, which need not be whole.
func countParts(txn *badger.Txn, batch uint64) (parts int, err error) {
	err = each(txn, key64(spaceUndo, batch), func(*badger.Item) error { parts++; return nil })
	return parts, err
}

func deleteUndo(txn *badger.Txn, u undo) error {
	for part := range u.parts {
		if err := txn.Delete(keyUndo(u.batch, part)); err != nil {
			return fmt.Errorf("delete undo record of batch %d: %w", u.batch, err)
		}
	}
	return nil
}

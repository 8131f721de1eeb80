package consensus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"
)

// raft-wal has checksums, and looks at them only at the end of its log and when it opens that. What a disk gives back changed later, raft would apply, or
// send to others: it would be void there and not here, and whoever takes it strays and goes back, again and again while the same validator
// leads. So each entry carries a checksum of its own that is checked whenever it is read. It is there against disks: whoever
// can write to the disk can write a checksum, and what a batch may hold is for its signature and the chain of hashes to say, as it is applied.
//
// It stands behind the entry's extensions, of which raft has none, since raft-wal v0.4.2 does not open again what it wrote with another
// codec than its own. Nobody but this file sees it there.

// errDamaged means that the disk has not given back what was written.
var errDamaged = errors.New("damaged on disk: if it is needed at every start, remove the folder's raft and state, not signer.state, and let the validator catch up")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entrySum is the checksum of an entry, but for the time at which it was appended, which nobody uses.
func entrySum(entry *raft.Log) uint32 {
	var head [8 + 8 + 1]byte
	binary.BigEndian.PutUint64(head[:], entry.Index)
	binary.BigEndian.PutUint64(head[8:], entry.Term)
	head[16] = byte(entry.Type)
	sum := crc32.Update(0, castagnoli, head[:])
	return crc32.Update(crc32.Update(sum, castagnoli, entry.Data), castagnoli, entry.Extensions)
}

// sealEntries are copies of entries with their checksums: raft has the entries in use.
func sealEntries(entries []*raft.Log) []*raft.Log {
	copies, sealed := make([]raft.Log, len(entries)), make([]*raft.Log, len(entries))
	for i, entry := range entries {
		copies[i], sealed[i] = *entry, &copies[i]
		with := make([]byte, 0, len(entry.Extensions)+crc32.Size)
		copies[i].Extensions = binary.BigEndian.AppendUint32(append(with, entry.Extensions...), entrySum(entry))
	}
	return sealed
}

// openEntry checks what was read at an index, and takes the checksum away. What was written without one passes.
func openEntry(index uint64, entry *raft.Log) error {
	if entry.Index != index {
		return fmt.Errorf("it is entry %d: %w", entry.Index, errDamaged)
	}
	at := len(entry.Extensions) - crc32.Size
	if len(entry.Extensions) == 0 {
		return nil
	}
	if at < 0 {
		return fmt.Errorf("no checksum: %w", errDamaged)
	}
	sum := binary.BigEndian.Uint32(entry.Extensions[at:])
	if entry.Extensions = entry.Extensions[:at]; at == 0 {
		entry.Extensions = nil
	}
	if got := entrySum(entry); got != sum {
		return fmt.Errorf("checksum %08x, written was %08x: %w", got, sum, errDamaged)
	}
	return nil
}

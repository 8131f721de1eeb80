package consensus

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// Raft counts entries, both to say when a snapshot is due and how many stay behind one. An entry has from some hundred bytes to a little more than 256 KiB,
// so that a day of full batches would take 2 GiB and more before the first snapshot, and as much behind it for ever. So bytes count too:
//
//   - What stays behind a snapshot takes no more than TrailingBytes (trail). Raft cuts, as ever: it is only told a smaller
//     number of entries, and goes no further than its snapshot, of which all is final.
//   - A snapshot is due when what follows the newest one takes as much, or a quarter of that snapshot if that is more. It is of the whole history, gigabytes of ten
//     million payments, and 8,192 entries may be some megabytes: so the larger it is the more entries it takes, up to 64 times as many behind one of TrailingBytes (dueAfter).
//
// Who was away for longer than that gets a snapshot.

// defaultTrailingBytes is for a small box behind a 4G modem. Behind and after a snapshot it makes half a gigabyte, of a card or disk of 16 GB at least. It
// takes such a modem some four minutes at 10 Mbit/s to send it, and who has missed as much is as well served with a snapshot. Batches of up
// to 25 KiB, some fifty payments, stay under it with all the 10,240 entries.
const defaultTrailingBytes = 256 << 20

// trailingPause is the least time between two looks whether the log asks for a snapshot: what keeps one from being made seldom ends sooner.
const trailingPause = 5 * time.Second

// manyMore is how many times as many entries make a snapshot due behind a large one, at most: those that hold nothing take a place too, and are read at a start.
const manyMore = 64

// worthOf is which part of a snapshot the log after it has to take before the next one is made.
const worthOf = 4

// trailing is how much stays behind a snapshot: no more than entries and bytes say.
type trailing struct {
	entries uint64
	bytes   int64
	// due is how many entries make a snapshot due, where they count.
	due uint64
}

// dueAfter is how many entries make a snapshot due behind one of a size.
func (t trailing) dueAfter(size int64) uint64 {
	if size >= t.bytes {
		return manyMore * t.due
	}
	return max(1, uint64(size*manyMore/t.bytes)) * t.due
}

// entryBytes is what an entry takes, but for some forty bytes.
func entryBytes(entry *raft.Log) int64 { return int64(len(entry.Data) + len(entry.Extensions)) }

// grow counts what was written, and says so when it is a snapshot's worth.
func (l *raftLog) grow(logs []*raft.Log) {
	var bytes int64
	for _, entry := range logs {
		bytes += entryBytes(entry)
	}
	if l.grown.Add(bytes) < l.limit {
		return
	}
	select {
	case l.full <- struct{}{}:
	default: // It is known.
	}
}

// countAfter counts anew what follows an entry. Raft reads the same when it starts, and panics at what is damaged; this tells of it first.
func (l *raftLog) countAfter(index uint64) error {
	last, err := l.LastIndex()
	if err != nil {
		return err
	}
	var bytes int64
	for i := last; i > index; i-- {
		var entry raft.Log
		if err := l.GetLog(i, &entry); errors.Is(err, raft.ErrLogNotFound) {
			break
		} else if err != nil {
			return err
		}
		bytes += entryBytes(&entry)
	}
	l.grown.Store(bytes)
	return nil
}

// begins is where the log is to begin if what it has up to an entry, that one in any case, may take so many bytes and so many entries: with that entry it shows
// that it leads to the snapshot which ends there. A damaged entry is not kept: the disk may lose what is in a snapshot.
func (l *raftLog) begins(end uint64, room trailing) (first uint64, err error) {
	was, err := l.FirstIndex() // raft-wal may still give what is before it.
	if err != nil {
		return 0, err
	}
	bytes := int64(0)
	for first = end; first >= max(was, 1); first-- {
		var entry raft.Log
		switch err := l.look(first, &entry); {
		case errors.Is(err, errDamaged) && first < end:
			return first + 1, nil
		case errors.Is(err, raft.ErrLogNotFound): // The log ends before, or was cut meanwhile.
			return first + 1, nil
		case err != nil:
			return 0, l.fatal(fmt.Errorf("read raft entry %d: %w", first, err))
		}
		if bytes += entryBytes(&entry); bytes > room.bytes && first < end || end-first >= room.entries {
			return first + 1, nil
		}
	}
	return first + 1, nil
}

// trail tells raft how many entries to keep when it cuts the log behind the snapshot of a size that it has just made, which ends at an entry, and how many make the next one
// due. More are written meanwhile, so that it keeps a few less. A crash before the cut leaves a log that is longer than it need be; the next
// snapshot has it cut.
func (n *Node) trail(end uint64, size int64) error {
	first, err := n.raftLog.begins(end, n.trailing)
	if err != nil {
		return err
	}
	if err := n.raftLog.countAfter(end); err != nil {
		return err
	}
	last, err := n.raftLog.LastIndex()
	m := n.member()
	if err != nil || last < first || m == nil { // A snapshot of another validator has taken the log's place.
		return err
	}
	err = m.tune(func(now raft.ReloadableConfig) []raft.ReloadableConfig {
		now.TrailingLogs, now.SnapshotThreshold = min(n.trailing.entries, last-first+1), n.trailing.dueAfter(size)
		return []raft.ReloadableConfig{now}
	})
	if err != nil {
		return fmt.Errorf("tell raft how much of its log to keep: %w", err)
	}
	return nil
}

// watchLog has raft make a snapshot when its log has grown by as much as one is for.
func (n *Node) watchLog() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.raftLog.full:
		}
		if err := n.shorten(); err != nil && n.ctx.Err() == nil {
			n.log.Warn("raft's log has grown, and there is no snapshot of it yet", "reason", err)
		}
		if n.pause(n.ctx, trailingPause) != nil {
			return
		}
	}
}

// shorten makes a snapshot if the log is larger than it may be, and than is worth one.
func (n *Node) shorten() error {
	list, err := n.snapshots.List()
	if err != nil {
		return fmt.Errorf("list raft snapshots: %w", err)
	}
	worth := n.trailing.bytes
	if len(list) > 0 {
		worth = max(worth, list[0].Size/worthOf)
	}
	m := n.member()
	if m == nil || n.raftLog.grown.Load() < worth {
		return nil
	}
	return m.await(n.ctx, m.Snapshot())
}

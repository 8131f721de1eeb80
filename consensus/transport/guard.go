package transport

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/raft"
)

// commitGuard refuses an append that would replace a committed entry. Raft looks at terms alone and cuts its log at the
// first difference, committed or not, so one lie of an elected leader would be enough.
//
// Committed entries that the log does not hold any more (a snapshot covers them) cannot be compared. They are taken off the
// front of the request, which then continues from the last of them: raft checks that by its term, and an honest leader
// loses nothing, since the entries are not needed here. Entries beyond the end of the log are new, whatever was committed
// before an older snapshot was installed.
func commitGuard(r *raft.AppendEntriesRequest, f facts) error {
	covered := 0
	for i, e := range r.Entries {
		if e.Index > f.commit || e.Index > f.last {
			break
		}
		own, ok := f.stored(e.Index)
		if !ok {
			covered = i + 1
			continue
		}
		if !sameEntry(own, e) {
			return &conflict{index: e.Index, term: e.Term, own: own.Term}
		}
	}
	// Raft looks for the entry before the first one in its log, in vain if a snapshot covers it: a request that was shortened comes again so.
	// The entries that are here already are taken off as well, since an equal entry has equal ones before it.
	if before := r.PrevLogEntry + uint64(covered); before > 0 && before <= f.commit && before < f.last {
		if _, held := f.stored(before); !held {
			for covered < len(r.Entries) {
				own, ok := f.stored(r.Entries[covered].Index)
				if !ok || !sameEntry(own, r.Entries[covered]) {
					break
				}
				covered++
			}
		}
	}
	if covered > 0 {
		last := r.Entries[covered-1]
		r.PrevLogEntry, r.PrevLogTerm, r.Entries = last.Index, last.Term, r.Entries[covered:]
	}
	if f.base > 0 && r.PrevLogEntry == f.base {
		r.PrevLogTerm = f.baseTerm
	}
	return nil
}

// conflict is an ErrCommitted that names the entry.
type conflict struct{ index, term, own uint64 }

func (c *conflict) Error() string {
	return fmt.Sprintf("%v: entry %d of term %d is another than the one of term %d here", ErrCommitted, c.index, c.term, c.own)
}

func (c *conflict) Unwrap() error { return ErrCommitted }

// sameEntry compares all that a log keeps of an entry but the leader's clock.
func sameEntry(a, b *raft.Log) bool {
	return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Extensions, b.Extensions)
}

package transport

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/hashicorp/raft"
)

// lines is a state machine: the lines applied, in order.
type lines struct {
	mu       sync.Mutex
	applied  []string
	restored int
}

func (l *lines) Apply(e *raft.Log) any {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied = append(l.applied, string(e.Data))
	return nil
}

func (l *lines) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.applied)
}

func (l *lines) restoredTimes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restored
}

func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.applied) == 0 {
		return ""
	}
	return l.applied[len(l.applied)-1]
}

func (l *lines) Snapshot() (raft.FSMSnapshot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var buf []byte
	for _, line := range l.applied {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(line)))
		buf = append(buf, line...)
	}
	return linesSnapshot(buf), nil
}

func (l *lines) Restore(r io.ReadCloser) error {
	defer r.Close()
	buf, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.applied, l.restored = nil, l.restored+1
	for len(buf) >= 4 {
		n := binary.BigEndian.Uint32(buf)
		if uint32(len(buf)-4) < n {
			return errors.New("snapshot of lines is short")
		}
		l.applied = append(l.applied, string(buf[4:4+n]))
		buf = buf[4+n:]
	}
	return nil
}

type linesSnapshot []byte

func (s linesSnapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		return errors.Join(err, sink.Cancel())
	}
	return sink.Close()
}

func (s linesSnapshot) Release() {}

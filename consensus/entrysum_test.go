package consensus

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestEntriesAreChecked: each part of an entry that anybody goes by is compared when it is read. What is read is what was written, and what was
// written is left as it was.
func TestEntriesAreChecked(t *testing.T) {
	whole := func() *raft.Log {
		return &raft.Log{Index: 7, Term: 3, Type: raft.LogCommand, Data: []byte("batch"), Extensions: []byte("more")}
	}
	for name, change := range map[string]func(*raft.Log){
		"term": func(l *raft.Log) { l.Term++ }, "type": func(l *raft.Log) { l.Type++ }, "data": func(l *raft.Log) { l.Data[2]++ },
		"index": func(l *raft.Log) { l.Index++ }, "extensions": func(l *raft.Log) { l.Extensions[1]++ }, "checksum": func(l *raft.Log) { l.Extensions[5]++ },
		"shorter": func(l *raft.Log) { l.Data = l.Data[:4] }, "no checksum": func(l *raft.Log) { l.Extensions = l.Extensions[:3] },
	} {
		entry := whole()
		sealed := sealEntries([]*raft.Log{entry})[0]
		change(sealed)
		if err := openEntry(7, sealed); !errors.Is(err, errDamaged) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	for _, entry := range []*raft.Log{whole(), {Index: 7, Term: 3, Data: []byte{}}, {Index: 7, Type: raft.LogNoop}} {
		was := *entry
		sealed := sealEntries([]*raft.Log{entry})[0]
		if !reflect.DeepEqual(*entry, was) {
			t.Errorf("what was given to be written has become %+v", entry)
		}
		if err := openEntry(7, sealed); err != nil || !reflect.DeepEqual(*sealed, was) {
			t.Errorf("read %+v, written was %+v: %v", sealed, was, err)
		}
	}
	if err := openEntry(8, sealEntries([]*raft.Log{whole()})[0]); !errors.Is(err, errDamaged) {
		t.Errorf("an entry in another's place: %v", err)
	}
	if err := openEntry(7, &raft.Log{Index: 7, Data: []byte("batch")}); err != nil {
		t.Errorf("an entry that was written without a checksum: %v", err)
	}
}

// changed changes what a stopped node's log has in the place of some bytes.
func (c *cluster) changed(name string, data []byte) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, name, "raft", "log", "*.wal"))
	if err != nil || len(files) != 1 {
		c.t.Fatalf("files of the log %q: %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	at := bytes.Index(raw, data)
	if err != nil || at < 0 {
		c.t.Fatalf("the entry is not in the log: %v", err)
	}
	raw[at+len(data)/2] ^= 4
	if err := os.WriteFile(files[0], raw, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// TestDamagedLog: a disk gives back an entry changed that nobody has looked at since. The node does not start on it, and says so; raft-wal alone takes it.
func TestDamagedLog(t *testing.T) {
	s := newScribe(t)
	s.pays()
	s.pays()
	s.pays() // What raft-wal looks at itself.
	s.stop("v1")
	s.changed("v1", s.log[1].Data)
	w := s.stoppedLog("v1")
	var entry raft.Log
	if err := w.GetLog(s.log[1].Index, &entry); err != nil || bytes.Equal(entry.Data, s.log[1].Data) {
		t.Errorf("raft-wal has seen it, and this package need not look: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.addresses["v1"])
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.tryOpen("v1", l)
	if !errors.Is(err, errDamaged) {
		t.Errorf("it starts: %v", err)
	}
	if err == nil {
		n.Close()
	}
}

// TestDamagedEntryEndsTheNode: who leads reads old entries for who was away. One that is damaged is neither sent nor taken for one that was cut off.
func TestDamagedEntryEndsTheNode(t *testing.T) {
	s := newScribe(t)
	s.pays()
	w := s.n.raftLog.wal
	var damaged raft.Log
	if err := w.GetLog(2, &damaged); err != nil {
		t.Fatal(err)
	}
	damaged.Data[len(damaged.Data)/2] ^= 4
	if err := errors.Join(w.DeleteRange(2, 2), w.StoreLogs([]*raft.Log{&damaged})); err != nil {
		t.Fatal(err)
	}
	var entry raft.Log
	if err := s.n.raftLog.GetLog(2, &entry); !errors.Is(err, errDamaged) || errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("read: %v", err)
	}
	select {
	case <-s.n.Dead():
	case <-time.After(time.Second):
		t.Error("the node goes on")
	}
	if err := s.n.Close(); err != nil && !errors.Is(err, errDamaged) {
		t.Error(err)
	}
	delete(s.nodes, "v1")
}

// BenchmarkReadEntry reads full batches, as raft-wal gives them and with the checksum looked at; sum is the checksum alone. What it is to be
// compared with is what is done with each: to apply one of 600 payments takes some 7 ms, and their signatures more.
func BenchmarkReadEntry(b *testing.B) {
	w, err := wal.Open(b.TempDir(), wal.WithSegmentSize(walSegmentBytes))
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	l := &raftLog{wal: w, point: func(string) error { return nil }, clock: newStallClock(), ended: func() error { return nil }, fatal: func(err error) error { return err }}
	full := &raft.Log{Index: 1, Term: 1, Data: bytes.Repeat([]byte("a payment"), tx.MaxBatchBytes/9)}
	if err := l.StoreLog(full); err != nil {
		b.Fatal(err)
	}
	var entry raft.Log
	for name, read := range map[string]func() error{
		"wal":     func() error { return w.GetLog(1, &entry) },
		"checked": func() error { return l.GetLog(1, &entry) },
		"sum":     func() error { entrySum(full); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(full.Data)))
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

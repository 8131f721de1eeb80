package transport

import (
	"testing"

	"github.com/hashicorp/raft"
)

// BenchmarkAppend is what the filter costs a follower for each append of a leader that it knows: 16 entries of 16 KiB, as a
// full batch of 256 KiB.
func BenchmarkAppend(b *testing.B) {
	w := newElectors(b, 4)
	w.want("elected", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	r := &raft.AppendEntriesRequest{RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 7, PrevLogTerm: 1}
	for i := range uint64(16) {
		r.Entries = append(r.Entries, &raft.Log{Index: 8 + i, Term: 11, Data: make([]byte, 16<<10)})
	}
	b.ReportAllocs()
	for b.Loop() {
		w.now = w.now.Add(1 << 30)
		if err := w.Incoming(w.now, "v2", r, Words{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendAgain is the dearest append: every entry is committed already and is compared.
func BenchmarkAppendAgain(b *testing.B) {
	w := newElectors(b, 4)
	w.want("elected", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	r := &raft.AppendEntriesRequest{RPCHeader: headerOf("v2"), Term: 11, PrevLogEntry: 7, PrevLogTerm: 1}
	for i := range uint64(16) {
		r.Entries = append(r.Entries, &raft.Log{Index: 8 + i, Term: 11, Data: make([]byte, 16<<10)})
		w.log[8+i] = &raft.Log{Index: 8 + i, Term: 11, Data: make([]byte, 16<<10)}
	}
	w.commit = 23
	for b.Loop() {
		w.now = w.now.Add(1 << 30)
		if err := w.Incoming(w.now, "v2", r, Words{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeartbeat is the filter's part of one heartbeat at a follower.
func BenchmarkHeartbeat(b *testing.B) {
	w := newElectors(b, 4)
	w.want("elected", w.hear("v2", heartbeatOf("v2", 11), Words{Certificate: w.elected(11, "v2", "v2", "v3", "v4")}), nil)
	r := heartbeatOf("v2", 11)
	for b.Loop() {
		if err := w.Incoming(w.now, "v2", r, Words{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCertificate is the check of an election, once for each term: seven votes of ten.
func BenchmarkCertificate(b *testing.B) {
	w := newElectors(b, 10)
	c := w.elected(11, "v2", "v2", "v3", "v4", "v5", "v6", "v7", "v8")
	for b.Loop() {
		if _, err := w.electorate().certify(*c, 6); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOutgoing is the filter's part of one append at the leader, answer included.
func BenchmarkOutgoing(b *testing.B) {
	w := newElectors(b, 4)
	r := &raft.AppendEntriesRequest{RPCHeader: headerOf("v1"), Term: 11, PrevLogEntry: 7, PrevLogTerm: 1}
	answer := &raft.AppendEntriesResponse{RPCHeader: headerOf("v2"), Term: 11, Success: true}
	for b.Loop() {
		if _, err := w.Outgoing(w.now, "v2", r); err != nil {
			b.Fatal(err)
		}
		if err := w.Answered(w.now, "v2", r, answer, Words{}); err != nil {
			b.Fatal(err)
		}
	}
}

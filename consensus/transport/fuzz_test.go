package transport

import (
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// Whatever bytes come as a request of whichever kind, decoding and judging them ends in a verdict; what passes names its
// sender and is of a leader that was elected, and what is remembered stays bounded.
func FuzzFilter(f *testing.F) {
	w := newElectors(f, 4)
	seed := func(kind byte, m proto.Message) {
		wire, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(kind, wire)
	}
	proof := certificateToProto(w.elected(11, "v2", "v2", "v3", "v4"))
	seed(0, &peerv1.AppendEntriesRequest{
		Header: headerToProto(headerOf("v2")), Term: 11, Certificate: proof, PrevLogEntry: 1, PrevLogTerm: 11,
		Entries: []*peerv1.RaftEntry{{Index: 2, Term: 11, Data: []byte("one")}},
	})
	seed(0, &peerv1.AppendEntriesRequest{Header: headerToProto(headerOf("v2")), Term: 11, Certificate: certificateToProto(w.elected(11, "v2", "v2", "v3"))})
	seed(1, &peerv1.HeartbeatRequest{Header: headerToProto(headerOf("v2")), Term: 11, Certificate: proof})
	seed(2, &peerv1.RequestVoteRequest{
		Header: headerToProto(headerOf("v2")), Term: 11, LeadershipTransfer: true,
		Transfer: transferToProto(signTransfer(testNetwork, 10, "v3", "v2", w.secret["v3"])),
	})
	seed(3, &peerv1.RequestPreVoteRequest{Header: headerToProto(headerOf("v2")), Term: 11})
	seed(4, &peerv1.TimeoutNowRequest{
		Header: headerToProto(headerOf("v2")), Transfer: transferToProto(signTransfer(testNetwork, 10, "v2", "v1", w.secret["v2"])),
	})
	seed(5, &peerv1.SnapshotHeader{
		Header: headerToProto(headerOf("v2")), SnapshotVersion: 1, Term: 11, LastLogIndex: 7, LastLogTerm: 9, ConfigurationIndex: 1,
		Configuration: testConfiguration(server("v1"), server("v2"), server("v3"), server("v4")), Certificate: proof,
	})
	f.Fuzz(func(t *testing.T, kind byte, wire []byte) {
		command, words, err := decodeAny(kind, wire)
		if err != nil {
			return
		}
		w.t = t
		w.Filter = w.filterOf("v1")
		if err := w.Incoming(w.now.Add(time.Hour), "v2", command, words); err != nil {
			return
		}
		header := command.(raft.WithRPCHeader).GetRPCHeader()
		if string(header.ID) != "v2" || string(header.Addr) != "v2" {
			t.Fatalf("passed in the name of %q at %q", header.ID, header.Addr)
		}
		switch c := command.(type) {
		case *raft.AppendEntriesRequest, *raft.InstallSnapshotRequest:
			term, _ := termOf(c)
			if _, err := w.electorate().certify(*words.Certificate, 3); err != nil || w.certifiedLeader(term) != "v2" {
				t.Fatalf("passed without an election in term %d: %v", term, err)
			}
		case *raft.RequestVoteRequest:
			if c.LeadershipTransfer || c.Term > 74 {
				t.Fatalf("passed with the flag, or in term %d", c.Term)
			}
		case *raft.TimeoutNowRequest:
			t.Fatal("passed without a leader")
		}
		if len(w.book.votes) > keptTerms || len(w.book.leaders) > keptTerms {
			t.Fatalf("%d terms are remembered", len(w.book.votes))
		}
	})
}

// decodeAny reads a request of one of the kinds, as the service does.
func decodeAny(kind byte, wire []byte) (any, Words, error) {
	var words Words
	certified := func(command any, c *peerv1.ElectionCertificate, term uint64, err error) (any, Words, error) {
		if err == nil {
			words.Certificate, err = certificateFromProto(c, term, "v2")
		}
		return command, words, err
	}
	switch kind % 6 {
	case 0:
		var in peerv1.AppendEntriesRequest
		if err := proto.Unmarshal(wire, &in); err != nil {
			return nil, words, err
		}
		r, err := appendRequestFromProto(&in)
		return certified(r, in.GetCertificate(), in.GetTerm(), err)
	case 1:
		var in peerv1.HeartbeatRequest
		err := proto.Unmarshal(wire, &in)
		return certified(heartbeatRequestFromProto(&in), in.GetCertificate(), in.GetTerm(), err)
	case 2:
		var in peerv1.RequestVoteRequest
		err := proto.Unmarshal(wire, &in)
		if err == nil {
			words.Transfer, err = transferFromProto(in.GetTransfer())
		}
		return voteRequestFromProto(&in), words, err
	case 3:
		var in peerv1.RequestPreVoteRequest
		err := proto.Unmarshal(wire, &in)
		return preVoteRequestFromProto(&in), words, err
	case 4:
		var in peerv1.TimeoutNowRequest
		err := proto.Unmarshal(wire, &in)
		if err == nil {
			words.Transfer, err = transferFromProto(in.GetTransfer())
		}
		return timeoutNowRequestFromProto(&in), words, err
	}
	var in peerv1.SnapshotHeader
	err := proto.Unmarshal(wire, &in)
	return certified(snapshotRequestFromProto(&in), in.GetCertificate(), in.GetTerm(), err)
}

//lint:file-ignore SA1019 raft still fills and reads the fields that its header replaces, so the wire carries both.

package transport

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// testFacts are those of a node in term 10 with three other validators, of which "b" leads. Entry 7 is committed.
func testFacts() facts {
	return facts{
		approve:   allValidators(map[string]bool{"a": true, "b": true, "c": true, "d": true}),
		termLimit: 74, leader: "b", certified: true, commit: 7, last: 11,
		stored: func(index uint64) (*raft.Log, bool) {
			return &raft.Log{Index: index, Term: 8, Data: []byte("kept")}, index == 7
		},
		maxEntries: 4, maxEntryBytes: 1000, maxSnapshotBytes: 1 << 20,
	}
}

func testConfiguration(servers ...raft.Server) []byte {
	return raft.EncodeConfiguration(raft.Configuration{Servers: servers})
}

func server(name string) raft.Server {
	return raft.Server{Suffrage: raft.Voter, ID: raft.ServerID(name), Address: raft.ServerAddress(name)}
}

// goodAppend is what the leader b sends: one entry of each kind.
func goodAppend() *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{
		RPCHeader: headerOf("b"), Leader: []byte("b"), Term: 10, PrevLogEntry: 7, PrevLogTerm: 8, LeaderCommitIndex: 7,
		Entries: []*raft.Log{
			{Index: 8, Term: 8, Type: raft.LogCommand, Data: []byte("batch"), AppendedAt: time.Unix(1, 0).UTC()},
			{Index: 9, Term: 10, Type: raft.LogNoop},
			{Index: 10, Term: 10, Type: raft.LogBarrier},
			{Index: 11, Term: 10, Type: raft.LogConfiguration, Data: testConfiguration(server("a"), server("b"), server("c"), server("d"))},
		},
	}
}

func TestFilterAppend(t *testing.T) {
	nonvoter := raft.Server{Suffrage: raft.Nonvoter, ID: "c", Address: "c"}
	staging := raft.Server{Suffrage: raft.Staging, ID: "c", Address: "c"}
	elsewhere := raft.Server{ID: "c", Address: "127.0.0.1:1"}
	configuration := func(servers ...raft.Server) func(*raft.AppendEntriesRequest) {
		return func(r *raft.AppendEntriesRequest) { r.Entries[3].Data = testConfiguration(servers...) }
	}
	for _, row := range []struct {
		name   string
		mutate func(*raft.AppendEntriesRequest)
		want   error
	}{
		{"as sent", func(*raft.AppendEntriesRequest) {}, nil},
		{"first of all entries", func(r *raft.AppendEntriesRequest) {
			r.PrevLogEntry, r.PrevLogTerm = 0, 0
			r.Entries = []*raft.Log{{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: r.Entries[3].Data}, {Index: 2, Term: 2, Type: raft.LogNoop}}
		}, nil},
		{"no entries", func(r *raft.AppendEntriesRequest) { r.Entries = nil }, nil},
		{"far term of a certified leader", func(r *raft.AppendEntriesRequest) { r.Term = 1 << 60 }, nil},

		{"another's id", func(r *raft.AppendEntriesRequest) { r.ID = []byte("c") }, ErrIdentity},
		{"another's address", func(r *raft.AppendEntriesRequest) { r.Addr = []byte("c") }, ErrIdentity},
		{"no address", func(r *raft.AppendEntriesRequest) { r.Addr = nil }, ErrIdentity},
		{"another's legacy leader", func(r *raft.AppendEntriesRequest) { r.Leader = []byte("c") }, ErrIdentity},
		{"protocol version", func(r *raft.AppendEntriesRequest) { r.ProtocolVersion = 99 }, ErrMalformed},
		{"term 0", func(r *raft.AppendEntriesRequest) { r.Term, r.Entries = 0, nil }, ErrMalformed},
		{"absent entry", func(r *raft.AppendEntriesRequest) { r.Entries[1] = nil }, ErrMalformed},
		{"gap before the first", func(r *raft.AppendEntriesRequest) { r.PrevLogEntry = 6 }, ErrEntryGap},
		{"gap within", func(r *raft.AppendEntriesRequest) { r.Entries[2].Index = 11 }, ErrEntryGap},
		{"same index twice", func(r *raft.AppendEntriesRequest) { r.Entries[1].Index = 8 }, ErrEntryGap},
		{"index past the end", func(r *raft.AppendEntriesRequest) {
			r.PrevLogEntry, r.Entries = math.MaxUint64, []*raft.Log{{Index: 0, Term: 10}}
		}, ErrEntryGap},
		{"term falls", func(r *raft.AppendEntriesRequest) { r.Entries[2].Term = 9 }, ErrEntryTerm},
		{"term above the request's", func(r *raft.AppendEntriesRequest) { r.Entries[3].Term = 11 }, ErrEntryTerm},
		{"previous term above the request's", func(r *raft.AppendEntriesRequest) { r.PrevLogTerm = 11 }, ErrEntryTerm},
		{"previous entry without term", func(r *raft.AppendEntriesRequest) { r.PrevLogTerm = 0 }, ErrEntryTerm},
		{"unknown type", func(r *raft.AppendEntriesRequest) { r.Entries[0].Type = 99 }, ErrEntryType},
		{"deprecated type", func(r *raft.AppendEntriesRequest) { r.Entries[0].Type = raft.LogAddPeerDeprecated }, ErrEntryType},
		{"first of all entries without members", func(r *raft.AppendEntriesRequest) {
			r.PrevLogEntry, r.PrevLogTerm, r.Entries = 0, 0, []*raft.Log{{Index: 1, Term: 1, Type: raft.LogNoop}}
		}, ErrEntryType},
		{"configuration does not decode", func(r *raft.AppendEntriesRequest) { r.Entries[3].Data = []byte{0xc1, 1} }, ErrConfiguration},
		{"configuration is empty", func(r *raft.AppendEntriesRequest) { r.Entries[3].Data = nil }, ErrConfiguration},
		{"configuration names a stranger", configuration(server("a"), server("b"), server("c"), server("x")), ErrConfiguration},
		{"configuration names an address", configuration(server("a"), server("b"), server("d"), elsewhere), ErrConfiguration},
		{"configuration twice the same", configuration(server("a"), server("b"), server("c"), server("c")), ErrConfiguration},
		{"configuration of the sender alone", configuration(server("b")), ErrConfiguration},
		{"configuration of all and one twice", configuration(server("a"), server("b"), server("c"), server("d"), server("d")), ErrConfiguration},
		{"configuration with a non-voter", configuration(server("a"), server("b"), server("d"), nonvoter), ErrConfiguration},
		{"configuration with staging", configuration(server("a"), server("b"), server("d"), staging), ErrConfiguration},
		{"too many entries", func(r *raft.AppendEntriesRequest) {
			r.Entries = append(r.Entries, &raft.Log{Index: 12, Term: 10})
		}, ErrTooLarge},
		{"too many bytes", func(r *raft.AppendEntriesRequest) { r.Entries[0].Extensions = make([]byte, 996) }, ErrTooLarge},
		{"too many bytes together", func(r *raft.AppendEntriesRequest) {
			r.Entries[0].Extensions, r.Entries[1].Extensions = make([]byte, 600), make([]byte, 600)
		}, ErrTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := goodAppend()
			row.mutate(r)
			if err := filterAppend(r, "b", testFacts()); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			stale := testFacts()
			stale.stale = true // Raft panics at the entries between.
			if r := goodAppend(); row.want == nil {
				row.mutate(r)
				if err := filterAppend(r, "b", stale); !errors.Is(err, ErrStale) {
					t.Errorf("raft that has another log in mind is given it: %v", err)
				}
			}
		})
	}
}

func TestFilterVotes(t *testing.T) {
	for _, row := range []struct {
		name           string
		sender         string
		term, lastTerm uint64
		want           error
	}{
		{name: "as sent", sender: "c", term: 11, lastTerm: 10},
		{name: "another's name", sender: "d", term: 11, lastTerm: 10, want: ErrIdentity},
		{name: "log ahead of the term", sender: "c", term: 11, lastTerm: 12, want: ErrEntryTerm},
		{name: "term too high", sender: "c", term: 75, lastTerm: 10, want: ErrTermWindow},
		{name: "last term of all", sender: "c", term: math.MaxUint64, lastTerm: 10, want: ErrTermWindow},
	} {
		vote := &raft.RequestVoteRequest{RPCHeader: headerOf(row.sender), Term: row.term, LastLogTerm: row.lastTerm, LeadershipTransfer: true}
		if err := filterVote(vote, "c", testFacts()); !errors.Is(err, row.want) {
			t.Errorf("%s: vote: got %v, want %v", row.name, err, row.want)
		}
		pre := &raft.RequestPreVoteRequest{RPCHeader: headerOf(row.sender), Term: row.term, LastLogTerm: row.lastTerm}
		if err := filterPreVote(pre, "c", testFacts()); !errors.Is(err, row.want) {
			t.Errorf("%s: pre-vote: got %v, want %v", row.name, err, row.want)
		}
	}
}

func TestFilterTimeoutNow(t *testing.T) {
	for _, row := range []struct {
		name, peer, leader string
		announced          bool
		voteless           bool
		want               error
	}{
		{"from the leader", "b", "b", true, false, nil},
		{"from the leader, for another follower", "b", "b", false, false, ErrTransfer},
		{"from the leader, for who has no vote", "b", "b", true, true, ErrVoteless},
		{"from another", "c", "b", true, false, ErrNotLeader},
		{"while no leader is known", "b", "", true, false, ErrNotLeader},
	} {
		f := testFacts()
		f.leader, f.transfer, f.voteless = row.leader, row.announced, row.voteless
		if err := filterTimeoutNow(&raft.TimeoutNowRequest{RPCHeader: headerOf(row.peer)}, row.peer, f); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

func TestFilterSnapshot(t *testing.T) {
	for _, row := range []struct {
		name   string
		mutate func(*raft.InstallSnapshotRequest)
		want   error
	}{
		{"as sent", func(*raft.InstallSnapshotRequest) {}, nil},
		{"another's name", func(r *raft.InstallSnapshotRequest) { r.Leader = []byte("c") }, ErrIdentity},
		{"version 0", func(r *raft.InstallSnapshotRequest) { r.SnapshotVersion = 0 }, ErrMalformed},
		{"no last entry", func(r *raft.InstallSnapshotRequest) { r.LastLogIndex = 0 }, ErrEntryTerm},
		{"last entry ahead of the term", func(r *raft.InstallSnapshotRequest) { r.LastLogTerm = 11 }, ErrEntryTerm},
		{"configuration from the future", func(r *raft.InstallSnapshotRequest) { r.ConfigurationIndex = 8 }, ErrConfiguration},
		{"configuration does not decode", func(r *raft.InstallSnapshotRequest) { r.Configuration = []byte{1} }, ErrConfiguration},
		{"negative size", func(r *raft.InstallSnapshotRequest) { r.Size = -1 }, ErrTooLarge},
		{"over the cap", func(r *raft.InstallSnapshotRequest) { r.Size = 1<<20 + 1 }, ErrTooLarge},
		{"behind what is committed, for its store to judge", func(r *raft.InstallSnapshotRequest) { r.LastLogIndex = 6 }, nil},
		{"as far ahead as may be", func(r *raft.InstallSnapshotRequest) { r.LastLogIndex = 7 + indexWindow }, nil},
		{"index bomb", func(r *raft.InstallSnapshotRequest) { r.LastLogIndex = 8 + indexWindow }, ErrTooLarge},
		{"configuration of the sender alone", func(r *raft.InstallSnapshotRequest) { r.Configuration = testConfiguration(server("b")) }, ErrConfiguration},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := goodSnapshot("b", 1<<20)
			row.mutate(r)
			if err := filterSnapshot(r, "b", testFacts()); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func goodSnapshot(from string, size int64) *raft.InstallSnapshotRequest {
	configuration := testConfiguration(server("a"), server("b"), server("c"), server("d"))
	if strings.HasPrefix(from, "validator") {
		configuration = testConfiguration(server(from))
	}
	return &raft.InstallSnapshotRequest{
		RPCHeader: headerOf(from), SnapshotVersion: 1, Term: 10, Leader: []byte(from), LastLogIndex: 7, LastLogTerm: 9,
		Configuration: configuration, ConfigurationIndex: 1, Size: size,
	}
}

// An append is cut to its budget from the end, and never to nothing.
func TestTrimEntries(t *testing.T) {
	for _, row := range []struct {
		sizes        []int
		entries, sum int
	}{
		{nil, 0, 0},
		{[]int{1, 2, 3}, 3, 6},
		{[]int{5, 5, 1}, 2, 10},
		{[]int{11, 1}, 1, 11},
		{[]int{1, 11, 1}, 1, 1},
	} {
		args := &raft.AppendEntriesRequest{}
		for i, n := range row.sizes {
			args.Entries = append(args.Entries, &raft.Log{Index: uint64(i + 1), Data: make([]byte, n)})
		}
		if sum := trimEntries(args, 10); sum != row.sum || len(args.Entries) != row.entries {
			t.Errorf("%v: %d entries of %d bytes, want %d of %d", row.sizes, len(args.Entries), sum, row.entries, row.sum)
		}
	}
}

// Whatever bytes arrive, decoding and judging them ends in a verdict, and what passes is what raft may be given.
func FuzzAppendEntries(f *testing.F) {
	seed := func(r *raft.AppendEntriesRequest) {
		wire, err := proto.Marshal(appendRequestToProto(r))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	seed(goodAppend())
	bad := goodAppend()
	bad.Entries[3].Data = []byte{0x81, 0xa7, 'S', 'e', 'r', 'v', 'e', 'r', 's', 0xdd, 0xff, 0xff, 0xff, 0xff}
	seed(bad)
	f.Add([]byte{0x32, 0x00})
	f.Fuzz(func(t *testing.T, wire []byte) {
		var in peerv1.AppendEntriesRequest
		if proto.Unmarshal(wire, &in) != nil {
			return
		}
		r, err := appendRequestFromProto(&in)
		if err != nil || filterAppend(r, "b", testFacts()) != nil {
			return
		}
		for i, e := range r.Entries {
			if e.Index != r.PrevLogEntry+uint64(i)+1 || e.Term > r.Term {
				t.Fatalf("entry %d of term %d passed after %d in term %d", e.Index, e.Term, r.PrevLogEntry, r.Term)
			}
			if e.Type == raft.LogConfiguration {
				raft.DecodeConfiguration(e.Data) // panics if the filter let through what raft would die on
			}
		}
	})
}

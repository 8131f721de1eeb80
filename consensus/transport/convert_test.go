package transport

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// fill sets every field to something that is not its zero value, so that a field the conversion forgets is missed.
func fill(t *testing.T, v reflect.Value, r *rand.Rand) {
	t.Helper()
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		*at = time.Unix(r.Int64N(1<<33)+1, r.Int64N(1e9)).UTC() // the wire keeps the instant, not the zone
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), r)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(4), 8))
		for i := range v.Len() {
			fill(t, v.Index(i), r)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64() | 1)
	case reflect.Uint8:
		v.SetUint(1 + r.Uint64N(255))
	case reflect.Uint64:
		v.SetUint(r.Uint64() | 1)
	default:
		t.Fatalf("raft has a field of kind %v, which the wire does not know", v.Kind())
	}
}

// roundTrip sends a random structure over the wire form and back, many times.
func roundTrip[R any, P proto.Message](t *testing.T, to func(*R) P, from func(P) (*R, error)) {
	t.Helper()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		sent := new(R)
		fill(t, reflect.ValueOf(sent).Elem(), r)
		wire, err := proto.Marshal(to(sent))
		if err != nil {
			t.Fatal(err)
		}
		var none P
		message := none.ProtoReflect().New().Interface().(P)
		if err := proto.Unmarshal(wire, message); err != nil {
			t.Fatal(err)
		}
		got, err := from(message)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Fatalf("seed %d: the wire changed it (-sent +got):\n%s", seed, diff)
		}
	}
}

// sure gives a conversion that cannot fail the shape of one that can.
func sure[P, R any](from func(P) *R) func(P) (*R, error) {
	return func(p P) (*R, error) { return from(p), nil }
}

// Nothing of raft's structures is lost on the wire, whatever version of raft is linked.
func TestRoundTrip(t *testing.T) {
	t.Run("AppendEntriesRequest", func(t *testing.T) { roundTrip(t, appendRequestToProto, appendRequestFromProto) })
	t.Run("AppendEntriesResponse", func(t *testing.T) { roundTrip(t, appendResponseToProto, sure(appendResponseFromProto)) })
	t.Run("Heartbeat response", func(t *testing.T) { roundTrip(t, heartbeatResponseToProto, sure(heartbeatResponseFromProto)) })
	t.Run("RequestVoteRequest", func(t *testing.T) { roundTrip(t, voteRequestToProto, sure(voteRequestFromProto)) })
	t.Run("RequestVoteResponse", func(t *testing.T) { roundTrip(t, voteResponseToProto, sure(voteResponseFromProto)) })
	t.Run("RequestPreVoteRequest", func(t *testing.T) { roundTrip(t, preVoteRequestToProto, sure(preVoteRequestFromProto)) })
	t.Run("RequestPreVoteResponse", func(t *testing.T) { roundTrip(t, preVoteResponseToProto, sure(preVoteResponseFromProto)) })
	t.Run("TimeoutNowRequest", func(t *testing.T) { roundTrip(t, timeoutNowRequestToProto, sure(timeoutNowRequestFromProto)) })
	t.Run("TimeoutNowResponse", func(t *testing.T) { roundTrip(t, timeoutNowResponseToProto, sure(timeoutNowResponseFromProto)) })
	t.Run("InstallSnapshotRequest", func(t *testing.T) { roundTrip(t, snapshotRequestToProto, sure(snapshotRequestFromProto)) })
	t.Run("InstallSnapshotResponse", func(t *testing.T) { roundTrip(t, snapshotResponseToProto, sure(snapshotResponseFromProto)) })
}

// A heartbeat has fewer fields on the wire; every append that isHeartbeat lets onto that path keeps all it has.
func TestHeartbeatRoundTrip(t *testing.T) {
	sent := &raft.AppendEntriesRequest{}
	fill(t, reflect.ValueOf(sent).Elem(), rand.New(rand.NewPCG(1, 2)))
	if isHeartbeat(sent) {
		t.Fatal("an append with everything in it passes for a heartbeat")
	}
	for i := range reflect.TypeFor[raft.AppendEntriesRequest]().NumField() {
		field := reflect.TypeFor[raft.AppendEntriesRequest]().Field(i)
		one := heartbeatOf("v", 3)
		fill(t, reflect.ValueOf(one).Elem().Field(i), rand.New(rand.NewPCG(1, 2)))
		got := heartbeatRequestFromProto(heartbeatRequestToProto(one))
		if isHeartbeat(one) && !cmp.Equal(one, got) {
			t.Errorf("a heartbeat loses %s", field.Name)
		}
	}
}

// What does not fit raft's types is refused, not cut down.
func TestEntryTypeDoesNotWrap(t *testing.T) {
	if _, err := entryFromProto(&peerv1.RaftEntry{Index: 1, Term: 1, Type: 256}); err == nil {
		t.Fatal("type 256 became type 0")
	}
}

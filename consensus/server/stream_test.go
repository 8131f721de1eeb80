package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// TestSubmitStream: every envelope has exactly one result, which says whose it is; a bad one among good ones costs nobody else anything.
func TestSubmitStream(t *testing.T) {
	n := theNetwork(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stream, err := n.client(t, 1).SubmitStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	const messages, each = 5, 8
	ids := make(map[uint64]tx.ID)
	bad := map[uint64]string{3: "NOT_CANONICAL", 17: "BAD_SIGNATURE", 30: "EXPIRED"}
	for m := range uint64(messages) {
		var envelopes [][]byte
		for i := range uint64(each) {
			place, life := m*each+i, time.Hour
			if bad[place] == "EXPIRED" {
				life = -time.Minute
			}
			signed := n.payment(t, life)
			envelope := append([]byte(nil), signed.Envelope()...)
			switch bad[place] {
			case "NOT_CANONICAL":
				envelope = append(envelope, 0xff)
			case "BAD_SIGNATURE":
				envelope[len(envelope)-1] ^= 1
			case "":
				ids[place] = signed.ID()
			}
			envelopes = append(envelopes, envelope)
		}
		if err := stream.Send(&apiv1.SubmitStreamRequest{Envelopes: envelopes, Wait: apiv1.Stage_STAGE_FINAL}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	seen := make(map[uint64]bool)
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range res.GetResults() {
			if seen[r.GetPlace()] {
				t.Errorf("envelope %d has two results", r.GetPlace())
			}
			seen[r.GetPlace()] = true
			if got := r.GetFailure().GetReason(); got != bad[r.GetPlace()] {
				t.Errorf("envelope %d: %q, want %q", r.GetPlace(), got, bad[r.GetPlace()])
			}
			id, good := ids[r.GetPlace()]
			if good && (tx.ID(r.GetStatus().GetId()) != id || r.GetStatus().GetStage() != apiv1.Stage_STAGE_FINAL) {
				t.Errorf("envelope %d: %v", r.GetPlace(), r.GetStatus())
			}
		}
	}
	if len(seen) != messages*each {
		t.Errorf("%d results, want %d", len(seen), messages*each)
	}
}

// serveSubmit starts a server whose node is a function.
func serveSubmit(t *testing.T, submit submit) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(Config{}, submit)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// TestStreamTellsWhatIsKnownBesideAFailure: whoever waited for an outcome that the node lost sight of learns how far it had come, or he
// would pay anew. Of what the node did not take there is no status.
func TestStreamTellsWhatIsKnownBesideAFailure(t *testing.T) {
	id := tx.ID{7}
	rows := []struct {
		name   string
		status consensus.Status
		err    error
		reason string
		stage  apiv1.Stage // Unspecified: no status.
	}{
		{"final", consensus.Status{ID: id, Stage: consensus.Final}, nil, "", apiv1.Stage_STAGE_FINAL},
		{"the leader changed", consensus.Status{ID: id, Stage: consensus.Taken}, consensus.ErrUnknownOutcome, "UNKNOWN_OUTCOME", apiv1.Stage_STAGE_PENDING},
		{"the leader changed, and had no room then", consensus.Status{ID: id, Stage: consensus.Taken},
			fmt.Errorf("%w: %w", consensus.ErrUnknownOutcome, consensus.ErrOverloaded), "UNKNOWN_OUTCOME", apiv1.Stage_STAGE_PENDING},
		{"lost at the leader", consensus.Status{}, consensus.ErrUnknownOutcome, "UNKNOWN_OUTCOME", 0},
		{"stopped after it was accepted", consensus.Status{ID: id, Stage: consensus.Accepted}, consensus.ErrStopped, "STOPPING", apiv1.Stage_STAGE_ACCEPTED},
		{"stopped before", consensus.Status{}, consensus.ErrStopped, "STOPPING", 0},
		{"expired, and taken before", consensus.Status{ID: id, Stage: consensus.Taken}, consensus.ErrExpired, "EXPIRED", apiv1.Stage_STAGE_PENDING},
		{"expired", consensus.Status{ID: id}, consensus.ErrExpired, "EXPIRED", 0},
		{"no room", consensus.Status{ID: id}, consensus.ErrOverloaded, "OVERLOADED", 0},
		{"refused", consensus.Status{}, &consensus.Refusal{Code: tx.QuotaExhausted}, tx.QuotaExhausted.String(), 0},
		{"a fault, of nobody knows what", consensus.Status{Stage: consensus.Taken}, errors.New("disk"), "INTERNAL", 0},
	}
	address := serveSubmit(t, func(_ context.Context, envelope []byte, _ consensus.Stage) (consensus.Status, error) {
		row := rows[envelope[0]]
		return row.status, row.err
	})
	stream, err := dial(t, address, "127.0.0.1").SubmitStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := stream.Send(&apiv1.SubmitStreamRequest{Envelopes: [][]byte{{byte(i)}}, Wait: apiv1.Stage_STAGE_FINAL}); err != nil {
			t.Fatal(err)
		}
		res, err := stream.Recv()
		if err != nil || len(res.GetResults()) != 1 {
			t.Fatalf("%s: %v, %v", row.name, res, err)
		}
		got := res.GetResults()[0]
		if got.GetPlace() != uint64(i) || got.GetFailure().GetReason() != row.reason {
			t.Errorf("%s: %v, want %q", row.name, got, row.reason)
		}
		if (got.GetStatus() != nil) != (row.stage != 0) || got.GetStatus().GetStage() != row.stage {
			t.Errorf("%s: status is %v, want %v", row.name, got.GetStatus(), row.stage)
		}
		if row.stage != 0 && tx.ID(got.GetStatus().GetId()) != id {
			t.Errorf("%s: status of %x", row.name, got.GetStatus().GetId())
		}
	}
}

// TestBadStreams: a message that says nothing, or no stage, ends the stream with the field and the rule.
func TestBadStreams(t *testing.T) {
	n := theNetwork(t)
	for what, req := range map[string]*apiv1.SubmitStreamRequest{
		"no envelopes":  {},
		"unknown stage": {Envelopes: [][]byte{n.payment(t, time.Hour).Envelope()}, Wait: 99},
	} {
		stream, err := n.client(t, 0).SubmitStream(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(req); err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		refused(t, what, err, codes.InvalidArgument, "INVALID_FIELD")
	}
}

// TestStreamsHoldTheSender: a sender that never reads results is not read from for ever, and what it left behind ends with it.
func TestStreamsHoldTheSender(t *testing.T) {
	n := theNetwork(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := n.client(t, 2).SubmitStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	garbage := make([][]byte, 1000)
	for i := range garbage {
		garbage[i] = make([]byte, 48)
	}
	sent := make(chan int)
	go func() {
		count := 0
		for ; count < 100_000_000; count += len(garbage) {
			if stream.Send(&apiv1.SubmitStreamRequest{Envelopes: garbage}) != nil {
				break
			}
		}
		sent <- count
	}()
	select {
	case count := <-sent:
		t.Errorf("%d envelopes went in, and nobody reads their results", count)
	case <-time.After(3 * time.Second):
	}
	cancel()
	<-sent
}

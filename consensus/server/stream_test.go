package server

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

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

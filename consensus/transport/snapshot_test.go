package transport

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// A snapshot is exactly as long as announced, in frames of exactly one length, or raft's reader ends with an error.
func TestSnapshotFrames(t *testing.T) {
	w := newNetwork(t, 2)
	caller, callee := w.validators[0], w.validators[1]
	cfg := w.config(callee)
	cfg.FrameTimeout, cfg.Limits.SnapshotBytes, cfg.Limits.SnapshotPause = 300*time.Millisecond, 1<<20, time.Nanosecond
	own := w.config(caller)
	own.Limits.SnapshotPause = time.Nanosecond
	w.open(caller, own)
	w.open(callee, cfg)
	w.elect(caller, 10)
	defer answerRaft(callee)()
	id := raft.ServerID(callee.name)
	conn, err := caller.transport.DialPeer(t.Context(), callee.name)
	if err != nil {
		t.Fatal(err)
	}
	client := peerv1.NewRaftServiceClient(conn)

	for _, row := range []struct {
		name      string
		announced int64
		frames    []int
		want      error
	}{
		{"empty", 0, nil, nil},
		{"one frame", 5, []int{5}, nil},
		{"a full and a short frame", frameBytes + 1, []int{frameBytes, 1}, nil},
		{"missing bytes", 5, nil, ErrSnapshotSize},
		{"missing frame", frameBytes + 1, []int{frameBytes}, ErrSnapshotSize},
		{"one frame too many", 5, []int{5, 1}, ErrSnapshotSize},
		{"trickled", 5, []int{1, 1, 1, 1, 1}, ErrSnapshotSize},
		{"frame too large", frameBytes + 1, []int{frameBytes + 1}, ErrSnapshotSize},
		{"stalled", 5, []int{-1}, ErrSlow},
		{"over the cap", 1<<20 + 1, nil, ErrTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := sendFrames(t, client, w.certificate(caller, 10, w.validators...), row.announced, row.frames...); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	t.Run("no header", func(t *testing.T) {
		stream, err := client.InstallSnapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Data{Data: []byte{1}}})
		if _, err := stream.CloseAndRecv(); !errors.Is(fromStatus(callee.name, err), ErrMalformed) {
			t.Errorf("got %v, want %v", err, ErrMalformed)
		}
	})
	t.Run("our own store lies", func(t *testing.T) {
		for _, held := range []int{4, 6} {
			var resp raft.InstallSnapshotResponse
			var err error
			w.eventually("the last transfer to end", func() bool {
				err = caller.transport.InstallSnapshot(id, raft.ServerAddress(id), goodSnapshot(caller.name, 5), &resp, bytes.NewReader(make([]byte, held)))
				return !errors.Is(err, ErrBusy) && !errors.Is(err, ErrRate)
			})
			if !errors.Is(err, ErrSnapshotSize) || resp.Success {
				t.Errorf("%d of 5 bytes: got %v, want %v", held, err, ErrSnapshotSize)
			}
		}
	})
}

// sendFrames announces a snapshot and sends zeros in frames of the given lengths; a negative one waits for the verdict
// instead of ending the stream.
func sendFrames(t *testing.T, client peerv1.RaftServiceClient, proof *Certificate, announced int64, frames ...int) error {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	stream, err := client.InstallSnapshot(ctx)
	if err != nil {
		return err
	}
	header := &peerv1.InstallSnapshotRequest_Header{Header: snapshotRequestToProto(goodSnapshot(proof.Candidate, announced))}
	header.Header.Certificate = certificateToProto(proof)
	_ = stream.Send(&peerv1.InstallSnapshotRequest{Frame: header})
	for _, n := range frames {
		if n < 0 {
			return fromStatus("callee", stream.RecvMsg(&peerv1.InstallSnapshotResponse{}))
		}
		_ = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Data{Data: make([]byte, n)}})
	}
	if _, err = stream.CloseAndRecv(); err != nil {
		return fromStatus("callee", err)
	}
	return nil
}

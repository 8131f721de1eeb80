package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// frameBytes is the length of every frame of a snapshot but the last. A fixed length, together with the time each frame
// has, is a floor under the speed: a peer cannot hold raft's main loop by trickling bytes.
const frameBytes = 256 << 10

// streamTimeout bounds a whole snapshot by the sum of its parts.
func (t *Transport) streamTimeout(size int64) time.Duration {
	frames := time.Duration(size/frameBytes) + 2
	const most = time.Duration(1<<63 - 1)
	if frames > (most-t.cfg.InstallTimeout)/t.cfg.FrameTimeout {
		return most
	}
	return frames*t.cfg.FrameTimeout + t.cfg.InstallTimeout
}

// InstallSnapshot sends a snapshot, from where an interrupted transfer of the same one stopped. data must hold exactly
// args.Size bytes. It returns once the peer has installed it.
func (t *Transport) InstallSnapshot(id raft.ServerID, addr raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	client, err := t.client(id, addr, laneBulk)
	if err != nil {
		return err
	}
	if args.Size < 0 {
		return fmt.Errorf("%w: %d bytes announced", ErrSnapshotSize, args.Size)
	}
	words, err := t.filter.Outgoing(time.Now(), string(id), args)
	if err != nil {
		return fmt.Errorf("call %s: %w", id, err)
	}
	header := snapshotRequestToProto(args)
	header.Certificate = certificateToProto(words.Certificate)

	ctx, stop := context.WithTimeout(t.ctx, t.streamTimeout(args.Size))
	defer stop()
	if header.Offset, err = t.offer(ctx, client, string(id), header, data); err != nil {
		return err
	}
	// gRPC has no deadline for a single message, so a timer ends the stream when one is late.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(t.cfg.FrameTimeout, func() { cancel(ErrSlow) })
	defer late.Stop()

	out, err := t.sendSnapshot(ctx, client, header, data, late)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrSlow) {
		return fmt.Errorf("call %s: %w", id, cause)
	}
	if errors.Is(err, ErrSnapshotSize) || errors.Is(err, errReadSnapshot) {
		return err
	}
	if err != nil {
		// What neither the way nor the filter has an error for was said by raft.
		if status.Code(err) == codes.Unknown && t.filter.local.OnSnapshotRefused != nil {
			t.filter.local.OnSnapshotRefused(string(id))
		}
		return t.callFailed(id, err)
	}
	if err := t.checkAnswer(string(id), args, out, Words{}); err != nil {
		return err
	}
	*resp = *out
	return nil
}

// offer announces a snapshot and returns how much of it the peer has: these bytes are read from data, and equal to what
// the peer has. When they are not, this attempt is lost, and the next one begins anew.
func (t *Transport) offer(ctx context.Context, client peerv1.RaftServiceClient, peer string, header *peerv1.SnapshotHeader, data io.Reader) (int64, error) {
	if _, anew := t.anew.LoadAndDelete(peer); anew {
		return 0, nil
	}
	asked, cancel := context.WithTimeout(ctx, t.cfg.FrameTimeout)
	defer cancel()
	answer, err := client.OfferSnapshot(asked, &peerv1.OfferSnapshotRequest{Header: header})
	if err != nil {
		return 0, t.callFailed(raft.ServerID(peer), err)
	}
	has := answer.GetOffset()
	if has < 0 || has > header.GetSize() || has < header.GetSize() && has%frameBytes != 0 {
		return 0, fmt.Errorf("call %s: %w: it has %d of %d bytes", peer, ErrMalformed, has, header.GetSize())
	}
	sum := sha256.New()
	if _, err := io.CopyN(sum, data, has); err != nil {
		return 0, fmt.Errorf("%w: %w", errReadSnapshot, err)
	}
	if has > 0 && !bytes.Equal(sum.Sum(nil), answer.GetSha256()) {
		t.anew.Store(peer, true)
		return 0, fmt.Errorf("call %s: %w: what it has is of another snapshot", peer, ErrSnapshot)
	}
	return has, nil
}

// errReadSnapshot marks an error of the node's own snapshot store.
var errReadSnapshot = errors.New("read snapshot")

func (t *Transport) sendSnapshot(ctx context.Context, client peerv1.RaftServiceClient, header *peerv1.SnapshotHeader, data io.Reader, late *time.Timer) (*raft.InstallSnapshotResponse, error) {
	stream, err := client.InstallSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	// io.EOF from Send means that the peer has answered already; CloseAndRecv tells what.
	err = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Header{Header: header}})
	buf := make([]byte, frameBytes)
	for left := header.GetSize() - header.GetOffset(); err == nil && left > 0; {
		frame := buf[:min(left, frameBytes)]
		if _, rerr := io.ReadFull(data, frame); errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %d of %d bytes missing", ErrSnapshotSize, left, header.GetSize())
		} else if rerr != nil {
			return nil, fmt.Errorf("%w: %w", errReadSnapshot, rerr)
		}
		late.Reset(t.cfg.FrameTimeout)
		err = stream.Send(&peerv1.InstallSnapshotRequest{Frame: &peerv1.InstallSnapshotRequest_Data{Data: frame}})
		left -= int64(len(frame))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err == nil {
		if n, _ := io.ReadFull(data, buf[:1]); n > 0 {
			return nil, fmt.Errorf("%w: more than %d bytes", ErrSnapshotSize, header.GetSize())
		}
	}
	// What flow control still holds back may take a few frames' time, then the peer installs.
	late.Reset(t.cfg.InstallTimeout + 2*t.cfg.FrameTimeout)
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return snapshotResponseFromProto(answer), nil
}

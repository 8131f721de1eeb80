package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/raft"

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

// InstallSnapshot sends a snapshot. data must hold exactly args.Size bytes. It returns once the peer has installed it.
func (t *Transport) InstallSnapshot(id raft.ServerID, addr raft.ServerAddress, args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	client, err := t.client(id, addr, laneBulk)
	if err != nil {
		return err
	}
	if args.Size < 0 {
		return fmt.Errorf("%w: %d bytes announced", ErrSnapshotSize, args.Size)
	}
	ctx, stop := context.WithTimeout(t.ctx, t.streamTimeout(args.Size))
	defer stop()
	// gRPC has no deadline for a single message, so a timer ends the stream when one is late.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(t.cfg.FrameTimeout, func() { cancel(ErrSlow) })
	defer late.Stop()

	out, err := t.sendSnapshot(ctx, client, args, data, late)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, ErrSlow) {
		return fmt.Errorf("call %s: %w", id, cause)
	}
	if errors.Is(err, ErrSnapshotSize) || errors.Is(err, errReadSnapshot) {
		return err
	}
	if err != nil {
		return t.callFailed(id, err)
	}
	if err := t.checkAnswer(string(id), out.RPCHeader, out.Term); err != nil {
		return err
	}
	*resp = *out
	return nil
}

// errReadSnapshot marks an error of the node's own snapshot store.
var errReadSnapshot = errors.New("read snapshot")

func (t *Transport) sendSnapshot(ctx context.Context, client peerv1.RaftServiceClient, args *raft.InstallSnapshotRequest, data io.Reader, late *time.Timer) (*raft.InstallSnapshotResponse, error) {
	stream, err := client.InstallSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	header := &peerv1.InstallSnapshotRequest_Header{Header: snapshotRequestToProto(args)}
	// io.EOF from Send means that the peer has answered already; CloseAndRecv tells what.
	err = stream.Send(&peerv1.InstallSnapshotRequest{Frame: header})
	buf := make([]byte, frameBytes)
	for left := args.Size; err == nil && left > 0; {
		frame := buf[:min(left, frameBytes)]
		if _, rerr := io.ReadFull(data, frame); errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %d of %d bytes missing", ErrSnapshotSize, left, args.Size)
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
			return nil, fmt.Errorf("%w: more than %d bytes", ErrSnapshotSize, args.Size)
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

// InstallSnapshot takes a snapshot from a peer: one at a time from each, and raft itself takes one after the other.
func (s *service) InstallSnapshot(stream peerv1.RaftService_InstallSnapshotServer) error {
	t := s.t
	peer, err := t.PeerName(stream.Context())
	if err != nil {
		return toStatus(err)
	}
	resp, err := t.takeSnapshot(stream, peer)
	if err != nil {
		t.refusals.add(peer, "InstallSnapshot", err)
		return toStatus(err)
	}
	t.sign(&resp.RPCHeader)
	return stream.SendAndClose(snapshotResponseToProto(resp))
}

func (t *Transport) takeSnapshot(stream peerv1.RaftService_InstallSnapshotServer, peer string) (*raft.InstallSnapshotResponse, error) {
	places := t.rooms[peer].snapshot
	if !enter(places) {
		return nil, ErrBusy
	}
	defer leave(places)
	in := receive(stream, t.cfg.FrameTimeout)
	defer close(in.done)

	first, err := in.next(t.ctx)
	if err != nil {
		return nil, err
	}
	if first.GetHeader() == nil {
		return nil, fmt.Errorf("%w: snapshot does not begin with its header", ErrMalformed)
	}
	req := snapshotRequestFromProto(first.GetHeader())
	if err := t.admit(peer, req.Term, filterSnapshot(req, peer, t.facts())); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithTimeout(stream.Context(), t.streamTimeout(req.Size))
	defer cancel()
	// The pipe's reader is raft's. Closing it here unblocks the pump, whatever raft does.
	reader, writer := io.Pipe()
	answers := make(chan raft.RPCResponse, 1)
	handOver, stopWaiting := context.WithTimeout(ctx, t.cfg.AppendTimeout)
	err = t.deliver(handOver, raft.RPC{Command: req, Reader: reader, RespChan: answers})
	stopWaiting()
	if err != nil {
		return nil, err
	}
	go func() {
		// Without an error this is the end of the snapshot; with one, raft's copy ends with it and raft answers with it.
		writer.CloseWithError(in.pump(t.ctx, writer, req.Size))
	}()
	resp, err := await[raft.InstallSnapshotResponse](ctx, t, answers)
	reader.CloseWithError(raft.ErrTransportShutdown)
	return resp, err
}

// frames is the receiving end of a snapshot's stream. One goroutine receives, so that each frame can have a deadline; it
// ends when done is closed and the handler has returned, for then the stream's Recv fails.
type frames struct {
	timeout  time.Duration
	received chan received
	done     chan struct{}
}

type received struct {
	frame *peerv1.InstallSnapshotRequest
	err   error
}

func receive(stream peerv1.RaftService_InstallSnapshotServer, timeout time.Duration) *frames {
	f := &frames{timeout: timeout, received: make(chan received), done: make(chan struct{})}
	go func() {
		for {
			frame, err := stream.Recv()
			select {
			case f.received <- received{frame, err}:
			case <-f.done:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return f
}

// next returns the next frame, or io.EOF after the last.
func (f *frames) next(ctx context.Context) (*peerv1.InstallSnapshotRequest, error) {
	late := time.NewTimer(f.timeout)
	defer late.Stop()
	select {
	case r := <-f.received:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return nil, fmt.Errorf("receive snapshot: %w", r.err)
		}
		return r.frame, r.err
	case <-late.C:
		return nil, ErrSlow
	case <-f.done:
		return nil, context.Canceled
	case <-ctx.Done():
		return nil, raft.ErrTransportShutdown
	}
}

// pump writes the frames to raft's reader, and holds them to their lengths.
func (f *frames) pump(ctx context.Context, w io.Writer, size int64) error {
	for left := size; left > 0; {
		frame, err := f.next(ctx)
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %d of %d bytes missing", ErrSnapshotSize, left, size)
		}
		if err != nil {
			return err
		}
		data, ok := frame.GetFrame().(*peerv1.InstallSnapshotRequest_Data)
		if !ok {
			return fmt.Errorf("%w: snapshot frame without data", ErrMalformed)
		}
		if want := min(left, frameBytes); int64(len(data.Data)) != want {
			return fmt.Errorf("%w: frame of %d bytes, want %d", ErrSnapshotSize, len(data.Data), want)
		}
		if _, err := w.Write(data.Data); err != nil {
			return fmt.Errorf("hand snapshot to raft: %w", err)
		}
		left -= int64(len(data.Data))
	}
	if _, err := f.next(ctx); err == nil {
		return fmt.Errorf("%w: more than %d bytes", ErrSnapshotSize, size)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

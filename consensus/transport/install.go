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

// OfferSnapshot says how much of a snapshot is here. It judges the announcement like the snapshot itself.
func (s *service) OfferSnapshot(ctx context.Context, in *peerv1.OfferSnapshotRequest) (*peerv1.OfferSnapshotResponse, error) {
	t := s.t
	peer, err := t.PeerName(ctx)
	if err != nil {
		return nil, toStatus(err)
	}
	out, err := t.offered(peer, in.GetHeader())
	if err != nil {
		t.refusals.add(peer, "OfferSnapshot", err)
		return nil, toStatus(err)
	}
	return out, nil
}

func (t *Transport) offered(peer string, header *peerv1.SnapshotHeader) (_ *peerv1.OfferSnapshotResponse, err error) {
	room := t.room(peer)
	if room == nil {
		return nil, ErrStranger
	}
	if !enter(room.snapshot) {
		return nil, ErrBusy
	}
	defer leave(room.snapshot)
	req, words, err := snapshotOf(peer, header)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if err := t.filter.judge(now, peer, req, words); err != nil {
		return nil, err
	}
	if t.filter.wait(now, peer, deedSnapshot, 1) > 0 {
		return nil, fmt.Errorf("%w: snapshots", ErrRate)
	}
	defer func() { err = errors.Join(err, room.spool.close()) }()
	if err := room.spool.open(snapshotKey(req), req.Size); err != nil {
		return nil, err
	}
	return &peerv1.OfferSnapshotResponse{Offset: room.spool.length, Sha256: room.spool.sum.Sum(nil)}, nil
}

// snapshotOf reads a snapshot's header.
func snapshotOf(peer string, header *peerv1.SnapshotHeader) (*raft.InstallSnapshotRequest, Words, error) {
	if header == nil {
		return nil, Words{}, fmt.Errorf("%w: snapshot does not begin with its header", ErrMalformed)
	}
	req := snapshotRequestFromProto(header)
	c, err := certificateFromProto(header.GetCertificate(), req.Term, peer)
	return req, Words{Certificate: c}, err
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

func (t *Transport) takeSnapshot(stream peerv1.RaftService_InstallSnapshotServer, peer string) (_ *raft.InstallSnapshotResponse, err error) {
	room := t.room(peer)
	if room == nil {
		return nil, ErrStranger
	}
	if !enter(room.snapshot) {
		return nil, ErrBusy
	}
	defer leave(room.snapshot)
	in := receive(stream, t.cfg.FrameTimeout)
	defer close(in.done)

	first, err := in.next(t.ctx)
	if err != nil {
		return nil, err
	}
	req, words, err := snapshotOf(peer, first.GetHeader())
	if err != nil {
		return nil, err
	}
	if err := t.filter.Incoming(time.Now(), peer, req, words); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(stream.Context(), t.streamTimeout(req.Size))
	defer cancel()

	spool := room.spool
	defer func() { err = errors.Join(err, spool.close()) }()
	if err := spool.open(snapshotKey(req), req.Size); err != nil {
		return nil, err
	}
	if offset := first.GetHeader().GetOffset(); offset == 0 {
		err = spool.restart()
	} else if offset != spool.length {
		err = fmt.Errorf("%w: it begins at %d, %d bytes are here", ErrSnapshotSize, offset, spool.length)
	}
	if err == nil {
		err = in.pump(t.ctx, spool, req.Size-spool.length, func(n int) error { return t.slow(ctx, peer, n) })
	}
	if err != nil {
		return nil, err
	}
	resp, err := t.install(ctx, peer, req, words, spool)
	if err == nil {
		_, err = t.filter.Answering(peer, req, resp)
	}
	return resp, errors.Join(err, spool.remove())
}

// install gives a whole snapshot to raft, if the sender still leads.
func (t *Transport) install(ctx context.Context, peer string, req *raft.InstallSnapshotRequest, words Words, spool *spool) (*raft.InstallSnapshotResponse, error) {
	data, err := spool.rewind()
	if err != nil {
		return nil, err
	}
	return inTurn[raft.InstallSnapshotResponse](ctx, t, func(answers chan raft.RPCResponse) error {
		open := t.door.Load()
		if err := t.filter.judge(time.Now(), peer, req, words); err != nil {
			return err
		}
		handOver, stop := context.WithTimeout(ctx, t.cfg.AppendTimeout)
		defer stop()
		return t.deliver(handOver, open, raft.RPC{Command: req, Reader: data, RespChan: answers})
	})
}

// slow waits until a peer may send more bytes.
func (t *Transport) slow(ctx context.Context, peer string, n int) error {
	for {
		now := time.Now()
		wait := t.filter.wait(now, peer, deedBytes, int64(n))
		if wait == 0 && t.filter.take(now, peer, deedBytes, int64(n), "bytes") == nil {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("receive snapshot: %w", ctx.Err())
		case <-t.ctx.Done():
			timer.Stop()
			return raft.ErrTransportShutdown
		}
	}
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

// pump writes the frames that are missing, and holds them to their lengths. before is asked before each is kept.
func (f *frames) pump(ctx context.Context, w io.Writer, size int64, before func(int) error) error {
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
		if err := before(len(data.Data)); err != nil {
			return err
		}
		if _, err := w.Write(data.Data); err != nil {
			return err
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

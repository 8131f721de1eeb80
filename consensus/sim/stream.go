package sim

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// stream is a streamed call: two queues of messages in order. A message that the weather loses breaks the stream, as a
// connection would break.
type stream struct {
	link   *link
	method string
	ctx    context.Context
	cancel context.CancelCauseFunc

	toServer, toClient chan []byte
	// half is closed when the client has said everything.
	half     chan struct{}
	halfOnce sync.Once
	// ended is closed with result set when the server's handler has returned.
	ended  chan struct{}
	result error
	server context.Context
}

// window is how many messages may be under way in one direction.
const window = 8

// NewStream begins a streamed call.
func (c *link) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	w, from := c.from.wire, c.from.station
	if c.from.isDead() {
		return nil, errGone
	}
	if err := w.travel(ctx, from.name, c.to, 0); err != nil {
		return nil, err
	}
	callee := w.lifeOf(c.to)
	if callee == nil || callee.isDead() {
		return nil, errUnreachable
	}
	s, name, ok := callee.find(method)
	if !ok {
		return nil, status.Error(codes.Unimplemented, method)
	}
	for _, d := range s.desc.Streams {
		if d.StreamName != name {
			continue
		}
		st := &stream{link: c, method: method, toServer: make(chan []byte, window), toClient: make(chan []byte, window), half: make(chan struct{}), ended: make(chan struct{})}
		st.ctx, st.cancel = context.WithCancelCause(ctx)
		context.AfterFunc(c.from.ctx, func() { st.cancel(errGone) })
		context.AfterFunc(callee.ctx, func() { st.cancel(errGone) })
		var done func()
		st.server, done = callee.called(st.ctx, from)
		go func() {
			err := d.Handler(s.impl, serverStream{st, &link{from: callee, to: from.name}})
			done()
			if callee.isDead() {
				err = errGone
			}
			if err != nil {
				err = status.Convert(err).Err()
			}
			st.result = err
			close(st.ended)
			st.cancel(io.EOF)
		}()
		return clientStream{st}, nil
	}
	return nil, status.Error(codes.Unimplemented, method)
}

// carry brings one message to a queue.
func (s *stream) carry(ctx context.Context, l *link, to chan<- []byte, method string, m any) error {
	said := l.leaves(method, m.(proto.Message))
	if said == nil {
		return nil // Swallowed on the way.
	}
	raw, err := proto.Marshal(said)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if err := l.from.wire.travel(ctx, l.from.station.name, l.to, len(raw)); err != nil {
		s.cancel(errGone)
		return err
	}
	select {
	case to <- raw:
		return nil
	case <-ctx.Done():
		return s.failed(ctx)
	}
}

func (s *stream) failed(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errGone) {
		return errGone
	}
	return status.FromContextError(ctx.Err()).Err()
}

type clientStream struct{ *stream }

// SendMsg sends; io.EOF once the server has ended the call.
func (s clientStream) SendMsg(m any) error {
	err := s.carry(s.ctx, s.link, s.toServer, s.method, m)
	select {
	case <-s.ended:
		return io.EOF
	default:
		return err
	}
}

// RecvMsg receives, or tells how the call ended.
func (s clientStream) RecvMsg(m any) error {
	select {
	case raw := <-s.toClient:
		return proto.Unmarshal(raw, m.(proto.Message))
	default:
	}
	select {
	case raw := <-s.toClient:
		return proto.Unmarshal(raw, m.(proto.Message))
	case <-s.ended:
	case <-s.ctx.Done():
	}
	select {
	case raw := <-s.toClient:
		return proto.Unmarshal(raw, m.(proto.Message))
	case <-s.ended:
		if s.result != nil {
			return s.result
		}
		return io.EOF
	default:
		return s.failed(s.ctx)
	}
}

// CloseSend says that the client has said everything.
func (s clientStream) CloseSend() error {
	s.halfOnce.Do(func() { close(s.half) })
	return nil
}

// Context is the call's.
func (s clientStream) Context() context.Context { return s.ctx }

// Header has nothing.
func (s clientStream) Header() (metadata.MD, error) { return nil, nil }

// Trailer has nothing.
func (s clientStream) Trailer() metadata.MD { return nil }

type serverStream struct {
	*stream
	back *link
}

// SendMsg answers.
func (s serverStream) SendMsg(m any) error {
	return s.carry(s.server, s.back, s.toClient, s.method+" answer", m)
}

// RecvMsg receives, io.EOF after the client's last.
func (s serverStream) RecvMsg(m any) error {
	select {
	case raw := <-s.toServer:
		return proto.Unmarshal(raw, m.(proto.Message))
	default:
	}
	select {
	case raw := <-s.toServer:
		return proto.Unmarshal(raw, m.(proto.Message))
	case <-s.half:
		select {
		case raw := <-s.toServer:
			return proto.Unmarshal(raw, m.(proto.Message))
		default:
			return io.EOF
		}
	case <-s.server.Done():
		return s.failed(s.server)
	}
}

// Context is the call's, with the caller's name.
func (s serverStream) Context() context.Context { return s.server }

// SetHeader has no meaning here.
func (s serverStream) SetHeader(metadata.MD) error { return nil }

// SendHeader has no meaning here.
func (s serverStream) SendHeader(metadata.MD) error { return nil }

// SetTrailer has no meaning here.
func (s serverStream) SetTrailer(metadata.MD) {}

package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

const (
	// streamMessage bounds the envelopes of one message, in bytes, below what a server takes.
	streamMessage = 60 << 10
	// streamWindow is how many envelopes of a stream may wait for results: as many as a server lets wait.
	streamWindow = 2048
)

// stream sends by one stream with one stage: whatever waits goes in one message.
type stream struct {
	wait apiv1.Stage
	conn grpc.BidiStreamingClient[apiv1.SubmitStreamRequest, apiv1.SubmitStreamResponse]
	// queue holds what is to be sent.
	queue chan sending
	// mu guards the rest; held for a look-up.
	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan<- answer // Invariant: nil once the stream has ended.
	ended   error
}

type sending struct {
	envelope []byte
	answer   chan<- answer
}

type answer struct {
	status *apiv1.TransactionStatus
	err    error
}

// openStream opens a stream that lives as long as the context.
func openStream(ctx context.Context, v apiv1.LedgerServiceClient, wait apiv1.Stage) (*stream, error) {
	conn, err := v.SubmitStream(ctx)
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	s := &stream{wait: wait, conn: conn, queue: make(chan sending, streamWindow), waiting: make(map[uint64]chan<- answer)}
	go s.write(ctx)
	go s.read()
	return s, nil
}

// errStreamEnded means that nothing is known of what a stream had not answered when it ended.
var errStreamEnded = errors.New("the stream ended")

func (s *stream) send(ctx context.Context, it item, wait apiv1.Stage) (*apiv1.TransactionStatus, error) {
	if wait != s.wait {
		return nil, fmt.Errorf("send: the stream waits for %s", s.wait)
	}
	got := make(chan answer, 1)
	select {
	case s.queue <- sending{it.signed.Envelope(), got}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case a := <-got:
		return a.status, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// write sends what waits, all that is there in one message.
func (s *stream) write(ctx context.Context) {
	for {
		var first sending
		select {
		case first = <-s.queue:
		case <-ctx.Done():
			_ = s.conn.CloseSend() // The context ends the stream.
			return
		}
		all, size := []sending{first}, len(first.envelope)
		for more := true; more && size < streamMessage-16<<10; {
			select {
			case next := <-s.queue:
				all, size = append(all, next), size+len(next.envelope)
			default:
				more = false
			}
		}
		if err := s.conn.Send(s.message(all)); err != nil {
			s.end(err) // What read is told says more.
		}
	}
}

// message makes a request, and notes who waits for which place.
func (s *stream) message(all []sending) *apiv1.SubmitStreamRequest {
	req := &apiv1.SubmitStreamRequest{Wait: s.wait}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range all {
		req.Envelopes = append(req.Envelopes, one.envelope)
		if s.waiting == nil {
			one.answer <- answer{err: s.ended}
			continue
		}
		s.waiting[s.next] = one.answer
		s.next++
	}
	return req
}

// read gives results to those who wait.
func (s *stream) read() {
	for {
		res, err := s.conn.Recv()
		if err != nil {
			s.end(err)
			return
		}
		s.mu.Lock()
		for _, r := range res.GetResults() {
			got := s.waiting[r.GetPlace()]
			if got == nil {
				continue
			}
			delete(s.waiting, r.GetPlace())
			a := answer{status: r.GetStatus()}
			if f := r.GetFailure(); f != nil {
				a.err = failure{codes.Code(f.GetCode()), f.GetReason(), f.GetMessage()}
			}
			got <- a
		}
		s.mu.Unlock()
	}
}

// end tells everybody who waits.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		return
	}
	s.ended = errors.Join(errStreamEnded, err)
	for _, got := range s.waiting {
		got <- answer{err: s.ended}
	}
	s.waiting = nil
}

// failure is the error of one result.
type failure struct {
	code            codes.Code
	reason, message string
}

// Error is for people.
func (f failure) Error() string { return f.reason + ": " + f.message }

// reasonOf is the reason that an error carries, or its code.
func reasonOf(err error) string {
	var f failure
	if errors.As(err, &f) {
		return f.reason
	}
	if errors.Is(err, errStreamEnded) {
		return "the stream ended"
	}
	s := status.Convert(err)
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return s.Code().String()
}

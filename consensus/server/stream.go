package server

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

const (
	// window is how many envelopes of one stream may wait for their results. Past it nothing is read, and HTTP/2 holds the sender.
	window = 2048
	// resultsAtOnce bounds one response.
	resultsAtOnce = 256
)

// submissions is a stream of them. Each envelope takes a place of the window and one of its address, is submitted by itself, and gives
// them back: that of the address, which other streams wait for, with its outcome, that of the window with its result. One goroutine
// reads and one writes.
type submissions struct {
	service *service
	from    address
	stream  grpc.BidiStreamingServer[apiv1.SubmitStreamRequest, apiv1.SubmitStreamResponse]
	places  chan struct{}
	// results has room for the whole window, so that no submission waits for a slow reader.
	results chan *apiv1.SubmitResult
	flying  sync.WaitGroup
}

// SubmitStream takes transactions as they come and gives results as they become known.
func (s *service) SubmitStream(stream grpc.BidiStreamingServer[apiv1.SubmitStreamRequest, apiv1.SubmitStreamResponse]) error {
	all := &submissions{
		service: s, from: callerOf(stream.Context()), stream: stream,
		places: make(chan struct{}, window), results: make(chan *apiv1.SubmitResult, window),
	}
	read := make(chan error, 1)
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go func() {
		read <- all.read(ctx)
		all.flying.Wait()
		close(all.results)
	}()
	err := all.write()
	cancel() // Nobody hears of the rest. What was taken goes on.
	for range all.results {
	}
	if err != nil {
		return err
	}
	return <-read
}

// read takes envelopes until the sender has no more.
func (all *submissions) read(ctx context.Context) error {
	for place := uint64(0); ; {
		req, err := all.stream.Recv()
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		wait, err := consensus.StageOf(req.GetWait())
		if err != nil {
			return invalid("wait: %v", err)
		}
		if len(req.GetEnvelopes()) == 0 {
			return invalid("envelopes must be 1 or more")
		}
		for _, envelope := range req.GetEnvelopes() {
			select {
			case all.places <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			// Nothing more is read meanwhile, and HTTP/2 holds the sender: a refusal would have him send it all again.
			if !all.service.envelopes.wait(ctx, all.from) {
				return nil
			}
			at := place
			all.flying.Go(func() { all.results <- all.submit(ctx, at, envelope, wait) })
			place++
		}
	}
}

// submit is one submission, from envelope to result.
func (all *submissions) submit(ctx context.Context, place uint64, envelope []byte, wait consensus.Stage) *apiv1.SubmitResult {
	defer all.service.envelopes.give(all.from)
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	status, err := all.service.submit(ctx, envelope, wait)
	return resultOf(place, status, err)
}

// resultOf says what the node said. What is known goes beside a failure: whoever took its absence for "not taken" would pay twice.
func resultOf(place uint64, status consensus.Status, err error) *apiv1.SubmitResult {
	if err == nil {
		return &apiv1.SubmitResult{Place: place, Status: status.Proto()}
	}
	result := &apiv1.SubmitResult{Place: place, Failure: consensus.ToFailure(err)}
	if status.Stage > consensus.Unknown && status.ID != (tx.ID{}) { // A node that fails may not say of what it speaks.
		result.Status = status.Proto()
	}
	return result
}

// write sends results, several at once when several are there.
func (all *submissions) write() error {
	for result := range all.results {
		res := &apiv1.SubmitStreamResponse{Results: all.gather(result)}
		if err := all.stream.Send(res); err != nil {
			return err
		}
		for range res.Results {
			<-all.places
		}
	}
	return nil
}

// gather takes the results that are there. While more come each time that others are let run, it lets them: a batch ends many submissions, one goroutine after
// the other.
func (all *submissions) gather(first *apiv1.SubmitResult) []*apiv1.SubmitResult {
	results := []*apiv1.SubmitResult{first}
	for seen := 0; len(results) < resultsAtOnce; {
		select {
		case next, ok := <-all.results:
			if !ok {
				return results
			}
			results = append(results, next)
			continue
		default:
		}
		if len(results) == seen {
			return results
		}
		seen = len(results)
		runtime.Gosched()
	}
	return results
}

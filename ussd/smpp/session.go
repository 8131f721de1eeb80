package smpp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

// writeWait bounds how long the peer may not read what is written to it.
const writeWait = 10 * time.Second

// session is one connection: requests and their answers, and what the peer asks.
type session struct {
	conn net.Conn
	log  *slog.Logger
	// take gets the peer's deliver_sm. It must not wait.
	take func(s *session, p pdu.PDU, malformed error)
	// wait is how long an answer may take; window holds a token for each request that waits for one.
	wait   time.Duration
	window chan struct{}

	// mu guards what follows, for moments.
	mu   sync.Mutex
	next uint32
	// pending are the requests that wait. Invariant: at most one more than window has tokens, since enquire_link needs none.
	pending map[uint32]chan pdu.PDU

	// writing lets one PDU after the other onto the connection. Who holds it waits at most writeWait for the peer.
	writing sync.Mutex

	// done is closed when the session is over; err says why and is set before.
	done chan struct{}
	once sync.Once
	err  error
}

func newSession(conn net.Conn, window int, wait time.Duration, log *slog.Logger, take func(*session, pdu.PDU, error)) *session {
	return &session{conn: conn, log: log, take: take, wait: wait, window: make(chan struct{}, window),
		pending: make(map[uint32]chan pdu.PDU), done: make(chan struct{})}
}

// close ends the session for a reason; the first one counts.
func (s *session) close(err error) {
	s.once.Do(func() {
		s.err = err
		close(s.done)
		_ = s.conn.Close() // Nothing can be done about a connection that does not close.
	})
}

// read serves the connection until it ends.
func (s *session) read() {
	in := bufio.NewReader(s.conn)
	for {
		octets, err := pdu.Read(in)
		if errors.Is(err, pdu.ErrLength) {
			// Where the next PDU begins is not known any more.
			s.respond(pdu.PDU{Command: pdu.GenericNack, Status: pdu.InvalidCommandLen})
			s.close(err)
			return
		}
		if err != nil {
			s.close(fmt.Errorf("%w: %w", errClosed, err))
			return
		}
		p, err := pdu.Decode(octets)
		if !s.serve(p, err) {
			return
		}
	}
}

// serve handles one PDU and tells whether there may be another.
func (s *session) serve(p pdu.PDU, malformed error) bool {
	switch {
	case p.Command.IsResponse():
		s.answered(p, malformed)
	case p.Command == pdu.DeliverSM:
		s.take(s, p, malformed)
	case p.Command == pdu.EnquireLink:
		s.respond(p.Response(pdu.OK))
	case p.Command == pdu.Unbind:
		s.respond(p.Response(pdu.OK))
		s.close(errUnbound)
		return false
	default:
		s.log.Warn("SMPP command is not served", "command", p.Command.String())
		s.respond(p.Nack(pdu.InvalidCommandID))
	}
	return true
}

// answered hands an answer to who waits for it. Its status counts even when its body cannot be read: an answer that says that a
// message was taken must not send it again.
func (s *session) answered(p pdu.PDU, malformed error) {
	s.mu.Lock()
	waiting, ok := s.pending[p.Sequence]
	delete(s.pending, p.Sequence)
	s.mu.Unlock()
	if malformed != nil {
		s.log.Warn("SMPP answer is malformed", "command", p.Command.String(), "error", malformed)
	}
	if !ok {
		s.log.Warn("SMPP answer to nothing, or too late", "command", p.Command.String(), "status", p.Status.String())
		return
	}
	waiting <- p // Buffered.
}

// over tells whether the session has ended.
func (s *session) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// request sends a request and waits for its answer. ErrNotBound means that it was not sent, ErrNoAnswer that it may have been
// taken.
func (s *session) request(ctx context.Context, command pdu.Command, body pdu.Body) (pdu.PDU, error) {
	select {
	case s.window <- struct{}{}:
	case <-s.done:
		return pdu.PDU{}, fmt.Errorf("%w: %w", ErrNotBound, s.err)
	case <-ctx.Done():
		return pdu.PDU{}, fmt.Errorf("%w: window is full: %w", ErrNotBound, ctx.Err())
	}
	defer func() { <-s.window }()
	return s.ask(ctx, command, body)
}

// ask is request without the window.
func (s *session) ask(ctx context.Context, command pdu.Command, body pdu.Body) (pdu.PDU, error) {
	answer := make(chan pdu.PDU, 1)
	s.mu.Lock()
	s.next = s.next%0x7FFFFFFF + 1
	sequence := s.next
	s.pending[sequence] = answer
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.pending, sequence)
		s.mu.Unlock()
	}()
	octets, err := pdu.Append(nil, pdu.PDU{Command: command, Sequence: sequence, Body: body})
	if err != nil {
		return pdu.PDU{}, fmt.Errorf("%w: %w", ErrText, err)
	}
	if err := s.write(octets); err != nil {
		// The peer has at most a beginning of the PDU.
		return pdu.PDU{}, fmt.Errorf("%s: %w: %w", command, ErrNotBound, err)
	}
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case p := <-answer:
		return s.accept(command, p)
	case <-timer.C:
		err = fmt.Errorf("within %s", s.wait)
	case <-s.done:
		err = s.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	// An answer that came at the same moment counts.
	select {
	case p := <-answer:
		return s.accept(command, p)
	default:
		return pdu.PDU{}, fmt.Errorf("%s: %w: %w", command, ErrNoAnswer, err)
	}
}

// accept checks that an answer is one to the command.
func (s *session) accept(command pdu.Command, p pdu.PDU) (pdu.PDU, error) {
	if p.Command == command.Response() || p.Command == pdu.GenericNack {
		return p, nil
	}
	s.close(fmt.Errorf("%w: %s answered with %s", errClosed, command, p.Command))
	return pdu.PDU{}, fmt.Errorf("%s: %w: %s", command, ErrNoAnswer, p.Command)
}

// respond sends an answer. One that is lost makes the peer ask again.
func (s *session) respond(p pdu.PDU) {
	octets, err := pdu.Append(nil, p)
	if err == nil {
		err = s.write(octets)
	}
	if err != nil {
		s.log.Warn("SMPP answer was not sent", "command", p.Command.String(), "error", err)
	}
}

// write puts a PDU onto the connection. An error ends the session, since half of the PDU may be there.
func (s *session) write(octets []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	err := s.conn.SetWriteDeadline(time.Now().Add(writeWait))
	if err == nil {
		_, err = s.conn.Write(octets)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errClosed, err)
		s.close(err)
	}
	return err
}

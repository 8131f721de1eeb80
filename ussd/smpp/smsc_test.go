package smpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// patience bounds what a test waits for.
const patience = 10 * time.Second

// smsc is a peer that does what a test tells it.
type smsc struct {
	t        *testing.T
	listener net.Listener
	// submits gets every submit_sm; answer says what becomes of it. A nil PDU leaves it without an answer.
	submits chan *pdu.Short
	// bound gets each connection after its bind.
	bound chan *smscConn

	mu     sync.Mutex
	answer func(n int, s *pdu.Short) *pdu.PDU
	bind   pdu.Status
	count  int
	// enquire is false for a peer that does not answer enquire_link.
	enquire bool
	conns   []*smscConn
}

// smscConn is one connection to the peer.
type smscConn struct {
	smsc    *smsc
	conn    net.Conn
	command pdu.Command
	writing sync.Mutex
	next    uint32
	answers chan pdu.PDU
	ended   chan struct{}
}

func newSMSC(t *testing.T) *smsc { return newSMSCOn(t, nil) }

func newSMSCOn(t *testing.T, c *tls.Config) *smsc {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		listener = tls.NewListener(listener, c)
	}
	s := &smsc{t: t, listener: listener, submits: make(chan *pdu.Short, 1000), bound: make(chan *smscConn, 100), enquire: true}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.hangUp()
		serving.Wait()
	})
	return s
}

// hangUp ends every connection.
func (s *smsc) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.conn.Close()
	}
}

// answers sets what becomes of the n-th submit_sm, counted from 1.
func (s *smsc) answers(answer func(n int, s *pdu.Short) *pdu.PDU) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func taken(id string) *pdu.PDU { return &pdu.PDU{Body: &pdu.ShortResp{MessageID: id}} }

func refused(status pdu.Status) *pdu.PDU { return &pdu.PDU{Status: status} }

func (s *smsc) serve(conn net.Conn) {
	c := &smscConn{smsc: s, conn: conn, answers: make(chan pdu.PDU, 100), ended: make(chan struct{})}
	defer close(c.ended)
	defer conn.Close()
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	for {
		octets, err := pdu.Read(conn)
		if err != nil {
			return
		}
		p, err := pdu.Decode(octets)
		if err != nil {
			s.t.Errorf("the link sent %x: %v", octets, err)
			return
		}
		c.take(p)
	}
}

func (c *smscConn) take(p pdu.PDU) {
	s := c.smsc
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p.Command {
	case pdu.BindTransceiver, pdu.BindReceiver, pdu.BindTransmitter:
		c.command = p.Command
		answer := p.Response(s.bind)
		if s.bind == pdu.OK {
			answer.Body = &pdu.BindResp{SystemID: "smsc"}
		}
		c.write(answer)
		if s.bind == pdu.OK {
			s.bound <- c
		}
	case pdu.EnquireLink:
		if s.enquire {
			c.write(p.Response(pdu.OK))
		}
	case pdu.Unbind:
		c.write(p.Response(pdu.OK))
	case pdu.SubmitSM:
		short := p.Body.(*pdu.Short)
		s.count++
		answer := taken(fmt.Sprintf("m%d", s.count))
		if s.answer != nil {
			answer = s.answer(s.count, short)
		}
		s.submits <- short
		if answer != nil {
			answer.Command, answer.Sequence = pdu.SubmitSMResp, p.Sequence
			c.write(*answer)
		}
	default:
		select {
		case c.answers <- p:
		default:
			s.t.Errorf("more answers than asked for: %s", p.Command)
		}
	}
}

func (c *smscConn) write(p pdu.PDU) {
	octets, err := pdu.Append(nil, p)
	if err != nil {
		c.smsc.t.Errorf("write %s: %v", p.Command, err)
		return
	}
	c.raw(octets)
}

func (c *smscConn) raw(octets []byte) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, _ = c.conn.Write(octets) // A test that ends the connection finds out by what does not come.
}

// deliver sends a deliver_sm and returns its sequence number.
func (c *smscConn) deliver(s *pdu.Short) uint32 {
	c.writing.Lock()
	c.next++
	n := c.next
	c.writing.Unlock()
	c.write(pdu.PDU{Command: pdu.DeliverSM, Sequence: n, Body: s})
	return n
}

// acknowledged waits for the answer to the deliver_sm n.
func (c *smscConn) acknowledged(n uint32) pdu.Status {
	c.smsc.t.Helper()
	p := await(c.smsc.t, c.answers, "deliver_sm_resp")
	if p.Sequence != n {
		c.smsc.t.Fatalf("%s for %d, want %d", p.Command, p.Sequence, n)
	}
	return p.Status
}

func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatalf("no %s", what)
		panic("not reached")
	}
}

// app is what stands behind a link: it remembers, and fails when told to.
type app struct {
	turns    chan ussd.Turn
	ended    chan ussd.Turn
	messages chan sms.Inbound
	reports  chan sms.Report

	mu    sync.Mutex
	reply func(ussd.Turn) ussd.Reply
	err   error
}

func newApp() *app {
	return &app{turns: make(chan ussd.Turn, 100), ended: make(chan ussd.Turn, 100), messages: make(chan sms.Inbound, 100),
		reports: make(chan sms.Report, 100)}
}

func (a *app) fails(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *app) failing() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func (a *app) Handle(_ context.Context, turn ussd.Turn) (ussd.Reply, error) {
	a.turns <- turn
	a.mu.Lock()
	reply := a.reply
	a.mu.Unlock()
	if reply == nil {
		return ussd.Reply{Text: "1 Send money"}, a.failing()
	}
	return reply(turn), a.failing()
}

func (a *app) Ended(_ context.Context, turn ussd.Turn) { a.ended <- turn }

func (a *app) Receive(_ context.Context, m sms.Inbound) error {
	if err := a.failing(); err != nil {
		return err
	}
	a.messages <- m
	return nil
}

func (a *app) Report(_ context.Context, r sms.Report) error {
	if err := a.failing(); err != nil {
		return err
	}
	a.reports <- r
	return nil
}

// logged is a log that a test can read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const password = "s3cr3tpw"

// settings are those of a link to a peer; change makes others of them.
func settings(t *testing.T, address string, a *app, change func(*Config)) Config {
	t.Helper()
	d, err := DialectNamed("default")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Name: "test", Address: address, SystemID: "umoja", Password: pin.NewSecret(password), From: "2050",
		Receiver: a, Reports: a, USSD: &USSDConfig{Service: a, Dialect: d, ServiceCode: "*384*2050#"},
		FirstRest: 5 * time.Millisecond, LongestRest: 50 * time.Millisecond, ResponseWait: patience}
	if change != nil {
		change(&c)
	}
	return c
}

// run makes a link and runs it until the test ends or stop is called.
func run(t *testing.T, c Config) (l *Link, stop func()) {
	t.Helper()
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := await(t, ended, "end of Run"); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return l, stop
}

// link is run against a new peer, bound.
func link(t *testing.T, change func(*Config)) (*Link, *smsc, *smscConn, *app) {
	t.Helper()
	s, a := newSMSC(t), newApp()
	l, _ := run(t, settings(t, s.listener.Addr().String(), a, change))
	return l, s, await(t, s.bound, "bind"), a
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func textLog() (*slog.Logger, *logged) {
	out := &logged{}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})), out
}

const amina = ussd.Phone("+254711000001")

var errDisk = errors.New("disk full")

// blocking is an app whose store does not answer until released.
type blocking struct {
	*app
	release chan struct{}
}

func (b *blocking) Receive(ctx context.Context, m sms.Inbound) error {
	<-b.release
	return b.app.Receive(ctx, m)
}

// eventually waits for what nothing tells of.
func eventually(holds func() bool) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

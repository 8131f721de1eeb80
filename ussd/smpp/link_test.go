package smpp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

func TestALinkThatIsLostIsBoundAgain(t *testing.T) {
	l, s, conn, _ := link(t, nil)
	for n := range uint64(3) {
		if !eventually(func() bool { return l.Stats().Binds == n+1 }) {
			t.Errorf("%+v", l.Stats())
		}
		_ = conn.conn.Close()
		conn = await(t, s.bound, "bind")
	}
	if _, err := l.Send(within(t, patience), message("hi")); err != nil {
		t.Error(err)
	}
	if !eventually(func() bool { return l.Stats().Binds == 4 }) {
		t.Errorf("%+v", l.Stats())
	}
}

func TestAPeerThatUnbindsIsAnsweredAndBoundAgain(t *testing.T) {
	_, s, conn, _ := link(t, nil)
	conn.write(pdu.PDU{Command: pdu.Unbind, Sequence: 77})
	if p := await(t, conn.answers, "unbind_resp"); p.Command != pdu.UnbindResp || p.Sequence != 77 {
		t.Errorf("%+v", p)
	}
	await(t, s.bound, "bind")
}

func TestAPeerThatDoesNotAnswerEnquireLinkIsLeft(t *testing.T) {
	s, a := newSMSC(t), newApp()
	s.enquire = false
	run(t, settings(t, s.listener.Addr().String(), a, func(c *Config) {
		c.EnquireEvery, c.ResponseWait = 10*time.Millisecond, 50*time.Millisecond
	}))
	await(t, s.bound, "bind")
	await(t, s.bound, "second bind")
}

func TestAnAccountThatIsRefusedIsNotTriedInHaste(t *testing.T) {
	s, a := newSMSC(t), newApp()
	s.bind = pdu.InvalidPassword
	log, text := textLog()
	l, stop := run(t, settings(t, s.listener.Addr().String(), a, func(c *Config) {
		c.Log, c.LongestRest = log, time.Hour
	}))
	eventually(func() bool { return strings.Contains(text.String(), "ESME_RINVPASWD") })
	stop()
	s.mu.Lock()
	tries := len(s.conns)
	s.mu.Unlock()
	if tries != 1 || l.Stats().Bound || !strings.Contains(text.String(), "ESME_RINVPASWD") {
		t.Errorf("%d tries, %s", tries, text)
	}
	if strings.Contains(text.String(), password) {
		t.Error("the password is in the log")
	}
}

// A peer that was left without unbind may hold the old connection for a while.
func TestABindThatIsRefusedForNowIsTriedAgain(t *testing.T) {
	s, a := newSMSC(t), newApp()
	s.bind = pdu.AlreadyBound
	l, _ := run(t, settings(t, s.listener.Addr().String(), a, nil))
	eventually(func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.conns) >= 3 })
	s.mu.Lock()
	s.bind = pdu.OK
	s.mu.Unlock()
	await(t, s.bound, "bind")
	if _, err := l.Send(within(t, patience), message("hi")); err != nil {
		t.Error(err)
	}
}

func TestGarbageEndsTheConnectionAndTheLinkGoesOn(t *testing.T) {
	_, s, conn, a := link(t, nil)
	conn.raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	if p := await(t, conn.answers, "generic_nack"); p.Command != pdu.GenericNack || p.Status != pdu.InvalidCommandLen {
		t.Errorf("%+v", p)
	}
	conn = await(t, s.bound, "second bind")
	// A malformed body is answered, and the connection stays.
	conn.raw([]byte{0, 0, 0, 19, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3})
	if p := await(t, conn.answers, "answer"); p.Command != pdu.DeliverSMResp || p.Sequence != 9 || p.Status != pdu.InvalidTLVStream {
		t.Errorf("%+v", p)
	}
	conn.write(pdu.PDU{Command: pdu.Command(0x103), Sequence: 10})
	if p := await(t, conn.answers, "answer"); p.Command != pdu.GenericNack || p.Sequence != 10 || p.Status != pdu.InvalidCommandID {
		t.Errorf("%+v", p)
	}
	// An answer to nothing is nothing.
	conn.write(pdu.PDU{Command: pdu.SubmitSMResp, Sequence: 4711})
	n := conn.deliver(&pdu.Short{Source: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"}, Message: []byte("BAL")})
	if status := conn.acknowledged(n); status != pdu.OK {
		t.Error(status)
	}
	await(t, a.messages, "message")
}

// A peer that is slow to send a PDU is waited for.
func TestAPDUMayComeInPieces(t *testing.T) {
	_, _, conn, a := link(t, nil)
	octets, err := pdu.Append(nil, pdu.PDU{Command: pdu.DeliverSM, Sequence: 1,
		Body: &pdu.Short{Source: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"}, Message: []byte("BAL")}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range octets {
		conn.raw(octets[i : i+1])
	}
	if status := conn.acknowledged(1); status != pdu.OK {
		t.Error(status)
	}
	await(t, a.messages, "message")
}

func TestAPairIsATransmitterAndAReceiver(t *testing.T) {
	l, s, first, a := link(t, func(c *Config) { c.Mode = ModePair })
	second := await(t, s.bound, "second bind")
	if first.command == pdu.BindReceiver {
		first, second = second, first
	}
	if first.command != pdu.BindTransmitter || second.command != pdu.BindReceiver {
		t.Fatalf("%s and %s", first.command, second.command)
	}
	if _, err := l.Send(within(t, patience), message("hi")); err != nil {
		t.Error(err)
	}
	n := second.deliver(&pdu.Short{Source: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"}, Message: []byte("BAL")})
	if status := second.acknowledged(n); status != pdu.OK {
		t.Error(status)
	}
	await(t, a.messages, "message")
	if !eventually(func() bool { return l.Stats().Bound }) {
		t.Error("not bound")
	}
}

func TestTheLinkGoesOverTLSAndChecksThePeer(t *testing.T) {
	issuer := httptest.NewUnstartedServer(nil)
	issuer.StartTLS()
	certificate, certs := issuer.TLS.Certificates[0], x509.NewCertPool()
	certs.AddCert(issuer.Certificate())
	issuer.Close()
	s, a := newSMSCOn(t, &tls.Config{Certificates: []tls.Certificate{certificate}}), newApp()
	l, _ := run(t, settings(t, s.listener.Addr().String(), a, func(c *Config) {
		c.TLS = &tls.Config{RootCAs: certs, ServerName: "example.com"}
	}))
	await(t, s.bound, "bind")
	if _, err := l.Send(within(t, patience), message("hi")); err != nil {
		t.Error(err)
	}
	log, text := textLog()
	_, stop := run(t, settings(t, s.listener.Addr().String(), a, func(c *Config) {
		c.TLS, c.Log = &tls.Config{RootCAs: x509.NewCertPool()}, log
	}))
	eventually(func() bool { return strings.Contains(text.String(), "certificate") })
	stop()
	if !strings.Contains(text.String(), "certificate") || len(s.bound) != 0 {
		t.Errorf("a peer that nobody vouches for: %s", text)
	}
}

// The end lets a turn under way finish, answers nothing new, and unbinds.
func TestTheEndFinishesWhatIsUnderWay(t *testing.T) {
	s, a := newSMSC(t), newApp()
	release := make(chan struct{})
	a.reply = func(turn) reply { <-release; return reply{Text: "Paid", End: true} }
	l, stop := run(t, settings(t, s.listener.Addr().String(), a, nil))
	conn := await(t, s.bound, "bind")
	n := conn.deliver(dialPDU("*384*2050#"))
	await(t, a.turns, "turn")
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	if !eventually(func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.draining }) {
		t.Fatal("the end does not begin")
	}
	if status := conn.acknowledged(conn.deliver(dialPDU("*384*2050#"))); status != pdu.QueueFull {
		t.Errorf("a turn after the end began: %s", status)
	}
	close(release)
	if status := conn.acknowledged(n); status != pdu.OK {
		t.Error(status)
	}
	if got := await(t, s.submits, "reply"); string(got.Message) != "Paid" {
		t.Errorf("%q", got.Message)
	}
	await(t, stopped, "end")
	await(t, conn.ended, "end of the connection")
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	for says, change := range map[string]func(*Config){
		"Name":                        func(c *Config) { c.Name = "Airtel UG" },
		"Address":                     func(c *Config) { c.Address = "smsc" },
		"Mode":                        func(c *Config) { c.Mode = "both" },
		"SystemID":                    func(c *Config) { c.SystemID = "" },
		"Password has at most 8":      func(c *Config) { c.Password = pin.NewSecret("123456789") },
		"Alphabet":                    func(c *Config) { c.Alphabet = "utf-8" },
		"MessageIDs":                  func(c *Config) { c.MessageIDs = "octal" },
		"CountryCode":                 func(c *Config) { c.CountryCode = "+254" },
		"Window":                      func(c *Config) { c.Window = -1 },
		"LongestRest":                 func(c *Config) { c.LongestRest = time.Millisecond },
		"USSD.Service is":             func(c *Config) { c.USSD.Service = nil },
		"USSD.ServiceCode":            func(c *Config) { c.USSD.ServiceCode = "money" },
		"both ways":                   func(c *Config) { c.Mode = ModeReceiver },
		"USSD.Screen":                 func(c *Config) { c.USSD.Screen.Septets = 500 },
		"USSD.Dialect has":            func(c *Config) { c.USSD.Dialect = Dialect{} },
		"USSD.Dialect.Key":            func(c *Config) { c.USSD.Dialect.Key = "" },
		"USSD.Dialect.EndFlag":        func(c *Config) { c.USSD.Dialect.Key = KeyMessageReference },
		"USSD.Dialect.End differs":    func(c *Config) { c.USSD.Dialect.EndFlag = false },
		"USSD.Patience":               func(c *Config) { c.USSD.Patience = -1 },
		"the account holds no NUL":    func(c *Config) { c.SystemType = "a\x00" },
		"SystemType has at most 12":   func(c *Config) { c.SystemType = strings.Repeat("a", 13) },
		"From has at most 20":         func(c *Config) { c.From = strings.Repeat("a", 21) },
		"AddressRange has at most 40": func(c *Config) { c.AddressRange = strings.Repeat("1", 41) },
	} {
		c := settings(t, "127.0.0.1:2775", newApp(), nil)
		change(&c)
		_, err := New(c)
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// Nothing is left when a link ends while it cannot connect.
func TestAnEndWithoutAConnectionIsQuick(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	_, stop := run(t, settings(t, address, newApp(), nil))
	stop()
}

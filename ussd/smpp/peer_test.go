package smpp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

// peer is peer/smsc.js: a message centre on npm's smpp, which was not written here.
type peer struct {
	t      *testing.T
	orders io.Writer
	events chan peerEvent
	port   int
}

// peerEvent is a line of the peer. What a PDU did not have is nil.
type peerEvent struct {
	Event     string  `json:"event"`
	Port      int     `json:"port"`
	Status    int     `json:"status"`
	ID        string  `json:"message_id"`
	Text      string  `json:"text"`
	Header    string  `json:"header"`
	Service   string  `json:"service_type"`
	From      string  `json:"source_addr"`
	To        string  `json:"destination_addr"`
	ESMClass  int     `json:"esm_class"`
	Coding    int     `json:"data_coding"`
	Receipt   int     `json:"registered_delivery"`
	Operation *int    `json:"ussd_service_op"`
	Info      *string `json:"its_session_info"`
	Reference *int    `json:"user_message_reference"`
}

// order is what the peer is told to send.
type order map[string]any

func newPeer(t *testing.T) *peer {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no conversation with npm smpp: node is not installed")
	}
	if _, err := os.Stat("peer/node_modules/smpp/package.json"); err != nil {
		t.Skip("no conversation with npm smpp: run npm --prefix ussd/smpp/peer ci --ignore-scripts first")
	}
	command := exec.Command(node, "peer/smsc.js")
	command.Stderr = os.Stderr
	orders, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, orders: orders, events: make(chan peerEvent, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for in := bufio.NewScanner(lines); in.Scan(); {
			var e peerEvent
			if err := json.Unmarshal(in.Bytes(), &e); err != nil {
				t.Errorf("the peer says %q: %v", in.Text(), err)
			}
			p.events <- e
		}
	}()
	t.Cleanup(func() {
		_ = orders.Close() // It ends with its input.
		timer := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		defer timer.Stop()
		<-read
		if err := command.Wait(); err != nil {
			t.Errorf("the peer: %v", err)
		}
	})
	p.port = p.says("listening").Port
	return p
}

// says waits for the next event, which has to be of this kind.
func (p *peer) says(kind string) peerEvent {
	p.t.Helper()
	e := await(p.t, p.events, kind)
	if e.Event != kind {
		p.t.Fatalf("the peer says %q (%s), want %q", e.Event, e.Text, kind)
	}
	return e
}

func (p *peer) does(o order) {
	p.t.Helper()
	line, err := json.Marshal(o)
	if err == nil {
		_, err = p.orders.Write(append(line, '\n'))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// delivers sends a deliver_sm from Amina's phone.
func (p *peer) delivers(o order) {
	p.t.Helper()
	whole := order{"command": "deliver_sm", "source_addr": "254711000001", "source_addr_ton": 1, "source_addr_npi": 1, "destination_addr": "2050",
		"data_coding": 0}
	for field, value := range o {
		whole[field] = value
	}
	p.does(whole)
}

// acknowledges waits until the peer has a deliver_sm_resp without an error.
func (p *peer) acknowledges() {
	p.t.Helper()
	if e := p.says("deliver_sm_resp"); e.Status != 0 {
		p.t.Errorf("status %d", e.Status)
	}
}

// converse runs a link against npm's smpp, bound.
func converse(t *testing.T, change func(*Config)) (*Link, *peer, *app, func()) {
	t.Helper()
	p, a := newPeer(t), newApp()
	l, stop := run(t, settings(t, fmt.Sprintf("127.0.0.1:%d", p.port), a, change))
	p.says("bound")
	return l, p, a, stop
}

func TestNPMBindsEnquiresAndUnbinds(t *testing.T) {
	_, p, _, stop := converse(t, func(c *Config) { c.EnquireEvery = 20 * time.Millisecond })
	p.says("enquire_link")
	p.says("enquire_link")
	p.does(order{"command": "hang_up"})
	for p.saysOneOf("bound", "enquire_link", "error").Event != "bound" {
	}
	p.says("enquire_link") // The link knows by now that it is bound.
	stop()
	for p.saysOneOf("unbound", "enquire_link").Event != "unbound" {
	}
}

// saysOneOf waits for the next event, which has to be of one of these kinds.
func (p *peer) saysOneOf(kinds ...string) peerEvent {
	p.t.Helper()
	e := await(p.t, p.events, strings.Join(kinds, " or "))
	for _, kind := range kinds {
		if e.Event == kind {
			return e
		}
	}
	p.t.Fatalf("the peer says %q (%s), want one of %q", e.Event, e.Text, kinds)
	panic("not reached")
}

func TestNPMRefusesAWrongPassword(t *testing.T) {
	p, a := newPeer(t), newApp()
	log, text := textLog()
	run(t, settings(t, fmt.Sprintf("127.0.0.1:%d", p.port), a, func(c *Config) {
		c.Password, c.Log, c.LongestRest = pin.NewSecret("wrong"), log, time.Hour
	}))
	if !eventually(func() bool { return strings.Contains(text.String(), "ESME_RINVPASWD") }) {
		t.Error(text)
	}
}

func TestNPMTakesSMSAndReportsTheirDelivery(t *testing.T) {
	l, p, a, _ := converse(t, func(c *Config) { c.MessageIDs = IDHexDecimal })
	for _, c := range []struct {
		to     ussd.Phone
		text   string
		coding int
		state  sms.ReportState
		reason string
	}{
		{"+254711000001", "Paid 150.00 KES {QX7} é @ €", 0, sms.ReportDelivered, ""},
		{"+254711000009", "ሰላም 😀", 8, sms.ReportFailed, "UNDELIVERABLE err 027"},
	} {
		took, err := l.Send(within(t, patience), ussd.Message{Reference: c.text, To: c.to, Text: c.text})
		if err != nil {
			t.Fatal(err)
		}
		got := p.says("submit_sm")
		if got.Text != c.text || got.To != string(c.to[1:]) || got.From != "2050" || got.Coding != c.coding || got.Receipt != 1 {
			t.Errorf("the peer read %+v", got)
		}
		want := sms.Report{Route: "test", ID: took.ID, State: c.state, Reason: c.reason}
		if diff := cmp.Diff(want, await(t, a.reports, "report")); diff != "" {
			t.Error(diff)
		}
		if e := p.says("receipt acknowledged"); e.Status != 0 {
			t.Errorf("status %d", e.Status)
		}
	}
}

func TestNPMTakesALongSMSInParts(t *testing.T) {
	for _, c := range []struct {
		text   string
		coding int
	}{
		{strings.Repeat("a", 152) + "€" + strings.Repeat("[b]", 30), 0},
		{strings.Repeat("ሰ", 66) + "😀" + strings.Repeat("ላ", 40), 8},
	} {
		l, p, _, _ := converse(t, func(c *Config) { c.NoReceipts = true })
		if _, err := l.Send(within(t, patience), message(c.text)); err != nil {
			t.Fatal(err)
		}
		var joined string
		for i := range 2 {
			part := p.says("submit_sm")
			if part.ESMClass != 0x40 || part.Coding != c.coding || !strings.HasPrefix(part.Header, "0003") ||
				!strings.HasSuffix(part.Header, fmt.Sprintf("02%02x", i+1)) {
				t.Errorf("the peer read %+v", part)
			}
			joined += part.Text
		}
		if joined != c.text {
			t.Errorf("the peer read %q", joined)
		}
	}
}

func TestNPMDeliversSMS(t *testing.T) {
	_, p, a, _ := converse(t, nil)
	ignore := cmpopts.IgnoreFields(sms.Inbound{}, "At")
	for _, c := range []struct{ text, coding any }{{"SEND 200 0711000002 é @ €", 0}, {"ሰላም 😀", 8}, {"côté", 3}} {
		p.delivers(order{"text": c.text, "data_coding": c.coding})
		want := sms.Inbound{Route: "test", From: amina, To: "2050", Text: c.text.(string)}
		if diff := cmp.Diff(want, await(t, a.messages, "message"), ignore); diff != "" {
			t.Error(diff)
		}
		p.acknowledges()
	}
	p.delivers(order{"text": "a long one", "header": "0500032a0202"})
	p.acknowledges()
	p.delivers(order{"text": "Relay of ", "header": "0500032a0201"})
	if got := await(t, a.messages, "message"); got.Text != "Relay of a long one" {
		t.Errorf("%q", got.Text)
	}
	p.acknowledges()
	a.fails(errDisk)
	p.delivers(order{"text": "BAL"})
	if e := p.says("deliver_sm_resp"); e.Status != 0x64 {
		t.Errorf("not stored: status %#x", e.Status)
	}
}

// Dial, answer, last screen, and an abort, as the peer's library reads and writes the parameters.
func TestNPMConversesUSSDInEachDialect(t *testing.T) {
	info := func(o order, hex string) order { o["its_session_info"] = hex; return o }
	reference := func(o order, _ string) order { o["user_message_reference"] = 4711; return o }
	for _, c := range []struct {
		dialect           string
		with              func(order, string) order
		end, abort        int
		goesOnInfo, ended string
	}{
		{"default", info, 2, 17, "1234", "1235"},
		{"sixdee", info, 17, 0x81, "1234", "1235"},
		{"mica", reference, 17, 0x81, "", ""},
	} {
		_, p, a, _ := converse(t, func(to *Config) {
			d, err := DialectNamed(c.dialect)
			if err != nil {
				t.Fatal(err)
			}
			to.USSD.Dialect, to.USSD.CodeInDestination = d, c.dialect == "sixdee"
		})
		a.reply = func(turn turn) reply {
			if turn.Last.First {
				return reply{Text: "Umoja\n1 Send money"}
			}
			return reply{Text: "Paid. ሰላም", End: true}
		}
		dial := order{"service_type": "USSD", "ussd_service_op": 1, "text": "*384*2050*1#", "destination_addr": "384"}
		if c.dialect == "sixdee" {
			dial["text"], dial["destination_addr"] = "", "*384*2050*1#"
		}
		p.delivers(c.with(dial, "1234"))
		first := await(t, a.turns, "turn")
		if !first.Last.First || first.Last.Input.Reveal() != "1" || first.Phone != amina {
			t.Errorf("%s: %+v", c.dialect, first)
		}
		p.acknowledges()
		p.shows(c.dialect, "Umoja\n1 Send money", 0, 2, c.goesOnInfo)
		p.delivers(c.with(order{"service_type": "USSD", "ussd_service_op": 18, "text": "4071"}, "1234"))
		if got := await(t, a.turns, "turn"); got.Last.First || got.Last.Input.Reveal() != "4071" || got.SessionID != first.SessionID {
			t.Errorf("%s: %+v", c.dialect, got)
		}
		p.acknowledges()
		p.shows(c.dialect, "Paid. ሰላም", 8, c.end, c.ended)
		p.delivers(c.with(order{"service_type": "USSD", "ussd_service_op": c.abort, "text": ""}, "1234"))
		if got := await(t, a.ended, "end"); got.SessionID != first.SessionID {
			t.Errorf("%s: %+v", c.dialect, got)
		}
		p.acknowledges()
	}
}

// shows waits for a screen.
func (p *peer) shows(dialect, text string, coding, operation int, info string) {
	p.t.Helper()
	got := p.says("submit_sm")
	if got.Text != text || got.Service != "USSD" || got.To != "254711000001" || got.Coding != coding || got.Receipt != 0 ||
		got.Operation == nil || *got.Operation != operation {
		p.t.Errorf("%s: the peer read %+v", dialect, got)
	}
	switch {
	case dialect == "mica":
		if got.Reference == nil || *got.Reference != 4711 || got.Info != nil {
			p.t.Errorf("%s: the peer read %+v", dialect, got)
		}
	case got.Info == nil || *got.Info != info:
		p.t.Errorf("%s: its_session_info is %v, want %s", dialect, got.Info, info)
	}
}

package smpp

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

type (
	turn  = ussd.Turn
	reply = ussd.Reply
)

// ussdPDU is a deliver_sm of a session.
func ussdPDU(op uint8, text string, tlvs ...pdu.TLV) *pdu.Short {
	return &pdu.Short{ServiceType: "USSD", Source: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"}, Destination: pdu.Address{Digits: "384"},
		Message: []byte(text), TLVs: append([]pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, op)}, tlvs...)}
}

func dialPDU(code string) *pdu.Short {
	return ussdPDU(1, code, pdu.Pair(pdu.TagITSSessionInfo, 0x1234))
}

// Each dialect dials, answers, gets the last screen, and aborts another session.
func TestSessionsInEachDialect(t *testing.T) {
	info := func(n uint16) []pdu.TLV { return []pdu.TLV{pdu.Pair(pdu.TagITSSessionInfo, n)} }
	reference := func(n uint16) []pdu.TLV { return []pdu.TLV{pdu.Pair(pdu.TagUserMessageReference, n)} }
	op := func(n uint8, tlvs []pdu.TLV) []pdu.TLV {
		return append([]pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, n)}, tlvs...)
	}
	for _, c := range []struct {
		dialect string
		answer  uint8
		tlvs    func(uint16) []pdu.TLV
		// goesOn and ends are the parameters of our two screens, aborts of the peer's abort.
		goesOn, ends, aborts []pdu.TLV
		abort                uint8
	}{
		{"default", 18, info, op(2, info(0x1234)), op(2, info(0x1235)), info(0x1234), 17},
		{"default", 2, info, op(2, info(0x1234)), op(2, info(0x1235)), info(0x1235), 18}, // The flag, whatever the operation.
		{"sixdee", 18, info, op(2, info(0x1234)), op(17, info(0x1235)), info(0x1234), 0x81},
		{"sixdee", 18, info, op(2, info(0x1234)), op(17, info(0x1235)), info(0x1235), 18},
		{"mica", 18, reference, op(2, reference(0x1234)), op(17, reference(0x1234)), reference(0x1234), 0x81},
	} {
		_, s, conn, a := link(t, func(to *Config) {
			d, err := DialectNamed(c.dialect)
			if err != nil {
				t.Fatal(err)
			}
			to.USSD.Dialect = d
		})
		a.reply = func(turn turn) reply { return reply{Text: "screen", End: !turn.Last.First} }
		n := conn.deliver(ussdPDU(1, "*384*2050#", c.tlvs(0x1234)...))
		first := await(t, a.turns, "turn")
		if first.Aggregator != "smpp/test" || first.Phone != amina || first.SessionID != "1234" || first.ServiceCode != "*384*2050#" ||
			!first.Last.First || first.Last.Input.Reveal() != "" || first.Last.Request == "" || first.Screen != (ussd.Screen{Septets: 160, UCS2: 70}) {
			t.Errorf("%s: %+v", c.dialect, first)
		}
		if status := conn.acknowledged(n); status != pdu.OK {
			t.Errorf("%s: %s", c.dialect, status)
		}
		want := &pdu.Short{ServiceType: "USSD", Source: pdu.Address{Digits: "384"}, Destination: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"},
			Message: []byte("screen"), TLVs: c.goesOn}
		if diff := cmp.Diff(want, await(t, s.submits, "screen")); diff != "" {
			t.Errorf("%s: %s", c.dialect, diff)
		}
		n = conn.deliver(ussdPDU(c.answer, "4071", c.tlvs(0x1234)...))
		second := await(t, a.turns, "turn")
		if second.SessionID != first.SessionID || second.Last.First || second.Last.Input.Reveal() != "4071" || second.Last.Request != "" {
			t.Errorf("%s: %+v", c.dialect, second)
		}
		if status := conn.acknowledged(n); status != pdu.OK {
			t.Errorf("%s: %s", c.dialect, status)
		}
		want.TLVs = c.ends
		if diff := cmp.Diff(want, await(t, s.submits, "last screen")); diff != "" {
			t.Errorf("%s: %s", c.dialect, diff)
		}
		n = conn.deliver(ussdPDU(c.abort, "", c.aborts...))
		if ended := await(t, a.ended, "end"); ended.SessionID != first.SessionID || ended.Phone != amina || ended.Last != nil {
			t.Errorf("%s: %+v", c.dialect, ended)
		}
		if status := conn.acknowledged(n); status != pdu.OK {
			t.Errorf("%s: %s", c.dialect, status)
		}
	}
}

func TestMicaReturnsTheReferenceInItsWidthAndForeignSessionInfo(t *testing.T) {
	d, err := DialectNamed("mica")
	if err != nil {
		t.Fatal(err)
	}
	at, err := d.read(ussdPDU(1, "", pdu.Octet(pdu.TagUserMessageReference, 7), pdu.Pair(pdu.TagITSSessionInfo, 0xABCD)), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, 17), pdu.Octet(pdu.TagUserMessageReference, 7), pdu.Pair(pdu.TagITSSessionInfo, 0xABCD)}
	if diff := cmp.Diff(want, d.write(at, true)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasDialledIsReadWhereTheOperatorWritesIt(t *testing.T) {
	for _, c := range []struct {
		name, text, destination string
		inDestination           bool
		want                    string
		ok                      bool
	}{
		{"the code", "*384*2050#", "384", false, "", true},
		{"without star and hash", "384*2050", "384", false, "", true},
		{"a short-cut", "*384*2050*1*0711000002*150#", "384", false, "1*0711000002*150", true},
		{"only in the destination", "", "*384*2050#", false, "", true},
		{"in the destination by setting", "whatever", "*384*2050*2#", true, "2", true},
		{"another code", "*384*2051#", "384", false, "", false},
		{"another code that begins alike", "*384*20501#", "384", false, "", false},
		{"another code in the destination", "1", "*384*1#", true, "", false},
		{"nothing", "", "384", false, "", false},
	} {
		l, err := New(settings(t, "127.0.0.1:1", newApp(), func(to *Config) { to.USSD.CodeInDestination = c.inDestination }))
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.dialled(&pdu.Short{Destination: pdu.Address{Digits: c.destination}, Message: []byte(c.text)})
		if (err == nil) != c.ok || got.Reveal() != c.want {
			t.Errorf("%s: %q, %v", c.name, got.Reveal(), err)
		}
		if err != nil && len(c.text) > 1 && strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error repeats what was dialled", c.name)
		}
	}
}

func TestADialThatIsDeliveredAgainIsTheSameRequest(t *testing.T) {
	d, now := newDialogs(), time.Now()
	key := dialKey{phone: amina, number: 0x1234}
	first := d.dial(key, now)
	if again := d.dial(key, now.Add(time.Second)); again != first {
		t.Errorf("%q and %q", first, again)
	}
	if other := d.dial(dialKey{phone: amina, number: 0x1236}, now); other == first && len(d.dials) != 2 {
		t.Error("another session has the same request")
	}
	if later := d.dial(key, now.Add(redeliveredFor+time.Second)); later == first {
		t.Error("a number that came back is the old dial")
	}
	d.end(key)
	if len(d.dials) != d.order.Len() {
		t.Errorf("%d and %d dials", len(d.dials), d.order.Len())
	}
	for i := range maxDialogs + 10 {
		d.dial(dialKey{phone: amina, number: uint16(i)}, now.Add(time.Duration(i)))
	}
	if len(d.dials) > maxDialogs || len(d.dials) != d.order.Len() {
		t.Errorf("%d dials", len(d.dials))
	}
}

func TestMessagesOfASessionThatCannotBeReadAreRefused(t *testing.T) {
	_, _, conn, a := link(t, nil)
	for name, c := range map[string]struct {
		pdu  *pdu.Short
		want pdu.Status
	}{
		"no its_session_info": {ussdPDU(1, "*384*2050#"), pdu.InvalidTLVValue},
		"another operation":   {ussdPDU(0x99, "1", pdu.Pair(pdu.TagITSSessionInfo, 2)), pdu.InvalidTLVValue},
		"another code":        {dialPDU("*384*1#"), pdu.InvalidDestination},
		"no number": {&pdu.Short{Source: pdu.Address{TON: 5, Digits: "BANK"}, Message: []byte("*384*2050#"),
			TLVs: []pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, 1), pdu.Pair(pdu.TagITSSessionInfo, 2)}}, pdu.InvalidSource},
	} {
		if got := conn.acknowledged(conn.deliver(c.pdu)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if len(a.turns) != 0 {
		t.Error("one became a turn")
	}
	n := conn.deliver(&pdu.Short{Source: pdu.Address{TON: 1, Digits: "254711000001"}, DataCoding: 4, Message: []byte{0xFF},
		TLVs: []pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, 18), pdu.Pair(pdu.TagITSSessionInfo, 2)}})
	if got := await(t, a.turns, "turn"); got.Last.Input.Reveal() != "" {
		t.Error("an answer that cannot be read has an input")
	}
	if got := conn.acknowledged(n); got != pdu.OK {
		t.Error(got)
	}
}

func TestScreensAreWrittenInTheAlphabetOrUCS2(t *testing.T) {
	for _, c := range []struct {
		alphabet Alphabet
		coding   uint8
		text     string
		want     string
		wantCode uint8
	}{
		{GSM7, 0, "café [1]", "caf\x05 \x1b<1\x1b>", 0},
		{GSM7, 15, "1 Send", "1 Send", 15},
		{GSM7, 15, "ሰላም", "\x12\x30\x12\x0b\x12\x1d", 8},
		{Latin1, 0, "café 5€", "caf\xe9 5EUR", 0},
		{ASCII, 0, "café ñ ß", "cafe n ss", 0},
		{ASCII, 0, "ሰ", "\x12\x30", 8},
	} {
		_, s, conn, a := link(t, func(to *Config) { to.Alphabet, to.USSD.DataCoding = c.alphabet, c.coding })
		a.reply = func(turn) reply { return reply{Text: c.text} }
		conn.deliver(dialPDU("*384*2050#"))
		got := await(t, s.submits, "screen")
		if string(got.Message) != c.want || got.DataCoding != c.wantCode {
			t.Errorf("%s %q: %q coding %d", c.alphabet, c.text, got.Message, got.DataCoding)
		}
	}
}

func TestASlowLedgerDoesNotHoldUpTheOthers(t *testing.T) {
	_, s, conn, a := link(t, nil)
	release := make(chan struct{})
	a.reply = func(turn turn) reply {
		if turn.SessionID == "0002" {
			<-release
		}
		return reply{Text: turn.SessionID}
	}
	slow := conn.deliver(ussdPDU(1, "*384*2050#", pdu.Pair(pdu.TagITSSessionInfo, 2)))
	quick := conn.deliver(ussdPDU(1, "*384*2050#", pdu.Pair(pdu.TagITSSessionInfo, 4)))
	if got := conn.acknowledged(quick); got != pdu.OK {
		t.Error(got)
	}
	if got := await(t, s.submits, "screen"); string(got.Message) != "0004" {
		t.Errorf("%q", got.Message)
	}
	close(release)
	if got := conn.acknowledged(slow); got != pdu.OK {
		t.Error(got)
	}
}

func TestNothingTypedIsLogged(t *testing.T) {
	log, text := textLog()
	_, s, conn, a := link(t, func(c *Config) { c.Log = log })
	a.fails(errors.New("disk"))
	s.answers(func(int, *pdu.Short) *pdu.PDU { return refused(pdu.SubmitFailed) })
	await(t, a.turnsAfter(conn, ussdPDU(18, "4071", pdu.Pair(pdu.TagITSSessionInfo, 2))), "turn")
	await(t, s.submits, "screen")
	for _, p := range []*pdu.Short{dialPDU("*384*2050*4071"), dialPDU("4071"), ussdPDU(0x77, "4071", pdu.Pair(pdu.TagITSSessionInfo, 2)),
		{Source: pdu.Address{TON: 1, Digits: "254711000001"}, Message: []byte("SEND 4071")},
		{Source: pdu.Address{TON: 1, Digits: "254711000001"}, DataCoding: 99, Message: []byte("SEND 4071")},
		{ESMClass: 4, Message: []byte("4071 254711000001")}} {
		conn.deliver(p)
	}
	for range 7 {
		await(t, conn.answers, "answer")
	}
	if got := text.String(); strings.Contains(got, "4071") || strings.Contains(got, "254711000001") ||
		!strings.Contains(got, "disk") || !strings.Contains(got, "…001") {
		t.Errorf("log: %s", got)
	}
}

// turnsAfter delivers and returns where the turn appears.
func (a *app) turnsAfter(conn *smscConn, p *pdu.Short) <-chan turn {
	conn.deliver(p)
	return a.turns
}

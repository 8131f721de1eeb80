package smpp

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

func from(text string) *pdu.Short {
	return &pdu.Short{Source: pdu.Address{TON: 1, NPI: 1, Digits: "254711000001"}, Destination: pdu.Address{Digits: "2050"}, Message: []byte(text)}
}

func TestAMessageIsAcknowledgedOnceItIsStored(t *testing.T) {
	l, _, conn, a := link(t, nil)
	a.fails(errDisk)
	if got := conn.acknowledged(conn.deliver(from("BAL"))); got != pdu.TemporaryError {
		t.Errorf("not stored: %s", got)
	}
	a.fails(nil)
	if got := conn.acknowledged(conn.deliver(from("BAL"))); got != pdu.OK {
		t.Errorf("stored: %s", got)
	}
	want := sms.Inbound{Route: "test", From: amina, To: "2050", Text: "BAL"}
	if diff := cmp.Diff(want, await(t, a.messages, "message"), cmpopts.IgnoreFields(sms.Inbound{}, "At")); diff != "" {
		t.Error(diff)
	}
	if got := l.Stats(); got.Delivered != 1 || got.PutOff != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTextsAreReadByTheirDataCoding(t *testing.T) {
	for _, c := range []struct {
		name     string
		alphabet Alphabet
		coding   uint8
		octets   string
		want     string
		ok       bool
	}{
		{"GSM-7 by default", GSM7, 0, "\x00 \x1be \x05", "@ € é", true},
		{"Latin-1 by default", Latin1, 0, "\xe9", "é", true},
		{"ASCII", GSM7, 1, "@a", "@a", true},
		{"Latin-1", GSM7, 3, "\xe9@", "é@", true},
		{"UCS-2", GSM7, 8, "\x12\x30\xd8\x3d\xde\x00", "ሰ😀", true},
		{"half of a pair", GSM7, 8, "\xd8\x3d", "\uFFFD", true},
		{"a message class", GSM7, 0xF0, "hi", "hi", true},
		{"an extension that is not known", GSM7, 0, "a\x1bbc", "abc", true},
		{"an escape at the end", GSM7, 0, "a\x1b", "a", true},
		{"two escapes", GSM7, 0, "a\x1b\x1bb", "a b", true},
		{"an octet above 127", GSM7, 0, "a\x80", "", false},
		{"ASCII that is none", ASCII, 0, "\xe9", "", false},
		{"UCS-2 of an odd length", GSM7, 8, "a", "", false},
		{"data", GSM7, 4, "abc", "", false},
		{"data by its class", GSM7, 0xF4, "abc", "", false},
	} {
		got, err := decode([]byte(c.octets), c.coding, c.alphabet)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestNumbersArriveInManyForms(t *testing.T) {
	for _, c := range []struct {
		country string
		a       pdu.Address
		want    ussd.Phone
	}{
		{"", pdu.Address{TON: 1, Digits: "254711000001"}, amina},
		{"", pdu.Address{TON: 0, Digits: "+254711000001"}, amina},
		{"", pdu.Address{TON: 0, Digits: "00254711000001"}, amina},
		{"254", pdu.Address{TON: 2, Digits: "711000001"}, amina},
		{"254", pdu.Address{TON: 0, Digits: "0711000001"}, amina},
		{"", pdu.Address{TON: 0, Digits: "0711000001"}, ""},
		{"", pdu.Address{TON: 2, Digits: "711000001"}, ""},
		{"254", pdu.Address{TON: 5, Digits: "254711000001"}, ""},
		{"254", pdu.Address{TON: 1, Digits: "BANK"}, ""},
		{"254", pdu.Address{TON: 1, Digits: ""}, ""},
		{"254", pdu.Address{TON: 1, Digits: "123456"}, ""},
	} {
		l := &Link{config: Config{CountryCode: c.country}}
		got, err := l.phone(c.a)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c.a, string(got), err)
		}
		if err != nil && len(c.a.Digits) > 6 && strings.Contains(err.Error(), c.a.Digits) {
			t.Errorf("the error has the number: %v", err)
		}
	}
}

// parts makes the deliver_sm of a long message, under a header or under parameters.
func parts(reference uint16, sar bool, texts ...string) (all []*pdu.Short) {
	for i, text := range texts {
		s := from(text)
		total, number := byte(len(texts)), byte(i+1)
		if sar {
			s.TLVs = []pdu.TLV{pdu.Pair(pdu.TagSARReference, reference), pdu.Octet(pdu.TagSARTotal, total), pdu.Octet(pdu.TagSARNumber, number)}
		} else {
			s.ESMClass = pdu.ESMHeader
			s.Message = append([]byte{6, 8, 4, byte(reference >> 8), byte(reference), total, number}, text...)
		}
		all = append(all, s)
	}
	return all
}

func TestPartsInAnyOrderAreOneMessage(t *testing.T) {
	for _, sar := range []bool{false, true} {
		_, _, conn, a := link(t, nil)
		all := parts(0x0102, sar, "relay ", "of a ", "long one")
		for _, i := range []int{2, 0, 0} {
			if got := conn.acknowledged(conn.deliver(all[i])); got != pdu.OK {
				t.Error(got)
			}
		}
		if len(a.messages) != 0 {
			t.Error("a message with a part missing")
		}
		a.fails(errDisk)
		if got := conn.acknowledged(conn.deliver(all[1])); got != pdu.TemporaryError {
			t.Errorf("not stored: %s", got)
		}
		a.fails(nil)
		// The peer delivers only the last one again.
		if got := conn.acknowledged(conn.deliver(all[1])); got != pdu.OK {
			t.Error(got)
		}
		if got := await(t, a.messages, "message"); got.Text != "relay of a long one" {
			t.Errorf("%q", got.Text)
		}
		// A part whose acknowledgement was lost is not another message, nor a part of one.
		if got := conn.acknowledged(conn.deliver(all[0])); got != pdu.OK || len(a.messages) != 0 {
			t.Errorf("%s, %d messages", got, len(a.messages))
		}
		for _, p := range parts(0x0102, sar, "the ", "number ", "came back") {
			conn.acknowledged(conn.deliver(p))
		}
		if got := await(t, a.messages, "message"); got.Text != "the number came back" {
			t.Errorf("%q", got.Text)
		}
	}
}

func TestPartsThatWaitAreBounded(t *testing.T) {
	j := newJoiner()
	now := time.Now()
	j.now = func() time.Time { return now }
	dropped := 0
	for i := range maxIncomplete + 5 {
		_, n := j.add(partsKey{reference: uint16(i), total: 2}, 1, []byte("a"))
		dropped += n
	}
	if dropped != 5 || len(j.messages) != maxIncomplete || j.order.Len() != maxIncomplete {
		t.Errorf("%d dropped, %d wait", dropped, len(j.messages))
	}
	now = now.Add(incompleteFor + time.Second)
	if whole, n := j.add(partsKey{reference: 100, total: 2}, 2, []byte("b")); whole != nil || n != maxIncomplete {
		t.Errorf("%q of a message that was too old, %d dropped", whole, n)
	}
}

func TestHeadersThatMakeNoSenseAreRefused(t *testing.T) {
	_, _, conn, _ := link(t, nil)
	for name, s := range map[string]*pdu.Short{
		"a header that does not end":   {ESMClass: pdu.ESMHeader, Message: []byte{5, 0, 3, 1}},
		"no header":                    {ESMClass: pdu.ESMHeader},
		"an element that does not end": {ESMClass: pdu.ESMHeader, Message: []byte{3, 0, 9, 1, 'a'}},
		"part 0":                       {ESMClass: pdu.ESMHeader, Message: []byte{5, 0, 3, 1, 2, 0, 'a'}},
		"part 3 of 2":                  {ESMClass: pdu.ESMHeader, Message: []byte{5, 0, 3, 1, 2, 3, 'a'}},
		"255 parts":                    {ESMClass: pdu.ESMHeader, Message: []byte{5, 0, 3, 1, 255, 1, 'a'}},
		"half of the parameters":       {TLVs: []pdu.TLV{pdu.Pair(pdu.TagSARReference, 1)}, Message: []byte("a")},
		"two texts":                    {TLVs: []pdu.TLV{{Tag: pdu.TagMessagePayload, Value: []byte("a")}}, Message: []byte("a")},
		"a part as long as ten": {TLVs: []pdu.TLV{{Tag: pdu.TagMessagePayload, Value: make([]byte, 1400)}, pdu.Pair(pdu.TagSARReference, 1),
			pdu.Octet(pdu.TagSARTotal, 2), pdu.Octet(pdu.TagSARNumber, 1)}},
	} {
		s.Source = pdu.Address{TON: 1, Digits: "254711000001"}
		if got := conn.acknowledged(conn.deliver(s)); got != pdu.Rejected {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAMessageMayComeAsPayload(t *testing.T) {
	_, _, conn, a := link(t, nil)
	s := from("")
	s.TLVs = []pdu.TLV{{Tag: pdu.TagMessagePayload, Value: []byte(strings.Repeat("long ", 80))}}
	if got := conn.acknowledged(conn.deliver(s)); got != pdu.OK {
		t.Error(got)
	}
	if got := await(t, a.messages, "message"); len(got.Text) != 400 {
		t.Errorf("%d bytes", len(got.Text))
	}
}

const appendixB = "id:%s sub:001 dlvrd:001 submit date:2611211006 done date:2611211007 stat:%s err:%s text:id:777 stat:REJECTD"

func TestReceiptsAreReadFromTextAndParameters(t *testing.T) {
	tlvs := func(id string, state uint8) []pdu.TLV {
		return []pdu.TLV{{Tag: pdu.TagReceiptedMessageID, Value: []byte(id + "\x00")}, pdu.Octet(pdu.TagMessageState, state)}
	}
	text := func(id, state, code string) string { return fmt.Sprintf(appendixB, id, state, code) }
	for _, c := range []struct {
		name string
		ids  IDForm
		text string
		tlvs []pdu.TLV
		want sms.Report
		ok   bool
	}{
		{"delivered", IDText, text("m1", "DELIVRD", "000"), nil, sms.Report{ID: "m1", State: sms.ReportDelivered}, true},
		{"failed", IDText, text("m1", "UNDELIV", "012"), nil, sms.Report{ID: "m1", State: sms.ReportFailed, Reason: "UNDELIV err 012"}, true},
		{"expired", IDText, text("m1", "EXPIRED", "000"), nil, sms.Report{ID: "m1", State: sms.ReportFailed, Reason: "EXPIRED"}, true},
		{"under way", IDText, text("m1", "ENROUTE", "000"), nil, sms.Report{ID: "m1", State: sms.ReportBuffered}, true},
		{"only parameters", IDText, "", tlvs("m2", 2), sms.Report{ID: "m2", State: sms.ReportDelivered}, true},
		{"parameters go before the text", IDText, text("m1", "DELIVRD", "000"), tlvs("m2", 8),
			sms.Report{ID: "m2", State: sms.ReportFailed, Reason: "REJECTED"}, true},
		{"a state that is not known", IDText, text("m1", "DELIVRD", "000"), tlvs("m1", 99), sms.Report{ID: "m1", State: sms.ReportDelivered}, true},
		{"hex, then decimal", IDHexDecimal, text("2748", "DELIVRD", "0"), nil, sms.Report{ID: IDHexDecimal.ofAnswer("0ABC"), State: sms.ReportDelivered}, true},
		{"decimal, then hex", IDDecimalHex, text("abc", "DELIVRD", "0"), nil, sms.Report{ID: IDDecimalHex.ofAnswer("02748"), State: sms.ReportDelivered}, true},
		{"hex in two cases", IDHex, text("00ABC", "DELIVRD", "0"), nil, sms.Report{ID: IDHex.ofAnswer("abc"), State: sms.ReportDelivered}, true},
		{"no number stays", IDHexDecimal, text("x-1", "DELIVRD", "0"), nil, sms.Report{ID: IDHexDecimal.ofAnswer("x-1"), State: sms.ReportDelivered}, true},
		{"no id", IDText, "stat:DELIVRD", nil, sms.Report{}, false},
		{"no state", IDText, "id:m1", nil, sms.Report{}, false},
		{"only the person's text", IDText, "sub:001 text:id:777 stat:REJECTD", nil, sms.Report{}, false},
	} {
		s := &pdu.Short{ESMClass: pdu.ESMReceipt, Message: []byte(c.text), TLVs: c.tlvs}
		for range 2 { // The second time in UCS-2.
			got, ok := receipt(s, s.Message, c.ids)
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("%s: %v %s", c.name, ok, diff)
			}
			s.DataCoding, s.Message = codingUCS2, encodeUCS2(unitsOf(c.text))
		}
	}
}

func TestAReceiptIsAcknowledgedOnceItIsStored(t *testing.T) {
	_, _, conn, a := link(t, nil)
	s := from(fmt.Sprintf(appendixB, "m1", "DELIVRD", "000"))
	s.ESMClass = pdu.ESMReceipt
	a.fails(errDisk)
	if got := conn.acknowledged(conn.deliver(s)); got != pdu.TemporaryError {
		t.Errorf("not stored: %s", got)
	}
	a.fails(nil)
	if got := conn.acknowledged(conn.deliver(s)); got != pdu.OK {
		t.Errorf("stored: %s", got)
	}
	if diff := cmp.Diff(sms.Report{Route: "test", ID: "m1", State: sms.ReportDelivered}, await(t, a.reports, "report")); diff != "" {
		t.Error(diff)
	}
	// What can never be read is not delivered for ever, nor is it a message.
	s.Message = []byte("garbage")
	if got := conn.acknowledged(conn.deliver(s)); got != pdu.OK || len(a.messages)+len(a.reports) != 0 {
		t.Errorf("%s", got)
	}
	// A peer that forgets the message type but sends the parameters.
	s.ESMClass, s.TLVs = 0, []pdu.TLV{{Tag: pdu.TagReceiptedMessageID, Value: []byte("m2")}, pdu.Octet(pdu.TagMessageState, 2)}
	if got := conn.acknowledged(conn.deliver(s)); got != pdu.OK {
		t.Error(got)
	}
	if got := await(t, a.reports, "report"); got.ID != "m2" {
		t.Errorf("%+v", got)
	}
}

func TestWhatNobodyTakesIsRefused(t *testing.T) {
	_, _, conn, _ := link(t, func(c *Config) { c.Receiver, c.USSD = nil, nil })
	if got := conn.acknowledged(conn.deliver(from("BAL"))); got != pdu.Rejected {
		t.Error(got)
	}
	if got := conn.acknowledged(conn.deliver(dialPDU("*384*2050#"))); got != pdu.Rejected {
		t.Error(got)
	}
}

func TestAFloodIsPutOff(t *testing.T) {
	l, _, conn, a := link(t, nil)
	release := make(chan struct{})
	blocked := &blocking{app: a, release: release}
	l.config.Receiver = blocked
	for range maxMessages {
		conn.deliver(from("BAL"))
	}
	over := conn.deliver(from("BAL"))
	if got := conn.acknowledged(over); got != pdu.QueueFull {
		t.Error(got)
	}
	// Turns have places of their own.
	if got := conn.acknowledged(conn.deliver(dialPDU("*384*2050#"))); got != pdu.OK {
		t.Error(got)
	}
	close(release)
	for range maxMessages {
		if p := await(t, conn.answers, "answer"); p.Status != pdu.OK {
			t.Error(p.Status)
		}
	}
}

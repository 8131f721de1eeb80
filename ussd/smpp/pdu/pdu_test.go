package pdu

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unhex joins hexadecimal words.
func unhex(t testing.TB, words string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(strings.Join(strings.Fields(words), ""))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

var table = []struct {
	name  string
	words string
	want  PDU
}{
	// The example of the specification, 3.2.1.2: a bind_transmitter with sequence number 1.
	{"bind_transmitter of the specification",
		"0000002F 00000002 00000000 00000001 534D50503354455354 00 7365637265743038 00 5355424D495431 00 34 01 01 00",
		PDU{BindTransmitter, OK, 1, &Bind{SystemID: "SMPP3TEST", Password: "secret08", SystemType: "SUBMIT1", InterfaceVersion: 0x34,
			Range: Address{TON: 1, NPI: 1}}}},
	{"bind_transceiver_resp with the version of the peer",
		"0000001A 80000009 00000000 00000007 534D534300 0210 0001 34",
		PDU{BindTransceiverResp, OK, 7, &BindResp{SystemID: "SMSC", TLVs: []TLV{Octet(TagSCInterfaceVersion, 0x34)}}}},
	{"a refused bind has no body", "00000010 80000009 0000000E 00000007", PDU{BindTransceiverResp, InvalidPassword, 7, nil}},
	{"submit_sm", "00000033 00000004 00000000 00000002 00 0000 3230353000 0101 323534373131303030303031 00 00 00 00 00 00 01 00 00 00 02 6869",
		PDU{SubmitSM, OK, 2, &Short{Source: Address{Digits: "2050"}, Destination: Address{1, 1, "254711000001"}, RegisteredDelivery: 1,
			Message: []byte("hi")}}},
	{"deliver_sm that dials", "00000049 00000005 00000000 00000009 5553534400 0101 323534373131303030303031 00 0000 33383400 00 00 00 00 00 00 00 00 00 0A 2A3338342A3230353023" +
		" 0501 0001 01 1383 0002 1234",
		PDU{DeliverSM, OK, 9, &Short{ServiceType: "USSD", Source: Address{1, 1, "254711000001"}, Destination: Address{Digits: "384"},
			Message: []byte("*384*2050#"), TLVs: []TLV{Octet(TagUSSDServiceOp, 1), Pair(TagITSSessionInfo, 0x1234)}}}},
	{"submit_sm_resp", "00000016 80000004 00000000 00000002 6131623263 00", PDU{SubmitSMResp, OK, 2, &ShortResp{MessageID: "a1b2c"}}},
	{"submit_sm_resp without a body", "00000010 80000004 00000000 00000002", PDU{SubmitSMResp, OK, 2, nil}},
	{"deliver_sm_resp", "00000011 80000005 00000014 00000009 00", PDU{DeliverSMResp, QueueFull, 9, &ShortResp{}}},
	{"enquire_link", "00000010 00000015 00000000 00000003", PDU{EnquireLink, OK, 3, nil}},
	{"unbind_resp", "00000010 80000006 00000000 00000003", PDU{UnbindResp, OK, 3, nil}},
	{"generic_nack", "00000010 80000000 00000002 00000000", PDU{GenericNack, InvalidCommandLen, 0, nil}},
	{"a command that is not known keeps its body", "00000012 00000103 00000000 00000004 ABCD", PDU{Command(0x103), OK, 4, Raw{0xAB, 0xCD}}},
}

func TestPDUsAreTheirOctetsAndBack(t *testing.T) {
	for _, c := range table {
		octets := unhex(t, c.words)
		got, err := Decode(octets)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		again, err := Append(nil, c.want)
		if err != nil || !bytes.Equal(again, octets) {
			t.Errorf("%s: wrote %x, %v", c.name, again, err)
		}
		read, err := Read(bytes.NewReader(append(octets, 0xFF)))
		if err != nil || !bytes.Equal(read, octets) {
			t.Errorf("%s: read %x, %v", c.name, read, err)
		}
	}
}

// deliver is a deliver_sm with TLVs given in hexadecimal behind it.
func deliver(t testing.TB, tlvs string) []byte {
	octets, err := Append(nil, PDU{Command: DeliverSM, Sequence: 5, Body: &Short{Source: Address{1, 1, "254711000001"}, Message: []byte("BAL")}})
	if err != nil {
		t.Fatal(err)
	}
	octets = append(octets, unhex(t, tlvs)...)
	binary.BigEndian.PutUint32(octets, uint32(len(octets)))
	return octets
}

func TestMalformedBodiesAreRefusedWithTheirField(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets []byte
		says   string
	}{
		{"a text that does not end", unhex(t, "00000014 00000009 00000000 00000001 41424344"), "system_id does not end"},
		{"a text that is too long", unhex(t, "00000022 00000009 00000000 00000001 "+strings.Repeat("41", 17)+"00"), "system_id has more than 15"},
		{"a body that stops", unhex(t, "00000013 00000005 00000000 00000001 000101"), "source_addr does not end"},
		{"no body", unhex(t, "00000010 00000005 00000000 00000001"), "service_type does not end"},
		{"a message shorter than its length", deliver(t, "")[:len(deliver(t, ""))-1], "short_message"},
		{"octets behind a command without a body", unhex(t, "00000011 00000015 00000000 00000001 00"), "after the end"},
		{"a TLV that stops in its header", deliver(t, "0501 00"), "does not end"},
		{"a TLV that reaches past the end", deliver(t, "0501 0001"), "0x0501"},
		{"a TLV of another size", deliver(t, "0501 0002 0101"), "0x0501 has 2 octets"},
		{"a TLV that is there twice", deliver(t, "0501 0001 01 0501 0001 02"), "0x0501 is there twice"},
		{"too many TLVs", deliver(t, strings.Repeat("1400 0001 01", 65)), "more than 64"},
	} {
		binary.BigEndian.PutUint32(c.octets, uint32(len(c.octets)))
		p, err := Decode(c.octets)
		if !errors.Is(err, ErrBody) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if p.Body != nil || p.Sequence == 0 {
			t.Errorf("%s: %+v cannot be answered, or has a body", c.name, p)
		}
		if err != nil && strings.Contains(err.Error(), "254711000001") {
			t.Errorf("%s: the error repeats a number", c.name)
		}
	}
	if _, err := Decode(deliver(t, "1400 0001 01 1400 0001 02")); err != nil {
		t.Errorf("tags that are not known may repeat: %v", err)
	}
}

func TestReadRefusesLengthsOutOfBounds(t *testing.T) {
	for words, want := range map[string]error{
		"0000000F 00000015 00000000 000000":   ErrLength,
		"00000000":                            ErrLength,
		"00004001":                            ErrLength,
		"FFFFFFFF":                            ErrLength,
		"48545450 2F312E31":                   ErrLength, // "HTTP/1.1"
		"":                                    io.EOF,
		"0000":                                io.ErrUnexpectedEOF,
		"00000010 00000015":                   io.ErrUnexpectedEOF,
		"00000010 00000015 00000000 00000001": nil,
	} {
		if _, err := Read(bytes.NewReader(unhex(t, words))); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", words, err, want)
		}
	}
}

func TestAppendRefusesFieldsOutOfBounds(t *testing.T) {
	long := strings.Repeat("1", 70)
	for name, body := range map[string]Body{
		"system_id":      &Bind{SystemID: long},
		"password":       &Bind{Password: "123456789"},
		"a NUL":          &Bind{SystemID: "a\x00b"},
		"address":        &Short{Destination: Address{Digits: long}},
		"short_message":  &Short{Message: make([]byte, 255)},
		"service_type":   &Short{ServiceType: "USSDUSSD"},
		"message_id":     &ShortResp{MessageID: long},
		"a TLV":          &Short{TLVs: []TLV{{TagMessagePayload, make([]byte, MaxLength+1)}}},
		"all of the PDU": &Short{TLVs: []TLV{{TagMessagePayload, make([]byte, MaxLength)}}},
	} {
		if _, err := Append(nil, PDU{Command: SubmitSM, Body: body}); !errors.Is(err, ErrField) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCommandsAndStatusesHaveTheirNames(t *testing.T) {
	for got, want := range map[string]string{
		SubmitSM.Response().String(): "submit_sm_resp", Command(0x103).String(): "command 0x00000103",
		Throttled.String(): "ESME_RTHROTTLED", Status(0x400).String(): "status 0x400",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Whatever is taken is written back to the octet, and nothing makes it panic.
func FuzzDecode(f *testing.F) {
	for _, c := range table {
		f.Add(unhex(f, c.words))
	}
	f.Add(deliver(f, "0424 0003 414243 0204 0001 07"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		if len(octets) >= 4 {
			binary.BigEndian.PutUint32(octets, uint32(len(octets)))
		}
		p, err := Decode(octets)
		if err != nil {
			if p.Body != nil || !(errors.Is(err, ErrBody) || errors.Is(err, ErrLength)) {
				t.Fatalf("%x: %+v, %v", octets, p, err)
			}
			return
		}
		again, err := Append(nil, p)
		if err != nil || !bytes.Equal(again, octets) {
			t.Fatalf("%x was read as %+v and written as %x (%v)", octets, p, again, err)
		}
	})
}

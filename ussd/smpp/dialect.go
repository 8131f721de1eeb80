package smpp

import (
	"fmt"
	"slices"
)

// Values of ussd_service_op (SMPP 5.0, 4.8.4.64).
const (
	opPSSRIndication uint8 = 1
	opUSSRRequest    uint8 = 2
	opPSSRResponse   uint8 = 17
	opUSSRConfirm    uint8 = 18
	// opRelease is a vendor's: the session was ended.
	opRelease uint8 = 0x81
)

// SessionKey says which optional parameter tells one session from another, beside the phone number.
type SessionKey string

const (
	// KeySessionInfo is its_session_info without its lowest bit, the end flag.
	KeySessionInfo SessionKey = "its_session_info"
	// KeyMessageReference is user_message_reference, returned as it came. It has no end flag.
	KeyMessageReference SessionKey = "user_message_reference"
)

// Dialect is how an operator does USSD over SMPP, which the specification leaves open.
type Dialect struct {
	Name string
	// Start, Answer and Abort are the values of ussd_service_op with which a session begins, goes on and is ended by the peer.
	Start, Answer, Abort []uint8
	// Continue and End are ours, for a screen that wants an answer and for the last one.
	Continue, End uint8
	Key           SessionKey
	// EndFlag says that the lowest bit of its_session_info ends a session, both ways.
	EndFlag bool
	// Source and Date say where this was read, Confirmed whether it was seen with the operator itself.
	Source    string
	Date      string
	Confirmed bool
	// Doubt is what to look at first against the real operator.
	Doubt string
}

// dialects are the ones that are known, by name. The values were read in Vumi's processors for these operators. For the end
// of a session Vumi's sixdee and mica send 0x17, which is 17 read as hexadecimal: its own correction of mica (pull request
// 882) lists "17 (0x11) PSSR response // END", and 0x11 is the specification's.
var dialects = []Dialect{
	{Name: "default", Start: []uint8{opPSSRIndication}, Answer: []uint8{opUSSRRequest, opUSSRConfirm},
		Abort: []uint8{opPSSRResponse}, Continue: opUSSRRequest, End: opUSSRRequest, Key: KeySessionInfo, EndFlag: true,
		Source: "praekelt/vumi vumi/transports/smpp/processors/default.py (Tata)", Date: "2020-11-16",
		Doubt: "whether an abort comes as operation 17 or as the end flag"},
	{Name: "sixdee", Start: []uint8{opPSSRIndication}, Answer: []uint8{opUSSRConfirm}, Abort: []uint8{opRelease},
		Continue: opUSSRRequest, End: opPSSRResponse, Key: KeySessionInfo, EndFlag: true,
		Source: "praekelt/vumi vumi/transports/smpp/processors/sixdee.py (6D)", Date: "2016-07-25",
		Doubt: "the operation that ends a session: 0x11 here, 0x17 in the source"},
	{Name: "mica", Start: []uint8{opPSSRIndication}, Answer: []uint8{opUSSRConfirm}, Abort: []uint8{opRelease},
		Continue: opUSSRRequest, End: opPSSRResponse, Key: KeyMessageReference,
		Source: "praekelt/vumi vumi/transports/smpp/processors/mica.py, pull request 882", Date: "2014-12-05",
		Doubt: "the operation that ends a session: 0x11 here, 0x17 in the source's code"},
}

// DialectNamed returns a dialect that is known: default (also called tata), sixdee or mica.
func DialectNamed(name string) (Dialect, error) {
	if name == "tata" || name == "" {
		name = "default"
	}
	for _, d := range dialects {
		if d.Name == name {
			return d, nil
		}
	}
	return Dialect{}, fmt.Errorf("%w: USSD dialect is default, sixdee or mica", ErrConfig)
}

// Dialects lists the dialects that are known.
func Dialects() []Dialect { return slices.Clone(dialects) }

func (d Dialect) check() error {
	switch {
	case d.Name == "" || len(d.Start) == 0 || len(d.Answer) == 0:
		return fmt.Errorf("%w: USSD.Dialect has a name and operations to start and answer", ErrConfig)
	case d.Key != KeySessionInfo && d.Key != KeyMessageReference:
		return fmt.Errorf("%w: USSD.Dialect.Key is its_session_info or user_message_reference", ErrConfig)
	case d.EndFlag && d.Key != KeySessionInfo:
		return fmt.Errorf("%w: USSD.Dialect.EndFlag is a bit of its_session_info", ErrConfig)
	case !d.EndFlag && d.End == d.Continue:
		return fmt.Errorf("%w: USSD.Dialect.End differs from Continue where no flag ends a session", ErrConfig)
	}
	return nil
}

// Fact says where a wire form was read, and whether it was seen with the operator itself.
type Fact struct {
	// Name is the one in configurations: smpp for SMS, and smpp/ with a dialect's name for USSD.
	Name         string
	Source, Date string
	Confirmed    bool
	// Doubt is what to look at first against the real operator.
	Doubt string
}

// Facts are those of SMS over SMPP and of each dialect of USSD.
func Facts() []Fact {
	facts := []Fact{{Name: "smpp", Source: "SMPP Protocol Specification v3.4, issue 1.2; conversations with npm smpp 0.5.1",
		Date: "2026-11", Confirmed: true, Doubt: "default alphabet, form of message ids in receipts, number types"}}
	for _, d := range dialects {
		facts = append(facts, Fact{Name: "smpp/" + d.Name, Source: d.Source, Date: d.Date, Confirmed: d.Confirmed, Doubt: d.Doubt})
	}
	return facts
}

package smpp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

// replyWait bounds how long a reply may wait for the link and the peer's answer.
const replyWait = 10 * time.Second

// turn answers a deliver_sm with ussd_service_op.
func (l *Link) turn(short *pdu.Short, op uint8, s *session, p pdu.PDU) pdu.Status {
	u := l.config.USSD
	if u == nil {
		return pdu.Rejected
	}
	at := time.Now()
	d, err := u.Dialect.read(short, op)
	if err != nil {
		l.log.Warn("USSD message cannot be read", "error", err)
		return pdu.InvalidTLVValue
	}
	phone, err := l.phone(short.Source)
	if err != nil {
		l.log.Warn("USSD message is from no phone number", "error", err)
		return pdu.InvalidSource
	}
	turn := ussd.Turn{Aggregator: "smpp/" + l.config.Name, SessionID: d.session(), Phone: phone, ServiceCode: u.ServiceCode, Screen: u.Screen}
	if u.Patience > 0 {
		turn.Deadline = at.Add(u.Patience)
	}
	key := dialKey{phone: phone, number: d.number}
	switch d.event {
	case eventAbort:
		l.dialogs.end(key)
		u.Service.Ended(l.work, turn)
		return pdu.OK
	case eventDial:
		input, err := l.dialled(short)
		if err != nil {
			l.log.Warn("USSD dial is not served", "phone", phone, "error", err)
			return pdu.InvalidDestination
		}
		turn.Last = &ussd.LastInput{Input: input, First: true, Request: l.dialogs.dial(key, at)}
	default:
		l.dialogs.end(key)
		turn.Last = &ussd.LastInput{Input: l.typed(short, phone)}
	}
	reply, err := u.Service.Handle(l.work, turn)
	if err != nil {
		l.log.Error("turn was not completed", "phone", phone, "error", err)
	}
	l.settle(s, p, pdu.OK)
	if err := l.reply(short, d, reply); err != nil {
		l.log.Error("USSD reply was not sent", "phone", phone, "error", err)
	} else if reply.End {
		l.dialogs.end(key)
	}
	return settled
}

// reply sends a screen.
func (l *Link) reply(to *pdu.Short, d dialog, reply ussd.Reply) error {
	body := &pdu.Short{ServiceType: to.ServiceType, Source: to.Destination, Destination: to.Source}
	var ok bool
	body.DataCoding = l.config.USSD.DataCoding
	if body.Message, ok = l.config.Alphabet.encode(l.config.Alphabet.plain(reply.Text)); !ok {
		body.DataCoding, body.Message = codingUCS2, encodeUCS2(unitsOf(reply.Text))
	}
	body.TLVs = l.config.USSD.Dialect.write(d, reply.End)
	ctx, cancel := context.WithTimeout(l.work, replyWait)
	defer cancel()
	_, err := l.submit(ctx, body)
	return err
}

// event is what a peer tells of a session.
type event int

const (
	eventAnswer event = iota
	eventDial
	eventAbort
)

// dialog is the peer's side of a turn.
type dialog struct {
	event event
	// number tells the sessions of one phone from each other, and is all of the parameter that is returned, without the end flag.
	number uint16
	// info is its_session_info where the session goes by another parameter and the peer sends it all the same.
	info []byte
	// width is how many octets the parameter has.
	width int
}

// session is the id of the session.
func (d dialog) session() string { return fmt.Sprintf("%04x", d.number) }

// read tells what a message says of its session.
func (d Dialect) read(short *pdu.Short, op uint8) (dialog, error) {
	tag := pdu.TagITSSessionInfo
	if d.Key == KeyMessageReference {
		tag = pdu.TagUserMessageReference
	}
	value, ok := pdu.Find(short.TLVs, tag)
	if !ok {
		return dialog{}, fmt.Errorf("%w: %s is missing", ErrText, d.Key)
	}
	at := dialog{width: len(value)}
	for _, octet := range value {
		at.number = at.number<<8 | uint16(octet)
	}
	ended := d.EndFlag && at.number&1 == 1
	if d.EndFlag {
		at.number &^= 1
	}
	if d.Key != KeySessionInfo {
		at.info, _ = pdu.Find(short.TLVs, pdu.TagITSSessionInfo)
	}
	switch {
	case ended || slices.Contains(d.Abort, op):
		at.event = eventAbort
	case slices.Contains(d.Start, op):
		at.event = eventDial
	case !slices.Contains(d.Answer, op):
		return dialog{}, fmt.Errorf("%w: ussd_service_op %#02x is not of dialect %s", ErrText, op, d.Name)
	}
	return at, nil
}

// write makes the parameters of a reply.
func (d Dialect) write(to dialog, end bool) []pdu.TLV {
	op, number := d.Continue, to.number
	if end {
		op = d.End
		if d.EndFlag {
			number |= 1
		}
	}
	tlvs := []pdu.TLV{pdu.Octet(pdu.TagUSSDServiceOp, op)}
	switch {
	case d.Key == KeySessionInfo:
		return append(tlvs, pdu.Pair(pdu.TagITSSessionInfo, number))
	case to.width == 1:
		tlvs = append(tlvs, pdu.Octet(pdu.TagUserMessageReference, uint8(number)))
	default:
		tlvs = append(tlvs, pdu.Pair(pdu.TagUserMessageReference, number))
	}
	if to.info != nil {
		tlvs = append(tlvs, pdu.TLV{Tag: pdu.TagITSSessionInfo, Value: to.info})
	}
	return tlvs
}

// dialled is what was dialled behind the service code. Its errors do not repeat it.
func (l *Link) dialled(short *pdu.Short) (pin.Secret, error) {
	u := l.config.USSD
	text := short.Destination.Digits
	if !u.CodeInDestination {
		octets, _, err := content(short)
		if err == nil {
			text, err = decode(octets, short.DataCoding, l.config.Alphabet)
		}
		if err != nil {
			return pin.Secret{}, err
		}
		if strings.TrimSpace(text) == "" {
			text = short.Destination.Digits // The code alone; some peers leave the text empty then.
		}
	}
	bare, _ := bareCode(text)
	code, _ := bareCode(u.ServiceCode)
	rest, ok := strings.CutPrefix(bare, code)
	if !ok || (rest != "" && rest[0] != '*') {
		return pin.Secret{}, fmt.Errorf("%w: another code than %s was dialled", ErrText, u.ServiceCode)
	}
	return pin.NewSecret(strings.TrimPrefix(rest, "*")), nil
}

// typed is an answer. One that cannot be read is empty: the person sees the same screen again.
func (l *Link) typed(short *pdu.Short, phone ussd.Phone) pin.Secret {
	octets, _, err := content(short)
	var text string
	if err == nil {
		text, err = decode(octets, short.DataCoding, l.config.Alphabet)
	}
	if err != nil {
		l.log.Warn("USSD answer cannot be read", "phone", phone, "error", err)
		return pin.NewSecret("")
	}
	return pin.NewSecret(strings.TrimRight(text, "\r\n")) // A CR fills up the last septet of a USSD string.
}

// bareCode is a dialled string without the star before it and the # behind it, and whether it is a code.
func bareCode(text string) (string, bool) {
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), "*"), "#")
	for _, field := range strings.Split(bare, "*") {
		if !digits(field) {
			return bare, false
		}
	}
	return bare, true
}

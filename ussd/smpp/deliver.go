package smpp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

const (
	// maxTurns and maxMessages bound what is under way. A turn can wait for the ledger, a message only for the store.
	maxTurns    = 512
	maxMessages = 32
	// storeWait bounds how long a message or receipt may take to be stored.
	storeWait = 8 * time.Second
)

// take gets what the peer delivers. It never waits: the session's reader calls it, and the answers that turns wait for come
// by the same way.
func (l *Link) take(s *session, p pdu.PDU, malformed error) {
	if malformed != nil {
		l.log.Warn("SMPP message is malformed", "error", malformed)
		l.settle(s, p, pdu.InvalidTLVStream)
		return
	}
	short, ok := p.Body.(*pdu.Short)
	if !ok {
		l.settle(s, p, pdu.InvalidCommandLen)
		return
	}
	op, isUSSD := pdu.Find(short.TLVs, pdu.TagUSSDServiceOp)
	places, handle := l.messages, func() pdu.Status { return l.message(short) }
	if isUSSD {
		places, handle = l.turns, func() pdu.Status { return l.turn(short, op[0], s, p) }
	}
	if !l.begin(places) {
		l.settle(s, p, pdu.QueueFull)
		return
	}
	go func() {
		defer l.underWay.Done()
		defer func() { <-places }()
		l.settle(s, p, handle())
	}()
}

// begin finds a place for one more under way. There is none when all are taken, or the link ends.
func (l *Link) begin(places chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		return false
	}
	select {
	case places <- struct{}{}:
		l.underWay.Add(1)
		return true
	default:
		return false
	}
}

// settled is what a handler returns that has acknowledged what it handled. No peer is told it: the specification reserves it.
const settled pdu.Status = 0xFFFFFFFF

// settle acknowledges a deliver_sm, or says why not.
func (l *Link) settle(s *session, p pdu.PDU, status pdu.Status) {
	switch status {
	case settled:
		return
	case pdu.OK:
		l.counts.delivered.Add(1)
	case pdu.QueueFull, pdu.TemporaryError:
		l.counts.putOff.Add(1)
	default:
		l.counts.refused.Add(1)
	}
	answer := p.Response(status)
	answer.Body = &pdu.ShortResp{} // message_id is unused here and has to be there.
	s.respond(answer)
}

// message takes a message or a delivery receipt.
func (l *Link) message(short *pdu.Short) pdu.Status {
	octets, at, err := content(short)
	if err != nil {
		l.log.Warn("SMPP message cannot be read", "error", err)
		return pdu.Rejected
	}
	if isReceipt(short) {
		return l.receipt(short, octets)
	}
	if l.config.Receiver == nil {
		return pdu.Rejected
	}
	from, err := l.phone(short.Source)
	if err != nil {
		l.log.Warn("SMPP message is from no phone number", "error", err)
		return pdu.InvalidSource
	}
	key := partsKey{from: string(from), to: short.Destination.Digits, reference: at.reference, total: at.total, coding: short.DataCoding}
	if at != single {
		whole, dropped := l.joiner.add(key, at.number, octets)
		if dropped > 0 {
			l.log.Warn("SMPP messages were dropped whose other parts did not come", "messages", dropped)
		}
		if whole == nil {
			return pdu.OK
		}
		octets = whole
	}
	status := l.receive(from, short, octets)
	if at != single && status != pdu.TemporaryError {
		l.joiner.taken(key)
	}
	return status
}

// receive hands on a whole message.
func (l *Link) receive(from ussd.Phone, short *pdu.Short, octets []byte) pdu.Status {
	text, err := decode(octets, short.DataCoding, l.config.Alphabet)
	if err != nil {
		l.log.Warn("SMPP message cannot be read", "from", from, "error", err)
		return pdu.Rejected
	}
	ctx, cancel := context.WithTimeout(l.work, storeWait)
	defer cancel()
	// A peer gives a message no id, and its sequence number is another one when it delivers again.
	err = l.config.Receiver.Receive(ctx, sms.Inbound{Route: l.config.Name, From: from, To: short.Destination.Digits, Text: text, At: time.Now()})
	if err != nil {
		l.log.Error("SMS was not taken", "from", from, "error", err)
		return pdu.TemporaryError
	}
	return pdu.OK
}

// receipt hands on a delivery receipt. One that cannot be read is acknowledged: it would be the same the next time.
func (l *Link) receipt(short *pdu.Short, octets []byte) pdu.Status {
	report, ok := receipt(short, octets, l.config.MessageIDs)
	if !ok {
		l.log.Warn("SMPP delivery receipt names no message or no state")
		return pdu.OK
	}
	if l.config.Reports == nil {
		return pdu.OK
	}
	report.Route = l.config.Name
	ctx, cancel := context.WithTimeout(l.work, storeWait)
	defer cancel()
	err := l.config.Reports.Report(ctx, report)
	switch {
	case errors.Is(err, sms.ErrReport):
		l.log.Warn("delivery report was refused", "error", err)
	case err != nil:
		l.log.Error("delivery report was not taken", "error", err)
		return pdu.TemporaryError
	}
	return pdu.OK
}

var errSource = errors.New("source address is alphanumeric, or national without a CountryCode")

// phone is a source address in E.164 form. Peers write them with a plus, without one, and nationally.
func (l *Link) phone(a pdu.Address) (ussd.Phone, error) {
	number := strings.TrimPrefix(a.Digits, "+")
	national, zero := strings.CutPrefix(number, "0")
	switch {
	case !digits(number) || a.TON == 5:
		return "", errSource
	case strings.HasPrefix(number, "00"):
		number = number[2:]
	case zero || a.TON == 2:
		if l.config.CountryCode == "" {
			return "", errSource
		}
		number = l.config.CountryCode + national
	}
	return ussd.ParsePhone("+" + number)
}

package pdu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// HeaderLength is the length of a header.
	HeaderLength = 16
	// MaxLength bounds a PDU. The longest message that is sent has less than a tenth.
	MaxLength = 16 << 10
	// MaxTLVs bounds the optional parameters of a PDU.
	MaxTLVs = 64
)

var (
	// ErrLength means that a command_length is below 16 or above MaxLength: where the next PDU begins is not known.
	ErrLength = errors.New("smpp: command_length out of bounds")
	// ErrBody means that a body breaks the form of its command; the PDU after it can be read.
	ErrBody = errors.New("smpp: malformed body")
	// ErrField means that a field to be written is longer than the specification lets it be, or holds a NUL.
	ErrField = errors.New("smpp: field out of bounds")
)

// PDU is one protocol data unit.
type PDU struct {
	Command  Command
	Status   Status
	Sequence uint32
	Body     Body
}

// Response makes the response to p, without a body.
func (p PDU) Response(status Status) PDU {
	return PDU{Command: p.Command.Response(), Status: status, Sequence: p.Sequence}
}

// Nack makes a generic_nack to p.
func (p PDU) Nack(status Status) PDU {
	return PDU{Command: GenericNack, Status: status, Sequence: p.Sequence}
}

// Read takes the octets of one PDU from a connection. An error other than ErrLength is the connection's; io.EOF means that
// it ended between two PDUs.
func Read(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < HeaderLength || n > MaxLength {
		return nil, fmt.Errorf("%w: %d", ErrLength, n)
	}
	octets := make([]byte, n)
	copy(octets, length[:])
	if _, err := io.ReadFull(from, octets[4:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return octets, nil
}

// Decode reads the octets of one PDU. When the error is ErrBody, the PDU has its header, so that it can be answered.
func Decode(octets []byte) (PDU, error) {
	if len(octets) < HeaderLength || len(octets) > MaxLength || binary.BigEndian.Uint32(octets) != uint32(len(octets)) {
		return PDU{}, fmt.Errorf("%w: %d octets", ErrLength, len(octets))
	}
	p := PDU{Command: Command(binary.BigEndian.Uint32(octets[4:])), Status: Status(binary.BigEndian.Uint32(octets[8:])),
		Sequence: binary.BigEndian.Uint32(octets[12:])}
	r := &reader{rest: octets[HeaderLength:]}
	body := p.Command.read(r)
	if r.err == nil && len(r.rest) > 0 {
		r.fail("octets after the end")
	}
	if r.err != nil {
		return p, fmt.Errorf("%w: %s: %w", ErrBody, p.Command, r.err)
	}
	p.Body = body
	return p, nil
}

// read reads the body of a command.
func (c Command) read(r *reader) Body {
	_, named := commandNames[c]
	switch {
	case !named:
		raw := Raw(r.octets("body", len(r.rest)))
		if len(raw) == 0 {
			return nil
		}
		return raw
	case len(r.rest) == 0 && c.IsResponse():
		return nil // Whatever the command: responses with an error have no body, and some without one neither.
	}
	switch c {
	case BindReceiver, BindTransmitter, BindTransceiver:
		return readBind(r)
	case BindReceiverResp, BindTransmitterResp, BindTransceiverResp:
		return readBindResp(r)
	case SubmitSM, DeliverSM:
		return readShort(r)
	case SubmitSMResp, DeliverSMResp:
		return readShortResp(r)
	}
	return nil
}

// Append writes a PDU behind to.
func Append(to []byte, p PDU) ([]byte, error) {
	start := len(to)
	to = append(to, 0, 0, 0, 0)
	to = binary.BigEndian.AppendUint32(to, uint32(p.Command))
	to = binary.BigEndian.AppendUint32(to, uint32(p.Status))
	to = binary.BigEndian.AppendUint32(to, p.Sequence)
	w := &writer{to: to}
	if p.Body != nil {
		p.Body.append(w)
	}
	if len(w.to)-start > MaxLength {
		w.fail("PDU", MaxLength)
	}
	if w.err != nil {
		return nil, fmt.Errorf("write %s: %w", p.Command, w.err)
	}
	binary.BigEndian.PutUint32(w.to[start:], uint32(len(w.to)-start))
	return w.to, nil
}

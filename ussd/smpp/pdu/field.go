package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// reader takes fields off a body until the first that is wrong. Its errors name the field and the rule and nothing of
// what was sent.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.rest = nil
}

func (r *reader) octet(field string) uint8 {
	if len(r.rest) == 0 {
		r.fail("%s is missing", field)
		return 0
	}
	value := r.rest[0]
	r.rest = r.rest[1:]
	return value
}

// octets copies, so that what is kept of a PDU does not keep all of it.
func (r *reader) octets(field string, n int) []byte {
	if n > len(r.rest) {
		r.fail("%s has fewer octets than its length", field)
		return nil
	}
	if n == 0 {
		return nil
	}
	value := bytes.Clone(r.rest[:n])
	r.rest = r.rest[n:]
	return value
}

func (r *reader) text(field string, most int) string {
	end := bytes.IndexByte(r.rest, 0)
	switch {
	case end > most || (end < 0 && len(r.rest) > most):
		r.fail("%s has more than %d octets", field, most)
		return ""
	case end < 0:
		r.fail("%s does not end", field)
		return ""
	}
	value := string(r.rest[:end])
	r.rest = r.rest[end+1:]
	return value
}

func (r *reader) address(field string) Address {
	return Address{TON: r.octet(field + "_ton"), NPI: r.octet(field + "_npi"), Digits: r.text(field, maxAddress)}
}

// tlvs reads to the end.
func (r *reader) tlvs() (tlvs []TLV) {
	for len(r.rest) > 0 {
		if len(r.rest) < 4 {
			r.fail("optional parameter does not end")
			return nil
		}
		tag, length := Tag(binary.BigEndian.Uint16(r.rest)), int(binary.BigEndian.Uint16(r.rest[2:]))
		r.rest = r.rest[4:]
		if size, ok := known[tag]; ok {
			if _, twice := Find(tlvs, tag); twice {
				r.fail("optional parameter %#04x is there twice", uint16(tag))
				return nil
			}
			if length < size.least || length > size.most {
				r.fail("optional parameter %#04x has %d octets", uint16(tag), length)
				return nil
			}
		}
		if len(tlvs) == MaxTLVs {
			r.fail("more than %d optional parameters", MaxTLVs)
			return nil
		}
		tlvs = append(tlvs, TLV{Tag: tag, Value: r.octets(fmt.Sprintf("optional parameter %#04x", uint16(tag)), length)})
	}
	return tlvs
}

// writer puts fields behind each other until the first that is wrong.
type writer struct {
	to  []byte
	err error
}

func (w *writer) fail(field string, most int) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: %s has more than %d octets", ErrField, field, most)
	}
}

func (w *writer) octet(value uint8) { w.to = append(w.to, value) }

func (w *writer) octets(value []byte) { w.to = append(w.to, value...) }

func (w *writer) text(field, value string, most int) {
	if len(value) > most {
		w.fail(field, most)
		return
	}
	if strings.IndexByte(value, 0) >= 0 && w.err == nil {
		w.err = fmt.Errorf("%w: %s holds a NUL", ErrField, field)
	}
	w.to = append(append(w.to, value...), 0)
}

func (w *writer) address(field string, value Address) {
	w.octet(value.TON)
	w.octet(value.NPI)
	w.text(field, value.Digits, maxAddress)
}

func (w *writer) tlvs(tlvs []TLV) {
	for _, t := range tlvs {
		if len(t.Value) > MaxLength {
			w.fail("optional parameter", MaxLength)
			return
		}
		w.to = binary.BigEndian.AppendUint16(w.to, uint16(t.Tag))
		w.to = binary.BigEndian.AppendUint16(w.to, uint16(len(t.Value)))
		w.octets(t.Value)
	}
}

package smpp

import (
	"bytes"
	"container/list"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
)

// Elements of a user data header (TS 23.040, 9.2.3.24).
const (
	headerConcat8  = 0x00
	headerConcat16 = 0x08
)

const (
	// maxIncomplete bounds the messages that wait for parts, maxPart the octets of one, and incompleteFor how long it waits.
	maxIncomplete = 1024
	maxPart       = 255
	incompleteFor = 10 * time.Minute
)

// place is where a part belongs.
type place struct {
	reference     uint16
	total, number uint8
}

// single is the place of a message of one part.
var single = place{total: 1, number: 1}

// content takes the text of a message, and its place if it is a part of a longer one. A header or parameters that make no
// sense are an error.
func content(s *pdu.Short) (octets []byte, at place, err error) {
	octets = s.Message
	if payload, ok := pdu.Find(s.TLVs, pdu.TagMessagePayload); ok {
		if len(octets) > 0 {
			return nil, single, fmt.Errorf("%w: both short_message and message_payload", ErrText)
		}
		octets = payload
	}
	at = single
	if s.ESMClass&pdu.ESMHeader != 0 {
		if len(octets) == 0 || int(octets[0]) >= len(octets) {
			return nil, single, fmt.Errorf("%w: user data header does not end", ErrText)
		}
		header := octets[1 : 1+int(octets[0])]
		octets = octets[1+int(octets[0]):]
		if at, err = headerPlace(header); err != nil {
			return nil, single, err
		}
	}
	if reference, ok := pdu.Find(s.TLVs, pdu.TagSARReference); ok && at == single {
		total, ok := pdu.Find(s.TLVs, pdu.TagSARTotal)
		number, ok2 := pdu.Find(s.TLVs, pdu.TagSARNumber)
		if !ok || !ok2 {
			return nil, single, fmt.Errorf("%w: sar_msg_ref_num without its total or number", ErrText)
		}
		at = place{reference: uint16(reference[0])<<8 | uint16(reference[1]), total: total[0], number: number[0]}
	}
	if at != single && len(octets) > maxPart {
		return nil, single, fmt.Errorf("%w: part of more than %d octets", ErrText, maxPart)
	}
	if at.total == 0 || at.total > maxParts || at.number == 0 || at.number > at.total {
		return nil, single, fmt.Errorf("%w: part %d of %d, the most is %d", ErrText, at.number, at.total, maxParts)
	}
	return octets, at, nil
}

// headerPlace finds the element of concatenation in a user data header.
func headerPlace(header []byte) (place, error) {
	for len(header) > 0 {
		if len(header) < 2 || len(header) < 2+int(header[1]) {
			return single, fmt.Errorf("%w: element of the user data header does not end", ErrText)
		}
		element, value := header[0], header[2:2+int(header[1])]
		header = header[2+int(header[1]):]
		switch {
		case element == headerConcat8 && len(value) == 3:
			return place{reference: uint16(value[0]), total: value[1], number: value[2]}, nil
		case element == headerConcat16 && len(value) == 4:
			return place{reference: uint16(value[0])<<8 | uint16(value[1]), total: value[2], number: value[3]}, nil
		}
	}
	return single, nil
}

// partsKey tells one long message from another.
type partsKey struct {
	from, to  string
	reference uint16
	total     uint8
	coding    uint8
}

// joined is a message in parts.
type joined struct {
	key   partsKey
	parts [][]byte
	have  int
	since time.Time
	// taken means that the message was handed on; it stays to know its parts when they are delivered again.
	taken bool
}

// joiner puts parts together.
type joiner struct {
	// mu guards what follows, for moments.
	mu sync.Mutex
	// messages are by key, and order has the oldest first.
	messages map[partsKey]*list.Element
	order    *list.List
	now      func() time.Time
}

func newJoiner() *joiner {
	return &joiner{messages: make(map[partsKey]*list.Element), order: list.New(), now: time.Now}
}

// add takes a part. It returns the octets of the whole message, or nil when there is nothing to hand on: other parts are missing,
// or it was handed on before. A whole message is returned again for each of its parts until taken, so that one that could not
// be stored is tried again. A part with other octets than the one before it under the same number begins another message:
// references come back. dropped counts messages that stayed incomplete for too long, or were too many.
func (j *joiner) add(key partsKey, number uint8, octets []byte) (whole []byte, dropped int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	for e := j.order.Front(); e != nil && now.Sub(e.Value.(*joined).since) > incompleteFor; e = j.order.Front() {
		dropped += j.remove(e)
	}
	e, ok := j.messages[key]
	if ok {
		if before := e.Value.(*joined).parts[number-1]; before != nil && !bytes.Equal(before, octets) {
			dropped += j.remove(e)
			ok = false
		}
	}
	if !ok {
		e = j.order.PushBack(&joined{key: key, parts: make([][]byte, key.total), since: now})
		j.messages[key] = e
		if j.order.Len() > maxIncomplete {
			dropped += j.remove(j.order.Front())
		}
	}
	m := e.Value.(*joined)
	if m.parts[number-1] == nil {
		m.have++
		m.parts[number-1] = append([]byte{}, octets...)
	}
	if m.taken || m.have < len(m.parts) {
		return nil, dropped
	}
	return bytes.Join(m.parts, nil), dropped
}

// taken says that a message was handed on.
func (j *joiner) taken(key partsKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e, ok := j.messages[key]; ok {
		e.Value.(*joined).taken = true
	}
}

// remove is called with mu held. It counts what was incomplete.
func (j *joiner) remove(e *list.Element) int {
	m := e.Value.(*joined)
	delete(j.messages, m.key)
	j.order.Remove(e)
	if m.have < len(m.parts) {
		return 1
	}
	return 0
}

package smpp

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/smpp/pdu"
	"github.com/umoja-ledger/umoja/ussd/sms"
)

var _ sms.Sender = (*Link)(nil)

// submit sends a submit_sm and returns the peer's id of it. It waits while the link is not bound or throttled, as long as
// the context lets it; what was refused as too much was not taken and goes again.
func (l *Link) submit(ctx context.Context, body *pdu.Short) (string, error) {
	for {
		if err := l.pace.wait(ctx); err != nil {
			return "", err
		}
		s, err := l.sender(ctx)
		if err != nil {
			return "", err
		}
		p, err := s.request(ctx, pdu.SubmitSM, body)
		if errors.Is(err, ErrNotBound) && ctx.Err() == nil {
			continue // The connection ended before this was on it.
		}
		if errors.Is(err, ErrNoAnswer) {
			l.counts.unanswered.Add(1)
		}
		if err != nil {
			return "", err
		}
		switch p.Status {
		case pdu.OK:
			l.pace.ease()
			l.counts.submitted.Add(1)
			if resp, ok := p.Body.(*pdu.ShortResp); ok {
				return l.config.MessageIDs.ofAnswer(resp.MessageID), nil
			}
			return "", nil
		case pdu.Throttled, pdu.QueueFull:
			l.counts.throttled.Add(1)
			l.pace.slow()
			continue
		case pdu.WrongBindState:
			// The peer has forgotten the bind; only a new one helps.
			s.close(fmt.Errorf("%w: %s", errClosed, p.Status))
		}
		return "", statusError(p.Status)
	}
}

// invalidSystemType is ESME_RINVSYSTYP.
const invalidSystemType pdu.Status = 0x53

// statusError sorts what a peer refuses: for good what is wrong with the number or the text, for now what is wrong with
// the link or its account, and everything else.
func statusError(status pdu.Status) error {
	switch status {
	case pdu.InvalidDestination, pdu.InvalidMessageLen:
		return fmt.Errorf("%w: %s: %w", ErrStatus, status, sms.ErrRefused)
	case pdu.SystemError, pdu.InvalidSource, pdu.WrongBindState, invalidSystemType:
		return fmt.Errorf("%w: %s: %w", ErrStatus, status, sms.ErrDown)
	}
	return fmt.Errorf("%w: %s", ErrStatus, status)
}

// Send implements sms.Sender.
func (l *Link) Send(ctx context.Context, m ussd.Message) (sms.Taken, error) {
	if l.config.Mode == ModeReceiver {
		return sms.Taken{}, fmt.Errorf("%w: a receiver does not send", ErrConfig)
	}
	to, err := ussd.ParsePhone(string(m.To))
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w: %w", sms.ErrRefused, err)
	}
	j, err := l.sent.take(m, l.config.Alphabet)
	if err != nil {
		return sms.Taken{}, fmt.Errorf("send SMS: %w: %w", sms.ErrRefused, err)
	}
	for j.next < len(j.parts) {
		id, err := l.submit(ctx, l.short(to, j.parts[j.next], j.next == len(j.parts)-1))
		if err != nil {
			return sms.Taken{}, fmt.Errorf("send SMS, part %d of %d: %w", j.next+1, len(j.parts), l.sent.back(m, j, err))
		}
		j.id, j.next = id, j.next+1
	}
	return sms.Taken{ID: j.id}, nil
}

// short is the submit_sm of a part.
func (l *Link) short(to ussd.Phone, p part, last bool) *pdu.Short {
	s := &pdu.Short{Source: l.config.source(), Destination: pdu.Address{TON: 1, NPI: 1, Digits: strings.TrimPrefix(string(to), "+")},
		DataCoding: p.coding, Message: p.octets()}
	if p.header != nil {
		s.ESMClass = pdu.ESMHeader
	}
	if last && !l.config.NoReceipts {
		s.RegisteredDelivery = 1
	}
	return s
}

// source is the sender of SMS: international with a plus, alphanumeric, or a short code.
func (c Config) source() pdu.Address {
	number, plus := strings.CutPrefix(c.From, "+")
	a := pdu.Address{TON: 5, NPI: 0, Digits: c.From}
	switch {
	case plus:
		a = pdu.Address{TON: 1, NPI: 1, Digits: number}
	case c.From == "" || digits(c.From):
		a = pdu.Address{TON: 0, NPI: 1, Digits: c.From}
	}
	if c.FromType != nil {
		a.TON, a.NPI = c.FromType.TON, c.FromType.NPI
	}
	return a
}

// maxUnfinished bounds the messages of which some parts were taken and some not.
const maxUnfinished = 1024

// job is a message that is being sent.
type job struct {
	reference string
	to        ussd.Phone
	text      string
	parts     []part
	// next is the part to be sent, id the peer's id of the one before.
	next int
	id   string
}

// unfinished remembers which parts of a message were taken, so that a later try sends only the others. It is lost with the
// process; then all parts go again.
type unfinished struct {
	// mu guards what follows, for moments.
	mu sync.Mutex
	// jobs are by reference, and order has the oldest first.
	jobs  map[string]*list.Element
	order *list.List
	// concat tells the parts of one message from those of another.
	concat uint8
}

func newUnfinished() *unfinished {
	return &unfinished{jobs: make(map[string]*list.Element), order: list.New(), concat: uint8(rand.N(256))}
}

// take begins a message or goes on with it.
func (u *unfinished) take(m ussd.Message, alphabet Alphabet) (*job, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if e, ok := u.jobs[m.Reference]; ok {
		u.remove(e)
		if j := e.Value.(*job); j.to == m.To && j.text == m.Text {
			return j, nil
		}
	}
	parts, err := split(m.Text, alphabet, u.concat)
	if err != nil {
		return nil, err
	}
	if len(parts) > 1 {
		u.concat++
	}
	return &job{reference: m.Reference, to: m.To, text: m.Text, parts: parts}, nil
}

// back puts a message back that could not be finished, and says to the outbox what it must know: one of which no part was
// taken may go another way.
func (u *unfinished) back(m ussd.Message, j *job, err error) error {
	if len(j.parts) == 1 || (j.next == 0 && !errors.Is(err, ErrNoAnswer)) {
		return outcome(err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if e, ok := u.jobs[m.Reference]; ok {
		u.remove(e)
	}
	u.jobs[m.Reference] = u.order.PushBack(j)
	if u.order.Len() > maxUnfinished {
		u.remove(u.order.Front())
	}
	return err
}

// remove is called with mu held.
func (u *unfinished) remove(e *list.Element) {
	delete(u.jobs, e.Value.(*job).reference)
	u.order.Remove(e)
}

// outcome says in the outbox's words that a message was surely not taken.
func outcome(err error) error {
	switch {
	case errors.Is(err, sms.ErrRefused), errors.Is(err, sms.ErrNotTaken), errors.Is(err, ErrNoAnswer):
		return err
	case errors.Is(err, ErrNotBound):
		return fmt.Errorf("%w: %w", sms.ErrDown, err)
	}
	return fmt.Errorf("%w: %w", sms.ErrNotTaken, err)
}

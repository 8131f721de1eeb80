package attestor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd"
)

// Limits bound what providers may ask; 0 is the default. Windows are fixed: a minute of the clock, an hour, a day.
type Limits struct {
	// CodesPerNumber is how many transactions one provider may ask one number about in a day. A rival cannot use up what another provider
	// has.
	CodesPerNumber int `toml:"codes_per_number,omitempty"`
	// MessagesPerProvider is how many codes one number is sent in a day for one provider. With less than the whole no single provider uses up
	// what the others need, and keeps nobody from leaving it.
	MessagesPerProvider int `toml:"messages_per_provider,omitempty"`
	// MessagesPerNumber is how many codes one number is sent in a day, by whomever asked for.
	MessagesPerNumber int `toml:"messages_per_number,omitempty"`
	// CodesPerMinute is how many codes one provider may ask for in a minute, for all numbers.
	CodesPerMinute int `toml:"codes_per_minute,omitempty"`
	// WrongPerHour is how many wrong codes one provider may bring in an hour, for all numbers.
	WrongPerHour int `toml:"wrong_per_hour,omitempty"`
	// ResendSeconds is how long a code rests before it is sent again.
	ResendSeconds int `toml:"resend_seconds,omitempty"`
}

// withDefaults: with six asks of three tries a provider guesses one number's code with a chance of 18 in a million a day, and needs that of
// several attestors at once.
func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		set   *int
		value int
	}{{&l.CodesPerNumber, 6}, {&l.MessagesPerProvider, 8}, {&l.MessagesPerNumber, 24}, {&l.CodesPerMinute, 120}, {&l.WrongPerHour, 100}, {&l.ResendSeconds, 60}} {
		if *f.set == 0 {
			*f.set = f.value
		}
	}
	return l
}

func (l Limits) check() error {
	if min(l.CodesPerNumber, l.MessagesPerProvider, l.MessagesPerNumber, l.CodesPerMinute, l.WrongPerHour, l.ResendSeconds) < 0 {
		return errors.New("limits must not be negative")
	}
	return nil
}

// rest is how long a code rests before it is sent again.
func (l Limits) rest() time.Duration { return time.Duration(l.ResendSeconds) * time.Second }

// meter counts something of a subject in a window of time.
type meter struct {
	kind, what string
	subject    []byte
	window     time.Duration
	most       int
}

func (s *Service) meterNumber(from key.Public, phone ussd.Phone) meter {
	return meter{"codes/", "codes for a number", append(s.subject(phone), from[:]...), 24 * time.Hour, s.limits.CodesPerNumber}
}

func (s *Service) meterPart(from key.Public, phone ussd.Phone) meter {
	return meter{"part/", "messages to a number for one provider", append(s.subject(phone), from[:]...), 24 * time.Hour, s.limits.MessagesPerProvider}
}

func (s *Service) meterMessages(phone ussd.Phone) meter {
	return meter{"messages/", "messages to a number", s.subject(phone), 24 * time.Hour, s.limits.MessagesPerNumber}
}

func (s *Service) meterProvider(from key.Public) meter {
	return meter{"provider/", "codes", from[:], time.Minute, s.limits.CodesPerMinute}
}

func (s *Service) meterWrong(from key.Public) meter {
	return meter{"wrong/", "wrong codes", from[:], time.Hour, s.limits.WrongPerHour}
}

func (m meter) key(nowUnixMs uint64) (key []byte, endsUnixMs uint64) {
	window := uint64(m.window.Milliseconds())
	number := nowUnixMs / window
	key = append(append(bytes.Clone(ratePrefix), m.kind...), m.subject...)
	return binary.BigEndian.AppendUint64(key, number), (number + 1) * window
}

// room refuses when the window is full.
func (m meter) room(r ussd.Reader, nowUnixMs uint64) error {
	key, ends := m.key(nowUnixMs)
	n, err := readCount(r, key)
	if err != nil {
		return err
	}
	if n >= uint64(m.most) {
		refusal := refuse(CodeTooMany, "no more than %d %s in %s", m.most, m.what, m.window)
		refusal.RetryAtUnixMs = ends
		return refusal
	}
	return nil
}

// count adds one, and sees that the counter is forgotten.
func (m meter) count(w ussd.Writer, nowUnixMs uint64) error {
	key, ends := m.key(nowUnixMs)
	n, err := readCount(w, key)
	if err != nil {
		return err
	}
	return errors.Join(w.Set(key, binary.BigEndian.AppendUint64(nil, n+1)), w.Set(timed(forgetPrefix, ends, key), nil))
}

func readCount(r ussd.Reader, key []byte) (uint64, error) {
	raw, err := r.Get(key)
	if errors.Is(err, ussd.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read rate: %w", err)
	}
	if len(raw) != 8 {
		return 0, fmt.Errorf("rate of %d bytes", len(raw))
	}
	return binary.BigEndian.Uint64(raw), nil
}

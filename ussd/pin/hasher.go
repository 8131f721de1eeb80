package pin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// MaxPeppers bounds the peppers that a hasher knows: the newest and those before it.
const MaxPeppers = 8

const (
	// defaultConcurrent is for a machine of two cores.
	defaultConcurrent = 2
	// defaultQueue is a second and a half of two slots' work.
	defaultQueue = 32
)

var (
	// ErrPepper means that the peppers are none, too many, zero or twice the same.
	ErrPepper = errors.New("pin: peppers are not valid")
	// ErrOldPepper means that a record was made under a pepper that is not there any more.
	ErrOldPepper = errors.New("pin: record is of a pepper that is gone")
)

// Config is what a Hasher is made of.
type Config struct {
	// Peppers are the provider's, newest first: records are made under the first and compared under each.
	Peppers []Pepper
	// Concurrent is how many hashes run at once; 0 means 2. Each takes 19 MiB and a core.
	Concurrent int
	// Queue is how many PINs of one aggregator wait; 0 means 32. A PIN that finds the queue full is ErrBusy at once.
	Queue int
	// Limits say when wrong PINs are an alarm.
	Limits AlarmLimits
	// OnAlarm, if set, is told of every alarm when it begins. It must not wait.
	OnAlarm func(Alarm)
	// Log gets alarms as errors; nil discards them.
	Log *slog.Logger
}

// Try is a PIN that somebody typed.
type Try struct {
	// Aggregator is in whose lane the try waits; one that floods makes only its own lane busy.
	Aggregator string
	// Phone is who typed: a number has one try in the queue at a time. Empty stands for the account.
	Phone   string
	Account tx.AccountID
	PIN     Secret
	// Salt is for a record that is made: random, each time another. Without one, Compare renews no record.
	Salt [saltBytes]byte
}

// number is what there is one of in the queue.
func (t Try) number() string {
	if t.Phone != "" {
		return "+" + t.Phone
	}
	return string(t.Account[:])
}

// Verdict is the answer to a try.
type Verdict struct {
	Right bool
	// Renewed is set when the PIN was right and its record is of an older pepper: the record to store instead. It is not
	// set when there was no time to make it; the next right PIN makes it.
	Renewed Record
}

// Hasher makes and compares records. It may be used by many goroutines.
type Hasher struct {
	peppers []Pepper
	queue   *queue
	alarms  *watch
	onAlarm func(Alarm)
	log     *slog.Logger
}

// New makes a hasher.
func New(c Config) (*Hasher, error) {
	if len(c.Peppers) == 0 || len(c.Peppers) > MaxPeppers {
		return nil, fmt.Errorf("%w: %d, not 1 to %d", ErrPepper, len(c.Peppers), MaxPeppers)
	}
	seen := make(map[PepperID]bool)
	for i, p := range c.Peppers {
		if p.zero() {
			return nil, fmt.Errorf("%w: number %d is zero", ErrPepper, i+1)
		}
		if seen[p.ID()] {
			return nil, fmt.Errorf("%w: number %d is there twice", ErrPepper, i+1)
		}
		seen[p.ID()] = true
	}
	if c.Concurrent <= 0 {
		c.Concurrent = defaultConcurrent
	}
	if c.Queue <= 0 {
		c.Queue = defaultQueue
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Hasher{
		peppers: append([]Pepper(nil), c.Peppers...), queue: newQueue(c.Concurrent, c.Queue),
		alarms: newWatch(c.Peppers[0].Derive("wrong PINs"), c.Limits), onAlarm: c.OnAlarm, log: c.Log,
	}, nil
}

// NewHasher makes a hasher under one pepper, which must not be zero, that runs at most concurrent hashes at once; 0 means 2.
func NewHasher(pepper [32]byte, concurrent int) *Hasher {
	h, err := New(Config{Peppers: []Pepper{NewPepper(pepper)}, Concurrent: concurrent})
	if err != nil {
		panic(err) // The pepper is zero: a mistake of the program.
	}
	return h
}

// Make makes the record of a new PIN.
func (h *Hasher) Make(ctx context.Context, t Try) (Record, error) {
	leave, err := h.queue.enter(ctx, t.Aggregator, t.number())
	if err != nil {
		return "", err
	}
	defer leave()
	return h.record(t), nil
}

// Compare compares a PIN with an account's record, and watches for guessing across numbers. An error says nothing about
// the PIN: whoever counted the try takes it back.
func (h *Hasher) Compare(ctx context.Context, t Try, record Record) (Verdict, error) {
	p, err := record.parse()
	if err != nil {
		return Verdict{}, err
	}
	pepper, err := h.pepperOf(p)
	if err != nil {
		return Verdict{}, err
	}
	leave, err := h.queue.enter(ctx, t.Aggregator, t.number())
	if err != nil {
		return Verdict{}, err
	}
	defer leave()
	right := subtle.ConstantTimeCompare(derive(pepper, t, p.salt), p.hash) == 1
	h.observe(t, right)
	verdict := Verdict{Right: right}
	if old := !p.named || pepper != h.peppers[0]; right && old && t.Salt != [saltBytes]byte{} && ctx.Err() == nil {
		verdict.Renewed = h.record(t)
	}
	return verdict, nil
}

// Hash is Make for a caller without aggregator.
func (h *Hasher) Hash(ctx context.Context, account tx.AccountID, secret Secret, salt [saltBytes]byte) (Record, error) {
	return h.Make(ctx, Try{Account: account, PIN: secret, Salt: salt})
}

// Verify compares without aggregator, and leaves the record as it is.
func (h *Hasher) Verify(ctx context.Context, account tx.AccountID, secret Secret, record Record) (bool, error) {
	verdict, err := h.Compare(ctx, Try{Account: account, PIN: secret}, record)
	return verdict.Right, err
}

// Alarms lists the alarms of this moment.
func (h *Hasher) Alarms() []Alarm { return h.alarms.list(time.Now()) }

// Alarmed tells whether an alarm is on for an aggregator, so that its PIN steps are to be slowed down.
func (h *Hasher) Alarmed(aggregator string) bool {
	return h.alarms.on(aggregator, time.Now())
}

// observe counts a comparison, and cries when an alarm begins. No lock is held when others are told.
func (h *Hasher) observe(t Try, right bool) {
	for _, a := range h.alarms.observe(t.Aggregator, t.number(), t.PIN, right, time.Now()) {
		h.log.Error("wrong PINs across numbers", "alarm", string(a.Kind), "aggregator", a.Aggregator, "numbers", a.Numbers,
			"wrong", a.Wrong, "tried", a.Tried)
		if h.onAlarm != nil {
			h.onAlarm(a)
		}
	}
}

// pepperOf finds the pepper of a record. One that names none is from the time of the first pepper.
func (h *Hasher) pepperOf(p parts) (Pepper, error) {
	if !p.named {
		return h.peppers[len(h.peppers)-1], nil
	}
	for _, pepper := range h.peppers {
		if pepper.ID() == p.pepper {
			return pepper, nil
		}
	}
	return Pepper{}, fmt.Errorf("%w: %s", ErrOldPepper, p.pepper)
}

// record hashes under the newest pepper. A slot is held, for it takes one's time.
func (h *Hasher) record(t Try) Record {
	pepper := h.peppers[0]
	return parts{pepper: pepper.ID(), named: true, salt: t.Salt[:], hash: derive(pepper, t, t.Salt[:])}.record()
}

func derive(pepper Pepper, t Try, salt []byte) []byte {
	mac := hmac.New(sha256.New, (*pepper.secret)[:])
	mac.Write([]byte("umoja/pin/v1\x00"))
	mac.Write(t.Account[:])
	mac.Write([]byte(t.PIN.Reveal()))
	return argon2.IDKey(mac.Sum(nil), salt, iterations, memoryKiB, parallelism, hashBytes)
}

package sms

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

// State says what became of a message.
type State string

// The states.
const (
	StateWaiting State = "waiting"
	StateSent    State = "sent"
	StateGivenUp State = "given up"
)

// Record is a message in the outbox.
type Record struct {
	Reference string     `json:"reference"`
	To        ussd.Phone `json:"to"`
	Text      string     `json:"text"`
	State     State      `json:"state"`
	// QueuedAtUnixMs and NextAtUnixMs are by the gateway's clock; NextAtUnixMs is when a waiting message is tried,
	// and when another one ended.
	QueuedAtUnixMs uint64 `json:"queued_at_unix_ms"`
	NextAtUnixMs   uint64 `json:"next_at_unix_ms"`
	Tries          int    `json:"tries"`
	// Reason is why the last try did not succeed.
	Reason string `json:"reason,omitempty"`

	// Route is where the message waits, or where it ended.
	Route string `json:"route"`
	// Trying is set from before a try until its outcome is recorded; a crash leaves it.
	Trying bool `json:"trying,omitempty"`
	// Pinned is set when a carrier may have taken the message: no other route gets it.
	Pinned bool `json:"pinned,omitempty"`
	// Refused lists routes that never will take it, Tried those that did not in this round.
	Refused []string `json:"refused,omitempty"`
	Tried   []string `json:"tried,omitempty"`

	// CarrierID is the carrier's id of the message.
	CarrierID string `json:"carrier_id,omitempty"`
	// Delivery is the carrier's last word, and DeliveryReason why it is a failure.
	Delivery         ReportState `json:"delivery,omitempty"`
	DeliveryReason   string      `json:"delivery_reason,omitempty"`
	ReportedAtUnixMs uint64      `json:"reported_at_unix_ms,omitempty"`
	// ForgetAtUnixMs is when the record of a message that ended is deleted.
	ForgetAtUnixMs uint64 `json:"forget_at_unix_ms,omitempty"`
}

// Keys: the record by reference; the waiting by route and time of the next try; the others by time of deletion; those given up or
// not delivered by time; the reference by a carrier's id; how many wait.
var (
	messagePrefix     = []byte("sms/message/")
	duePrefix         = []byte("sms/due/")
	donePrefix        = []byte("sms/done/")
	givenUpPrefix     = []byte("sms/given-up/")
	undeliveredPrefix = []byte("sms/undelivered/")
	carrierIDPrefix   = []byte("sms/carrier-id/")
	waitingKey        = []byte("sms/waiting")
)

// timeBytes is the length of a time in a key.
const timeBytes = 8

func messageKey(reference string) []byte { return append(bytes.Clone(messagePrefix), reference...) }

func timedKey(prefix []byte, atUnixMs uint64, reference string) []byte {
	return append(binary.BigEndian.AppendUint64(bytes.Clone(prefix), atUnixMs), reference...)
}

// queue is the prefix of what waits at a route.
func queue(route string) []byte { return append(append(bytes.Clone(duePrefix), route...), '/') }

func (r Record) dueKey() []byte { return timedKey(queue(r.Route), r.NextAtUnixMs, r.Reference) }

func carrierIDKey(route, id string) []byte {
	return append(append(append(bytes.Clone(carrierIDPrefix), route...), '/'), id...)
}

// age is how long a message has been in the outbox.
func (r Record) age(nowUnixMs uint64) time.Duration {
	return time.Duration(nowUnixMs-min(r.QueuedAtUnixMs, nowUnixMs)) * time.Millisecond
}

func load(r ussd.Reader, reference string) (Record, error) {
	raw, err := r.Get(messageKey(reference))
	if err != nil {
		return Record{}, fmt.Errorf("read message: %w", err)
	}
	var record Record
	if err := json.Unmarshal(raw, &record); err != nil {
		return Record{}, fmt.Errorf("decode message: %w", err)
	}
	return record, nil
}

func put(w ussd.Writer, record Record) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	return w.Set(messageKey(record.Reference), raw)
}

// count reads a counter; one that was never written is zero.
func count(r ussd.Reader, key []byte) (uint64, error) {
	raw, err := r.Get(key)
	if errors.Is(err, ussd.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read count: %w", err)
	}
	if len(raw) != timeBytes {
		return 0, fmt.Errorf("count %s has %d bytes", key, len(raw))
	}
	return binary.BigEndian.Uint64(raw), nil
}

func setCount(w ussd.Writer, key []byte, value uint64) error {
	return w.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

func nowUnixMs() uint64 { return uint64(time.Now().UnixMilli()) }

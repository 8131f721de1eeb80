package attestor

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// state is how far an ask has come. It moves from asked to one of the others, once.
type state string

const (
	stateAsked     state = "sent"
	stateConfirmed state = "confirmed"
	// stateLocked had too many wrong codes.
	stateLocked state = "locked"
	// stateReplaced gave way to a later ask of the same provider for the same number.
	stateReplaced state = "replaced"
)

// ask is a transaction that a person is asked about, by one provider.
type ask struct {
	ID   tx.ID      `json:"id"`
	From key.Public `json:"from"`
	// Phone and Language are the person's.
	Phone    ussd.Phone `json:"phone"`
	Language string     `json:"language"`
	Act      act        `json:"act"`
	// Provider and Dial are who gains, as texts say it; Name is the display name of an attestation.
	Provider string `json:"provider"`
	Dial     string `json:"dial"`
	Name     string `json:"name,omitempty"`
	// Old is the key whose grant ends; nil when none does.
	Old *key.Public `json:"old,omitempty"`
	// Salt makes the code another one than that of any other ask.
	Salt  []byte `json:"salt"`
	State state  `json:"state"`
	// Sent is how often the code was put in the outbox, SentAtUnixMs when last.
	Sent         int    `json:"sent"`
	SentAtUnixMs uint64 `json:"sent_at_unix_ms"`
	// EndsAtUnixMs is when the code ends, ExpiresAtUnixMs when the transaction does.
	EndsAtUnixMs    uint64 `json:"ends_at_unix_ms"`
	ExpiresAtUnixMs uint64 `json:"expires_at_unix_ms"`
	// Wrong are keyed digests of the wrong codes tried. Invariant: at most maxTries.
	Wrong []string `json:"wrong,omitempty"`
	// Looks is how often the ledger was asked what became of it.
	Looks int `json:"looks,omitempty"`
}

// Keys of the store. An ask is one provider's: what two ask about one body are two asks, with two codes.
var (
	askPrefix    = []byte("attestor/ask/")
	livePrefix   = []byte("attestor/live/")
	ratePrefix   = []byte("attestor/rate/")
	watchPrefix  = []byte("attestor/watch/")
	forgetPrefix = []byte("attestor/forget/")
)

func askKey(id tx.ID, from key.Public) []byte {
	return append(append(bytes.Clone(askPrefix), id[:]...), from[:]...)
}

func (a ask) key() []byte { return askKey(a.ID, a.From) }

// timed is a key that sorts by time.
func timed(prefix []byte, atUnixMs uint64, rest []byte) []byte {
	return append(binary.BigEndian.AppendUint64(bytes.Clone(prefix), atUnixMs), rest...)
}

// reference names a sending in the outbox, and leads back to the ask.
func (a ask) reference() string {
	return fmt.Sprintf("code/%s/%s/%d", a.ID, a.From, a.Sent)
}

// parseReference is the key of the ask that a reference leads to; false for that of a notice.
func parseReference(reference string) ([]byte, bool) {
	parts := strings.Split(reference, "/")
	if len(parts) != 4 || parts[0] != "code" {
		return nil, false
	}
	id, err := tx.ParseID(parts[1])
	raw, hexErr := hex.DecodeString(parts[2])
	if err != nil || hexErr != nil || len(raw) != len(key.Public{}) {
		return nil, false
	}
	return askKey(id, key.Public(raw)), true
}

// code is six digits that are right for this ask alone. Whoever does not know the secret can only guess.
func (s *Service) code(a ask) pin.Secret {
	mac := s.mac("code")
	mac.Write(a.Salt)
	mac.Write(a.key())
	mac.Write([]byte(a.Phone))
	// The remainder favours small codes by less than one in ten million million.
	return pin.NewSecret(fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac.Sum(nil))%1_000_000))
}

// judgeCode says whether a code is right, and else gives its digest.
func (s *Service) judgeCode(a ask, code pin.Secret) (right bool, digest string) {
	right = subtle.ConstantTimeCompare([]byte(s.code(a).Reveal()), []byte(code.Reveal())) == 1
	mac := s.mac("wrong")
	mac.Write(a.key())
	mac.Write([]byte(code.Reveal()))
	return right, hex.EncodeToString(mac.Sum(nil)[:16])
}

// subject stands for a phone number in keys of the store.
func (s *Service) subject(phone ussd.Phone) []byte {
	mac := s.mac("number")
	mac.Write([]byte(phone))
	return mac.Sum(nil)
}

func (s *Service) mac(purpose string) interface {
	Write([]byte) (int, error)
	Sum([]byte) []byte
} {
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte("umoja/attestor/v1\x00" + purpose + "\x00"))
	return mac
}

// tried says whether a wrong code was tried before: the same again is the same request again, and no try.
func (a ask) tried(digest string) bool { return slices.Contains(a.Wrong, digest) }

func (a ask) triesLeft() int { return max(0, maxTries-len(a.Wrong)) }

// getAsk reads an ask; nil when there is none.
func getAsk(r ussd.Reader, key []byte) (*ask, error) {
	raw, err := r.Get(key)
	if errors.Is(err, ussd.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ask: %w", err)
	}
	a := new(ask)
	if err := json.Unmarshal(raw, a); err != nil {
		return nil, fmt.Errorf("decode ask: %w", err)
	}
	return a, nil
}

func putAsk(w ussd.Writer, a ask) error {
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode ask: %w", err)
	}
	if err := w.Set(a.key(), raw); err != nil {
		return fmt.Errorf("write ask: %w", err)
	}
	return nil
}

func (s *Service) findAsk(ctx context.Context, id tx.ID, from key.Public) (a *ask, err error) {
	err = s.store.View(ctx, func(r ussd.Reader) (err error) {
		a, err = getAsk(r, askKey(id, from))
		return err
	})
	return a, err
}

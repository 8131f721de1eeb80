package ussd

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Prompt says which answer a session waits for.
type Prompt string

// The prompts.
const (
	PromptNone     Prompt = ""
	PromptLanguage Prompt = "language"
	PromptName     Prompt = "name"
	PromptPIN      Prompt = "pin"
	PromptPINAgain Prompt = "pin again"
	PromptMenu     Prompt = "menu"
	PromptPayee    Prompt = "payee"
	PromptAmount   Prompt = "amount"
	PromptConfirm  Prompt = "confirm"
	PromptEnded    Prompt = "ended"
)

// Session is what is kept between the turns of one session.
type Session struct {
	Phone Phone `json:"phone"`
	// StartedAtUnixMs is by the gateway's clock.
	StartedAtUnixMs uint64 `json:"started_at_unix_ms"`
	Prompt          Prompt `json:"prompt"`
	// Language is what was chosen to register in; a user's own rules otherwise.
	Language menu.Language `json:"language,omitempty"`
	// Name was given to register.
	Name string `json:"name,omitempty"`
	// FirstPIN is the digest of the PIN to be typed again. It is erased with the prompt.
	FirstPIN *Digest `json:"first_pin,omitempty"`
	// Payee was named at the payee prompt.
	Payee *Payee `json:"payee,omitempty"`
	// Payment is the one on the confirm screen.
	//
	// Invariant: set while Prompt is PromptConfirm, and stored before the screen is shown.
	Payment *tx.ID `json:"payment,omitempty"`
	// Counted is the turn whose PIN was counted: a duplicate of it counts no second time. Uncounted is the count before.
	Counted   *Digest      `json:"counted,omitempty"`
	Uncounted pin.Attempts `json:"uncounted"`
	// Turns were answered, in order of length.
	Turns []answered `json:"turns"`
}

const (
	// maxTurns bounds a session; the longest menu takes seven.
	maxTurns = 32
	// sessionKept is how long duplicates of a session's turns get their replies.
	sessionKept = uint64(24 * time.Hour / time.Millisecond)
	// paymentKept is how long a payment's name and receipt are shown among the last payments by name.
	paymentKept = uint64(30 * 24 * time.Hour / time.Millisecond)
)

// record keeps a reply for duplicates of a turn. A reply to the turn before, known by the same digest, is replaced.
func (s *Session) record(length int, digest Digest, reply Reply, nowUnixMs uint64) {
	turn := answered{Length: length, Digest: digest, Reply: reply, AtUnixMs: nowUnixMs}
	if last := len(s.Turns) - 1; last >= 0 && s.Turns[last].Length == length && s.Turns[last].Digest == digest {
		s.Turns[last] = turn
		return
	}
	s.Turns = append(s.Turns, turn)
}

func sessionKey(d digester, phone Phone) []byte {
	id := d.digest("session", string(phone))
	return []byte("session/" + string(phone) + "/" + hex.EncodeToString(id[:16]))
}

// forgetAt lists keys to be deleted once a time has come.
func forgetAt(w Writer, atUnixMs uint64, keys ...[]byte) error {
	for _, key := range keys {
		due := append(binary.BigEndian.AppendUint64([]byte(forgetPrefix), atUnixMs), key...)
		if err := w.Set(due, nil); err != nil {
			return fmt.Errorf("list for forgetting: %w", err)
		}
	}
	return nil
}

const forgetPrefix = "forget/"

// forget deletes what is due, at most limit keys, and tells how many it deleted.
func forget(w Writer, nowUnixMs uint64, limit int) (int, error) {
	var due [][]byte
	err := w.Scan([]byte(forgetPrefix), nil, limit, func(key, _ []byte) error {
		rest := key[len(forgetPrefix):]
		if len(rest) >= 8 && binary.BigEndian.Uint64(rest) <= nowUnixMs {
			due = append(due, key)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("list what to forget: %w", err)
	}
	for _, key := range due {
		if err := w.Delete(key[len(forgetPrefix)+8:]); err != nil {
			return 0, fmt.Errorf("forget: %w", err)
		}
		if err := w.Delete(key); err != nil {
			return 0, fmt.Errorf("forget: %w", err)
		}
	}
	return len(due), nil
}

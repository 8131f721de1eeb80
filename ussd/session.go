package ussd

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Session is what is kept between the turns of one session.
type Session struct {
	Phone Phone `json:"phone"`
	// StartedAtUnixMs is by the gateway's clock.
	StartedAtUnixMs uint64 `json:"started_at_unix_ms"`
	Prompt          Prompt `json:"prompt"`
	// Trail are the prompts that led here, for "0".
	Trail []Prompt `json:"trail,omitempty"`
	// Refusals are the answers in a row that could not be taken.
	Refusals int `json:"refusals,omitempty"`
	// Page is the page of a list that is shown, counted from 0.
	Page int `json:"page,omitempty"`
	// Language is what was chosen to register in; a user's own rules otherwise.
	Language menu.Language `json:"language,omitempty"`
	// Name was given to register.
	Name string `json:"name,omitempty"`
	// Unbound says that another provider vouches for the number, and a new account is wanted all the same.
	Unbound bool `json:"unbound,omitempty"`
	// Home is where the number of a phone without a user is, as it was read last.
	Home *Home `json:"home,omitempty"`
	// Unread says that the first screen, which tells what became of the last payment, was not shown: answers were dialled behind the code.
	Unread bool `json:"unread,omitempty"`
	// FirstPIN is the digest of the PIN to be typed again. It is erased with the prompt.
	FirstPIN *Digest `json:"first_pin,omitempty"`
	Draft    Draft   `json:"draft"`
	// Payment is the transaction on the confirm screen.
	//
	// Invariant: set while the prompt is of the confirm flow, and stored before the screen is shown.
	Payment *tx.ID `json:"payment,omitempty"`
	// Counted is the turn whose PIN was counted: a duplicate of it counts no second time. Uncounted is the count before.
	Counted   *Digest      `json:"counted,omitempty"`
	Uncounted pin.Attempts `json:"uncounted"`
	// Screen is that of the turn in hand.
	Screen Screen `json:"-"`
	// byText means that answers go by SMS: nothing leads back from them.
	byText bool
	// Turns were answered, in order of length.
	Turns []answered `json:"turns"`
}

// Draft is what a person has put together so far. It never holds a PIN.
type Draft struct {
	// Order is what the confirm screen will show, as far as it is known.
	Order Order `json:"order"`
	// Requests are those on the screen, Asked is the one chosen.
	Requests []Request `json:"requests,omitempty"`
	Asked    *Request  `json:"asked,omitempty"`
	// Rivals are the other providers on the screen, Rival is the one chosen.
	Rivals []Rival `json:"rivals,omitempty"`
	Rival  *Rival  `json:"rival,omitempty"`
	// Contacts and Outgoing are those on the screen.
	Contacts []Contact     `json:"contacts,omitempty"`
	Outgoing []PaymentLine `json:"outgoing,omitempty"`
	// Back is the payment to be given back.
	Back *ReturnAsk `json:"back,omitempty"`
	// Code is the receipt code to check.
	Code string `json:"code,omitempty"`
	// About is what a complaint is about, Payments are those on the screen, Complaint is the one chosen.
	About     Grievance     `json:"about,omitempty"`
	Payments  []CasePayment `json:"payments,omitempty"`
	Complaint *CasePayment  `json:"complaint,omitempty"`
	// Customers are those on an agent's screen, Cash and Float an agent's figures on it.
	Customers []Waiting     `json:"customers,omitempty"`
	Cash      *AgentCash    `json:"cash,omitempty"`
	Float     amount.Amount `json:"float,omitempty"`
	// Groups are those on the screen, Group is the one chosen.
	Groups []Group `json:"groups,omitempty"`
	Group  *Group  `json:"group,omitempty"`
	// Fee is of a payment that a member proposes.
	Fee amount.Amount `json:"fee,omitempty"`
}

// worth tells whether enough was typed to be offered again.
func (d Draft) worth() bool { return d.Order.Payee != Payee{} }

// StoredDraft is the draft of a session that did not come to its end.
type StoredDraft struct {
	Prompt Prompt   `json:"prompt"`
	Trail  []Prompt `json:"trail,omitempty"`
	Draft  Draft    `json:"draft"`
	// AtUnixMs is when the person answered last.
	AtUnixMs uint64 `json:"at_unix_ms"`
}

// draftKept is how long a draft is offered again.
const draftKept = uint64(10 * time.Minute / time.Millisecond)

func draftKey(phone Phone) []byte { return []byte("draft/" + string(phone)) }

// keepDraft stores what would be lost with the session, or forgets what is done.
func (s *Session) keepDraft(w Writer, nowUnixMs uint64) error {
	flow, ok := flows(s.Prompt.flow())
	switch {
	case ok && flow.resumes && s.Draft.worth():
		key := draftKey(s.Phone)
		if err := forgetAt(w, nowUnixMs+draftKept, key); err != nil {
			return err
		}
		return put(w, key, StoredDraft{Prompt: s.Prompt, Trail: s.Trail, Draft: s.Draft, AtUnixMs: nowUnixMs})
	case s.Prompt == PromptEnded:
		return w.Delete(draftKey(s.Phone))
	}
	return nil
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

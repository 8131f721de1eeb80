package ussd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Complaints. A case is stored with its number before the person reads the number, stays open until the provider has answered, and is
// kept for a while after that, so that the answer can be read by dialling.

// CaseNumber is a case's number as people say it: the digits end in a check digit.
type CaseNumber uint64

// Text writes the number with its check digit, which is that of account numbers.
func (n CaseNumber) Text() string { return tx.AccountNumber(n).Text() }

// ParseCaseNumber reads a number with its check digit, or ErrCaseNumber.
func ParseCaseNumber(text string) (CaseNumber, error) {
	n, err := tx.ParseAccountNumber(text)
	if err != nil {
		return 0, ErrCaseNumber
	}
	return CaseNumber(n), nil
}

// Errors of the provider's side of complaints.
var (
	// ErrCaseNumber means that a text is no case number.
	ErrCaseNumber = errors.New("ussd: no case number: a digit is wrong or missing")
	// ErrCaseAnswer means that an answer does not fit a phone, or a state is none.
	ErrCaseAnswer = errors.New("ussd: an answer has one line, at most 100 letters (35 in a script of its own), and closes the case")
	// ErrCaseClosed means that a case has its answer.
	ErrCaseClosed = errors.New("ussd: case is closed")
)

// Grievance is what a complaint is about.
type Grievance string

// The grievances.
const (
	WrongPerson Grievance = "wrong_person"
	NotArrived  Grievance = "not_arrived"
	AboutAgent  Grievance = "agent"
	Stranger    Grievance = "stranger"
	OtherReason Grievance = "other"
)

// grievances are those of the screen, in its order.
var grievances = []Grievance{WrongPerson, NotArrived, AboutAgent, Stranger, OtherReason}

// CaseState says how far a complaint has come.
type CaseState string

// The states. A case moves down this list and never up.
const (
	CaseOpen   CaseState = "open"
	CaseLooked CaseState = "looked_at"
	CaseClosed CaseState = "closed"
)

// Case is a complaint.
type Case struct {
	Number  CaseNumber   `json:"number"`
	Phone   Phone        `json:"phone"`
	Account tx.AccountID `json:"account"`
	About   Grievance    `json:"about"`
	// Payment is the one it is about; nil when it is about none.
	Payment        *CasePayment `json:"payment,omitempty"`
	OpenedAtUnixMs uint64       `json:"opened_at_unix_ms"`
	State          CaseState    `json:"state"`
	// Answer is the provider's.
	//
	// Invariant: set when closed, and not before.
	Answer string `json:"answer,omitempty"`
	// ChangedAtUnixMs is when the provider changed the state last.
	ChangedAtUnixMs uint64 `json:"changed_at_unix_ms,omitempty"`
}

// CasePayment is a payment that a complaint is about.
type CasePayment struct {
	ID          tx.ID            `json:"id"`
	ReceiptCode string           `json:"receipt_code"`
	Incoming    bool             `json:"incoming,omitempty"`
	Amount      amount.Amount    `json:"amount"`
	Other       tx.AccountNumber `json:"other"`
}

const (
	// firstCase is the first number: short, and not so short that people take it for something else.
	firstCase CaseNumber = 1000
	// maxOpenCases bounds the open cases of a phone, maxCases those that a screen looks at.
	maxOpenCases = 3
	maxCases     = 16
	// caseKept is how long a closed case can be read.
	caseKept = uint64(90 * 24 * time.Hour / time.Millisecond)
)

var (
	caseNumberKey  = []byte("case-number")
	openCasePrefix = []byte("case-open/")
	casePrefix     = []byte("case/")
)

func caseKey(n CaseNumber) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(casePrefix), uint64(n))
}

func openCaseKey(n CaseNumber) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(openCasePrefix), uint64(n))
}

// caseOfKey lists the cases of a phone, newest first.
func caseOfKey(phone Phone, n CaseNumber) []byte {
	return binary.BigEndian.AppendUint64(phonePrefix("case-of", phone), ^uint64(n))
}

// casesOf reads a phone's newest cases and counts the open ones.
func casesOf(r Reader, phone Phone) (cases []Case, open int, err error) {
	err = r.Scan(phonePrefix("case-of", phone), nil, maxCases, func(key, _ []byte) error {
		n := CaseNumber(^binary.BigEndian.Uint64(key[len(key)-8:]))
		c, err := get[Case](r, caseKey(n))
		if err != nil || c == nil {
			return err
		}
		if cases = append(cases, *c); c.State != CaseClosed {
			open++
		}
		return nil
	})
	return cases, open, err
}

// OpenCase stores a complaint and sends its number. The number was reserved by AskCaseNumber.
type OpenCase struct{ Case Case }

func (e OpenCase) apply(s *Service, w Writer, nowUnixMs uint64) error {
	c := e.Case
	if err := put(w, caseKey(c.Number), c); err != nil {
		return err
	}
	for _, key := range [][]byte{openCaseKey(c.Number), caseOfKey(c.Phone, c.Number)} {
		if err := w.Set(key, nil); err != nil {
			return fmt.Errorf("list case: %w", err)
		}
	}
	return s.tellCase(w, c, menu.SMSCaseOpened, "opened", nowUnixMs)
}

// AskCaseNumber asks for the number of a complaint of the phone: a new one, or that of the open one which says the same. One that is not
// used is lost: numbers only grow.
type AskCaseNumber struct {
	Phone Phone
	About Grievance
	// Payment is the one it is about; nil when it is about none.
	Payment *CasePayment
}

type (
	// CaseNumbered answers AskCaseNumber.
	CaseNumbered struct {
		Number CaseNumber
		// Known means that the complaint is open already.
		Known bool
	}
	// TooManyCases answers AskCaseNumber: the phone has enough of them open.
	TooManyCases struct{}
)

func (CaseNumbered) event() {}
func (TooManyCases) event() {}

func (a AskCaseNumber) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	var numbered CaseNumbered
	open := 0
	err := s.store.Update(ctx, func(w Writer) error {
		numbered = CaseNumbered{Number: firstCase}
		var cases []Case
		var err error
		if cases, open, err = casesOf(w, a.Phone); err != nil {
			return err
		}
		for _, c := range cases {
			if c.State != CaseClosed && c.About == a.About && c.Payment.same(a.Payment) {
				numbered = CaseNumbered{Number: c.Number, Known: true}
				return nil
			}
		}
		if open >= maxOpenCases {
			return nil
		}
		last, err := get[CaseNumber](w, caseNumberKey)
		if err != nil {
			return err
		}
		if last != nil {
			numbered.Number = *last + 1
		}
		return put(w, caseNumberKey, numbered.Number)
	})
	if err == nil && !numbered.Known && open >= maxOpenCases {
		return TooManyCases{}, nil
	}
	return numbered, err
}

// same tells whether two complaints are about the same payment, or both about none.
func (p *CasePayment) same(other *CasePayment) bool {
	if p == nil || other == nil {
		return p == other
	}
	return p.ID == other.ID && p.ReceiptCode == other.ReceiptCode
}

// AskCases asks for the phone's complaints.
type AskCases struct{ Phone Phone }

// CasesRead answers AskCases, newest first.
type CasesRead struct{ Cases []Case }

func (CasesRead) event() {}

func (a AskCases) find(ctx context.Context, s *Service, f Facts) (Event, error) {
	var read CasesRead
	err := s.store.View(ctx, func(r Reader) (err error) {
		read.Cases, _, err = casesOf(r, a.Phone)
		return err
	})
	// Whoever had the number before had another account.
	read.Cases = slices.DeleteFunc(read.Cases, func(c Case) bool { return c.Account != f.User.Account })
	return read, err
}

// Cases lists complaints for the provider, oldest first, from a number on: the open ones, or with closed all that are kept.
func (s *Service) Cases(ctx context.Context, closed bool, from CaseNumber, limit int) ([]Case, error) {
	var cases []Case
	prefix, start := openCasePrefix, openCaseKey(from)
	if closed {
		prefix, start = casePrefix, caseKey(from)
	}
	err := s.store.View(ctx, func(r Reader) error {
		return r.Scan(prefix, start, limit, func(key, _ []byte) error {
			c, err := get[Case](r, caseKey(CaseNumber(binary.BigEndian.Uint64(key[len(prefix):]))))
			if err == nil && c != nil {
				cases = append(cases, *c)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return cases, nil
}

// Answer moves a complaint on and tells the person by SMS: the provider looks at it, or closes it with a text. The same again
// changes nothing.
func (s *Service) Answer(ctx context.Context, number CaseNumber, state CaseState, text string) error {
	text = strings.TrimSpace(text)
	if err := checkAnswer(state, text); err != nil {
		return fmt.Errorf("answer case %s: %w", number.Text(), err)
	}
	err := s.store.Update(ctx, func(w Writer) error {
		now := nowUnixMs()
		c, err := get[Case](w, caseKey(number))
		switch {
		case err != nil:
			return err
		case c == nil:
			return ErrNotFound
		case c.State == state && c.Answer == text:
			return nil
		case c.State == CaseClosed:
			return ErrCaseClosed
		}
		c.State, c.Answer, c.ChangedAtUnixMs = state, text, now
		if err := put(w, caseKey(number), c); err != nil {
			return err
		}
		if state == CaseLooked {
			return s.tellCase(w, *c, menu.SMSCaseLooked, "looked", now)
		}
		if err := w.Delete(openCaseKey(number)); err != nil {
			return fmt.Errorf("list case: %w", err)
		}
		if err := forgetAt(w, now+caseKept, caseKey(number), caseOfKey(c.Phone, number)); err != nil {
			return err
		}
		return s.tellCase(w, *c, menu.SMSCaseClosed, "closed", now)
	})
	if err != nil {
		return fmt.Errorf("answer case %s: %w", number.Text(), err)
	}
	return nil
}

func checkAnswer(state CaseState, text string) error {
	if state == CaseLooked && text == "" {
		return nil
	}
	if state != CaseClosed || text == "" || strings.ContainsAny(text, "\r\n\t") || !gsm7.FitsScreen(text, 100, 35) {
		return ErrCaseAnswer
	}
	return nil
}

// tellCase sends an SMS about a case, in the language of its phone now.
func (s *Service) tellCase(w Writer, c Case, key menu.Key, what string, nowUnixMs uint64) error {
	session := Session{}
	user, err := getUser(w, c.Phone)
	if err != nil {
		return err
	}
	if user != nil {
		session.Language = user.Language
	}
	text := s.machine.text(&session, key, menu.Args{Case: c.Number.Text()})
	if c.Answer != "" {
		text += "\n" + c.Answer
	}
	return s.outbox.Enqueue(w, Message{Reference: "case/" + c.Number.Text() + "/" + what, To: c.Phone, Text: text}, nowUnixMs)
}

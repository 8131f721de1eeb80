package ussd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/gsm7"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// User is a person whose phone number this gateway serves.
type User struct {
	Phone    Phone            `json:"phone"`
	Name     string           `json:"name"`
	Language menu.Language    `json:"language"`
	Account  tx.AccountID     `json:"account"`
	Number   tx.AccountNumber `json:"number,omitempty"`
	PIN      pin.Record       `json:"pin"`
	Attempts pin.Attempts     `json:"attempts"`
	// Reset is the wish for a new PIN of somebody who forgot the old one; nil when there is none.
	Reset *PINReset `json:"reset,omitempty"`
	// Role is what the provider takes the user for.
	Role Role `json:"role,omitempty"`
	// Provisional says that no attestor has confirmed the number yet.
	Provisional bool `json:"provisional,omitempty"`
	// Leaving is a move of the number to another provider that waits; nil when none does.
	Leaving *Leaving `json:"leaving,omitempty"`
	// Opening is the transaction that opens the account, until its outcome is known.
	//
	// Invariant: while it is set, Number is 0 and the only thing the user can do is finish it.
	Opening *Opening `json:"opening,omitempty"`
}

// Role says what a user does beside paying and being paid.
type Role string

// The roles. Providers give them; the ledger knows nothing of them.
const (
	// RolePerson is everybody.
	RolePerson Role = ""
	// RoleAgent takes and gives cash for money.
	RoleAgent Role = "agent"
	// RoleTill is paid by many who do not know it: a shop.
	RoleTill Role = "till"
)

// Opening is a registration on its way.
type Opening struct {
	Prepared Prepared `json:"prepared"`
	// SubmittedAtUnixMs is by the gateway's clock.
	SubmittedAtUnixMs uint64 `json:"submitted_at_unix_ms"`
	// Promised means that a screen promised the outcome by SMS.
	Promised bool `json:"promised,omitempty"`
}

// MaxNameSeptets is the longest display name.
const MaxNameSeptets = 14

// The ways a name can be refused.
var (
	errNameEmpty   = errors.New("ussd: name without a letter")
	errNameLong    = errors.New("ussd: name longer than 14 letters")
	errNameLetters = errors.New("ussd: name with signs that a phone cannot show")
)

// CheckName takes a display name as payers will see it: letters, digits and simple punctuation in GSM-7, with a letter
// among them, so that no name looks like a number or an amount. Marks that the alphabet lacks are dropped.
func CheckName(text string) (string, error) {
	name := gsm7.Transliterate(strings.Join(strings.Fields(text), " "))
	letters := 0
	for _, char := range name {
		switch {
		case unicode.IsLetter(char):
			letters++
		case unicode.IsDigit(char), strings.ContainsRune(" .'-&", char):
		default:
			return "", errNameLetters
		}
	}
	septets, ok := gsm7.Septets(name)
	switch {
	case !ok:
		return "", errNameLetters
	case letters == 0:
		return "", errNameEmpty
	case septets > MaxNameSeptets:
		return "", errNameLong
	}
	return name, nil
}

// ShortName is the name as others see it: the last of several words is its first letter, "Amina W." for "Amina Wanjiru".
func ShortName(name string) string {
	words := strings.Fields(name)
	if len(words) < 2 {
		return name
	}
	last := words[len(words)-1]
	_, size := utf8.DecodeRuneInString(last)
	if len(last) <= size+1 {
		return strings.Join(words, " ")
	}
	return strings.Join(words[:len(words)-1], " ") + " " + last[:size] + "."
}

func userKey(phone Phone) []byte             { return []byte("user/" + string(phone)) }
func accountKey(account tx.AccountID) []byte { return append([]byte("account/"), account[:]...) }

func getUser(r Reader, phone Phone) (*User, error) { return get[User](r, userKey(phone)) }

// putUser stores a user, the index from the account, and the mark of an account that is being opened.
func putUser(w Writer, user User) error {
	before, err := getUser(w, user.Phone)
	if err != nil {
		return err
	}
	if user.Opening == nil && (before == nil || before.Opening != nil || before.Account != user.Account) {
		if err := arrived(w, user.Phone); err != nil {
			return fmt.Errorf("queue user: %w", err)
		}
	}
	if user.Role == RolePerson {
		if user.Role, err = givenRole(w, user.Phone); err != nil {
			return fmt.Errorf("read role: %w", err)
		}
	}
	if err := put(w, userKey(user.Phone), user); err != nil {
		return err
	}
	if err := w.Set(accountKey(user.Account), []byte(user.Phone)); err != nil {
		return fmt.Errorf("index account: %w", err)
	}
	if user.Opening != nil {
		return w.Set(openingKey(user.Phone), nil)
	}
	return w.Delete(openingKey(user.Phone))
}

// dropUser forgets a user whose account was never opened, or is not served any more, with all that the next one who has the number must not
// see. What is kept by payment or case names the account, and is shown to its own user only.
func dropUser(w Writer, user User) error {
	keys := [][]byte{userKey(user.Phone), accountKey(user.Account), openingKey(user.Phone), contactsKey(user.Phone), draftKey(user.Phone), cashKey(user.Phone)}
	for _, list := range []string{"request", askedList, askingList, "text-offer"} {
		err := w.Scan(phonePrefix(list, user.Phone), nil, maxDropped, func(key, _ []byte) error {
			keys = append(keys, key)
			return nil
		})
		if err != nil {
			return fmt.Errorf("drop user: %w", err)
		}
	}
	for _, key := range keys {
		if err := w.Delete(key); err != nil {
			return fmt.Errorf("drop user: %w", err)
		}
	}
	return nil
}

// maxDropped bounds what is dropped of a list with its user.
const maxDropped = 128

// userOf finds who holds an account; nil when this gateway does not serve it.
func userOf(r Reader, account tx.AccountID) (*User, error) {
	phone, err := r.Get(accountKey(account))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user of account: %w", err)
	}
	return getUser(r, Phone(phone))
}

// get reads a record; nil when there is none.
func get[T any](r Reader, key []byte) (*T, error) {
	raw, err := r.Get(key)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	record := new(T)
	if err := json.Unmarshal(raw, record); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return record, nil
}

func put(w Writer, key []byte, record any) error {
	raw, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	if err := w.Set(key, raw); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	return nil
}

// Enrolment is a person whose account exists already, such as one that a genesis file binds.
type Enrolment struct {
	Phone    Phone
	Name     string
	Language menu.Language
	Account  tx.AccountID
	Number   tx.AccountNumber
	PIN      pin.Secret
	Role     Role
}

// Enrol makes the gateway serve a person whose account exists. Enrolling the same account again changes nothing, the PIN
// included.
func (s *Service) Enrol(ctx context.Context, enrolment Enrolment) error {
	if _, err := ParsePhone(string(enrolment.Phone)); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	name, err := CheckName(enrolment.Name)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	if err := pin.CheckForm(enrolment.PIN); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	if !s.machine.book.Has(enrolment.Language) {
		return fmt.Errorf("enrol: %w: language %q", ErrConfig, enrolment.Language)
	}
	release, err := s.turnstile.enter(ctx, enrolment.Phone)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	defer release()
	var known *User
	err = s.store.View(ctx, func(r Reader) (err error) {
		known, err = getUser(r, enrolment.Phone)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("enrol: %w", err)
	case known != nil && known.Account != enrolment.Account:
		return fmt.Errorf("enrol: %w", ErrEnrolled)
	case known != nil:
		return nil
	}
	record, err := s.hash(ctx, Facts{Phone: enrolment.Phone}, enrolment.Account, enrolment.PIN)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	// Only who holds the turnstile makes a user of this phone number.
	return s.store.Update(ctx, func(w Writer) error {
		return putUser(w, User{Phone: enrolment.Phone, Name: name, Language: enrolment.Language,
			Account: enrolment.Account, Number: enrolment.Number, PIN: record, Role: enrolment.Role})
	})
}

// languageOf is the language of a phone's user; none where there is no user, or none can be read.
func (s *Service) languageOf(phone Phone) (language menu.Language) {
	err := s.store.View(context.Background(), func(r Reader) error {
		user, err := getUser(r, phone)
		if user != nil {
			language = user.Language
		}
		return err
	})
	if err != nil {
		s.log.Warn("language of a phone cannot be read", "error", err)
	}
	return language
}

package ussd

import (
	"context"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/ussd/menu"
)

// Home is where a phone number is on the ledger: its account, who pays from it, and whether it is on its way elsewhere.
type Home struct {
	// Account is zero for a number that is bound to nobody.
	Account tx.AccountID     `json:"account"`
	Number  tx.AccountNumber `json:"number"`
	// Name is the display name, unsealed.
	Name string `json:"name,omitempty"`
	// Attested says that attestors bound the number, not a provider alone.
	Attested bool `json:"attested,omitempty"`
	// Ours says that this provider has a grant on the account.
	Ours bool `json:"ours,omitempty"`
	// Provider is another one that has a grant, or has vouched for the number; zero when there is none.
	Provider Provider `json:"provider,omitzero"`
	// Grantees are all keys that have one.
	Grantees []key.Public `json:"grantees,omitempty"`
	// Move waits; nil when none does.
	Move *Move `json:"move,omitempty"`
}

// Provider is another provider, as people are told of it.
type Provider struct {
	Account tx.AccountID `json:"account"`
	// Name is at most 14 letters of GSM-7. Dial is what people dial; it may be empty.
	Name string     `json:"name"`
	Dial string     `json:"dial,omitempty"`
	Key  key.Public `json:"key,omitzero"`
}

// Move is a move of a number that waits.
type Move struct {
	// To is who gets the grant; zero when nobody does.
	To Provider `json:"to,omitzero"`
	// Ours says that it is this provider.
	Ours bool `json:"ours,omitempty"`
	// Held says that it was held up and is not confirmed; Stopped that it cannot be held up again.
	Held    bool `json:"held,omitempty"`
	Stopped bool `json:"stopped,omitempty"`
	// DueUnixMs is when it completes, or, held up, when it lapses; ledger time.
	DueUnixMs uint64 `json:"due_unix_ms"`
}

// bound tells whether the number has an account.
func (h Home) bound() bool { return h.Account != tx.AccountID{} }

// AskHome asks where a phone number is.
type AskHome struct {
	Phone Phone
	// Gently makes a ledger that does not answer an answer too.
	Gently bool
}

// HomeRead answers AskHome. Unknown says that the ledger did not answer.
type HomeRead struct {
	Home    Home
	Unknown bool
}

func (HomeRead) event() {}

func (a AskHome) find(ctx context.Context, s *Service, _ Facts) (Event, error) {
	home, err := s.ledger.Home(ctx, a.Phone)
	if err != nil && a.Gently {
		s.log.Warn("where a number is was not read", "error", err)
		return HomeRead{Unknown: true}, nil
	}
	return HomeRead{Home: home}, err
}

// Arrival is a person who moves to this provider and is no user of it yet.
type Arrival struct {
	Phone    Phone            `json:"phone"`
	Language menu.Language    `json:"language"`
	Account  tx.AccountID     `json:"account"`
	Number   tx.AccountNumber `json:"number"`
	// From is who served the account when the person asked to move.
	From string `json:"from,omitempty"`
	// Payment is the transaction that was asked for last.
	Payment tx.ID `json:"payment"`
	// Vouched says that the person brought the codes of as many attestors as the account needs, here: when the account is this provider's,
	// they choose the PIN.
	Vouched bool `json:"vouched,omitempty"`
}

// arrivalKept is how long an arrival is waited for: the delay of a move, a hold-up and the week in which it may be confirmed, and more.
const arrivalKept = 30 * 24 * 60 * 60 * 1000

func arrivalKey(phone Phone) []byte { return []byte("arrival/" + string(phone)) }

func arrivalIndex(account tx.AccountID) []byte {
	return append([]byte("arrival-account/"), account[:]...)
}

func putArrival(w Writer, a Arrival) error {
	if err := put(w, arrivalKey(a.Phone), a); err != nil {
		return err
	}
	if err := w.Set(arrivalIndex(a.Account), []byte(a.Phone)); err != nil {
		return fmt.Errorf("index arrival: %w", err)
	}
	return nil
}

func dropArrival(w Writer, a Arrival) error {
	for _, key := range [][]byte{arrivalKey(a.Phone), arrivalIndex(a.Account)} {
		if err := w.Delete(key); err != nil {
			return fmt.Errorf("drop arrival: %w", err)
		}
	}
	return nil
}

// arrivalOf finds who arrives with an account; nil when nobody does.
func arrivalOf(r Reader, account tx.AccountID) (*Arrival, error) {
	phone, err := r.Get(arrivalIndex(account))
	if err == ErrNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find arrival of account: %w", err)
	}
	return get[Arrival](r, arrivalKey(Phone(phone)))
}

type (
	// SaveArrival stores an arrival as given.
	SaveArrival struct{ Arrival Arrival }
	// DropArrival forgets one.
	DropArrival struct{ Arrival Arrival }
)

func (e SaveArrival) apply(_ *Service, w Writer, nowUnixMs uint64) error {
	if err := putArrival(w, e.Arrival); err != nil {
		return err
	}
	return forgetAt(w, nowUnixMs+arrivalKept, arrivalKey(e.Arrival.Phone), arrivalIndex(e.Arrival.Account))
}

func (e DropArrival) apply(_ *Service, w Writer, _ uint64) error { return dropArrival(w, e.Arrival) }

// arriving is the arrival of who asks for a transaction here. Codes that were brought for the account before count: they were the person's.
func (f Facts) arriving(s *Session, p Payment) Arrival {
	a := Arrival{Phone: s.Phone, Language: s.Language, Account: s.Home.Account, Number: s.Home.Number, From: s.Home.Provider.Name, Payment: p.Prepared.ID}
	if f.Arrival != nil && f.Arrival.Account == a.Account {
		a.Vouched = f.Arrival.Vouched
		if a.From == "" {
			a.From = f.Arrival.From
		}
	}
	return a
}

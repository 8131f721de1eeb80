package ussd

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Contacts are whom a user paid last: they are offered by name when the user pays again, and are no strangers any more.

// Contact is somebody whom a user paid.
type Contact struct {
	// Account is zero for a number that nobody had registered.
	Account tx.AccountID     `json:"account,omitzero"`
	Number  tx.AccountNumber `json:"number,omitempty"`
	Phone   Phone            `json:"phone,omitempty"`
	Name    string           `json:"name,omitempty"`
}

const (
	// maxContacts is how many a user's record holds, and listedContacts how many a screen offers.
	maxContacts    = 20
	listedContacts = 5
)

func contactsKey(phone Phone) []byte { return []byte("contacts/" + string(phone)) }

func contactsOf(r Reader, phone Phone) ([]Contact, error) {
	contacts, err := get[[]Contact](r, contactsKey(phone))
	if err != nil || contacts == nil {
		return nil, err
	}
	return *contacts, nil
}

// destination is what a payer would type to pay a contact: who is behind it is asked for anew.
func (c Contact) destination() Destination {
	if c.Phone != "" {
		return Destination{Phone: c.Phone}
	}
	return Destination{Number: c.Number}
}

func (c Contact) payee() Payee {
	return Payee{Account: c.Account, Number: c.Number, Phone: c.Phone, Name: c.Name}
}

// remember puts the payee of a payment that was made first in the payer's list.
func remember(w Writer, p Payment) error {
	payee := p.Order.Payee
	c := Contact{Account: payee.Account, Number: payee.Number, Phone: payee.Phone, Name: payee.Name}
	if c.Phone == "" && c.Number == 0 {
		return nil
	}
	contacts, err := contactsOf(w, p.Payer)
	if err != nil {
		return err
	}
	contacts = slices.DeleteFunc(contacts, func(old Contact) bool {
		return old.Phone == c.Phone && (c.Phone != "" || old.Number == c.Number)
	})
	contacts = slices.Insert(contacts, 0, c)
	return put(w, contactsKey(p.Payer), contacts[:min(len(contacts), maxContacts)])
}

// made does what follows from a payment that was made: the payee is remembered, unless the payment may still be cancelled, and what it took
// back waits no longer.
func (s *Service) made(w Writer, p Payment) error {
	if p.Stage != StageSettled || p.Outcome.Code != OutcomeOK {
		return nil
	}
	switch p.Order.Kind {
	case KindTransfer, KindKeep:
		return remember(w, p)
	case KindRelease:
		return endPayment(w, p.Order.Of)
	}
	return nil
}

package ussd

import "errors"

var (
	// ErrNotFound means that the store has no such record.
	ErrNotFound = errors.New("ussd: record not found")
	// ErrPayeeUnknown means that the ledger has no account for a phone number or account number.
	ErrPayeeUnknown = errors.New("ussd: payee unknown")
	// ErrPhone means that a text is not a phone number in E.164 form.
	ErrPhone = errors.New("ussd: phone number is not in E.164 form, such as +254700000000")
	// ErrNotGranted means that the payer's account does not let this provider pay: there is no grant, or it has expired or does
	// not cover the asset or the fee.
	ErrNotGranted = errors.New("ussd: account is not granted to this provider")
	// ErrBusy means that the ledger takes nothing more of this provider or account for a moment: what was submitted is not made yet, and may
	// be when it is submitted again.
	ErrBusy = errors.New("ussd: ledger takes no more for a moment")
	// ErrPayeeForm means that a text is neither a phone number nor an account number.
	ErrPayeeForm = errors.New("ussd: neither a phone number nor an account number")
	// ErrTurn means that an adapter handed over a turn that lacks something.
	ErrTurn = errors.New("ussd: incomplete turn")
	// ErrEnrolled means that a phone number is enrolled with another account.
	ErrEnrolled = errors.New("ussd: phone number is enrolled with another account")
	// ErrOutboxFull means that an outbox takes no more; whoever decided to send tries again later.
	ErrOutboxFull = errors.New("ussd: outbox is full")
	// ErrConfig means that a configuration cannot work.
	ErrConfig = errors.New("ussd: bad configuration")
)

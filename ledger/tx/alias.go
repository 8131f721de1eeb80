package tx

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// BindAlias binds a phone number's keyed hash to an account, provisionally.
type BindAlias struct {
	Alias      key.Alias
	Account    AccountID
	SealedName key.SealedName
}

func (o BindAlias) check() error                        { return nil }
func (o BindAlias) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o BindAlias) entries() int                        { return 4 }

// AttestAlias binds an alias to an account in full.
type AttestAlias struct {
	Alias      key.Alias
	Account    AccountID
	SealedName key.SealedName
}

func (o AttestAlias) check() error                        { return nil }
func (o AttestAlias) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o AttestAlias) entries() int                        { return 4 }

// ReleaseAlias unbinds an alias.
type ReleaseAlias struct {
	Alias   key.Alias
	Account AccountID
}

func (o ReleaseAlias) check() error                        { return nil }
func (o ReleaseAlias) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o ReleaseAlias) entries() int                        { return 6 }

// StartMove begins to move an alias to another provider of the same account, or to another account.
type StartMove struct {
	Alias key.Alias
	// From is the account that it is bound to, To the one that it is to be bound to; the same when only the provider changes.
	From, To AccountID
	// OldGrantee is the key whose grant on From ends; nil when none does.
	OldGrantee *key.Public
	// Grant on To begins; nil when none does. Invariant: Grant.Account is To. The move changes something.
	Grant *IssueGrant
	// SealedName is the new display name; nil when it stays.
	SealedName *key.SealedName
}

func (o StartMove) check() error {
	switch {
	case o.From == o.To && o.Grant == nil && o.OldGrantee == nil:
		return fmt.Errorf("start_move changes nothing: %w", ErrMalformed)
	case o.Grant == nil:
		return nil
	case o.Grant.Account != o.To:
		return fmt.Errorf("start_move grant account is not to: %w", ErrMalformed)
	}
	if err := o.Grant.check(); err != nil {
		return fmt.Errorf("start_move: %w", err)
	}
	return nil
}
func (o StartMove) accounts(to []AccountID) []AccountID { return append(to, o.From, o.To) }

// It may complete at once: the move and when it is due, the alias, and two grants with theirs.
func (o StartMove) entries() int { return 12 }

// CancelMove ends a move, or holds it up.
type CancelMove struct {
	Alias   key.Alias
	Account AccountID
}

func (o CancelMove) check() error                        { return nil }
func (o CancelMove) accounts(to []AccountID) []AccountID { return append(to, o.Account) }
func (o CancelMove) entries() int                        { return 8 }

// ConfirmMove confirms a move that was held up.
type ConfirmMove struct {
	Alias   key.Alias
	Account AccountID
}

func (o ConfirmMove) check() error                        { return nil }
func (o ConfirmMove) accounts(to []AccountID) []AccountID { return append(to, o.Account) }

// It may complete at once, as a start may, and takes away what waited.
func (o ConfirmMove) entries() int { return 14 }

package tx

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Asset numbers an asset in the order of definition, from 1.
type Asset uint32

// Operation is one act of a transaction: one of the types in authority.go, alias.go, money.go, hold.go, directory.go and
// ballot.go. SPEC.md 5 has the rules of each.
type Operation interface {
	// check is the rules that need no state.
	check() error
	// accounts appends the accounts that the operation names.
	accounts(to []AccountID) []AccountID
	// entries is an upper bound, from the bytes alone, on the state entries that the operation changes. Invariant: no less than the accounts
	// that it names, unless it proposes validators (Body.mostAccounts).
	entries() int
	// proto is the message that carries it.
	proto() *umojav1.Operation
}

// Rules that several operations share. Each takes what the operation or field is called in the error.

func checkAsset(of string, a Asset) error {
	if a == 0 {
		return fmt.Errorf("%s names no asset: %w", of, ErrMalformed)
	}
	return nil
}

// checkUnits is the rules of what moves units of an asset: an asset, and an amount that is something.
func checkUnits(of string, asset Asset, a amount.Amount) error {
	if err := checkAsset(of, asset); err != nil {
		return err
	}
	if a == 0 || a > amount.Max {
		return fmt.Errorf("%s amount must be 0 < amount < 2^63: %w", of, ErrMalformed)
	}
	return nil
}

// checkFee is the rules of a fee beside the amount that it is for; ok says whether both together are an amount.
func checkFee(of string, fee *Fee, ok bool) error {
	switch {
	case fee != nil && fee.ScheduleVersion == 0:
		return fmt.Errorf("%s fee names no schedule version: %w", of, ErrMalformed)
	case !ok:
		return fmt.Errorf("%s amount and fee pass 2^63 - 1: %w", of, ErrMalformed)
	}
	return nil
}

func checkReference(of, reference string) error {
	switch {
	case len(reference) > MaxReferenceBytes:
		return fmt.Errorf("%s reference is above %d bytes: %w", of, MaxReferenceBytes, ErrMalformed)
	case !utf8.ValidString(reference):
		return fmt.Errorf("%s reference is not UTF-8: %w", of, ErrMalformed)
	}
	return nil
}

// checkText is the rules of text that people see: 1 to most bytes of UTF-8 without characters that are not seen and change
// what is (key.Unseen).
func checkText(of, text string, most int) error {
	switch {
	case len(text) == 0 || len(text) > most:
		return fmt.Errorf("%s is %d bytes, not 1 to %d: %w", of, len(text), most, ErrMalformed)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s is not UTF-8: %w", of, ErrMalformed)
	}
	if strings.ContainsFunc(text, key.Unseen) {
		return fmt.Errorf("%s has a character that is not seen: %w", of, ErrMalformed)
	}
	return nil
}

// checkTexts is checkText for each of a list of at most count.
func checkTexts(of string, texts []string, count, most int) error {
	if len(texts) > count {
		return fmt.Errorf("%s are %d, above %d: %w", of, len(texts), count, ErrMalformed)
	}
	for i, text := range texts {
		if err := checkText(fmt.Sprintf("%s %d", of, i), text, most); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(of string, k key.Public) error {
	if _, err := key.ParsePublic(k[:]); err != nil {
		return fmt.Errorf("%s: %v: %w", of, err, ErrMalformed)
	}
	return nil
}

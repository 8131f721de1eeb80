package compact

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Message is a signed transfer without what the ledger knows. Messages can be compared by ==.
//
// Invariant: made by Of or Parse, so every field fits its width and is of a possible transfer. The zero value is no message.
type Message struct {
	// Signed, by way of the body.
	nonce           [8]byte
	expiresAtUnixMs uint64
	payer, payee    tx.AccountNumber
	asset           tx.Asset
	amount          amount.Amount
	fee             Fee // Invariant: all zero, or provider and version are not.

	// Not signed: over the id of the body.
	signature key.Signature
}

// Fee is the leg to the provider, who is named by account number.
type Fee struct {
	Provider        tx.AccountNumber
	ScheduleVersion uint32
	Amount          amount.Amount
}

// Directory is what of the ledger is needed: ids, numbers and authorities of accounts. The error is for a directory that
// cannot be read; an account that is not there is found = false.
type Directory interface {
	// AccountByNumber gives the id and authority of the account with a number.
	AccountByNumber(number tx.AccountNumber) (id tx.AccountID, authority tx.Authority, found bool, err error)
	// NumberOf gives the number of an account.
	NumberOf(id tx.AccountID) (number tx.AccountNumber, found bool, err error)
}

// Parse reads a message, past white space and in upper or lower case: ErrText, ErrChecksum, ErrTemplate or ErrField. The
// signature can only be checked by Rebuild.
func Parse(text string) (Message, error) {
	raw, err := readLetters(text)
	if err != nil {
		return Message{}, err
	}
	m, err := decode(raw)
	if err != nil {
		return Message{}, err
	}
	return m, nil
}

// String writes the message in its 159 letters.
func (m Message) String() string { return writeLetters(m.encode()) }

// Nonce is that of the body.
func (m Message) Nonce() [8]byte { return m.nonce }

// ExpiresAtUnixMs is the ledger time after which the transfer can never be applied.
func (m Message) ExpiresAtUnixMs() uint64 { return m.expiresAtUnixMs }

// Payer is the account debited, which signed.
func (m Message) Payer() tx.AccountNumber { return m.payer }

// Payee is the account credited.
func (m Message) Payee() tx.AccountNumber { return m.payee }

// Asset is what is paid in.
func (m Message) Asset() tx.Asset { return m.asset }

// Amount is what the payee gets.
func (m Message) Amount() amount.Amount { return m.amount }

// Fee is what the provider gets; false when there is none.
func (m Message) Fee() (Fee, bool) { return m.fee, m.fee != Fee{} }

// Signature is the payer's, not checked.
func (m Message) Signature() key.Signature { return m.signature }

// Of shortens a signed transaction. What it gives, Rebuild makes into the same envelope again under the same directory:
// Of checks that, the signature included. Else the error is ErrCannotCarry with the field and the limit, ErrUnknownAccount,
// tx.ErrBadSignature, or the directory's.
func Of(signed *tx.Signed, directory Directory) (Message, error) {
	transfer, err := soleTransfer(signed)
	if err != nil {
		return Message{}, err
	}
	m := Message{
		nonce: signed.Body.Nonce, expiresAtUnixMs: signed.Body.ExpiresAtUnixMs,
		asset: transfer.Asset, amount: transfer.Amount, signature: signed.Signatures[0].Signature,
	}
	if m.payer, err = numberOf(directory, transfer.Debit, "payer"); err != nil {
		return Message{}, err
	}
	if m.payee, err = numberOf(directory, transfer.Credit, "payee"); err != nil {
		return Message{}, err
	}
	if fee := transfer.Fee; fee != nil {
		m.fee = Fee{ScheduleVersion: fee.ScheduleVersion, Amount: fee.Amount}
		if m.fee.Provider, err = numberOf(directory, fee.Provider, "fee provider"); err != nil {
			return Message{}, err
		}
	}
	if err := m.checkWidths(); err != nil {
		return Message{}, err
	}
	body, payerKey, err := m.resolve(directory)
	if errors.Is(err, ErrNotSingleKey) {
		return Message{}, fmt.Errorf("%w: %w", err, ErrCannotCarry)
	}
	if err != nil {
		return Message{}, err
	}
	if payerKey != signed.Signatures[0].Signer {
		return Message{}, fmt.Errorf("signer is not the owner key of the payer: %w", ErrCannotCarry)
	}
	if !bytes.Equal(body, signed.RawBody()) {
		// A field that this package does not know, or a directory that contradicts itself.
		return Message{}, fmt.Errorf("transfer has more fields than payer, payee, asset, amount and fee: %w", ErrCannotCarry)
	}
	if err := signed.VerifySignatures(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// soleTransfer takes the one transfer out of a transaction with one signature.
func soleTransfer(signed *tx.Signed) (tx.Transfer, error) {
	if n := len(signed.Body.Operations); n != 1 {
		return tx.Transfer{}, fmt.Errorf("%d operations, not 1: %w", n, ErrCannotCarry)
	}
	transfer, ok := signed.Body.Operations[0].(tx.Transfer)
	switch {
	case !ok:
		return tx.Transfer{}, fmt.Errorf("operation is not a transfer: %w", ErrCannotCarry)
	case len(signed.Signatures) != 1:
		return tx.Transfer{}, fmt.Errorf("%d signatures, not 1: %w", len(signed.Signatures), ErrCannotCarry)
	case transfer.Alias != nil:
		return tx.Transfer{}, fmt.Errorf("transfer names an alias: %w", ErrCannotCarry)
	case transfer.Request != nil:
		return tx.Transfer{}, fmt.Errorf("transfer pays a request: %w", ErrCannotCarry)
	case transfer.Reference != "":
		return tx.Transfer{}, fmt.Errorf("transfer has a reference: %w", ErrCannotCarry)
	}
	return transfer, nil
}

// checkWidths refuses what a message has too few bytes for.
func (m Message) checkWidths() error {
	for _, f := range []struct {
		field    string
		value    uint64
		from, to int
	}{
		{"expiry", m.expiresAtUnixMs, expiryAt, payerAt},
		{"payer's account number", uint64(m.payer), payerAt, payeeAt},
		{"payee's account number", uint64(m.payee), payeeAt, assetAt},
		{"asset", uint64(m.asset), assetAt, amountAt},
		{"amount", uint64(m.amount), amountAt, providerAt},
		{"fee provider's account number", uint64(m.fee.Provider), providerAt, scheduleAt},
		{"fee schedule version", uint64(m.fee.ScheduleVersion), scheduleAt, feeAmountAt},
		{"fee", uint64(m.fee.Amount), feeAmountAt, signatureAt},
	} {
		if !fits(f.value, f.from, f.to) {
			return fmt.Errorf("%s must be below 2^%d: %w", f.field, 8*(f.to-f.from), ErrCannotCarry)
		}
	}
	return nil
}

// Rebuild gives the signed transaction as its author had it, ready to be submitted. ErrUnknownAccount, ErrNotSingleKey,
// tx.ErrBadSignature or the directory's error. A signature that does not verify may mean another network, a payer's key
// replaced since, a letter changed that the checksum missed, or fraud; in none of them is there anything to submit.
func (m Message) Rebuild(network tx.NetworkID, directory Directory) (*tx.Signed, error) {
	body, payerKey, err := m.resolve(directory)
	if err != nil {
		return nil, err
	}
	signed, err := tx.Pack(network, body, []tx.Signature{{Signer: payerKey, Signature: m.signature}})
	if err != nil {
		return nil, fmt.Errorf("rebuild transfer: %w", err)
	}
	if err := signed.VerifySignatures(); err != nil {
		return nil, fmt.Errorf("rebuild transfer: %w", err)
	}
	return signed, nil
}

// resolve writes the body that the payer signed, and gives the key that signed it.
func (m Message) resolve(directory Directory) (body []byte, payerKey key.Public, err error) {
	payer, authority, err := accountByNumber(directory, m.payer, "payer")
	if err != nil {
		return nil, payerKey, err
	}
	if len(authority.Keys) != 1 {
		return nil, payerKey, fmt.Errorf("payer %s: %d owner keys: %w", m.payer.Text(), len(authority.Keys), ErrNotSingleKey)
	}
	payee, _, err := accountByNumber(directory, m.payee, "payee")
	if err != nil {
		return nil, payerKey, err
	}
	transfer := tx.Transfer{Debit: payer, Credit: payee, Asset: m.asset, Amount: m.amount}
	if fee, ok := m.Fee(); ok {
		provider, _, err := accountByNumber(directory, fee.Provider, "fee provider")
		if err != nil {
			return nil, payerKey, err
		}
		transfer.Fee = &tx.Fee{Provider: provider, ScheduleVersion: fee.ScheduleVersion, Amount: fee.Amount}
	}
	body, err = tx.Body{Nonce: m.nonce, ExpiresAtUnixMs: m.expiresAtUnixMs, Operations: []tx.Operation{transfer}}.Encode()
	if err != nil {
		return nil, payerKey, fmt.Errorf("rebuild transfer: %w", err)
	}
	return body, authority.Keys[0].Key, nil
}

func accountByNumber(directory Directory, number tx.AccountNumber, role string) (tx.AccountID, tx.Authority, error) {
	id, authority, found, err := directory.AccountByNumber(number)
	if err != nil {
		return id, authority, fmt.Errorf("look up %s %s: %w", role, number.Text(), err)
	}
	if !found {
		return id, authority, fmt.Errorf("%s %s: %w", role, number.Text(), ErrUnknownAccount)
	}
	return id, authority, nil
}

func numberOf(directory Directory, id tx.AccountID, role string) (tx.AccountNumber, error) {
	number, found, err := directory.NumberOf(id)
	if err != nil {
		return 0, fmt.Errorf("look up %s %s: %w", role, id, err)
	}
	if !found || number == 0 {
		return 0, fmt.Errorf("%s %s: %w", role, id, ErrUnknownAccount)
	}
	return number, nil
}

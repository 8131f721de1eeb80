package compact

import "errors"

// Errors of Parse, in the order in which they are found. They need no ledger. Details are appended with %w.
var (
	// ErrText means the text is not 159 letters of the alphabet in groups that stand for two bytes.
	ErrText = errors.New("not a transfer in short form")
	// ErrChecksum means letters are wrong or in the wrong place.
	ErrChecksum = errors.New("checksum does not match: a letter is wrong")
	// ErrTemplate means the message is of a template that this version does not know.
	ErrTemplate = errors.New("unknown template")
	// ErrField means a field has a value that no transfer has.
	ErrField = errors.New("not a possible transfer")
)

// Errors of Of and Rebuild, beside tx.ErrBadSignature and those of the directory.
var (
	// ErrCannotCarry means the transaction is good, and the short form has no place for something in it.
	ErrCannotCarry = errors.New("short form cannot carry it")
	// ErrUnknownAccount means the directory does not know an account.
	ErrUnknownAccount = errors.New("account is unknown")
	// ErrNotSingleKey means the payer's account is not, or no more, under exactly one owner key.
	ErrNotSingleKey = errors.New("payer's account is not under one owner key")
)

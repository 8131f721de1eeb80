package tx

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// NetworkID is the hash of the network's genesis file. It is part of everything that is signed, so nothing replays on
// another network.
type NetworkID [32]byte

// String writes the id in hexadecimal.
func (n NetworkID) String() string { return hex.EncodeToString(n[:]) }

// ID identifies a transaction: the tagged hash of network id and body (SPEC.md 3). Signatures are not part of it.
type ID [32]byte

// NewID hashes a body.
func NewID(network NetworkID, body []byte) ID {
	return ID(key.TaggedHash("umoja/tx/v1", network[:], body))
}

// String writes the id in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 {
		return ID{}, fmt.Errorf("transaction id is not 64 hexadecimal digits: %w", ErrMalformed)
	}
	return ID(raw), nil
}

// EnvelopeHash identifies an envelope with its signatures: what is remembered of a verified signature.
type EnvelopeHash [32]byte

// NewEnvelopeHash hashes an envelope.
func NewEnvelopeHash(network NetworkID, envelope []byte) EnvelopeHash {
	return EnvelopeHash(key.TaggedHash("umoja/envelope/v1", network[:], envelope))
}

// PendingDigest is what a grant key signs to ask for an account's open payments (SPEC.md 9). The time keeps an old
// request from being asked again by a stranger.
func PendingDigest(network NetworkID, account AccountID, timeUnixMs uint64) [32]byte {
	return key.TaggedHash("umoja/pending/v1", network[:], account[:], binary.BigEndian.AppendUint64(nil, timeUnixMs))
}

// AccountID names an account: the first 16 bytes of the tagged hash of salt and founding authority, so that its author
// knows it offline.
type AccountID [16]byte

// accountHRP is the human-readable part of an account's bech32m text.
const accountHRP = "umoja"

// ErrBadAccount means a text is not an account id or number.
var ErrBadAccount = errors.New("not an account")

// String writes the account as bech32m, such as umoja1….
func (a AccountID) String() string {
	data, err := bech32.ConvertBits(a[:], 8, 5, true)
	if err != nil {
		panic("convert 16 bytes to 5-bit groups: " + err.Error()) // Cannot happen: padding is allowed.
	}
	text, err := bech32.EncodeM(accountHRP, data)
	if err != nil {
		panic("encode bech32m: " + err.Error()) // Cannot happen: the prefix is valid.
	}
	return text
}

// ParseAccountID reads the bech32m text of an account; all upper case is read too, as QR codes write it.
func ParseAccountID(text string) (AccountID, error) {
	hrp, data, version, err := bech32.DecodeGeneric(text)
	if err != nil || hrp != accountHRP || version != bech32.VersionM {
		return AccountID{}, fmt.Errorf("account text: %w", ErrBadAccount)
	}
	raw, err := bech32.ConvertBits(data, 5, 8, false)
	if err != nil || len(raw) != 16 {
		return AccountID{}, fmt.Errorf("account text: %w", ErrBadAccount)
	}
	return AccountID(raw), nil
}

// MarshalText writes the bech32m text.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads it.
func (a *AccountID) UnmarshalText(text []byte) error {
	parsed, err := ParseAccountID(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// AccountNumber is the place of an account in the order of opening, counted from 1.
type AccountNumber uint64

// damm is the operation table of the Damm algorithm (H. M. Damm, 2004): it finds every single wrong digit and every
// swap of neighbours.
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

func dammDigit(digits string) byte {
	interim := byte(0)
	for i := range len(digits) {
		interim = damm[interim][digits[i]-'0']
	}
	return interim
}

// Text writes the number and its check digit, as people see and type it.
func (n AccountNumber) Text() string {
	digits := strconv.FormatUint(uint64(n), 10)
	return digits + string('0'+rune(dammDigit(digits)))
}

// ParseAccountNumber reads the digits with their check digit.
func ParseAccountNumber(text string) (AccountNumber, error) {
	if len(text) < 2 || len(text) > 21 || text[0] == '0' {
		return 0, fmt.Errorf("account number: %w", ErrBadAccount)
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, fmt.Errorf("account number: %w", ErrBadAccount)
		}
	}
	value, err := strconv.ParseUint(text[:len(text)-1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("account number: digits pass 64 bits: %w", ErrBadAccount)
	}
	if dammDigit(text) != 0 {
		return 0, fmt.Errorf("account number: check digit: %w", ErrBadAccount)
	}
	return AccountNumber(value), nil
}

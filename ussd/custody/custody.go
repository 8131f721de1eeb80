// Package custody keeps what a provider must never show: the grant key that moves its users' money, the network's alias
// key, and the peppers of the PINs.
//
// Secrets live in one of two forms. Plain files (Create, Open) hold one secret each, readable by their owner only. A sealed
// file (Seal, OpenSealed) holds all of them encrypted by age, so that a copy of the disk or of a backup shows nothing without
// the identity file or the passphrase, which are kept elsewhere. Either is read once, when the gateway starts; a file that
// anybody else can read or that is not a plain file is refused, because a key that was readable has to be taken for
// known. When a pepper may be known, Rotate puts a new one before it: the old ones still compare the PINs that were chosen under
// them, and Retire drops one when no record is left of it.
//
// The rest of the gateway sees the Custody interface: a signer that shows no key, and secrets that print as "redacted"; a
// hardware module implements the same. The package promises that a crash at any moment leaves the file as it was or as it
// shall be, and that it overwrites no key with another. It is the only importer of age.
package custody

import (
	"errors"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

var (
	// ErrPermissions means that others than the owner may read or write a key file or its directory.
	ErrPermissions = errors.New("custody: readable or writable by others")
	// ErrContent means that a key file does not hold its key.
	ErrContent = errors.New("custody: file does not hold its key")
	// ErrExists means that there are keys already; they are never overwritten.
	ErrExists = errors.New("custody: keys exist")
	// ErrLocked means that the identity or passphrase does not open the sealed file.
	ErrLocked = errors.New("custody: identity or passphrase does not open the file")
	// ErrPassphrase means that a passphrase is missing or too short.
	ErrPassphrase = errors.New("custody: passphrase is missing or has fewer than 12 bytes")
	// ErrPeppers means that a pepper cannot be added or retired.
	ErrPeppers = errors.New("custody: peppers cannot be changed so")
	// ErrSource means that it is not said, or said twice, where the secrets are.
	ErrSource = errors.New("custody: source of keys is not valid")
)

// Signer signs with the grant key and does not show it.
type Signer = key.Signer

// Pepper is the secret of the provider's PIN records and digests. It prints as "redacted".
type Pepper = pin.Pepper

// NewPepper takes the secret.
func NewPepper(secret [32]byte) Pepper { return pin.NewPepper(secret) }

// Custody is where a gateway's secrets live.
type Custody interface {
	// Signer signs with the provider's grant key.
	Signer() Signer
	// AliasKey hashes phone numbers and opens names.
	AliasKey() key.AliasKey
	// Pepper is the newest, for new PIN records, and by derivation for digests.
	Pepper() Pepper
	// Peppers are all, the newest first: what a pin.Hasher compares records under. The caller may change the slice.
	Peppers() []Pepper
}

// secrets are those of a provider in memory.
type secrets struct {
	grant key.Private
	alias key.AliasKey
	// Invariant: 1 to pin.MaxPeppers, newest first, none zero, no two the same.
	peppers []Pepper
}

// Signer implements Custody.
func (s *secrets) Signer() Signer { return s.grant }

// AliasKey implements Custody.
func (s *secrets) AliasKey() key.AliasKey { return s.alias }

// Pepper implements Custody.
func (s *secrets) Pepper() Pepper { return s.peppers[0] }

// Peppers implements Custody.
func (s *secrets) Peppers() []Pepper { return slices.Clone(s.peppers) }

// String hides the secrets.
func (s *secrets) String() string { return "redacted" }

// GoString hides the secrets from %#v.
func (s *secrets) GoString() string { return "redacted" }

// MarshalText hides the secrets from encoders.
func (s *secrets) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

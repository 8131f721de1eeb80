package genesis

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
)

// ValidatorRecord is what a cooperative publishes about its validator: made on its own machine by `umojad init`, signed
// with the key it names, so that nobody can enter another's key as their own.
type ValidatorRecord struct {
	Name string `json:"name"`
	// Key is the Ed25519 signing key.
	Key Hex `json:"key"`
	// TLSKeyHash is SHA-256 of the SubjectPublicKeyInfo of the TLS key.
	TLSKeyHash Hex `json:"tls_key_hash"`
	// PeerAddress is where other validators reach it, host:port. A validator's configuration may override it.
	PeerAddress string `json:"peer_address"`
	// Address is where clients reach its public service, host:port.
	Address string `json:"address"`
	// Proof is the key's signature over the tagged hash of the fields above.
	Proof Hex `json:"proof"`
}

// digest is what Proof signs; the JSON of a list of strings separates the fields without doubt.
func (r ValidatorRecord) digest() []byte {
	fields, err := json.Marshal([]string{
		r.Name, hex.EncodeToString(r.Key), hex.EncodeToString(r.TLSKeyHash), r.PeerAddress, r.Address,
	})
	if err != nil {
		panic("encode strings: " + err.Error()) // Cannot happen: strings always encode.
	}
	d := key.TaggedHash("umoja/validator-record/v1", fields)
	return d[:]
}

// plainAddress says whether the address is of letters that JSON writes as they are, so that every program makes the same
// digest.
func plainAddress(address string) bool {
	odd := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"\<>&`, r) }
	return len(address) <= 255 && !strings.ContainsFunc(address, odd)
}

// Sign fills in key and proof.
func (r ValidatorRecord) Sign(secret ed25519.PrivateKey) ValidatorRecord {
	r.Key = Hex(secret.Public().(ed25519.PublicKey))
	r.Proof = ed25519.Sign(secret, r.digest())
	return r
}

// Validator checks the record and gives the plain type.
func (r ValidatorRecord) Validator() (checkpoint.Validator, error) {
	if len(r.Key) != 32 || len(r.TLSKeyHash) != 32 {
		return checkpoint.Validator{}, fmt.Errorf("validator %q: keys must be 32 bytes: %w", r.Name, ErrBadGenesis)
	}
	if err := checkpoint.CheckName(r.Name); err != nil {
		return checkpoint.Validator{}, fmt.Errorf("%v: %w", err, ErrBadGenesis)
	}
	if !plainAddress(r.PeerAddress) || !plainAddress(r.Address) {
		return checkpoint.Validator{}, fmt.Errorf("validator %q: addresses must be plain ASCII of at most 255 bytes: %w", r.Name, ErrBadGenesis)
	}
	if !ed25519.Verify(ed25519.PublicKey(r.Key), r.digest(), r.Proof) {
		return checkpoint.Validator{}, fmt.Errorf("validator %q: proof does not verify: %w", r.Name, ErrBadGenesis)
	}
	return checkpoint.Validator{Name: r.Name, Key: [32]byte(r.Key), TLSKeyHash: [32]byte(r.TLSKeyHash)}, nil
}

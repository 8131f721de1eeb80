package checkpoint

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Complaint is a validator's word that the leader of a raft term does not do what only a leader can: order what waits, name
// the next round, open the next epoch. One proves nothing; f+1 contain an honest one.
type Complaint struct {
	Validator string
	Term      uint64
	Leader    string
	Signature [64]byte
}

func (c Complaint) digest(network tx.NetworkID) [32]byte {
	var term [8]byte
	binary.BigEndian.PutUint64(term[:], c.Term)
	return key.TaggedHash("umoja/complaint/v1", network[:], term[:], []byte(c.Leader))
}

// Sign fills in the signature.
func (c Complaint) Sign(network tx.NetworkID, secret ed25519.PrivateKey) Complaint {
	digest := c.digest(network)
	c.Signature = [64]byte(ed25519.Sign(secret, digest[:]))
	return c
}

// Verify checks that a validator of the set complains of another one.
func (c Complaint) Verify(network tx.NetworkID, set ValidatorSet) error {
	by, ok := set.Find(c.Validator)
	if _, known := set.Find(c.Leader); !ok || !known || c.Leader == c.Validator {
		return fmt.Errorf("complaint of %q about %q: %w", c.Validator, c.Leader, ErrBadSignature)
	}
	digest := c.digest(network)
	if !ed25519.Verify(by.PublicKey(), digest[:], c.Signature[:]) {
		return fmt.Errorf("complaint of %q: %w", c.Validator, ErrBadSignature)
	}
	return nil
}

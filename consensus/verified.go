package consensus

import (
	"sync"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// verified remembers envelopes whose signatures this node has checked, by the hash of their bytes, so that what was
// checked at ingress is not checked again when it is applied. Only a verdict "good" is remembered: a bad envelope costs its
// sender, not this memory.
type verified struct {
	network tx.NetworkID

	// mu guards the maps; it is held for a look-up, never while a signature is checked.
	mu sync.Mutex
	// recent and older are two generations. Invariant: each holds at most generation envelopes and generationBytes of them,
	// the last one aside.
	recent, older map[tx.EnvelopeHash]*tx.Signed
	// recentBytes are the envelopes of recent together.
	recentBytes int
}

const (
	// generation bounds how much is remembered: two generations of envelopes of a few hundred bytes each.
	generation = 8192
	// generationBytes bounds the memory: anybody can sign envelopes of the largest size with keys that nobody knows. What
	// they say takes a few times their bytes.
	generationBytes = 4 << 20
)

func newVerified(network tx.NetworkID) *verified {
	return &verified{network: network, recent: make(map[tx.EnvelopeHash]*tx.Signed)}
}

var _ ledger.Verifier = (*verified)(nil).verify

// verify is a ledger.Verifier.
func (v *verified) verify(envelope []byte) (*tx.Signed, error) {
	if len(envelope) > tx.MaxEnvelopeBytes {
		return nil, tx.ErrTooLarge
	}
	hash := tx.NewEnvelopeHash(v.network, envelope)
	if signed := v.find(hash); signed != nil {
		return signed, nil
	}
	signed, err := tx.Parse(v.network, envelope)
	if err != nil {
		return nil, err
	}
	if err := signed.VerifySignatures(); err != nil {
		return nil, err
	}
	v.remember(hash, signed)
	return signed, nil
}

func (v *verified) find(hash tx.EnvelopeHash) *tx.Signed {
	v.mu.Lock()
	defer v.mu.Unlock()
	if signed := v.recent[hash]; signed != nil {
		return signed
	}
	return v.older[hash]
}

func (v *verified) remember(hash tx.EnvelopeHash, signed *tx.Signed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.recent[hash] != nil {
		return
	}
	if len(v.recent) >= generation || v.recentBytes >= generationBytes {
		v.older, v.recent, v.recentBytes = v.recent, make(map[tx.EnvelopeHash]*tx.Signed), 0
	}
	v.recent[hash] = signed
	v.recentBytes += len(signed.Envelope())
}

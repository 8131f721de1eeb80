package consensus

import (
	"fmt"
	"sync"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key/batch"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// verified remembers envelopes whose signatures this node has checked, by the hash of their bytes, so that what was
// checked at ingress is not checked again when it is applied. Only a verdict "good" is remembered: a bad envelope costs its
// sender, not this memory.
type verified struct {
	network tx.NetworkID
	// signatures verifies those of many envelopes at once, several times faster than one by one.
	signatures *batch.Verifier

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
	return &verified{network: network, signatures: batch.NewVerifier(), recent: make(map[tx.EnvelopeHash]*tx.Signed)}
}

var _ ledger.Verifier = (*verified)(nil).verify

// verify is a ledger.Verifier.
func (v *verified) verify(envelope []byte) (*tx.Signed, error) {
	one := v.verifyAll([][]byte{envelope})[0]
	return one.signed, one.err
}

// verdict is what verify says of an envelope.
type verdict struct {
	signed *tx.Signed
	err    error
}

// verifyAll gives the verdicts on many envelopes, in order: those of ledger.Verify, sooner. It works in the caller's
// goroutine.
func (v *verified) verifyAll(envelopes [][]byte) []verdict {
	verdicts := make([]verdict, len(envelopes))
	var items []batch.Item
	// of says which signature of which envelope an item is.
	type place struct{ envelope, signature int }
	var of []place
	for i, envelope := range envelopes {
		if len(envelope) > tx.MaxEnvelopeBytes {
			verdicts[i].err = tx.ErrTooLarge
			continue
		}
		if verdicts[i].signed = v.find(tx.NewEnvelopeHash(v.network, envelope)); verdicts[i].signed != nil {
			continue
		}
		signed, err := tx.Parse(v.network, envelope)
		if err != nil {
			verdicts[i].err = err
			continue
		}
		verdicts[i].signed = signed
		for j, sig := range signed.Signatures {
			items = append(items, batch.Item{Key: sig.Signer, Digest: signed.ID(), Signature: sig.Signature})
			of = append(of, place{i, j})
		}
	}
	for _, bad := range v.signatures.Verify(items) {
		if at := of[bad]; verdicts[at.envelope].err == nil {
			verdicts[at.envelope] = verdict{err: fmt.Errorf("signature %d: %w", at.signature, tx.ErrBadSignature)}
		}
	}
	for k, at := range of {
		if signed := verdicts[at.envelope].signed; signed != nil && (k == 0 || of[k-1].envelope != at.envelope) {
			v.remember(signed.EnvelopeHash(), signed)
		}
	}
	return verdicts
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

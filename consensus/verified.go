package consensus

import (
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
	return one.Signed, one.Err
}

// verifyAll gives the verdicts on many envelopes, in order: those of ledger.Verify, sooner. It works in the caller's
// goroutine.
func (v *verified) verifyAll(envelopes [][]byte) []ledger.Verdict {
	verdicts := make([]ledger.Verdict, len(envelopes))
	var unknown [][]byte
	var hashes []tx.EnvelopeHash
	var places []int
	for i, envelope := range envelopes {
		if len(envelope) > tx.MaxEnvelopeBytes {
			verdicts[i].Err = tx.ErrTooLarge // Its hash is not worth the work.
			continue
		}
		hash := tx.NewEnvelopeHash(v.network, envelope)
		if verdicts[i].Signed = v.find(hash); verdicts[i].Signed == nil {
			unknown, hashes, places = append(unknown, envelope), append(hashes, hash), append(places, i)
		}
	}
	for k, verdict := range v.verifyUnknown(unknown, hashes) {
		verdicts[places[k]] = verdict
	}
	return verdicts
}

// verifyUnknown is verifyAll for envelopes that are hashed and not remembered, of a size that is allowed.
func (v *verified) verifyUnknown(envelopes [][]byte, hashes []tx.EnvelopeHash) []ledger.Verdict {
	verdicts := ledger.VerifyHashed(v.network, v.signatures, envelopes, hashes)
	v.remember(verdicts)
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

// remember keeps the good ones.
func (v *verified) remember(verdicts []ledger.Verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, verdict := range verdicts {
		if verdict.Err == nil {
			v.keep(verdict.Signed.EnvelopeHash(), verdict.Signed)
		}
	}
}

// keep remembers one. The caller holds mu.
func (v *verified) keep(hash tx.EnvelopeHash, signed *tx.Signed) {
	if v.recent[hash] != nil {
		return
	}
	if len(v.recent) >= generation || v.recentBytes >= generationBytes {
		v.older, v.recent, v.recentBytes = v.recent, make(map[tx.EnvelopeHash]*tx.Signed), 0
	}
	v.recent[hash] = signed
	v.recentBytes += len(signed.Envelope())
}

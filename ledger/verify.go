package ledger

import (
	"fmt"

	keybatch "github.com/umoja-ledger/umoja/ledger/key/batch"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Verifier parses an envelope and checks its signatures. Nodes give one that remembers what they verified on arrival;
// its verdicts must be those of Verify.
type Verifier func(envelope []byte) (*tx.Signed, error)

// Verify is the Verifier that remembers nothing.
func Verify(network tx.NetworkID) Verifier {
	return func(envelope []byte) (*tx.Signed, error) {
		signed, err := tx.Parse(network, envelope)
		if err != nil {
			return nil, err
		}
		return signed, signed.VerifySignatures()
	}
}

// Verdict is what a Verifier says of one envelope: the transaction, or what is wrong.
type Verdict struct {
	Signed *tx.Signed
	Err    error
}

// VerifyAll gives Verify's verdicts on many envelopes, in order, several times sooner than one by one.
func VerifyAll(network tx.NetworkID, signatures *keybatch.Verifier, envelopes [][]byte) []Verdict {
	return verifyAll(signatures, envelopes, func(i int) (*tx.Signed, error) { return tx.Parse(network, envelopes[i]) })
}

// VerifyHashed is VerifyAll for who has hashed the envelopes. Invariant: the hashes are theirs (tx.NewEnvelopeHash).
func VerifyHashed(network tx.NetworkID, signatures *keybatch.Verifier, envelopes [][]byte, hashes []tx.EnvelopeHash) []Verdict {
	return verifyAll(signatures, envelopes, func(i int) (*tx.Signed, error) { return tx.ParseHashed(network, envelopes[i], hashes[i]) })
}

func verifyAll(signatures *keybatch.Verifier, envelopes [][]byte, parse func(int) (*tx.Signed, error)) []Verdict {
	verdicts := make([]Verdict, len(envelopes))
	// place says which signature of which envelope an item is.
	type place struct{ envelope, signature int }
	places := make([]place, 0, len(envelopes))
	items := make([]keybatch.Item, 0, len(envelopes))
	for i := range envelopes {
		signed, err := parse(i)
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		verdicts[i].Signed = signed
		for j, sig := range signed.Signatures {
			places = append(places, place{i, j})
			items = append(items, keybatch.Item{Key: sig.Signer, Digest: signed.ID(), Signature: sig.Signature})
		}
	}
	for _, bad := range signatures.Verify(items) {
		if at := places[bad]; verdicts[at.envelope].Err == nil {
			verdicts[at.envelope] = Verdict{Err: fmt.Errorf("signature %d: %w", at.signature, tx.ErrBadSignature)}
		}
	}
	return verdicts
}

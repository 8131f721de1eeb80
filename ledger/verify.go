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
	return verifyAll(signatures.Verify, envelopes, func(i int) (*tx.Signed, error) { return tx.Parse(network, envelopes[i]) })
}

// VerifyHashed is VerifyAll for who has hashed the envelopes. Invariant: the hashes are theirs (tx.NewEnvelopeHash).
func VerifyHashed(network tx.NetworkID, signatures *keybatch.Verifier, envelopes [][]byte, hashes []tx.EnvelopeHash) []Verdict {
	return verifyAll(signatures.Verify, envelopes, func(i int) (*tx.Signed, error) { return tx.ParseHashed(network, envelopes[i], hashes[i]) })
}

// verifyAll verifies the first signatures of all envelopes together, and then, of those that had no bad one, as many more of each as were
// good. All at once would cost a little less when all are good, but VerifySignatures ends at the first bad one: whoever sends envelopes
// with sixteen bad signatures, or with one that is good before fifteen bad ones, should not have each of them looked at.
func verifyAll(verify func([]keybatch.Item) (bad []int), envelopes [][]byte, parse func(int) (*tx.Signed, error)) []Verdict {
	verdicts := make([]Verdict, len(envelopes))
	most := 0
	for i := range envelopes {
		signed, err := parse(i)
		if err != nil {
			verdicts[i].Err = err
			continue
		}
		verdicts[i].Signed = signed
		most = max(most, len(signed.Signatures))
	}
	// place says which signature of which envelope an item is.
	type place struct{ envelope, signature int }
	places := make([]place, 0, len(envelopes))
	items := make([]keybatch.Item, 0, len(envelopes))
	for from, to := 0, 1; from < most; from, to = to, 2*to {
		places, items = places[:0], items[:0]
		for i := range verdicts {
			signed := verdicts[i].Signed
			if signed == nil {
				continue
			}
			for j := from; j < min(to, len(signed.Signatures)); j++ {
				sig := &signed.Signatures[j]
				places = append(places, place{i, j})
				items = append(items, keybatch.Item{Key: sig.Signer, Digest: signed.ID(), Signature: sig.Signature})
			}
		}
		for _, bad := range verify(items) {
			if at := places[bad]; verdicts[at.envelope].Err == nil { // The first of several is named.
				verdicts[at.envelope] = Verdict{Err: fmt.Errorf("signature %d: %w", at.signature, tx.ErrBadSignature)}
			}
		}
	}
	return verdicts
}

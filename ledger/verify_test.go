package ledger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	keybatch "github.com/umoja-ledger/umoja/ledger/key/batch"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// signedBy makes an envelope with so many signatures, of which some are bad.
func signedBy(t testing.TB, salt, signers int, bad ...int) []byte {
	t.Helper()
	body, err := tx.Body{
		Nonce: [8]byte{byte(salt), byte(salt >> 8)}, ExpiresAtUnixMs: 1,
		Operations: []tx.Operation{tx.Transfer{Debit: tx.AccountID{1}, Credit: tx.AccountID{2}, Asset: 1, Amount: 1}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var all []key.Signer
	for i := range signers {
		p, err := key.NewPrivate([32]byte{0: byte(1 + i), 31: 1})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	signed, err := tx.Seal(tx.NetworkID{}, body, all...)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range bad {
		signed.Signatures[i].Signature[63] ^= 1
	}
	if signed, err = tx.Pack(tx.NetworkID{}, body, signed.Signatures); err != nil {
		t.Fatal(err)
	}
	return signed.Envelope()
}

// TestVerifyAllIsVerify: each of many envelopes has the verdict that it has alone, the text of the error too, which names the first bad
// signature: for every number of signatures, with any of them bad.
func TestVerifyAllIsVerify(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	var envelopes [][]byte
	for signers := 1; signers <= tx.MaxSignatures; signers++ {
		var some []int
		for i := range signers {
			if draw.IntN(3) == 0 {
				some = append(some, i)
			}
		}
		var half []int // The second one: several that are looked at together are bad.
		for i := signers / 2; i < signers; i++ {
			half = append(half, i)
		}
		for _, bad := range [][]int{nil, {0}, {signers - 1}, {draw.IntN(signers)}, some, half} {
			envelopes = append(envelopes, signedBy(t, len(envelopes), signers, bad...))
		}
	}
	envelopes = append(envelopes, nil, []byte("nonsense"), append(signedBy(t, 0, 1), 0xff), make([]byte, tx.MaxEnvelopeBytes+1))
	draw.Shuffle(len(envelopes), func(i, j int) { envelopes[i], envelopes[j] = envelopes[j], envelopes[i] })
	verify := Verify(tx.NetworkID{})
	good := 0
	for i, got := range VerifyAll(tx.NetworkID{}, keybatch.NewVerifier(), envelopes) {
		signed, want := verify(envelopes[i])
		if fmt.Sprint(got.Err) != fmt.Sprint(want) || errors.Is(got.Err, tx.ErrBadSignature) != errors.Is(want, tx.ErrBadSignature) {
			t.Errorf("envelope %d: %v, want %v", i, got.Err, want)
		}
		if (got.Signed != nil) != (want == nil) || want == nil && got.Signed.ID() != signed.ID() {
			t.Errorf("envelope %d: transaction %v, and its error is %v", i, got.Signed, want)
		}
		if want == nil {
			good++
		}
	}
	if good < tx.MaxSignatures || good > len(envelopes)/2 {
		t.Errorf("%d of %d are good: this test shows little", good, len(envelopes))
	}
}

// TestBadEnvelopesCostFewSignatures: an envelope is not looked at for longer than twice what VerifySignatures, which ends at the first bad
// signature, would have; one signature is looked at in one go with those of all others.
func TestBadEnvelopesCostFewSignatures(t *testing.T) {
	type row struct{ signers, firstBad, most, goes int } // firstBad is signers when there is none.
	for _, c := range []row{{1, 0, 1, 1}, {1, 1, 1, 1}, {2, 0, 1, 1}, {2, 2, 2, 2}, {16, 0, 1, 1}, {16, 1, 2, 2}, {16, 2, 4, 3}, {16, 8, 16, 5}, {16, 16, 16, 5}} {
		var bad []int
		for i := c.firstBad; i < c.signers; i++ {
			bad = append(bad, i)
		}
		var envelopes [][]byte
		for i := range 3 {
			envelopes = append(envelopes, signedBy(t, i, c.signers, bad...))
		}
		v, looked, goes := keybatch.NewVerifier(), 0, 0
		count := func(items []keybatch.Item) []int {
			if len(items) > 0 {
				looked += len(items)
				goes++
			}
			return v.Verify(items)
		}
		verdicts := verifyAll(count, envelopes, func(i int) (*tx.Signed, error) { return tx.Parse(tx.NetworkID{}, envelopes[i]) })
		if looked != 3*c.most || goes != c.goes {
			t.Errorf("%d signatures, the first bad one %d: %d looked at in %d goes, want %d in %d", c.signers, c.firstBad, looked, goes, 3*c.most, c.goes)
		}
		for _, verdict := range verdicts {
			if (verdict.Err == nil) != (bad == nil) {
				t.Errorf("%d signatures, the first bad one %d: %v", c.signers, c.firstBad, verdict.Err)
			}
		}
	}
}

package tx_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What is read and written by hand must be what the library reads and writes, refusals and their words included.

// sameBody compares the two ways to read a body.
func sameBody(t rapid.TB, raw []byte) {
	t.Helper()
	want, wantErr := tx.BodyByLibrary(raw)
	got, err := tx.ParseBody(raw)
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("body %x\nis refused with %v\nby the library with %v", raw, err, wantErr)
	}
	if diff := cmp.Diff(want, got); err == nil && diff != "" {
		t.Fatalf("body %x is read otherwise (-library +here):\n%s", raw, diff)
	}
}

// sameEnvelope compares the two ways to read an envelope.
func sameEnvelope(t rapid.TB, raw []byte) {
	t.Helper()
	body, signatures, wantErr := tx.EnvelopeByLibrary(raw)
	signed, err := tx.Parse(testNetwork, raw)
	if err != nil {
		return // Why is told by the rows of TestParseRefusals and by sameBody.
	}
	if wantErr != nil || !bytes.Equal(signed.RawBody(), body) || len(signed.Signatures) != len(signatures) {
		t.Fatalf("envelope %x is read otherwise: %v", raw, wantErr)
	}
	for i, s := range signatures {
		if got := signed.Signatures[i]; !bytes.Equal(got.Signer[:], s.GetSigner()) || !bytes.Equal(got.Signature[:], s.GetSignature()) {
			t.Fatalf("signature %d of %x is read otherwise", i, raw)
		}
	}
}

// cutTransfers are transfers with fields that are missing, too short or too long, which the walker lets pass.
func cutTransfers() (all [][]byte) {
	id := func(n int) []byte { return ld(1, fill(3, n)) }
	for _, n := range []int{1, 15, 16, 17, 32} {
		all = append(all, ld(1, fill(1, n)), cat(ld(1, fill(1, 16)), ld(2, fill(2, n))))
		whole := cat(ld(1, fill(1, 16)), ld(2, fill(2, 16)), vi(3, 1), vi(4, 5))
		all = append(all, cat(whole, ld(5, id(n))), cat(whole, ld(5, cat(id(n), vi(2, 1), vi(3, 9)))), cat(whole, ld(6, fill(4, n))),
			cat(whole, ld(7, fill('a', n))), cat(whole, ld(8, fill(4, n))))
	}
	return append(all, nil, wireTransfer, ld(5, nil), cat(wireTransfer, ld(6, fill(4, 32)), ld(7, []byte("rent")), ld(8, fill(5, 16))))
}

func TestReadsAsTheLibrary(t *testing.T) {
	for _, transfer := range cutTransfers() {
		sameBody(t, wireBody(6, transfer))
		sameBody(t, cat(wireBody(6, transfer), ld(3, ld(6, wireTransfer))))
		sameBody(t, cat(wireBody(6, wireTransfer), ld(3, ld(6, transfer)), ld(3, nil)))
	}
	for _, raw := range [][]byte{
		nil, wireNonce, wireExpiry, cat(wireNonce, wireExpiry), cat(ld(1, fill(1, 9)), wireExpiry), cat(wireNonce, ld(3, nil)),
		cat(wireNonce, ld(3, ld(6, wireTransfer))), cat(wireExpiry, ld(3, ld(6, wireTransfer))), wireBody(2, wireGrant),
		cat(wireNonce, wireExpiry, bytes.Repeat(ld(3, nil), tx.MaxOperations+1)),
		cat(ld(1, fill(1, 3)), wireExpiry, bytes.Repeat(ld(3, nil), tx.MaxOperations+1)),
	} {
		sameBody(t, raw)
	}
	for _, op := range operations() {
		raw := encode(t, tx.Body{Nonce: [8]byte(fill(7, 8)), ExpiresAtUnixMs: 9, Operations: []tx.Operation{op, sampleTransfer()}})
		sameBody(t, raw)
		for _, signers := range []int{1, 2, 3} {
			signed, err := tx.Seal(testNetwork, raw, []key.Signer{testKey("a"), testKey("b"), testKey("c")}[:signers]...)
			if err != nil {
				t.Fatal(err)
			}
			sameEnvelope(t, signed.Envelope())
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		op := drawOperation(t, rapid.SampledFrom(append(operations(), sampleTransfer(), tx.Transfer{})).Draw(t, "kind"))
		raw, err := tx.Body{Nonce: [8]byte(drawBytes(t, 8, "nonce")), ExpiresAtUnixMs: drawTime(t), Operations: []tx.Operation{op}}.EncodeUnchecked()
		if err != nil {
			t.Fatal(err)
		}
		sameBody(t, raw)
	})
}

func TestReadsAuthoritiesAsTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := drawAuthority(t, 0).Encode()
		sameAuthority(t, raw)
	})
	one := func(n int) []byte { return cat(ld(1, fill(1, n)), vi(2, 1)) }
	for _, raw := range [][]byte{
		nil, vi(2, 1), ld(1, nil), ld(1, one(31)), ld(1, one(33)), ld(4, one(31)), cat(ld(1, one(32)), vi(2, 1), ld(4, nil)),
		bytes.Repeat(ld(1, one(32)), tx.MaxAuthorityKeys+1), bytes.Repeat(ld(4, one(32)), tx.MaxAuthorityKeys+1),
		cat(ld(1, one(31)), bytes.Repeat(ld(4, one(32)), tx.MaxAuthorityKeys+1)),
	} {
		sameAuthority(t, raw)
	}
}

func sameAuthority(t rapid.TB, raw []byte) {
	t.Helper()
	want, wantErr := tx.AuthorityByLibrary(raw)
	got, err := tx.DecodeAuthority(raw)
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("authority %x\nis refused with %v\nby the library with %v", raw, err, wantErr)
	}
	if diff := cmp.Diff(want, got); err == nil && diff != "" {
		t.Fatalf("authority %x is read otherwise (-library +here):\n%s", raw, diff)
	}
}

func TestWritesRecordsAsTheLibrary(t *testing.T) {
	same := func(t rapid.TB, r tx.Record) {
		if got, want := r.Encode(), r.EncodeByLibrary(); !bytes.Equal(got, want) {
			t.Fatalf("%+v is written as\n%x\nby the library as\n%x", r, got, want)
		}
	}
	same(t, tx.Record{})
	for _, n := range []int{1, 127, 128, 16383, 16384} {
		same(t, tx.Record{Envelope: fill(1, n), Result: tx.Result{Code: tx.OK}})
	}
	rapid.Check(t, func(t *rapid.T) {
		leaf := drawLeaf(t)
		if leaf.Record != nil {
			same(t, *leaf.Record)
		}
	})
}

// TestEntriesCoverAccounts: a body whose bound on entries is small names few accounts, so that they need not be listed to know it.
func TestEntriesCoverAccounts(t *testing.T) {
	for _, kind := range operations() {
		rapid.Check(t, func(t *rapid.T) {
			// The id and the credits, which Entries counts too, are not of the operation.
			if b := (tx.Body{Operations: []tx.Operation{drawOperation(t, kind)}}); b.Entries()-3 < len(b.Accounts()) {
				t.Fatalf("%T changes up to %d entries and names %d accounts", kind, b.Entries()-3, len(b.Accounts()))
			}
		})
	}
}

// TestAccountsOfABallotCount: the accounts of the validators that a ballot proposes are bounded with those of the other operations, although
// they have no entries of their own.
func TestAccountsOfABallotCount(t *testing.T) {
	numbered := func(n int) (id tx.AccountID) {
		id[0], id[1] = byte(n>>8), byte(n)
		return id
	}
	set := sampleSet(13)
	for i := range set.Validators {
		set.Validators[i].Account = numbered(1000 + i)
	}
	for most, want := range map[int]error{tx.MaxAccounts: nil, tx.MaxAccounts + 1: tx.ErrTooLarge} {
		o := propose(set)
		o.EvidenceHash = nil
		b := tx.Body{ExpiresAtUnixMs: 1, Operations: []tx.Operation{o}}
		for n := len(set.Validators); n < most; n += 2 {
			b.Operations = append(b.Operations, tx.RequestPayment{
				Debit: numbered(n), Credit: numbered(min(n+1, most-1)), Asset: 1, Amount: 1, ExpiresAtUnixMs: 1,
			})
		}
		if n := len(b.Accounts()); n != most {
			t.Fatalf("%d accounts, not %d", n, most)
		}
		if _, err := b.Encode(); !errors.Is(err, want) {
			t.Errorf("%d accounts, of up to %d entries: %v, not %v", most, b.Entries(), err, want)
		}
	}
}

package compact_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestLayout: a message is the letters of its fields, each in its place.
func TestLayout(t *testing.T) {
	if got := hex.EncodeToString(checksum([]byte("123456789"))); got != "29b1" {
		t.Fatalf("the tests' own checksum of 123456789 is %s; the catalogue of CRCs has 29b1", got)
	}
	m := newWorld(t).message(t)
	want := plain()
	signature := m.Signature()
	want.signature = hex.EncodeToString(signature[:])
	if got := m.String(); got != want.text(t) {
		t.Errorf("got  %s\nwant %s", got, want.text(t))
	}
	fee, ok := m.Fee()
	if m.Nonce() != [8]byte{1, 2, 3, 4, 5, 6, 7, 8} || m.ExpiresAtUnixMs() != 1_767_226_200_000 || m.Payer() != 7 || m.Payee() != 1234 ||
		m.Asset() != 1 || m.Amount() != 150_00 || !ok || fee != (compact.Fee{Provider: 3, ScheduleVersion: 1, Amount: 1_00}) {
		t.Errorf("the fields are %+v", m)
	}
}

// TestWidestFitsOneMessage: every field as wide as it can be, and still one SMS of 160 septets.
func TestWidestFitsOneMessage(t *testing.T) {
	w := newWorldOf(t, math.MaxUint32, math.MaxUint32-1, math.MaxUint32-2)
	transfer := w.transfer()
	transfer.Asset, transfer.Amount = 1<<16-1, 1<<40-1
	transfer.Fee.ScheduleVersion, transfer.Fee.Amount = 1<<16-1, 1<<32-1
	body := w.body(transfer)
	body.Nonce = [8]byte(bytes.Repeat([]byte{0xff}, 8))
	body.ExpiresAtUnixMs = 1<<48 - 1
	signed := w.seal(t, body)
	m, err := compact.Of(signed, w.book)
	if err != nil {
		t.Fatal(err)
	}
	if text := m.String(); len(text) != compact.Letters || len(text) > 160 {
		t.Errorf("%d letters", len(text))
	}
	wantRoundTrip(t, w, m, signed)
}

// wantRoundTrip: what was shortened comes back through its text, byte for byte.
func wantRoundTrip(t tester, w *world, m compact.Message, signed *tx.Signed) {
	t.Helper()
	parsed, err := compact.Parse(m.String())
	if err != nil || parsed != m {
		t.Fatalf("parse what String wrote: %+v, %v, want %+v", parsed, err, m)
	}
	rebuilt, err := parsed.Rebuild(network, w.book)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(rebuilt.Envelope(), signed.Envelope()) || rebuilt.ID() != signed.ID() {
		t.Fatalf("rebuilt %x\nwant    %x", rebuilt.Envelope(), signed.Envelope())
	}
}

// upTo draws numbers of that many bits, often at the edges.
func upTo(bits uint) *rapid.Generator[uint64] {
	most := uint64(1)<<bits - 1
	return rapid.OneOf(rapid.SampledFrom([]uint64{1, 2, 0xff, most - 1, most}), rapid.Uint64Range(1, most))
}

// TestRoundTrip: any transfer of the template comes back exactly as it was signed.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := rapid.Map(upTo(32), func(n uint64) tx.AccountNumber { return tx.AccountNumber(n) })
		n := rapid.SliceOfNDistinct(number, 3, 3, func(n tx.AccountNumber) tx.AccountNumber { return n }).Draw(rt, "numbers")
		w := newWorldOf(t, n[0], n[1], n[2])
		transfer := w.transfer()
		transfer.Asset = tx.Asset(upTo(16).Draw(rt, "asset"))
		transfer.Amount = amount.Amount(upTo(40).Draw(rt, "amount"))
		// A payer who pays himself, or his provider, is for the ledger to judge.
		transfer.Credit = rapid.SampledFrom([]tx.AccountID{w.payer, w.payee, w.provider}).Draw(rt, "payee")
		transfer.Fee = nil
		if rapid.Bool().Draw(rt, "has fee") {
			transfer.Fee = &tx.Fee{
				Provider:        rapid.SampledFrom([]tx.AccountID{w.payer, w.payee, w.provider}).Draw(rt, "provider"),
				ScheduleVersion: uint32(upTo(16).Draw(rt, "version")),
				Amount:          amount.Amount(upTo(32).Draw(rt, "fee") - 1),
			}
		}
		body := w.body(transfer)
		body.Nonce = [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(rt, "nonce"))
		body.ExpiresAtUnixMs = upTo(48).Draw(rt, "expiry")
		signed := w.seal(t, body)
		m, err := compact.Of(signed, w.book)
		if err != nil {
			rt.Fatal(err)
		}
		if _, has := m.Fee(); has != (transfer.Fee != nil) {
			rt.Fatalf("has fee: %v", has)
		}
		wantRoundTrip(rt, w, m, signed)
	})
}

// TestOneOwnerKey: one owner key pays alone, whatever weight it was given and whoever may recover the account.
func TestOneOwnerKey(t *testing.T) {
	for _, authority := range []tx.Authority{{Threshold: 3}, {Threshold: 5, Attestors: 2}} {
		w := newWorld(t)
		authority.Keys = []tx.AuthorityKey{{Key: w.payerKey.Public(), Weight: 5}}
		w.payer = w.book.open(8, authority)
		signed := w.seal(t, w.body(w.transfer()))
		m, err := compact.Of(signed, w.book)
		if err != nil {
			t.Fatal(err)
		}
		wantRoundTrip(t, w, m, signed)
	}
}

// twoKeys is an authority of two keys, either of which may sign alone.
func twoKeys(a, b key.Public) tx.Authority {
	keys := []tx.AuthorityKey{{Key: a, Weight: 1}, {Key: b, Weight: 1}}
	slices.SortFunc(keys, func(x, y tx.AuthorityKey) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	return tx.Authority{Keys: keys, Threshold: 1}
}

// TestCannotCarry: what does not fit is refused with the field and the limit, and never cut to fit.
func TestCannotCarry(t *testing.T) {
	other := newSecret(t, "other")
	type change struct {
		operations []tx.Operation
		signers    []key.Signer
	}
	for _, c := range []struct {
		name, want string
		mutate     func(w *world, transfer *tx.Transfer, body *tx.Body, by *change)
	}{
		{"two transfers", "2 operations", func(_ *world, transfer *tx.Transfer, _ *tx.Body, by *change) {
			by.operations = []tx.Operation{*transfer, *transfer}
		}},
		{"another operation", "not a transfer", func(w *world, _ *tx.Transfer, _ *tx.Body, by *change) {
			by.operations = []tx.Operation{tx.RevokeGrant{Account: w.payer, Grantee: other.Public()}}
		}},
		{"two signatures", "2 signatures", func(w *world, _ *tx.Transfer, _ *tx.Body, by *change) {
			by.signers = []key.Signer{w.payerKey, other}
		}},
		{"alias", "alias", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) { transfer.Alias = &key.Alias{1} }},
		{"request", "request", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Request = &tx.RequestID{1}
		}},
		{"reference", "reference", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) { transfer.Reference = "rent" }},
		{"expiry", "expiry must be below 2^48", func(_ *world, _ *tx.Transfer, body *tx.Body, _ *change) { body.ExpiresAtUnixMs = 1 << 48 }},
		{"asset", "asset must be below 2^16", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) { transfer.Asset = 1 << 16 }},
		{"amount", "amount must be below 2^40", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) { transfer.Amount = 1 << 40 }},
		{"amount of all bits", "amount must be below 2^40", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Amount, transfer.Fee = amount.Max, nil
		}},
		{"schedule version", "schedule version must be below 2^16", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Fee.ScheduleVersion = 1 << 16
		}},
		{"fee", "fee must be below 2^32", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) { transfer.Fee.Amount = 1 << 32 }},
		{"payer's number", "payer's account number must be below 2^32", func(w *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Debit = w.book.open(1<<32+7, tx.SingleKey(w.payerKey.Public()))
		}},
		{"payee's number", "payee's account number must be below 2^32", func(w *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Credit = w.book.open(1<<32, tx.PhoneAuthority(2))
		}},
		{"provider's number", "fee provider's account number must be below 2^32", func(w *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Fee.Provider = w.book.open(1<<63, tx.PhoneAuthority(2))
		}},
		{"signed under a grant", "0 owner keys", func(_ *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Debit, transfer.Credit = transfer.Credit, transfer.Debit
		}},
		{"signed by one of two keys", "2 owner keys", func(w *world, transfer *tx.Transfer, _ *tx.Body, _ *change) {
			transfer.Debit = w.book.open(9, twoKeys(w.payerKey.Public(), other.Public()))
		}},
		{"signed by somebody else", "signer is not the owner key", func(_ *world, _ *tx.Transfer, _ *tx.Body, by *change) {
			by.signers = []key.Signer{other}
		}},
		{"directory that contradicts itself", "more fields", func(w *world, _ *tx.Transfer, _ *tx.Body, _ *change) {
			stranger := entry{number: 7, id: w.provider, authority: tx.SingleKey(w.payerKey.Public())}
			w.book.entries = append([]entry{stranger}, w.book.entries...)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			transfer, body, by := w.transfer(), w.body(), change{}
			c.mutate(w, &transfer, &body, &by)
			if body.Operations = by.operations; body.Operations == nil {
				body.Operations = []tx.Operation{transfer}
			}
			_, err := compact.Of(w.seal(t, body, by.signers...), w.book)
			if !errors.Is(err, compact.ErrCannotCarry) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrCannotCarry with %q", err, c.want)
			}
		})
	}
}

// TestOfRefusesABadSignature: nobody could rebuild a transaction from it.
func TestOfRefusesABadSignature(t *testing.T) {
	w := newWorld(t)
	signed := w.seal(t, w.body(w.transfer()))
	broken := signed.Signatures[0]
	broken.Signature[63] ^= 1
	packed, err := tx.Pack(network, signed.RawBody(), []tx.Signature{broken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compact.Of(packed, w.book); !errors.Is(err, tx.ErrBadSignature) {
		t.Errorf("got %v, want ErrBadSignature", err)
	}
}

// TestDirectoryWithoutTheAccount: each of the three accounts may be one that this ledger does not know (yet).
func TestDirectoryWithoutTheAccount(t *testing.T) {
	w := newWorld(t)
	signed := w.seal(t, w.body(w.transfer()))
	m := w.message(t)
	for missing, want := range []string{"payer", "payee", "fee provider"} {
		b := book{entries: slices.Delete(slices.Clone(w.book.entries), missing, missing+1)}
		if _, err := compact.Of(signed, b); !errors.Is(err, compact.ErrUnknownAccount) || !strings.HasPrefix(err.Error(), want+" umoja1") {
			t.Errorf("of, without %s: %v", want, err)
		}
		if _, err := m.Rebuild(network, b); !errors.Is(err, compact.ErrUnknownAccount) || !strings.HasPrefix(err.Error(), want+" ") {
			t.Errorf("rebuild, without %s: %v", want, err)
		}
	}
	down := errors.New("store is closed")
	b := book{entries: w.book.entries, broken: down}
	if _, err := compact.Of(signed, b); !errors.Is(err, down) {
		t.Errorf("of, from a directory that is down: %v", err)
	}
	if _, err := m.Rebuild(network, b); !errors.Is(err, down) {
		t.Errorf("rebuild, from a directory that is down: %v", err)
	}
}

// TestNothingElseIsRebuilt: whatever a liar, a wrong ledger or time changed, the signature does not verify.
func TestNothingElseIsRebuilt(t *testing.T) {
	w := newWorld(t)
	m := w.message(t)
	signature := m.Signature()
	good := plain()
	good.signature = hex.EncodeToString(signature[:])
	parse := func(f fields) compact.Message {
		m, err := compact.Parse(f.text(t))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if _, err := parse(good).Rebuild(network, w.book); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*fields){
		"nonce":            func(f *fields) { f.nonce = "0102030405060709" },
		"expiry":           func(f *fields) { f.expiry = "019b76e3cfc1" },
		"payer":            func(f *fields) { f.payer = "00000003" },
		"payee":            func(f *fields) { f.payee = "00000003" },
		"asset":            func(f *fields) { f.asset = "0002" },
		"amount":           func(f *fields) { f.amount = "000000ea60" },
		"provider":         func(f *fields) { f.provider = "00000007" },
		"schedule version": func(f *fields) { f.schedule = "0002" },
		"fee":              func(f *fields) { f.fee = "00000000" },
		"no fee":           func(f *fields) { f.provider, f.schedule, f.fee = "00000000", "0000", "00000000" },
		"signature":        func(f *fields) { f.signature = f.signature[2:] + "00" },
	} {
		f := good
		change(&f)
		if _, err := parse(f).Rebuild(network, w.book); !errors.Is(err, tx.ErrBadSignature) {
			t.Errorf("another %s: %v, want ErrBadSignature", name, err)
		}
	}
	if _, err := m.Rebuild(tx.NetworkID{1}, w.book); !errors.Is(err, tx.ErrBadSignature) {
		t.Errorf("another network: %v, want ErrBadSignature", err)
	}

	other := newSecret(t, "other").Public()
	replaced := book{entries: slices.Clone(w.book.entries)}
	replaced.entries[0].authority = tx.SingleKey(other)
	if _, err := m.Rebuild(network, replaced); !errors.Is(err, tx.ErrBadSignature) {
		t.Errorf("payer's key replaced: %v, want ErrBadSignature", err)
	}
	renumbered := book{entries: slices.Clone(w.book.entries)}
	renumbered.entries[1].number, renumbered.entries[2].number = 3, 1234
	if _, err := m.Rebuild(network, renumbered); !errors.Is(err, tx.ErrBadSignature) {
		t.Errorf("numbers of other accounts: %v, want ErrBadSignature", err)
	}
	for name, authority := range map[string]tx.Authority{
		"two keys": twoKeys(w.payerKey.Public(), other), "no key": tx.PhoneAuthority(2),
	} {
		replaced.entries[0].authority = authority
		if _, err := m.Rebuild(network, replaced); !errors.Is(err, compact.ErrNotSingleKey) {
			t.Errorf("payer under %s: %v, want ErrNotSingleKey", name, err)
		}
	}
}

package vectors_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

var rulesOfTransaction = map[string]string{
	"signature": "signature does not verify", "signers": "signers out of order or twice", "no-signature": "0 signatures",
	"signature-length": "must be 64 bytes", "expiry": "expires_at_unix_ms", "nonce": "nonce must be 8 bytes", "no-operation": "0 operations",
	"empty-operation": "operation is empty", "amount": "0 < amount < 2^63", "sum": "amount and fee pass", "reference": "reference is above",
	"caps": "grant caps", "fee-schedule": "names no schedule", "form": "not in canonical form", "size": "too large", "point": "not 32 bytes on the curve",
}

// makeTransaction makes two kinds of cases: with "envelope" whole transactions, with "digest" single signatures.
func makeTransaction(m *maker) []vectors.Vector {
	whole := func(name, comment string, s *tx.Signed) vectors.Vector {
		id, hash := s.ID(), s.EnvelopeHash()
		out := fields{"body": hx(s.RawBody()), "id": hx(id[:]), "envelope_hash": hx(hash[:]), "operations": dec(uint64(len(s.Body.Operations)))}
		return accept(name, comment, fields{"network": m.Network.String(), "envelope": hx(s.Envelope())}, out)
	}
	no := func(name, rule, comment string, envelope []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"network": m.Network.String(), "envelope": hx(envelope)})
	}
	payment := m.seal(m.payment(), m.Provider)
	sig := ld(2, cat(ld(1, payment.Signatures[0].Signer[:]), ld(2, payment.Signatures[0].Signature[:])))
	both := m.seal(m.payment(), m.Provider, m.Issuer)
	sigs := make([][]byte, 2)
	for i, s := range both.Signatures {
		sigs[i] = ld(2, cat(ld(1, s.Signer[:]), ld(2, s.Signature[:])))
	}
	// with breaks the body by hand and signs what comes out.
	with := func(raw []byte) []byte {
		id := tx.NewID(m.Network, raw)
		s := must(m.Provider.SignAux(id, [32]byte{}))(m)
		signer := m.Provider.Public()
		return cat(ld(1, raw), ld(2, cat(ld(1, signer[:]), ld(2, s[:]))))
	}
	nonce, expiry := ld(1, fill(7, 8)), vi(2, ledgertest.GenesisTimeUnixMs)
	act := func(number byte, value ...[]byte) []byte { return cat(nonce, expiry, ld(3, ld(number, cat(value...)))) }
	accounts := cat(ld(1, fill(1, 16)), ld(2, fill(2, 16)))
	fee := func(version, amount uint64) []byte {
		v := cat(ld(1, fill(3, 16)))
		if version > 0 {
			v = cat(v, vi(2, version))
		}
		return ld(5, cat(v, vi(3, amount)))
	}
	grantee := m.Provider.Public()
	reversed := payment.Signatures[0].Signature
	reversed[63] ^= 1
	stranger := ld(2, cat(ld(1, fill(1, 32)), ld(2, fill(2, 64))))
	other := m.Network
	other[0] ^= 1

	digest := func(name, comment, label string, secret key.Private, digest [32]byte) vectors.Vector {
		s := must(secret.SignAux(digest, [32]byte{}))(m)
		return accept(name, comment, fields{"secret": m.secret(label), "digest": hx(digest[:])}, fields{
			"public": secret.Public().String(), "signature": hx(s[:]),
		})
	}
	all := []vectors.Vector{
		whole("payment-by-phone", "The example of SPEC.md 1: a provider's grant key pays by the payee's number, with its fee.", payment),
		whole("registration-by-phone", "Three operations in one transaction: an account, its alias and the founding grant.", m.seal(m.founding(), m.Provider)),
		whole("issue-and-revocation", "The two other operations.", m.seal(m.issuing(), m.Issuer)),
		whole("two-signers", "Signers ascend by their keys, whatever the order in which they signed; the id is that of one signer.", both),

		no("signature-flipped", "signature", "One bit of the signature: refused at the door, and the id is not burnt.", cat(ld(1, payment.RawBody()), ld(2, cat(ld(1, grantee[:]), ld(2, reversed[:]))))),
		no("signature-of-a-stranger-beside", "signature", "One bad signature spoils the envelope, though the other would do.", cat(ld(1, payment.RawBody()), stranger, sig)),
		reject("another-network", "signature", "The network's id is in what is signed, so nothing replays.", fields{"network": other.String(), "envelope": hx(payment.Envelope())}),
		no("signers-descend", "signers", "One order, so that one set of signatures has one envelope.", cat(ld(1, both.RawBody()), sigs[1], sigs[0])),
		no("signer-twice", "signers", "A signer counts once.", cat(ld(1, both.RawBody()), sigs[0], sigs[0])),
		no("no-signature", "no-signature", "A body alone.", ld(1, payment.RawBody())),
		no("signature-of-65-bytes", "signature-length", "No recovery byte and no hash type follow a signature.", cat(ld(1, payment.RawBody()), ld(2, cat(ld(1, grantee[:]), ld(2, fill(1, 65)))))),
		no("envelope-out-of-order", "form", "The envelope has a canonical form as well.", cat(sig, ld(1, payment.RawBody()))),
		no("body-out-of-order", "form", "The body's form is checked though its signature is true.", with(cat(expiry, nonce))),
		no("no-expiry", "expiry", "The zero value of a safety field is invalid.", with(cat(nonce, ld(3, ld(6, cat(accounts, vi(3, 1), vi(4, 1))))))),
		no("nonce-of-7-bytes", "nonce", "Fields of fixed length have that length.", with(cat(ld(1, fill(7, 7)), expiry, ld(3, ld(6, cat(accounts, vi(3, 1), vi(4, 1))))))),
		no("no-operation", "no-operation", "A transaction does something.", with(cat(nonce, expiry))),
		no("empty-operation", "empty-operation", "An operation whose act is absent.", with(cat(nonce, expiry, ld(3, nil)))),
		no("amount-absent", "amount", "Nothing cannot be paid.", with(act(6, accounts, vi(3, 1)))),
		no("amount-of-2-to-63", "amount", "Amounts stay below 2^63, so that the sum of two fits 64 bits.", with(act(6, accounts, vi(3, 1), vi(4, 1<<63)))),
		no("amount-and-fee-overflow", "sum", "Each fits, the sum does not.", with(act(6, accounts, vi(3, 1), vi(4, 1<<63-1), fee(1, 1)))),
		no("fee-of-no-schedule", "fee-schedule", "A fee names the price list that it follows.", with(act(6, accounts, vi(3, 1), vi(4, 1), fee(0, 1)))),
		no("reference-of-65-bytes", "reference", "The limit is in bytes.", with(act(6, accounts, vi(3, 1), vi(4, 1), ld(7, fill('x', 65))))),
		no("grant-whose-day-is-smaller", "caps", "A day holds at least one transaction.", with(act(2, ld(1, fill(1, 16)), ld(2, grantee[:]), ld(3, []byte{1}), vi(4, 1), vi(5, 20), vi(6, 10), vi(8, 9)))),
		no("grantee-off-the-curve", "point", "x = 2^256 - 1 is on no point.", with(act(2, ld(1, fill(1, 16)), ld(2, fill(0xff, 32)), ld(3, []byte{1}), vi(4, 1), vi(5, 10), vi(6, 20), vi(8, 9)))),
		no("above-16-kib", "size", "Sizes are bounded before anything is read.", cat(ld(1, fill(1, tx.MaxEnvelopeBytes)), sig)),

		digest("signature-of-the-payment", "BIP340 over the transaction id, with 32 zero bytes as auxiliary input; other inputs give other signatures that verify too.", "provider", m.Provider, payment.ID()),
		digest("signature-of-a-request", "What a grant key signs to ask for an account's open payments (SPEC.md 9): Juma's, at the time of the genesis.", "provider", m.Provider, tx.PendingDigest(m.Network, m.Juma.Account, ledgertest.GenesisTimeUnixMs)),
	}
	juma := m.Juma.Account
	pending := tx.PendingDigest(m.Network, juma, ledgertest.GenesisTimeUnixMs)
	return append(all, accept("request-for-open-payments", "The digest of SPEC.md 9, of which the case before is the signature.", fields{
		"network": m.Network.String(), "account": hx(juma[:]), "time_unix_ms": dec(ledgertest.GenesisTimeUnixMs),
	}, fields{"digest": hx(pending[:])}))
}

func checkTransaction(t *testing.T, v vectors.Vector) (fields, error) {
	if _, ok := v.In["secret"]; ok {
		return checkSignature(t, v)
	}
	network := tx.NetworkID(b32(t, v, "network"))
	if _, ok := v.In["account"]; ok {
		d := tx.PendingDigest(network, tx.AccountID(unhex(t, v, "account")), num(t, v, "time_unix_ms"))
		return fields{"digest": hx(d[:])}, nil
	}
	s, err := tx.Parse(network, unhex(t, v, "envelope"))
	if err != nil {
		return nil, err
	}
	if err := s.VerifySignatures(); err != nil {
		return nil, err
	}
	body, err := s.Body.Encode()
	if err != nil || !bytes.Equal(body, s.RawBody()) {
		return nil, errors.Join(errDiffers, err)
	}
	packed, err := tx.Pack(network, body, s.Signatures)
	if err != nil || !bytes.Equal(packed.Envelope(), s.Envelope()) {
		return nil, errors.Join(errDiffers, err)
	}
	id, hash := s.ID(), s.EnvelopeHash()
	return fields{"body": hx(body), "id": hx(id[:]), "envelope_hash": hx(hash[:]), "operations": dec(uint64(len(s.Body.Operations)))}, nil
}

func checkSignature(t *testing.T, v vectors.Vector) (fields, error) {
	secret, err := key.NewPrivate(b32(t, v, "secret"))
	if err != nil {
		return nil, err
	}
	digest := b32(t, v, "digest")
	sig, err := secret.SignAux(digest, [32]byte{})
	if err != nil {
		return nil, err
	}
	return fields{"public": secret.Public().String(), "signature": hx(sig[:])}, secret.Public().Verify(digest, sig)
}

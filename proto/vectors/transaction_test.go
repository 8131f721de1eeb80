package vectors_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// makeTransaction makes envelopes, and single signatures and digests.
func makeTransaction(m *maker) []vectors.Vector {
	all := m.goodTransactions()
	for _, s := range append(m.samples(), m.least()...) {
		all = append(all, m.whole(s.name, s.comment, m.seal(m.one(s.op), m.Provider)))
	}
	all = append(all, m.wideTransactions()...)
	all = append(all, m.wrongEnvelopes()...)
	for _, w := range slices.Concat(
		m.wrongBodies(), m.wrongAuthorities(), m.wrongGrants(), m.wrongAssets(), m.wrongPayments(), m.wrongHolds(), m.wrongEntries(), m.wrongFees(),
		m.wrongBallots(), m.wrongLengths(),
	) {
		all = append(all, m.refused(w.name, w.rule, w.comment, m.signed(w.body)))
	}
	return append(all, m.digests()...)
}

// one is a body of one operation.
func (m *maker) one(op tx.Operation) tx.Body {
	return tx.Body{Nonce: m.Nonce(5), ExpiresAtUnixMs: now + 10*minute, Operations: []tx.Operation{op}}
}

// whole is a transaction that is accepted.
func (m *maker) whole(name, comment string, s *tx.Signed) vectors.Vector {
	return accept(name, comment, fields{"network": m.Network.String(), "envelope": hx(s.Envelope())}, transactionOut(s))
}

func transactionOut(s *tx.Signed) fields {
	id, hash := s.ID(), s.EnvelopeHash()
	return fields{"body": hx(s.RawBody()), "id": hx(id[:]), "envelope_hash": hx(hash[:]), "operations": dec(uint64(len(s.Body.Operations)))}
}

// refused is an envelope that is rejected.
func (m *maker) refused(name, rule, comment string, envelope []byte) vectors.Vector {
	return reject(name, rule, comment, fields{"network": m.Network.String(), "envelope": hx(envelope)})
}

// signed packs any bytes as a body, truly signed.
func (m *maker) signed(body []byte) []byte {
	s := must(m.Provider.SignAux(tx.NewID(m.Network, body), [32]byte{}))(m)
	signer := m.Provider.Public()
	return cat(ld(1, body), ld(2, cat(ld(1, signer[:]), ld(2, s[:]))))
}

// goodTransactions are those of SPEC.md 1 and their like.
func (m *maker) goodTransactions() []vectors.Vector {
	labels := strings.Fields("a b c d e f g h i j k l m n o p")
	var sixteen []key.Private
	for _, label := range labels {
		sixteen = append(sixteen, m.Key(m.t, "owner "+label))
	}
	shared := tx.OpenAccount{Authority: tx.Authority{Keys: m.equal(sixteen), Threshold: 16}, Salt: [16]byte(fill(7, 16))}
	return []vectors.Vector{
		m.whole("payment-by-phone", "The example of SPEC.md 1: a provider's grant key pays by the payee's number, with its fee.", m.seal(m.payment(), m.Provider)),
		m.whole("registration-by-phone", "Three operations in one transaction: an account, its alias and the founding grant.", m.seal(m.founding(), m.Provider)),
		m.whole("issue-and-revocation", "Two operations of one issuer.", m.seal(m.issuing(), m.Issuer)),
		m.whole("two-signers", "Signers ascend by their keys, whatever the order in which they signed; the id is that of one signer.", m.seal(m.payment(), m.Provider, m.Issuer)),
		m.whole("sixteen-signers", "The most that an envelope has: all keys of an account that needs all of them.", m.seal(m.one(shared), sixteen...)),
	}
}

// equal gives each key the weight 1.
func (m *maker) equal(secrets []key.Private) []tx.AuthorityKey {
	var keys []tx.AuthorityKey
	for _, s := range secrets {
		keys = append(keys, tx.AuthorityKey{Key: s.Public(), Weight: 1})
	}
	slices.SortFunc(keys, func(a, b tx.AuthorityKey) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	return keys
}

// id makes account ids that nobody has opened.
func (m *maker) id(n int) tx.AccountID {
	h := key.TaggedHash("umoja/test/account", []byte(m.Seed), be(uint64(n)))
	return tx.AccountID(h[:16])
}

// transfers names three accounts of its own in each of n operations.
func (m *maker) transfers(n int) tx.Body {
	b := m.one(nil)
	b.Operations = nil
	for i := range n {
		b.Operations = append(b.Operations, tx.Transfer{
			Debit: m.id(3 * i), Credit: m.id(3*i + 1), Asset: 1, Amount: 1, Fee: &tx.Fee{Provider: m.id(3*i + 2), ScheduleVersion: 1},
		})
	}
	return b
}

func (m *maker) cancels(n int) tx.Body {
	b := m.one(nil)
	b.Operations = nil
	for range n {
		b.Operations = append(b.Operations, tx.CancelRecovery{Account: m.Juma.Account})
	}
	return b
}

// wideTransactions are at the limits of SPEC.md 3.6, and accepted.
func (m *maker) wideTransactions() []vectors.Vector {
	fourHundred := tx.BulkTransfer{Debit: m.Juma.Account, Asset: 1, Mode: tx.Each}
	for range 400 {
		fourHundred.Legs = append(fourHundred.Legs, tx.BulkLeg{Credit: m.Amina.Account, Amount: 1})
	}
	accounts := m.transfers(170)
	accounts.Operations = append(accounts.Operations, tx.Transfer{Debit: m.id(600), Credit: m.id(601), Asset: 1, Amount: 1})
	return []vectors.Vector{
		m.whole("four-hundred-operations", "The most that a transaction has.", m.seal(m.cancels(400), m.Provider)),
		m.whole("four-hundred-legs", "The most that a bulk transfer has.", m.seal(m.one(fourHundred), m.Provider)),
		m.whole("five-hundred-and-twelve-accounts", "The most that a transaction names.", m.seal(accounts, m.Provider)),
		m.whole("sixteen-kib", "An envelope of exactly 16,384 bytes.", m.seal(m.bodyOf(tx.MaxEnvelopeBytes), m.Provider)),
	}
}

// bodyOf is a body whose envelope, with one signature, has that many bytes.
func (m *maker) bodyOf(size int) tx.Body {
	entry := func(endpoints ...string) tx.Operation {
		return tx.RegisterProvider{Account: m.ProviderAccount, Key: m.Provider.Public(), Name: "Mwanga", Endpoints: endpoints}
	}
	sizeOf := func(b tx.Body) int { return len(m.signed(m.body(b))) }
	b := m.one(entry(texts(8, 100)...))
	for sizeOf(b) < size-2000 {
		b.Operations = append(b.Operations, entry(texts(8, 100)...))
	}
	for endpoints := range 7 {
		for length := 1; length <= tx.MaxEndpointBytes; length++ {
			next := b
			next.Operations = append(slices.Clone(b.Operations), entry(texts(8, 100)...), entry(append(texts(endpoints, 100), strings.Repeat("z", length))...))
			if raw, err := next.Encode(); err == nil && len(m.signed(raw)) == size {
				return next
			}
		}
	}
	m.t.Fatalf("no body of %d bytes", size)
	return tx.Body{}
}

// wrongEnvelopes break the rules of envelopes: their bodies are good.
func (m *maker) wrongEnvelopes() []vectors.Vector {
	payment := m.seal(m.payment(), m.Provider)
	body := ld(1, payment.RawBody())
	signature := func(signer, sig []byte) []byte { return ld(2, cat(ld(1, signer), ld(2, sig))) }
	signer, good := payment.Signatures[0].Signer, payment.Signatures[0].Signature
	sig := signature(signer[:], good[:])
	both := m.seal(m.payment(), m.Provider, m.Issuer)
	var sigs [][]byte
	for _, s := range both.Signatures {
		sigs = append(sigs, signature(s.Signer[:], s.Signature[:]))
	}
	flipped := good
	flipped[63] ^= 1
	var seventeen []byte
	for i := range byte(17) {
		seventeen = cat(seventeen, signature(fill(i+1, 32), good[:]))
	}
	other := m.Network
	other[0] ^= 1
	return []vectors.Vector{
		m.refused("signature-flipped", "signature", "One bit of the signature: refused at the door, and the id is not burnt.", cat(body, signature(signer[:], flipped[:]))),
		m.refused("signature-of-a-stranger-beside", "signature", "One bad signature spoils the envelope, though the other would do.", cat(body, signature(fill(1, 32), fill(2, 64)), sig)),
		m.refused("signer-off-the-curve", "signature", "A signer that is no point never verifies; the form does not ask for one.", cat(body, signature(fill(0xff, 32), good[:]))),
		reject("another-network", "signature", "The network's id is in what is signed, so nothing replays.", fields{"network": other.String(), "envelope": hx(payment.Envelope())}),
		m.refused("signers-descend", "signers", "One order, so that one set of signatures has one envelope.", cat(ld(1, both.RawBody()), sigs[1], sigs[0])),
		m.refused("signer-twice", "signers", "A signer counts once.", cat(ld(1, both.RawBody()), sigs[0], sigs[0])),
		m.refused("no-signature", "no-signature", "A body alone.", body),
		m.refused("seventeen-signatures", "signatures", "Sixteen are the most.", cat(body, seventeen)),
		m.refused("signature-of-65-bytes", "fixed-length", "No recovery byte and no hash type follow a signature.", cat(body, signature(signer[:], fill(1, 65)))),
		m.refused("signer-of-33-bytes", "fixed-length", "A key is its x alone, without the byte that says which y.", cat(body, signature(cat([]byte{2}, signer[:]), good[:]))),
		m.refused("signer-absent", "fixed-length", "A signature of nobody.", cat(body, ld(2, ld(2, good[:])))),
		m.refused("envelope-out-of-order", "form", "The envelope has a canonical form as well.", cat(sig, body)),
		m.refused("no-body", "fixed-length", "An envelope of nothing: its body has no nonce.", sig),
		m.refused("above-16-kib", "size", "Sizes are bounded before anything is read.", cat(ld(1, fill(1, tx.MaxEnvelopeBytes)), sig)),
	}
}

// wrongBodies break the rules of the body around the operations.
func (m *maker) wrongBodies() []wrong {
	nonce, expiry := ld(1, fill(7, 8)), vi(2, now+10*minute)
	issue := ld(3, ld(5, cat(vi(1, 1), ld(2, fill(2, 16)), vi(3, 1))))
	wide := m.transfers(171)
	tooMany := must(proto.MarshalOptions{Deterministic: true}.Marshal(messageOf(m, m.cancels(400), func(b *umojav1.TransactionBody) {
		b.Operations = append(b.Operations, b.GetOperations()[0])
	})))(m)
	// 513 accounts fit no encoder here, so 510 are written and one transfer more by hand.
	named := messageOf(m, m.transfers(170), func(b *umojav1.TransactionBody) {
		last := wide.Operations[170].(tx.Transfer)
		b.Operations = append(b.Operations, &umojav1.Operation{Operation: &umojav1.Operation_Transfer{Transfer: &umojav1.Transfer{
			Debit: last.Debit[:], Credit: last.Credit[:], Asset: 1, Amount: 1, Fee: &umojav1.Fee{Provider: last.Fee.Provider[:], ScheduleVersion: 1},
		}}})
	})
	return []wrong{
		{"body-out-of-order", "form", "The body's form is checked though its signature is true.", cat(expiry, nonce)},
		{"unknown-operation", "form", "An act of a later version: nobody signs what he does not know.", cat(nonce, expiry, ld(3, []byte{0x8a, 0x02, 0x00}))},
		{"no-expiry", "expiry", "The zero value of a safety field is invalid.", cat(nonce, issue)},
		{"nonce-of-7-bytes", "fixed-length", "Fields of fixed length have that length.", cat(ld(1, fill(7, 7)), expiry, issue)},
		{"no-nonce", "fixed-length", "Two equal payments would have one id.", cat(expiry, issue)},
		{"no-operation", "no-operation", "A transaction does something.", cat(nonce, expiry)},
		{"empty-operation", "empty-operation", "An operation whose act is absent.", cat(nonce, expiry, ld(3, nil))},
		{"empty-act", "fixed-length", "An act that says nothing is missing what it must have.", cat(nonce, expiry, ld(3, []byte{0x52, 0x00}))},
		{"second-operation-wrong", "amount", "Every operation is looked at, not the first alone.", cat(nonce, expiry, issue, ld(3, ld(5, cat(vi(1, 1), ld(2, fill(2, 16))))))},
		{"four-hundred-and-one-operations", "size", "Four hundred are the most.", tooMany},
		{"five-hundred-and-thirteen-accounts", "size", "A transaction names 512 at most: so many entries it may change.", must(proto.MarshalOptions{Deterministic: true}.Marshal(named))(m)},
	}
}

// messageOf gives the message of a good body, changed.
func messageOf(m *maker, b tx.Body, change func(*umojav1.TransactionBody)) *umojav1.TransactionBody {
	var message umojav1.TransactionBody
	if err := proto.Unmarshal(m.body(b), &message); err != nil {
		m.t.Fatal(err)
	}
	change(&message)
	return &message
}

// digests are single signatures, and the digest that a grant key signs to ask for open payments.
func (m *maker) digests() []vectors.Vector {
	digest := func(name, comment, label string, secret key.Private, digest [32]byte) vectors.Vector {
		s := must(secret.SignAux(digest, [32]byte{}))(m)
		return accept(name, comment, fields{"secret": m.secret(label), "digest": hx(digest[:])}, fields{
			"public": secret.Public().String(), "signature": hx(s[:]),
		})
	}
	juma := m.Juma.Account
	pending := tx.PendingDigest(m.Network, juma, now)
	return []vectors.Vector{
		digest("signature-of-the-payment", "BIP340 over the transaction id, with 32 zero bytes as auxiliary input; other inputs give other signatures that verify too.", "provider", m.Provider, m.seal(m.payment(), m.Provider).ID()),
		digest("signature-of-a-request", "What a grant key signs to ask for an account's open payments (SPEC.md 9): Juma's, at the time of the genesis.", "provider", m.Provider, pending),
		accept("request-for-open-payments", "The digest of SPEC.md 9, of which a case before is the signature.", fields{
			"network": m.Network.String(), "account": hx(juma[:]), "time_unix_ms": dec(now),
		}, fields{"digest": hx(pending[:])}),
	}
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
	return transactionOut(s), nil
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

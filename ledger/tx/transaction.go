package tx

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Body is what an author wants done: an atomic list of operations.
type Body struct {
	// Nonce is random, so that two equal payments have two ids.
	Nonce [8]byte
	// ExpiresAtUnixMs is the ledger time after which the transaction can never be applied. Invariant: not zero.
	ExpiresAtUnixMs uint64
	// Operations are applied in order, all or nothing. Invariant: 1 to MaxOperations.
	Operations []Operation
}

// Encode checks the static rules and gives the canonical bytes, which are what is signed.
func (b Body) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	m := &umojav1.TransactionBody{Nonce: b.Nonce[:], ExpiresAtUnixMs: b.ExpiresAtUnixMs}
	for _, op := range b.Operations {
		m.Operations = append(m.Operations, op.proto())
	}
	raw := marshal(m, formBody)
	if len(raw) > MaxEnvelopeBytes {
		return nil, fmt.Errorf("body is %d bytes, above %d: %w", len(raw), MaxEnvelopeBytes, ErrTooLarge)
	}
	return raw, nil
}

// ParseBody reads canonical bytes and checks the static rules.
func ParseBody(raw []byte) (Body, error) {
	if len(raw) > MaxEnvelopeBytes {
		return Body{}, fmt.Errorf("body is %d bytes, above %d: %w", len(raw), MaxEnvelopeBytes, ErrTooLarge)
	}
	if err := formBody.check(raw); err != nil {
		return Body{}, err
	}
	var b Body
	var nonce []byte
	w := wire{rest: raw}
	operations := w.count(3)
	for first := w; first.next() && first.number < 3; {
		switch first.number {
		case 1:
			nonce = first.bytes
		case 2:
			b.ExpiresAtUnixMs = first.scalar
		}
	}
	if err := fixed(b.Nonce[:], nonce, "nonce"); err != nil {
		return Body{}, err
	}
	switch {
	case operations > MaxOperations:
		return Body{}, fmt.Errorf("%d operations, above %d: %w", operations, MaxOperations, ErrTooLarge)
	case operations > 0:
		b.Operations = make([]Operation, 0, operations)
	}
	for w.next() {
		if w.number != 3 {
			continue
		}
		op, err := readOperation(w.bytes)
		if err != nil {
			return Body{}, fmt.Errorf("operation %d: %w", len(b.Operations), err)
		}
		b.Operations = append(b.Operations, op)
	}
	return b, b.check()
}

func (b Body) check() error {
	if b.ExpiresAtUnixMs == 0 {
		return fmt.Errorf("expires_at_unix_ms is zero: %w", ErrMalformed)
	}
	if n := len(b.Operations); n == 0 || n > MaxOperations {
		return fmt.Errorf("%d operations, not 1 to %d: %w", n, MaxOperations, ErrMalformed)
	}
	for i, op := range b.Operations {
		if err := op.check(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	// Most transactions need not be looked through.
	if b.mostAccounts() <= MaxAccounts {
		return nil
	}
	if n := len(b.Accounts()); n > MaxAccounts {
		return fmt.Errorf("%d accounts, above %d: %w", n, MaxAccounts, ErrTooLarge)
	}
	return nil
}

// Accounts lists the accounts that the operations name, ascending, each once.
func (b Body) Accounts() []AccountID { return b.AppendAccounts(nil) }

// AppendAccounts is Accounts, in the memory of none, which is empty.
func (b Body) AppendAccounts(none []AccountID) []AccountID {
	all := none
	for _, op := range b.Operations {
		all = op.accounts(all)
	}
	slices.SortFunc(all, func(x, y AccountID) int { return bytes.Compare(x[:], y[:]) })
	return slices.Compact(all)
}

// Entries is an upper bound, from the bytes alone, on the state entries that the transaction changes: its id, the credits
// of who acts and of who carries it, and what the operations change.
func (b Body) Entries() int {
	n := 3
	for _, op := range b.Operations {
		n += op.entries()
	}
	return n
}

// mostAccounts is an upper bound on the accounts that the operations name: each has an entry that is counted, but for those that speak for the
// validators of a ballot, which is one entry for all of them.
func (b Body) mostAccounts() int {
	n := b.Entries()
	for _, op := range b.Operations {
		if o, ok := op.(Propose); ok {
			if set, ok := o.Decision.(SetValidators); ok {
				n += len(set.Validators)
			}
		}
	}
	return n
}

// Signature is one key's signature over a transaction id.
type Signature struct {
	Signer    key.Public
	Signature key.Signature
}

// Signed is a transaction as received: its bytes, and what they say.
//
// Invariant: made by Parse or Seal, so every field is well formed and the bytes are in canonical form. The signatures
// are checked by VerifySignatures only.
type Signed struct {
	envelope []byte
	rawBody  []byte
	id       ID
	hash     EnvelopeHash
	// one is the memory of Signatures when there is one, as mostly.
	one [1]Signature

	// Body is what the bytes say.
	Body Body
	// Signatures are in ascending order of signer. Invariant: 1 to MaxSignatures.
	Signatures []Signature
}

// Seal signs the body bytes that Encode gave with each key and packs the envelope.
func Seal(network NetworkID, body []byte, signers ...key.Signer) (*Signed, error) {
	id := NewID(network, body)
	var signatures []Signature
	for _, signer := range signers {
		sig, err := signer.Sign(id)
		if err != nil {
			return nil, fmt.Errorf("sign transaction: %w", err)
		}
		signatures = append(signatures, Signature{Signer: signer.Public(), Signature: sig})
	}
	return Pack(network, body, signatures)
}

// Pack puts body bytes and signatures made elsewhere into an envelope; the order of the signatures does not matter.
func Pack(network NetworkID, body []byte, signatures []Signature) (*Signed, error) {
	sorted := slices.SortedFunc(slices.Values(signatures), func(a, b Signature) int {
		return bytes.Compare(a.Signer[:], b.Signer[:])
	})
	m := &umojav1.Envelope{Body: body}
	for _, s := range sorted {
		m.Signatures = append(m.Signatures, &umojav1.Signature{Signer: s.Signer[:], Signature: s.Signature[:]})
	}
	return Parse(network, marshal(m, formEnvelope))
}

// Parse reads an envelope as it came over the wire and checks everything that needs neither state nor signatures:
// ErrTooLarge, ErrNotCanonical or ErrMalformed, with the field and the rule. It keeps envelope; the caller must not
// change it.
func Parse(network NetworkID, envelope []byte) (*Signed, error) {
	s, err := parse(network, envelope)
	if err == nil {
		s.hash = NewEnvelopeHash(network, envelope)
	}
	return s, err
}

// ParseHashed is Parse for who has hashed the envelope. Invariant: hash is its NewEnvelopeHash.
func ParseHashed(network NetworkID, envelope []byte, hash EnvelopeHash) (*Signed, error) {
	s, err := parse(network, envelope)
	if err == nil {
		s.hash = hash
	}
	return s, err
}

func parse(network NetworkID, envelope []byte) (*Signed, error) {
	if len(envelope) > MaxEnvelopeBytes {
		return nil, fmt.Errorf("envelope is %d bytes, above %d: %w", len(envelope), MaxEnvelopeBytes, ErrTooLarge)
	}
	if err := formEnvelope.check(envelope); err != nil {
		return nil, err
	}
	w := wire{rest: envelope}
	n := w.count(2)
	if n == 0 || n > MaxSignatures {
		return nil, fmt.Errorf("%d signatures, not 1 to %d: %w", n, MaxSignatures, ErrMalformed)
	}
	s := &Signed{envelope: envelope}
	if s.Signatures = s.one[:0]; n > len(s.one) {
		s.Signatures = make([]Signature, 0, n)
	}
	for w.next() {
		if w.number == 1 {
			s.rawBody = w.bytes
			continue
		}
		if err := s.readSignature(w.bytes); err != nil {
			return nil, err
		}
	}
	var err error
	if s.Body, err = ParseBody(s.rawBody); err != nil {
		return nil, err
	}
	s.id = NewID(network, s.rawBody)
	return s, nil
}

// readSignature appends a signature.
func (s *Signed) readSignature(raw []byte) error {
	i := len(s.Signatures)
	var sig Signature
	signer, signature := readSignature(raw)
	if err := fixed(sig.Signer[:], signer, " signer"); err != nil {
		return fmt.Errorf("signature %d%w", i, err)
	}
	if err := fixed(sig.Signature[:], signature, ""); err != nil {
		return fmt.Errorf("signature %d%w", i, err)
	}
	if i > 0 && bytes.Compare(s.Signatures[i-1].Signer[:], sig.Signer[:]) >= 0 {
		return fmt.Errorf("signers out of order or twice: %w", ErrMalformed)
	}
	s.Signatures = append(s.Signatures, sig)
	return nil
}

// VerifySignatures checks every signature over the id; one bad one is ErrBadSignature.
func (s *Signed) VerifySignatures() error {
	for i, sig := range s.Signatures {
		if err := sig.Signer.Verify(s.id, sig.Signature); err != nil {
			return fmt.Errorf("signature %d: %w", i, ErrBadSignature)
		}
	}
	return nil
}

// SignedBy says whether the key is among the signers.
func (s *Signed) SignedBy(k key.Public) bool {
	_, found := slices.BinarySearchFunc(s.Signatures, k, func(sig Signature, k key.Public) int {
		return bytes.Compare(sig.Signer[:], k[:])
	})
	return found
}

// ID is the transaction's id.
func (s *Signed) ID() ID { return s.id }

// EnvelopeHash is the hash of the bytes as received.
func (s *Signed) EnvelopeHash() EnvelopeHash { return s.hash }

// Envelope is the bytes as received; they must not be changed.
func (s *Signed) Envelope() []byte { return s.envelope }

// RawBody is the body's bytes as received; they must not be changed.
func (s *Signed) RawBody() []byte { return s.rawBody }

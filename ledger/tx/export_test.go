package tx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// EncodeUnchecked is what an author without this package might send: the bytes of a body whose rules nobody checked.
func (b Body) EncodeUnchecked() ([]byte, error) {
	m := &umojav1.TransactionBody{Nonce: b.Nonce[:], ExpiresAtUnixMs: b.ExpiresAtUnixMs}
	for _, op := range b.Operations {
		m.Operations = append(m.Operations, op.proto())
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// The library's way of what wire.go reads and writes by hand.

// BodyByLibrary is ParseBody.
func BodyByLibrary(raw []byte) (Body, error) {
	if len(raw) > MaxEnvelopeBytes {
		return Body{}, fmt.Errorf("body is %d bytes, above %d: %w", len(raw), MaxEnvelopeBytes, ErrTooLarge)
	}
	var m umojav1.TransactionBody
	if err := unmarshal(raw, &m, formBody); err != nil {
		return Body{}, err
	}
	b := Body{ExpiresAtUnixMs: m.GetExpiresAtUnixMs()}
	if err := fixed(b.Nonce[:], m.GetNonce(), "nonce"); err != nil {
		return Body{}, err
	}
	if n := len(m.GetOperations()); n > MaxOperations {
		return Body{}, fmt.Errorf("%d operations, above %d: %w", n, MaxOperations, ErrTooLarge)
	}
	for i, pb := range m.GetOperations() {
		op, err := operationOf(pb)
		if err != nil {
			return Body{}, fmt.Errorf("operation %d: %w", i, err)
		}
		b.Operations = append(b.Operations, op)
	}
	return b, b.check()
}

// EnvelopeByLibrary gives the parts of an envelope in canonical form.
func EnvelopeByLibrary(raw []byte) (body []byte, signatures []*umojav1.Signature, err error) {
	var m umojav1.Envelope
	err = unmarshal(raw, &m, formEnvelope)
	return m.GetBody(), m.GetSignatures(), err
}

// AuthorityByLibrary is DecodeAuthority.
func AuthorityByLibrary(raw []byte) (Authority, error) {
	var m umojav1.Authority
	if err := unmarshal(raw, &m, formAuthority); err != nil {
		return Authority{}, err
	}
	return authorityOf(&m)
}

// EncodeByLibrary is Encode.
func (r Record) EncodeByLibrary() []byte {
	m := &umojav1.TransactionLeaf{Envelope: r.Envelope, Result: r.Result.Proto(), PostStates: postStatesProto(r.PostStates)}
	return marshal(&umojav1.Leaf{Leaf: &umojav1.Leaf_Transaction{Transaction: m}}, formLeaf)
}

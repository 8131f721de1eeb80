package tx

import (
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

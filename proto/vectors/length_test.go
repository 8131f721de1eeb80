package vectors_test

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// fixedLengths says of the fields of fixed length what they hold.
var fixedLengths = map[int]string{
	16: "An id or a salt has 16 bytes.", 32: "A key, alias, hash or secret has 32 bytes.", 60: "A sealed name has 60 bytes.",
}

// wrongLengths have a byte too many, or one too few, in each field of fixed length of each operation in turn.
func (m *maker) wrongLengths() []wrong {
	var all []wrong
	seen := map[string]bool{}
	for _, s := range m.samples() {
		message := messageOf(m, m.one(s.op), func(*umojav1.TransactionBody) {})
		operation := message.GetOperations()[0].ProtoReflect()
		act := operation.Get(operation.WhichOneof(operation.Descriptor().Oneofs().Get(0))).Message()
		eachBytes(act, s.name, func(of protoreflect.Message, fd protoreflect.FieldDescriptor, name string) {
			if seen[name] || fd.FullName() == "umoja.v1.Return.leaf" { // As long as it is.
				return
			}
			seen[name] = true
			good := of.Get(fd).Bytes()
			bad, word := good[1:], "-too-short"
			if len(all)%2 == 1 {
				bad, word = append(slices.Clone(good), 1), "-too-long"
			}
			of.Set(fd, protoreflect.ValueOfBytes(bad))
			raw := must(proto.MarshalOptions{Deterministic: true}.Marshal(message))(m)
			of.Set(fd, protoreflect.ValueOfBytes(good))
			all = append(all, wrong{name + word, "fixed-length", fixedLengths[len(good)], raw})
		})
	}
	return all
}

// eachBytes visits every field of bytes that is set, in the message and below, in order of its fields. Elements of a list have one name.
func eachBytes(m protoreflect.Message, path string, visit func(of protoreflect.Message, fd protoreflect.FieldDescriptor, path string)) {
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		at := path + "-" + strings.ReplaceAll(string(fd.Name()), "_", "-")
		switch {
		case !m.Has(fd):
		case fd.Kind() == protoreflect.BytesKind && !fd.IsList():
			visit(m, fd, at)
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			for i := range m.Get(fd).List().Len() {
				eachBytes(m.Get(fd).List().Get(i).Message(), at, visit)
			}
		default:
			eachBytes(m.Get(fd).Message(), at, visit)
		}
	}
}

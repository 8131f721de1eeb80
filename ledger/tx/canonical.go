package tx

import (
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// The canonical form (SPEC.md 2) is checked over the wire bytes by a small walker, not by trusting that one library
// marshals in a certain order. The walker's tables are made once from the message descriptors.

// form is what the walker knows of a message.
type form struct {
	name string
	// fields are by number; nil where there is none.
	fields []*field
}

// field is what the walker knows of a field.
type field struct {
	name     string
	wire     protowire.Type
	kind     protoreflect.Kind
	repeated bool   // several elements; scalars are packed
	implicit bool   // absent means zero, so zero must be absent
	oneof    bool   // at most one such field in the message
	message  *form  // for messages
	enum     []bool // by number, which are known
}

var (
	formEnvelope     = newForm((&umojav1.Envelope{}).ProtoReflect().Descriptor())
	formBody         = newForm((&umojav1.TransactionBody{}).ProtoReflect().Descriptor())
	formLeaf         = newForm((&umojav1.Leaf{}).ProtoReflect().Descriptor())
	formBatch        = newForm((&umojav1.Batch{}).ProtoReflect().Descriptor())
	formBatchHeader  = newForm((&umojav1.BatchHeader{}).ProtoReflect().Descriptor())
	formAuthority    = newForm((&umojav1.Authority{}).ProtoReflect().Descriptor())
	formDecision     = newForm((&umojav1.Decision{}).ProtoReflect().Descriptor())
	formAttestor     = newForm((&umojav1.Attestor{}).ProtoReflect().Descriptor())
	formProvider     = newForm((&umojav1.RegisterProvider{}).ProtoReflect().Descriptor())
	formReceipt      = newForm((&umojav1.Receipt{}).ProtoReflect().Descriptor())
	formValidatorSet = newForm((&umojav1.ValidatorSet{}).ProtoReflect().Descriptor())
	formEpochChange  = newForm((&umojav1.EpochChange{}).ProtoReflect().Descriptor())
	formEvidence     = newForm((&umojav1.Evidence{}).ProtoReflect().Descriptor())
)

// CheckBody says whether the bytes are a TransactionBody in canonical form.
func CheckBody(raw []byte) error { return formBody.check(raw) }

// CheckEnvelope says whether the bytes are an Envelope in canonical form; the body inside is not looked at.
func CheckEnvelope(raw []byte) error { return formEnvelope.check(raw) }

// CheckLeaf says whether the bytes are a Leaf in canonical form.
func CheckLeaf(raw []byte) error { return formLeaf.check(raw) }

// CheckReceipt says whether the bytes are a Receipt in canonical form.
func CheckReceipt(raw []byte) error { return formReceipt.check(raw) }

// CheckValidatorSet says whether the bytes are a ValidatorSet in canonical form.
func CheckValidatorSet(raw []byte) error { return formValidatorSet.check(raw) }

// CheckEpochChange says whether the bytes are an EpochChange in canonical form.
func CheckEpochChange(raw []byte) error { return formEpochChange.check(raw) }

// CheckEvidence says whether the bytes are an Evidence in canonical form.
func CheckEvidence(raw []byte) error { return formEvidence.check(raw) }

// newForm makes the table of a message. The messages are a tree: none contains itself.
func newForm(d protoreflect.MessageDescriptor) *form {
	f := &form{name: string(d.Name())}
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		fl := &field{
			name:     string(fd.Name()),
			kind:     fd.Kind(),
			repeated: fd.IsList(),
			implicit: !fd.IsList() && !fd.HasPresence(),
			oneof:    fd.ContainingOneof() != nil && !fd.HasOptionalKeyword(),
		}
		switch fd.Kind() {
		case protoreflect.Uint64Kind, protoreflect.Uint32Kind, protoreflect.BoolKind:
			fl.wire = protowire.VarintType
		case protoreflect.EnumKind:
			fl.wire, fl.enum = protowire.VarintType, knownValues(fd.Enum().Values())
		case protoreflect.BytesKind, protoreflect.StringKind:
			fl.wire = protowire.BytesType
		case protoreflect.MessageKind:
			if fd.IsMap() {
				panic(fmt.Sprintf("%s.%s: a map has no canonical form", d.Name(), fd.Name()))
			}
			fl.wire, fl.message = protowire.BytesType, newForm(fd.Message())
		default:
			panic(fmt.Sprintf("%s.%s: %v has no canonical form", d.Name(), fd.Name(), fd.Kind()))
		}
		if fl.oneof && d.Fields().Len() != fd.ContainingOneof().Fields().Len() {
			panic(fmt.Sprintf("%s: a oneof must stand alone", d.Name()))
		}
		for int(fd.Number()) >= len(f.fields) {
			f.fields = append(f.fields, nil)
		}
		f.fields[fd.Number()] = fl
	}
	return f
}

// knownValues says of each number whether an enum has it.
func knownValues(values protoreflect.EnumValueDescriptors) (known []bool) {
	for i := range values.Len() {
		number := int(values.Get(i).Number())
		for number >= len(known) {
			known = append(known, false)
		}
		known[number] = true
	}
	return known
}

// field gives a field by its number; nil when there is none.
func (f *form) field(number uint64) *field {
	if number >= uint64(len(f.fields)) {
		return nil
	}
	return f.fields[number]
}

// check walks the bytes of one message.
func (f *form) check(raw []byte) error {
	last := protowire.Number(0)
	count := 0
	for len(raw) > 0 {
		tag, n := consumeVarint(raw)
		if n < 0 {
			return fmt.Errorf("%s: tag: %w", f.name, ErrNotCanonical)
		}
		if tag>>3 > uint64(protowire.MaxValidNumber) {
			return fmt.Errorf("%s: field number: %w", f.name, ErrNotCanonical)
		}
		number, wire := protowire.Number(tag>>3), protowire.Type(tag&7)
		fl := f.field(tag >> 3)
		switch {
		case fl == nil:
			return fmt.Errorf("%s: unknown field %d: %w", f.name, number, ErrNotCanonical)
		case number < last || number == last && (!fl.repeated || fl.packed()):
			return fmt.Errorf("%s.%s: out of order or twice: %w", f.name, fl.name, ErrNotCanonical)
		case fl.oneof && count > 0:
			return fmt.Errorf("%s.%s: second member of a oneof: %w", f.name, fl.name, ErrNotCanonical)
		case wire != fl.wireType():
			return fmt.Errorf("%s.%s: wire type %d: %w", f.name, fl.name, wire, ErrNotCanonical)
		}
		raw = raw[n:]
		last = number
		count++
		used, err := fl.check(raw)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", f.name, fl.name, err)
		}
		raw = raw[used:]
	}
	return nil
}

// packed says whether the field is a list of scalars in one length-delimited run.
func (fl *field) packed() bool { return fl.repeated && fl.wire == protowire.VarintType }

func (fl *field) wireType() protowire.Type {
	if fl.packed() {
		return protowire.BytesType
	}
	return fl.wire
}

// check looks at one value at the start of raw and returns its length in bytes.
func (fl *field) check(raw []byte) (int, error) {
	if fl.wireType() == protowire.VarintType {
		return fl.checkScalar(raw)
	}
	length, n := consumeVarint(raw)
	if n < 0 || length > uint64(len(raw)-n) {
		return 0, fmt.Errorf("length: %w", ErrNotCanonical)
	}
	value := raw[n : n+int(length)]
	used := n + int(length)
	switch {
	case fl.packed():
		if len(value) == 0 {
			return 0, fmt.Errorf("empty list must be absent: %w", ErrNotCanonical)
		}
		for len(value) > 0 {
			m, err := fl.checkScalar(value)
			if err != nil {
				return 0, err
			}
			value = value[m:]
		}
	case fl.message != nil:
		if err := fl.message.check(value); err != nil {
			return 0, err
		}
	case fl.kind == protoreflect.StringKind && !utf8.Valid(value):
		return 0, fmt.Errorf("not UTF-8: %w", ErrNotCanonical)
	case fl.implicit && len(value) == 0:
		return 0, fmt.Errorf("empty value must be absent: %w", ErrNotCanonical)
	}
	return used, nil
}

// checkScalar looks at one varint.
func (fl *field) checkScalar(raw []byte) (int, error) {
	value, n := consumeVarint(raw)
	switch {
	case n < 0:
		return 0, fmt.Errorf("varint: %w", ErrNotCanonical)
	case fl.implicit && value == 0:
		return 0, fmt.Errorf("zero must be absent: %w", ErrNotCanonical)
	case fl.kind == protoreflect.Uint32Kind && value > math.MaxUint32:
		return 0, fmt.Errorf("more than 32 bits: %w", ErrNotCanonical)
	case fl.kind == protoreflect.BoolKind && value > 1:
		return 0, fmt.Errorf("bool above 1: %w", ErrNotCanonical)
	case fl.kind == protoreflect.EnumKind && (value >= uint64(len(fl.enum)) || !fl.enum[value]):
		return 0, fmt.Errorf("unknown enum value %d: %w", value, ErrNotCanonical)
	}
	return n, nil
}

// consumeVarint reads a minimal varint; a longer encoding of the same value is an error (-1).
func consumeVarint(raw []byte) (uint64, int) {
	if len(raw) > 0 && raw[0] < 0x80 { // Most are.
		return uint64(raw[0]), 1
	}
	value, n := protowire.ConsumeVarint(raw)
	if n < 0 || n > 1 && raw[n-1] == 0 {
		return 0, -1
	}
	return value, n
}

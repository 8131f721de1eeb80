package vectors_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// TestNoTwinsInWords: no two cases of a file say the same but for numbers and bytes.
func TestNoTwinsInWords(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	numbers := regexp.MustCompile(`\b[0-9a-f]{8,}\b|\d+`)
	for file, list := range readAll(t) {
		seen := map[string]string{}
		for _, v := range list {
			raw, err := json.Marshal([]any{v.Name, v.Comment, v.Rule, v.Result})
			if err != nil {
				t.Fatal(err)
			}
			form := numbers.ReplaceAllString(string(raw), "#")
			if other, twin := seen[form]; twin {
				t.Errorf("%s: %s and %s differ in numbers only", file, v.Name, other)
			}
			seen[form] = v.Name
		}
	}
}

// TestNoTwinsInShape: no two messages of a file that meet the same fate have one shape. The shape of a message is which fields it has, how
// long its bytes are and which of them are equal, and its texts, enums and bools; numbers and the bytes themselves are left out. So a case is there for something
// that it has and another has not, and not for another amount. What differs in a relation between numbers, or in bytes that somebody else
// would have to interpret, is listed with its reason.
func TestNoTwinsInShape(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	for file, shapeOf := range map[string]func(v vectors.Vector) string{
		"transaction.json": func(v vectors.Vector) string {
			if v.In["envelope"] == "" {
				return v.Name
			}
			return newShape(t).envelope(unhexText(t, v.In["envelope"]))
		},
		"leaf.json": func(v vectors.Vector) string {
			return newShape(t).of(unhexText(t, v.In["leaf"]), (&umojav1.Leaf{}).ProtoReflect().Descriptor())
		},
	} {
		seen := map[string]string{}
		for _, v := range readAll(t)[file] {
			form := string(v.Result) + " " + v.Rule + " " + shapeOf(v)
			other, twin := seen[form]
			if twin && twins[v.Name] == "" && twins[other] == "" {
				t.Errorf("%s: %s and %s differ in numbers only", file, other, v.Name)
			}
			seen[form] = v.Name
		}
	}
}

// twins are cases of one shape with another, and what tells them apart all the same.
var twins = map[string]string{
	"signature-flipped": "a signature that somebody else made", "signer-off-the-curve": "a key that is none", "another-network": "the network beside the envelope",
	"nine-attestors": "a bound", "owner-keys-descend": "an order", "guardians-descend": "an order", "threshold-above-the-weights": "a sum",
	"guardian-threshold-above-the-weights": "a sum", "owner-key-off-the-curve": "a key that is none", "guardian-off-the-curve": "a key that is none",
	"assets-of-an-account-descend": "an order of numbers", "balance-twice": "two numbers that are equal",
}

// shape writes the shape of messages.
type shape struct {
	t *testing.T
	// known numbers the bytes that were met, so that equal ones are seen.
	known map[string]int
}

func newShape(t *testing.T) *shape { return &shape{t, map[string]int{}} }

// envelope looks into the body as well.
func (s *shape) envelope(raw []byte) string {
	var m umojav1.Envelope
	if err := proto.Unmarshal(raw, &m); err != nil {
		return "raw " + hex.EncodeToString(raw)
	}
	return s.of(m.GetBody(), (&umojav1.TransactionBody{}).ProtoReflect().Descriptor()) + s.of(raw, m.ProtoReflect().Descriptor())
}

func (s *shape) of(raw []byte, d protoreflect.MessageDescriptor) string {
	message := dynamic(d)
	if err := proto.Unmarshal(raw, message.Interface()); err != nil || len(message.GetUnknown()) > 0 {
		return "raw " + hex.EncodeToString(raw)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(message.Interface())
	if err != nil || string(again) != string(raw) {
		return "raw " + hex.EncodeToString(raw) // Not in form: the bytes are the point.
	}
	return s.message(message)
}

// dynamic is an empty message of a description.
func dynamic(d protoreflect.MessageDescriptor) protoreflect.Message {
	for _, m := range []proto.Message{&umojav1.TransactionBody{}, &umojav1.Envelope{}, &umojav1.Leaf{}} {
		if m.ProtoReflect().Descriptor() == d {
			return m.ProtoReflect()
		}
	}
	panic(string(d.Name()))
}

func (s *shape) message(m protoreflect.Message) string {
	var parts []string
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		if !m.Has(fd) {
			continue
		}
		if !fd.IsList() {
			parts = append(parts, string(fd.Name())+"="+s.value(fd, m.Get(fd)))
			continue
		}
		for i := range m.Get(fd).List().Len() {
			parts = append(parts, string(fd.Name())+"="+s.value(fd, m.Get(fd).List().Get(i)))
		}
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func (s *shape) value(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return s.message(v.Message())
	case protoreflect.BytesKind:
		text := string(v.Bytes())
		if _, met := s.known[text]; !met {
			s.known[text] = len(s.known)
		}
		return fmt.Sprintf("%d bytes #%d", len(text), s.known[text])
	case protoreflect.StringKind, protoreflect.EnumKind, protoreflect.BoolKind:
		return v.String()
	}
	return "number"
}

// TestTwinsAreThere: the list of exceptions has no case that is gone.
func TestTwinsAreThere(t *testing.T) {
	if *update {
		t.Skip("the files are being written")
	}
	names := map[string]bool{}
	for _, list := range readAll(t) {
		for _, v := range list {
			names[v.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(twins)) {
		if !names[name] {
			t.Errorf("%s is no case", name)
		}
	}
}

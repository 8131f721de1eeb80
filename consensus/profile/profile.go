package profile

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// Stack is the functions of one sample, the innermost first, and its CPU time.
type Stack struct {
	Functions []string
	Nanos     int64
}

// ErrProfile means that something is not a CPU profile.
var ErrProfile = errors.New("not a CPU profile")

// maxBytes bounds a profile that is unpacked.
const maxBytes = 64 << 20

// Read reads what of pprof's format (github.com/google/pprof, profile.proto) says who used the CPU.
func Read(r io.Reader) ([]Stack, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("open profile: %w: %w", err, ErrProfile)
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("read profile: %w: %w", err, ErrProfile)
	}
	var t tables
	err = fields(raw, func(field protowire.Number, _ uint64, value []byte) {
		switch field {
		case 2:
			t.samples = append(t.samples, value)
		case 4:
			t.locations = append(t.locations, value)
		case 5:
			t.functions = append(t.functions, value)
		case 6:
			t.texts = append(t.texts, string(value))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read profile: %w: %w", err, ErrProfile)
	}
	places, err := t.places()
	if err != nil {
		return nil, err
	}
	var stacks []Stack
	for _, s := range t.samples {
		one, err := stackOf(s, places)
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, one)
	}
	return stacks, nil
}

// tables are the messages of a profile.
type tables struct {
	samples, locations, functions [][]byte
	texts                         []string
}

// places are the names of the functions at each location, the innermost first.
func (t tables) places() (map[uint64][]string, error) {
	names, places := make(map[uint64]string), make(map[uint64][]string)
	for _, f := range t.functions {
		id, name, err := pair(f, 1, 2)
		if err != nil {
			return nil, err
		}
		if name >= uint64(len(t.texts)) {
			return nil, fmt.Errorf("read profile: a name is missing: %w", ErrProfile)
		}
		names[id] = t.texts[name]
	}
	for _, l := range t.locations {
		var id uint64
		var at []string
		var bad error
		err := fields(l, func(field protowire.Number, n uint64, line []byte) {
			switch field {
			case 1:
				id = n
			case 4:
				function, _, err := pair(line, 1, 2)
				at, bad = append(at, names[function]), errors.Join(bad, err)
			}
		})
		if err := errors.Join(err, bad); err != nil {
			return nil, fmt.Errorf("read profile: %w: %w", err, ErrProfile)
		}
		places[id] = at
	}
	return places, nil
}

// pair are two numbers of a message.
func pair(raw []byte, first, second protowire.Number) (a, b uint64, err error) {
	err = fields(raw, func(field protowire.Number, n uint64, _ []byte) {
		switch field {
		case first:
			a = n
		case second:
			b = n
		}
	})
	if err != nil {
		return 0, 0, fmt.Errorf("read profile: %w: %w", err, ErrProfile)
	}
	return a, b, nil
}

// stackOf reads a sample.
func stackOf(sample []byte, places map[uint64][]string) (one Stack, err error) {
	number := func(field protowire.Number, n uint64) {
		switch field {
		case 1:
			one.Functions = append(one.Functions, places[n]...)
		case 2:
			one.Nanos = int64(n) // The last of the values is CPU time.
		}
	}
	err = fields(sample, func(field protowire.Number, n uint64, packed []byte) {
		if packed == nil { // Go packs three numbers and more.
			number(field, n)
		}
		for len(packed) > 0 {
			n, size := protowire.ConsumeVarint(packed)
			if size < 0 {
				return
			}
			packed = packed[size:]
			number(field, n)
		}
	})
	if err != nil {
		return one, fmt.Errorf("read profile: %w: %w", err, ErrProfile)
	}
	return one, nil
}

// fields gives each field of a message.
func fields(raw []byte, each func(field protowire.Number, n uint64, value []byte)) error {
	for len(raw) > 0 {
		field, kind, size := protowire.ConsumeTag(raw)
		if size < 0 {
			return protowire.ParseError(size)
		}
		raw = raw[size:]
		var n uint64
		var value []byte
		switch kind {
		case protowire.VarintType:
			n, size = protowire.ConsumeVarint(raw)
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(raw)
		default:
			size = protowire.ConsumeFieldValue(field, kind, raw)
		}
		if size < 0 {
			return protowire.ParseError(size)
		}
		raw = raw[size:]
		each(field, n, value)
	}
	return nil
}

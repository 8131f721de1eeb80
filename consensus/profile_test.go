package consensus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// share is a part of the CPU time: that of stacks with a function whose name has one of the parts, except what an earlier share
// has.
type share struct {
	name  string
	parts []string
}

// profiled runs something and tells which part of its CPU time each share has, in percent, and what is left.
func profiled(t testing.TB, shares []share, run func()) (parts map[string]float64, rest float64) {
	t.Helper()
	var raw bytes.Buffer
	if err := pprof.StartCPUProfile(&raw); err != nil {
		t.Fatal(err)
	}
	run()
	pprof.StopCPUProfile()
	stacks, err := readProfile(&raw)
	if err != nil {
		t.Fatal(err)
	}
	parts = make(map[string]float64)
	var total float64
	for _, s := range stacks {
		total += float64(s.nanos)
		if name := shareOf(s.functions, shares); name != "" {
			parts[name] += float64(s.nanos)
		} else {
			rest += float64(s.nanos)
		}
	}
	if total == 0 {
		t.Fatal("the profile is empty")
	}
	for name := range parts {
		parts[name] *= 100 / total
	}
	return parts, rest * 100 / total
}

func shareOf(functions []string, shares []share) string {
	for _, s := range shares {
		for _, f := range functions {
			for _, part := range s.parts {
				if strings.Contains(f, part) {
					return s.name
				}
			}
		}
	}
	return ""
}

// stack is the functions of one sample, the innermost first, and its CPU time.
type stack struct {
	functions []string
	nanos     int64
}

// readProfile reads what of pprof's format (github.com/google/pprof, profile.proto) says who used the CPU.
func readProfile(r io.Reader) ([]stack, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("open profile: %w", err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	var samples, locations, functions [][]byte
	var texts []string
	err = fields(raw, func(field protowire.Number, _ uint64, value []byte) {
		switch field {
		case 2:
			samples = append(samples, value)
		case 4:
			locations = append(locations, value)
		case 5:
			functions = append(functions, value)
		case 6:
			texts = append(texts, string(value))
		}
	})
	names, places := make(map[uint64]string), make(map[uint64][]string)
	for _, f := range functions {
		var id, name uint64
		err = errors.Join(err, fields(f, func(field protowire.Number, n uint64, _ []byte) {
			switch field {
			case 1:
				id = n
			case 2:
				name = n
			}
		}))
		names[id] = texts[name]
	}
	for _, l := range locations {
		var id uint64
		var lines []string
		err = errors.Join(err, fields(l, func(field protowire.Number, n uint64, line []byte) {
			if field == 1 {
				id = n
			}
			if field != 4 {
				return
			}
			err = errors.Join(err, fields(line, func(field protowire.Number, n uint64, _ []byte) {
				if field == 1 {
					lines = append(lines, names[n])
				}
			}))
		}))
		places[id] = lines
	}
	var stacks []stack
	for _, s := range samples {
		var one stack
		number := func(field protowire.Number, n uint64) {
			switch field {
			case 1:
				one.functions = append(one.functions, places[n]...)
			case 2:
				one.nanos = int64(n) // The last of the values is CPU time.
			}
		}
		err = errors.Join(err, fields(s, func(field protowire.Number, n uint64, packed []byte) {
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
		}))
		stacks = append(stacks, one)
	}
	return stacks, err
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

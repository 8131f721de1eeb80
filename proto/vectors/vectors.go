// Package vectors holds the test vectors of SPEC.md, for every implementation to be held to.
//
// A vector is a name, a comment that says why it is there, what goes in, and what must come out: the file's bytes are the
// reference, and README.md says how they were made and how each kind is read. The files are plain JSON so that programs
// in other languages read them where they are; Go programs may import this package. It promises nothing but the files.
package vectors

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
)

// Files holds the JSON files by their names.
//
//go:embed *.json
var Files embed.FS

// Vector is one case.
type Vector struct {
	// Name is of letters and hyphens, and no other vector of the file has it.
	Name string `json:"name"`
	// Comment says why the case is there.
	Comment string `json:"comment"`
	// In is what goes in: bytes in hexadecimal, numbers in decimal, texts as they are; README.md says which is which.
	In map[string]string `json:"in"`
	// Result is what a decoder or verifier must say.
	Result Result `json:"result"`
	// Rule is the rule of SPEC.md that a rejected case breaks, by its short name; empty for an accepted one.
	Rule string `json:"rule,omitempty"`
	// Out is what must come out of an accepted case.
	Out map[string]string `json:"out,omitempty"`
}

// Result says whether a case is well formed and true.
type Result string

// The results.
const (
	Accept Result = "accept"
	Reject Result = "reject"
)

// Read gives the vectors of a file, such as "canonical.json".
func Read(file string) ([]Vector, error) {
	raw, err := Files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var all []Vector
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("decode vectors of %s: %w", file, err)
	}
	return all, nil
}

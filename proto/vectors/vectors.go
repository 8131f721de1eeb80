// Package vectors holds the test vectors of SPEC.md, for every implementation to be held to.
//
// A vector is a name, a comment that says why it is there, what goes in, and what must come out. A ledger is a longer
// one: a genesis, the batches that came after it, and everything that each of them left behind. The files' bytes are the
// reference, and README.md says how they were made and how each kind is read. They are plain JSON so that programs
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

// Ledgers is the file of whole ledgers; all others hold vectors.
const Ledgers = "ledger.json"

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

// Ledger is a whole ledger.
type Ledger struct {
	Name    string `json:"name"`
	Comment string `json:"comment"`
	// Genesis names the accepted case of network.json that founds it.
	Genesis string  `json:"genesis"`
	Batches []Batch `json:"batches"`
}

// Batch is one batch and what it leaves behind.
type Batch struct {
	Comment string `json:"comment,omitempty"`
	// TimeUnixMs and Leader are the header's, for readers.
	TimeUnixMs string `json:"time_unix_ms"`
	Leader     string `json:"leader"`
	// Header is the canonical encoding of the BatchHeader, and Signature the leader's over the batch's hash.
	Header       string        `json:"header"`
	Signature    string        `json:"signature"`
	Transactions []Transaction `json:"transactions"`
	// Void is the rule for which the batch is void; then it leaves nothing, and what follows is absent.
	Void string `json:"void,omitempty"`
	// Leaves are those of the batch, in order; the last is the header leaf.
	Leaves []string `json:"leaves,omitempty"`
	// Changes are all state entries that the batch changes, by key; null is one that is gone.
	Changes map[string]*string `json:"changes,omitempty"`
	// Balances are those that the batch changes, ascending by account and asset.
	Balances []Balance `json:"balances,omitempty"`
	// Size and Root are those of the history tree after the batch.
	Size string `json:"size,omitempty"`
	Root string `json:"root,omitempty"`
	// StateRoot is the hash over the whole state after the batch.
	StateRoot string `json:"state_root,omitempty"`
}

// Transaction is one transaction of a batch and what became of it.
type Transaction struct {
	Comment  string `json:"comment"`
	Envelope string `json:"envelope"`
	// Code is the result; absent when the batch is void.
	Code string `json:"code,omitempty"`
	// Operation is the position of the operation that was refused.
	Operation string `json:"operation,omitempty"`
	// Legs are the refused legs of bulk transfers whose other legs stand.
	Legs []string `json:"legs,omitempty"`
	// Leaf is the index of the leaf that records it; for a duplicate the earlier one.
	Leaf      string `json:"leaf,omitempty"`
	Duplicate bool   `json:"duplicate,omitempty"`
}

// Balance is a balance after a batch.
type Balance struct {
	Account string `json:"account"`
	Asset   string `json:"asset"`
	Posted  string `json:"posted"`
	Held    string `json:"held"`
}

// Read gives the vectors of a file, such as "canonical.json".
func Read(file string) ([]Vector, error) { return read[Vector](file) }

// ReadLedgers gives the whole ledgers.
func ReadLedgers() ([]Ledger, error) { return read[Ledger](Ledgers) }

func read[T any](file string) ([]T, error) {
	raw, err := Files.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var all []T
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("decode vectors of %s: %w", file, err)
	}
	return all, nil
}

//go:build sabotage

// Package sabotage asks whether the tests of the ledger can fail. It breaks one line of the rules at a time and runs
// them: tests that still pass do not hold that rule.
//
//	go test -tags sabotage ./ledger/sabotage -count=1 -timeout 60m
//
// Every sabotage was chosen from the rules (proto/SPEC.md 5 and 6) before the tests were looked at: else the list would say what the
// tests hold, and not what they should. Each is a mistake that somebody could make in good faith, or the hole that a thief would
// like: a bound that is off by one, a condition left out, a thing done once too often. One that changes nothing that anybody can
// see is no sabotage, and one that does not compile is an error of the list.
package sabotage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sabotage is one line of the rules, broken.
type sabotage struct {
	// name is what -run finds it by.
	name string
	// file is the file in ledger.
	file string
	// line is the line as it stands, without its indentation. Invariant: it stands once in the file.
	line string
	// instead is what stands there in its place.
	instead string
	// rule is what it breaks.
	rule string
}

// all is the list.
func all() []sabotage { return slices.Concat(payer, hold, authority, alias, directory, history) }

// TestList checks the list: each line stands once in its file, and names are distinct.
func TestList(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range all() {
		if names[s.name] {
			t.Errorf("%s is there twice", s.name)
		}
		names[s.name] = true
		if _, err := s.broken(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
	t.Logf("%d sabotages", len(names))
}

// broken is the file with the line replaced.
func (s sabotage) broken() ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(s.file)))
	if err != nil {
		return nil, err
	}
	lines, at := strings.Split(string(raw), "\n"), -1
	for i, line := range lines {
		if strings.TrimSpace(line) != s.line {
			continue
		}
		if at >= 0 {
			return nil, fmt.Errorf("%s: the line stands there twice: %s", s.file, s.line)
		}
		at = i
	}
	if at < 0 {
		return nil, fmt.Errorf("%s: the line is not there any more, so choose another that holds the rule: %s", s.file, s.line)
	}
	lines[at] = s.instead
	return []byte(strings.Join(lines, "\n")), nil
}

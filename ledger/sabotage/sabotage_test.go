//go:build sabotage

// Package sabotage asks whether the tests of the ledger can fail. It breaks one line of the rules at a time and runs them:
// tests that still pass do not hold that rule.
//
//	go test -tags sabotage ./ledger/sabotage -count=1 -timeout 60m -v
//	go test -tags sabotage ./ledger/sabotage -count=1 -v -run TestSabotage/hold-
//
// The sabotages were chosen from the rules (proto/SPEC.md 5 and 6) before the tests were looked at: else the list would say what
// the tests hold, and not what they should. Each is a mistake that somebody could make in good faith, or the hole that a thief
// would like: a bound that is off by one, a condition left out, a thing done once too often. One that changes nothing that
// anybody can see is no sabotage. One that does not compile, or whose line is gone, is an error of the list: who changes a line
// of a rule chooses here how to break the new one.
//
// Nothing is written beside the sources: the compiler is told to read the broken file in place of the true one (go help build,
// -overlay). What it compiles on the way would fill the cache of the machine, so it has its own, which goes with the test.
package sabotage

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// TestList checks the list: names are distinct, and each line stands once in its file.
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
}

// broken is the file with the line replaced.
func (s sabotage) broken() ([]byte, error) {
	raw, err := os.ReadFile(s.path())
	if err != nil {
		return nil, err
	}
	lines, at := strings.Split(string(raw), "\n"), -1
	for i, line := range lines {
		if strings.TrimSpace(line) != s.line {
			continue
		}
		if at >= 0 {
			return nil, fmt.Errorf("the line stands twice in %s: %s", s.file, s.line)
		}
		at = i
	}
	if at < 0 {
		return nil, fmt.Errorf("the line is gone from %s: %s", s.file, s.line)
	}
	lines[at] = s.instead
	return []byte(strings.Join(lines, "\n")), nil
}

func (s sabotage) path() string { return filepath.Join("..", filepath.FromSlash(s.file)) }

// TestSabotage breaks one line after the other. Each must make a test fail.
func TestSabotage(t *testing.T) {
	cache := t.TempDir()
	if caught, err := verdict(cache, t.TempDir(), ""); err != nil || caught != "" {
		t.Fatalf("before anything is broken, %s fails: %v", caught, err)
	}
	for _, s := range all() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			overlay, err := s.overlay(dir)
			if err != nil {
				t.Fatal(err)
			}
			caught, err := verdict(cache, dir, overlay)
			switch {
			case err != nil:
				t.Errorf("an error of the list, not a sabotage: %v", err)
			case caught == "":
				t.Errorf("survives: no test holds that %s\n%s\n- %s\n+ %s", s.rule, s.file, s.line, s.instead)
			default:
				t.Logf("caught by %s", caught)
			}
		})
	}
}

// overlay writes the broken file, and the file that tells the compiler of it.
func (s sabotage) overlay(dir string) (string, error) {
	raw, err := s.broken()
	if err != nil {
		return "", err
	}
	source, err := filepath.Abs(s.path())
	if err != nil {
		return "", err
	}
	broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(broken, raw, 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {source: broken}})
	if err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// verdict is the first test of the ledger that fails; empty when none does. The error is that of a program that is none.
func verdict(cache, dir, overlay string) (caught string, err error) {
	build := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-w", "-overlay="+overlay, "-o", dir+string(filepath.Separator), "./ledger", "./ledger/tx")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "GOCACHE="+cache)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	for _, run := range []struct{ program, in, only string }{
		{"ledger.test", "..", "^TestScripts$"}, // The quickest of those that catch most.
		{"tx.test", filepath.Join("..", "tx"), "."},
		{"ledger.test", "..", "."},
	} {
		// What is drawn at random is the same each time, so that a sabotage is caught always or never. The seed is the one that
		// TestEveryRuleIsReached needs. Nobody waits for a counterexample to become small.
		tests := exec.Command(filepath.Join(dir, run.program), "-test.run="+run.only, "-test.failfast", "-test.timeout=3m",
			"-rapid.seed=20260101", "-rapid.shrinktime=1ms", "-rapid.nofailfile")
		tests.Dir = run.in
		if out, err := tests.CombinedOutput(); err != nil {
			return caughtBy(string(out)), nil
		}
	}
	return "", nil
}

var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// caughtBy names the test that failed.
func caughtBy(out string) string {
	name := "a panic, or a test that did not end"
	for _, found := range failed.FindAllStringSubmatch(out, -1) {
		name = found[1] // A subtest comes after its test.
	}
	return name
}

//go:build sabotage

package sabotage

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var cacheDir = flag.String("cache", "", "keep what is compiled here, so that the next run need not compile it again")

// Sabotage is one line of a program, broken.
type Sabotage struct {
	// Name is what -run finds it by.
	Name string
	// File is the file, in the plan's folder.
	File string
	// Line is the line as it stands, without its indentation. Invariant: it stands once in the file.
	Line string
	// Instead is what stands there in its place.
	Instead string
	// Rule is what it breaks.
	Rule string
}

// Run is tests that should notice.
type Run struct {
	// Package is where they are, from the root of the repository: "./ledger/tx".
	Package string
	// Args are for the test program, as "-test.run=^TestScripts$".
	Args []string
}

// Plan is a list of sabotages with the tests that should notice them.
type Plan struct {
	// Root is the root of the repository, and In the folder of the sabotaged files, both as a test sees them.
	Root, In string
	All      []Sabotage
	// Breaks names some of them by the invariant that they break.
	Breaks map[string][]string
	// Runs gives the tests for a file of the list, in order: the quickest of those that notice most first.
	Runs func(file string) []Run
}

// Check holds the list to its form: names are distinct, each line stands once in its file, and what is said to break an invariant is there.
func (p Plan) Check(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range p.All {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name] = true
		if _, err := p.broken(s); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	for invariant, by := range p.Breaks {
		for _, name := range by {
			if !names[name] {
				t.Errorf("%s breaks %s and is not there", name, invariant)
			}
		}
	}
}

// broken is the file with the line replaced.
func (p Plan) broken(s Sabotage) ([]byte, error) {
	raw, err := os.ReadFile(p.path(s))
	if err != nil {
		return nil, err
	}
	lines, at := strings.Split(string(raw), "\n"), -1
	for i, line := range lines {
		if strings.TrimSpace(line) != s.Line {
			continue
		}
		if at >= 0 {
			return nil, fmt.Errorf("the line stands twice in %s: %s", s.File, s.Line)
		}
		at = i
	}
	if at < 0 {
		return nil, fmt.Errorf("the line is gone from %s: %s", s.File, s.Line)
	}
	lines[at] = s.Instead
	return []byte(strings.Join(lines, "\n")), nil
}

func (p Plan) path(s Sabotage) string { return filepath.Join(p.In, filepath.FromSlash(s.File)) }

// Test breaks one line after the other. Each must make a test fail. In the end it prints which one, as a table.
func (p Plan) Test(t *testing.T) {
	cache := *cacheDir
	if cache == "" {
		cache = t.TempDir()
	}
	whole := &unbroken{plan: p, cache: cache, runs: make(map[string]*unbrokenRun)}
	var mu sync.Mutex // Guards rows, for moments.
	var rows []string
	t.Cleanup(func() {
		slices.Sort(rows)
		t.Logf("%d sabotages\n%s", len(rows), strings.Join(rows, "\n"))
	})
	for _, s := range p.All {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			whole.check(t, p.Runs(s.File))
			dir := t.TempDir()
			overlay, err := p.overlay(s, dir)
			if err != nil {
				t.Fatal(err)
			}
			caught, err := p.verdict(cache, dir, overlay, p.Runs(s.File))
			switch {
			case err != nil:
				t.Errorf("an error of the list, not a sabotage: %v", err)
			case caught == "":
				caught = "NOBODY"
				t.Errorf("survives: no test holds that %s\n%s\n- %s\n+ %s", s.Rule, s.File, s.Line, s.Instead)
			default:
				t.Logf("caught by %s", caught)
			}
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, fmt.Sprintf("%-36s %s", s.Name, caught))
		})
	}
}

// unbroken is what the tests say while nothing is broken.
type unbroken struct {
	plan  Plan
	cache string
	// mu guards runs, for moments.
	mu   sync.Mutex
	runs map[string]*unbrokenRun
}

type unbrokenRun struct {
	once   sync.Once
	caught string
	err    error
}

// check runs tests once, and fails all who ask when they fail: they would blame anything.
func (u *unbroken) check(t *testing.T, runs []Run) {
	for _, run := range runs {
		u.mu.Lock()
		r := u.runs[fmt.Sprint(run)]
		if r == nil {
			r = new(unbrokenRun)
			u.runs[fmt.Sprint(run)] = r
		}
		u.mu.Unlock()
		r.once.Do(func() { r.caught, r.err = u.plan.verdict(u.cache, t.TempDir(), "", []Run{run}) })
		if r.caught != "" || r.err != nil {
			t.Fatalf("before anything is broken, %s fails: %v", r.caught, r.err)
		}
	}
}

// overlay writes the broken file, and the file that tells the compiler of it.
func (p Plan) overlay(s Sabotage, dir string) (string, error) {
	raw, err := p.broken(s)
	if err != nil {
		return "", err
	}
	source, err := filepath.Abs(p.path(s))
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

// verdict is the first test that fails; empty when none does. The error is that of a program that is none.
func (p Plan) verdict(cache, dir, overlay string, runs []Run) (caught string, err error) {
	args := []string{"test", "-c", "-vet=off", "-ldflags=-w", "-overlay=" + overlay, "-o", dir + string(filepath.Separator)}
	for _, run := range runs {
		if !slices.Contains(args, run.Package) {
			args = append(args, run.Package)
		}
	}
	build := exec.Command("go", args...)
	build.Dir = p.Root
	build.Env = append(os.Environ(), "GOCACHE="+cache)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	for _, run := range runs {
		tests := func(more ...string) (string, error) {
			args := slices.Concat([]string{"-test.v", "-test.failfast", "-test.timeout=3m"}, run.Args, more)
			test := exec.Command(filepath.Join(dir, filepath.Base(run.Package)+".test"), args...)
			test.Dir = filepath.Join(p.Root, filepath.FromSlash(run.Package))
			out, err := test.CombinedOutput()
			return string(out), err
		}
		for range tries {
			out, err := tests()
			if err == nil {
				break
			}
			// A test that fails once may have been out of luck on a busy machine. One that notices fails again.
			caught = caughtBy(out)
			top, _, _ := strings.Cut(caught, "/")
			if _, err := tests("-test.run=^" + top + "$"); err != nil || caught == unnamed {
				return caught, nil
			}
		}
	}
	return "", nil
}

// tries is how often tests run that fail, and do not fail when their failing test is run again.
const tries = 3

var (
	failed  = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	running = regexp.MustCompile(`(?m)^=== (?:RUN|CONT|NAME) +(\S+)`)
)

const unnamed = "a panic, or a test that did not end"

// caughtBy names the test that failed, or in which the program ended.
func caughtBy(out string) string {
	name := unnamed
	for _, found := range running.FindAllStringSubmatch(out, -1) {
		name = found[1] // The last one was under way when the program ended.
	}
	for _, found := range failed.FindAllStringSubmatch(out, -1) {
		name = found[1] // A subtest comes after its test.
	}
	return name
}

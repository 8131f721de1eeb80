package consensus

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// attackRows are the rows that the tables must have, by their first column.
var attackRows = []string{
	"forged append", "term bomb", "TimeoutNow", "unknown entries", "forced snapshots", "fake snapshot", "lying commit index",
	"14", "15", "16", "17", "18", "21", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34",
	"A1", "A2", "A3", "A4",
}

var (
	attackRow = regexp.MustCompile(`^\| ([^|]+) \|.*\| ([^|]*) \|$`)
	testInRow = regexp.MustCompile("`([^`]+)`")
)

// TestAttacksAreTested: each row of ATTACKS.md stands there once and names tests, and each of them exists.
func TestAttacksAreTested(t *testing.T) {
	raw, err := os.ReadFile("ATTACKS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range untested(string(raw)) {
		t.Error(problem)
	}

	// That this can fail:
	first := "| 14 | partitions | "
	for _, row := range []struct{ table, want string }{
		{"", "14: no row"},
		{first + "some |", "14: no test"},
		{first + "`consensus.TestOfNothing` |", "14: no test consensus.TestOfNothing"},
		{first + "`consensus/nowhere.TestOfNothing` |", "14: no test consensus/nowhere.TestOfNothing"},
		{first + "`consensus/sim.TestFaults/of-nothing` |", "14: no test consensus/sim.TestFaults/of-nothing"},
		{first + "`consensus/sim.TestFaults/loss` `consensus.TestOfNothing/loss` |", "14: no test consensus.TestOfNothing/loss"},
		{first + "`consensus.TestOfNothing` |\n" + first + "`consensus/sim.TestFaults/loss` |", "14: no test consensus.TestOfNothing"},
		{first + "`consensus/sim.TestFaults/loss` |\n" + first + "`consensus/sim.TestFaults/loss` |", "14: two rows"},
		{"| 99 | nobody asks for it | `consensus.TestOfNothing` |", "99: no test consensus.TestOfNothing"},
		{"| 99 | nobody asks for it | some |", "99: no test"},
	} {
		if !slices.Contains(untested(row.table), row.want) {
			t.Errorf("%q passes", row.table)
		}
	}
}

// untested is what is wrong with tables of attacks.
func untested(tables string) (problems []string) {
	rows := make(map[string]int)
	packages := make(map[string]*testNames)
	for line := range strings.Lines(tables) {
		m := attackRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || m[2] == "tests" {
			continue // No row, or the head of a table.
		}
		row := m[1]
		if rows[row]++; rows[row] == 2 {
			problems = append(problems, row+": two rows")
		}
		tests := testInRow.FindAllString(m[2], -1)
		if len(tests) == 0 {
			problems = append(problems, row+": no test")
		}
		for _, test := range tests {
			test = strings.Trim(test, "`")
			dir, name, _ := strings.Cut(test, ".")
			if packages[dir] == nil {
				packages[dir] = namesIn(filepath.Join("..", filepath.FromSlash(dir)))
			}
			if !packages[dir].has(name) {
				problems = append(problems, fmt.Sprintf("%s: no test %s", row, test))
			}
		}
	}
	for _, row := range attackRows {
		if rows[row] == 0 {
			problems = append(problems, row+": no row")
		}
	}
	return problems
}

// testNames are what a package calls its tests, and all its strings, among which are the names of subtests.
type testNames struct{ tests, words map[string]bool }

func (n *testNames) has(name string) bool {
	test, sub, nested := strings.Cut(name, "/")
	return n.tests[test] && (!nested || n.words[sub])
}

// namesIn reads the Go files of a folder; one that cannot be read has no tests.
func namesIn(dir string) *testNames {
	n := &testNames{tests: make(map[string]bool), words: make(map[string]bool)}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				name := node.Name.Name
				if strings.HasSuffix(path, "_test.go") && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")) {
					n.tests[name] = true
				}
			case *ast.BasicLit:
				if node.Kind == token.STRING {
					n.words[strings.Trim(node.Value, "\"`")] = true
				}
			}
			return true
		})
	}
	return n
}

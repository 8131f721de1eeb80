package ledger_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestSameBatchSameEffects applies one batch of many operations, with much that is due, fifty times. Go walks a map in another order each
// time, so an order that leaked into the effects would show.
func TestSameBatchSameEffects(t *testing.T) {
	m := newMachine(t, newCast(t, aMinute))
	m.begin()
	d := randomDice(11, 8)
	for range 60 {
		var signed []*tx.Signed
		for range 6 {
			if s := m.transaction(d); s != nil {
				signed, m.sent = append(signed, s), append(m.sent, s)
			}
		}
		m.apply(t, signed...)
	}
	m.chain.Tick(3 * aDay)
	builder, err := ledger.Build(m.chain.Memory, m.chain.Memory.Head(), m.chain.TimeUnixMs)
	if err != nil {
		t.Fatal(err)
	}
	for tries := 0; tries < 1000 && len(builder.Envelopes()) < 60; tries++ {
		if s := m.transaction(d); s != nil && builder.Fits(s) {
			if _, err := builder.Add(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	raw := tx.SealBatch(m.world.Network, m.chain.Header(), builder.Envelopes(), m.world.Validators[m.chain.Leader])
	batch, err := tx.ParseBatch(m.world.Network, raw)
	if err != nil {
		t.Fatal(err)
	}
	var first *ledger.Effects
	for i := range 50 {
		fx, err := ledger.Apply(m.chain.Memory, m.chain.Memory.Head(), m.world.Network, m.chain.Verify, batch)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = fx
		}
		if !reflect.DeepEqual(first, fx) {
			t.Fatalf("time %d gives other effects (-first +now):\n%s", i+1, cmp.Diff(first, fx))
		}
	}
	kinds := make(map[byte]bool)
	for _, c := range first.Changes {
		kinds[c.Key[0]] = true
	}
	effects := len(first.Leaves) - 1 - len(first.Outcomes)
	if len(kinds) < 16 || len(first.Outcomes) < 60 || effects < 3 {
		t.Errorf("the batch changes %d kinds of entries by %d transactions and %d effects: it no longer touches much", len(kinds), len(first.Outcomes), effects)
	}
}

// TestFoundingTwiceGivesOneLedger: the same document is the same ledger, and another network's is another.
func TestFoundingTwiceGivesOneLedger(t *testing.T) {
	w := ledgertest.Network(t, "founding")
	one, two := ledgertest.NewChain(t, w).Memory.Head(), ledgertest.NewChain(t, w).Memory.Head()
	if other := ledgertest.NewChain(t, ledgertest.Network(t, "another")).Memory.Head(); one != two || one.State == other.State {
		t.Error("founding twice gives two ledgers, or two documents give one")
	}
}

// mapRanges are the functions that may walk a map, because the order does not reach what they give.
var mapRanges = map[string]string{
	"keep":    "it copies into a map",
	"changes": "it sorts the keys before it uses them",
}

// TestRulesHaveNoConcurrencyFloatOrMapOrder reads the source of the rules.
func TestRulesHaveNoConcurrencyFloatOrMapOrder(t *testing.T) {
	lookup := exported(t)
	for _, dir := range []string{".", "tx", "amount", "key", "genesis", "checkpoint"} {
		fset := token.NewFileSet()
		files := sources(t, fset, dir)
		info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue)}
		conf := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
		if _, err := conf.Check("rules", fset, files, info); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			function := ""
			ast.Inspect(f, func(n ast.Node) bool {
				refuse := func(what, instead string) { t.Errorf("%v: %s: %s", fset.Position(n.Pos()), what, instead) }
				switch n := n.(type) {
				case *ast.FuncDecl:
					function = n.Name.Name
				case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt, *ast.ChanType:
					refuse("concurrency", "the caller runs goroutines, the rules run in one")
				case *ast.Ident:
					if n.Name == "float64" || n.Name == "float32" {
						refuse("a float", "money and time are integers; amount.Amount counts minor units")
					}
				case *ast.RangeStmt:
					if _, isMap := info.Types[n.X].Type.Underlying().(*types.Map); isMap && dir == "." && mapRanges[function] == "" {
						refuse("a walk over a map", "sort the keys first, or keep a slice; then name the function in mapRanges")
					}
				}
				return true
			})
		}
	}
}

func sources(t *testing.T, fset *token.FileSet, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// exported finds what the compiler wrote of each package.
func exported(t *testing.T) importer.Lookup {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Export", ".").Output()
	if err != nil {
		t.Fatalf("go list -export: %v", err)
	}
	files := make(map[string]string)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

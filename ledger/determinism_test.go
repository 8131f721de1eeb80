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

// TestSameBatchSameEffects applies one batch that touches every kind of entry fifty times. Go walks a map in another
// order each time, so an order that leaked into the effects would show.
func TestSameBatchSameEffects(t *testing.T) {
	s := newScript(t)
	for _, act := range []string{"transfer JUMA -> AMINA 1.00 fee 1.00", "transfer JUMA -> AMINA 2.00 fee 1.00 | name two"} {
		s.block([]string{act})
	}
	s.chain.Tick(11 * 60_000) // So that the batch forgets ids too.
	b := &block{script: s}
	for _, act := range []string{
		"open NYOKA", "open BAKARI; grant BAKARI to SHOP tx 10.00 day 10.00; grant BAKARI to RIVAL tx 10.00 day 10.00",
		"open phone NEEMA; alias +254711000003 to NEEMA name NEEMA; grant NEEMA to PROVIDER tx 10.00 day 10.00",
		"open phone PILI; alias +254711000004 to PILI name PILI; grant PILI to RIVAL tx 10.00 day 10.00 | by RIVAL",
		"transfer ISSUER -> NYOKA 10.00; transfer ISSUER -> BAKARI 20.00; transfer NYOKA -> AMINA 1.00 | by ISSUER,NYOKA",
		"transfer JUMA -> NEEMA 5.00 fee 1.00", "transfer BAKARI -> PILI 5.00 | by SHOP", "issue 7.00 to PILI asset TZS",
		"transfer JUMA -> AMINA 99999.00 fee 1.00", "transfer JUMA -> AMINA 1.00 fee 1.00 | by STRANGER", "revoke BAKARI from SHOP",
	} {
		b.act(act)
	}
	raw := tx.SealBatch(s.world.Network, s.chain.Header(), b.envelopes, s.world.Validators[s.chain.Leader])
	batch, err := tx.ParseBatch(s.world.Network, raw)
	if err != nil {
		t.Fatal(err)
	}
	var first *ledger.Effects
	for i := range 50 {
		fx, err := ledger.Apply(s.chain.Memory, s.chain.Memory.Head(), s.world.Network, s.chain.Verify, batch)
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
	if len(first.Changes) < 25 || len(first.Leaves) != 12 {
		t.Errorf("the batch makes %d changes and %d leaves: it no longer touches everything", len(first.Changes), len(first.Leaves))
	}
	again := ledgertest.NewChain(t, s.world)
	if again.Memory.Head() == s.chain.Memory.Head() || again.Memory.Head() != ledgertest.NewChain(t, s.world).Memory.Head() {
		t.Error("founding twice gives two ledgers, or applying batches gives none")
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

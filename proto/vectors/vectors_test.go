package vectors_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/proto/vectors"
)

// update writes the files from the fixed seed. Without it the tests never generate: they hold the code to the files.
var update = flag.Bool("update", false, "write the vector files; look at every difference before you keep it")

// kind is a file of vectors: how it was made, and how the code here is held to it.
type kind struct {
	generate func(*maker) []vectors.Vector
	// check does what an implementation does with In. It returns what came out, or the error with which the case was
	// rejected.
	check func(*testing.T, vectors.Vector) (map[string]string, error)
	// rules gives, for each rule that a rejected case may break, a regular expression of what the error must say.
	rules map[string]string
}

var kinds = map[string]kind{
	"network.json":     {makeNetwork, checkNetwork, rulesOfGenesis},
	"canonical.json":   {makeCanonical, checkCanonical, rulesOfForm},
	"account.json":     {makeAccount, checkAccount, rulesOfAccount},
	"number.json":      {makeNumber, checkNumber, rulesOfNumber},
	"alias.json":       {makeAlias, checkAlias, rulesOfAlias},
	"transaction.json": {makeTransaction, checkTransaction, rulesOfTransaction},
	"id.json":          {makeID, checkID, nil},
	"compact.json":     {makeCompact, checkCompact, rulesOfCompact},
	"leaf.json":        {makeLeaf, checkLeaf, rulesOfLeaf},
	"state.json":       {makeState, checkState, nil},
	"checkpoint.json":  {makeCheckpoint, checkCheckpoint, rulesOfCheckpoint},
	"receipt.json":     {makeReceipt, checkReceipt, rulesOfReceipt},
	"validator.json":   {makeValidator, checkValidator, rulesOfValidator},
}

func TestVectors(t *testing.T) {
	files, err := vectors.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if !*update && len(files) != len(kinds)+1 { // And the whole ledgers.
		t.Errorf("%d files, and %d kinds of vectors", len(files), len(kinds))
	}
	count := 0
	for _, file := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[file]
		t.Run(strings.TrimSuffix(file, ".json"), func(t *testing.T) {
			if *update {
				write(t, file, k.generate(newMaker(t)))
				return
			}
			all, err := vectors.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			count += len(all)
			lint(t, all)
			for _, v := range all {
				t.Run(v.Name, func(t *testing.T) { hold(t, k, v) })
			}
		})
	}
	if !*update && count < 60 {
		t.Errorf("only %d vectors", count)
	}
}

// hold holds the code to one vector.
func hold(t *testing.T, k kind, v vectors.Vector) {
	out, err := k.check(t, v)
	switch {
	case v.Result == vectors.Accept && err != nil:
		t.Errorf("rejected: %v", err)
	case v.Result == vectors.Reject && err == nil:
		t.Errorf("accepted, and gave %v", out)
	case v.Result == vectors.Reject:
		if part, ok := k.rules[v.Rule]; !ok || !regexp.MustCompile(part).MatchString(err.Error()) {
			t.Errorf("rejected with %q, which does not name the rule %q", err, v.Rule)
		}
	case !maps.Equal(out, v.Out):
		t.Errorf("gave\n%v\nwant\n%v", out, v.Out)
	}
}

// lint keeps the files worth reading: one name, one purpose, one case each.
func lint(t *testing.T, all []vectors.Vector) {
	names, ins := map[string]bool{}, map[string]string{}
	for _, v := range all {
		if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(v.Name) || names[v.Name] {
			t.Errorf("%s: name is odd or twice", v.Name)
		}
		if !strings.HasSuffix(v.Comment, ".") || len(v.Comment) < 10 {
			t.Errorf("%s: the comment does not say why", v.Name)
		}
		if (v.Result == vectors.Reject) != (v.Rule != "") || (v.Result == vectors.Reject) != (len(v.Out) == 0) {
			t.Errorf("%s: a rejected case has a rule, an accepted one has results", v.Name)
		}
		in, _ := json.Marshal(v.In)
		if other, twice := ins[string(in)]; twice {
			t.Errorf("%s and %s are one case", v.Name, other)
		}
		names[v.Name], ins[string(in)] = true, v.Name
	}
}

func write(t *testing.T, file string, all any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func accept(name, comment string, in, out map[string]string) vectors.Vector {
	return vectors.Vector{Name: name, Comment: comment, In: in, Result: vectors.Accept, Out: out}
}

func reject(name, rule, comment string, in map[string]string) vectors.Vector {
	return vectors.Vector{Name: name, Comment: comment, In: in, Result: vectors.Reject, Rule: rule}
}

// fields is In or Out.
type fields = map[string]string

func hx(b []byte) string { return hex.EncodeToString(b) }

func dec(n uint64) string { return strconv.FormatUint(n, 10) }

// unhex reads a field of bytes.
func unhex(t *testing.T, v vectors.Vector, field string) []byte {
	t.Helper()
	text, ok := v.In[field]
	raw, err := hex.DecodeString(text)
	if !ok || err != nil {
		t.Fatalf("field %s: there: %v, %v", field, ok, err)
	}
	return raw
}

// b32 reads a field of 32 bytes.
func b32(t *testing.T, v vectors.Vector, field string) [32]byte {
	t.Helper()
	raw := unhex(t, v, field)
	if len(raw) != 32 {
		t.Fatalf("field %s has %d bytes", field, len(raw))
	}
	return [32]byte(raw)
}

// num reads a field of a number.
func num(t *testing.T, v vectors.Vector, field string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(v.In[field], 10, 64)
	if err != nil {
		t.Fatalf("field %s: %v", field, err)
	}
	return n
}

var errDiffers = errors.New("differs")

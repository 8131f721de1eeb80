package vectors_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

func readSpec(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// find gives a vector by its file and name.
func find(t *testing.T, file, name string) vectors.Vector {
	t.Helper()
	all, err := vectors.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("%s has no vector %s", file, name)
	return vectors.Vector{}
}

// TestSpecExample: the example of SPEC.md 1 is a vector, byte for byte.
func TestSpecExample(t *testing.T) {
	spec := readSpec(t)
	block := strings.SplitN(spec, "```", 3)[1]
	var bytes strings.Builder
	for line := range strings.Lines(block) {
		// Hexadecimal in words of even length, up to the first word that is none.
		for _, word := range strings.Fields(line) {
			if !regexp.MustCompile(`^([0-9a-f]{2})+$`).MatchString(word) {
				break
			}
			bytes.WriteString(word)
		}
	}
	payment := find(t, "transaction.json", "payment-by-phone")
	if got := bytes.String(); got != payment.In["envelope"] {
		t.Errorf("the example is\n%s\nwant\n%s", got, payment.In["envelope"])
	}
	receipt := find(t, "receipt.json", "payment")
	leaf := find(t, "leaf.json", "payment")
	for name, want := range map[string]string{
		"network id": payment.In["network"], "transaction id": "\n" + payment.Out["id"] + "\n",
		"size of the envelope": fmt.Sprintf("envelope of %d bytes", len(payment.In["envelope"])/2),
		"checkpoint":           find(t, "checkpoint.json", "everybody").In["note"], "receipt code": "`" + receipt.Out["receipt_code"] + "`",
		"leaf hash": "`" + leaf.Out["leaf_hash"][:10] + "`",
	} {
		if !strings.Contains(spec, want) {
			t.Errorf("SPEC.md does not show the %s %q", name, want)
		}
	}
}

// TestSpecResults: the table of SPEC.md 5 has every code, in order.
func TestSpecResults(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| (\\d+) \\| `([A-Z_]+)` \\| ").FindAllStringSubmatch(readSpec(t), -1)
	if len(rows) != len(umojav1.ResultCode_name)-1 {
		t.Errorf("%d rows for %d codes", len(rows), len(umojav1.ResultCode_name)-1)
	}
	for i, row := range rows {
		if name := "RESULT_CODE_" + row[2]; row[1] != fmt.Sprint(i+1) || umojav1.ResultCode_value[name] != int32(i+1) {
			t.Errorf("row %d is %s %s", i+1, row[1], row[2])
		}
	}
}

// TestSpecRules: every rule of the canonical form that a vector breaks is in the table of SPEC.md 2.
func TestSpecRules(t *testing.T) {
	spec := readSpec(t)
	for rule := range rulesOfForm {
		if !strings.Contains(spec, "`"+rule+"`") {
			t.Errorf("SPEC.md does not name the rule %s", rule)
		}
	}
	for _, kind := range []checkpoint.VoteKind{checkpoint.Attestation, checkpoint.Ratification} {
		if !strings.Contains(spec, `"`+string(kind)+`"`) {
			t.Errorf("SPEC.md does not give the tag %s", kind)
		}
	}
}

// TestSpecTags: every tag that the ledger's code hashes under stands in SPEC.md, and no other does.
func TestSpecTags(t *testing.T) {
	tag := regexp.MustCompile(`"(umoja/[a-z-]+/v1)(?:\\x00)?"`)
	inSpec, inCode := map[string]bool{}, map[string]bool{}
	for _, m := range tag.FindAllStringSubmatch(readSpec(t), -1) {
		inSpec[m[1]] = true
	}
	for _, file := range []string{
		"key/alias.go", "tx/id.go", "tx/batch.go", "tx/operation.go", "genesis/genesis.go", "genesis/validator.go",
		"checkpoint/validators.go", "checkpoint/votes.go", "checkpoint/expiry.go", "lthash.go",
	} {
		raw, err := os.ReadFile("../../ledger/" + file)
		if err != nil {
			t.Fatal(err)
		}
		// An alias' tag is followed by its separator and the number.
		for _, m := range tag.FindAllStringSubmatch(string(raw), -1) {
			inCode[m[1]] = true
		}
	}
	for tag := range inCode {
		if !inSpec[tag] {
			t.Errorf("%s is in the code and not in SPEC.md", tag)
		}
	}
	for tag := range inSpec {
		if !inCode[tag] {
			t.Errorf("%s is in SPEC.md and not in the code", tag)
		}
	}
}

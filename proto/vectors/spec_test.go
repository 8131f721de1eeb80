package vectors_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/compact"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
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

// section gives what stands between a heading and the next one of the same or a higher level.
func section(t *testing.T, heading string) string {
	t.Helper()
	level, _, _ := strings.Cut(heading, " ")
	_, rest, found := strings.Cut(readSpec(t), "\n"+heading)
	if !found {
		t.Fatalf("SPEC.md has no section %q", heading)
	}
	if end := regexp.MustCompile(`(?m)^#{2,` + strconv.Itoa(len(level)) + `} `).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

// ledgerSource is the Go code of the ledger without its tests.
func ledgerSource(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"../../ledger/*.go", "../../ledger/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.Contains(file, "ledgertest") {
				continue
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(raw)
		}
	}
	return all.String()
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
	spec := section(t, "## 1. Example")
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

// TestSpecResults: the table of SPEC.md 5.2 has every code, in order, and says truly which decide.
func TestSpecResults(t *testing.T) {
	spec := section(t, "### 5.2 ")
	rows := regexp.MustCompile("(?m)^\\| (\\d+) \\| `([A-Z_]+)` \\| ").FindAllStringSubmatch(spec, -1)
	numbers := slices.Sorted(maps.Keys(umojav1.ResultCode_name))[1:]
	if len(rows) != len(numbers) {
		t.Fatalf("%d rows for %d codes", len(rows), len(numbers))
	}
	last := tx.OK
	for i, n := range numbers {
		if name := strings.TrimPrefix(umojav1.ResultCode_name[n], "RESULT_CODE_"); rows[i][1] != fmt.Sprint(n) || rows[i][2] != name {
			t.Errorf("row %d is %s %s, want %d %s", i+1, rows[i][1], rows[i][2], n, name)
		}
		if c := tx.Code(n); !c.Decides() {
			last = c
		}
	}
	if want := fmt.Sprintf("codes 2 to %d", last); !strings.Contains(spec, want) {
		t.Errorf("SPEC.md does not say that the %s do not decide", want)
	}
}

// TestSpecCodes: every code is the result of a rule that SPEC.md gives, outside of the table of codes.
func TestSpecCodes(t *testing.T) {
	spec := readSpec(t)
	rules := strings.Replace(spec, section(t, "### 5.2 "), "", 1)
	for n, name := range umojav1.ResultCode_name {
		if name = strings.TrimPrefix(name, "RESULT_CODE_"); n != 0 && !strings.Contains(rules, "`"+name+"`") {
			t.Errorf("no rule gives %s", name)
		}
	}
	for _, name := range umojav1.EffectKind_name {
		if name = strings.TrimPrefix(name, "EFFECT_KIND_"); name != "UNSPECIFIED" && !strings.Contains(section(t, "### 6.2 "), "`"+name+"`") {
			t.Errorf("no leaf is described for the effect %s", name)
		}
	}
}

// TestSpecRules: every rule that a vector breaks is named in SPEC.md.
func TestSpecRules(t *testing.T) {
	spec := readSpec(t)
	for file, k := range kinds {
		for rule := range k.rules {
			if !strings.Contains(spec, "`"+rule+"`") {
				t.Errorf("SPEC.md does not name the rule %s of %s", rule, file)
			}
		}
	}
	for _, kind := range []checkpoint.VoteKind{checkpoint.Attestation, checkpoint.Ratification} {
		if !strings.Contains(spec, `"`+string(kind)+`"`) {
			t.Errorf("SPEC.md does not give the tag %s", kind)
		}
	}
}

// compareSets reports what only one of two sets has.
func compareSets(t *testing.T, what string, inSpec, inCode map[string]bool) {
	t.Helper()
	if len(inSpec) == 0 || len(inCode) == 0 {
		t.Errorf("%d %ss in SPEC.md, %d in the code", len(inSpec), what, len(inCode))
	}
	for name := range inCode {
		if !inSpec[name] {
			t.Errorf("%s %s is in the code and not in SPEC.md", what, name)
		}
	}
	for name := range inSpec {
		if !inCode[name] {
			t.Errorf("%s %s is in SPEC.md and not in the code", what, name)
		}
	}
}

// matches are the first groups of all matches.
func matches(pattern, text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	return all
}

// TestSpecTags: every tag that the ledger's code hashes under stands in SPEC.md, and no other does.
func TestSpecTags(t *testing.T) {
	// An alias' tag is followed by its separator and the number.
	const tag = `"(umoja/[a-z-]+/v1)(?:\\x00)?"`
	compareSets(t, "tag", matches(tag, readSpec(t)), matches(tag, ledgerSource(t)))
}

// TestSpecState: the table of SPEC.md 6.4 has every kind of state entry.
func TestSpecState(t *testing.T) {
	inSpec := matches("(?m)^\\| `(.)` ?", section(t, "### 6.4 "))
	compareSets(t, "kind of entry", inSpec, matches(`kind[A-Z]\w* += '(.)'`, ledgerSource(t)))
}

// TestSpecOperations: the table of SPEC.md 5.4 has every operation with its number, its function and its weight, and 5.21 has it too.
func TestSpecOperations(t *testing.T) {
	source, late := ledgerSource(t), section(t, "### 5.21 ")
	rows := regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` `(\\w+)` \\|.*\\| (.*) \\|$").FindAllStringSubmatch(section(t, "### 5.4 "), -1)
	fields := (&umojav1.Operation{}).ProtoReflect().Descriptor().Fields()
	if len(rows) != fields.Len() {
		t.Fatalf("%d rows for %d operations", len(rows), fields.Len())
	}
	for _, row := range rows {
		number, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		field := fields.ByNumber(protoreflect.FieldNumber(number))
		if field == nil || string(field.Message().Name()) != row[2] {
			t.Errorf("operation %d is not %s", number, row[2])
			continue
		}
		if !strings.Contains(source, "func (d *draft) "+row[3]+"(") {
			t.Errorf("%s has no function %s", row[2], row[3])
		}
		if !strings.Contains(late, "\n| `"+row[2]+"` |") {
			t.Errorf("5.21 has no %s", row[2])
		}
		if want := weight(row[2]); row[4] != want {
			t.Errorf("%s weighs %q, want %q", row[2], row[4], want)
		}
	}
}

// weight writes the weight of an operation as the table does.
func weight(name string) string {
	of := func(op tx.Operation) int {
		return tx.Body{Operations: []tx.Operation{op}}.Entries() - tx.Body{}.Entries()
	}
	switch name {
	case "Transfer":
		plain := of(tx.Transfer{})
		return fmt.Sprintf("%d, fee + %d, alias + %d, request + %d", plain,
			of(tx.Transfer{Fee: &tx.Fee{}})-plain, of(tx.Transfer{Alias: &key.Alias{}})-plain, of(tx.Transfer{Request: &tx.RequestID{}})-plain)
	case "BulkTransfer":
		none, leg := of(tx.BulkTransfer{}), of(tx.BulkTransfer{Legs: make([]tx.BulkLeg, 1)})
		return fmt.Sprintf("%d, each leg + %d, its alias + %d", none, leg-none, of(tx.BulkTransfer{Legs: []tx.BulkLeg{{Alias: &key.Alias{}}}})-leg)
	}
	for _, op := range []tx.Operation{
		tx.OpenAccount{}, tx.IssueGrant{}, tx.RevokeGrant{}, tx.BindAlias{}, tx.Issue{}, tx.SetAuthority{}, tx.SetTier{}, tx.StartRecovery{},
		tx.CancelRecovery{}, tx.CompleteRecovery{}, tx.AttestAlias{}, tx.ReleaseAlias{}, tx.StartMove{}, tx.CancelMove{}, tx.ConfirmMove{},
		tx.DefineAsset{}, tx.SetLimits{}, tx.ListPayee{}, tx.Redeem{}, tx.StateReserve{}, tx.PlaceHold{}, tx.CaptureHold{}, tx.ReleaseHold{},
		tx.RequestPayment{}, tx.DeclineRequest{}, tx.Return{}, tx.RegisterProvider{}, tx.PublishFees{}, tx.Propose{}, tx.Vote{},
	} {
		if reflect.TypeOf(op).Name() == name {
			return strconv.Itoa(of(op))
		}
	}
	return "unknown"
}

// TestSpecActs: the acts and messages that SPEC.md names are in the code, so that a search crosses over.
func TestSpecActs(t *testing.T) {
	known := matches(`(?m)^func (?:\([^)]*\) )?(\w+)`, ledgerSource(t))
	for name := range matches(`(?m)^\s*type (\w+) `, ledgerSource(t)) {
		known[name] = true
	}
	for name := range matches(`\b(Err\w+) += errors`, ledgerSource(t)) {
		known[name] = true
	}
	protos, err := filepath.Glob("../umoja/*/v1/*.proto")
	more, err2 := filepath.Glob("../umoja/v1/*.proto")
	if err != nil || err2 != nil || len(more) == 0 {
		t.Fatalf("no messages: %v, %v", err, err2)
	}
	for _, file := range append(protos, more...) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name := range matches(`(?m)^\s*(?:message|enum|rpc) (\w+)`, string(raw)) {
			known[name] = true
		}
	}
	// Words of two humps, and single words that begin with a capital letter.
	for name := range matches("`([a-z]+[A-Z]\\w*|[A-Z]\\w*[a-z]\\w*)`", readSpec(t)) {
		if !known[name] {
			t.Errorf("SPEC.md names %s, which is neither an act nor a message", name)
		}
	}
}

// TestSpecGenesis: the fields of SPEC.md 13.2 are those of the document, in order, with those that may be left out.
func TestSpecGenesis(t *testing.T) {
	spec := section(t, "### 13.2 ")
	for row, of := range map[string]reflect.Type{
		"document": reflect.TypeFor[genesis.Genesis](), "`validators[]`": reflect.TypeFor[genesis.ValidatorRecord](),
		"`assets[]`, numbered from 1": reflect.TypeFor[genesis.Asset](), "`parameters`": reflect.TypeFor[genesis.Parameters](),
		"`governors[]`": reflect.TypeFor[genesis.Governor](), "`tiers[]`": reflect.TypeFor[genesis.Tier](),
		"`accounts[]`, numbered from 1": reflect.TypeFor[genesis.Account](), "`authority`": reflect.TypeFor[genesis.Authority](),
		"`providers[]`": reflect.TypeFor[genesis.Provider](), "`schedules[]`, versions from 1": reflect.TypeFor[genesis.FeeSchedule](),
		"`attestors[]`": reflect.TypeFor[genesis.Attestor](), "`issues[]`": reflect.TypeFor[genesis.Issue](),
		"`aliases[]`": reflect.TypeFor[genesis.Alias](), "`grants[]`": reflect.TypeFor[genesis.Grant](),
	} {
		_, line, found := strings.Cut(spec, "\n| "+row+" | ")
		line, _, _ = strings.Cut(line, " |\n")
		var want []string
		for i := range of.NumField() {
			name, options, tagged := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			switch {
			case name == "":
			case tagged && options == "omitempty":
				want = append(want, "`"+name+"` *opt*")
			default:
				want = append(want, "`"+name+"`")
			}
		}
		// What stands in brackets is the fields of what is listed, or a section.
		if got := regexp.MustCompile(` \([^)]*\)`).ReplaceAllString(line, ""); !found || got != strings.Join(want, ", ") {
			t.Errorf("%s has the fields\n%s\nwant\n%s", row, got, strings.Join(want, ", "))
		}
	}
}

// TestSpecNumbers: the table of SPEC.md 3.3 is that of the check digits.
func TestSpecNumbers(t *testing.T) {
	var table [10]string
	for _, m := range regexp.MustCompile(`table\[(\d)\] (\d{10})`).FindAllStringSubmatch(section(t, "### 3.3 "), -1) {
		table[m[1][0]-'0'] = m[2]
	}
	// Three digits reach every row and column from every other.
	for n := tx.AccountNumber(1); n < 1000; n++ {
		interim := byte('0')
		for _, digit := range []byte(strconv.FormatUint(uint64(n), 10)) {
			interim = table[interim-'0'][digit-'0']
		}
		if want := n.Text(); want[len(want)-1] != interim {
			t.Fatalf("the check digit of %d is %c by SPEC.md, want %s", n, interim, want)
		}
	}
}

// TestSpecMessage: the text message of SPEC.md 10 is one, of the bytes that are written beside it.
func TestSpecMessage(t *testing.T) {
	block := strings.SplitN(section(t, "## 10. "), "```", 3)[1]
	text, layout, _ := strings.Cut(block, "\n\n")
	m, err := compact.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if m.String() != strings.ReplaceAll(strings.TrimSpace(text), "\n", "") {
		t.Error("the message of SPEC.md is written in another way")
	}
	fee, _ := m.Fee()
	signature, nonce := m.Signature(), m.Nonce()
	for name, want := range map[string]string{
		"nonce": hx(nonce[:]), "expiry": fmt.Sprintf("%012x", m.ExpiresAtUnixMs()), "payer": fmt.Sprintf("%08x ", uint64(m.Payer())),
		"payee": fmt.Sprintf("%08x ", uint64(m.Payee())), "asset": fmt.Sprintf("\n%04x ", uint32(m.Asset())), "amount": fmt.Sprintf("%010x", uint64(m.Amount())),
		"provider": fmt.Sprintf(" %08x ", uint64(fee.Provider)), "version": fmt.Sprintf(" %04x ", fee.ScheduleVersion),
		"fee": fmt.Sprintf(" %08x ", uint64(fee.Amount)), "signature": hx(signature[:32]), "signature's end": hx(signature[32:]),
	} {
		if !strings.Contains(layout, want) {
			t.Errorf("the bytes of SPEC.md do not show the %s %s", name, want)
		}
	}
}

// TestSpecCases: the cases of SPEC.md 12 are in the vectors.
func TestSpecCases(t *testing.T) {
	raw, err := vectors.Files.ReadFile("ledger.json")
	if err != nil {
		t.Skip("whole ledgers have no vectors yet")
	}
	named := matches("\\(`([a-z-]+)`\\)", section(t, "## 12. "))
	if len(named) != 6 {
		t.Errorf("SPEC.md answers %d questions, not 6", len(named))
	}
	for name := range named {
		if !strings.Contains(string(raw), `"name": "`+name+`"`) {
			t.Errorf("ledger.json has no case %s", name)
		}
	}
}

package gsm7

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The parts of 500 texts are the ones that software not written here makes of them: npm's sms-segments-calculator,
// which is found through NODE_PATH. Without it the test is skipped. A return and a form feed are left out, because it
// takes CR LF for a character outside the alphabet.
func TestSplitAgreesWithSMSSegmentsCalculator(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node")
	}
	if err := exec.Command(node, "-e", "require('sms-segments-calculator')").Run(); err != nil {
		t.Skip("no sms-segments-calculator: npm install it and name its node_modules in NODE_PATH")
	}
	chance := rand.New(rand.NewPCG(23, 38))
	alphabets := [][]string{
		{"a", "Z", "9", " ", "\n", "@", "€", "[", "é", "ñ", "Ω"},
		{"a", "ሰ", "ላ", "።", " ", "€"},
		{"م", "ا", "ل", " ", "1", "ب\u0650"},
		{"a", "e\u0301", "😀", "👩\u200D🌾", "👍🏾", "ɓ"},
	}
	var texts []string
	for i := range 500 {
		alphabet := alphabets[i%len(alphabets)]
		var text strings.Builder
		for range 1 + chance.IntN(400) {
			text.WriteString(alphabet[chance.IntN(len(alphabet))])
		}
		texts = append(texts, text.String())
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(node, "testdata/segments.js")
	command.Stdin = bytes.NewReader(input)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []struct {
		Alphabet string
		Parts    []string
	}
	if err := json.Unmarshal(output, &theirs); err != nil {
		t.Fatal(err)
	}
	if len(theirs) != len(texts) {
		t.Fatalf("%d answers to %d texts", len(theirs), len(texts))
	}
	for i, text := range texts {
		parts, err := Split(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, alphabet := Units(text); alphabet.String() != theirs[i].Alphabet {
			t.Fatalf("%q is %s, they say %s", text, alphabet, theirs[i].Alphabet)
		}
		if diff := cmp.Diff(theirs[i].Parts, parts); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	}
}

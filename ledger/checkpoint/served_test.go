package checkpoint_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// TestTrim: what validators serve, with the lines of logs and witnesses among the cosignatures, gives the one note that a
// receipt holds; what has no quorum in it gives nothing.
func TestTrim(t *testing.T) {
	h, r := receipt(t)
	c := h.checkpoint(5)
	v1, _ := h.world.Set.Find("v1")
	log := c.LogLine(h.world.Validators["v1"])
	verifier, err := note.NewVerifier(checkpoint.LogVerifierKey(h.world.Network, v1))
	if err != nil {
		t.Fatal(err)
	}
	good := string(r.Checkpoint)
	if n, err := note.Open([]byte(good+log), note.VerifierList(verifier)); err != nil || len(n.Sigs) != 1 || n.Sigs[0].Name != checkpoint.Origin(h.world.Network) {
		t.Errorf("the log's line: %v", err)
	}
	lines := strings.SplitAfter(good, "\n")
	text, cosigs := strings.Join(lines[:4], ""), lines[4:8]
	for _, row := range []struct {
		name, served string
		ok           bool
	}{
		{"as it is kept", good, true},
		{"with the log's line", good + log, true},
		{"the log's line first", text + log + strings.Join(cosigs, ""), true},
		{"in another order", text + cosigs[3] + cosigs[1] + log + cosigs[0] + cosigs[2], true},
		{"no line of the set", text + log, false},
		{"two of the set", text + cosigs[0] + cosigs[1] + log, false},
		{"a line twice for want of a third", text + cosigs[0] + cosigs[1] + cosigs[1], false},
		{"another size", strings.Replace(good, "\n5\n", "\n6\n", 1), false},
		{"another network", strings.Replace(good, "umoja.v1/", "umoja.v1/f", 1), false},
		{"much more than lines", good + strings.Repeat(log, 1000), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			trimmed, got, err := checkpoint.Trim(h.world.Network, h.world.Set, []byte(row.served))
			if row.ok != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if row.ok && (string(trimmed) != good || got != c) {
				t.Errorf("trimmed to\n%s", trimmed)
			}
		})
	}
	w, err := checkpoint.ParseWitness(v1.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	if line, err := w.Line(c, []byte(cosigs[1]+cosigs[0])); err != nil || line != cosigs[0] {
		t.Errorf("v1's line is %q, %v", line, err)
	}
	if _, err := w.Line(c, []byte(cosigs[1])); !errors.Is(err, checkpoint.ErrBadSignature) {
		t.Errorf("v1's line among others': %v", err)
	}
}

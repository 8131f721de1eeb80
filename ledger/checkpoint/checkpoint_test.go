package checkpoint_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// c2sp is a verifier of tlog-cosignatures as other software writes one: from the text form of the key alone.
type c2sp struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newC2SP(t *testing.T, text string) c2sp {
	t.Helper()
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		t.Fatalf("verifier key %q does not have three parts", text)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 0x04 {
		t.Fatalf("verifier key %q is not of a cosigner: %v", text, err)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(raw)))
	if uint32(hash) != binary.BigEndian.Uint32(sum[:]) {
		t.Fatalf("verifier key %q has another's hash", text)
	}
	return c2sp{name: parts[0], hash: uint32(hash), key: raw[1:]}
}

func (v c2sp) Name() string    { return v.name }
func (v c2sp) KeyHash() uint32 { return v.hash }
func (v c2sp) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(v.key, []byte(message), sig[8:])
}

// TestNoteForOtherSoftware opens a checkpoint with golang.org/x/mod/sumdb/note and verifiers written from the C2SP
// documents: nothing of this package is asked.
func TestNoteForOtherSoftware(t *testing.T) {
	h, r := receipt(t)
	var verifiers []note.Verifier
	for _, v := range h.world.Set {
		verifiers = append(verifiers, newC2SP(t, v.VerifierKey()))
	}
	n, err := note.Open(r.Checkpoint, note.VerifierList(verifiers...))
	if err != nil {
		t.Fatal(err)
	}
	root := h.checkpoint(5).Root
	want := "umoja.v1/" + h.world.Network.String() + "\n5\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
	if n.Text != want {
		t.Errorf("note says\n%swant\n%s", n.Text, want)
	}
	if len(n.Sigs) != 4 || len(n.UnverifiedSigs) != 0 {
		t.Errorf("%d signatures verified and %d not, want 4 and 0", len(n.Sigs), len(n.UnverifiedSigs))
	}
}

func TestOpen(t *testing.T) {
	h, r := receipt(t)
	c, cosigs, err := checkpoint.Open(h.world.Network, h.world.Set, r.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if c != h.checkpoint(5) || len(cosigs) != 4 || cosigs[2].Validator != "v3" || cosigs[2].TimeUnixS != cosignTimeUnixS+2 {
		t.Errorf("opened %+v with %d cosignatures", c, len(cosigs))
	}
	for _, cosig := range cosigs {
		if err := c.VerifyCosignature(h.world.Set, cosig); err != nil {
			t.Error(err)
		}
		cosig.TimeUnixS++
		if err := c.VerifyCosignature(h.world.Set, cosig); !errors.Is(err, checkpoint.ErrBadSignature) {
			t.Errorf("at another time: %v, want ErrBadSignature", err)
		}
	}
	stranger := c.Cosign("v9", h.world.Validators["v1"], 1)
	if err := c.VerifyCosignature(h.world.Set, stranger); !errors.Is(err, checkpoint.ErrBadSignature) {
		t.Errorf("a stranger: %v, want ErrBadSignature", err)
	}
	if _, err := c.Seal(h.world.Set, []checkpoint.Cosignature{stranger}); !errors.Is(err, checkpoint.ErrBadSignature) {
		t.Errorf("sealed with a stranger: %v, want ErrBadSignature", err)
	}
}

// TestOpenOneForm: a note that says the same in another way is refused, so that a receipt has one form.
func TestOpenOneForm(t *testing.T) {
	h, r := receipt(t)
	good := string(r.Checkpoint)
	lines := strings.SplitAfter(good, "\n")
	witness := "— witness.example " + base64.StdEncoding.EncodeToString(make([]byte, 76)) + "\n"
	for _, row := range []struct{ name, text string }{
		{"empty", ""},
		{"without signatures", strings.Join(lines[:4], "")},
		{"signatures in another order", strings.Join(append(append([]string{}, lines[:4]...), lines[5], lines[4], lines[6], lines[7]), "")},
		{"a line twice", good + lines[7]},
		{"an outside witness's line", good + witness},
		{"an extension line", strings.Replace(good, "\n\n", "\nextension\n\n", 1)},
		{"size with a zero before", strings.Replace(good, "\n5\n", "\n05\n", 1)},
		{"size with a sign", strings.Replace(good, "\n5\n", "\n+5\n", 1)},
		{"another origin", strings.Replace(good, "umoja.v1/", "umoja.v2/", 1)},
		{"carriage returns", strings.ReplaceAll(good, "\n", "\r\n")},
		{"text after", good + "\n"},
		{"a signature cut short", good[:len(good)-5] + "\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.text == good {
				t.Fatal("nothing was changed")
			}
			if _, _, err := checkpoint.Open(h.world.Network, h.world.Set, []byte(row.text)); !errors.Is(err, checkpoint.ErrBadCheckpoint) {
				t.Errorf("got %v, want ErrBadCheckpoint", err)
			}
		})
	}
}

// TestOpenOddTexts: a quorum cosigned a text that Text never writes. Even then there is one reading.
func TestOpenOddTexts(t *testing.T) {
	w := ledgertest.Network(t, "odd texts")
	root := base64.StdEncoding.EncodeToString(make([]byte, 32))
	origin := checkpoint.Origin(w.Network)
	for _, row := range []struct{ name, text string }{
		{"size with a zero before", origin + "\n05\n" + root + "\n"},
		{"negative size", origin + "\n-5\n" + root + "\n"},
		{"size of 2^63", origin + "\n9223372036854775808\n" + root + "\n"},
		{"root with spare bits", origin + "\n5\n" + root[:42] + "B=\n"},
		{"root of 31 bytes", origin + "\n5\n" + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n"},
		{"extension line", origin + "\n5\n" + root + "\nmore\n"},
		{"a line missing", origin + "\n5\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			note := row.text + "\n"
			for _, v := range w.Set {
				message := "cosignature/v1\ntime 1\n" + row.text
				line := binary.BigEndian.AppendUint32(nil, newC2SP(t, v.VerifierKey()).hash)
				line = binary.BigEndian.AppendUint64(line, 1)
				line = append(line, ed25519.Sign(w.Validators[v.Name], []byte(message))...)
				note += "— " + v.Name + " " + base64.StdEncoding.EncodeToString(line) + "\n"
			}
			if _, _, err := checkpoint.Open(w.Network, w.Set, []byte(note)); !errors.Is(err, checkpoint.ErrBadCheckpoint) {
				t.Errorf("got %v, want ErrBadCheckpoint", err)
			}
		})
	}
}

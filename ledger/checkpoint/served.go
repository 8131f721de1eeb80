package checkpoint

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// What validators serve to the world has two kinds of lines beside the cosignatures of the set: the signature of the log,
// which off-the-shelf witnesses and monitors ask for, and cosignatures of outside witnesses. Neither makes a checkpoint
// final, so a receipt carries none of them: Trim takes them away.

// algEd25519 and algCosignature are the C2SP types of an Ed25519 log key and of an Ed25519 cosigner's.
const (
	algEd25519     = 0x01
	algCosignature = 0x04
)

// LogVerifierKey is the key that a validator signs as the log itself with, in C2SP's text form: its own key under the
// network's origin.
func LogVerifierKey(network tx.NetworkID, v Validator) string {
	key, err := note.NewEd25519VerifierKey(Origin(network), v.PublicKey())
	if err != nil {
		panic("log key: " + err.Error()) // Cannot happen: the key has 32 bytes.
	}
	return key
}

// LogLine is the line of a validator's signature as the log (C2SP signed-note, type 0x01). The caller must know the
// checkpoint final, as with Cosign. What is signed is the note text, which begins with the origin; nothing else that a
// validator signs does.
func (c Checkpoint) LogLine(secret ed25519.PrivateKey) string {
	h := sha256.New()
	h.Write(append([]byte(Origin(c.Network)+"\n"), algEd25519))
	h.Write(secret.Public().(ed25519.PublicKey))
	line := append(h.Sum(nil)[:4:4], ed25519.Sign(secret, []byte(c.Text()))...)
	return "— " + Origin(c.Network) + " " + base64.StdEncoding.EncodeToString(line) + "\n"
}

// Trim reads a checkpoint as validators serve it and gives it as Open takes it: with the cosignatures of the set alone.
func Trim(network tx.NetworkID, set ValidatorSet, served []byte) ([]byte, Checkpoint, error) {
	if len(served) > maxServedBytes {
		return nil, Checkpoint{}, fmt.Errorf("above %d bytes: %w", maxServedBytes, ErrBadCheckpoint)
	}
	n, err := note.Open(served, noteVerifiers(set))
	if err != nil {
		return nil, Checkpoint{}, fmt.Errorf("open note: %v: %w", err, ErrBadCheckpoint)
	}
	var b strings.Builder
	b.WriteString(n.Text + "\n")
	slices.SortFunc(n.Sigs, func(x, y note.Signature) int { return strings.Compare(x.Name, y.Name) })
	for _, sig := range n.Sigs {
		b.WriteString("— " + sig.Name + " " + sig.Base64 + "\n")
	}
	trimmed := []byte(b.String())
	c, _, err := Open(network, set, trimmed)
	return trimmed, c, err
}

// maxServedBytes bounds a checkpoint with the lines of log and witnesses.
const maxServedBytes = 64 << 10

// ErrBadKey means that a text is not the key of an Ed25519 cosigner.
var ErrBadKey = errors.New("verifier key is malformed")

// Witness is an outside cosigner: somebody who keeps watch that the log shows everybody one history.
type Witness struct{ cosigner cosigner }

// ParseWitness reads an Ed25519 cosigner's key in C2SP's text form, name+hash+base64(type and key). The type may also be
// that of a plain key, as some witnesses publish it.
func ParseWitness(text string) (Witness, error) {
	name, rest, _ := strings.Cut(text, "+")
	hash, key64, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(key64)
	if err != nil || name == "" || strings.ContainsFunc(name, unicode.IsSpace) || !utf8.ValidString(name) || len(key) != 33 ||
		key[0] != algCosignature && key[0] != algEd25519 {
		return Witness{}, fmt.Errorf("%q is not name+hash+key of an Ed25519 cosigner: %w", text, ErrBadKey)
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	if hash != hex.EncodeToString(sum[:4]) {
		return Witness{}, fmt.Errorf("%q has another key's hash: %w", text, ErrBadKey)
	}
	return Witness{cosigner{Validator{Name: name, Key: [32]byte(key[1:])}}}, nil
}

// Name is the witness's C2SP key name.
func (w Witness) Name() string { return w.cosigner.Name() }

// Line finds the witness's cosignature of a checkpoint among signature lines, and checks it.
func (w Witness) Line(c Checkpoint, lines []byte) (string, error) {
	n, err := note.Open(append([]byte(c.Text()+"\n"), lines...), note.VerifierList(w.cosigner))
	if err != nil {
		return "", fmt.Errorf("cosignature of %s: %v: %w", w.Name(), err, ErrBadSignature)
	}
	return "— " + n.Sigs[0].Name + " " + n.Sigs[0].Base64 + "\n", nil
}

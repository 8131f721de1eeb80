package checkpoint

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Checkpoint is the state of the history tree (C2SP tlog-checkpoint, no extension lines).
type Checkpoint struct {
	Network tx.NetworkID
	Size    uint64
	Root    [32]byte
}

// Origin is the first line of every checkpoint of the network.
func Origin(network tx.NetworkID) string { return "umoja.v1/" + network.String() }

// Text is the note text that is cosigned.
func (c Checkpoint) Text() string {
	return Origin(c.Network) + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// parseText reads what Text wrote, and nothing else.
func parseText(network tx.NetworkID, text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != Origin(network) {
		return Checkpoint{}, fmt.Errorf("origin or number of lines: %w", ErrBadCheckpoint)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("size: %w", ErrBadCheckpoint)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != 32 {
		return Checkpoint{}, fmt.Errorf("root: %w", ErrBadCheckpoint)
	}
	c := Checkpoint{Network: network, Size: size, Root: [32]byte(root)}
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("more than one way to write it: %w", ErrBadCheckpoint)
	}
	return c, nil
}

// Cosignature is one validator's signature on a checkpoint (C2SP tlog-cosignature, type 0x04).
type Cosignature struct {
	Validator string
	TimeUnixS uint64
	Signature [64]byte
}

// cosignatureMessage is what is signed: the time and the whole note text.
func cosignatureMessage(text string, timeUnixS uint64) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatUint(timeUnixS, 10) + "\n" + text)
}

// Cosign signs a checkpoint. The caller must know it final: a cosignature is never taken back.
func (c Checkpoint) Cosign(name string, secret ed25519.PrivateKey, timeUnixS uint64) Cosignature {
	return Cosignature{
		Validator: name, TimeUnixS: timeUnixS,
		Signature: [64]byte(ed25519.Sign(secret, cosignatureMessage(c.Text(), timeUnixS))),
	}
}

// VerifyCosignature checks one cosignature against the set.
func (c Checkpoint) VerifyCosignature(set ValidatorSet, cosig Cosignature) error {
	v, ok := set.Find(cosig.Validator)
	if !ok {
		return fmt.Errorf("cosignature of %q, who is not in the set: %w", cosig.Validator, ErrBadSignature)
	}
	if !ed25519.Verify(v.PublicKey(), cosignatureMessage(c.Text(), cosig.TimeUnixS), cosig.Signature[:]) {
		return fmt.Errorf("cosignature of %q: %w", cosig.Validator, ErrBadSignature)
	}
	return nil
}

// keyHash is the C2SP key id of an Ed25519 cosigner.
func keyHash(v Validator) uint32 {
	h := sha256.New()
	h.Write([]byte(v.Name + "\n\x04"))
	h.Write(v.Key[:])
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// VerifierKey is the validator's key in C2SP's text form, for other software: name+hash+base64(type and key).
func (v Validator) VerifierKey() string {
	return fmt.Sprintf("%s+%08x+%s", v.Name, keyHash(v), base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, v.Key[:]...)))
}

// Seal writes the checkpoint as a signed note with the cosignatures in order of name.
func (c Checkpoint) Seal(set ValidatorSet, cosigs []Cosignature) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(c.Text() + "\n")
	sorted := slices.SortedFunc(slices.Values(cosigs), func(x, y Cosignature) int { return strings.Compare(x.Validator, y.Validator) })
	for _, cosig := range sorted {
		v, ok := set.Find(cosig.Validator)
		if !ok {
			return nil, fmt.Errorf("seal checkpoint: cosigner %q is not in the set: %w", cosig.Validator, ErrBadSignature)
		}
		line := binary.BigEndian.AppendUint32(nil, keyHash(v))
		line = binary.BigEndian.AppendUint64(line, cosig.TimeUnixS)
		line = append(line, cosig.Signature[:]...)
		fmt.Fprintf(&b, "— %s %s\n", v.Name, base64.StdEncoding.EncodeToString(line))
	}
	return b.Bytes(), nil
}

// Open reads a signed note, checks every signature and requires a quorum of the set. A signature of anybody else is an
// error: outside witnesses' lines are for the served checkpoint, not for what is kept as proof.
func Open(network tx.NetworkID, set ValidatorSet, raw []byte) (Checkpoint, []Cosignature, error) {
	if len(raw) > 16<<10 {
		return Checkpoint{}, nil, fmt.Errorf("above 16 KiB: %w", ErrBadCheckpoint)
	}
	n, err := note.Open(raw, noteVerifiers(set))
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("open note: %v: %w", err, ErrBadCheckpoint)
	}
	c, err := parseText(network, n.Text)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	var cosigs []Cosignature
	for _, sig := range n.Sigs {
		line, err := base64.StdEncoding.DecodeString(sig.Base64)
		if err != nil || len(line) != 4+8+64 {
			return Checkpoint{}, nil, fmt.Errorf("cosignature of %q: length: %w", sig.Name, ErrBadCheckpoint)
		}
		cosigs = append(cosigs, Cosignature{
			Validator: sig.Name, TimeUnixS: binary.BigEndian.Uint64(line[4:]), Signature: [64]byte(line[12:]),
		})
	}
	if again, err := c.Seal(set, cosigs); err != nil || !bytes.Equal(again, raw) {
		return Checkpoint{}, nil, fmt.Errorf("not as Seal writes it, or signed by others: %w", ErrBadCheckpoint)
	}
	if len(cosigs) < set.Quorum() {
		return Checkpoint{}, nil, fmt.Errorf("%d of %d cosignatures: %w", len(cosigs), set.Quorum(), ErrNoQuorum)
	}
	return c, cosigs, nil
}

// noteVerifiers lets package note check cosignatures.
type noteVerifiers ValidatorSet

// Verifier finds the cosigner of a signature line.
func (s noteVerifiers) Verifier(name string, hash uint32) (note.Verifier, error) {
	v, ok := ValidatorSet(s).Find(name)
	if !ok || keyHash(v) != hash {
		return nil, &note.UnknownVerifierError{Name: name, KeyHash: hash}
	}
	return cosigner{v}, nil
}

// cosigner is a note.Verifier of C2SP cosignatures.
type cosigner struct{ validator Validator }

// Name is the C2SP key name.
func (c cosigner) Name() string { return c.validator.Name }

// KeyHash is the C2SP key id.
func (c cosigner) KeyHash() uint32 { return keyHash(c.validator) }

// Verify checks the timestamp and signature of a line against the note text.
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+64 {
		return false
	}
	message := cosignatureMessage(string(text), binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.validator.PublicKey(), message, sig[8:])
}

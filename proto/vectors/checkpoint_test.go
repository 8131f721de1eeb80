package vectors_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfCheckpoint are the rules of SPEC.md 8.2.
var rulesOfCheckpoint = map[string]string{
	"quorum": `fewer than a quorum`, "signature": `invalid signature`, "one-form": `not as Seal writes it`, "origin": `^origin`,
	"size": `^more than one way|^size|^above 16 KiB`, "root": `^root|^more than one way`, "no-signature": `malformed note|no verifiable signatures`,
}

// makeCheckpoint makes notes, and opens them with the set of the network.
func makeCheckpoint(m *maker) []vectors.Vector {
	c := m.checkpoint(m.history())
	in := func(note []byte) fields {
		return fields{"network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "note": string(note)}
	}
	ok := func(name, comment string, note []byte, cosigners string) vectors.Vector {
		return accept(name, comment, in(note), fields{
			"size": dec(c.Size), "root": hx(c.Root[:]), "cosigners": cosigners, "times_unix_s": strings.TrimSpace(strings.Repeat(dec(cosignTimeUnixS)+" ", strings.Count(cosigners, " ")+1)),
		})
	}
	no := func(name, rule, comment, note string) vectors.Vector {
		return reject(name, rule, comment, in([]byte(note)))
	}
	three, four := m.note(c, m.World, "v1", "v2", "v4"), m.note(c, m.World, "v1", "v2", "v3", "v4")
	lines := strings.SplitAfter(string(four), "\n")
	text := c.Text()
	v1, _ := m.Set.Find("v1")
	message := "cosignature/v1\ntime " + dec(cosignTimeUnixS) + "\n" + text
	sig := ed25519.Sign(m.Validators["v1"], []byte(message))
	return []vectors.Vector{
		ok("everybody", "Four of four cosigned.", four, "v1 v2 v3 v4"),
		ok("quorum", "Three of four are a quorum; which three does not matter.", three, "v1 v2 v4"),
		m.seven(),
		accept("one-cosignature", "What one validator signs, and the line that it becomes: key hash, time, signature.", fields{
			"seed": hx(m.Validators["v1"].Seed()), "name": "v1", "text": text, "time_unix_s": dec(cosignTimeUnixS),
		}, fields{"message": message, "signature": hx(sig), "line": strings.TrimSuffix(lines[4], "\n"), "verifier_key": v1.VerifierKey()}),

		no("two-of-four", "quorum", "One of the two may lie, and the other be deceived.", string(m.note(c, m.World, "v1", "v2"))),
		no("same-validator-three-times", "one-form", "One voice, however often it speaks.", string(m.note(c, m.World, "v1", "v1", "v1"))),
		no("no-cosignature", "no-signature", "The text alone says nothing.", text+"\n"),
		no("strangers", "signature", "The names and key hashes of the set, and signatures of others.", string(m.note(c, ledgertest.Network(m.t, "strangers"), "v1", "v2", "v3", "v4"))),
		no("witness-line", "one-form", "An outside witness's line belongs to the served checkpoint, not to the proof that is kept.", string(four)+"— witness.example "+base64.StdEncoding.EncodeToString(fill(1, 76))+"\n"),
		no("lines-exchanged", "one-form", "Cosignatures ascend by name.", strings.Join(append(append([]string{}, lines[:4]...), lines[5], lines[4], lines[6], lines[7]), "")),
		no("extension-line", "origin", "C2SP lets other logs write lines behind the root; here there are none.", m.oddNote(text+"more\n")),
		no("root-of-31-bytes", "root", "A hash has 32 bytes.", m.oddNote(lineOf(text, 2, base64.StdEncoding.EncodeToString(fill(1, 31))))),
		no("root-with-spare-bits-set", "root", "Base64 has one form: the last two bits are zero.", m.oddNote(lineOf(text, 2, strings.Repeat("A", 42)+"B="))),
		no("size-of-2-to-63", "size", "Sizes are signed integers in some readers.", m.oddNote(lineOf(text, 1, "9223372036854775808"))),
		no("size-in-hexadecimal", "size", "Sizes are decimal.", m.oddNote(lineOf(text, 1, "0x6"))),
		no("above-16-kib", "size", "A note is bounded before it is read.", string(four)+strings.Repeat("\n", 16<<10)),
		no("a-lines-time-changed", "signature", "The time is signed.", m.timeChanged(string(four))),
		no("another-validators-line", "one-form", "A line of somebody who is not in the set.", string(three)+"— v9 "+base64.StdEncoding.EncodeToString(fill(1, 76))+"\n"),
		no("no-empty-line", "no-signature", "Text and signature lines are parted by an empty line.", strings.Replace(string(four), "\n\n", "\n", 1)),
		no("another-origin", "origin", "Cosigned by the right validators over another network's origin.", m.oddNote("umoja.v1/"+strings.Repeat("0", 64)+text[73:])),
		no("size-with-a-zero-before", "size", "Cosigned by everybody, and still refused: a size has one text.", m.oddNote(strings.Replace(text, "\n"+dec(c.Size)+"\n", "\n0"+dec(c.Size)+"\n", 1))),
	}
}

// seven is a checkpoint of a larger set: five of seven are a quorum.
func (m *maker) seven() vectors.Vector {
	other := &maker{m.t, m.world("seven-validators")}
	chain := ledgertest.NewChain(m.t, other.World)
	c := other.checkpoint(chain)
	return accept("five-of-seven", "A quorum is two thirds, rounded down, and one: five of seven; of the genesis alone.", fields{
		"network": other.Network.String(), "validator_set": hx(other.Set.Encode()), "note": string(other.note(c, other.World, "v1", "v3", "v4", "v6", "v7")),
	}, fields{
		"size": "1", "root": hx(c.Root[:]), "cosigners": "v1 v3 v4 v6 v7", "times_unix_s": strings.TrimSpace(strings.Repeat(dec(cosignTimeUnixS)+" ", 5)),
	})
}

// lineOf replaces a line of a text.
func lineOf(text string, i int, line string) string {
	lines := strings.Split(text, "\n")
	lines[i] = line
	return strings.Join(lines, "\n")
}

// timeChanged changes the time in the first signature line of a note.
func (m *maker) timeChanged(note string) string {
	lines := strings.SplitAfter(note, "\n")
	parts := strings.Split(strings.TrimSuffix(lines[4], "\n"), " ")
	raw := must(base64.StdEncoding.DecodeString(parts[2]))(m)
	raw[11] ^= 1
	lines[4] = parts[0] + " " + parts[1] + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
	return strings.Join(lines, "")
}

// oddNote has all validators of the network cosign a text that no honest validator cosigns.
func (m *maker) oddNote(text string) string {
	note := text + "\n"
	for _, v := range m.Set {
		hash := strings.Split(v.VerifierKey(), "+")[1]
		line := binary.BigEndian.AppendUint64(must(hexBytes(hash))(m), cosignTimeUnixS)
		message := "cosignature/v1\ntime " + dec(cosignTimeUnixS) + "\n" + text
		line = append(line, ed25519.Sign(m.Validators[v.Name], []byte(message))...)
		note += "— " + v.Name + " " + base64.StdEncoding.EncodeToString(line) + "\n"
	}
	return note
}

func checkCheckpoint(t *testing.T, v vectors.Vector) (fields, error) {
	if _, ok := v.In["seed"]; ok {
		return checkCosignature(t, v)
	}
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	c, cosigs, err := checkpoint.Open(tx.NetworkID(b32(t, v, "network")), set, []byte(v.In["note"]))
	if err != nil {
		return nil, err
	}
	var names, times []string
	for _, cosig := range cosigs {
		names, times = append(names, cosig.Validator), append(times, dec(cosig.TimeUnixS))
	}
	return fields{
		"size": dec(c.Size), "root": hx(c.Root[:]), "cosigners": strings.Join(names, " "), "times_unix_s": strings.Join(times, " "),
	}, nil
}

// checkCosignature signs the note's text alone, as SPEC.md 8 says.
func checkCosignature(t *testing.T, v vectors.Vector) (fields, error) {
	secret := ed25519.NewKeyFromSeed(unhex(t, v, "seed"))
	lines := strings.Split(v.In["text"], "\n")
	if len(lines) != 4 {
		return nil, errDiffers
	}
	network, err1 := hexBytes(strings.TrimPrefix(lines[0], "umoja.v1/"))
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	c := checkpoint.Checkpoint{Network: tx.NetworkID(network), Size: size, Root: [32]byte(root)}
	if c.Text() != v.In["text"] {
		return nil, errDiffers
	}
	who := checkpoint.Validator{Name: v.In["name"], Key: [32]byte(secret.Public().(ed25519.PublicKey))}
	cosig := c.Cosign(who.Name, secret, num(t, v, "time_unix_s"))
	note, err := c.Seal(checkpoint.ValidatorSet{who}, []checkpoint.Cosignature{cosig})
	if err != nil {
		return nil, err
	}
	return fields{
		"message":   "cosignature/v1\ntime " + v.In["time_unix_s"] + "\n" + v.In["text"],
		"signature": hx(cosig.Signature[:]), "verifier_key": who.VerifierKey(),
		"line": strings.TrimSuffix(strings.TrimPrefix(string(note), v.In["text"]+"\n"), "\n"),
	}, nil
}

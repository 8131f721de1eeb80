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
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

var rulesOfCheckpoint = map[string]string{
	"quorum": "fewer than a quorum", "signature": "invalid signature", "one-form": "not as Seal writes it", "origin": "origin",
	"size": "more than one way", "no-signature": "malformed note",
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
		accept("one-cosignature", "What one validator signs, and the line that it becomes: key hash, time, signature.", fields{
			"seed": hx(m.Validators["v1"].Seed()), "name": "v1", "text": text, "time_unix_s": dec(cosignTimeUnixS),
		}, fields{"message": message, "signature": hx(sig), "line": strings.TrimSuffix(lines[4], "\n"), "verifier_key": v1.VerifierKey()}),

		no("two-of-four", "quorum", "One of the two may lie, and the other be deceived.", string(m.note(c, m.World, "v1", "v2"))),
		no("same-validator-three-times", "one-form", "One voice, however often it speaks.", string(m.note(c, m.World, "v1", "v1", "v1"))),
		no("no-cosignature", "no-signature", "The text alone says nothing.", text+"\n"),
		no("strangers", "signature", "The names and key hashes of the set, and signatures of others.", string(m.note(c, ledgertest.Network(m.t, "strangers"), "v1", "v2", "v3", "v4"))),
		no("witness-line", "one-form", "An outside witness's line belongs to the served checkpoint, not to the proof that is kept.", string(four)+"— witness.example "+base64.StdEncoding.EncodeToString(fill(1, 76))+"\n"),
		no("lines-exchanged", "one-form", "Cosignatures ascend by name.", strings.Join(append(append([]string{}, lines[:4]...), lines[5], lines[4], lines[6], lines[7]), "")),
		no("another-origin", "origin", "Cosigned by the right validators over another network's origin.", m.oddNote("umoja.v1/"+strings.Repeat("0", 64)+text[73:])),
		no("size-with-a-zero-before", "size", "Cosigned by everybody, and still refused: a size has one text.", m.oddNote(strings.Replace(text, "\n"+dec(c.Size)+"\n", "\n0"+dec(c.Size)+"\n", 1))),
	}
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

var rulesOfReceipt = map[string]string{
	"quorum": "fewer than a quorum", "inclusion": "inclusion of leaf", "signature": "invalid signature", "form": "not in canonical form",
	"not-a-transaction": "leaf is not of a transaction", "index": "in a tree of", "set-change": "changes nothing",
}

// makeReceipt gives receipts of the history; the genesis is that of network.json.
func makeReceipt(m *maker) []vectors.Vector {
	c := m.history()
	in := func(r checkpoint.Receipt) fields {
		return fields{"genesis": "network.json four-validators", "receipt": hx(must(r.Encode())(m))}
	}
	ok := func(name, comment string, r checkpoint.Receipt) vectors.Vector {
		return accept(name, comment, in(r), receiptOut(must(r.Verify(m.Genesis.Trust()))(m)))
	}
	no := func(name, rule, comment string, change func(r *checkpoint.Receipt)) vectors.Vector {
		r := m.receipt(c, leafPayment, "v1", "v2", "v3", "v4")
		change(&r)
		return reject(name, rule, comment, in(r))
	}
	trailing := in(m.receipt(c, leafPayment, "v1", "v2", "v3"))
	trailing["receipt"] += "00"
	return []vectors.Vector{
		ok("payment", "The payment of SPEC.md 1, cosigned by all.", m.receipt(c, leafPayment, "v1", "v2", "v3", "v4")),
		ok("payment-refused-by-a-quorum", "A refusal is proved like a payment: it will never be paid.", m.receipt(c, leafRefused, "v2", "v3", "v4")),
		no("two-cosignatures", "quorum", "One too few.", func(r *checkpoint.Receipt) { r.Checkpoint = m.note(m.checkpoint(c), m.World, "v1", "v2") }),
		no("amount-changed", "inclusion", "The lowest bit of the amount in the leaf: the tree does not hold such a leaf.", func(r *checkpoint.Receipt) {
			at := strings.Index(string(r.Leaf), "\x20\x98\x75") // amount = 15,000
			r.Leaf = append([]byte(nil), r.Leaf...)
			r.Leaf[at+1] ^= 1
		}),
		no("another-index", "inclusion", "The proof is of a place as well as of a leaf.", func(r *checkpoint.Receipt) { r.LeafIndex-- }),
		no("index-outside", "index", "The tree has no such leaf.", func(r *checkpoint.Receipt) { r.LeafIndex = 1 << 62 }),
		no("proof-too-short", "inclusion", "The path ends before the root.", func(r *checkpoint.Receipt) { r.Inclusion = r.Inclusion[:1] }),
		no("proof-too-long", "inclusion", "The path goes on behind the root.", func(r *checkpoint.Receipt) { r.Inclusion = append(r.Inclusion, [32]byte{}) }),
		no("cosignature-time-changed", "signature", "The time is signed.", func(r *checkpoint.Receipt) {
			lines := strings.SplitAfter(string(r.Checkpoint), "\n")
			fieldsOf := strings.Split(strings.TrimSuffix(lines[4], "\n"), " ")
			raw := must(base64.StdEncoding.DecodeString(fieldsOf[2]))(m)
			raw[11] ^= 1
			lines[4] = fieldsOf[0] + " " + fieldsOf[1] + " " + base64.StdEncoding.EncodeToString(raw) + "\n"
			r.Checkpoint = []byte(strings.Join(lines, ""))
		}),
		no("header-leaf", "not-a-transaction", "True, and a receipt of nothing.", func(r *checkpoint.Receipt) { *r = m.receipt(c, leafGenesis, "v1", "v2", "v3") }),
		no("change-that-changes-nothing", "set-change", "One fact has one receipt: a chain holds changes only.", func(r *checkpoint.Receipt) {
			r.Changes = []checkpoint.SetChange{{Proof: m.receipt(c, leafGenesis, "v1", "v2", "v3").Proof, Set: m.Set}}
		}),
		reject("byte-after", "form", "A receipt is in canonical form too.", trailing),
	}
}

func receiptOut(v *checkpoint.Verified) fields {
	id := v.Transaction.ID()
	return fields{
		"id": hx(id[:]), "code": v.Record.Result.Code.String(), "leaf_index": dec(v.LeafIndex), "leaf_hash": hx(v.LeafHash[:]),
		"receipt_code": v.Code(), "size": dec(v.Checkpoint.Size), "root": hx(v.Checkpoint.Root[:]), "cosigners": strings.Join(v.Cosigners, " "),
	}
}

func checkReceipt(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "receipt")
	r, err := checkpoint.ParseReceipt(raw)
	if err != nil {
		return nil, err
	}
	verified, err := r.Verify(genesisOf(t).Trust())
	if err != nil {
		return nil, err
	}
	if again, err := r.Encode(); err != nil || hx(again) != hx(raw) {
		return nil, errDiffers
	}
	return receiptOut(verified), nil
}

// genesisOf is the document of network.json.
func genesisOf(t *testing.T) *genesis.Genesis {
	t.Helper()
	all, err := vectors.Read("network.json")
	if err != nil {
		t.Fatal(err)
	}
	g, err := genesis.Parse([]byte(all[0].In["genesis"]))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

package vectors_test

import (
	"crypto/ed25519"
	"maps"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfReceipt are the rules of SPEC.md 7; those of the note inside are the checkpoint's.
var rulesOfReceipt = func() map[string]string {
	rules := maps.Clone(rulesOfCheckpoint)
	maps.Copy(rules, map[string]string{
		"size": `above 1 MiB`, "form": `not in canonical form|proof hash|keys must be 32 bytes|validators, not`, "quorum": `fewer than a quorum`,
		"signature": `invalid signature`, "one-form": `not as Seal writes it`, "set-change": `^validator set change \d`, "index": `in a tree of`,
		"inclusion": `^inclusion of leaf`, "old-checkpoint": `older than its validator set`, "not-a-transaction": `leaf is not of a transaction|^receipt leaf`,
		"transaction": `^receipt transaction`,
	})
	return rules
}()

func receiptIn(m *maker, r checkpoint.Receipt) fields {
	return fields{"genesis": "network.json four-validators", "receipt": hx(must(r.Encode())(m))}
}

// makeReceipt gives receipts of the history; the genesis is that of network.json.
func makeReceipt(m *maker) []vectors.Vector {
	c := m.history()
	ok := func(name, comment string, r checkpoint.Receipt) vectors.Vector {
		return accept(name, comment, receiptIn(m, r), receiptOut(must(r.Verify(m.Genesis.Trust()))(m)))
	}
	no := func(name, rule, comment string, change func(r *checkpoint.Receipt)) vectors.Vector {
		r := m.receipt(c, leafPayment, "v1", "v2", "v3", "v4")
		change(&r)
		return reject(name, rule, comment, receiptIn(m, r))
	}
	all := []vectors.Vector{
		ok("payment", "The payment of SPEC.md 1, cosigned by all.", m.receipt(c, leafPayment, "v1", "v2", "v3", "v4")),
		ok("payment-refused-by-a-quorum", "A refusal is proved like a payment: it will never be paid.", m.receipt(c, leafRefused, "v2", "v3", "v4")),
		m.bulkReceipt(),
		no("two-cosignatures", "quorum", "One too few.", func(r *checkpoint.Receipt) { r.Checkpoint = m.note(m.checkpoint(c), m.World, "v1", "v2") }),
		no("amount-changed", "inclusion", "The lowest bit of the amount in the leaf: the tree does not hold such a leaf.", func(r *checkpoint.Receipt) {
			at := strings.Index(string(r.Leaf), "\x20\x98\x75") // amount = 15,000
			r.Leaf = append([]byte(nil), r.Leaf...)
			r.Leaf[at+1] ^= 1
		}),
		no("another-index", "inclusion", "The proof is of a place as well as of a leaf.", func(r *checkpoint.Receipt) { r.LeafIndex-- }),
		no("index-outside", "index", "The tree has no such leaf.", func(r *checkpoint.Receipt) { r.LeafIndex = 1 << 62 }),
		no("proof-of-65-hashes", "index", "No tree is so high.", func(r *checkpoint.Receipt) { r.Inclusion = make([][32]byte, 65) }),
		no("proof-too-short", "inclusion", "The path ends before the root.", func(r *checkpoint.Receipt) { r.Inclusion = r.Inclusion[:1] }),
		no("proof-too-long", "inclusion", "The path goes on behind the root.", func(r *checkpoint.Receipt) { r.Inclusion = append(r.Inclusion, [32]byte{}) }),
		no("cosignature-time-changed", "signature", "The time is signed.", func(r *checkpoint.Receipt) { r.Checkpoint = []byte(m.timeChanged(string(r.Checkpoint))) }),
		no("header-leaf", "not-a-transaction", "True, and a receipt of nothing.", func(r *checkpoint.Receipt) { *r = m.receipt(c, leafGenesis, "v1", "v2", "v3") }),
		no("change-that-changes-nothing", "set-change", "One fact has one receipt: a chain holds changes only.", func(r *checkpoint.Receipt) {
			r.Changes = []checkpoint.SetChange{{Proof: m.receipt(c, leafGenesis, "v1", "v2", "v3").Proof, Set: m.Set}}
		}),
	}
	return append(append(append(all, m.unreadableReceipts(c)...), m.conspiracies()...), m.setChanges()...)
}

// bulkReceipt is of a bulk transfer with a refused leg.
func (m *maker) bulkReceipt() vectors.Vector {
	c := ledgertest.NewChain(m.t, m.World)
	c.Tick(1000)
	bulk := tx.BulkTransfer{Debit: m.IssuerAccount, Asset: ledgertest.KES, Mode: tx.Each, Legs: []tx.BulkLeg{
		{Credit: m.Juma.Account, Amount: 10_00}, {Credit: m.id(1), Amount: 10_00}, {Credit: m.Amina.Account, Amount: 10_00},
	}}
	c.Batch(m.t, m.seal(m.one(bulk), m.Issuer).Envelope())
	r := m.receipt(c, 1, "v1", "v2", "v3")
	return accept("bulk-transfer-with-a-refused-leg", "OK, and the leg that was refused is part of the proof; whoever shows the receipt shows that too.", receiptIn(m, r), receiptOut(must(r.Verify(m.Genesis.Trust()))(m)))
}

// unreadableReceipts are no receipts at all.
func (m *maker) unreadableReceipts(c *ledgertest.Chain) []vectors.Vector {
	good := receiptIn(m, m.receipt(c, leafPayment, "v1", "v2", "v3"))
	with := func(receipt string) fields { return fields{"genesis": good["genesis"], "receipt": receipt} }
	large := with(hx([]byte{0x0a, 0x80, 0x80, 0x40}))
	large["padding"] = dec(1 << 20)
	return []vectors.Vector{
		reject("byte-after", "form", "A receipt is in canonical form too.", with(good["receipt"]+"00")),
		reject("hash-of-31-bytes", "form", "Hashes of a path have 32 bytes.", with(hx(cat(ld(1, []byte{1}), ld(3, fill(1, 31)))))),
		reject("set-of-three-in-a-change", "form", "Every set in it is a set.", with(hx(cat(ld(1, []byte{1}), ld(5, ld(5, m.Set[:3].Encode())))))),
		reject("set-not-in-form", "form", "In canonical form.", with(hx(cat(ld(1, []byte{1}), ld(5, ld(5, []byte{0x00})))))),
		reject("above-1-mib", "size", "A receipt is bounded before it is read: a leaf of 2^20 bytes, which are given as padding.", large),
	}
}

// conspiracies are trees of one leaf that no honest validator cosigns, cosigned by all.
func (m *maker) conspiracies() []vectors.Vector {
	no := func(name, rule, comment string, leaf []byte) vectors.Vector {
		c := checkpoint.Checkpoint{Network: m.Network, Size: 1, Root: tlog.RecordHash(leaf)}
		return reject(name, rule, comment, receiptIn(m, checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: leaf, Checkpoint: m.note(c, m.World, "v1", "v2", "v3", "v4")}}))
	}
	payment := m.seal(m.payment(), m.Provider)
	forged := payment.Signatures[0]
	forged.Signature[63] ^= 1
	broken := must(tx.Pack(m.Network, payment.RawBody(), []tx.Signature{forged}))(m)
	record := func(envelope []byte) []byte {
		return tx.Record{Envelope: envelope, Result: tx.Result{Code: tx.OK}}.Encode()
	}
	hold := evidence("hold")
	return []vectors.Vector{
		no("forged-by-all-validators", "transaction", "All validators together cannot forge a payment: its signature is verified too.", record(broken.Envelope())),
		no("envelope-that-is-none", "transaction", "The envelope in the leaf breaks a rule of its own.", record([]byte{0xff})),
		no("leaf-that-is-none", "not-a-transaction", "A leaf of the tree that is no message.", []byte("a leaf")),
		no("effect-leaf", "not-a-transaction", "What ledger time did is proved otherwise.", tx.Effect{Kind: tx.BallotLapsed, DueUnixMs: now, Subject: hold[:16]}.Encode()),
	}
}

// setChanges are receipts under a later validator set: v4 left, v5 came.
func (m *maker) setChanges() []vectors.Vector {
	fresh := ed25519.NewKeyFromSeed(m.edSeed("v5"))
	keys := *m.World
	keys.Validators = maps.Clone(m.Validators)
	keys.Validators["v5"] = fresh
	var validators []checkpoint.Validator
	decision := tx.SetValidators{}
	for _, v := range m.Set {
		account := m.GovernorAccounts[v.Name]
		if v.Name == "v4" {
			v = checkpoint.Validator{Name: "v5", Key: [32]byte(fresh.Public().(ed25519.PublicKey)), TLSKeyHash: evidence("tls v5")}
		}
		validators = append(validators, v)
		decision.Validators = append(decision.Validators, tx.Governor{Name: v.Name, Key: v.PublicKey(), TLSKeyHash: v.TLSKeyHash, Account: account})
	}
	after := must(checkpoint.NewValidatorSet(validators))(m)
	var index uint64 // of the header that names the new set
	var chain *ledgertest.Chain
	m.tell("", "four-validators", "", func(s *story) {
		s.decided("v4 leaves, and v5 comes.", decision)
		s.does(tx.BallotEffective)
		index = s.batch("").After.Size - 1
		s.batch("", s.ok("A payment.", by(s.Provider), s.carried(pays(s.Juma.Account, s.Amina.Account, 1_00))))
		chain = s.chain
	})
	// note is cosigned by validators of a set over the tree of a size.
	note := func(set checkpoint.ValidatorSet, size uint64, by ...string) []byte {
		c := checkpoint.Checkpoint{Network: m.Network, Size: size, Root: must(tlog.TreeHash(int64(size), chain.Memory))(m)}
		var cosigs []checkpoint.Cosignature
		for _, name := range by {
			cosigs = append(cosigs, c.Cosign(name, keys.Validators[name], cosignTimeUnixS))
		}
		return must(c.Seal(set, cosigs))(m)
	}
	proof := func(at, size uint64, note []byte) checkpoint.Proof {
		p := checkpoint.Proof{Leaf: must(chain.Memory.Leaf(at))(m), LeafIndex: at, Checkpoint: note}
		for _, h := range must(tlog.ProveRecord(int64(size), int64(at), chain.Memory))(m) {
			p.Inclusion = append(p.Inclusion, h)
		}
		return p
	}
	size := chain.Memory.Head().Size
	change := checkpoint.SetChange{Proof: proof(index, index+1, note(m.Set, index+1, "v1", "v2", "v4")), Set: after}
	receipt := func(changes ...checkpoint.SetChange) checkpoint.Receipt {
		return checkpoint.Receipt{Proof: proof(size-2, size, note(after, size, "v1", "v3", "v5")), Changes: changes}
	}
	by5, other := change, change
	by5.Checkpoint = note(after, index+1, "v1", "v3", "v5")
	other.Set = m.world("seven-validators").Set
	old := receipt(change)
	old.Proof = proof(1, index, note(after, index, "v1", "v3", "v5"))
	good := receipt(change)
	no := func(name, rule, comment string, r checkpoint.Receipt) vectors.Vector {
		return reject(name, rule, comment, receiptIn(m, r))
	}
	return []vectors.Vector{
		accept("after-a-set-change", "The old set vouches for the header that names the new one, and the new set for the payment.", receiptIn(m, good), receiptOut(must(good.Verify(m.Genesis.Trust()))(m))),
		no("set-change-left-out", "one-form", "Nobody knows v5 without it.", receipt()),
		no("set-change-by-the-new-set", "set-change", "A set does not vouch for itself.", receipt(by5)),
		no("set-change-to-another-set", "set-change", "The header names the hash of one set.", receipt(other)),
		no("set-change-twice", "set-change", "The second changes nothing.", receipt(change, change)),
		no("set-change-in-a-payment-leaf", "set-change", "Only a header names a set.", receipt(checkpoint.SetChange{Proof: proof(size-2, size, note(m.Set, size, "v1", "v2", "v3")), Set: after})),
		no("checkpoint-older-than-its-set", "old-checkpoint", "A set cosigns no tree in which it is not there yet.", old),
	}
}

// edSeed is the seed of the Ed25519 key of a label.
func (m *maker) edSeed(label string) []byte {
	seed := key.TaggedHash("umoja/test/ed25519", []byte(m.Seed+label))
	return seed[:]
}

func receiptOut(v *checkpoint.Verified) fields {
	id := v.Transaction.ID()
	return fields{
		"id": hx(id[:]), "code": v.Record.Result.Code.String(), "leaf_index": dec(v.LeafIndex), "leaf_hash": hx(v.LeafHash[:]),
		"receipt_code": v.Code(), "size": dec(v.Checkpoint.Size), "root": hx(v.Checkpoint.Root[:]), "cosigners": strings.Join(v.Cosigners, " "),
		"operation": dec(uint64(v.Record.Result.Operation)), "legs": dec(uint64(len(v.Record.Result.Legs))),
	}
}

func checkReceipt(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "receipt")
	if _, padded := v.In["padding"]; padded {
		raw = cat(raw, fill(1, int(num(t, v, "padding"))))
	}
	r, err := checkpoint.ParseReceipt(raw)
	if err != nil {
		return nil, err
	}
	verified, err := r.Verify(genesisNamed(t, v.In["genesis"]).Trust())
	if err != nil {
		return nil, err
	}
	if again, err := r.Encode(); err != nil || hx(again) != hx(raw) {
		return nil, errDiffers
	}
	return receiptOut(verified), nil
}

package vectors_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfValidator are the rules of SPEC.md 8.1 and 8.3 to 8.9.
var rulesOfValidator = map[string]string{
	"signature": `signature does not verify|who is not in the set|no verifiable signatures|invalid signature`, "proof": `proof does not verify`, "of-another": `of something else`, "address": `addresses must be`,
	"set": `validator set is malformed|keys must be 32 bytes|validator name|genesis: name`, "batch": `not the header's`, "form": `not in canonical form`,
	"fixed-length": `must be (32|64) bytes, not`, "epoch": `does not hold|epoch vote of .* names`, "quorum": `fewer than a quorum`, "evidence": `evidence does not hold`,
}

func hexBytes(text string) ([]byte, error) { return hex.DecodeString(text) }

// makeValidator makes everything else that validators sign. The field "what" says which.
func makeValidator(m *maker) []vectors.Vector {
	c := m.history()
	return slices.Concat(m.votes(c), m.expiryStatements(c), m.validatorRecords(), m.batches(c), m.validatorSets(), m.epochVotes(), m.epochChanges(), m.evidences(),
		m.complaints(), m.submissions(), m.elections(), m.logLines(c))
}

// votes are of v1 on the tree of the history.
func (m *maker) votes(c *ledgertest.Chain) []vectors.Vector {
	head := c.Memory.Head()
	v1, _ := m.Set.Find("v1")
	vote, secret := checkpoint.Vote{Epoch: 1, Size: head.Size, Root: head.Root}, m.Validators["v1"]
	in := func(kind checkpoint.VoteKind, signature [64]byte) fields {
		return fields{
			"what": "vote", "tag": string(kind), "network": m.Network.String(), "epoch": dec(vote.Epoch), "size": dec(vote.Size), "root": hx(vote.Root[:]),
			"public": hx(v1.Key[:]), "signature": hx(signature[:]),
		}
	}
	ok := func(name, comment string, kind checkpoint.VoteKind) vectors.Vector {
		digest := key.TaggedHash(string(kind), m.Network[:], be(vote.Epoch), be(vote.Size), vote.Root[:])
		return accept(name, comment, in(kind, vote.Sign(m.Network, kind, secret)), fields{"digest": hx(digest[:])})
	}
	later := vote
	later.Epoch++
	elsewhere := vote.Sign(m.world("seven-validators").Network, checkpoint.Attestation, secret)
	return []vectors.Vector{
		ok("attestation", "I applied and verified this tree.", checkpoint.Attestation),
		ok("ratification", "I hold a quorum of attestations of this tree; the tag alone differs.", checkpoint.Ratification),
		reject("attestation-as-ratification", "signature", "A vote of one kind is worth nothing as the other.", in(checkpoint.Ratification, vote.Sign(m.Network, checkpoint.Attestation, secret))),
		reject("vote-on-another-network", "signature", "The network is in what is signed.", in(checkpoint.Attestation, elsewhere)),
		reject("vote-in-another-epoch", "signature", "And so is the epoch.", in(checkpoint.Attestation, later.Sign(m.Network, checkpoint.Attestation, secret))),
	}
}

// expiryStatements are about the payment, with an earlier expiry.
func (m *maker) expiryStatements(c *ledgertest.Chain) []vectors.Vector {
	head, id, secret := c.Memory.Head(), m.seal(m.payment(), m.Provider).ID(), m.Validators["v1"]
	said := checkpoint.ExpiryStatement{
		ID: id, ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 1500, HeaderIndex: head.Size - 1, HeaderTimeUnixMs: head.TimeUnixMs,
		Root: head.Root, Size: head.Size, Validator: "v1",
	}
	in := func(e checkpoint.ExpiryStatement) fields {
		return fields{
			"what": "expiry", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "id": hx(e.ID[:]), "expires_at_unix_ms": dec(e.ExpiresAtUnixMs),
			"header_index": dec(e.HeaderIndex), "header_time_unix_ms": dec(e.HeaderTimeUnixMs), "size": dec(e.Size), "root": hx(e.Root[:]),
			"validator": e.Validator, "signature": hx(e.Signature[:]),
		}
	}
	digest := key.TaggedHash("umoja/expired/v1", m.Network[:], id[:], be(said.ExpiresAtUnixMs), be(said.HeaderIndex), be(said.HeaderTimeUnixMs), be(said.Size), head.Root[:], []byte("v1"))
	early, outside, unknown := said, said, said
	early.ExpiresAtUnixMs, outside.HeaderIndex, unknown.Validator = early.HeaderTimeUnixMs, outside.Size, "v9"
	return []vectors.Vector{
		accept("expiry-statement", "The payment's id had an earlier expiry, for the case: a final header is later, so it can never have a leaf.", in(said.Sign(m.Network, secret)), fields{"digest": hx(digest[:])}),
		reject("expiry-not-passed", "of-another", "Truly signed, but the header's time is the expiry itself: the transaction could still be in that batch.", in(early.Sign(m.Network, secret))),
		reject("expiry-header-outside", "of-another", "The header stands in the tree of the checkpoint.", in(outside.Sign(m.Network, secret))),
		reject("expiry-by-another-validator", "signature", "v2 cannot speak for v1.", in(said.Sign(m.Network, m.Validators["v2"]))),
		reject("expiry-by-a-stranger", "signature", "Who is not in the set has no word.", in(unknown.Sign(m.Network, secret))),
	}
}

func (m *maker) validatorRecords() []vectors.Vector {
	record, secret := m.Genesis.Validators[0], m.Validators["v1"]
	in := func(r genesis.ValidatorRecord) fields {
		return fields{"what": "record", "record": string(must(json.Marshal(r))(m))}
	}
	withSeed := in(record)
	withSeed["seed"] = hx(secret.Seed())
	stolen, odd, shortKey, badName, badProof := record, record, record, record, record
	stolen.Key, odd.Address = m.Genesis.Validators[1].Key, `v1.example.org:7070"`
	shortKey.Key, badName.Name, badProof.Proof = record.Key[1:], "V1", record.Proof[1:]
	return []vectors.Vector{
		accept("validator-record", "Proof of possession: the key signs the record that names it.", withSeed, fields{
			"digest_of": string(must(json.Marshal([]string{record.Name, hx(record.Key), hx(record.TLSKeyHash), record.PeerAddress, record.Address}))(m)),
		}),
		reject("validator-record-with-anothers-key", "proof", "Nobody enters another's key as their own.", in(stolen)),
		reject("validator-record-with-a-short-proof", "proof", "A signature has 64 bytes.", in(badProof)),
		reject("validator-record-with-a-quote", "address", "Addresses hold letters that JSON writes as they are, so that every program makes the same digest.", in(odd.Sign(secret))),
		reject("validator-record-with-a-short-key", "set", "An Ed25519 key has 32 bytes.", in(shortKey)),
		reject("validator-record-with-a-name-in-capitals", "set", "Names are of lower case.", in(badName.Sign(secret))),
	}
}

// batches are sealed by v1 on top of the history.
func (m *maker) batches(c *ledgertest.Chain) []vectors.Vector {
	v1, _ := m.Set.Find("v1")
	header, envelope, secret := c.Header(), m.seal(m.issuing(), m.Issuer).Envelope(), m.Validators["v1"]
	batch := tx.SealBatch(m.Network, header, [][]byte{envelope}, secret)
	inTerm, opening := header, header
	inTerm.Term = 3
	opening.Term, opening.Epoch, opening.EpochChange = 3, 3, m.epochChange().Encode()
	misshapen := opening
	misshapen.EpochChange = cat(opening.EpochChange, []byte{0})
	empty := tx.SealBatch(m.Network, header, nil, secret)
	in := func(raw []byte) fields {
		return fields{"what": "batch", "network": m.Network.String(), "leader": hx(v1.Key[:]), "batch": hx(raw)}
	}
	ok := func(name, comment string, raw []byte) vectors.Vector {
		return accept(name, comment, in(raw), batchOut(must(tx.ParseBatch(m.Network, raw))(m)))
	}
	no := func(name, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, in(raw))
	}
	rawHeader := must(tx.ParseBatch(m.Network, batch))(m).RawHeader()
	onNothing := cat(vi(2, 1), vi(4, now), ld(5, []byte("v1")), ld(6, fill(2, 32)))
	return []vectors.Vector{
		ok("batch", "One transaction, sealed by the leader: the header carries the hash of the envelopes' hashes.", batch),
		ok("batch-of-nothing", "A batch may be empty: its envelopes' hash is of no bytes.", empty),
		ok("batch-of-a-term", "The header names the raft term in which the leader packed it.", tx.SealBatch(m.Network, inTerm, [][]byte{envelope}, secret)),
		ok("batch-that-opens-an-epoch", "It carries what opens the epoch, and no transaction.", tx.SealBatch(m.Network, opening, nil, secret)),
		no("batch-with-a-change-not-in-form", "form", "What opens the epoch is in canonical form too.", tx.SealBatch(m.Network, misshapen, nil, secret)),
		no("batch-with-an-envelope-more", "batch", "The header does not cover it.", cat(batch, ld(3, envelope))),
		no("batch-with-an-envelope-less", "batch", "The header covers one that is gone.", bytes.Replace(batch, ld(3, envelope), nil, 1)),
		no("batch-sealed-by-another", "signature", "v2 signs, and the header names v1.", tx.SealBatch(m.Network, header, [][]byte{envelope}, m.Validators["v2"])),
		no("batch-not-in-form", "form", "Header, signature, envelopes, in this order and nothing else.", cat(batch, []byte{0})),
		no("batch-whose-header-is-not-in-form", "form", "The header is in canonical form too: its zero epoch is absent.", cat(ld(1, cat(vi(1, 0), vi(2, 1))), ld(2, fill(1, 64)))),
		no("batch-without-signature", "fixed-length", "A leader signs what he orders.", ld(1, rawHeader)),
		no("batch-on-nothing", "fixed-length", "Every batch has one before it.", cat(ld(1, onNothing), ld(2, fill(1, 64)))),
	}
}

func be(n uint64) []byte {
	return []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

func checkValidator(t *testing.T, v vectors.Vector) (fields, error) {
	switch v.In["what"] {
	case "vote":
		return checkVote(t, v)
	case "expiry":
		return checkExpiry(t, v)
	case "record":
		return checkRecord(t, v)
	case "batch":
		return checkBatch(t, v)
	case "set":
		return checkSet(t, v)
	case "epoch-vote":
		return checkEpochVote(t, v)
	case "epoch-change":
		return checkEpochChange(t, v)
	case "evidence":
		return checkEvidence(t, v)
	case "complaint":
		return checkComplaint(t, v)
	case "submission":
		return checkSubmission(t, v)
	case "election":
		return checkElection(t, v)
	case "log-line":
		return checkLogLine(t, v)
	}
	t.Fatalf("what is %q", v.In["what"])
	return nil, nil
}

func checkVote(t *testing.T, v vectors.Vector) (fields, error) {
	network, root := b32(t, v, "network"), b32(t, v, "root")
	vote := checkpoint.Vote{Epoch: num(t, v, "epoch"), Size: num(t, v, "size"), Root: root}
	by := checkpoint.Validator{Name: "v1", Key: b32(t, v, "public")}
	digest := key.TaggedHash(v.In["tag"], network[:], be(vote.Epoch), be(vote.Size), root[:])
	return fields{"digest": hx(digest[:])}, vote.Verify(network, checkpoint.VoteKind(v.In["tag"]), by, [64]byte(unhex(t, v, "signature")))
}

func checkExpiry(t *testing.T, v vectors.Vector) (fields, error) {
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	network := b32(t, v, "network")
	e := checkpoint.ExpiryStatement{
		ID: b32(t, v, "id"), ExpiresAtUnixMs: num(t, v, "expires_at_unix_ms"), HeaderIndex: num(t, v, "header_index"), HeaderTimeUnixMs: num(t, v, "header_time_unix_ms"),
		Size: num(t, v, "size"), Root: b32(t, v, "root"), Validator: v.In["validator"], Signature: [64]byte(unhex(t, v, "signature")),
	}
	digest := key.TaggedHash("umoja/expired/v1", network[:], e.ID[:], be(e.ExpiresAtUnixMs), be(e.HeaderIndex), be(e.HeaderTimeUnixMs), be(e.Size), e.Root[:], []byte(e.Validator))
	return fields{"digest": hx(digest[:])}, e.Verify(network, set, e.ID, e.ExpiresAtUnixMs)
}

func checkRecord(t *testing.T, v vectors.Vector) (fields, error) {
	var r genesis.ValidatorRecord
	if err := json.Unmarshal([]byte(v.In["record"]), &r); err != nil {
		return nil, err
	}
	if _, err := r.Validator(); err != nil {
		return nil, err
	}
	of, err := json.Marshal([]string{r.Name, hx(r.Key), hx(r.TLSKeyHash), r.PeerAddress, r.Address})
	if err != nil {
		return nil, err
	}
	// The proof is made again from the seed and the digest of SPEC.md 8.
	seed, err := hexBytes(v.In["seed"])
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, errDiffers
	}
	digest := key.TaggedHash("umoja/validator-record/v1", of)
	if string(ed25519.Sign(ed25519.NewKeyFromSeed(seed), digest[:])) != string(r.Proof) {
		return nil, errDiffers
	}
	return fields{"digest_of": string(of)}, nil
}

func checkBatch(t *testing.T, v vectors.Vector) (fields, error) {
	network, raw := b32(t, v, "network"), unhex(t, v, "batch")
	b, err := tx.ParseBatch(network, raw)
	if err != nil {
		return nil, err
	}
	if again, err := encodedBatch(b); err != nil || !bytes.Equal(again, raw) {
		return nil, errors.Join(errDiffers, err)
	}
	if err := b.VerifyLeader(unhex(t, v, "leader")); err != nil {
		return nil, err
	}
	return batchOut(b), nil
}

// encodedBatch writes what was read.
func encodedBatch(b *tx.Batch) ([]byte, error) {
	h := b.Header
	header, err := proto.MarshalOptions{Deterministic: true}.Marshal(&umojav1.BatchHeader{
		Epoch: h.Epoch, Number: h.Number, PreviousHash: h.PreviousHash[:], TimeUnixMs: h.TimeUnixMs, Leader: h.Leader, EnvelopesHash: h.EnvelopesHash[:],
		EpochChange: h.EpochChange, Term: h.Term,
	})
	if err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&umojav1.Batch{Header: header, Signature: b.Signature[:], Envelopes: b.Envelopes})
}

func batchOut(b *tx.Batch) fields {
	hash := b.Hash()
	return fields{
		"batch_hash": hx(hash[:]), "raw_header": hx(b.RawHeader()), "envelopes_hash": hx(b.Header.EnvelopesHash[:]), "envelopes": dec(uint64(len(b.Envelopes))),
	}
}

// validatorSets are sets, and what is none.
func (m *maker) validatorSets() []vectors.Vector {
	in := func(raw []byte) fields { return fields{"what": "set", "validator_set": hx(raw)} }
	one := func(name string, key, tls []byte) []byte {
		return ld(1, cat(ld(1, []byte(name)), ld(2, key), ld(3, tls)))
	}
	row := func(i byte) []byte { return one("v"+string(rune('0'+i)), fill(i, 32), fill(i+100, 32)) }
	no := func(name, comment string, parts ...[]byte) vectors.Vector {
		return reject(name, "set", comment, in(cat(parts...)))
	}
	seven := m.world("seven-validators").Set
	return []vectors.Vector{
		accept("set-of-four", "Three are a quorum, and one may lie.", in(m.Set.Encode()), setOut(m.Set)),
		accept("set-of-seven", "Five are a quorum, and two may lie.", in(seven.Encode()), setOut(seven)),
		no("set-of-five", "Sets have 3f + 1 members.", row(1), row(2), row(3), row(4), row(5)),
		no("set-of-nobody", "And at least four."),
		no("set-that-descends", "One set has one form.", row(2), row(1), row(3), row(4)),
		no("set-with-a-name-twice", "A name has one key.", row(1), one("v1", fill(9, 32), fill(109, 32)), row(3), row(4)),
		no("set-with-a-key-twice", "A key has one vote.", row(1), one("v2", fill(1, 32), fill(102, 32)), row(3), row(4)),
		no("set-with-a-tls-key-twice", "A machine has one place.", row(1), one("v2", fill(2, 32), fill(101, 32)), row(3), row(4)),
		no("set-with-a-name-in-capitals", "Names are of lower case.", one("V1", fill(1, 32), fill(101, 32)), row(2), row(3), row(4)),
		no("set-with-a-key-of-33-bytes", "An Ed25519 key has 32.", one("v1", fill(1, 33), fill(101, 32)), row(2), row(3), row(4)),
		reject("set-out-of-order", "form", "Name, key, hash: in this order.", in(ld(1, cat(ld(2, fill(1, 32)), ld(1, []byte("v1")))))),
	}
}

func setOut(s checkpoint.ValidatorSet) fields {
	return fields{"hash": hx32(s.Hash()), "quorum": dec(uint64(s.Quorum())), "faults": dec(uint64(s.Faults()))}
}

func checkSet(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "validator_set")
	s, err := checkpoint.ParseValidatorSet(raw)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(s.Encode(), raw) {
		return nil, errDiffers
	}
	return setOut(s), nil
}

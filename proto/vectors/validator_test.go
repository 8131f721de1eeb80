package vectors_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

var rulesOfValidator = map[string]string{
	"signature": "signature does not verify", "proof": "proof does not verify", "of-another": "of something else", "address": "addresses must be",
	"set": "validator set is malformed", "batch": "not the header's",
}

func hexBytes(text string) ([]byte, error) { return hex.DecodeString(text) }

// makeValidator makes everything else that validators sign. The field "what" says which.
func makeValidator(m *maker) []vectors.Vector {
	c := m.history()
	head := c.Memory.Head()
	v1, _ := m.Set.Find("v1")
	vote := checkpoint.Vote{Epoch: 1, Size: head.Size, Root: head.Root}
	voteIn := func(kind checkpoint.VoteKind, signature [64]byte) fields {
		return fields{
			"what": "vote", "tag": string(kind), "network": m.Network.String(), "epoch": dec(vote.Epoch), "size": dec(vote.Size), "root": hx(vote.Root[:]),
			"public": hx(v1.Key[:]), "signature": hx(signature[:]),
		}
	}
	voted := func(name, comment string, kind checkpoint.VoteKind) vectors.Vector {
		digest := key.TaggedHash(string(kind), m.Network[:], be(vote.Epoch), be(vote.Size), vote.Root[:])
		return accept(name, comment, voteIn(kind, vote.Sign(m.Network, kind, m.Validators["v1"])), fields{"digest": hx(digest[:])})
	}
	id := m.seal(m.payment(), m.Provider).ID()
	said := checkpoint.ExpiryStatement{
		ID: id, ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 1500, HeaderIndex: head.Size - 1, HeaderTimeUnixMs: head.TimeUnixMs,
		Root: head.Root, Size: head.Size, Validator: "v1",
	}
	expiryIn := func(e checkpoint.ExpiryStatement) fields {
		return fields{
			"what": "expiry", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "id": hx(e.ID[:]), "expires_at_unix_ms": dec(e.ExpiresAtUnixMs),
			"header_index": dec(e.HeaderIndex), "header_time_unix_ms": dec(e.HeaderTimeUnixMs), "size": dec(e.Size), "root": hx(e.Root[:]),
			"validator": e.Validator, "signature": hx(e.Signature[:]),
		}
	}
	digest := key.TaggedHash("umoja/expired/v1", m.Network[:], id[:], be(said.ExpiresAtUnixMs), be(said.HeaderIndex), be(said.HeaderTimeUnixMs), be(said.Size), head.Root[:], []byte("v1"))
	early := said
	early.ExpiresAtUnixMs = early.HeaderTimeUnixMs
	record := m.Genesis.Validators[0]
	recordIn := func(r genesis.ValidatorRecord) fields {
		return fields{"what": "record", "record": string(must(json.Marshal(r))(m))}
	}
	withSeed := recordIn(record)
	withSeed["seed"] = hx(m.Validators["v1"].Seed())
	stolen := record
	stolen.Key = m.Genesis.Validators[1].Key
	odd := record
	odd.Address = `v1.example.org:7070"`
	header := c.Header()
	envelope := m.seal(m.issuing(), m.Issuer).Envelope()
	batch := tx.SealBatch(m.Network, header, [][]byte{envelope}, m.Validators["v1"])
	parsed := must(tx.ParseBatch(m.Network, batch))(m)
	hash := parsed.Hash()
	batchIn := func(raw []byte) fields {
		return fields{"what": "batch", "network": m.Network.String(), "leader": hx(v1.Key[:]), "batch": hx(raw)}
	}
	return []vectors.Vector{
		voted("attestation", "I applied and verified this tree.", checkpoint.Attestation),
		voted("ratification", "I hold a quorum of attestations of this tree; the tag alone differs.", checkpoint.Ratification),
		reject("attestation-as-ratification", "signature", "A vote of one kind is worth nothing as the other.", voteIn(checkpoint.Ratification, vote.Sign(m.Network, checkpoint.Attestation, m.Validators["v1"]))),
		accept("expiry-statement", "The payment's id had an earlier expiry, for the case: a final header is later, so it can never have a leaf.", expiryIn(said.Sign(m.Network, m.Validators["v1"])), fields{"digest": hx(digest[:])}),
		reject("expiry-not-passed", "of-another", "Truly signed, but the header's time is the expiry itself: the transaction could still be in that batch.", expiryIn(early.Sign(m.Network, m.Validators["v1"]))),
		reject("expiry-by-another-validator", "signature", "v2 cannot speak for v1.", expiryIn(said.Sign(m.Network, m.Validators["v2"]))),
		accept("validator-record", "Proof of possession: the key signs the record that names it.", withSeed, fields{
			"digest_of": string(must(json.Marshal([]string{record.Name, hx(record.Key), hx(record.TLSKeyHash), record.PeerAddress, record.Address}))(m)),
		}),
		reject("validator-record-with-anothers-key", "proof", "Nobody enters another's key as their own.", recordIn(stolen)),
		reject("validator-record-with-a-quote", "address", "Addresses hold letters that JSON writes as they are, so that every program makes the same digest.", recordIn(odd.Sign(m.Validators["v1"]))),
		accept("batch", "One transaction, sealed by the leader: the header carries the hash of the envelopes' hashes.", batchIn(batch), fields{
			"batch_hash": hx(hash[:]), "raw_header": hx(parsed.RawHeader()), "envelopes_hash": hx(parsed.Header.EnvelopesHash[:]), "envelopes": "1",
		}),
		reject("batch-with-an-envelope-more", "batch", "The header does not cover it.", batchIn(cat(batch, ld(3, envelope)))),
		reject("batch-sealed-by-another", "signature", "v2 signs, and the header names v1.", batchIn(tx.SealBatch(m.Network, header, [][]byte{envelope}, m.Validators["v2"]))),
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
	network := b32(t, v, "network")
	b, err := tx.ParseBatch(network, unhex(t, v, "batch"))
	if err != nil {
		return nil, err
	}
	if err := b.VerifyLeader(unhex(t, v, "leader")); err != nil {
		return nil, err
	}
	hash := b.Hash()
	return fields{
		"batch_hash": hx(hash[:]), "raw_header": hx(b.RawHeader()), "envelopes_hash": hx(b.Header.EnvelopesHash[:]), "envelopes": dec(uint64(len(b.Envelopes))),
	}, nil
}

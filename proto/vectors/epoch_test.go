package vectors_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// epochVotes are of v1, with a certificate and without.
func (m *maker) epochVotes() []vectors.Vector {
	v1, _ := m.Set.Find("v1")
	held := checkpoint.Vote{Epoch: 1, Size: 40, Root: [32]byte(fill(7, 32))}
	in := func(epoch uint64, held checkpoint.Vote, signature [64]byte) fields {
		return fields{
			"what": "epoch-vote", "network": m.Network.String(), "epoch": dec(epoch), "certified_epoch": dec(held.Epoch), "certified_size": dec(held.Size),
			"certified_root": hx(held.Root[:]), "public": hx(v1.Key[:]), "signature": hx(signature[:]),
		}
	}
	ok := func(name, comment string, held checkpoint.Vote) vectors.Vector {
		digest := key.TaggedHash("umoja/epoch/v1", m.Network[:], be(2), be(held.Epoch), be(held.Size), held.Root[:])
		return accept(name, comment, in(2, held, checkpoint.SignEpoch(m.Network, 2, held, m.Validators["v1"])), fields{"digest": hx(digest[:])})
	}
	signed := checkpoint.SignEpoch(m.Network, 2, held, m.Validators["v1"])
	return []vectors.Vector{
		ok("epoch-vote", "I have ended epoch 1, and this is the highest tree of which I hold a certificate.", held),
		ok("epoch-vote-without-certificate", "I held none: the tree is all zeros.", checkpoint.Vote{}),
		reject("epoch-vote-for-another-epoch", "signature", "The epoch is in what is signed.", in(3, held, signed)),
		reject("epoch-vote-of-its-own-epoch", "epoch", "A vote ends the epoch of which it names a certificate.", in(1, held, checkpoint.SignEpoch(m.Network, 1, held, m.Validators["v1"]))),
	}
}

// What is named in the votes for epoch 3: the higher is of a later epoch, and smaller.
var (
	lowTree  = checkpoint.Vote{Epoch: 1, Size: 90, Root: [32]byte(fill(1, 32))}
	highTree = checkpoint.Vote{Epoch: 2, Size: 40, Root: [32]byte(fill(2, 32))}
)

func (m *maker) epochVote(name string, epoch uint64, held checkpoint.Vote) checkpoint.EpochVote {
	return checkpoint.EpochVote{Validator: name, Certified: held, Signature: checkpoint.SignEpoch(m.Network, epoch, held, m.Validators[name])}
}

// epochChange opens epoch 3.
func (m *maker) epochChange() checkpoint.EpochChange {
	c := checkpoint.EpochChange{Epoch: 3, Certificate: checkpoint.Certificate{Vote: highTree}}
	c.Votes = []checkpoint.EpochVote{m.epochVote("v1", 3, checkpoint.Vote{}), m.epochVote("v2", 3, lowTree), m.epochVote("v3", 3, highTree)}
	for _, name := range []string{"v1", "v2", "v4"} {
		signature := highTree.Sign(m.Network, checkpoint.Attestation, m.Validators[name])
		c.Certificate.Signatures = append(c.Certificate.Signatures, checkpoint.Signature{Validator: name, Signature: signature})
	}
	return c
}

// epochChanges open epoch 3, or do not.
func (m *maker) epochChanges() []vectors.Vector {
	low, high, vote, later := lowTree, highTree, m.epochVote, checkpoint.FirstEpoch(0)+1
	change := func(with func(c *checkpoint.EpochChange)) checkpoint.EpochChange {
		c := m.epochChange()
		with(&c)
		return c
	}
	in := func(raw []byte) fields {
		return fields{"what": "epoch-change", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "epoch_change": hx(raw)}
	}
	ok := func(name, comment string, with func(c *checkpoint.EpochChange)) vectors.Vector {
		c := change(with)
		return accept(name, comment, in(c.Encode()), changeOut(c))
	}
	no := func(name, rule, comment string, with func(c *checkpoint.EpochChange)) vectors.Vector {
		return reject(name, rule, comment, in(change(with).Encode()))
	}
	return []vectors.Vector{
		ok("epoch-change", "Three of four: one held nothing, one a large tree of epoch 1, one a smaller tree of epoch 2, which is higher.", func(*checkpoint.EpochChange) {}),
		ok("epoch-change-by-all", "More than a quorum may vote.", func(c *checkpoint.EpochChange) { c.Votes = append(c.Votes, vote("v4", 3, high)) }),
		ok("epoch-change-of-nothing", "Nobody held a certificate.", func(c *checkpoint.EpochChange) {
			*c = checkpoint.EpochChange{Epoch: 1}
			for _, name := range []string{"v1", "v3", "v4"} {
				c.Votes = append(c.Votes, vote(name, 1, checkpoint.Vote{}))
			}
		}),
		ok("epoch-change-of-a-later-set", "What v1 names is of the set before, and counts as nothing.", func(c *checkpoint.EpochChange) {
			*c = checkpoint.EpochChange{Epoch: later}
			c.Votes = []checkpoint.EpochVote{vote("v1", later, high), vote("v3", later, checkpoint.Vote{}), vote("v4", later, checkpoint.Vote{})}
		}),
		no("epoch-change-from-the-set-before", "epoch", "A certificate of the set before starts nothing.", func(c *checkpoint.EpochChange) {
			c.Epoch, c.Votes = later, nil
			for _, name := range []string{"v1", "v2", "v3"} {
				c.Votes = append(c.Votes, vote(name, later, high))
			}
		}),
		no("epoch-change-by-two", "quorum", "One of the two may lie, and the other not know what is final.", func(c *checkpoint.EpochChange) { c.Votes = c.Votes[1:] }),
		no("epoch-change-with-a-vote-twice", "epoch", "One voice, however often it speaks.", func(c *checkpoint.EpochChange) { c.Votes[1] = c.Votes[0] }),
		no("epoch-change-out-of-order", "epoch", "Votes ascend by name.", func(c *checkpoint.EpochChange) { slices.Reverse(c.Votes) }),
		no("epoch-change-by-a-stranger", "epoch", "Who is not in the set has no vote.", func(c *checkpoint.EpochChange) { c.Votes[2].Validator = "v9" }),
		no("epoch-change-with-a-vote-for-another-epoch", "signature", "Votes are for one epoch.", func(c *checkpoint.EpochChange) { c.Votes[0] = vote("v1", 4, checkpoint.Vote{}) }),
		no("epoch-change-below-the-highest", "epoch", "What v1 names is higher: it could be final.", func(c *checkpoint.EpochChange) {
			c.Votes[0] = vote("v1", 3, checkpoint.Vote{Epoch: 2, Size: 41, Root: high.Root})
		}),
		no("epoch-change-of-two-roots", "epoch", "v1 names another tree of that epoch and size.", func(c *checkpoint.EpochChange) {
			c.Votes[0] = vote("v1", 3, checkpoint.Vote{Epoch: 2, Size: 40, Root: low.Root})
		}),
		no("epoch-change-from-what-nobody-names", "epoch", "The start is what somebody names.", func(c *checkpoint.EpochChange) { c.Votes[2] = vote("v3", 3, low) }),
		no("epoch-change-without-its-certificate", "epoch", "What is only named proves nothing.", func(c *checkpoint.EpochChange) { c.Certificate = checkpoint.Certificate{} }),
		no("epoch-change-with-a-certificate-of-two", "quorum", "Two of four attested.", func(c *checkpoint.EpochChange) { c.Certificate.Signatures = c.Certificate.Signatures[1:] }),
		no("epoch-change-with-a-ratification", "signature", "A certificate is of attestations.", func(c *checkpoint.EpochChange) {
			c.Certificate.Signatures[0].Signature = high.Sign(m.Network, checkpoint.Ratification, m.Validators["v1"])
		}),
		reject("epoch-change-not-in-form", "form", "Nothing stands behind it.", in(append(change(func(*checkpoint.EpochChange) {}).Encode(), 0))),
	}
}

func changeOut(c checkpoint.EpochChange) fields {
	var voters []string
	for _, v := range c.Votes {
		voters = append(voters, v.Validator)
	}
	start := c.Start()
	return fields{
		"epoch": dec(c.Epoch), "voters": strings.Join(voters, " "), "start_epoch": dec(start.Epoch), "start_size": dec(start.Size), "start_root": hx(start.Root[:]),
	}
}

// branch is a tree of nine leaves, of which the first four are of every branch.
func branch(t testing.TB, name string) *hashes {
	h := &hashes{}
	for i := range int64(9) {
		leaf := []byte{byte(i)}
		if i >= 4 {
			leaf = append(leaf, name...)
		}
		more, err := tlog.StoredHashes(i, leaf, h)
		if err != nil {
			t.Fatal(err)
		}
		h.all = append(h.all, more...)
	}
	return h
}

type hashes struct{ all []tlog.Hash }

func (h *hashes) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, h.all[i])
	}
	return out, nil
}

// evidences are against v1, one for each offence, and some of what an honest validator may say.
func (m *maker) evidences() []vectors.Vector {
	secret := m.Validators["v1"]
	vote := func(kind checkpoint.VoteKind, epoch, size uint64, root [32]byte) checkpoint.SignedVote {
		v := checkpoint.Vote{Epoch: epoch, Size: size, Root: root}
		return checkpoint.SignedVote{Vote: v, Signature: v.Sign(m.Network, kind, secret)}
	}
	attest := func(epoch, size uint64, root [32]byte) checkpoint.SignedVote {
		return vote(checkpoint.Attestation, epoch, size, root)
	}
	cosign := func(size uint64, root [32]byte, at uint64) checkpoint.SignedCheckpoint {
		c := checkpoint.Checkpoint{Network: m.Network, Size: size, Root: root}.Cosign("v1", secret, at)
		return checkpoint.SignedCheckpoint{Size: size, Root: root, TimeUnixS: at, Signature: c.Signature}
	}
	wish := func(epoch uint64, held checkpoint.Vote) checkpoint.SignedEpoch {
		return checkpoint.SignedEpoch{Epoch: epoch, Certified: held, Signature: checkpoint.SignEpoch(m.Network, epoch, held, secret)}
	}
	pack := func(term, timeUnixMs uint64) checkpoint.SignedHeader {
		raw := tx.SealBatch(m.Network, tx.BatchHeader{Epoch: 1, Number: 7, Leader: "v1", Term: term, TimeUnixMs: timeUnixMs}, nil, secret)
		b := must(tx.ParseBatch(m.Network, raw))(m)
		return checkpoint.SignedHeader{Header: b.RawHeader(), Signature: b.Signature}
	}
	elect := func(candidate string) checkpoint.SignedElection {
		e := checkpoint.Election{Term: 5, Candidate: candidate, LastIndex: 9, LastTerm: 4}
		return checkpoint.SignedElection{Election: e, Signature: e.Sign(m.Network, secret)}
	}
	one, two := [32]byte(fill(1, 32)), [32]byte(fill(2, 32))
	held, fork := branch(m.t, "held"), branch(m.t, "fork")
	small, large := [32]byte(must(tlog.TreeHash(6, fork))(m)), [32]byte(must(tlog.TreeHash(9, held))(m))
	var proof [][32]byte
	for _, hash := range must(tlog.ProveTree(9, 6, held))(m) {
		proof = append(proof, hash)
	}
	prefix := [32]byte(must(tlog.TreeHash(6, held))(m))
	twoRoots := checkpoint.Evidence{Attestations: []checkpoint.SignedVote{attest(1, 5, one), attest(1, 5, two)}}
	forked := checkpoint.Evidence{Attestations: []checkpoint.SignedVote{attest(1, 6, small), attest(1, 9, large)}, PrefixRoot: prefix, Proof: proof}
	hidden := checkpoint.Evidence{
		Ratifications: []checkpoint.SignedVote{vote(checkpoint.Ratification, 1, 5, one)},
		EpochVotes:    []checkpoint.SignedEpoch{wish(2, checkpoint.Vote{Size: 90, Root: two})},
	}
	in := func(raw []byte) fields {
		return fields{"what": "evidence", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "evidence": hx(raw)}
	}
	ok := func(name, comment string, offence checkpoint.Offence, e checkpoint.Evidence) vectors.Vector {
		e.Validator = "v1"
		return accept(name, comment, in(e.Ordered(m.Network).Encode()), fields{"validator": "v1", "offence": string(offence)})
	}
	no := func(name, rule, comment string, e checkpoint.Evidence, with func(e *checkpoint.Evidence)) vectors.Vector {
		e.Validator = "v1"
		e = e.Ordered(m.Network)
		e.Attestations = slices.Clone(e.Attestations)
		with(&e)
		return reject(name, rule, comment, in(e.Encode()))
	}
	same := func(*checkpoint.Evidence) {}
	return []vectors.Vector{
		ok("two-attestations", "Two trees of one size in one epoch.", checkpoint.TwoAttestations, twoRoots),
		ok("two-ratifications", "The same with ratifications.", checkpoint.TwoRatifications, checkpoint.Evidence{
			Ratifications: []checkpoint.SignedVote{vote(checkpoint.Ratification, 1, 5, one), vote(checkpoint.Ratification, 1, 5, two)},
		}),
		ok("two-cosignatures", "Cosignatures have no epoch, and their times do not matter.", checkpoint.TwoCosignatures, checkpoint.Evidence{
			Cosignatures: []checkpoint.SignedCheckpoint{cosign(5, one, 9), cosign(5, two, 8)},
		}),
		ok("two-epoch-votes", "A validator votes once for an epoch.", checkpoint.TwoEpochVotes, checkpoint.Evidence{
			EpochVotes: []checkpoint.SignedEpoch{wish(2, checkpoint.Vote{}), wish(2, checkpoint.Vote{Epoch: 1, Size: 5, Root: one})},
		}),
		ok("hidden-certificate", "It ratified a tree of epoch 1, and names one of epoch 0: a larger one, and a lower.", checkpoint.HiddenCertificate, hidden),
		ok("forked-attestations", "The tree of nine leaves does not begin with that of six.", checkpoint.ForkedAttestations, forked),
		ok("forked-cosignatures", "The same with cosignatures.", checkpoint.ForkedCosignatures, checkpoint.Evidence{
			Cosignatures: []checkpoint.SignedCheckpoint{cosign(6, small, 1), cosign(9, large, 1)}, PrefixRoot: prefix, Proof: proof,
		}),
		ok("two-batches", "Batch 7 of epoch 1, twice in term 3.", checkpoint.TwoBatches, checkpoint.Evidence{Batches: []checkpoint.SignedHeader{pack(3, 1), pack(3, 2)}}),
		ok("two-elections", "It voted for v2 and v3 in term 5.", checkpoint.TwoElections, checkpoint.Evidence{Elections: []checkpoint.SignedElection{elect("v2"), elect("v3")}}),

		no("evidence-out-of-order", "evidence", "The lower statement stands first.", twoRoots, func(e *checkpoint.Evidence) { slices.Reverse(e.Attestations) }),
		no("evidence-of-two-epochs", "evidence", "An epoch may abandon what the one before attested.", twoRoots, func(e *checkpoint.Evidence) { e.Attestations[1] = attest(2, 5, two) }),
		no("evidence-against-another", "signature", "v2 said nothing of this.", twoRoots, func(e *checkpoint.Evidence) { e.Validator = "v2" }),
		no("evidence-against-a-stranger", "evidence", "Who is not in the set can break no rule.", twoRoots, func(e *checkpoint.Evidence) { e.Validator = "v9" }),
		no("evidence-of-one-statement", "evidence", "It takes two to contradict each other.", twoRoots, func(e *checkpoint.Evidence) { e.Attestations = e.Attestations[:1] }),
		no("evidence-with-a-proof-too-many", "evidence", "Two roots of one size need no proof.", twoRoots, func(e *checkpoint.Evidence) { e.PrefixRoot, e.Proof = prefix, proof }),
		no("fork-with-a-short-proof", "evidence", "The proof does not lead to the larger root.", forked, func(e *checkpoint.Evidence) { e.Proof = proof[:len(proof)-1] }),
		no("fork-that-is-an-extension", "evidence", "The larger tree begins with the smaller one.", forked, func(e *checkpoint.Evidence) { e.Attestations[0] = attest(1, 6, prefix) }),
		no("nothing-hidden", "evidence", "The vote names what was ratified.", hidden, func(e *checkpoint.Evidence) {
			e.EpochVotes = []checkpoint.SignedEpoch{wish(2, checkpoint.Vote{Epoch: 1, Size: 5, Root: one})}
		}),
		no("batches-of-two-terms", "evidence", "What raft dropped is packed again in a later term.", checkpoint.Evidence{Batches: []checkpoint.SignedHeader{pack(3, 1), pack(4, 2)}}, same),
		no("batches-without-a-term", "evidence", "And so it is when nobody knows the terms.", checkpoint.Evidence{Batches: []checkpoint.SignedHeader{pack(0, 1), pack(0, 2)}}, same),
		reject("evidence-not-in-form", "form", "Nothing stands behind it.", in(append(withName(twoRoots).Encode(), 0))),
	}
}

func withName(e checkpoint.Evidence) checkpoint.Evidence {
	e.Validator = "v1"
	return e
}

func checkEpochVote(t *testing.T, v vectors.Vector) (fields, error) {
	network, epoch := b32(t, v, "network"), num(t, v, "epoch")
	held := checkpoint.Vote{Epoch: num(t, v, "certified_epoch"), Size: num(t, v, "certified_size"), Root: b32(t, v, "certified_root")}
	digest := key.TaggedHash("umoja/epoch/v1", network[:], be(epoch), be(held.Epoch), be(held.Size), held.Root[:])
	by := checkpoint.Validator{Name: "v1", Key: b32(t, v, "public")}
	vote := checkpoint.EpochVote{Validator: "v1", Certified: held, Signature: [64]byte(unhex(t, v, "signature"))}
	return fields{"digest": hx(digest[:])}, vote.Verify(network, epoch, by)
}

func checkEpochChange(t *testing.T, v vectors.Vector) (fields, error) {
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	raw := unhex(t, v, "epoch_change")
	c, err := checkpoint.ParseEpochChange(raw)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(c.Encode(), raw) {
		return nil, errDiffers
	}
	return changeOut(c), c.Verify(b32(t, v, "network"), set)
}

func checkEvidence(t *testing.T, v vectors.Vector) (fields, error) {
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	raw := unhex(t, v, "evidence")
	e, err := checkpoint.ParseEvidence(raw)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(e.Encode(), raw) {
		return nil, errDiffers
	}
	culprit, offence, err := e.Verify(b32(t, v, "network"), set)
	return fields{"validator": culprit, "offence": string(offence)}, err
}

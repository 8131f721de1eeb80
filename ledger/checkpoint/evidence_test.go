package checkpoint_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// grown is the tree of so many leaves that a branch has, which leaves the main one after two.
func grown(t testing.TB, branch string, size int) *history {
	t.Helper()
	h := &history{}
	for i := range size {
		leaf := []byte{byte(i)}
		if i >= 2 {
			leaf = append(leaf, branch...)
		}
		hashes, err := tlog.StoredHashes(int64(i), leaf, h)
		if err != nil {
			t.Fatal(err)
		}
		h.hashes = append(h.hashes, hashes...)
	}
	return h
}

func rootOf(t testing.TB, h *history, size int64) [32]byte {
	t.Helper()
	root, err := tlog.TreeHash(size, h)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func proofOf(t testing.TB, h *history, size, small int64) (proof [][32]byte) {
	t.Helper()
	hashes, err := tlog.ProveTree(size, small, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, hash := range hashes {
		proof = append(proof, hash)
	}
	return proof
}

func signedVote(key ed25519.PrivateKey, kind checkpoint.VoteKind, epoch, size uint64, root [32]byte) checkpoint.SignedVote {
	v := checkpoint.Vote{Epoch: epoch, Size: size, Root: root}
	return checkpoint.SignedVote{Vote: v, Signature: v.Sign(epochNetwork, kind, key)}
}

func cosigned(key ed25519.PrivateKey, size uint64, root [32]byte, at uint64) checkpoint.SignedCheckpoint {
	c := checkpoint.Checkpoint{Network: epochNetwork, Size: size, Root: root}.Cosign("v1", key, at)
	return checkpoint.SignedCheckpoint{Size: size, Root: root, TimeUnixS: at, Signature: c.Signature}
}

func signedEpoch(key ed25519.PrivateKey, epoch uint64, held checkpoint.Vote) checkpoint.SignedEpoch {
	return checkpoint.SignedEpoch{Epoch: epoch, Certified: held, Signature: checkpoint.SignEpoch(epochNetwork, epoch, held, key)}
}

func signedHeader(t testing.TB, key ed25519.PrivateKey, h tx.BatchHeader) checkpoint.SignedHeader {
	t.Helper()
	b, err := tx.ParseBatch(epochNetwork, tx.SealBatch(epochNetwork, h, nil, key))
	if err != nil {
		t.Fatal(err)
	}
	return checkpoint.SignedHeader{Header: b.RawHeader(), Signature: b.Signature}
}

func elected(key ed25519.PrivateKey, e checkpoint.Election) checkpoint.SignedElection {
	return checkpoint.SignedElection{Election: e, Signature: e.Sign(epochNetwork, key)}
}

// offences has what proves each of them against v1.
func offences(t testing.TB, key ed25519.PrivateKey) map[checkpoint.Offence]checkpoint.Evidence {
	t.Helper()
	rootA, rootB := [32]byte{1}, [32]byte{2}
	held, fork := grown(t, "main", 9), grown(t, "fork", 9)
	ours, theirs := rootOf(t, held, 5), rootOf(t, fork, 5)
	large, proof := rootOf(t, held, 9), proofOf(t, held, 9, 5)
	header := tx.BatchHeader{Epoch: 1, Number: 7, Leader: "v1", Term: 3, TimeUnixMs: 1}
	later := header
	later.TimeUnixMs = 2
	attest := func(epoch, size uint64, root [32]byte) checkpoint.SignedVote {
		return signedVote(key, checkpoint.Attestation, epoch, size, root)
	}
	ratify := func(epoch, size uint64, root [32]byte) checkpoint.SignedVote {
		return signedVote(key, checkpoint.Ratification, epoch, size, root)
	}
	all := map[checkpoint.Offence]checkpoint.Evidence{
		checkpoint.TwoAttestations:  {Attestations: []checkpoint.SignedVote{attest(1, 5, rootB), attest(1, 5, rootA)}},
		checkpoint.TwoRatifications: {Ratifications: []checkpoint.SignedVote{ratify(1, 5, rootA), ratify(1, 5, rootB)}},
		checkpoint.TwoCosignatures:  {Cosignatures: []checkpoint.SignedCheckpoint{cosigned(key, 5, rootA, 9), cosigned(key, 5, rootB, 8)}},
		checkpoint.TwoEpochVotes: {EpochVotes: []checkpoint.SignedEpoch{
			signedEpoch(key, 2, checkpoint.Vote{Epoch: 1, Size: 5, Root: rootA}), signedEpoch(key, 2, checkpoint.Vote{}),
		}},
		checkpoint.HiddenCertificate: {
			Ratifications: []checkpoint.SignedVote{ratify(1, 5, rootA)},
			EpochVotes:    []checkpoint.SignedEpoch{signedEpoch(key, 3, checkpoint.Vote{Epoch: 1, Size: 4, Root: rootB})},
		},
		checkpoint.ForkedAttestations: {
			Attestations: []checkpoint.SignedVote{attest(1, 9, large), attest(1, 5, theirs)}, PrefixRoot: ours, Proof: proof,
		},
		checkpoint.ForkedCosignatures: {
			Cosignatures: []checkpoint.SignedCheckpoint{cosigned(key, 5, theirs, 1), cosigned(key, 9, large, 1)}, PrefixRoot: ours, Proof: proof,
		},
		checkpoint.TwoBatches: {Batches: []checkpoint.SignedHeader{signedHeader(t, key, header), signedHeader(t, key, later)}},
		checkpoint.TwoElections: {Elections: []checkpoint.SignedElection{
			elected(key, checkpoint.Election{Term: 4, Candidate: "v3"}), elected(key, checkpoint.Election{Term: 4, Candidate: "v2", LastIndex: 1}),
		}},
	}
	for offence, e := range all {
		e.Validator = "v1"
		all[offence] = e.Ordered(epochNetwork)
	}
	return all
}

func TestEvidenceHolds(t *testing.T) {
	set, keys := voters(t)
	for offence, e := range offences(t, keys["v1"]) {
		parsed, err := checkpoint.ParseEvidence(e.Encode())
		if err != nil {
			t.Errorf("%s: %v", offence, err)
			continue
		}
		culprit, found, err := parsed.Verify(epochNetwork, set)
		if err != nil || culprit != "v1" || found != offence {
			t.Errorf("%s: found %s of %q, %v", offence, found, culprit, err)
		}
		if _, _, err := parsed.Verify(tx.NetworkID{8}, set); err == nil {
			t.Errorf("%s: holds on another network", offence)
		}
		framed := parsed
		framed.Validator = "v2"
		if _, _, err := framed.Verify(epochNetwork, set); err == nil {
			t.Errorf("%s: holds against another", offence)
		}
	}
}

// TestNobodyIsFramed has pairs of statements that an honest validator may give.
func TestNobodyIsFramed(t *testing.T) {
	set, keys := voters(t)
	key := keys["v1"]
	root, other := [32]byte{1}, [32]byte{2}
	held := grown(t, "main", 9)
	small, large, proof := rootOf(t, held, 5), rootOf(t, held, 9), proofOf(t, held, 9, 5)
	header := tx.BatchHeader{Epoch: 1, Number: 7, Leader: "v1", Term: 3}
	change := func(with func(*tx.BatchHeader)) checkpoint.SignedHeader {
		h := header
		with(&h)
		return signedHeader(t, key, h)
	}
	attest := func(epoch, size uint64, root [32]byte) checkpoint.SignedVote {
		return signedVote(key, checkpoint.Attestation, epoch, size, root)
	}
	ratified := func(epoch, size uint64) []checkpoint.SignedVote {
		return []checkpoint.SignedVote{signedVote(key, checkpoint.Ratification, epoch, size, root)}
	}
	for rule, e := range map[string]checkpoint.Evidence{
		"nothing":                         {},
		"one attestation":                 {Attestations: []checkpoint.SignedVote{attest(1, 5, root)}},
		"the same attestation twice":      {Attestations: []checkpoint.SignedVote{attest(1, 5, root), attest(1, 5, root)}},
		"two epochs":                      {Attestations: []checkpoint.SignedVote{attest(1, 5, root), attest(2, 5, other)}},
		"two sizes":                       {Attestations: []checkpoint.SignedVote{attest(1, 5, root), attest(1, 6, other)}},
		"an extension":                    {Attestations: []checkpoint.SignedVote{attest(1, 5, small), attest(1, 9, large)}, PrefixRoot: small, Proof: proof},
		"a fork over epochs":              {Attestations: []checkpoint.SignedVote{attest(1, 5, other), attest(2, 9, large)}, PrefixRoot: small, Proof: proof},
		"a fork with a bad proof":         {Attestations: []checkpoint.SignedVote{attest(1, 5, other), attest(1, 9, large)}, PrefixRoot: small, Proof: proof[1:]},
		"a fork with another's prefix":    {Attestations: []checkpoint.SignedVote{attest(1, 5, small), attest(1, 9, large)}, PrefixRoot: other, Proof: proof},
		"attestation and ratification":    {Attestations: []checkpoint.SignedVote{attest(1, 5, other)}, Ratifications: ratified(1, 5)},
		"a checkpoint cosigned twice":     {Cosignatures: []checkpoint.SignedCheckpoint{cosigned(key, 5, root, 1), cosigned(key, 5, root, 2)}},
		"an epoch vote in two epochs":     {EpochVotes: []checkpoint.SignedEpoch{signedEpoch(key, 1, checkpoint.Vote{}), signedEpoch(key, 2, checkpoint.Vote{Epoch: 1, Size: 1})}},
		"ratified in the epoch voted for": {Ratifications: ratified(3, 5), EpochVotes: []checkpoint.SignedEpoch{signedEpoch(key, 3, checkpoint.Vote{})}},
		"the ratified is named": {
			Ratifications: ratified(1, 5), EpochVotes: []checkpoint.SignedEpoch{signedEpoch(key, 2, checkpoint.Vote{Epoch: 1, Size: 5, Root: root})},
		},
		"a higher one is named": {
			Ratifications: ratified(1, 5), EpochVotes: []checkpoint.SignedEpoch{signedEpoch(key, 3, checkpoint.Vote{Epoch: 2, Size: 3, Root: other})},
		},
		"batches of two terms":   {Batches: []checkpoint.SignedHeader{signedHeader(t, key, header), change(func(h *tx.BatchHeader) { h.Term = 4 })}},
		"batches of two numbers": {Batches: []checkpoint.SignedHeader{signedHeader(t, key, header), change(func(h *tx.BatchHeader) { h.Number = 8 })}},
		"batches of two epochs":  {Batches: []checkpoint.SignedHeader{signedHeader(t, key, header), change(func(h *tx.BatchHeader) { h.Epoch = 2 })}},
		"batches of no term": {Batches: []checkpoint.SignedHeader{
			change(func(h *tx.BatchHeader) { h.Term = 0 }), change(func(h *tx.BatchHeader) { h.Term, h.TimeUnixMs = 0, 5 }),
		}},
		"elections of two terms": {Elections: []checkpoint.SignedElection{
			elected(key, checkpoint.Election{Term: 4, Candidate: "v2"}), elected(key, checkpoint.Election{Term: 5, Candidate: "v3"}),
		}},
		"one candidate twice": {Elections: []checkpoint.SignedElection{
			elected(key, checkpoint.Election{Term: 4, Candidate: "v2"}), elected(key, checkpoint.Election{Term: 4, Candidate: "v2", LastIndex: 1}),
		}},
	} {
		e.Validator = "v1"
		if culprit, offence, err := e.Ordered(epochNetwork).Verify(epochNetwork, set); !errors.Is(err, checkpoint.ErrBadEvidence) {
			t.Errorf("%s: %s of %q, %v", rule, offence, culprit, err)
		}
	}
}

// TestEvidenceHasOneForm turns the two statements round.
func TestEvidenceHasOneForm(t *testing.T) {
	set, keys := voters(t)
	for offence, e := range offences(t, keys["v1"]) {
		if offence == checkpoint.HiddenCertificate {
			continue
		}
		turn(e.Attestations)
		turn(e.Ratifications)
		turn(e.Cosignatures)
		turn(e.EpochVotes)
		turn(e.Batches)
		turn(e.Elections)
		if _, _, err := e.Verify(epochNetwork, set); err == nil {
			t.Errorf("%s holds in two orders", offence)
		}
	}
}

func turn[T any](two []T) {
	if len(two) == 2 {
		two[0], two[1] = two[1], two[0]
	}
}

// FuzzEvidence checks that there is one form, and that a flipped bit never turns evidence against anybody else.
func FuzzEvidence(f *testing.F) {
	set, keys := voters(f)
	for _, e := range offences(f, keys["v1"]) {
		f.Add(e.Encode())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := checkpoint.ParseEvidence(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Encode(), raw) {
			t.Error("a second form")
		}
		if culprit, offence, err := e.Verify(epochNetwork, set); err == nil && culprit != "v1" {
			t.Errorf("%s is framed of %s", culprit, offence)
		}
	})
}

package vectors_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// What validators say about each other and to those who submit: SPEC.md 8.7 to 8.9.

// complaints are of v1 about v2.
func (m *maker) complaints() []vectors.Vector {
	said := checkpoint.Complaint{Validator: "v1", Term: 7, Leader: "v2"}
	in := func(c checkpoint.Complaint) fields {
		return fields{
			"what": "complaint", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "validator": c.Validator, "term": dec(c.Term),
			"leader": c.Leader, "signature": hx(c.Signature[:]),
		}
	}
	by := func(c checkpoint.Complaint, secret string) fields { return in(c.Sign(m.Network, m.Validators[secret])) }
	digest := key.TaggedHash("umoja/complaint/v1", m.Network[:], be(7), []byte("v2"))
	later := said.Sign(m.Network, m.Validators["v1"])
	later.Term++
	self, stranger, ofStranger := said, said, said
	self.Leader, stranger.Validator, ofStranger.Leader = "v1", "v9", "v9"
	return []vectors.Vector{
		accept("complaint", "The leader of term 7, v2, leaves undone what only a leader can do.", by(said, "v1"), fields{"digest": hx(digest[:])}),
		reject("complaint-about-another-term", "signature", "The term is in what is signed.", in(later)),
		reject("complaint-by-another-validator", "signature", "v3 cannot speak for v1.", by(said, "v3")),
		reject("complaint-about-oneself", "signature", "A leader steps down and does not complain.", by(self, "v1")),
		reject("complaint-by-a-stranger", "signature", "Who is not in the set has no word.", by(stranger, "v1")),
		reject("complaint-about-a-stranger", "signature", "Who is not in the set does not lead.", by(ofStranger, "v1")),
	}
}

// submissions are receipts of v1 for the payment.
func (m *maker) submissions() []vectors.Vector {
	id := m.seal(m.payment(), m.Provider).ID()
	said := checkpoint.SubmissionReceipt{ID: id, SeenSize: 40, IncludeBySize: 60, Validator: "v1"}
	in := func(r checkpoint.SubmissionReceipt) fields {
		return fields{
			"what": "submission", "network": m.Network.String(), "validator_set": hx(m.Set.Encode()), "submitted": hx(id[:]), "id": hx(r.ID[:]),
			"seen_size": dec(r.SeenSize), "include_by_size": dec(r.IncludeBySize), "validator": r.Validator, "signature": hx(r.Signature[:]),
		}
	}
	by := func(r checkpoint.SubmissionReceipt, secret string) fields {
		return in(r.Sign(m.Network, m.Validators[secret]))
	}
	digest := key.TaggedHash("umoja/submission/v1", m.Network[:], id[:], be(40), be(60), []byte("v1"))
	another, standing, stranger := said, said, said
	another.ID, standing.IncludeBySize, stranger.Validator = tx.ID(fill(5, 32)), said.SeenSize, "v9"
	longer := said.Sign(m.Network, m.Validators["v1"])
	longer.IncludeBySize++
	return []vectors.Vector{
		accept("submission", "I saw a tree of 40 leaves, and the payment is in the one of 60.", by(said, "v1"), fields{"digest": hx(digest[:])}),
		reject("submission-of-another", "of-another", "Truly signed, of a transaction that was not submitted.", by(another, "v1")),
		reject("submission-without-room", "of-another", "The tree grows before the transaction is in it.", by(standing, "v1")),
		reject("submission-with-another-size", "signature", "The sizes are in what is signed.", in(longer)),
		reject("submission-by-another-validator", "signature", "v2 cannot promise for v1.", by(said, "v2")),
		reject("submission-by-a-stranger", "signature", "Who is not in the set promises nothing.", by(stranger, "v1")),
	}
}

// elections are votes of v1 in the raft group.
func (m *maker) elections() []vectors.Vector {
	v1, _ := m.Set.Find("v1")
	said := checkpoint.Election{Term: 5, Candidate: "v2", LastIndex: 9, LastTerm: 4}
	in := func(e checkpoint.Election, signature [64]byte) fields {
		return fields{
			"what": "election", "network": m.Network.String(), "term": dec(e.Term), "last_index": dec(e.LastIndex), "last_term": dec(e.LastTerm),
			"candidate": e.Candidate, "public": hx(v1.Key[:]), "signature": hx(signature[:]),
		}
	}
	signature := said.Sign(m.Network, m.Validators["v1"])
	digest := key.TaggedHash("umoja/raft-vote/v1", m.Network[:], be(5), be(9), be(4), []byte("v2"))
	other, later, longer := said, said, said
	other.Candidate, later.Term, longer.LastIndex = "v3", 6, 10
	return []vectors.Vector{
		accept("election", "I vote for v2 in term 5; the last entry of its log is 9, of term 4.", in(said, signature), fields{"digest": hx(digest[:])}),
		reject("election-of-another", "signature", "The candidate is in what is signed.", in(other, signature)),
		reject("election-in-another-term", "signature", "And so is the term.", in(later, signature)),
		reject("election-of-a-longer-log", "signature", "And so is what the candidate said of its log.", in(longer, signature)),
	}
}

// logLines are of v1, who signs its served checkpoint as the log.
func (m *maker) logLines(c *ledgertest.Chain) []vectors.Vector {
	v1, _ := m.Set.Find("v1")
	final, secret := m.checkpoint(c), m.Validators["v1"]
	in := func(line string) fields {
		return fields{
			"what": "log-line", "network": m.Network.String(), "size": dec(final.Size), "root": hx(final.Root[:]), "public": hx(v1.Key[:]),
			"line": strings.TrimSuffix(line, "\n"),
		}
	}
	return []vectors.Vector{
		accept("log-line", "The signature of the log under a served checkpoint.", in(final.LogLine(secret)), fields{"verifier_key": checkpoint.LogVerifierKey(m.Network, v1)}),
		reject("log-line-of-another-validator", "signature", "It is of another key, and its key hash says so.", in(final.LogLine(m.Validators["v2"]))),
		reject("log-line-of-another-checkpoint", "signature", "It signs another size.", in(func() string {
			other := final
			other.Size++
			return other.LogLine(secret)
		}())),
		reject("cosignature-as-log-line", "signature", "A cosignature is of another type, under another name.", in(strings.SplitAfter(string(m.note(final, m.World, "v1")), "\n")[4])),
	}
}

func checkComplaint(t *testing.T, v vectors.Vector) (fields, error) {
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	network := b32(t, v, "network")
	c := checkpoint.Complaint{Validator: v.In["validator"], Term: num(t, v, "term"), Leader: v.In["leader"], Signature: [64]byte(unhex(t, v, "signature"))}
	digest := key.TaggedHash("umoja/complaint/v1", network[:], be(c.Term), []byte(c.Leader))
	return fields{"digest": hx(digest[:])}, c.Verify(network, set)
}

func checkSubmission(t *testing.T, v vectors.Vector) (fields, error) {
	set, err := checkpoint.ParseValidatorSet(unhex(t, v, "validator_set"))
	if err != nil {
		return nil, err
	}
	network := b32(t, v, "network")
	r := checkpoint.SubmissionReceipt{
		ID: b32(t, v, "id"), SeenSize: num(t, v, "seen_size"), IncludeBySize: num(t, v, "include_by_size"), Validator: v.In["validator"],
		Signature: [64]byte(unhex(t, v, "signature")),
	}
	digest := key.TaggedHash("umoja/submission/v1", network[:], r.ID[:], be(r.SeenSize), be(r.IncludeBySize), []byte(r.Validator))
	return fields{"digest": hx(digest[:])}, r.Verify(network, set, b32(t, v, "submitted"))
}

func checkElection(t *testing.T, v vectors.Vector) (fields, error) {
	network := b32(t, v, "network")
	e := checkpoint.Election{Term: num(t, v, "term"), Candidate: v.In["candidate"], LastIndex: num(t, v, "last_index"), LastTerm: num(t, v, "last_term")}
	digest := key.TaggedHash("umoja/raft-vote/v1", network[:], be(e.Term), be(e.LastIndex), be(e.LastTerm), []byte(e.Candidate))
	public := b32(t, v, "public")
	return fields{"digest": hx(digest[:])}, e.Verify(network, public[:], [64]byte(unhex(t, v, "signature")))
}

// checkLogLine opens the note by code that was not written here.
func checkLogLine(t *testing.T, v vectors.Vector) (fields, error) {
	network := tx.NetworkID(b32(t, v, "network"))
	verifierKey := checkpoint.LogVerifierKey(network, checkpoint.Validator{Name: "v1", Key: b32(t, v, "public")})
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, err
	}
	text := "umoja.v1/" + network.String() + "\n" + v.In["size"] + "\n" + base64.StdEncoding.EncodeToString(unhex(t, v, "root")) + "\n"
	_, err = note.Open([]byte(text+"\n"+v.In["line"]+"\n"), note.VerifierList(verifier))
	return fields{"verifier_key": verifierKey}, err
}

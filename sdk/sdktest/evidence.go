package sdktest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// DoubleVote is evidence that a validator voted twice in a raft term.
func (n *Network) DoubleVote(guilty string, term uint64) []byte {
	e := checkpoint.Evidence{Validator: guilty}
	var secret ed25519.PrivateKey = n.World.Validators[guilty]
	for _, candidate := range []string{n.Validators[0].Name, n.Validators[1].Name} {
		vote := checkpoint.Election{Term: term, Candidate: candidate, LastIndex: 7, LastTerm: 1}
		e.Elections = append(e.Elections, checkpoint.SignedElection{Election: vote, Signature: vote.Sign(n.Network, secret)})
	}
	return e.Encode()
}

// Keeps lets the validator hold evidence.
func (v *Validator) Keeps(raw ...[]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.evidence = append(v.evidence, raw...)
}

// ListEvidence lists what the validator keeps. What it says of it is not read by anybody who can verify.
func (s *service) ListEvidence(context.Context, *apiv1.ListEvidenceRequest) (*apiv1.ListEvidenceResponse, error) {
	s.validator.mu.Lock()
	defer s.validator.mu.Unlock()
	res := &apiv1.ListEvidenceResponse{}
	for _, raw := range s.validator.evidence {
		hash := sha256.Sum256(raw)
		res.Evidence = append(res.Evidence, &apiv1.EvidenceSummary{Hash: hash[:]})
	}
	return res, nil
}

// GetEvidence gives one piece.
func (s *service) GetEvidence(_ context.Context, req *apiv1.GetEvidenceRequest) (*apiv1.GetEvidenceResponse, error) {
	s.validator.mu.Lock()
	defer s.validator.mu.Unlock()
	for _, raw := range s.validator.evidence {
		if hash := sha256.Sum256(raw); string(hash[:]) == string(req.GetHash()) {
			return &apiv1.GetEvidenceResponse{Evidence: raw}, nil
		}
	}
	return nil, Refusal("NOT_FOUND")
}

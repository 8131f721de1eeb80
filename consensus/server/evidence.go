package server

import (
	"context"

	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// ListEvidence lists what this validator has found against validators. It is bounded where it is kept.
func (s *service) ListEvidence(context.Context, *apiv1.ListEvidenceRequest) (*apiv1.ListEvidenceResponse, error) {
	res := &apiv1.ListEvidenceResponse{}
	for _, e := range s.node.Evidence() {
		res.Evidence = append(res.Evidence, &apiv1.EvidenceSummary{Hash: e.Hash[:], Validator: e.Validator, Offence: string(e.Offence)})
	}
	return res, nil
}

// GetEvidence gives one piece of it.
func (s *service) GetEvidence(_ context.Context, req *apiv1.GetEvidenceRequest) (*apiv1.GetEvidenceResponse, error) {
	if len(req.GetHash()) != 32 {
		return nil, invalid("hash must be 32 bytes, not %d", len(req.GetHash()))
	}
	e, ok := s.node.EvidenceOf([32]byte(req.GetHash()))
	if !ok {
		return nil, notFound("evidence")
	}
	return &apiv1.GetEvidenceResponse{Evidence: e.Raw}, nil
}

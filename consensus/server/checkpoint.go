package server

import (
	"context"
	"errors"

	"github.com/umoja-ledger/umoja/consensus"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetCheckpoint returns the newest final checkpoint, and proves how the history grew. The validator set does not change in
// this version, so there are no changes to lead over.
func (s *service) GetCheckpoint(_ context.Context, req *apiv1.GetCheckpointRequest) (*apiv1.GetCheckpointResponse, error) {
	if known, set := req.GetValidatorSetHash(), s.node.ValidatorSet().Hash(); len(known) > 0 && string(known) != string(set[:]) {
		return nil, notFound("validator_set_hash")
	}
	note, newest, err := s.node.FinalCheckpoint()
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	res := &apiv1.GetCheckpointResponse{Checkpoint: note}
	from, to := req.GetFromSize(), req.GetToSize()
	if to == 0 {
		to = newest.Size
	}
	switch {
	case to > newest.Size:
		return nil, notFound("to_size is not final here")
	case req.GetToSize() != 0 && from > to:
		return nil, invalid("from_size %d is above to_size %d", from, to)
	case from == 0 || from > to:
		return res, nil // The caller sees that this validator is behind.
	}
	growth, err := s.node.Growth(from, to)
	if errors.Is(err, consensus.ErrNotFound) {
		return nil, notFound("from_size")
	}
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	res.FromRoot = growth.FromRoot[:]
	for _, h := range growth.Hashes {
		res.Consistency = append(res.Consistency, h[:])
	}
	return res, nil
}

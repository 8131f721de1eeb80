package server

import (
	"context"
	"errors"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetCheckpoint returns the newest final checkpoint, the changes of the validator set that lead to who cosigned it, and proves how the
// history grew.
func (s *service) GetCheckpoint(_ context.Context, req *apiv1.GetCheckpointRequest) (*apiv1.GetCheckpointResponse, error) {
	// Before the checkpoint: so it is never of a set that is not there, and what has changed since is left out.
	sets := s.node.Succession()
	note, newest, err := s.node.FinalCheckpoint()
	if err != nil {
		return nil, consensus.ToStatus(err)
	}
	changes, known := sets.Changes, true
	if hash := req.GetValidatorSetHash(); len(hash) == 32 {
		changes, known = sets.AfterSet([32]byte(hash), req.GetFromSize())
	} else if len(hash) > 0 {
		return nil, invalid("validator_set_hash is %d bytes, not 32", len(hash))
	}
	if !known {
		return nil, notFound("validator_set_hash")
	}
	res := &apiv1.GetCheckpointResponse{Checkpoint: note, Changes: checkpoint.ChangesProto(changes)}
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

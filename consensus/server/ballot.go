package server

import (
	"context"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// ListBallots lists the ballots that have not ended, ascending by id.
func (s *service) ListBallots(ctx context.Context, req *apiv1.ListBallotsRequest) (*apiv1.ListBallotsResponse, error) {
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	var after *tx.BallotID
	switch raw := req.GetAfter(); len(raw) {
	case 0:
	case 16:
		id := tx.BallotID(raw)
		after = &id
	default:
		return nil, invalid("after must be 16 bytes, not %d", len(raw))
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	ballots, err := answer.Ballots(r, after, int(req.GetLimit()))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListBallotsResponse{Ballots: ballots}, nil
}

// ListValidators lists the newest validator set that was decided.
func (s *service) ListValidators(ctx context.Context, req *apiv1.ListValidatorsRequest) (*apiv1.ListValidatorsResponse, error) {
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	validators, err := answer.Validators(r.State())
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListValidatorsResponse{Validators: validators}, nil
}

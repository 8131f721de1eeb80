package sdktest

import (
	"context"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// ListBallots lists the ballots that have not ended.
func (s *service) ListBallots(_ context.Context, req *apiv1.ListBallotsRequest) (*apiv1.ListBallotsResponse, error) {
	var after *tx.BallotID
	if raw := req.GetAfter(); len(raw) == 16 {
		id := tx.BallotID(raw)
		after = &id
	}
	res := &apiv1.ListBallotsResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.Ballots, err = answer.Ballots(m, after, int(req.GetLimit()))
		return err
	})
	return res, err
}

// ListValidators lists the validator set.
func (s *service) ListValidators(_ context.Context, req *apiv1.ListValidatorsRequest) (*apiv1.ListValidatorsResponse, error) {
	res := &apiv1.ListValidatorsResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.Validators, err = answer.Validators(ledger.Read(m))
		return err
	})
	return res, err
}

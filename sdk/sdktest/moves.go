package sdktest

import (
	"context"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// ListGrants lists an account's grants.
func (s *service) ListGrants(_ context.Context, req *apiv1.ListGrantsRequest) (*apiv1.ListGrantsResponse, error) {
	var after *key.Public
	if raw := req.GetAfter(); len(raw) == 32 {
		k := key.Public(raw)
		after = &k
	}
	res := &apiv1.ListGrantsResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.AsOf = asOf(m)
		res.Grants, err = answer.Grants(m, tx.AccountID(req.GetAccount()), after, int(req.GetLimit()), m.Head().TimeUnixMs)
		return err
	})
	return res, err
}

// ListMoves lists moves that wait.
func (s *service) ListMoves(_ context.Context, req *apiv1.ListMovesRequest) (*apiv1.ListMovesResponse, error) {
	res := &apiv1.ListMovesResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.AsOf = asOf(m)
		state, now := ledger.Read(m), m.Head().TimeUnixMs
		if by, ok := req.GetOf().(*apiv1.ListMovesRequest_Alias); ok {
			res.Moves, err = answer.AliasMoves(state, key.Alias(by.Alias), now)
		} else {
			res.Moves, err = answer.AccountMoves(state, tx.AccountID(req.GetAccount()), now)
		}
		return err
	})
	return res, err
}

// ListAttestors lists the attestors.
func (s *service) ListAttestors(_ context.Context, req *apiv1.ListAttestorsRequest) (*apiv1.ListAttestorsResponse, error) {
	var after *tx.AccountID
	if raw := req.GetAfter(); len(raw) == 16 {
		id := tx.AccountID(raw)
		after = &id
	}
	res := &apiv1.ListAttestorsResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) (err error) {
		res.Attestors, err = answer.Attestors(m, after, int(req.GetLimit()))
		return err
	})
	return res, err
}

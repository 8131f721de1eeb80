package server

import (
	"context"
	"time"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// ListGrants lists the grants of an account, ascending by key.
func (s *service) ListGrants(ctx context.Context, req *apiv1.ListGrantsRequest) (*apiv1.ListGrantsResponse, error) {
	id, err := accountOf(req.GetAccount())
	if err != nil {
		return nil, err
	}
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	var after *key.Public
	switch raw := req.GetAfter(); len(raw) {
	case 0:
	case len(key.Public{}):
		k := key.Public(raw) // A grantee that is only looked past need not be a point.
		after = &k
	default:
		return nil, invalid("after must be 32 bytes, not %d", len(raw))
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// As in GetGrant, the clock says which day it is while the ledger is idle.
	grants, err := answer.Grants(r, id, after, int(req.GetLimit()), max(r.TimeUnixMs, uint64(time.Now().UnixMilli())))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListGrantsResponse{Grants: grants, AsOf: asOf(r)}, nil
}

// ListMoves lists the moves that wait, of an alias or from an account.
func (s *service) ListMoves(ctx context.Context, req *apiv1.ListMovesRequest) (*apiv1.ListMovesResponse, error) {
	var account tx.AccountID
	var alias *key.Alias
	switch by := req.GetOf().(type) {
	case *apiv1.ListMovesRequest_Alias:
		if len(by.Alias) != 32 {
			return nil, invalid("alias must be 32 bytes, not %d", len(by.Alias))
		}
		a := key.Alias(by.Alias)
		alias = &a
	case *apiv1.ListMovesRequest_Account:
		id, err := accountOf(by.Account)
		if err != nil {
			return nil, err
		}
		account = id
	default:
		return nil, invalid("of: alias or account must be set")
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	res := &apiv1.ListMovesResponse{AsOf: asOf(r)}
	if alias != nil {
		res.Moves, err = answer.AliasMoves(r.State(), *alias, r.TimeUnixMs)
	} else {
		res.Moves, err = answer.AccountMoves(r.State(), account, r.TimeUnixMs)
	}
	if err != nil {
		return nil, s.fatal(err)
	}
	return res, nil
}

// ListAttestors lists the attestors, ascending by account.
func (s *service) ListAttestors(ctx context.Context, req *apiv1.ListAttestorsRequest) (*apiv1.ListAttestorsResponse, error) {
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	var after *tx.AccountID
	if len(req.GetAfter()) > 0 {
		id, err := accountOf(req.GetAfter())
		if err != nil {
			return nil, err
		}
		after = &id
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	attestors, err := answer.Attestors(r, after, int(req.GetLimit()))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.ListAttestorsResponse{Attestors: attestors}, nil
}

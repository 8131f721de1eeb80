package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetAccount describes an account by id or number.
func (s *service) GetAccount(ctx context.Context, req *apiv1.GetAccountRequest) (*apiv1.GetAccountResponse, error) {
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var id tx.AccountID
	switch by := req.GetAccount().(type) {
	case *apiv1.GetAccountRequest_Id:
		if id, err = accountOf(by.Id); err != nil {
			return nil, err
		}
	case *apiv1.GetAccountRequest_Number:
		found, err := r.State().AccountByNumber(tx.AccountNumber(by.Number))
		if err != nil {
			return nil, s.fatal(err)
		}
		if found == nil {
			return nil, notFound("account number")
		}
		id = *found
	default:
		return nil, invalid("account: id or number must be set")
	}
	res, err := answer.Account(r.State(), id)
	if err != nil {
		return nil, s.fatal(err)
	}
	if res == nil {
		return nil, notFound("account")
	}
	res.AsOf = asOf(r)
	return res, nil
}

// GetBalance reads one balance.
func (s *service) GetBalance(ctx context.Context, req *apiv1.GetBalanceRequest) (*apiv1.GetBalanceResponse, error) {
	id, err := accountOf(req.GetAccount())
	if err != nil {
		return nil, err
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := r.State().Balance(id, tx.Asset(req.GetAsset()))
	if err != nil {
		return nil, s.fatal(err)
	}
	return &apiv1.GetBalanceResponse{Posted: uint64(b.Posted), Held: uint64(b.Held), AsOf: asOf(r)}, nil
}

// ListHistory lists an account's leaves, newest first.
func (s *service) ListHistory(ctx context.Context, req *apiv1.ListHistoryRequest) (*apiv1.ListHistoryResponse, error) {
	id, err := accountOf(req.GetAccount())
	if err != nil {
		return nil, err
	}
	if err := checkLimit(req.GetLimit()); err != nil {
		return nil, err
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	r.Close()
	leaves, err := s.node.History(id, req.GetBeforeLeaf(), int(req.GetLimit()), r.Size)
	if err != nil {
		return nil, consensus.ToStatus(err) // The node has seen to what is fatal.
	}
	res := &apiv1.ListHistoryResponse{}
	for _, leaf := range leaves {
		res.Entries = append(res.Entries, entryProto(leaf))
	}
	return res, nil
}

// GetGrant reads a grant and what is left of it today.
func (s *service) GetGrant(ctx context.Context, req *apiv1.GetGrantRequest) (*apiv1.GetGrantResponse, error) {
	id, err := accountOf(req.GetAccount())
	if err != nil {
		return nil, err
	}
	grantee, err := key.ParsePublic(req.GetGrantee())
	if err != nil {
		return nil, invalid("grantee: %v", err)
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// An idle ledger's time stands still, but a payment made now would be of today: the clock says which day that is.
	res, err := answer.Grant(r.State(), id, grantee, max(r.TimeUnixMs, uint64(time.Now().UnixMilli())))
	if err != nil {
		return nil, s.fatal(err)
	}
	if res == nil {
		return nil, notFound("grant")
	}
	return res, nil
}

// ResolveAlias finds the account of a phone number: by its keyed hash with the sealed name, or by the plain number, rate-
// limited, with the shortened name.
func (s *service) ResolveAlias(ctx context.Context, req *apiv1.ResolveAliasRequest) (*apiv1.ResolveAliasResponse, error) {
	var alias key.Alias
	number := req.GetPhoneNumber()
	switch by := req.GetAlias().(type) {
	case *apiv1.ResolveAliasRequest_Hash:
		if len(by.Hash) != 32 {
			return nil, invalid("hash must be 32 bytes, not %d", len(by.Hash))
		}
		alias = key.Alias(by.Hash)
	case *apiv1.ResolveAliasRequest_PhoneNumber:
		if s.aliasKey == nil {
			return nil, consensus.ToStatus(consensus.ErrNoAliasKey)
		}
		if len(number) < 8 || len(number) > 16 || number[0] != '+' || strings.Trim(number[1:], "0123456789") != "" {
			return nil, invalid("phone_number must be + and 7 to 15 digits")
		}
		if !s.lookups.allow(callerOf(ctx)) {
			return nil, consensus.ToStatus(fmt.Errorf("look-ups by number: %w", consensus.ErrRateLimited))
		}
		alias = s.aliasKey.Alias(number)
	default:
		return nil, invalid("alias: hash or phone_number must be set")
	}
	r, err := s.read(ctx, req.GetFreshness())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	bound, err := r.State().Alias(alias)
	if err != nil {
		return nil, s.fatal(err)
	}
	if !bound.Bound() {
		if req.GetUnbound() {
			return &apiv1.ResolveAliasResponse{Alias: alias[:]}, nil
		}
		return nil, notFound("alias")
	}
	account, err := r.State().Account(bound.Account)
	if err == nil && account == nil {
		err = fmt.Errorf("alias %x is bound to no account: %w", alias, ledger.ErrCorrupt)
	}
	if err != nil {
		return nil, s.fatal(err)
	}
	res := &apiv1.ResolveAliasResponse{
		Account: bound.Account[:], AccountNumber: uint64(account.Number), Alias: alias[:], Attested: bound.Status == ledger.AliasAttested,
	}
	if !res.Attested {
		res.VouchedBy = bound.VouchedBy[:]
	}
	if number == "" {
		res.SealedName = bound.SealedName[:]
		return res, nil
	}
	// A seal that does not open is the binder's fault, not the caller's: there is an account and no name.
	if name, err := s.aliasKey.OpenName(number, bound.SealedName); err == nil {
		res.ShortName = key.ShortName(name)
	}
	return res, nil
}

// GetNetwork says which network this is and how far this node is.
func (s *service) GetNetwork(ctx context.Context, _ *apiv1.GetNetworkRequest) (*apiv1.GetNetworkResponse, error) {
	r, err := s.read(ctx, apiv1.Freshness_FRESHNESS_LOCAL)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	parameters, err := answer.Parameters(r.State())
	if err != nil {
		return nil, s.fatal(err)
	}
	network, head := s.node.Network(), s.node.Head()
	return &apiv1.GetNetworkResponse{
		NetworkId: network[:], Validator: s.node.Name(), Leader: s.node.Leader(), AcceptedSize: head.Size,
		AcceptedRoot: head.Root[:], FinalSize: s.node.FinalSize(), TimeUnixMs: head.TimeUnixMs,
		Parameters: parameters,
	}, nil
}

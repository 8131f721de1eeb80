package sdktest

import (
	"context"
	"slices"

	"github.com/umoja-ledger/umoja/consensus/server/answer"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// GetAccount describes an account.
func (s *service) GetAccount(_ context.Context, req *apiv1.GetAccountRequest) (res *apiv1.GetAccountResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		state := ledger.Read(m)
		var id tx.AccountID
		switch by := req.GetAccount().(type) {
		case *apiv1.GetAccountRequest_Id:
			id = tx.AccountID(by.Id)
		case *apiv1.GetAccountRequest_Number:
			found, err := state.AccountByNumber(tx.AccountNumber(by.Number))
			if err != nil {
				return err
			}
			if found == nil {
				return Refusal("NOT_FOUND")
			}
			id = *found
		}
		if res, err = answer.Account(state, id); err == nil && res == nil {
			err = Refusal("NOT_FOUND")
		}
		if err == nil {
			res.AsOf = asOf(m)
		}
		return err
	})
	return res, err
}

// GetBalance reads a balance.
func (s *service) GetBalance(_ context.Context, req *apiv1.GetBalanceRequest) (res *apiv1.GetBalanceResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		b, err := ledger.Read(m).Balance(tx.AccountID(req.GetAccount()), tx.Asset(req.GetAsset()))
		res = &apiv1.GetBalanceResponse{Posted: uint64(b.Posted), Held: uint64(b.Held), AsOf: asOf(m)}
		return err
	})
	return res, err
}

// ListHistory lists an account's leaves.
func (s *service) ListHistory(_ context.Context, req *apiv1.ListHistoryRequest) (*apiv1.ListHistoryResponse, error) {
	if req.GetLimit() < 1 || req.GetLimit() > 100 {
		return nil, invalid("limit must be 1 to 100")
	}
	res := &apiv1.ListHistoryResponse{}
	err := s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		for _, index := range slices.Backward(s.network.history.byAccount[tx.AccountID(req.GetAccount())]) {
			before := req.GetBeforeLeaf()
			if index < m.Head().Size && (before == 0 || index < before) && len(res.Entries) < int(req.GetLimit()) {
				res.Entries = append(res.Entries, s.network.entry(index))
			}
		}
		return nil
	})
	return res, err
}

// GetGrant reads a grant.
func (s *service) GetGrant(_ context.Context, req *apiv1.GetGrantRequest) (res *apiv1.GetGrantResponse, err error) {
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		res, err = answer.Grant(ledger.Read(m), tx.AccountID(req.GetAccount()), key.Public(req.GetGrantee()), m.Head().TimeUnixMs)
		if err == nil && res == nil {
			err = Refusal("NOT_FOUND")
		}
		return err
	})
	return res, err
}

// ResolveAlias finds the account of a phone number.
func (s *service) ResolveAlias(_ context.Context, req *apiv1.ResolveAliasRequest) (res *apiv1.ResolveAliasResponse, err error) {
	number := req.GetPhoneNumber()
	alias := s.network.AliasKey.Alias(number)
	if by, ok := req.GetAlias().(*apiv1.ResolveAliasRequest_Hash); ok {
		alias = key.Alias(by.Hash)
	}
	err = s.read(req.GetFreshness(), func(m *ledgertest.Memory) error {
		bound, err := ledger.Read(m).Alias(alias)
		if err != nil {
			return err
		}
		if !bound.Bound() {
			if res = (&apiv1.ResolveAliasResponse{Alias: alias[:]}); req.GetUnbound() {
				return nil
			}
			return Refusal("NOT_FOUND")
		}
		account, err := ledger.Read(m).Account(bound.Account)
		if err != nil {
			return err
		}
		res = &apiv1.ResolveAliasResponse{
			Account: bound.Account[:], AccountNumber: uint64(account.Number), Alias: alias[:], Attested: bound.Status == ledger.AliasAttested,
		}
		if !res.Attested {
			res.VouchedBy = bound.VouchedBy[:]
		}
		if number == "" {
			res.SealedName = bound.SealedName[:]
		} else if name, err := s.network.AliasKey.OpenName(number, bound.SealedName); err == nil {
			res.ShortName = key.ShortName(name)
		}
		return nil
	})
	return res, err
}

// GetNetwork says which network this is.
func (s *service) GetNetwork(context.Context, *apiv1.GetNetworkRequest) (res *apiv1.GetNetworkResponse, err error) {
	err = s.read(apiv1.Freshness_FRESHNESS_LOCAL, func(m *ledgertest.Memory) error {
		n := s.network
		head := m.Head()
		res = &apiv1.GetNetworkResponse{
			NetworkId: n.World.Network[:], Validator: s.validator.Name, Leader: n.Set[0].Name, AcceptedSize: m.Head().Size,
			AcceptedRoot: head.Root[:], FinalSize: n.final.Head().Size, TimeUnixMs: m.Head().TimeUnixMs,
		}
		res.Parameters, err = answer.Parameters(ledger.Read(m))
		return err
	})
	return res, err
}

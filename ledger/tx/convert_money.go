package tx

import (
	"fmt"
	"math"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func (f *Fee) proto() *umojav1.Fee {
	if f == nil {
		return nil
	}
	return &umojav1.Fee{Provider: f.Provider[:], ScheduleVersion: f.ScheduleVersion, Amount: uint64(f.Amount)}
}

func feeOf(r *reader, m *umojav1.Fee) *Fee {
	if m == nil {
		return nil
	}
	f := &Fee{ScheduleVersion: m.GetScheduleVersion(), Amount: amount.Amount(m.GetAmount())}
	r.fixed(f.Provider[:], m.GetProvider(), "fee provider")
	return f
}

func limitsProto(limits []TierLimit) []*umojav1.TierLimit {
	var m []*umojav1.TierLimit
	for _, l := range limits {
		m = append(m, &umojav1.TierLimit{Tier: l.Tier, CapTransaction: uint64(l.CapTransaction), CapDay: uint64(l.CapDay)})
	}
	return m
}

func limitsOf(m []*umojav1.TierLimit) []TierLimit {
	var limits []TierLimit
	for _, l := range m {
		limits = append(limits, TierLimit{
			Tier: l.GetTier(), CapTransaction: amount.Amount(l.GetCapTransaction()), CapDay: amount.Amount(l.GetCapDay()),
		})
	}
	return limits
}

func (o DefineAsset) proto() *umojav1.Operation {
	m := &umojav1.DefineAsset{
		Issuer:               o.Issuer[:],
		Code:                 o.Code,
		Scale:                uint32(o.Scale),
		Kind:                 umojav1.AssetKind(o.Kind),
		SpendUntilUnixMs:     o.SpendUntilUnixMs,
		Arbiter:              bytes16(o.Arbiter),
		Limits:               limitsProto(o.Limits),
		ProvisionalInflowDay: uint64(o.ProvisionalInflowDay),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_DefineAsset{DefineAsset: m}}
}

func defineAssetOf(m *umojav1.DefineAsset) (Operation, error) {
	if m.GetScale() > math.MaxUint8 {
		return nil, fmt.Errorf("define_asset scale is %d, above %d: %w", m.GetScale(), amount.MaxScale, ErrMalformed)
	}
	o := DefineAsset{
		Code: m.GetCode(), Scale: uint8(m.GetScale()), Kind: AssetKind(m.GetKind()), SpendUntilUnixMs: m.GetSpendUntilUnixMs(),
		Limits: limitsOf(m.GetLimits()), ProvisionalInflowDay: amount.Amount(m.GetProvisionalInflowDay()),
	}
	r := reader{of: "define_asset"}
	r.fixed(o.Issuer[:], m.GetIssuer(), "issuer")
	o.Arbiter = optional16[AccountID](&r, m.GetArbiter(), "arbiter")
	return o, r.err
}

func (o SetLimits) proto() *umojav1.Operation {
	m := &umojav1.SetLimits{
		Asset:                uint32(o.Asset),
		Issuer:               o.Issuer[:],
		Limits:               limitsProto(o.Limits),
		ProvisionalInflowDay: uint64(o.ProvisionalInflowDay),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_SetLimits{SetLimits: m}}
}

func setLimitsOf(m *umojav1.SetLimits) (Operation, error) {
	o := SetLimits{
		Asset: Asset(m.GetAsset()), Limits: limitsOf(m.GetLimits()), ProvisionalInflowDay: amount.Amount(m.GetProvisionalInflowDay()),
	}
	r := reader{of: "set_limits"}
	r.fixed(o.Issuer[:], m.GetIssuer(), "issuer")
	return o, r.err
}

func (o ListPayee) proto() *umojav1.Operation {
	m := &umojav1.ListPayee{
		Asset:  uint32(o.Asset),
		Issuer: o.Issuer[:],
		Payee:  o.Payee[:],
		Listed: o.Listed,
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_ListPayee{ListPayee: m}}
}

func listPayeeOf(m *umojav1.ListPayee) (Operation, error) {
	o := ListPayee{Asset: Asset(m.GetAsset()), Listed: m.GetListed()}
	r := reader{of: "list_payee"}
	r.fixed(o.Issuer[:], m.GetIssuer(), "issuer")
	r.fixed(o.Payee[:], m.GetPayee(), "payee")
	return o, r.err
}

func (o Issue) proto() *umojav1.Operation {
	m := &umojav1.Issue{
		Asset:  uint32(o.Asset),
		Credit: o.Credit[:],
		Amount: uint64(o.Amount),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Issue{Issue: m}}
}

func issueOf(m *umojav1.Issue) (Operation, error) {
	o := Issue{Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount())}
	r := reader{of: "issue"}
	r.fixed(o.Credit[:], m.GetCredit(), "credit")
	return o, r.err
}

func (o Redeem) proto() *umojav1.Operation {
	m := &umojav1.Redeem{
		Asset:  uint32(o.Asset),
		Issuer: o.Issuer[:],
		Amount: uint64(o.Amount),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Redeem{Redeem: m}}
}

func redeemOf(m *umojav1.Redeem) (Operation, error) {
	o := Redeem{Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount())}
	r := reader{of: "redeem"}
	r.fixed(o.Issuer[:], m.GetIssuer(), "issuer")
	return o, r.err
}

func (o StateReserve) proto() *umojav1.Operation {
	m := &umojav1.StateReserve{
		Asset:        uint32(o.Asset),
		Issuer:       o.Issuer[:],
		Reserve:      uint64(o.Reserve),
		AsOfUnixMs:   o.AsOfUnixMs,
		EvidenceHash: o.EvidenceHash[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_StateReserve{StateReserve: m}}
}

func stateReserveOf(m *umojav1.StateReserve) (Operation, error) {
	o := StateReserve{Asset: Asset(m.GetAsset()), Reserve: amount.Amount(m.GetReserve()), AsOfUnixMs: m.GetAsOfUnixMs()}
	r := reader{of: "state_reserve"}
	r.fixed(o.Issuer[:], m.GetIssuer(), "issuer")
	r.fixed(o.EvidenceHash[:], m.GetEvidenceHash(), "evidence_hash")
	return o, r.err
}

func (o Transfer) proto() *umojav1.Operation {
	m := &umojav1.Transfer{
		Debit:     o.Debit[:],
		Credit:    o.Credit[:],
		Asset:     uint32(o.Asset),
		Amount:    uint64(o.Amount),
		Fee:       o.Fee.proto(),
		Alias:     bytes32(o.Alias),
		Reference: o.Reference,
		Request:   bytes16(o.Request),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Transfer{Transfer: m}}
}

func transferOf(m *umojav1.Transfer) (Operation, error) {
	o := Transfer{Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount()), Reference: m.GetReference()}
	r := reader{of: "transfer"}
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	r.fixed(o.Credit[:], m.GetCredit(), "credit")
	o.Fee = feeOf(&r, m.GetFee())
	o.Alias = optional32[key.Alias](&r, m.GetAlias(), "alias")
	o.Request = optional16[RequestID](&r, m.GetRequest(), "request")
	return o, r.err
}

func (o BulkTransfer) proto() *umojav1.Operation {
	m := &umojav1.BulkTransfer{
		Debit:     o.Debit[:],
		Asset:     uint32(o.Asset),
		Mode:      umojav1.BulkMode(o.Mode),
		Fee:       o.Fee.proto(),
		Reference: o.Reference,
	}
	for i := range o.Legs {
		leg := &o.Legs[i]
		m.Legs = append(m.Legs, &umojav1.BulkLeg{Credit: leg.Credit[:], Amount: uint64(leg.Amount), Alias: bytes32(leg.Alias)})
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_BulkTransfer{BulkTransfer: m}}
}

func bulkTransferOf(m *umojav1.BulkTransfer) (Operation, error) {
	o := BulkTransfer{Asset: Asset(m.GetAsset()), Mode: BulkMode(m.GetMode()), Reference: m.GetReference()}
	r := reader{of: "bulk_transfer"}
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	o.Fee = feeOf(&r, m.GetFee())
	if n := len(m.GetLegs()); n > MaxLegs {
		return nil, fmt.Errorf("bulk_transfer has %d legs, not 1 to %d: %w", n, MaxLegs, ErrMalformed)
	}
	for i, pb := range m.GetLegs() {
		leg := BulkLeg{Amount: amount.Amount(pb.GetAmount())}
		if len(pb.GetCredit()) != len(leg.Credit) {
			r.refuse(fmt.Sprintf("leg %d credit", i), len(leg.Credit), len(pb.GetCredit()))
		}
		if n := len(pb.GetAlias()); n != 0 && n != len(leg.Alias) {
			r.refuse(fmt.Sprintf("leg %d alias", i), len(leg.Alias), n)
		}
		if r.err != nil {
			return nil, r.err
		}
		copy(leg.Credit[:], pb.GetCredit())
		leg.Alias = optional32[key.Alias](&r, pb.GetAlias(), "leg alias")
		o.Legs = append(o.Legs, leg)
	}
	return o, r.err
}

func (o Return) proto() *umojav1.Operation {
	m := &umojav1.Return{
		LeafIndex: o.LeafIndex,
		Leaf:      o.Leaf,
		Operation: o.Operation,
		Debit:     o.Debit[:],
		Credit:    o.Credit[:],
		Asset:     uint32(o.Asset),
		Amount:    uint64(o.Amount),
		Carrier:   bytes16(o.Carrier),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Return{Return: m}}
}

func returnOf(m *umojav1.Return) (Operation, error) {
	o := Return{
		LeafIndex: m.GetLeafIndex(), Leaf: m.GetLeaf(), Operation: m.GetOperation(), Asset: Asset(m.GetAsset()),
		Amount: amount.Amount(m.GetAmount()),
	}
	r := reader{of: "return"}
	r.fixed(o.Debit[:], m.GetDebit(), "debit")
	r.fixed(o.Credit[:], m.GetCredit(), "credit")
	o.Carrier = optional16[AccountID](&r, m.GetCarrier(), "carrier")
	return o, r.err
}

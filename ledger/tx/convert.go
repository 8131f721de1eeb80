package tx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// marshal encodes a message whose fields are all set in canonical form, and checks that the library did: bytes that other
// validators would refuse must never leave this function.
func marshal(m proto.Message, f *form) []byte {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err == nil {
		err = f.check(raw)
	}
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", f.name, err)) // A bug here: the plain types have no other content.
	}
	return raw
}

// Encode gives the canonical bytes of an authority.
func (a Authority) Encode() []byte { return marshal(a.proto(), formAuthority) }

// ParseAuthority reads canonical bytes and checks the static rules.
func ParseAuthority(raw []byte) (Authority, error) {
	a, err := DecodeAuthority(raw)
	if err != nil {
		return Authority{}, err
	}
	return a, a.check()
}

// DecodeAuthority reads canonical bytes that were checked when they were written. It does not check again that the keys
// are on the curve, which costs more than everything else that is done with an account.
func DecodeAuthority(raw []byte) (Authority, error) {
	if err := formAuthority.check(raw); err != nil {
		return Authority{}, err
	}
	var m umojav1.Authority
	if err := proto.Unmarshal(raw, &m); err != nil {
		return Authority{}, fmt.Errorf("authority: %w", ErrNotCanonical)
	}
	return authorityOf(&m)
}

func (a Authority) proto() *umojav1.Authority {
	m := &umojav1.Authority{Threshold: a.Threshold, Attestors: a.Attestors}
	for _, k := range a.Keys {
		m.Keys = append(m.Keys, &umojav1.AuthorityKey{Key: k.Key[:], Weight: k.Weight})
	}
	return m
}

func authorityOf(m *umojav1.Authority) (Authority, error) {
	a := Authority{Threshold: m.GetThreshold(), Attestors: m.GetAttestors()}
	if len(m.GetKeys()) > MaxAuthorityKeys {
		return a, fmt.Errorf("authority has more than %d keys: %w", MaxAuthorityKeys, ErrMalformed)
	}
	for i, k := range m.GetKeys() {
		var public key.Public
		if err := fixed(public[:], k.GetKey(), fmt.Sprintf("authority key %d", i)); err != nil {
			return a, err
		}
		a.Keys = append(a.Keys, AuthorityKey{Key: public, Weight: k.GetWeight()})
	}
	return a, nil
}

// fixed copies bytes that must have exactly the length of to.
func fixed(to, from []byte, field string) error {
	if len(from) != len(to) {
		return fmt.Errorf("%s must be %d bytes, not %d: %w", field, len(to), len(from), ErrMalformed)
	}
	copy(to, from)
	return nil
}

func operationProto(op Operation) *umojav1.Operation {
	switch o := op.(type) {
	case OpenAccount:
		return &umojav1.Operation{Operation: &umojav1.Operation_OpenAccount{OpenAccount: &umojav1.OpenAccount{
			Authority: o.Authority.proto(), Salt: o.Salt[:],
		}}}
	case IssueGrant:
		m := &umojav1.IssueGrant{
			Account: o.Account[:], Grantee: o.Grantee[:], Asset: uint32(o.Asset), CapTransaction: uint64(o.CapTransaction),
			CapDay: uint64(o.CapDay), FeeCeiling: uint64(o.FeeCeiling), ExpiresAtUnixMs: o.ExpiresAtUnixMs,
		}
		for _, allowed := range o.Operations {
			m.Operations = append(m.Operations, umojav1.GrantedOperation(allowed))
		}
		return &umojav1.Operation{Operation: &umojav1.Operation_IssueGrant{IssueGrant: m}}
	case RevokeGrant:
		return &umojav1.Operation{Operation: &umojav1.Operation_RevokeGrant{RevokeGrant: &umojav1.RevokeGrant{
			Account: o.Account[:], Grantee: o.Grantee[:],
		}}}
	case BindAlias:
		return &umojav1.Operation{Operation: &umojav1.Operation_BindAlias{BindAlias: &umojav1.BindAlias{
			Alias: o.Alias[:], Account: o.Account[:], SealedName: o.SealedName[:],
		}}}
	case Issue:
		return &umojav1.Operation{Operation: &umojav1.Operation_Issue{Issue: &umojav1.Issue{
			Asset: uint32(o.Asset), Credit: o.Credit[:], Amount: uint64(o.Amount),
		}}}
	case Transfer:
		m := &umojav1.Transfer{
			Debit: o.Debit[:], Credit: o.Credit[:], Asset: uint32(o.Asset), Amount: uint64(o.Amount), Reference: o.Reference,
		}
		if o.Fee != nil {
			m.Fee = &umojav1.Fee{Provider: o.Fee.Provider[:], ScheduleVersion: o.Fee.ScheduleVersion, Amount: uint64(o.Fee.Amount)}
		}
		if o.Alias != nil {
			m.Alias = o.Alias[:]
		}
		return &umojav1.Operation{Operation: &umojav1.Operation_Transfer{Transfer: m}}
	}
	panic(fmt.Sprintf("operation %T has no encoding", op)) // Operations are the types of this package.
}

func operationOf(m *umojav1.Operation) (Operation, error) {
	switch o := m.GetOperation().(type) {
	case *umojav1.Operation_OpenAccount:
		return openAccountOf(o.OpenAccount)
	case *umojav1.Operation_IssueGrant:
		return issueGrantOf(o.IssueGrant)
	case *umojav1.Operation_RevokeGrant:
		var op RevokeGrant
		if err := fixed(op.Account[:], o.RevokeGrant.GetAccount(), "revoke_grant account"); err != nil {
			return nil, err
		}
		return op, fixed(op.Grantee[:], o.RevokeGrant.GetGrantee(), "revoke_grant grantee")
	case *umojav1.Operation_BindAlias:
		return bindAliasOf(o.BindAlias)
	case *umojav1.Operation_Issue:
		op := Issue{Asset: Asset(o.Issue.GetAsset()), Amount: amount.Amount(o.Issue.GetAmount())}
		return op, fixed(op.Credit[:], o.Issue.GetCredit(), "issue credit")
	case *umojav1.Operation_Transfer:
		return transferOf(o.Transfer)
	}
	return nil, fmt.Errorf("operation is empty: %w", ErrMalformed)
}

func openAccountOf(m *umojav1.OpenAccount) (Operation, error) {
	if m.GetAuthority() == nil {
		return nil, fmt.Errorf("open_account has no authority: %w", ErrMalformed)
	}
	a, err := authorityOf(m.GetAuthority())
	if err != nil {
		return nil, err
	}
	op := OpenAccount{Authority: a}
	err = fixed(op.Salt[:], m.GetSalt(), "open_account salt")
	return op, err
}

func issueGrantOf(m *umojav1.IssueGrant) (Operation, error) {
	op := IssueGrant{
		Asset: Asset(m.GetAsset()), CapTransaction: amount.Amount(m.GetCapTransaction()), CapDay: amount.Amount(m.GetCapDay()),
		FeeCeiling: amount.Amount(m.GetFeeCeiling()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(),
	}
	if len(m.GetOperations()) > len(umojav1.GrantedOperation_name) {
		return nil, fmt.Errorf("issue_grant operations: each once: %w", ErrMalformed)
	}
	for _, allowed := range m.GetOperations() {
		op.Operations = append(op.Operations, GrantedOperation(allowed))
	}
	if err := fixed(op.Account[:], m.GetAccount(), "issue_grant account"); err != nil {
		return nil, err
	}
	err := fixed(op.Grantee[:], m.GetGrantee(), "issue_grant grantee")
	return op, err
}

func bindAliasOf(m *umojav1.BindAlias) (Operation, error) {
	var op BindAlias
	if err := fixed(op.Alias[:], m.GetAlias(), "bind_alias alias"); err != nil {
		return nil, err
	}
	if err := fixed(op.Account[:], m.GetAccount(), "bind_alias account"); err != nil {
		return nil, err
	}
	err := fixed(op.SealedName[:], m.GetSealedName(), "bind_alias sealed_name")
	return op, err
}

func transferOf(m *umojav1.Transfer) (Operation, error) {
	op := Transfer{Asset: Asset(m.GetAsset()), Amount: amount.Amount(m.GetAmount()), Reference: m.GetReference()}
	if err := fixed(op.Debit[:], m.GetDebit(), "transfer debit"); err != nil {
		return nil, err
	}
	if err := fixed(op.Credit[:], m.GetCredit(), "transfer credit"); err != nil {
		return nil, err
	}
	if fee := m.GetFee(); fee != nil {
		op.Fee = &Fee{ScheduleVersion: fee.GetScheduleVersion(), Amount: amount.Amount(fee.GetAmount())}
		if err := fixed(op.Fee.Provider[:], fee.GetProvider(), "transfer fee provider"); err != nil {
			return nil, err
		}
	}
	if len(m.GetAlias()) != 0 {
		op.Alias = new(key.Alias)
		if err := fixed(op.Alias[:], m.GetAlias(), "transfer alias"); err != nil {
			return nil, err
		}
	}
	return op, nil
}

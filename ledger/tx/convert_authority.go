package tx

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

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
	return readAuthority(raw)
}

func (a Authority) proto() *umojav1.Authority {
	return &umojav1.Authority{
		Keys: weightsProto(a.Keys), Threshold: a.Threshold, Attestors: a.Attestors,
		Guardians: weightsProto(a.Guardians), GuardianThreshold: a.GuardianThreshold,
	}
}

func weightsProto(keys []AuthorityKey) []*umojav1.AuthorityKey {
	var m []*umojav1.AuthorityKey
	for i := range keys {
		m = append(m, &umojav1.AuthorityKey{Key: keys[i].Key[:], Weight: keys[i].Weight})
	}
	return m
}

func authorityOf(m *umojav1.Authority) (Authority, error) {
	a := Authority{Threshold: m.GetThreshold(), Attestors: m.GetAttestors(), GuardianThreshold: m.GetGuardianThreshold()}
	var err error
	if a.Keys, err = weightsOf("key", m.GetKeys()); err != nil {
		return a, err
	}
	a.Guardians, err = weightsOf("guardian", m.GetGuardians())
	return a, err
}

func weightsOf(of string, m []*umojav1.AuthorityKey) ([]AuthorityKey, error) {
	if len(m) > MaxAuthorityKeys {
		return nil, tooManyKeys(of, len(m))
	}
	var keys []AuthorityKey
	for i, k := range m {
		one := AuthorityKey{Weight: k.GetWeight()}
		if len(k.GetKey()) != len(one.Key) {
			return nil, badAuthorityKey(of, i, len(k.GetKey()))
		}
		copy(one.Key[:], k.GetKey())
		keys = append(keys, one)
	}
	return keys, nil
}

func tooManyKeys(of string, n int) error {
	return fmt.Errorf("authority %ss are %d, above %d: %w", of, n, MaxAuthorityKeys, ErrMalformed)
}

func badAuthorityKey(of string, at, size int) error {
	return fmt.Errorf("authority %s %d must be %d bytes, not %d: %w", of, at, len(key.Public{}), size, ErrMalformed)
}

// authority reads an authority that must be there.
func (r *reader) authority(m *umojav1.Authority) Authority {
	if m == nil {
		r.missing("authority")
		return Authority{}
	}
	a, err := authorityOf(m)
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("%s: %w", r.of, err)
	}
	return a
}

func (o OpenAccount) proto() *umojav1.Operation {
	m := &umojav1.OpenAccount{
		Authority: o.Authority.proto(),
		Salt:      o.Salt[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_OpenAccount{OpenAccount: m}}
}

func openAccountOf(m *umojav1.OpenAccount) (Operation, error) {
	var o OpenAccount
	r := reader{of: "open_account"}
	r.fixed(o.Salt[:], m.GetSalt(), "salt")
	o.Authority = r.authority(m.GetAuthority())
	return o, r.err
}

func (o SetAuthority) proto() *umojav1.Operation {
	m := &umojav1.SetAuthority{
		Authority: o.Authority.proto(),
		Account:   o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_SetAuthority{SetAuthority: m}}
}

func setAuthorityOf(m *umojav1.SetAuthority) (Operation, error) {
	var o SetAuthority
	r := reader{of: "set_authority"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	o.Authority = r.authority(m.GetAuthority())
	return o, r.err
}

func (o StartRecovery) proto() *umojav1.Operation {
	m := &umojav1.StartRecovery{
		Authority: o.Authority.proto(),
		Account:   o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_StartRecovery{StartRecovery: m}}
}

func startRecoveryOf(m *umojav1.StartRecovery) (Operation, error) {
	var o StartRecovery
	r := reader{of: "start_recovery"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	o.Authority = r.authority(m.GetAuthority())
	return o, r.err
}

func (o IssueGrant) proto() *umojav1.Operation {
	return &umojav1.Operation{Operation: &umojav1.Operation_IssueGrant{IssueGrant: o.message()}}
}

func (o IssueGrant) message() *umojav1.IssueGrant {
	m := &umojav1.IssueGrant{
		Account: o.Account[:], Grantee: o.Grantee[:], Asset: uint32(o.Asset), CapTransaction: uint64(o.CapTransaction),
		CapDay: uint64(o.CapDay), FeeCeiling: uint64(o.FeeCeiling), ExpiresAtUnixMs: o.ExpiresAtUnixMs,
	}
	for _, allowed := range o.Operations {
		m.Operations = append(m.Operations, umojav1.GrantedOperation(allowed))
	}
	return m
}

func issueGrantOf(m *umojav1.IssueGrant) (Operation, error) {
	r := reader{of: "issue_grant"}
	o := grantOf(&r, m, "")
	return o, r.err
}

// grantOf reads a grant; prefix is where it stands in the message.
func grantOf(r *reader, m *umojav1.IssueGrant, prefix string) IssueGrant {
	o := IssueGrant{
		Asset: Asset(m.GetAsset()), CapTransaction: amount.Amount(m.GetCapTransaction()), CapDay: amount.Amount(m.GetCapDay()),
		FeeCeiling: amount.Amount(m.GetFeeCeiling()), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(),
	}
	for _, allowed := range m.GetOperations() {
		o.Operations = append(o.Operations, GrantedOperation(allowed))
	}
	r.fixed(o.Account[:], m.GetAccount(), prefix+"account")
	r.fixed(o.Grantee[:], m.GetGrantee(), prefix+"grantee")
	return o
}

func (o RevokeGrant) proto() *umojav1.Operation {
	m := &umojav1.RevokeGrant{
		Account: o.Account[:],
		Grantee: o.Grantee[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_RevokeGrant{RevokeGrant: m}}
}

func revokeGrantOf(m *umojav1.RevokeGrant) (Operation, error) {
	var o RevokeGrant
	r := reader{of: "revoke_grant"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	r.fixed(o.Grantee[:], m.GetGrantee(), "grantee")
	return o, r.err
}

func (o SetTier) proto() *umojav1.Operation {
	m := &umojav1.SetTier{
		Account:         o.Account[:],
		Tier:            o.Tier,
		CheckedAtUnixMs: o.CheckedAtUnixMs,
		EvidenceHash:    o.EvidenceHash[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_SetTier{SetTier: m}}
}

func setTierOf(m *umojav1.SetTier) (Operation, error) {
	o := SetTier{Tier: m.GetTier(), CheckedAtUnixMs: m.GetCheckedAtUnixMs()}
	r := reader{of: "set_tier"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	r.fixed(o.EvidenceHash[:], m.GetEvidenceHash(), "evidence_hash")
	return o, r.err
}

func (o CancelRecovery) proto() *umojav1.Operation {
	m := &umojav1.CancelRecovery{
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_CancelRecovery{CancelRecovery: m}}
}

func cancelRecoveryOf(m *umojav1.CancelRecovery) (Operation, error) {
	var o CancelRecovery
	r := reader{of: "cancel_recovery"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}

func (o CompleteRecovery) proto() *umojav1.Operation {
	m := &umojav1.CompleteRecovery{
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_CompleteRecovery{CompleteRecovery: m}}
}

func completeRecoveryOf(m *umojav1.CompleteRecovery) (Operation, error) {
	var o CompleteRecovery
	r := reader{of: "complete_recovery"}
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}

package tx

import (
	"crypto/ed25519"
	"fmt"

	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func (o Propose) proto() *umojav1.Operation {
	m := &umojav1.Propose{
		Validator: o.Validator, Decision: o.Decision.decisionProto(), ExpiresAtUnixMs: o.ExpiresAtUnixMs,
		EffectiveAtUnixMs: o.EffectiveAtUnixMs, EvidenceHash: bytes32(o.EvidenceHash),
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Propose{Propose: m}}
}

func proposeOf(m *umojav1.Propose) (Operation, error) {
	o := Propose{Validator: m.GetValidator(), ExpiresAtUnixMs: m.GetExpiresAtUnixMs(), EffectiveAtUnixMs: m.GetEffectiveAtUnixMs()}
	if m.GetDecision() == nil {
		return nil, fmt.Errorf("propose has no decision: %w", ErrMalformed)
	}
	r := reader{of: "propose"}
	o.EvidenceHash = optional32[[32]byte](&r, m.GetEvidenceHash(), "evidence_hash")
	if r.err != nil {
		return nil, r.err
	}
	var err error
	o.Decision, err = decisionOf(m.GetDecision())
	return o, err
}

func (o Vote) proto() *umojav1.Operation {
	m := &umojav1.Vote{
		Ballot:    o.Ballot[:],
		Validator: o.Validator,
		Yes:       o.Yes,
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_Vote{Vote: m}}
}

func voteOf(m *umojav1.Vote) (Operation, error) {
	o := Vote{Validator: m.GetValidator(), Yes: m.GetYes()}
	r := reader{of: "vote"}
	r.fixed(o.Ballot[:], m.GetBallot(), "ballot")
	return o, r.err
}

// EncodeDecision gives the canonical bytes of a decision.
func EncodeDecision(d Decision) []byte { return marshal(d.decisionProto(), formDecision) }

// DecodeDecision reads canonical bytes that were checked when they were written.
func DecodeDecision(raw []byte) (Decision, error) {
	var m umojav1.Decision
	if err := unmarshal(raw, &m, formDecision); err != nil {
		return nil, err
	}
	return decisionOf(&m)
}

func decisionOf(m *umojav1.Decision) (Decision, error) {
	switch d := m.GetDecision().(type) {
	case *umojav1.Decision_SetValidators:
		return setValidatorsOf(d.SetValidators)
	case *umojav1.Decision_SetParameter:
		return SetParameter{Parameter: Parameter(d.SetParameter.GetParameter()), Value: d.SetParameter.GetValue()}, nil
	case *umojav1.Decision_SetRules:
		return SetRules{Version: d.SetRules.GetVersion()}, nil
	case *umojav1.Decision_SetIssuer:
		o := SetIssuer{Issuer: d.SetIssuer.GetIssuer()}
		return o, fixed(o.Account[:], d.SetIssuer.GetAccount(), "set_issuer account")
	case *umojav1.Decision_SetAttestor:
		if d.SetAttestor.GetAttestor() == nil {
			return nil, fmt.Errorf("set_attestor has no attestor: %w", ErrMalformed)
		}
		a, err := attestorOf(d.SetAttestor.GetAttestor())
		return SetAttestor{Attestor: a}, err
	case *umojav1.Decision_RemoveAttestor:
		var o RemoveAttestor
		return o, fixed(o.Account[:], d.RemoveAttestor.GetAccount(), "remove_attestor account")
	case *umojav1.Decision_Freeze:
		o := Freeze{UntilUnixMs: d.Freeze.GetUntilUnixMs()}
		r := reader{of: "freeze"}
		r.fixed(o.Account[:], d.Freeze.GetAccount(), "account")
		r.fixed(o.EvidenceHash[:], d.Freeze.GetEvidenceHash(), "evidence_hash")
		return o, r.err
	case *umojav1.Decision_SetPool:
		o := SetPool{Shares: d.SetPool.GetShares()}
		r := reader{of: "set_pool"}
		r.fixed(o.Provider[:], d.SetPool.GetProvider(), "provider")
		return o, r.err
	}
	return nil, fmt.Errorf("decision is empty: %w", ErrMalformed)
}

func setValidatorsOf(m *umojav1.SetValidators) (Decision, error) {
	if n := len(m.GetValidators()); n > MaxValidators {
		return nil, fmt.Errorf("set_validators has %d validators, above %d: %w", n, MaxValidators, ErrMalformed)
	}
	var o SetValidators
	r := reader{of: "set_validators"}
	for _, v := range m.GetValidators() {
		g := Governor{Name: v.GetName(), PeerAddress: v.GetPeerAddress(), Key: make(ed25519.PublicKey, ed25519.PublicKeySize)}
		r.fixed(g.Key, v.GetKey(), "key")
		r.fixed(g.TLSKeyHash[:], v.GetTlsKeyHash(), "tls_key_hash")
		r.fixed(g.Account[:], v.GetAccount(), "account")
		o.Validators = append(o.Validators, g)
	}
	return o, r.err
}

func (d SetValidators) decisionProto() *umojav1.Decision {
	m := &umojav1.SetValidators{}
	for i := range d.Validators {
		v := &d.Validators[i]
		m.Validators = append(m.Validators, &umojav1.Governor{
			Name: v.Name, Key: v.Key, TlsKeyHash: v.TLSKeyHash[:], Account: v.Account[:], PeerAddress: v.PeerAddress,
		})
	}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetValidators{SetValidators: m}}
}

func (d SetParameter) decisionProto() *umojav1.Decision {
	m := &umojav1.SetParameter{Parameter: umojav1.Parameter(d.Parameter), Value: d.Value}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetParameter{SetParameter: m}}
}

func (d SetRules) decisionProto() *umojav1.Decision {
	m := &umojav1.SetRules{Version: d.Version}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetRules{SetRules: m}}
}

func (d SetIssuer) decisionProto() *umojav1.Decision {
	m := &umojav1.SetIssuer{Account: d.Account[:], Issuer: d.Issuer}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetIssuer{SetIssuer: m}}
}

func (d SetAttestor) decisionProto() *umojav1.Decision {
	m := &umojav1.SetAttestor{Attestor: d.Attestor.message()}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetAttestor{SetAttestor: m}}
}

func (d RemoveAttestor) decisionProto() *umojav1.Decision {
	m := &umojav1.RemoveAttestor{Account: d.Account[:]}
	return &umojav1.Decision{Decision: &umojav1.Decision_RemoveAttestor{RemoveAttestor: m}}
}

func (d Freeze) decisionProto() *umojav1.Decision {
	m := &umojav1.Freeze{Account: d.Account[:], UntilUnixMs: d.UntilUnixMs, EvidenceHash: d.EvidenceHash[:]}
	return &umojav1.Decision{Decision: &umojav1.Decision_Freeze{Freeze: m}}
}

func (d SetPool) decisionProto() *umojav1.Decision {
	m := &umojav1.SetPool{Provider: d.Provider[:], Shares: d.Shares}
	return &umojav1.Decision{Decision: &umojav1.Decision_SetPool{SetPool: m}}
}

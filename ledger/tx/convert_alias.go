package tx

import (
	"github.com/umoja-ledger/umoja/ledger/key"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func (o BindAlias) proto() *umojav1.Operation {
	m := &umojav1.BindAlias{
		Alias:      o.Alias[:],
		Account:    o.Account[:],
		SealedName: o.SealedName[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_BindAlias{BindAlias: m}}
}

func bindAliasOf(m *umojav1.BindAlias) (Operation, error) {
	var o BindAlias
	r := reader{of: "bind_alias"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	r.fixed(o.SealedName[:], m.GetSealedName(), "sealed_name")
	return o, r.err
}

func (o AttestAlias) proto() *umojav1.Operation {
	m := &umojav1.AttestAlias{
		Alias:      o.Alias[:],
		Account:    o.Account[:],
		SealedName: o.SealedName[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_AttestAlias{AttestAlias: m}}
}

func attestAliasOf(m *umojav1.AttestAlias) (Operation, error) {
	var o AttestAlias
	r := reader{of: "attest_alias"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	r.fixed(o.SealedName[:], m.GetSealedName(), "sealed_name")
	return o, r.err
}

func (o ReleaseAlias) proto() *umojav1.Operation {
	m := &umojav1.ReleaseAlias{
		Alias:   o.Alias[:],
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_ReleaseAlias{ReleaseAlias: m}}
}

func releaseAliasOf(m *umojav1.ReleaseAlias) (Operation, error) {
	var o ReleaseAlias
	r := reader{of: "release_alias"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}

func (o StartMove) proto() *umojav1.Operation {
	m := &umojav1.StartMove{
		Alias:      o.Alias[:],
		From:       o.From[:],
		To:         o.To[:],
		OldGrantee: bytes32(o.OldGrantee),
	}
	if o.Grant != nil {
		m.Grant = o.Grant.message()
	}
	if o.SealedName != nil {
		m.SealedName = o.SealedName[:]
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_StartMove{StartMove: m}}
}

func startMoveOf(m *umojav1.StartMove) (Operation, error) {
	var o StartMove
	r := reader{of: "start_move"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.From[:], m.GetFrom(), "from")
	r.fixed(o.To[:], m.GetTo(), "to")
	o.OldGrantee = optional32[key.Public](&r, m.GetOldGrantee(), "old_grantee")
	if m.GetGrant() != nil {
		grant := grantOf(&r, m.GetGrant(), "grant ")
		o.Grant = &grant
	}
	if len(m.GetSealedName()) != 0 {
		o.SealedName = new(key.SealedName)
		r.fixed(o.SealedName[:], m.GetSealedName(), "sealed_name")
	}
	return o, r.err
}

func (o CancelMove) proto() *umojav1.Operation {
	m := &umojav1.CancelMove{
		Alias:   o.Alias[:],
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_CancelMove{CancelMove: m}}
}

func cancelMoveOf(m *umojav1.CancelMove) (Operation, error) {
	var o CancelMove
	r := reader{of: "cancel_move"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}

func (o ConfirmMove) proto() *umojav1.Operation {
	m := &umojav1.ConfirmMove{
		Alias:   o.Alias[:],
		Account: o.Account[:],
	}
	return &umojav1.Operation{Operation: &umojav1.Operation_ConfirmMove{ConfirmMove: m}}
}

func confirmMoveOf(m *umojav1.ConfirmMove) (Operation, error) {
	var o ConfirmMove
	r := reader{of: "confirm_move"}
	r.fixed(o.Alias[:], m.GetAlias(), "alias")
	r.fixed(o.Account[:], m.GetAccount(), "account")
	return o, r.err
}

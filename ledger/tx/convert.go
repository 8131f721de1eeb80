package tx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

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

// unmarshal reads a message in canonical form.
func unmarshal(raw []byte, m proto.Message, f *form) error {
	if err := f.check(raw); err != nil {
		return err
	}
	if err := proto.Unmarshal(raw, m); err != nil {
		return fmt.Errorf("%s: %w", f.name, ErrNotCanonical) // Cannot happen: the walker accepts less than the library.
	}
	return nil
}

// fixed copies bytes that must have exactly the length of to.
func fixed(to, from []byte, field string) error {
	if len(from) != len(to) {
		return fmt.Errorf("%s must be %d bytes, not %d: %w", field, len(to), len(from), ErrMalformed)
	}
	copy(to, from)
	return nil
}

// reader copies the bytes of a message and keeps the first error, which names the message and the field.
type reader struct {
	of  string
	err error
}

// fixed copies bytes that must be there.
func (r *reader) fixed(to, from []byte, field string) {
	if len(from) != len(to) {
		r.refuse(field, len(to), len(from))
		return
	}
	copy(to, from)
}

func (r *reader) refuse(field string, want, got int) {
	if r.err == nil {
		r.err = fmt.Errorf("%s %s must be %d bytes, not %d: %w", r.of, field, want, got, ErrMalformed)
	}
}

// missing notes that a message is not there.
func (r *reader) missing(field string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s has no %s: %w", r.of, field, ErrMalformed)
	}
}

// optional16 copies bytes that may be absent.
func optional16[T ~[16]byte](r *reader, from []byte, field string) *T {
	if len(from) == 0 {
		return nil
	}
	to := new(T)
	r.fixed((*to)[:], from, field)
	return to
}

// optional32 copies bytes that may be absent.
func optional32[T ~[32]byte](r *reader, from []byte, field string) *T {
	if len(from) == 0 {
		return nil
	}
	to := new(T)
	r.fixed((*to)[:], from, field)
	return to
}

// bytes16 is the bytes of a value, or none.
func bytes16[T ~[16]byte](v *T) []byte {
	if v == nil {
		return nil
	}
	return (*v)[:]
}

// bytes32 is the bytes of a value, or none.
func bytes32[T ~[32]byte](v *T) []byte {
	if v == nil {
		return nil
	}
	return (*v)[:]
}

func operationOf(m *umojav1.Operation) (Operation, error) {
	switch o := m.GetOperation().(type) {
	case *umojav1.Operation_OpenAccount:
		return openAccountOf(o.OpenAccount)
	case *umojav1.Operation_IssueGrant:
		return issueGrantOf(o.IssueGrant)
	case *umojav1.Operation_RevokeGrant:
		return revokeGrantOf(o.RevokeGrant)
	case *umojav1.Operation_BindAlias:
		return bindAliasOf(o.BindAlias)
	case *umojav1.Operation_Issue:
		return issueOf(o.Issue)
	case *umojav1.Operation_Transfer:
		return transferOf(o.Transfer)
	case *umojav1.Operation_SetAuthority:
		return setAuthorityOf(o.SetAuthority)
	case *umojav1.Operation_SetTier:
		return setTierOf(o.SetTier)
	case *umojav1.Operation_StartRecovery:
		return startRecoveryOf(o.StartRecovery)
	case *umojav1.Operation_CancelRecovery:
		return cancelRecoveryOf(o.CancelRecovery)
	case *umojav1.Operation_CompleteRecovery:
		return completeRecoveryOf(o.CompleteRecovery)
	case *umojav1.Operation_AttestAlias:
		return attestAliasOf(o.AttestAlias)
	case *umojav1.Operation_ReleaseAlias:
		return releaseAliasOf(o.ReleaseAlias)
	case *umojav1.Operation_StartMove:
		return startMoveOf(o.StartMove)
	case *umojav1.Operation_CancelMove:
		return cancelMoveOf(o.CancelMove)
	case *umojav1.Operation_ConfirmMove:
		return confirmMoveOf(o.ConfirmMove)
	case *umojav1.Operation_DefineAsset:
		return defineAssetOf(o.DefineAsset)
	case *umojav1.Operation_SetLimits:
		return setLimitsOf(o.SetLimits)
	case *umojav1.Operation_ListPayee:
		return listPayeeOf(o.ListPayee)
	case *umojav1.Operation_Redeem:
		return redeemOf(o.Redeem)
	case *umojav1.Operation_StateReserve:
		return stateReserveOf(o.StateReserve)
	case *umojav1.Operation_BulkTransfer:
		return bulkTransferOf(o.BulkTransfer)
	case *umojav1.Operation_PlaceHold:
		return placeHoldOf(o.PlaceHold)
	case *umojav1.Operation_CaptureHold:
		return captureHoldOf(o.CaptureHold)
	case *umojav1.Operation_ReleaseHold:
		return releaseHoldOf(o.ReleaseHold)
	case *umojav1.Operation_RequestPayment:
		return requestPaymentOf(o.RequestPayment)
	case *umojav1.Operation_DeclineRequest:
		return declineRequestOf(o.DeclineRequest)
	case *umojav1.Operation_Return:
		return returnOf(o.Return)
	case *umojav1.Operation_RegisterProvider:
		return registerProviderOf(o.RegisterProvider)
	case *umojav1.Operation_PublishFees:
		return publishFeesOf(o.PublishFees)
	case *umojav1.Operation_Propose:
		return proposeOf(o.Propose)
	case *umojav1.Operation_Vote:
		return voteOf(o.Vote)
	}
	return nil, fmt.Errorf("operation is empty: %w", ErrMalformed)
}

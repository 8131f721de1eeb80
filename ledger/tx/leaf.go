package tx

import (
	"bytes"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Header is the leaf that ends a batch.
type Header struct {
	Batch            uint64
	TimeUnixMs       uint64
	StateRoot        [32]byte
	ValidatorSetHash [32]byte
	RulesVersion     uint32
	// BatchHash is the batch's; for the genesis the network id.
	BatchHash BatchHash
	Epoch     uint64
}

// Record is the leaf of a transaction.
type Record struct {
	// Envelope is the bytes as received.
	Envelope []byte
	Result   Result
	// PostStates are ascending by account and asset; empty for a refusal.
	PostStates []PostState
}

// PostState is a balance as a transaction left it.
type PostState struct {
	Account      AccountID
	Asset        Asset
	Posted, Held amount.Amount
	// PreviousLeaf touched this balance before; 0 when none did since the genesis.
	PreviousLeaf uint64
}

// EffectKind names what ledger time does by itself.
type EffectKind uint32

// What ledger time does by itself; leaf.proto says what each means.
const (
	HoldReturned      = EffectKind(umojav1.EffectKind_EFFECT_KIND_HOLD_RETURNED)
	HoldCompleted     = EffectKind(umojav1.EffectKind_EFFECT_KIND_HOLD_COMPLETED)
	RequestExpired    = EffectKind(umojav1.EffectKind_EFFECT_KIND_REQUEST_EXPIRED)
	MoveCompleted     = EffectKind(umojav1.EffectKind_EFFECT_KIND_MOVE_COMPLETED)
	MoveLapsed        = EffectKind(umojav1.EffectKind_EFFECT_KIND_MOVE_LAPSED)
	RecoveryCompleted = EffectKind(umojav1.EffectKind_EFFECT_KIND_RECOVERY_COMPLETED)
	RecoveryLapsed    = EffectKind(umojav1.EffectKind_EFFECT_KIND_RECOVERY_LAPSED)
	VoucherReturned   = EffectKind(umojav1.EffectKind_EFFECT_KIND_VOUCHER_RETURNED)
	BallotEffective   = EffectKind(umojav1.EffectKind_EFFECT_KIND_BALLOT_EFFECTIVE)
	BallotLapsed      = EffectKind(umojav1.EffectKind_EFFECT_KIND_BALLOT_LAPSED)
	GrantExpired      = EffectKind(umojav1.EffectKind_EFFECT_KIND_GRANT_EXPIRED)
)

// Effect is the leaf of what ledger time did by itself.
type Effect struct {
	Kind       EffectKind
	DueUnixMs  uint64
	Subject    []byte     // leaf.proto says which, by kind
	Debit      *AccountID // nil when nothing moved or was given back
	Credit     *AccountID // nil when nothing moved
	Asset      Asset      // 0 when nothing moved or was given back
	Amount     amount.Amount
	PostStates []PostState
	// Accounts are others that it concerns. Invariant: ascending, each once, at most 2.
	Accounts []AccountID
}

// Leaf is one record of the history: exactly one of its parts is set.
type Leaf struct {
	Header *Header
	Record *Record
	Effect *Effect
}

// Encode gives the canonical bytes of a header leaf.
func (h Header) Encode() []byte {
	return marshal(&umojav1.Leaf{Leaf: &umojav1.Leaf_Header{Header: &umojav1.HeaderLeaf{
		Batch: h.Batch, TimeUnixMs: h.TimeUnixMs, StateRoot: h.StateRoot[:],
		ValidatorSetHash: h.ValidatorSetHash[:], RulesVersion: h.RulesVersion,
		BatchHash: h.BatchHash[:], Epoch: h.Epoch,
	}}}, formLeaf)
}

// Encode gives the canonical bytes of an effect leaf.
func (e Effect) Encode() []byte {
	m := &umojav1.EffectLeaf{
		Kind: umojav1.EffectKind(e.Kind), DueAtUnixMs: e.DueUnixMs, Subject: e.Subject, Debit: bytes16(e.Debit),
		Credit: bytes16(e.Credit), Asset: uint32(e.Asset), Amount: uint64(e.Amount), PostStates: postStatesProto(e.PostStates),
	}
	for i := range e.Accounts {
		m.Accounts = append(m.Accounts, e.Accounts[i][:])
	}
	return marshal(&umojav1.Leaf{Leaf: &umojav1.Leaf_Effect{Effect: m}}, formLeaf)
}

func postStatesProto(states []PostState) []*umojav1.PostState {
	var m []*umojav1.PostState
	for i := range states {
		p := &states[i]
		m = append(m, &umojav1.PostState{
			Account: p.Account[:], Asset: uint32(p.Asset), Posted: uint64(p.Posted), Held: uint64(p.Held), PreviousLeaf: p.PreviousLeaf,
		})
	}
	return m
}

// ParseLeaf reads canonical bytes and checks the static rules. The envelope inside is not parsed.
func ParseLeaf(raw []byte) (Leaf, error) {
	if len(raw) > MaxLeafBytes {
		return Leaf{}, fmt.Errorf("leaf is %d bytes, above %d: %w", len(raw), MaxLeafBytes, ErrTooLarge)
	}
	var m umojav1.Leaf
	if err := unmarshal(raw, &m, formLeaf); err != nil {
		return Leaf{}, err
	}
	var leaf Leaf
	var err error
	switch l := m.GetLeaf().(type) {
	case *umojav1.Leaf_Header:
		leaf.Header, err = headerOf(l.Header)
	case *umojav1.Leaf_Transaction:
		leaf.Record, err = recordOf(l.Transaction)
	case *umojav1.Leaf_Effect:
		leaf.Effect, err = effectOf(l.Effect)
	default:
		err = fmt.Errorf("leaf is empty: %w", ErrMalformed)
	}
	if err != nil {
		return Leaf{}, err
	}
	return leaf, nil
}

func headerOf(m *umojav1.HeaderLeaf) (*Header, error) {
	h := &Header{Batch: m.GetBatch(), TimeUnixMs: m.GetTimeUnixMs(), RulesVersion: m.GetRulesVersion(), Epoch: m.GetEpoch()}
	r := reader{of: "header"}
	r.fixed(h.StateRoot[:], m.GetStateRoot(), "state_root")
	r.fixed(h.ValidatorSetHash[:], m.GetValidatorSetHash(), "validator_set_hash")
	r.fixed(h.BatchHash[:], m.GetBatchHash(), "batch_hash")
	return h, r.err
}

func recordOf(m *umojav1.TransactionLeaf) (*Record, error) {
	r := &Record{Envelope: m.GetEnvelope()}
	var err error
	if r.Result, err = resultOf(m.GetResult()); err != nil {
		return nil, err
	}
	if r.PostStates, err = postStatesOf(m.GetPostStates()); err != nil {
		return nil, err
	}
	if r.Result.Code != OK && len(r.PostStates) != 0 {
		return nil, fmt.Errorf("transaction leaf of a refusal has post_states: %w", ErrMalformed)
	}
	return r, nil
}

func resultOf(m *umojav1.Result) (Result, error) {
	r := Result{Code: Code(m.GetCode()), Operation: m.GetOperation()}
	switch {
	case r.Code == 0:
		return r, fmt.Errorf("transaction leaf has no result: %w", ErrMalformed)
	case r.Code == OK && r.Operation != 0:
		return r, fmt.Errorf("result operation must be zero for OK: %w", ErrMalformed)
	case r.Code != OK && len(m.GetLegs()) != 0:
		return r, fmt.Errorf("result of a refusal has legs: %w", ErrMalformed)
	}
	for i, pb := range m.GetLegs() {
		leg := LegResult{Operation: pb.GetOperation(), Leg: pb.GetLeg(), Code: Code(pb.GetCode())}
		if leg.Code == 0 || leg.Code == OK {
			return r, fmt.Errorf("result leg %d is no refusal: %w", i, ErrMalformed)
		}
		if i > 0 && !r.Legs[i-1].before(leg) {
			return r, fmt.Errorf("result legs out of order or twice: %w", ErrMalformed)
		}
		r.Legs = append(r.Legs, leg)
	}
	return r, nil
}

func (l LegResult) before(other LegResult) bool {
	return l.Operation < other.Operation || l.Operation == other.Operation && l.Leg < other.Leg
}

func postStatesOf(m []*umojav1.PostState) ([]PostState, error) {
	var states []PostState
	r := reader{of: "post_state"}
	for i, pb := range m {
		p := PostState{
			Asset: Asset(pb.GetAsset()), Posted: amount.Amount(pb.GetPosted()), Held: amount.Amount(pb.GetHeld()),
			PreviousLeaf: pb.GetPreviousLeaf(),
		}
		if r.fixed(p.Account[:], pb.GetAccount(), "account"); r.err != nil {
			return nil, r.err
		}
		switch {
		case p.Asset == 0:
			return nil, checkAsset("post_state", p.Asset)
		case p.Posted > amount.Max || p.Held > p.Posted:
			return nil, fmt.Errorf("post_state must be held <= posted < 2^63: %w", ErrMalformed)
		case i > 0 && !states[i-1].before(p):
			return nil, fmt.Errorf("post_states out of order or twice: %w", ErrMalformed)
		}
		states = append(states, p)
	}
	return states, nil
}

func (p PostState) before(other PostState) bool {
	c := bytes.Compare(p.Account[:], other.Account[:])
	return c < 0 || c == 0 && p.Asset < other.Asset
}

// shapes says, by kind, how long the subject of an effect is and whether it names a debit and a credit.
var shapes = map[EffectKind]struct {
	bytes         int
	debit, credit bool
}{
	HoldReturned:      {16, true, false},
	HoldCompleted:     {16, true, true},
	RequestExpired:    {16, false, false},
	MoveCompleted:     {32, false, false},
	MoveLapsed:        {32, false, false},
	RecoveryCompleted: {16, false, false},
	RecoveryLapsed:    {16, false, false},
	VoucherReturned:   {20, true, true},
	BallotEffective:   {16, false, false},
	BallotLapsed:      {16, false, false},
	GrantExpired:      {48, false, false},
}

func effectOf(m *umojav1.EffectLeaf) (*Effect, error) {
	e := &Effect{
		Kind: EffectKind(m.GetKind()), DueUnixMs: m.GetDueAtUnixMs(), Subject: m.GetSubject(), Asset: Asset(m.GetAsset()),
		Amount: amount.Amount(m.GetAmount()),
	}
	r := reader{of: "effect"}
	e.Debit = optional16[AccountID](&r, m.GetDebit(), "debit")
	e.Credit = optional16[AccountID](&r, m.GetCredit(), "credit")
	if len(m.GetAccounts()) > 2 {
		return nil, fmt.Errorf("effect has more than 2 accounts: %w", ErrMalformed)
	}
	for i, raw := range m.GetAccounts() {
		var id AccountID
		if r.fixed(id[:], raw, "accounts"); i > 0 && bytes.Compare(e.Accounts[i-1][:], id[:]) >= 0 {
			return nil, fmt.Errorf("effect accounts out of order or twice: %w", ErrMalformed)
		}
		e.Accounts = append(e.Accounts, id)
	}
	if r.err != nil {
		return nil, r.err
	}
	shape, known := shapes[e.Kind]
	switch {
	case !known:
		return nil, fmt.Errorf("effect kind is unknown: %w", ErrMalformed)
	case len(e.Subject) != shape.bytes:
		return nil, fmt.Errorf("effect subject must be %d bytes, not %d: %w", shape.bytes, len(e.Subject), ErrMalformed)
	case (e.Debit != nil) != shape.debit:
		return nil, fmt.Errorf("effect debit must be there exactly when units move or are given back: %w", ErrMalformed)
	case (e.Credit != nil) != shape.credit:
		return nil, fmt.Errorf("effect credit must be there exactly when units move: %w", ErrMalformed)
	case (e.Asset != 0) != shape.debit:
		return nil, fmt.Errorf("effect asset must be there exactly when units move or are given back: %w", ErrMalformed)
	case e.Amount > amount.Max || e.Amount != 0 && !shape.debit:
		return nil, fmt.Errorf("effect amount must be < 2^63, and zero when nothing moves: %w", ErrMalformed)
	}
	var err error
	e.PostStates, err = postStatesOf(m.GetPostStates())
	return e, err
}

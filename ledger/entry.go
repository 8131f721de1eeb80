package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The state is a set of entries. A key is one letter and the parts that name the entry; a value is its fields in order.
// Integers are big-endian and of fixed width, so that keys sort by number; only a last field has variable length
// (SPEC.md 6 has the table).
//
//	a account(16)              → number(8) authority(…)
//	# number(8)                → account(16)
//	b account(16) asset(4)     → posted(8) held(8) last leaf(8)
//	n "accounts"               → accounts opened(8)
//	g account(16) grantee(32)  → asset(4) cap tx(8) cap day(8) fee ceiling(8) expires(8) day(8) used(8) operations(4)
//	l alias(32)                → account(16) attested(1) sealed name(60)
//	k provider key(32)         → provider account(16)
//	p provider account(16)     → key(32) name(…)
//	f provider(16) version(4)  → asset(4) flat(8) effective(8) replaced(8)
//	s asset(4)                 → supply(8) scale(1) issuer(16) code(…)
//	t asset(4)                 → cap tx(8) cap day(8)
//	r                          → rules version(4) day offset minutes(4, two's complement)
//	v                          → validator set (canonical)
//	x expires(8) id(32)        → leaf(8) code(4) operation(4)
const (
	kindAccount  = 'a'
	kindNumber   = '#'
	kindBalance  = 'b'
	kindCounter  = 'n'
	kindGrant    = 'g'
	kindAlias    = 'l'
	kindKey      = 'k'
	kindProvider = 'p'
	kindFees     = 'f'
	kindAsset    = 's'
	kindTier     = 't'
	kindRules    = 'r'
	kindSet      = 'v'
	kindSeen     = 'x'
)

var counterAccounts = append([]byte{kindCounter}, "accounts"...)

func keyAccount(a tx.AccountID) []byte    { return append([]byte{kindAccount}, a[:]...) }
func keyNumber(n tx.AccountNumber) []byte { return put64([]byte{kindNumber}, uint64(n)) }
func keyAlias(a key.Alias) []byte         { return append([]byte{kindAlias}, a[:]...) }
func keyProviderKey(k key.Public) []byte  { return append([]byte{kindKey}, k[:]...) }
func keyProvider(a tx.AccountID) []byte   { return append([]byte{kindProvider}, a[:]...) }
func keyAsset(n tx.Asset) []byte          { return put32([]byte{kindAsset}, uint32(n)) }
func keyTier(n tx.Asset) []byte           { return put32([]byte{kindTier}, uint32(n)) }
func keySeen(expires uint64, id tx.ID) []byte {
	return append(put64([]byte{kindSeen}, expires), id[:]...)
}

func keyBalance(a tx.AccountID, n tx.Asset) []byte {
	return put32(append([]byte{kindBalance}, a[:]...), uint32(n))
}

func keyGrant(a tx.AccountID, grantee key.Public) []byte {
	return append(append([]byte{kindGrant}, a[:]...), grantee[:]...)
}

func keyFees(provider tx.AccountID, version uint32) []byte {
	return put32(append([]byte{kindFees}, provider[:]...), version)
}

func put64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }
func put32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }

// reader takes the fields of a value apart. After the last field, end says whether the value had exactly these.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if len(r.rest) < n {
		r.bad = true
		return make([]byte, n)
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) all() []byte { return r.take(len(r.rest)) }

func (r *reader) end(what string) error {
	if r.bad || len(r.rest) != 0 {
		return fmt.Errorf("%s entry: %w", what, ErrCorrupt)
	}
	return nil
}

// Account is an account entry.
type Account struct {
	Number    tx.AccountNumber
	Authority tx.Authority
}

func (a Account) encode() []byte {
	return append(put64(nil, uint64(a.Number)), a.Authority.Encode()...)
}

func decodeAccount(raw []byte) (Account, error) {
	r := reader{rest: raw}
	a := Account{Number: tx.AccountNumber(r.u64())}
	if r.bad {
		return a, r.end("account")
	}
	authority, err := tx.DecodeAuthority(r.all())
	if err != nil {
		return a, fmt.Errorf("account entry: %v: %w", err, ErrCorrupt)
	}
	a.Authority = authority
	return a, nil
}

// Balance is a balance entry.
//
// Invariant: Held <= Posted <= amount.Max.
type Balance struct {
	Posted, Held amount.Amount
	// LastLeaf touched the balance last; 0 when none did since the genesis.
	LastLeaf uint64
}

func (b Balance) encode() []byte {
	return put64(put64(put64(nil, uint64(b.Posted)), uint64(b.Held)), b.LastLeaf)
}

func decodeBalance(raw []byte) (Balance, error) {
	r := reader{rest: raw}
	b := Balance{Posted: amount.Amount(r.u64()), Held: amount.Amount(r.u64()), LastLeaf: r.u64()}
	if b.Held > b.Posted || b.Posted > amount.Max {
		return b, fmt.Errorf("balance entry: held %d, posted %d: %w", b.Held, b.Posted, ErrCorrupt)
	}
	return b, r.end("balance")
}

// Available is what may be spent.
func (b Balance) Available() amount.Amount { return b.Posted - b.Held }

// Grant is a grant entry with what was used of it today.
type Grant struct {
	Asset           tx.Asset
	CapTransaction  amount.Amount
	CapDay          amount.Amount
	FeeCeiling      amount.Amount
	ExpiresAtUnixMs uint64
	// Day is the calendar day that Used counts. Used is above CapDay only after a wider grant was replaced on that day.
	Day  uint64
	Used amount.Amount
	// Operations is a set of bits, 1 << GrantedOperation.
	Operations uint32
}

func (g Grant) encode() []byte {
	out := put32(nil, uint32(g.Asset))
	for _, v := range []uint64{
		uint64(g.CapTransaction), uint64(g.CapDay), uint64(g.FeeCeiling), g.ExpiresAtUnixMs, g.Day, uint64(g.Used),
	} {
		out = put64(out, v)
	}
	return put32(out, g.Operations)
}

func decodeGrant(raw []byte) (Grant, error) {
	r := reader{rest: raw}
	g := Grant{
		Asset: tx.Asset(r.u32()), CapTransaction: amount.Amount(r.u64()), CapDay: amount.Amount(r.u64()),
		FeeCeiling: amount.Amount(r.u64()), ExpiresAtUnixMs: r.u64(), Day: r.u64(), Used: amount.Amount(r.u64()), Operations: r.u32(),
	}
	return g, r.end("grant")
}

func (g Grant) allows(op tx.GrantedOperation) bool { return g.Operations&(1<<op) != 0 }

// Alias is an alias entry.
type Alias struct {
	Account    tx.AccountID
	Attested   bool
	SealedName key.SealedName
}

func (a Alias) encode() []byte {
	attested := byte(0)
	if a.Attested {
		attested = 1
	}
	return append(append(append([]byte(nil), a.Account[:]...), attested), a.SealedName[:]...)
}

func decodeAlias(raw []byte) (Alias, error) {
	r := reader{rest: raw}
	var a Alias
	copy(a.Account[:], r.take(16))
	a.Attested = r.take(1)[0] == 1
	copy(a.SealedName[:], r.take(len(a.SealedName)))
	return a, r.end("alias")
}

// Provider is a provider entry.
type Provider struct {
	Key  key.Public
	Name string
}

func (p Provider) encode() []byte { return append(append([]byte(nil), p.Key[:]...), p.Name...) }

func decodeProvider(raw []byte) (Provider, error) {
	r := reader{rest: raw}
	var p Provider
	copy(p.Key[:], r.take(32))
	p.Name = string(r.all())
	return p, r.end("provider")
}

// FeeSchedule is a fee schedule entry.
type FeeSchedule struct {
	Asset             tx.Asset
	Flat              amount.Amount
	EffectiveAtUnixMs uint64
	// ReplacedAtUnixMs is when the next schedule for the asset takes effect; 0 while none was published.
	ReplacedAtUnixMs uint64
}

func (f FeeSchedule) encode() []byte {
	out := put64(put32(nil, uint32(f.Asset)), uint64(f.Flat))
	return put64(put64(out, f.EffectiveAtUnixMs), f.ReplacedAtUnixMs)
}

func decodeFeeSchedule(raw []byte) (FeeSchedule, error) {
	r := reader{rest: raw}
	f := FeeSchedule{Asset: tx.Asset(r.u32()), Flat: amount.Amount(r.u64()), EffectiveAtUnixMs: r.u64(), ReplacedAtUnixMs: r.u64()}
	return f, r.end("fee schedule")
}

// Asset is an asset entry.
type Asset struct {
	// Supply is issued and not redeemed. Invariant: the sum of all posted balances of the asset.
	Supply amount.Amount
	Scale  uint8
	Issuer tx.AccountID
	Code   string
}

func (a Asset) encode() []byte {
	out := append(put64(nil, uint64(a.Supply)), a.Scale)
	return append(append(out, a.Issuer[:]...), a.Code...)
}

func decodeAsset(raw []byte) (Asset, error) {
	r := reader{rest: raw}
	a := Asset{Supply: amount.Amount(r.u64()), Scale: r.take(1)[0]}
	copy(a.Issuer[:], r.take(16))
	a.Code = string(r.all())
	return a, r.end("asset")
}

func encodeTier(t genesis.Tier) []byte {
	return put64(put64(nil, uint64(t.CapTransaction)), uint64(t.CapDay))
}

func decodeTier(raw []byte) (genesis.Tier, error) {
	r := reader{rest: raw}
	t := genesis.Tier{CapTransaction: amount.Amount(r.u64()), CapDay: amount.Amount(r.u64())}
	return t, r.end("tier")
}

// rules is the rules entry.
type rules struct {
	Version          uint32
	DayOffsetMinutes int32
}

func (r rules) encode() []byte { return put32(put32(nil, r.Version), uint32(r.DayOffsetMinutes)) }

func decodeRules(raw []byte) (rules, error) {
	r := reader{rest: raw}
	out := rules{Version: r.u32(), DayOffsetMinutes: int32(r.u32())}
	return out, r.end("rules")
}

// day numbers the calendar day of a time.
func (r rules) day(timeUnixMs uint64) uint64 {
	const minute, day = 60_000, 86_400_000
	return uint64(int64(timeUnixMs)+int64(r.DayOffsetMinutes)*minute) / day
}

// seen is the record of an id that was applied.
type seen struct {
	Leaf   uint64
	Result tx.Result
}

func (s seen) encode() []byte {
	return put32(put32(put64(nil, s.Leaf), uint32(s.Result.Code)), s.Result.Operation)
}

func decodeSeen(raw []byte) (seen, error) {
	r := reader{rest: raw}
	s := seen{Leaf: r.u64(), Result: tx.Result{Code: tx.Code(r.u32()), Operation: r.u32()}}
	return s, r.end("seen")
}

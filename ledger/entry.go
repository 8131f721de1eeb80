package ledger

import (
	"encoding/binary"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The state is a set of entries. A key is one letter and the parts that name the entry; a value is its fields in order.
// Integers are big-endian and of fixed width, so that keys sort by number; only a last field has variable length
// (SPEC.md 6 has the table). What each letter stands for is beside its constant, the fields are beside the type.
const (
	kindAccount     = 'a' // account(16) → Account
	kindNumber      = '#' // number(8) → account(16)
	kindBalance     = 'b' // account(16) asset(4) → Balance
	kindCounter     = 'n' // name → count(8)
	kindGrant       = 'g' // account(16) grantee(32) → Grant
	kindExposure    = 'G' // grantee(32) asset(4) → Exposure
	kindAlias       = 'l' // alias(32) → Alias
	kindMove        = 'm' // alias(32) → Move
	kindMoves       = 'M' // account(16) → aliases whose moves wait, 32 bytes each
	kindRecovery    = 'c' // account(16) → Recovery
	kindKey         = 'k' // provider key(32) → provider account(16) retired(1)
	kindProvider    = 'p' // provider account(16) → Provider
	kindFees        = 'f' // provider(16) version(4) → FeeSchedule
	kindLatestFees  = 'e' // provider(16) asset(4) → version(4)
	kindInflow      = 'w' // provider(16) asset(4) → day(4) received(8)
	kindAttestor    = 'o' // attestor account(16) → Attestor (canonical)
	kindAttestorKey = 'O' // attestor key(32) → attestor account(16)
	kindAsset       = 's' // asset(4) → Asset
	kindAssetCode   = 'S' // code → asset(4)
	kindLimit       = 't' // asset(4) tier(1) → Limit
	kindPayee       = 'y' // asset(4) payee(16) → listed(1): 01, or 00 when it was once
	kindIssuer      = 'i' // account(16) → 01
	kindHold        = 'h' // hold(16) → Hold
	kindRequest     = 'R' // request(16) → Request
	kindReturned    = 'z' // leaf(8) operation(4) → returned(8)
	kindDue         = 'd' // due(8) kind(1) subject → 01
	kindCredits     = 'q' // account(16) → time(8) debt(8)
	kindBallot      = 'B' // ballot(16) → Ballot
	kindGovernor    = 'V' // validator name → account(16) peer address (text)
	kindParameter   = 'P' // parameter(1) → value(8)
	kindRules       = 'r' // → version(4) day offset minutes(4, two's complement)
	kindSet         = 'v' // → validator set (canonical)
	kindSetBefore   = 'u' // → validator set (canonical) before the one in v, until the first batch of that
	kindSeen        = 'x' // expires(8) id(32) → leaf(8) code(4) operation(4)
)

// The counters.
var (
	counterAccounts = append([]byte{kindCounter}, "accounts"...)
	counterAssets   = append([]byte{kindCounter}, "assets"...)
)

// present is the value of an entry that says only that it is there.
var present = []byte{1}

// Keys are made with room for all of their parts, so that the compiler can leave them on the stack of who looks one up.

func keyAccount(a tx.AccountID) []byte    { return key16(kindAccount, a) }
func keyNumber(n tx.AccountNumber) []byte { return put64([]byte{kindNumber}, uint64(n)) }
func keyAlias(a key.Alias) []byte         { return key32(kindAlias, a) }
func keyProviderKey(k key.Public) []byte  { return key32(kindKey, k) }
func keyProvider(a tx.AccountID) []byte   { return key16(kindProvider, a) }
func keyAsset(n tx.Asset) []byte          { return put32(append(make([]byte, 0, 5), kindAsset), uint32(n)) }
func keyAssetCode(code string) []byte     { return append([]byte{kindAssetCode}, code...) }
func keyCredits(a tx.AccountID) []byte    { return key16(kindCredits, a) }
func keyParameter(p tx.Parameter) []byte  { return []byte{kindParameter, byte(p)} }
func keyIssuer(a tx.AccountID) []byte     { return key16(kindIssuer, a) }
func keyGovernor(name string) []byte      { return append([]byte{kindGovernor}, name...) }

var keySetBefore = []byte{kindSetBefore}

func keyMove(a key.Alias) []byte         { return key32(kindMove, a) }
func keyRecovery(a tx.AccountID) []byte  { return key16(kindRecovery, a) }
func keyAttestor(a tx.AccountID) []byte  { return key16(kindAttestor, a) }
func keyAttestorKey(k key.Public) []byte { return key32(kindAttestorKey, k) }
func keyHold(h tx.HoldID) []byte         { return key16(kindHold, h) }
func keyRequest(r tx.RequestID) []byte   { return key16(kindRequest, r) }
func keyMoves(a tx.AccountID) []byte     { return key16(kindMoves, a) }
func keyBallot(b tx.BallotID) []byte     { return key16(kindBallot, b) }

func key16(kind byte, id [16]byte) []byte {
	return append(append(make([]byte, 0, 1+16), kind), id[:]...)
}

func key32(kind byte, id [32]byte) []byte {
	return append(append(make([]byte, 0, 1+32), kind), id[:]...)
}

// key16And4 is a key of an id and a number.
func key16And4(kind byte, id [16]byte, n uint32) []byte {
	return put32(append(append(make([]byte, 0, 1+16+4), kind), id[:]...), n)
}

func keyLimit(n tx.Asset, tier uint8) []byte {
	return append(put32(append(make([]byte, 0, 1+4+1), kindLimit), uint32(n)), tier)
}

func keyPayee(n tx.Asset, payee tx.AccountID) []byte {
	return append(put32(append(make([]byte, 0, 1+4+16), kindPayee), uint32(n)), payee[:]...)
}

func keyReturned(leaf uint64, operation uint32) []byte {
	return put32(put64([]byte{kindReturned}, leaf), operation)
}

func keySeen(expires uint64, id tx.ID) []byte {
	return append(put64(append(make([]byte, 0, 1+8+32), kindSeen), expires), id[:]...)
}

func keyBalance(a tx.AccountID, n tx.Asset) []byte { return key16And4(kindBalance, a, uint32(n)) }

func keyGrant(a tx.AccountID, grantee key.Public) []byte {
	return append(append(append(make([]byte, 0, 1+16+32), kindGrant), a[:]...), grantee[:]...)
}

func keyExposure(grantee key.Public, n tx.Asset) []byte {
	return put32(append(append(make([]byte, 0, 1+32+4), kindExposure), grantee[:]...), uint32(n))
}

func keyFees(provider tx.AccountID, version uint32) []byte {
	return key16And4(kindFees, provider, version)
}

func keyLatestFees(provider tx.AccountID, n tx.Asset) []byte {
	return key16And4(kindLatestFees, provider, uint32(n))
}

func keyInflow(provider tx.AccountID, n tx.Asset) []byte {
	return key16And4(kindInflow, provider, uint32(n))
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
func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) all() []byte { return r.take(len(r.rest)) }

func (r *reader) end(what string) error {
	if r.bad || len(r.rest) != 0 {
		return fmt.Errorf("%s entry: %w", what, ErrCorrupt)
	}
	return nil
}

// Account is an account entry: number(8) tier(1) pending(1) frozen until(8) authority(…).
type Account struct {
	Number tx.AccountNumber
	// Tier decides the limits. Invariant: at most tx.MaxTier.
	Tier uint8
	// Pending counts the moves and recoveries of the account that wait; while there are any, its limits are a quarter.
	Pending uint8
	// FrozenUntilUnixMs is the ledger time until which nothing is debited; 0 when it was never frozen.
	FrozenUntilUnixMs uint64
	Authority         tx.Authority
}

func (a Account) encode() []byte {
	out := append(put64(nil, uint64(a.Number)), a.Tier, a.Pending)
	return append(put64(out, a.FrozenUntilUnixMs), a.Authority.Encode()...)
}

// pendingIn reads Pending alone: decoding the authority costs more than all the rest of a debit's look at the account.
func pendingIn(raw []byte) uint8 {
	if len(raw) < 10 {
		return 0
	}
	return raw[9]
}

func decodeAccount(raw []byte) (Account, error) {
	r := reader{rest: raw}
	a := Account{Number: tx.AccountNumber(r.u64()), Tier: r.u8(), Pending: r.u8(), FrozenUntilUnixMs: r.u64()}
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

// Balance is a balance entry: posted(8) held(8) last leaf(8) day(4) used(8).
//
// Invariant: Held <= Posted <= amount.Max.
type Balance struct {
	Posted, Held amount.Amount
	// LastLeaf touched the balance last; 0 when none did since the genesis.
	LastLeaf uint64
	// Day is the calendar day that Used counts: what was debited or reserved on it, fees included.
	Day  uint32
	Used amount.Amount
}

// balanceBytes and seenBytes are the lengths of these entries.
const (
	balanceBytes = 8 + 8 + 8 + 4 + 8
	seenBytes    = 8 + 4 + 4
)

func (b Balance) encode() []byte { return b.appendTo(make([]byte, 0, balanceBytes)) }

func (b Balance) appendTo(out []byte) []byte {
	out = put64(put64(put64(out, uint64(b.Posted)), uint64(b.Held)), b.LastLeaf)
	return put64(put32(out, b.Day), uint64(b.Used))
}

func decodeBalance(raw []byte) (Balance, error) {
	r := reader{rest: raw}
	b := Balance{Posted: amount.Amount(r.u64()), Held: amount.Amount(r.u64()), LastLeaf: r.u64(), Day: r.u32(), Used: amount.Amount(r.u64())}
	if b.Held > b.Posted || b.Posted > amount.Max {
		return b, fmt.Errorf("balance entry: held %d, posted %d: %w", b.Held, b.Posted, ErrCorrupt)
	}
	return b, r.end("balance")
}

// Available is what may be spent.
func (b Balance) Available() amount.Amount { return b.Posted - b.Held }

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
func (r rules) day(timeUnixMs uint64) uint32 {
	const minute, day = 60_000, 86_400_000
	return uint32(uint64(int64(timeUnixMs)+int64(r.DayOffsetMinutes)*minute) / day)
}

// seen is the record of an id that was applied.
type seen struct {
	Leaf   uint64
	Result tx.Result
}

func (s seen) appendTo(out []byte) []byte {
	return put32(put32(put64(out, s.Leaf), uint32(s.Result.Code)), s.Result.Operation)
}

func decodeSeen(raw []byte) (seen, error) {
	r := reader{rest: raw}
	s := seen{Leaf: r.u64(), Result: tx.Result{Code: tx.Code(r.u32()), Operation: r.u32()}}
	return s, r.end("seen")
}

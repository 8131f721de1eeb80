package vectors_test

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// rulesOfTransaction are the rules of SPEC.md 3.6, each with what the error says.
var rulesOfTransaction = map[string]string{
	// Of envelope and body.
	"size": `too large$`, "form": `not in canonical form`, "no-signature": `0 signatures`, "signatures": `17 signatures`,
	"signers": `signers out of order or twice`, "signature": `signature does not verify`, "fixed-length": `must be \d+ bytes, not \d+`,
	"expiry":       `(expires_at|checked_at|as_of)_unix_ms is zero|grant has no expiry`,
	"no-operation": `0 operations`, "empty-operation": `operation is empty`,
	// Of what operations share.
	"asset": `names no asset`, "amount": `must be (0 < amount )?< 2\^63`, "sum": `amount and fee pass`, "fee-schedule": `fee names no schedule version`,
	"reference": `reference is above`, "point": `not 32 bytes on the curve`, "text": `is \d+ bytes, not 1 to|has a character that is not seen|(codes|languages|endpoints) are \d+, above`,
	// Of one operation or a few.
	"authority": `authority`, "caps": `caps must be 0 <|fee ceiling is above`, "granted-operations": `grant (allows no|operations must|operation 0)`,
	"limits": `tier is \d+, above 9|limits must be ascending`, "move": `start_move (changes nothing|grant account is not to)`,
	"asset-definition": `define_asset (code|scale|kind|spend_until)`, "legs": `legs, not 1 to 400`, "mode": `mode is unknown`,
	"payee": `names neither credit nor alias|on_expiry is unknown`, "return-leaf": `leaf is empty`, "telephone": `telephone`,
	"bands": `bands|band \d: the last|basis_points|publish_fees version`, "validator-name": `validator is not 1 to 64`,
	"decision": `set_\w+ (has|names|validator|attestations|delay|credit|parameter|version|shares)|(has no|is) (decision|empty)`,
}

// wrong is a body that somebody signed although no rule-abiding program writes it.
type wrong struct {
	name, rule, comment string
	body                []byte
}

// alter makes the body of one operation, and changes a thing in its message that the rules forbid.
func alter[T proto.Message](m *maker, op tx.Operation, change func(T)) []byte {
	m.t.Helper()
	raw := m.body(tx.Body{Nonce: m.Nonce(5), ExpiresAtUnixMs: now + 10*minute, Operations: []tx.Operation{op}})
	var body umojav1.TransactionBody
	if err := proto.Unmarshal(raw, &body); err != nil {
		m.t.Fatal(err)
	}
	message := body.GetOperations()[0].ProtoReflect()
	field := message.WhichOneof(message.Descriptor().Oneofs().Get(0))
	change(message.Get(field).Message().Interface().(T))
	return must(proto.MarshalOptions{Deterministic: true}.Marshal(&body))(m)
}

// sampleOf is the good operation that a wrong one is made of.
func (m *maker) sampleOf(name string) tx.Operation {
	m.t.Helper()
	for _, s := range m.samples() {
		if s.name == name {
			return s.op
		}
	}
	m.t.Fatalf("no sample %s", name)
	return nil
}

// wrongAuthorities break the rules of SPEC.md 5.3.
func (m *maker) wrongAuthorities() []wrong {
	open := func(change func(*umojav1.Authority)) []byte {
		return alter(m, m.sampleOf("open-account"), func(o *umojav1.OpenAccount) { change(o.GetAuthority()) })
	}
	many := func(n int) (keys []*umojav1.AuthorityKey) {
		for range n {
			keys = append(keys, &umojav1.AuthorityKey{Key: fill(1, 32), Weight: 1})
		}
		return keys
	}
	return []wrong{
		{"open-account-without-authority", "authority", "The message is absent.", alter(m, m.sampleOf("open-account"), func(o *umojav1.OpenAccount) { o.Authority = nil })},
		{"set-authority-without-authority", "authority", "The same in the message that replaces it.", alter(m, m.sampleOf("set-authority"), func(o *umojav1.SetAuthority) { o.Authority = nil })},
		{"start-recovery-without-authority", "authority", "The same in the message that recovers it.", alter(m, m.sampleOf("start-recovery"), func(o *umojav1.StartRecovery) { o.Authority = nil })},
		{"authority-of-nobody", "authority", "No key and no attestor: nobody could ever act on the account.", open(func(a *umojav1.Authority) { a.Reset(); a.Attestors = 0 })},
		{"nine-attestors", "authority", "More attestors than an envelope should ever need.", open(func(a *umojav1.Authority) { a.Attestors = 9 })},
		{"seventeen-owner-keys", "authority", "An envelope has room for sixteen signatures.", open(func(a *umojav1.Authority) { a.Keys = many(17) })},
		{"owner-keys-descend", "authority", "One order, so that one authority has one account id.", open(func(a *umojav1.Authority) { a.Keys[0], a.Keys[1] = a.Keys[1], a.Keys[0] })},
		{"owner-key-twice", "authority", "It would count twice.", open(func(a *umojav1.Authority) { a.Keys[1].Key = a.Keys[0].GetKey() })},
		{"owner-key-without-weight", "authority", "A key that never counts is a mistake of who wrote it.", open(func(a *umojav1.Authority) { a.Keys[1].Weight = 0 })},
		{"keys-without-threshold", "authority", "Else anybody would meet it.", open(func(a *umojav1.Authority) { a.Threshold = 0 })},
		{"threshold-without-keys", "authority", "A threshold that nobody can reach.", open(func(a *umojav1.Authority) { a.Keys = nil })},
		{"threshold-above-the-weights", "authority", "All keys together do not reach it.", open(func(a *umojav1.Authority) { a.Threshold = 4 })},
		{"seventeen-guardians", "authority", "Guardians have the bound of owner keys.", open(func(a *umojav1.Authority) { a.Guardians = many(17) })},
		{"guardians-descend", "authority", "And their order.", open(func(a *umojav1.Authority) { a.Guardians[0], a.Guardians[1] = a.Guardians[1], a.Guardians[0] })},
		{"guardian-without-weight", "authority", "And their weights.", open(func(a *umojav1.Authority) { a.Guardians[0].Weight = 0 })},
		{"guardians-without-threshold", "authority", "Else anybody could recover the account.", open(func(a *umojav1.Authority) { a.GuardianThreshold = 0 })},
		{"guardian-threshold-without-guardians", "authority", "Nobody can reach it.", open(func(a *umojav1.Authority) { a.Guardians = nil })},
		{"guardian-threshold-above-the-weights", "authority", "All guardians together do not reach it.", open(func(a *umojav1.Authority) { a.GuardianThreshold = 4 })},
		{"owner-key-off-the-curve", "point", "x = 2^256 - 1 is on no point: nobody could ever sign.", open(func(a *umojav1.Authority) { a.Keys[1].Key = fill(0xff, 32) })},
		{"guardian-off-the-curve", "point", "The same for a guardian.", open(func(a *umojav1.Authority) { a.Guardians[1].Key = fill(0xff, 32) })},
		{"authority-set-to-attestors", "authority", "An account is not given back to nobody's keys: who has keys keeps some.", alter(m, m.sampleOf("set-authority"), func(o *umojav1.SetAuthority) {
			o.Authority = &umojav1.Authority{Attestors: 2}
		})},
		{"recovered-to-attestors", "authority", "A recovery ends with somebody's keys.", alter(m, m.sampleOf("start-recovery"), func(o *umojav1.StartRecovery) {
			o.Authority = &umojav1.Authority{Attestors: 2}
		})},
	}
}

// wrongGrants break the rules of grants, tiers and moves.
func (m *maker) wrongGrants() []wrong {
	grant := func(change func(*umojav1.IssueGrant)) []byte { return alter(m, m.sampleOf("issue-grant"), change) }
	move := func(change func(*umojav1.StartMove)) []byte { return alter(m, m.sampleOf("start-move"), change) }
	type g = umojav1.GrantedOperation
	return []wrong{
		{"grantee-off-the-curve", "point", "Nobody could ever use the grant.", grant(func(o *umojav1.IssueGrant) { o.Grantee = fill(0xff, 32) })},
		{"grant-of-nothing", "granted-operations", "A grant says what it is for.", grant(func(o *umojav1.IssueGrant) { o.Operations = nil })},
		{"grant-of-one-operation-twice", "granted-operations", "One list has one form.", grant(func(o *umojav1.IssueGrant) { o.Operations = []g{1, 1} })},
		{"grant-whose-operations-descend", "granted-operations", "So that one list has one form, they ascend.", grant(func(o *umojav1.IssueGrant) { o.Operations = []g{3, 2, 1} })},
		{"grant-of-the-unspecified", "granted-operations", "An element 0 of a packed list is in form, and allows nothing.", grant(func(o *umojav1.IssueGrant) { o.Operations = []g{0, 1, 2, 3} })},
		{"grant-for-no-asset", "asset", "Assets are numbered from 1.", grant(func(o *umojav1.IssueGrant) { o.Asset = 0 })},
		{"grant-without-cap", "caps", "It would allow nothing.", grant(func(o *umojav1.IssueGrant) { o.CapTransaction, o.FeeCeiling = 0, 0 })},
		{"grant-whose-day-is-smaller", "caps", "A day holds at least one transaction.", grant(func(o *umojav1.IssueGrant) { o.CapDay, o.FeeCeiling = 1, 0 })},
		{"grant-of-2-to-63-a-day", "caps", "Caps are amounts; without fee ceiling and operations but one, for the case.", grant(func(o *umojav1.IssueGrant) {
			o.CapDay, o.FeeCeiling, o.Operations = 1<<63, 0, []g{1}
		})},
		{"grant-whose-fee-may-pass-its-cap", "caps", "A fee alone would fill more than a transaction.", grant(func(o *umojav1.IssueGrant) { o.FeeCeiling = o.GetCapTransaction() + 1 })},
		{"grant-for-ever", "expiry", "Every grant ends.", grant(func(o *umojav1.IssueGrant) { o.ExpiresAtUnixMs = 0 })},
		{"tier-ten", "limits", "Tiers are 0 to 9.", alter(m, m.sampleOf("set-tier"), func(o *umojav1.SetTier) { o.Tier = 10 })},
		{"tier-of-no-day", "expiry", "A check was on some day.", alter(m, m.sampleOf("set-tier"), func(o *umojav1.SetTier) { o.CheckedAtUnixMs = 0 })},
		{"move-of-nothing", "move", "The account stays, and no grant begins or ends: a new name alone is no move.", move(func(o *umojav1.StartMove) { o.To, o.OldGrantee, o.Grant = o.GetFrom(), nil, nil })},
		{"move-with-a-grant-on-the-old-account", "move", "The grant is on the account moved to.", move(func(o *umojav1.StartMove) { o.Grant.Account = o.GetFrom() })},
		{"move-with-a-grant-for-no-asset", "asset", "The rules of a grant hold inside of a move.", move(func(o *umojav1.StartMove) { o.Grant.Asset = 0 })},
	}
}

// wrongAssets break the rules of assets, issues and reserves.
func (m *maker) wrongAssets() []wrong {
	define := func(change func(*umojav1.DefineAsset)) []byte { return alter(m, m.sampleOf("define-asset"), change) }
	limits := func(change func(*umojav1.SetLimits)) []byte { return alter(m, m.sampleOf("set-limits"), change) }
	issue := func(change func(*umojav1.Issue)) []byte { return alter(m, m.sampleOf("issue"), change) }
	redeem := func(change func(*umojav1.Redeem)) []byte { return alter(m, m.sampleOf("redeem"), change) }
	reserve := func(change func(*umojav1.StateReserve)) []byte { return alter(m, m.sampleOf("state-reserve"), change) }
	return []wrong{
		{"asset-without-code", "asset-definition", "People name assets by their codes.", define(func(o *umojav1.DefineAsset) { o.Code = "" })},
		{"asset-code-of-13-letters", "asset-definition", "Twelve fit a screen beside an amount.", define(func(o *umojav1.DefineAsset) { o.Code = "ABCDEFGHIJKLM" })},
		{"asset-code-in-lower-case", "asset-definition", "Two codes that read alike would be two assets.", define(func(o *umojav1.DefineAsset) { o.Code = "KeS" })},
		{"asset-code-of-two-words", "asset-definition", "A space is easy to overlook.", define(func(o *umojav1.DefineAsset) { o.Code = "K S" })},
		{"asset-of-19-decimals", "asset-definition", "A whole unit would pass 2^63.", define(func(o *umojav1.DefineAsset) { o.Scale, o.Arbiter = 19, nil })},
		{"asset-of-a-scale-beyond-a-byte", "asset-definition", "256 is 0 to a program that keeps eight bits.", define(func(o *umojav1.DefineAsset) { o.Scale, o.Limits = 256, nil })},
		{"asset-of-no-kind", "asset-definition", "Money or vouchers, and nothing is the default.", define(func(o *umojav1.DefineAsset) { o.Kind = 0 })},
		{"money-with-a-last-day", "asset-definition", "Money does not end.", define(func(o *umojav1.DefineAsset) { o.Kind, o.ProvisionalInflowDay = umojav1.AssetKind_ASSET_KIND_MONEY, 0 })},
		{"vouchers-for-ever", "asset-definition", "Vouchers do.", define(func(o *umojav1.DefineAsset) { o.SpendUntilUnixMs = 0 })},
		{"asset-with-a-limit-of-tier-ten", "limits", "Tiers are 0 to 9.", define(func(o *umojav1.DefineAsset) { o.Limits[1].Tier = 10 })},
		{"asset-with-a-limit-above-its-day", "caps", "A day holds at least one transaction.", define(func(o *umojav1.DefineAsset) { o.Limits[0].CapDay = 1 })},
		{"asset-with-an-inflow-of-2-to-63", "amount", "Inflows are amounts.", define(func(o *umojav1.DefineAsset) { o.ProvisionalInflowDay = 1 << 63 })},
		{"limits-of-no-asset", "asset", "Assets are numbered from 1.", limits(func(o *umojav1.SetLimits) { o.Asset = 0 })},
		{"limits-of-tier-ten", "limits", "Tiers are 0 to 9.", limits(func(o *umojav1.SetLimits) { o.Limits = o.GetLimits()[1:]; o.Limits[0].Tier = 10 })},
		{"limits-descend", "limits", "One list has one form.", limits(func(o *umojav1.SetLimits) { o.Limits[0], o.Limits[1] = o.Limits[1], o.Limits[0] })},
		{"two-limits-of-a-tier", "limits", "One tier has one limit.", limits(func(o *umojav1.SetLimits) { o.Limits[1].Tier = 0 })},
		{"limit-of-nothing", "caps", "Nobody of that tier could pay anything.", limits(func(o *umojav1.SetLimits) { o.Limits[0].CapTransaction = 0 })},
		{"limit-above-its-day", "caps", "A day holds at least one transaction.", limits(func(o *umojav1.SetLimits) { o.Limits = o.GetLimits()[:1]; o.Limits[0].CapDay = 1 })},
		{"limit-of-2-to-63", "caps", "Limits are amounts.", limits(func(o *umojav1.SetLimits) { o.Limits[1].CapDay = 1 << 63 })},
		{"inflow-of-2-to-63", "amount", "Inflows are amounts.", limits(func(o *umojav1.SetLimits) { o.ProvisionalInflowDay = 1 << 63 })},
		{"payee-of-no-asset", "asset", "Assets are numbered from 1.", alter(m, m.sampleOf("list-payee"), func(o *umojav1.ListPayee) { o.Asset = 0 })},
		{"issue-of-no-asset", "asset", "The rule again, for each operation that names an asset: a program may miss one.", issue(func(o *umojav1.Issue) { o.Asset = 0 })},
		{"issue-of-nothing", "amount", "An issue makes something.", issue(func(o *umojav1.Issue) { o.Amount = 0 })},
		{"issue-of-2-to-63", "amount", "Amounts stay below 2^63, so that the sum of two fits 64 bits.", issue(func(o *umojav1.Issue) { o.Amount = 1 << 63 })},
		{"redemption-of-no-asset", "asset", "Assets are numbered from 1.", redeem(func(o *umojav1.Redeem) { o.Asset = 0 })},
		{"redemption-of-nothing", "amount", "A redemption destroys something.", redeem(func(o *umojav1.Redeem) { o.Amount = 0 })},
		{"redemption-of-2-to-63", "amount", "Amounts stay below 2^63.", redeem(func(o *umojav1.Redeem) { o.Amount = 1 << 63 })},
		{"reserve-of-no-asset", "asset", "Assets are numbered from 1.", reserve(func(o *umojav1.StateReserve) { o.Asset = 0 })},
		{"reserve-of-2-to-63", "amount", "A reserve is an amount; it may be zero.", reserve(func(o *umojav1.StateReserve) { o.Reserve = 1 << 63 })},
		{"reserve-of-no-day", "expiry", "A statement is of some time.", reserve(func(o *umojav1.StateReserve) { o.AsOfUnixMs = 0 })},
	}
}

// wrongPayments break the rules of transfers, holds, requests and returns.
func (m *maker) wrongPayments() []wrong {
	transfer := func(change func(*umojav1.Transfer)) []byte { return alter(m, m.sampleOf("transfer"), change) }
	bulk := func(change func(*umojav1.BulkTransfer)) []byte { return alter(m, m.sampleOf("bulk-transfer"), change) }
	long := strings.Repeat("x", 65)
	legs := func(n int) (all []*umojav1.BulkLeg) {
		for range n {
			all = append(all, &umojav1.BulkLeg{Credit: fill(2, 16), Amount: 1})
		}
		return all
	}
	return []wrong{
		{"transfer-of-no-asset", "asset", "Assets are numbered from 1.", transfer(func(o *umojav1.Transfer) { o.Asset = 0 })},
		{"amount-absent", "amount", "Nothing cannot be paid.", transfer(func(o *umojav1.Transfer) { o.Amount = 0 })},
		{"amount-of-2-to-63", "amount", "Amounts stay below 2^63, so that the sum of two fits 64 bits.", transfer(func(o *umojav1.Transfer) { o.Amount = 1 << 63 })},
		{"amount-and-fee-overflow", "sum", "Each fits, the sum does not.", transfer(func(o *umojav1.Transfer) { o.Amount, o.Fee.Amount = 1<<63-1, 1 })},
		{"fee-beyond-64-bits-with-the-amount", "sum", "The sum of both is 0 to a program that does not look: without number and request, for the case.", transfer(func(o *umojav1.Transfer) {
			o.Amount, o.Fee.Amount, o.Alias, o.Request = 1, 1<<64-1, nil, nil
		})},
		{"fee-of-no-schedule", "fee-schedule", "A fee names the price list that it follows.", transfer(func(o *umojav1.Transfer) { o.Fee.ScheduleVersion = 0 })},
		{"reference-of-65-bytes", "reference", "The limit is in bytes.", transfer(func(o *umojav1.Transfer) { o.Reference = long })},
		{"reference-of-33-letters-of-two-bytes", "reference", "Not in letters.", transfer(func(o *umojav1.Transfer) { o.Reference = strings.Repeat("é", 33) })},
		{"bulk-transfer-of-no-asset", "asset", "Assets are numbered from 1.", bulk(func(o *umojav1.BulkTransfer) { o.Asset = 0 })},
		{"bulk-transfer-of-no-mode", "mode", "What a refused leg means is never a default.", bulk(func(o *umojav1.BulkTransfer) { o.Mode = 0 })},
		{"bulk-transfer-without-legs", "legs", "It pays somebody.", bulk(func(o *umojav1.BulkTransfer) { o.Legs = nil })},
		{"bulk-transfer-of-401-legs", "legs", "A batch has room for so many.", bulk(func(o *umojav1.BulkTransfer) { o.Legs = legs(401) })},
		{"leg-of-nothing", "amount", "The rule of amounts holds for each leg.", bulk(func(o *umojav1.BulkTransfer) { o.Legs[1].Amount = 0 })},
		{"leg-of-2-to-63", "amount", "And its bound.", bulk(func(o *umojav1.BulkTransfer) { o.Legs[1].Amount = 1 << 63 })},
		{"legs-overflow-together", "sum", "Three times 2^63 - 1 is more than 64 bits: a sum that wraps would pass.", bulk(func(o *umojav1.BulkTransfer) {
			o.Fee, o.Legs = nil, legs(3)
			for _, leg := range o.GetLegs() {
				leg.Amount = 1<<63 - 1
			}
		})},
		{"legs-and-fee-overflow", "sum", "The fee counts.", bulk(func(o *umojav1.BulkTransfer) { o.Legs[1].Amount = 1<<63 - 1 - o.Legs[0].GetAmount() })},
		{"bulk-fee-of-no-schedule", "fee-schedule", "A fee names the price list that it follows.", bulk(func(o *umojav1.BulkTransfer) { o.Fee.ScheduleVersion = 0 })},
		{"bulk-reference-of-65-bytes", "reference", "The limit of a transfer's.", bulk(func(o *umojav1.BulkTransfer) { o.Reference = long })},
	}
}

func (m *maker) wrongHolds() []wrong {
	hold := func(change func(*umojav1.PlaceHold)) []byte { return alter(m, m.sampleOf("place-hold"), change) }
	capture := func(change func(*umojav1.CaptureHold)) []byte { return alter(m, m.sampleOf("capture-hold"), change) }
	request := func(change func(*umojav1.RequestPayment)) []byte {
		return alter(m, m.sampleOf("request-payment"), change)
	}
	back := func(change func(*umojav1.Return)) []byte { return alter(m, m.sampleOf("return"), change) }
	long := strings.Repeat("x", 65)
	return []wrong{
		{"hold-of-no-asset", "asset", "Assets are numbered from 1.", hold(func(o *umojav1.PlaceHold) { o.Asset = 0 })},
		{"hold-of-nothing", "amount", "A hold reserves something.", hold(func(o *umojav1.PlaceHold) { o.Amount = 0 })},
		{"hold-of-2-to-63", "amount", "Amounts stay below 2^63.", hold(func(o *umojav1.PlaceHold) { o.Amount = 1 << 63 })},
		{"hold-for-nobody", "payee", "An account, a number, or both.", hold(func(o *umojav1.PlaceHold) { o.Credit, o.Alias = nil, nil })},
		{"hold-that-does-not-say-what-its-expiry-does", "payee", "Whose the units are in the end is never a default.", hold(func(o *umojav1.PlaceHold) { o.OnExpiry = 0 })},
		{"hold-for-ever", "expiry", "Every hold ends.", hold(func(o *umojav1.PlaceHold) { o.ExpiresAtUnixMs = 0 })},
		{"hold-amount-and-fee-overflow", "sum", "Both are reserved.", hold(func(o *umojav1.PlaceHold) { o.Amount = 1<<63 - o.GetFee().GetAmount() })},
		{"hold-fee-of-no-schedule", "fee-schedule", "A fee names the price list that it follows.", hold(func(o *umojav1.PlaceHold) { o.Fee.ScheduleVersion = 0 })},
		{"hold-reference-of-65-bytes", "reference", "The limit of a transfer's.", hold(func(o *umojav1.PlaceHold) { o.Reference = long })},
		{"capture-of-no-asset", "asset", "Assets are numbered from 1.", capture(func(o *umojav1.CaptureHold) { o.Asset = 0 })},
		{"capture-of-nothing", "amount", "A release gives everything back.", capture(func(o *umojav1.CaptureHold) { o.Amount = 0 })},
		{"capture-of-2-to-63", "amount", "Amounts stay below 2^63.", capture(func(o *umojav1.CaptureHold) { o.Amount = 1 << 63 })},
		{"request-of-no-asset", "asset", "Assets are numbered from 1.", request(func(o *umojav1.RequestPayment) { o.Asset = 0 })},
		{"request-of-nothing", "amount", "A bill is of something.", request(func(o *umojav1.RequestPayment) { o.Amount = 0 })},
		{"request-of-2-to-63", "amount", "Amounts stay below 2^63.", request(func(o *umojav1.RequestPayment) { o.Amount = 1 << 63 })},
		{"request-for-ever", "expiry", "Every request ends.", request(func(o *umojav1.RequestPayment) { o.ExpiresAtUnixMs = 0 })},
		{"request-reference-of-65-bytes", "reference", "The limit of a transfer's.", request(func(o *umojav1.RequestPayment) { o.Reference = long })},
		{"return-of-no-asset", "asset", "Assets are numbered from 1.", back(func(o *umojav1.Return) { o.Asset = 0 })},
		{"return-of-nothing", "amount", "A return gives something back.", back(func(o *umojav1.Return) { o.Amount = 0 })},
		{"return-of-2-to-63", "amount", "Amounts stay below 2^63.", back(func(o *umojav1.Return) { o.Amount = 1 << 63 })},
		{"return-of-no-leaf", "return-leaf", "Without the leaf nothing says what moved.", back(func(o *umojav1.Return) { o.Leaf = nil })},
	}
}

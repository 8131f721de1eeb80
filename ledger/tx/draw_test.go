package tx_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Generators of everything that the static rules accept.

func drawBytes(t *rapid.T, n int, label string) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}
func draw16(t *rapid.T, label string) [16]byte          { return [16]byte(drawBytes(t, 16, label)) }
func draw32(t *rapid.T, label string) [32]byte          { return [32]byte(drawBytes(t, 32, label)) }
func drawAccount(t *rapid.T, label string) tx.AccountID { return draw16(t, label) }
func drawAlias(t *rapid.T) key.Alias                    { return draw32(t, "alias") }
func drawTime(t *rapid.T) uint64                        { return rapid.Uint64Min(1).Draw(t, "time") }
func drawAsset(t *rapid.T) tx.Asset                     { return tx.Asset(rapid.Uint32Min(1).Draw(t, "asset")) }
func drawSeal(t *rapid.T) key.SealedName                { return key.SealedName(drawBytes(t, 60, "seal")) }
func drawName(t *rapid.T) string {
	return rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,63}`).Draw(t, "name")
}
func drawTexts(t *rapid.T, count, length int) []string {
	return orNil(rapid.SliceOfN(drawText(length), 0, count).Draw(t, "texts"))
}

// drawText is UTF-8 of 1 to length bytes without control characters.
func drawText(length int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aZ09 *#+-/:éñ世🙂")), 1, -1, length)
}

func drawReference(t *rapid.T) string {
	return rapid.StringN(0, -1, tx.MaxReferenceBytes).Draw(t, "reference")
}

// drawUnits is 1 to most, with a liking for the edges.
func drawUnits(t *rapid.T, most amount.Amount) amount.Amount {
	return amount.Amount(rapid.Uint64Range(1, uint64(most)).Draw(t, "units"))
}

// maybe is a pointer to what draw gives, or nil.
func maybe[T any](t *rapid.T, draw func() T) *T {
	if !rapid.Bool().Draw(t, "present") {
		return nil
	}
	return ptr(draw())
}

// orNil: lists that are empty read back as nil.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

var drawnKeys = testKeys(20)

func drawKey(t *rapid.T) key.Public { return rapid.SampledFrom(drawnKeys).Draw(t, "key") }

func drawWeights(t *rapid.T, least int) ([]tx.AuthorityKey, uint32) {
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom(drawnKeys), least, tx.MaxAuthorityKeys, rapid.ID).Draw(t, "keys")
	slices.SortFunc(keys, func(a, b key.Public) int { return bytes.Compare(a[:], b[:]) })
	var list []tx.AuthorityKey
	var sum uint64
	for _, k := range keys {
		w := rapid.Uint32Min(1).Draw(t, "weight")
		list, sum = append(list, tx.AuthorityKey{Key: k, Weight: w}), sum+uint64(w)
	}
	if len(list) == 0 {
		return nil, 0
	}
	return list, uint32(rapid.Uint64Range(1, min(sum, 1<<32-1)).Draw(t, "threshold"))
}

// drawAuthority has at least so many keys.
func drawAuthority(t *rapid.T, least int) tx.Authority {
	var a tx.Authority
	a.Keys, a.Threshold = drawWeights(t, least)
	a.Guardians, a.GuardianThreshold = drawWeights(t, 0)
	a.Attestors = rapid.Uint32Range(0, tx.MaxAttestors).Draw(t, "attestors")
	if len(a.Keys) == 0 {
		a.Attestors = max(a.Attestors, 1)
	}
	return a
}

func drawGrant(t *rapid.T) tx.IssueGrant {
	o := tx.IssueGrant{
		Account: drawAccount(t, "account"), Grantee: drawKey(t), Asset: drawAsset(t), ExpiresAtUnixMs: drawTime(t),
		Operations: rapid.SliceOfNDistinct(rapid.SampledFrom(tx.GrantAll()), 1, 6, rapid.ID).Draw(t, "operations"),
		CapDay:     drawUnits(t, amount.Max),
	}
	slices.Sort(o.Operations)
	o.CapTransaction = drawUnits(t, o.CapDay)
	o.FeeCeiling = drawUnits(t, o.CapTransaction) - 1
	return o
}

// drawFee is a fee, or none, that an amount leaves room for.
func drawFee(t *rapid.T, a amount.Amount) *tx.Fee {
	return maybe(t, func() tx.Fee {
		return tx.Fee{
			Provider: drawAccount(t, "provider"), ScheduleVersion: rapid.Uint32Min(1).Draw(t, "version"),
			Amount: amount.Amount(rapid.Uint64Range(0, uint64(amount.Max-a)).Draw(t, "fee")),
		}
	})
}

func drawLimits(t *rapid.T) (limits []tx.TierLimit) {
	for tier := range uint32(tx.MaxTier + 1) {
		if rapid.Bool().Draw(t, "limited") {
			day := drawUnits(t, amount.Max)
			limits = append(limits, tx.TierLimit{Tier: tier, CapTransaction: drawUnits(t, day), CapDay: day})
		}
	}
	return limits
}

func drawBulk(t *rapid.T) tx.BulkTransfer {
	o := tx.BulkTransfer{
		Debit: drawAccount(t, "debit"), Asset: drawAsset(t), Mode: rapid.SampledFrom([]tx.BulkMode{tx.Atomic, tx.Each}).Draw(t, "mode"),
		Reference: drawReference(t),
	}
	room := amount.Max
	for range rapid.IntRange(1, 6).Draw(t, "legs") {
		leg := tx.BulkLeg{Credit: drawAccount(t, "credit"), Amount: drawUnits(t, room-10), Alias: maybe(t, func() key.Alias { return drawAlias(t) })}
		if room -= leg.Amount; room < 20 {
			o.Legs = append(o.Legs, leg)
			break
		}
		o.Legs = append(o.Legs, leg)
	}
	o.Fee = drawFee(t, amount.Max-room)
	return o
}

func drawBands(t *rapid.T) (bands []tx.FeeBand) {
	var bound amount.Amount
	for i, n := 0, rapid.IntRange(1, tx.MaxFeeBands).Draw(t, "bands"); i < n; i++ {
		b := tx.FeeBand{Flat: drawUnits(t, amount.Max+1) - 1, BasisPoints: rapid.Uint32Range(0, tx.MaxBasisPoints).Draw(t, "share")}
		if i < n-1 {
			bound += drawUnits(t, amount.Max/tx.MaxFeeBands)
			b.UpTo = bound
		}
		bands = append(bands, b)
	}
	return bands
}

func drawAttestor(t *rapid.T) tx.Attestor {
	return tx.Attestor{
		Account: drawAccount(t, "account"), Key: drawKey(t), Name: drawText(tx.MaxNameBytes).Draw(t, "name"),
		Provider: maybe(t, func() tx.AccountID { return drawAccount(t, "provider") }), Endpoints: drawTexts(t, tx.MaxEndpoints, tx.MaxEndpointBytes),
	}
}

// drawDecision draws the kind of the decision given, and its content.
func drawDecision(t *rapid.T, kind tx.Decision) tx.Decision {
	switch kind.(type) {
	case tx.SetValidators:
		var set tx.SetValidators
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9][a-z0-9.-]{0,63}`), 4, 4, rapid.ID).Draw(t, "names")
		slices.Sort(names)
		for i, name := range names {
			g := tx.Governor{Name: name, Key: ed25519.PublicKey(drawBytes(t, 32, "key")), TLSKeyHash: draw32(t, "tls"), Account: drawAccount(t, "account")}
			g.Key[0], g.TLSKeyHash[0] = byte(i), byte(i+100)
			set.Validators = append(set.Validators, g)
		}
		return set
	case tx.SetParameter:
		p := tx.Parameter(rapid.Uint32Range(1, 6).Draw(t, "parameter"))
		most := map[tx.Parameter]uint64{tx.Attestations: 8, tx.CreditIntervalMs: tx.MaxCreditIntervalMs, tx.CreditBurst: tx.MaxCreditBurst}[p]
		if most == 0 {
			most = tx.MaxDelayMs
		}
		return tx.SetParameter{Parameter: p, Value: rapid.Uint64Range(1, most).Draw(t, "value")}
	case tx.SetRules:
		return tx.SetRules{Version: rapid.Uint32Min(1).Draw(t, "version")}
	case tx.SetIssuer:
		return tx.SetIssuer{Account: drawAccount(t, "account"), Issuer: rapid.Bool().Draw(t, "issuer")}
	case tx.SetAttestor:
		return tx.SetAttestor{Attestor: drawAttestor(t)}
	case tx.RemoveAttestor:
		return tx.RemoveAttestor{Account: drawAccount(t, "account")}
	case tx.Freeze:
		return tx.Freeze{Account: drawAccount(t, "account"), UntilUnixMs: rapid.Uint64().Draw(t, "until"), EvidenceHash: draw32(t, "evidence")}
	case tx.SetPool:
		return tx.SetPool{Provider: drawAccount(t, "provider"), Shares: rapid.Uint32Range(1, tx.MaxShares).Draw(t, "shares")}
	}
	panic(fmt.Sprintf("%T has no generator", kind))
}

// drawOperation draws the content of an operation of the kind given.
func drawOperation(t *rapid.T, kind tx.Operation) tx.Operation {
	id := func(label string) tx.AccountID { return drawAccount(t, label) }
	flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
	switch kind := kind.(type) {
	case tx.OpenAccount:
		return tx.OpenAccount{Authority: drawAuthority(t, 0), Salt: draw16(t, "salt")}
	case tx.IssueGrant:
		return drawGrant(t)
	case tx.RevokeGrant:
		return tx.RevokeGrant{Account: id("account"), Grantee: draw32(t, "grantee")}
	case tx.BindAlias:
		return tx.BindAlias{Alias: drawAlias(t), Account: id("account"), SealedName: drawSeal(t)}
	case tx.SetAuthority:
		return tx.SetAuthority{Account: id("account"), Authority: drawAuthority(t, 1)}
	case tx.SetTier:
		return tx.SetTier{Account: id("account"), Tier: rapid.Uint32Range(0, tx.MaxTier).Draw(t, "tier"), CheckedAtUnixMs: drawTime(t), EvidenceHash: draw32(t, "evidence")}
	case tx.StartRecovery:
		return tx.StartRecovery{Account: id("account"), Authority: drawAuthority(t, 1)}
	case tx.CancelRecovery:
		return tx.CancelRecovery{Account: id("account")}
	case tx.CompleteRecovery:
		return tx.CompleteRecovery{Account: id("account")}
	case tx.AttestAlias:
		return tx.AttestAlias{Alias: drawAlias(t), Account: id("account"), SealedName: drawSeal(t)}
	case tx.ReleaseAlias:
		return tx.ReleaseAlias{Alias: drawAlias(t), Account: id("account")}
	case tx.StartMove:
		o := tx.StartMove{
			Alias: drawAlias(t), From: id("from"), OldGrantee: maybe(t, func() key.Public { return draw32(t, "old") }),
			Grant: maybe(t, func() tx.IssueGrant { return drawGrant(t) }), SealedName: maybe(t, func() key.SealedName { return drawSeal(t) }),
		}
		if o.To = o.From; flag("other account") || o.OldGrantee == nil && o.Grant == nil {
			o.To[0]++
		}
		if o.Grant != nil {
			o.Grant.Account = o.To
		}
		return o
	case tx.CancelMove:
		return tx.CancelMove{Alias: drawAlias(t), Account: id("account")}
	case tx.ConfirmMove:
		return tx.ConfirmMove{Alias: drawAlias(t), Account: id("account")}
	case tx.Propose:
		return tx.Propose{Validator: drawName(t), Decision: drawDecision(t, kind.Decision), ExpiresAtUnixMs: drawTime(t), EffectiveAtUnixMs: rapid.Uint64().Draw(t, "effective"), EvidenceHash: maybe(t, func() [32]byte { return draw32(t, "evidence") })}
	case tx.Vote:
		return tx.Vote{Ballot: draw16(t, "ballot"), Validator: drawName(t), Yes: flag("yes")}
	case tx.RegisterProvider:
		return tx.RegisterProvider{
			Account: id("account"), Key: drawKey(t), Name: drawText(tx.MaxNameBytes).Draw(t, "name"), Codes: drawTexts(t, tx.MaxCodes, tx.MaxCodeBytes),
			Languages: drawTexts(t, tx.MaxLanguages, tx.MaxLanguageBytes), Endpoints: drawTexts(t, tx.MaxEndpoints, tx.MaxEndpointBytes),
			Telephone: rapid.StringMatching(`|\+[1-9][0-9]{0,14}`).Draw(t, "telephone"),
		}
	case tx.PublishFees:
		return tx.PublishFees{Provider: id("provider"), Asset: drawAsset(t), Version: rapid.Uint32Min(1).Draw(t, "version"), Bands: drawBands(t), EffectiveAtUnixMs: rapid.Uint64().Draw(t, "effective")}
	}
	return drawMoney(t, kind)
}

// drawMoney is drawOperation for what moves, makes or asks for units.
func drawMoney(t *rapid.T, kind tx.Operation) tx.Operation {
	id := func(label string) tx.AccountID { return drawAccount(t, label) }
	flag := func(label string) bool { return rapid.Bool().Draw(t, label) }
	alias := func() *key.Alias { return maybe(t, func() key.Alias { return drawAlias(t) }) }
	units := drawUnits(t, amount.Max)
	switch kind.(type) {
	case tx.DefineAsset:
		o := tx.DefineAsset{
			Issuer: id("issuer"), Code: rapid.StringMatching(`[A-Z0-9]{1,12}`).Draw(t, "code"), Scale: rapid.Uint8Range(0, 18).Draw(t, "scale"),
			Kind: tx.Money, Arbiter: maybe(t, func() tx.AccountID { return id("arbiter") }), Limits: drawLimits(t), ProvisionalInflowDay: units - 1,
		}
		if flag("voucher") {
			o.Kind, o.SpendUntilUnixMs = tx.Voucher, drawTime(t)
		}
		return o
	case tx.SetLimits:
		return tx.SetLimits{Asset: drawAsset(t), Issuer: id("issuer"), Limits: drawLimits(t), ProvisionalInflowDay: units - 1}
	case tx.ListPayee:
		return tx.ListPayee{Asset: drawAsset(t), Issuer: id("issuer"), Payee: id("payee"), Listed: flag("listed")}
	case tx.Issue:
		return tx.Issue{Asset: drawAsset(t), Credit: id("credit"), Amount: units}
	case tx.Redeem:
		return tx.Redeem{Asset: drawAsset(t), Issuer: id("issuer"), Amount: units}
	case tx.StateReserve:
		return tx.StateReserve{Asset: drawAsset(t), Issuer: id("issuer"), Reserve: units - 1, AsOfUnixMs: drawTime(t), EvidenceHash: draw32(t, "evidence")}
	case tx.Transfer:
		return tx.Transfer{
			Debit: id("debit"), Credit: id("credit"), Asset: drawAsset(t), Amount: units, Fee: drawFee(t, units), Alias: alias(),
			Reference: drawReference(t), Request: maybe(t, func() tx.RequestID { return draw16(t, "request") }),
		}
	case tx.BulkTransfer:
		return drawBulk(t)
	case tx.PlaceHold:
		o := tx.PlaceHold{
			Debit: id("debit"), Credit: maybe(t, func() tx.AccountID { return id("credit") }), Alias: alias(), Asset: drawAsset(t), Amount: units,
			Fee: drawFee(t, units), OnExpiry: rapid.SampledFrom([]tx.HoldExpiry{tx.ExpiryReturns, tx.ExpiryCompletes}).Draw(t, "on expiry"), ExpiresAtUnixMs: drawTime(t),
			Hashlock: maybe(t, func() [32]byte { return draw32(t, "hashlock") }), PayerMayRelease: flag("release"), Reference: drawReference(t),
		}
		if o.Credit == nil && o.Alias == nil {
			o.Alias = ptr(drawAlias(t))
		}
		return o
	case tx.CaptureHold:
		return tx.CaptureHold{
			Hold: draw16(t, "hold"), Debit: id("debit"), Credit: id("credit"), Asset: drawAsset(t), Amount: units,
			Preimage: maybe(t, func() [32]byte { return draw32(t, "preimage") }), ReleaseRest: flag("rest"),
		}
	case tx.ReleaseHold:
		return tx.ReleaseHold{Hold: draw16(t, "hold"), Debit: id("debit")}
	case tx.RequestPayment:
		return tx.RequestPayment{Credit: id("credit"), Debit: id("debit"), Asset: drawAsset(t), Amount: units, ExpiresAtUnixMs: drawTime(t), Reference: drawReference(t)}
	case tx.DeclineRequest:
		return tx.DeclineRequest{Request: draw16(t, "request"), Account: id("account")}
	case tx.Return:
		return tx.Return{
			LeafIndex: rapid.Uint64().Draw(t, "index"), Leaf: rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "leaf"), Operation: rapid.Uint32().Draw(t, "operation"),
			Debit: id("debit"), Credit: id("credit"), Asset: drawAsset(t), Amount: units, Carrier: maybe(t, func() tx.AccountID { return id("carrier") }),
		}
	}
	panic(fmt.Sprintf("%T has no generator", kind))
}

func drawPostStates(t *rapid.T) (states []tx.PostState) {
	for i := range rapid.IntRange(0, 3).Draw(t, "post states") {
		p := tx.PostState{Account: drawAccount(t, "account"), Asset: drawAsset(t), Posted: drawUnits(t, amount.Max), PreviousLeaf: rapid.Uint64().Draw(t, "previous")}
		p.Account[0], p.Held = byte(i), drawUnits(t, p.Posted)-1
		states = append(states, p)
	}
	return states
}

func drawLeaf(t *rapid.T) (leaf tx.Leaf) {
	switch rapid.IntRange(0, 2).Draw(t, "kind of leaf") {
	case 0:
		leaf.Header = &tx.Header{
			Batch: rapid.Uint64().Draw(t, "batch"), TimeUnixMs: rapid.Uint64().Draw(t, "time"), StateRoot: draw32(t, "root"),
			ValidatorSetHash: draw32(t, "set"), RulesVersion: rapid.Uint32().Draw(t, "rules"), BatchHash: draw32(t, "hash"), Epoch: rapid.Uint64().Draw(t, "epoch"),
		}
	case 1:
		leaf.Record = &tx.Record{Envelope: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "envelope"), Result: tx.Result{Code: tx.OK}}
		codes := []tx.Code{tx.InsufficientBalance, tx.CapDay, tx.CreditAccountUnknown, tx.LeafTooLarge, tx.Unauthorised}
		if rapid.Bool().Draw(t, "refused") {
			leaf.Record.Result = tx.Result{Code: rapid.SampledFrom(codes).Draw(t, "code"), Operation: rapid.Uint32().Draw(t, "operation")}
			return leaf
		}
		for i := range rapid.Uint32Range(0, 3).Draw(t, "legs") {
			leg := tx.LegResult{Operation: i / 2, Leg: i%2*5 + rapid.Uint32Range(0, 4).Draw(t, "leg"), Code: rapid.SampledFrom(codes).Draw(t, "code")}
			leaf.Record.Result.Legs = append(leaf.Record.Result.Legs, leg)
		}
		leaf.Record.PostStates = drawPostStates(t)
	case 2:
		kind := tx.EffectKind(rapid.Uint32Range(1, 11).Draw(t, "effect"))
		size := map[tx.EffectKind]int{tx.MoveCompleted: 32, tx.MoveLapsed: 32, tx.VoucherReturned: 20, tx.GrantExpired: 48}[kind]
		if size == 0 {
			size = 16
		}
		e := &tx.Effect{Kind: kind, DueUnixMs: rapid.Uint64().Draw(t, "due"), Subject: drawBytes(t, size, "subject"), PostStates: drawPostStates(t)}
		switch kind {
		case tx.HoldCompleted, tx.VoucherReturned:
			e.Credit = ptr(drawAccount(t, "credit"))
			fallthrough
		case tx.HoldReturned:
			e.Debit, e.Asset, e.Amount = ptr(drawAccount(t, "debit")), drawAsset(t), drawUnits(t, amount.Max)
		}
		leaf.Effect = e
	}
	return leaf
}

// TestOperationRoundTrip: whatever the rules accept is read back as it was, in one encoding.
func TestOperationRoundTrip(t *testing.T) {
	for _, kind := range operations() {
		name := fmt.Sprintf("%T", kind)
		if p, ok := kind.(tx.Propose); ok {
			name = fmt.Sprintf("%T", p.Decision)
		}
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			b := tx.Body{
				Nonce: [8]byte(drawBytes(t, 8, "nonce")), ExpiresAtUnixMs: drawTime(t), Operations: []tx.Operation{drawOperation(t, kind)},
			}
			raw, err := b.Encode()
			if err != nil {
				t.Fatal(err)
			}
			again, err := tx.ParseBody(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b, again); diff != "" {
				t.Fatalf("read something else (-want +got):\n%s", diff)
			}
			checkOneEncoding(t, raw, &umojav1.TransactionBody{})
		}))
	}
}

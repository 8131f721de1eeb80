package vectors_test

import (
	"bytes"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
	"github.com/umoja-ledger/umoja/proto/vectors"
)

// rulesOfLeaf are the rules of SPEC.md 6.2.
var rulesOfLeaf = map[string]string{
	"size": `too large$`, "form": `not in canonical form`, "empty": `leaf is empty`, "fixed-length": `must be (16|32) bytes, not`,
	"result": `has no result|result operation|refusal has legs|leg \d+ is no refusal`, "legs": `result legs out of order`,
	"refusal-touches": `refusal has post_states`, "post-state": `post_state names no asset|post_state must be held`, "post-order": `post_states out of order`,
	"effect": `effect (kind|debit|credit|asset|amount|accounts|has more)|effect subject must be \d+ bytes`,
}

func makeLeaf(m *maker) []vectors.Vector {
	c := m.history()
	real := func(name, comment string, index uint64) vectors.Vector {
		return m.leaf(name, comment, must(c.Memory.Leaf(index))(m))
	}
	all := []vectors.Vector{
		real("header-of-the-genesis", "Leaf 0 of every network: batch 0, and the root of the state that the genesis founds.", leafGenesis),
		real("header-of-batch-1", "The end of a batch that opened an account.", 2),
		real("registration", "A transaction that touched no balance has no post-states.", 1),
		real("payment", "Three balances, ascending by account: here payee, payer and provider. No leaf touched them before, so previous is 0.", leafPayment),
		real("payment-refused", "Amina has too little: the result names the rule and the operation, and no balance changed.", leafRefused),
		m.leaf("bulk-transfer-with-refused-legs", "Legs that were refused, ascending by operation and leg; the others stand.", tx.Record{
			Envelope: m.seal(m.issuing(), m.Issuer).Envelope(), Result: tx.Result{Code: tx.OK, Legs: []tx.LegResult{
				{Leg: 1, Code: tx.CreditAccountUnknown}, {Leg: 2, Code: tx.InsufficientBalance}, {Operation: 1, Code: tx.CreditAccountUnknown},
			}},
			PostStates: []tx.PostState{{Account: m.id(1), Asset: 1, Posted: 5, Held: 5, PreviousLeaf: 9}, {Account: m.id(1), Asset: 2, Posted: 1<<63 - 1}},
		}.Encode()),
		m.leaf("record-too-large", "The last of the codes: what a transaction would have recorded passed 65,535 bytes, so it is refused.", tx.Record{
			Envelope: m.seal(m.issuing(), m.Issuer).Envelope(), Result: tx.Result{Code: tx.LeafTooLarge},
		}.Encode()),
		m.leaf("header-of-a-later-epoch", "After an epoch change.", tx.Header{
			Batch: 7, TimeUnixMs: now, StateRoot: evidence("state"), ValidatorSetHash: evidence("set"), RulesVersion: 1, BatchHash: evidence("batch"), Epoch: 3,
		}.Encode()),
	}
	return append(append(all, m.effects()...), m.wrongLeaves()...)
}

func (m *maker) leaf(name, comment string, raw []byte) vectors.Vector {
	return accept(name, comment, fields{"leaf": hx(raw)}, leafOut(must(tx.ParseLeaf(raw))(m), raw))
}

// effects has one leaf of each kind of effect.
func (m *maker) effects() []vectors.Vector {
	juma, amina, issuer := m.Juma.Account, m.Amina.Account, m.IssuerAccount
	hold, grantee := evidence("hold"), m.Provider.Public()
	grant := cat(juma[:], grantee[:])
	two := []tx.AccountID{juma, amina}
	if bytes.Compare(juma[:], amina[:]) > 0 {
		two = []tx.AccountID{amina, juma}
	}
	post := []tx.PostState{{Account: juma, Asset: 1, Posted: 1_000_00, PreviousLeaf: 3}}
	effect := func(name, comment string, e tx.Effect) vectors.Vector {
		e.DueUnixMs = now + day
		return m.leaf(name, comment, e.Encode())
	}
	moved := tx.Effect{Debit: &juma, Credit: &amina, Asset: ledgertest.KES, Amount: 150_00}
	returned := moved
	returned.Kind, returned.Subject, returned.Credit, returned.PostStates, returned.Accounts = tx.HoldReturned, hold[:16], nil, post, two[:1]
	if two[0] == juma {
		returned.Accounts = two[1:]
	}
	completed := moved
	completed.Kind, completed.Subject, completed.PostStates = tx.HoldCompleted, hold[:16], post
	vouchers := tx.Effect{
		Kind: tx.VoucherReturned, Subject: cat([]byte{0, 0, 0, 2}, amina[:]), Debit: &amina, Credit: &issuer, Asset: 2, Amount: 40_00,
		PostStates: []tx.PostState{{Account: amina, Asset: 2, PreviousLeaf: 8}},
	}
	return []vectors.Vector{
		effect("hold-returned", "The payer's balance is touched, though nothing leaves it; the payee's history shows it.", returned),
		effect("hold-completed", "Units moved from payer to payee.", completed),
		effect("request-expired", "Payer and payee are named, ascending; nothing moved.", tx.Effect{Kind: tx.RequestExpired, Subject: hold[:16], Accounts: two}),
		effect("move-completed", "The alias is the subject; both accounts are named.", tx.Effect{Kind: tx.MoveCompleted, Subject: m.Juma.Alias[:], Accounts: two}),
		effect("move-lapsed", "It was held up and not confirmed; from and to are one account, named once.", tx.Effect{Kind: tx.MoveLapsed, Subject: m.Juma.Alias[:], Accounts: two[:1]}),
		effect("recovery-completed", "The account is the subject, and named.", tx.Effect{Kind: tx.RecoveryCompleted, Subject: juma[:], Accounts: []tx.AccountID{juma}}),
		effect("recovery-lapsed", "It was held up and not confirmed.", tx.Effect{Kind: tx.RecoveryLapsed, Subject: juma[:], Accounts: []tx.AccountID{juma}}),
		effect("voucher-returned", "Asset and account are the subject; a balance of nothing has no posted units.", vouchers),
		effect("ballot-effective", "A ballot concerns no account.", tx.Effect{Kind: tx.BallotEffective, Subject: hold[:16]}),
		effect("ballot-lapsed", "Nor does one that did not pass.", tx.Effect{Kind: tx.BallotLapsed, Subject: hold[:16]}),
		effect("grant-expired", "Account and grantee are the subject.", tx.Effect{Kind: tx.GrantExpired, Subject: grant, Accounts: []tx.AccountID{juma}}),
	}
}

// wrongLeaves break the rules of SPEC.md 6.2, by hand.
func (m *maker) wrongLeaves() []vectors.Vector {
	no := func(name, rule, comment string, raw []byte) vectors.Vector {
		return reject(name, rule, comment, fields{"leaf": hx(raw)})
	}
	scalar := func(number byte, value uint64) []byte {
		if value == 0 {
			return nil
		}
		return vi(number, value)
	}
	post := func(account byte, asset, posted, held uint64) []byte {
		return ld(3, cat(ld(1, fill(account, 16)), scalar(2, asset), scalar(3, posted), scalar(4, held)))
	}
	leg := func(operation, leg, code uint64) []byte {
		return ld(3, cat(scalar(1, operation), scalar(2, leg), scalar(3, code)))
	}
	header := func(root, set, batch []byte) []byte {
		return ld(1, cat(vi(1, 1), ld(3, root), ld(4, set), vi(5, 1), ld(6, batch)))
	}
	envelope := ld(1, []byte{1})
	result := func(parts ...[]byte) []byte { return ld(2, cat(envelope, ld(2, cat(parts...)))) }
	after := func(states ...[]byte) []byte { return ld(2, cat(envelope, ld(2, vi(1, 1)), cat(states...))) }
	h := fill(1, 32)
	all := []vectors.Vector{
		no("nothing", "empty", "A leaf is one of its three kinds.", nil),
		no("two-kinds", "form", "A leaf is one of its kinds, not two.", cat(ld(1, vi(1, 1)), ld(2, ld(2, vi(1, 1))))),
		no("unknown-code", "form", "A result code that this version does not know.", ld(2, ld(2, vi(1, 4000)))),
		no("above-65535-bytes", "size", "Tiles of the history write a leaf's length in 16 bits.", ld(2, ld(1, fill(1, tx.MaxLeafBytes)))),
		no("state-root-of-31-bytes", "fixed-length", "Hashes have their length.", header(fill(1, 31), h, h)),
		no("validator-set-hash-of-33-bytes", "fixed-length", "The same for the validator set's.", header(h, fill(1, 33), h)),
		no("batch-hash-absent", "fixed-length", "Every header binds the batch that it ends.", ld(1, cat(vi(1, 1), ld(3, h), ld(4, h), vi(5, 1)))),
		no("transaction-without-result", "result", "A record says what came of it.", ld(2, envelope)),
		no("transaction-with-an-empty-result", "result", "A result has a code.", ld(2, cat(envelope, ld(2, nil)))),
		no("success-at-a-position", "result", "No operation was refused.", result(vi(1, 1), vi(2, 3))),
		no("refusal-with-legs", "result", "A refusal has dropped all legs.", result(vi(1, 80), leg(0, 1, 11))),
		no("leg-that-stands", "result", "Only refused legs are listed.", result(vi(1, 1), leg(0, 1, 1))),
		no("leg-without-code", "result", "A refused leg says why.", result(vi(1, 1), leg(0, 1, 0))),
		no("legs-descend", "legs", "One result has one form.", result(vi(1, 1), leg(0, 2, 11), leg(0, 1, 11))),
		no("legs-of-operations-that-descend", "legs", "Legs ascend by operation first.", result(vi(1, 1), leg(1, 0, 11), leg(0, 1, 11))),
		no("leg-twice", "legs", "A leg is refused once.", result(vi(1, 1), leg(0, 1, 11), leg(0, 1, 80))),
		no("refusal-that-touches-a-balance", "refusal-touches", "What is refused changes nothing.", ld(2, cat(envelope, ld(2, vi(1, 80)), post(1, 1, 5, 0)))),
		no("balance-of-15-bytes", "fixed-length", "An account id has 16 bytes.", after(ld(3, cat(ld(1, fill(1, 15)), vi(2, 1))))),
		no("balance-of-no-asset", "post-state", "Assets are numbered from 1.", after(post(1, 0, 5, 0))),
		no("balance-of-2-to-63", "post-state", "Amounts stay below 2^63.", after(post(1, 1, 1<<63, 0))),
		no("more-held-than-posted", "post-state", "Nothing is reserved that is not there.", after(post(1, 1, 5, 6))),
		no("balances-descend", "post-order", "They ascend by account.", after(post(2, 1, 5, 0), post(1, 1, 5, 0))),
		no("assets-of-an-account-descend", "post-order", "Those of an account ascend by asset.", after(post(1, 2, 5, 0), post(1, 1, 5, 0))),
		no("balance-twice", "post-order", "One balance is left once.", after(post(1, 1, 5, 0), post(1, 1, 6, 0))),
	}
	return append(all, m.wrongEffects()...)
}

func (m *maker) wrongEffects() []vectors.Vector {
	no := func(name, comment string, parts ...[]byte) vectors.Vector {
		return reject(name, "effect", comment, fields{"leaf": hx(ld(3, cat(parts...)))})
	}
	kind := func(k umojav1.EffectKind) []byte { return cat(vi(1, uint64(k)), vi(2, now)) }
	returned, completed, lapsed := kind(umojav1.EffectKind_EFFECT_KIND_HOLD_RETURNED), kind(umojav1.EffectKind_EFFECT_KIND_HOLD_COMPLETED), kind(umojav1.EffectKind_EFFECT_KIND_MOVE_LAPSED)
	hold, debit, credit, asset, units := ld(3, fill(7, 16)), ld(4, fill(1, 16)), ld(5, fill(2, 16)), vi(6, 1), vi(7, 5)
	alias := ld(3, fill(7, 32))
	account := func(b byte) []byte { return ld(9, fill(b, 16)) }
	return []vectors.Vector{
		no("effect-of-no-kind", "Nothing happened.", vi(2, now), hold),
		no("hold-returned-with-a-subject-of-17-bytes", "A hold has 16.", returned, ld(3, fill(7, 17)), debit, asset, units),
		no("move-lapsed-with-a-subject-of-16-bytes", "A move is named by its alias, of 32.", lapsed, hold),
		no("grant-expired-without-its-grantee", "The grant is named by account and grantee.", kind(umojav1.EffectKind_EFFECT_KIND_GRANT_EXPIRED), hold),
		no("voucher-returned-without-its-asset", "The vouchers are named by asset and account.", kind(umojav1.EffectKind_EFFECT_KIND_VOUCHER_RETURNED), hold, debit, credit, asset, units),
		no("hold-returned-without-debit", "Whose units they are again is named.", returned, hold, asset, units),
		no("hold-returned-with-credit", "Nobody is credited.", returned, hold, debit, credit, asset, units),
		no("hold-completed-without-credit", "Somebody is.", completed, hold, debit, asset, units),
		no("hold-completed-without-asset", "Units are of an asset.", completed, hold, debit, credit, units),
		no("move-lapsed-with-debit", "A move takes no units.", lapsed, alias, debit),
		no("move-lapsed-with-asset", "Nor is it of an asset.", lapsed, alias, asset),
		no("move-lapsed-with-units", "Nor of an amount.", lapsed, alias, units),
		no("hold-returned-of-2-to-63", "Amounts stay below 2^63; with an account, for the case.", returned, hold, debit, asset, vi(7, 1<<63), account(2)),
		no("effect-of-three-accounts", "At most two others are concerned.", lapsed, alias, account(1), account(2), account(3)),
		no("effect-whose-accounts-descend", "One effect has one form.", lapsed, alias, account(2), account(1)),
		no("effect-of-an-account-twice", "An account is named once.", lapsed, alias, account(1), account(1)),
		reject("effect-of-an-account-of-15-bytes", "fixed-length", "An account id has 16 bytes.", fields{"leaf": hx(ld(3, cat(lapsed, alias, ld(9, fill(1, 15)))))}),
		reject("effect-whose-balances-descend", "post-order", "The rules of balances hold in effects too.", fields{"leaf": hx(ld(3, cat(
			returned, hold, debit, asset, units, ld(8, cat(ld(1, fill(2, 16)), vi(2, 1))), ld(8, cat(ld(1, fill(1, 16)), vi(2, 1))),
		)))}),
	}
}

func leafOut(l tx.Leaf, raw []byte) fields {
	hash := checkpoint.LeafHash(raw)
	out := fields{"leaf_hash": hx(hash[:])}
	states := []tx.PostState(nil)
	switch {
	case l.Header != nil:
		out["batch"], out["time_unix_ms"], out["state_root"] = dec(l.Header.Batch), dec(l.Header.TimeUnixMs), hx(l.Header.StateRoot[:])
		out["validator_set_hash"], out["rules_version"] = hx(l.Header.ValidatorSetHash[:]), dec(uint64(l.Header.RulesVersion))
		out["batch_hash"], out["epoch"] = hx(l.Header.BatchHash[:]), dec(l.Header.Epoch)
	case l.Record != nil:
		out["code"], out["operation"] = l.Record.Result.Code.String(), dec(uint64(l.Record.Result.Operation))
		out["envelope"], out["receipt_code"] = hx(l.Record.Envelope), checkpoint.ReceiptCode(hash)
		for i, leg := range l.Record.Result.Legs {
			out["leg_"+dec(uint64(i))] = "operation " + dec(uint64(leg.Operation)) + " leg " + dec(uint64(leg.Leg)) + " " + leg.Code.String()
		}
		states = l.Record.PostStates
	case l.Effect != nil:
		e := l.Effect
		out["kind"], out["due_at_unix_ms"], out["subject"] = effectName(e.Kind), dec(e.DueUnixMs), hx(e.Subject)
		if e.Debit != nil {
			out["debit"], out["asset"], out["amount"] = hx(e.Debit[:]), dec(uint64(e.Asset)), dec(uint64(e.Amount))
		}
		if e.Credit != nil {
			out["credit"] = hx(e.Credit[:])
		}
		for i, id := range e.Accounts {
			out["account_"+dec(uint64(i))] = hx(id[:])
		}
		states = e.PostStates
	}
	for i, p := range states {
		out["post_state_"+dec(uint64(i))] = p.Account.String() + " asset " + dec(uint64(p.Asset)) + " posted " + dec(uint64(p.Posted)) +
			" held " + dec(uint64(p.Held)) + " previous " + dec(p.PreviousLeaf)
	}
	return out
}

func checkLeaf(t *testing.T, v vectors.Vector) (fields, error) {
	raw := unhex(t, v, "leaf")
	l, err := tx.ParseLeaf(raw)
	if err != nil {
		return nil, err
	}
	var again []byte
	switch {
	case l.Header != nil:
		again = l.Header.Encode()
	case l.Record != nil:
		again = l.Record.Encode()
	case l.Effect != nil:
		again = l.Effect.Encode()
	}
	if !bytes.Equal(again, raw) {
		return nil, errDiffers
	}
	return leafOut(l, raw), nil
}

package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The acts on authorities, aliases, moves, recoveries and tiers. Attestors sign them, so most say by whom.
func init() {
	verbs["attest"] = (*words).attest
	verbs["unbind"] = (*words).unbind
	verbs["move"] = (*words).move
	verbs["stop"] = (*words).stop
	verbs["confirm"] = (*words).confirm
	verbs["authority"] = (*words).setAuthority
	verbs["recover"] = (*words).recover
	verbs["tier"] = (*words).tier
	verbs["found"] = (*words).found
	reads["move?"] = (*words).moveLine
	reads["recovery?"] = (*words).recoveryLine
	reads["authority?"] = (*words).authorityLine
	reads["tier?"] = (*words).tierLine
	reads["passed"] = (*words).passedLine
}

func (w *words) alias32() key.Alias { return w.world.AliasKey.Alias(w.next()) }

// of reads "of ACCOUNT" or another word before it.
func (w *words) of(word string) string {
	w.t.Helper()
	if !w.is(word) {
		w.fail("%q is missing", word)
	}
	return w.next()
}

// sealName seals a display name; one nonce for one name, so that the same name is the same entry.
func (w *words) sealName(number, name string) key.SealedName {
	w.t.Helper()
	nonce := sha256.Sum256([]byte(number + name))
	sealed, err := w.world.AliasKey.SealName(bytes.NewReader(nonce[:]), number, name)
	if err != nil {
		w.fail("%v", err)
	}
	return sealed
}

// attest reads "attest NUMBER to ACCOUNT name NAME".
func (w *words) attest(options) (tx.Operation, string) {
	number := w.next()
	account := w.of("to")
	return tx.AttestAlias{Alias: w.world.AliasKey.Alias(number), Account: w.account(account), SealedName: w.sealName(number, w.of("name"))}, "ATTESTOR1"
}

// unbind reads "unbind NUMBER of ACCOUNT".
func (w *words) unbind(options) (tx.Operation, string) {
	alias, account := w.alias32(), w.of("of")
	return tx.ReleaseAlias{Alias: alias, Account: w.account(account)}, w.signer(account)
}

// move reads "move NUMBER of ACCOUNT [to ACCOUNT] [ends KEY] [begins KEY [may OPERATION,…] tx AMOUNT day AMOUNT …] [name NAME]".
func (w *words) move(options) (tx.Operation, string) {
	w.t.Helper()
	number := w.next()
	from := w.of("of")
	op := tx.StartMove{Alias: w.world.AliasKey.Alias(number), From: w.account(from), To: w.account(from)}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "to":
			op.To = w.account(w.next())
		case "ends":
			old := w.key(w.next()).Public()
			op.OldGrantee = &old
		case "name":
			name := w.sealName(number, w.next())
			op.SealedName = &name
		case "begins":
			op.Grant = &tx.IssueGrant{
				Account: op.To, Grantee: w.key(w.next()).Public(), Operations: tx.GrantAll(), Asset: ledgertest.KES,
				ExpiresAtUnixMs: w.chain.TimeUnixMs + 365*24*3600*1000,
			}
		case "may":
			op.Grant.Operations = w.allowed()
		case "tx":
			op.Grant.CapTransaction = w.money()
		case "day":
			op.Grant.CapDay = w.money()
		case "fee":
			op.Grant.FeeCeiling = w.money()
		case "until":
			op.Grant.ExpiresAtUnixMs = w.when()
		case "asset":
			op.Grant.Asset = w.asset()
		default:
			w.fail("nothing in a move is called %q", word)
		}
	}
	return op, w.signer(from)
}

func (w *words) allowed() (all []tx.GrantedOperation) {
	for _, name := range strings.Split(w.next(), ",") {
		all = append(all, map[string]tx.GrantedOperation{"transfer": tx.GrantTransfer, "cancel": tx.GrantCancel}[name])
	}
	return all
}

// stop reads "stop move NUMBER of ACCOUNT" or "stop recovery of ACCOUNT".
func (w *words) stop(options) (tx.Operation, string) {
	if w.is("recovery") {
		account := w.of("of")
		return tx.CancelRecovery{Account: w.account(account)}, w.signer(account)
	}
	alias := w.world.AliasKey.Alias(w.of("move"))
	account := w.of("of")
	return tx.CancelMove{Alias: alias, Account: w.account(account)}, w.signer(account)
}

// confirm reads "confirm move NUMBER of ACCOUNT" or "confirm recovery of ACCOUNT".
func (w *words) confirm(options) (tx.Operation, string) {
	if w.is("recovery") {
		account := w.of("of")
		return tx.CompleteRecovery{Account: w.account(account)}, w.signer(account)
	}
	alias := w.world.AliasKey.Alias(w.of("move"))
	account := w.of("of")
	return tx.ConfirmMove{Alias: alias, Account: w.account(account)}, w.signer(account)
}

// owners reads "[keys A:1,B:2 threshold 2] [attestors N] [guardians A:1,B:2 threshold 2]".
func (w *words) owners() (a tx.Authority) {
	w.t.Helper()
	weights := func() (keys []tx.AuthorityKey, threshold uint32) {
		for _, pair := range strings.Split(w.next(), ",") {
			owner, weight, _ := strings.Cut(pair, ":")
			part := words{block: w.block, line: w.line, rest: []string{weight}}
			keys = append(keys, tx.AuthorityKey{Key: w.key(owner).Public(), Weight: uint32(part.count())})
		}
		slices.SortFunc(keys, func(a, b tx.AuthorityKey) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		if !w.is("threshold") {
			w.fail("keys need a threshold")
		}
		return keys, uint32(w.count())
	}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "keys":
			a.Keys, a.Threshold = weights()
		case "guardians":
			a.Guardians, a.GuardianThreshold = weights()
		case "attestors":
			a.Attestors = uint32(w.count())
		default:
			w.fail("nothing in an authority is called %q", word)
		}
	}
	return a
}

// found reads "found NAME" and an authority: an account that is opened with more than one key.
func (w *words) found(o options) (tx.Operation, string) {
	name := w.next()
	op := tx.OpenAccount{Authority: w.owners(), Salt: salt(name)}
	signer := name
	if o.by != nil {
		signer = o.by[0]
	}
	w.know(name, op.Account(), signer)
	return op, signer
}

// setAuthority reads "authority ACCOUNT" and an authority.
func (w *words) setAuthority(options) (tx.Operation, string) {
	account := w.next()
	return tx.SetAuthority{Account: w.account(account), Authority: w.owners()}, w.signer(account)
}

// recover reads "recover ACCOUNT" and an authority.
func (w *words) recover(options) (tx.Operation, string) {
	account := w.next()
	return tx.StartRecovery{Account: w.account(account), Authority: w.owners()}, "ATTESTOR1"
}

// tier reads "tier ACCOUNT N [checked TIME]".
func (w *words) tier(options) (tx.Operation, string) {
	op := tx.SetTier{Account: w.account(w.next()), Tier: uint32(w.count()), CheckedAtUnixMs: w.chain.TimeUnixMs}
	if w.is("checked") {
		op.CheckedAtUnixMs = w.when()
	}
	return op, "ATTESTOR1"
}

// waitLine tells how far a move or recovery is.
func (w *words) waitLine(wait ledger.Wait) string {
	in := time.Duration(wait.DueUnixMs-w.chain.TimeUnixMs) * time.Millisecond
	return map[ledger.WaitState]string{
		ledger.WaitRunning: "completes in ", ledger.WaitHeld: "held up, lapses in ", ledger.WaitConfirmed: "confirmed, completes in ",
	}[wait.State] + in.String()
}

// moveLine reads "move? NUMBER".
func (w *words) moveLine() string {
	w.t.Helper()
	m, err := w.chain.State().Move(w.alias32())
	w.end()
	switch {
	case err != nil:
		w.fail("%v", err)
	case m == nil:
		return "no move"
	}
	return fmt.Sprintf("from %s to %s, %s", w.name(m.From), w.name(m.To), w.waitLine(m.Wait))
}

// recoveryLine reads "recovery? ACCOUNT".
func (w *words) recoveryLine() string {
	w.t.Helper()
	r, err := w.chain.State().Recovery(w.account(w.next()))
	w.end()
	switch {
	case err != nil:
		w.fail("%v", err)
	case r == nil:
		return "no recovery"
	}
	return w.waitLine(r.Wait)
}

// authorityLine reads "authority? ACCOUNT KEY…": what the account's authority is, of keys that have names.
func (w *words) authorityLine() string {
	w.t.Helper()
	id := w.account(w.next())
	a, err := w.chain.State().Account(id)
	if err != nil || a == nil {
		w.fail("account %v: %v", a, err)
	}
	names := func(keys []tx.AuthorityKey) string {
		var parts []string
		for _, name := range w.rest {
			for _, k := range keys {
				if k.Key == w.key(name).Public() {
					parts = append(parts, fmt.Sprintf("%s:%d", name, k.Weight))
				}
			}
		}
		return strings.Join(append(parts, fmt.Sprintf("(%d)", len(keys))), " ")
	}
	line := fmt.Sprintf("keys %s of %d, attestors %d, guardians %s of %d, %d waiting", names(a.Authority.Keys), a.Authority.Threshold,
		a.Authority.Attestors, names(a.Authority.Guardians), a.Authority.GuardianThreshold, a.Pending)
	w.rest = nil
	return line
}

// tierLine reads "tier? ACCOUNT".
func (w *words) tierLine() string {
	w.t.Helper()
	a, err := w.chain.State().Account(w.account(w.next()))
	w.end()
	if err != nil || a == nil {
		w.fail("account %v: %v", a, err)
	}
	return fmt.Sprintf("tier %d", a.Tier)
}

// passedLine tells which moves, recoveries and grants ended by ledger time in the block, and in whose history that shows.
func (w *words) passedLine() string {
	w.t.Helper()
	w.end()
	var out []string
	if w.fx == nil {
		return "nothing"
	}
	for _, l := range w.fx.Leaves {
		leaf, err := tx.ParseLeaf(l.Raw)
		if err != nil {
			w.fail("%v", err)
		}
		if leaf.Effect == nil {
			continue
		}
		var names []string
		for _, id := range l.Accounts {
			names = append(names, w.name(id))
		}
		slices.Sort(names)
		what := map[tx.EffectKind]string{
			tx.MoveCompleted: "move completed", tx.MoveLapsed: "move lapsed", tx.RecoveryCompleted: "recovery completed",
			tx.RecoveryLapsed: "recovery lapsed", tx.GrantExpired: "grant expired", tx.BallotEffective: "ballot effective",
		}[leaf.Effect.Kind]
		out = append(out, strings.TrimRight(what+" for "+strings.Join(names, " "), " "))
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

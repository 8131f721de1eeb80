package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// The acts on holds, requests and returns. What a transaction has made or moved is called by the transaction's name, with /N for the
// operation at position N.
func init() {
	verbs["hold"] = (*words).hold
	verbs["capture"] = (*words).capture
	verbs["release"] = (*words).release
	verbs["request"] = (*words).request
	verbs["decline"] = (*words).decline
	verbs["pay"] = (*words).pay
	verbs["return"] = (*words).giveBack
	verbs["allow"] = (*words).allow
	reads["held"] = (*words).held
	reads["hold?"] = (*words).holdLine
	reads["request?"] = (*words).requestLine
	reads["returned?"] = (*words).returnedLine
	reads["effects"] = (*words).effectLines
}

// made reads "NAME[/N]": a transaction, and the position of one of its operations. A transaction without the name is one that was
// never sent.
func (w *words) made() (*tx.Signed, uint32) {
	w.t.Helper()
	name, position, has := strings.Cut(w.next(), "/")
	n := 0
	if has {
		var err error
		if n, err = strconv.Atoi(position); err != nil {
			w.fail("position %q", position)
		}
	}
	return w.named[name], uint32(n)
}

// placed is what was placed there; zero when nothing was.
func placed(signed *tx.Signed, position uint32) (id tx.HoldID, op tx.PlaceHold) {
	if signed == nil {
		return id, op
	}
	if int(position) < len(signed.Body.Operations) {
		op, _ = signed.Body.Operations[position].(tx.PlaceHold)
	}
	return tx.NewHoldID(signed.ID(), position), op
}

// secret is the 32 bytes that a script calls by a word, and hashlock their hash.
func secret(word string) [32]byte   { return sha256.Sum256([]byte("secret " + word)) }
func hashlock(word string) [32]byte { s := secret(word); return sha256.Sum256(s[:]) }

// fee reads what follows "fee": "AMOUNT [vN] [to PROVIDER]".
func (w *words) fee() *tx.Fee {
	w.t.Helper()
	fee := &tx.Fee{Provider: w.account("PROVIDER"), ScheduleVersion: 1, Amount: w.money()}
	if len(w.rest) > 0 && w.rest[0][0] == 'v' {
		fee.ScheduleVersion = uint32(w.count())
	}
	if w.is("to") {
		fee.Provider = w.account(w.next())
	}
	return fee
}

// hold reads "hold A -> B|NUMBER AMOUNT [alias NUMBER] [fee …] [asset CODE] [until TIME] [completes] [locked SECRET] [releasable]"; a
// day, when it does not say.
func (w *words) hold(options) (tx.Operation, string) {
	w.t.Helper()
	debit := w.next()
	if !w.is("->") {
		w.fail("hold DEBIT -> CREDIT AMOUNT")
	}
	op := tx.PlaceHold{
		Debit: w.account(debit), Asset: ledgertest.KES, OnExpiry: tx.ExpiryReturns, ExpiresAtUnixMs: w.chain.TimeUnixMs + 24*3600*1000,
	}
	if credit := w.next(); credit[0] == '+' {
		alias := w.world.AliasKey.Alias(credit)
		op.Alias = &alias
	} else {
		account := w.account(credit)
		op.Credit = &account
	}
	op.Amount = w.money()
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "alias":
			alias := w.world.AliasKey.Alias(w.next())
			op.Alias = &alias
		case "fee":
			op.Fee = w.fee()
		case "asset":
			op.Asset = w.asset()
		case "until":
			op.ExpiresAtUnixMs = w.when()
		case "completes":
			op.OnExpiry = tx.ExpiryCompletes
		case "locked":
			lock := hashlock(w.next())
			op.Hashlock = &lock
		case "releasable":
			op.PayerMayRelease = true
		default:
			w.fail("nothing in a hold is called %q", word)
		}
	}
	return op, w.signer(debit)
}

// capture reads "capture HOLD by PAYEE AMOUNT [secret SECRET] [rest] [from DEBIT] [asset CODE]".
func (w *words) capture(options) (tx.Operation, string) {
	w.t.Helper()
	id, of := placed(w.made())
	if !w.is("by") {
		w.fail("capture HOLD by PAYEE AMOUNT")
	}
	credit := w.next()
	op := tx.CaptureHold{Hold: id, Debit: of.Debit, Credit: w.account(credit), Asset: max(of.Asset, ledgertest.KES), Amount: w.money()}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "secret":
			s := secret(w.next())
			op.Preimage = &s
		case "rest":
			op.ReleaseRest = true
		case "from":
			op.Debit = w.account(w.next())
		case "asset":
			op.Asset = w.asset()
		default:
			w.fail("nothing in a capture is called %q", word)
		}
	}
	return op, w.signer(credit)
}

// release reads "release HOLD [from DEBIT]"; the act says by whom, else the payer signs.
func (w *words) release(options) (tx.Operation, string) {
	w.t.Helper()
	id, of := placed(w.made())
	op := tx.ReleaseHold{Hold: id, Debit: of.Debit}
	if w.is("from") {
		op.Debit = w.account(w.next())
	}
	return op, w.signer(w.name(op.Debit))
}

// asked is what was requested there.
func asked(signed *tx.Signed, position uint32) (id tx.RequestID, op tx.RequestPayment) {
	if signed == nil {
		return id, op
	}
	if int(position) < len(signed.Body.Operations) {
		op, _ = signed.Body.Operations[position].(tx.RequestPayment)
	}
	return tx.NewRequestID(signed.ID(), position), op
}

// request reads "request PAYEE from PAYER AMOUNT [asset CODE] [until TIME]"; a day, when it does not say.
func (w *words) request(options) (tx.Operation, string) {
	w.t.Helper()
	payee := w.next()
	if !w.is("from") {
		w.fail("request PAYEE from PAYER AMOUNT")
	}
	op := tx.RequestPayment{
		Credit: w.account(payee), Debit: w.account(w.next()), Amount: w.money(), Asset: w.assetOf(),
		ExpiresAtUnixMs: w.chain.TimeUnixMs + 24*3600*1000,
	}
	if w.is("until") {
		op.ExpiresAtUnixMs = w.when()
	}
	return op, w.signer(payee)
}

// decline reads "decline REQUEST for ACCOUNT".
func (w *words) decline(options) (tx.Operation, string) {
	w.t.Helper()
	id, _ := asked(w.made())
	if !w.is("for") {
		w.fail("decline REQUEST for ACCOUNT")
	}
	account := w.next()
	return tx.DeclineRequest{Request: id, Account: w.account(account)}, w.signer(account)
}

// pay reads "pay REQUEST" and what a transfer is.
func (w *words) pay(options) (tx.Operation, string) {
	w.t.Helper()
	id, _ := asked(w.made())
	op, signer := w.transfer()
	transfer := op.(tx.Transfer)
	transfer.Request = &id
	return transfer, signer
}

// giveBack reads "return MOVED A -> B AMOUNT [carrier ACCOUNT] [asset CODE] [leaf +N] [spoilt]": leaf +N names a leaf so much later
// than the one that is shown, spoilt changes a bit of what is shown. MOVED is a transaction, or a hold that ledger time completed.
func (w *words) giveBack(options) (tx.Operation, string) {
	w.t.Helper()
	signed, position := w.made()
	debit := w.next()
	if !w.is("->") {
		w.fail("return MOVED A -> B AMOUNT")
	}
	op := tx.Return{
		Operation: position, Debit: w.account(debit), Credit: w.account(w.next()), Amount: w.money(), Asset: ledgertest.KES,
		Leaf: []byte("of nothing"),
	}
	completed := w.is("completed")
	op.LeafIndex = w.chain.Memory.Head().Size
	for i := range op.LeafIndex {
		raw, err := w.chain.Memory.Leaf(i)
		if err != nil {
			w.fail("%v", err)
		}
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			w.fail("leaf %d: %v", i, err)
		}
		hold, _ := placed(signed, 0)
		if signed != nil && (!completed && leaf.Record != nil && bytes.Equal(leaf.Record.Envelope, signed.Envelope()) ||
			completed && leaf.Effect != nil && bytes.Equal(leaf.Effect.Subject, hold[:])) {
			op.LeafIndex, op.Leaf = i, bytes.Clone(raw)
			break
		}
	}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "carrier":
			carrier := w.account(w.next())
			op.Carrier = &carrier
		case "asset":
			op.Asset = w.asset()
		case "leaf":
			op.LeafIndex += uint64(w.count())
		case "spoilt":
			op.Leaf[len(op.Leaf)-1] ^= 1
		default:
			w.fail("nothing in a return is called %q", word)
		}
	}
	return op, w.signer(debit)
}

// allow reads "allow OPERATION,… " and what a grant is.
func (w *words) allow(options) (tx.Operation, string) {
	w.t.Helper()
	allowed := strings.Split(w.next(), ",")
	op, signer := w.grant()
	grant := op.(tx.IssueGrant)
	grant.Operations = nil
	for _, name := range allowed {
		grant.Operations = append(grant.Operations, map[string]tx.GrantedOperation{
			"transfer": tx.GrantTransfer, "hold": tx.GrantHold, "capture": tx.GrantCapture, "request": tx.GrantRequest, "return": tx.GrantReturn,
		}[name])
	}
	return grant, signer
}

// held reads "held ACCOUNT… [in CODE]": what each owns, and how much of it is held.
func (w *words) held() string {
	w.t.Helper()
	asset := ledgertest.KES
	var parts []string
	for len(w.rest) > 0 {
		if w.is("in") {
			asset = w.asset()
			break
		}
		parts = append(parts, w.next())
	}
	w.end()
	for i, name := range parts {
		b, err := w.chain.State().Balance(w.account(name), asset)
		if err != nil {
			w.fail("%v", err)
		}
		parts[i] = fmt.Sprintf("%s %s of %s", name, b.Held.Text(2), b.Posted.Text(2))
	}
	return strings.Join(parts, "  ")
}

// holdLine reads "hold? HOLD".
func (w *words) holdLine() string {
	w.t.Helper()
	id, _ := placed(w.made())
	w.end()
	h, err := w.chain.State().Hold(id)
	switch {
	case err != nil:
		w.fail("%v", err)
	case h == nil:
		return "no hold"
	}
	payee := "whoever is attested"
	if h.Alias == (key.Alias{}) {
		payee = w.name(h.Credit)
	}
	return fmt.Sprintf("%s and fee %s of %s for %s", h.Left.Text(2), h.Fee.Text(2), w.name(h.Debit), payee)
}

// requestLine reads "request? REQUEST".
func (w *words) requestLine() string {
	w.t.Helper()
	id, _ := asked(w.made())
	w.end()
	q, err := w.chain.State().Request(id)
	switch {
	case err != nil:
		w.fail("%v", err)
	case q == nil:
		return "no request"
	}
	return fmt.Sprintf("%s asks %s for %s", w.name(q.Credit), w.name(q.Debit), q.Amount.Text(2))
}

// returnedLine reads "returned? LEAF OPERATION".
func (w *words) returnedLine() string {
	w.t.Helper()
	sum, err := w.chain.State().Returned(uint64(w.count()), uint32(w.count()))
	if err != nil {
		w.fail("%v", err)
	}
	w.end()
	return sum.Text(2)
}

// effectLines tells what ledger time did in the block.
func (w *words) effectLines() string {
	w.t.Helper()
	w.end()
	var out []string
	if w.fx != nil {
		for _, l := range w.fx.Leaves {
			leaf, err := tx.ParseLeaf(l.Raw)
			if err != nil {
				w.fail("%v", err)
			}
			e := leaf.Effect
			if e == nil {
				continue
			}
			line := map[tx.EffectKind]string{
				tx.HoldReturned: "returned", tx.HoldCompleted: "completed", tx.RequestExpired: "request expired",
				tx.VoucherReturned: "vouchers returned", tx.GrantExpired: "grant expired", tx.MoveCompleted: "moved",
				tx.BallotEffective: "ballot effective", tx.BallotLapsed: "ballot lapsed",
			}[e.Kind]
			if e.Debit != nil {
				line += " " + e.Amount.Text(2) + " of " + w.name(*e.Debit)
			}
			if e.Credit != nil {
				line += " to " + w.name(*e.Credit)
			}
			out = append(out, line)
		}
	}
	if out == nil {
		return "nothing was due"
	}
	return strings.Join(out, ", ")
}

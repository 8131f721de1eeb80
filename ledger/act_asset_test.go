package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func init() {
	verbs["define"] = (*words).define
	verbs["limits"] = (*words).limits
	verbs["list"] = func(w *words, _ options) (tx.Operation, string) { return w.list(true) }
	verbs["unlist"] = func(w *words, _ options) (tx.Operation, string) { return w.list(false) }
	verbs["redeem"] = (*words).redeem
	verbs["reserve"] = (*words).reserve
	verbs["register"] = (*words).register
	verbs["fees"] = (*words).fees
	reads["asset?"] = (*words).assetLine
	reads["limit?"] = (*words).limitLine
	reads["provider?"] = (*words).providerLine
	reads["fees?"] = (*words).feesLine
	reads["worst?"] = (*words).worstLine
}

// evidence is the hash of a paper.
func evidence(of string) [32]byte { return sha256.Sum256([]byte("evidence " + of)) }

// define reads "define CODE [scale N] [voucher TIME] [arbiter ACCOUNT] [tier N AMOUNT AMOUNT]… [inflow AMOUNT] [of ISSUER]".
func (w *words) define(options) (tx.Operation, string) {
	w.t.Helper()
	op := tx.DefineAsset{Code: w.next(), Scale: 2, Kind: tx.Money, Issuer: w.account("ISSUER")}
	signer := "ISSUER"
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "scale":
			op.Scale = uint8(w.count())
		case "voucher":
			op.Kind, op.SpendUntilUnixMs = tx.Voucher, w.when()
		case "arbiter":
			arbiter := w.account(w.next())
			op.Arbiter = &arbiter
		case "of":
			issuer := w.next()
			op.Issuer, signer = w.account(issuer), w.signer(issuer)
		default:
			w.limitsWord(word, &op.Limits, &op.ProvisionalInflowDay)
		}
	}
	return op, signer
}

// limitsWord reads "tier N TRANSACTION DAY" or "inflow AMOUNT".
func (w *words) limitsWord(word string, limits *[]tx.TierLimit, inflow *amount.Amount) {
	w.t.Helper()
	switch word {
	case "tier":
		*limits = append(*limits, tx.TierLimit{Tier: uint32(w.count()), CapTransaction: w.money(), CapDay: w.money()})
	case "inflow":
		*inflow = w.money()
	default:
		w.fail("nothing in an asset is called %q", word)
	}
}

// limits reads "limits CODE [tier N AMOUNT AMOUNT]… [inflow AMOUNT]".
func (w *words) limits(options) (tx.Operation, string) {
	w.t.Helper()
	op := tx.SetLimits{Asset: w.asset(), Issuer: w.account("ISSUER")}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		w.limitsWord(w.next(), &op.Limits, &op.ProvisionalInflowDay)
	}
	return op, "ISSUER"
}

// list reads "list ACCOUNT for CODE" and "unlist ACCOUNT for CODE".
func (w *words) list(listed bool) (tx.Operation, string) {
	w.t.Helper()
	payee := w.account(w.next())
	if !w.is("for") {
		w.fail("list ACCOUNT for CODE")
	}
	return tx.ListPayee{Asset: w.asset(), Issuer: w.account("ISSUER"), Payee: payee, Listed: listed}, "ISSUER"
}

// redeem reads "redeem AMOUNT [asset CODE]".
func (w *words) redeem(options) (tx.Operation, string) {
	w.t.Helper()
	return tx.Redeem{Amount: w.money(), Issuer: w.account("ISSUER"), Asset: w.assetOf()}, "ISSUER"
}

// reserve reads "reserve CODE AMOUNT of TIME".
func (w *words) reserve(options) (tx.Operation, string) {
	w.t.Helper()
	op := tx.StateReserve{Asset: w.asset(), Issuer: w.account("ISSUER"), Reserve: w.money(), EvidenceHash: evidence("bank")}
	if !w.is("of") {
		w.fail("reserve CODE AMOUNT of TIME")
	}
	op.AsOfUnixMs = w.when()
	return op, "ISSUER"
}

// register reads "register ACCOUNT key KEY name NAME"; both sign.
func (w *words) register(o options) (tx.Operation, string) {
	w.t.Helper()
	account := w.next()
	if !w.is("key") {
		w.fail("register ACCOUNT key KEY name NAME")
	}
	op := tx.RegisterProvider{Account: w.account(account), Key: w.key(w.next()).Public()}
	if !w.is("name") {
		w.fail("a provider needs a name")
	}
	op.Name = w.next()
	return op, w.signer(account)
}

// fees reads "fees PROVIDER vN at TIME [asset CODE] BAND…", where a band is [AMOUNT:]FLAT[+BASIS POINTS], such as 100.00:1.00+25.
func (w *words) fees(options) (tx.Operation, string) {
	w.t.Helper()
	provider := w.next()
	op := tx.PublishFees{Provider: w.account(provider), Version: uint32(w.count()), Asset: ledgertest.KES}
	if !w.is("at") {
		w.fail("fees PROVIDER vN at TIME BAND…")
	}
	op.EffectiveAtUnixMs = w.when()
	op.Asset = w.assetOf()
	for len(w.rest) > 0 && w.rest[0] != ";" {
		var band tx.FeeBand
		text := w.next()
		bound, fee, bounded := strings.Cut(text, ":")
		if !bounded {
			bound, fee = "0", text
		}
		flat, points, _ := strings.Cut(fee, "+")
		part := words{block: w.block, line: w.line, rest: []string{bound, flat, points}}
		band.UpTo, band.Flat = part.money(), part.money()
		if points != "" {
			band.BasisPoints = uint32(part.count())
		}
		op.Bands = append(op.Bands, band)
	}
	return op, w.signer(provider)
}

// ago says how long before now a time is, or after.
func (w *words) ago(unixMs uint64) string {
	const hour = 3600 * 1000
	now := w.chain.TimeUnixMs
	switch {
	case unixMs > now && (unixMs-now)%hour == 0:
		return fmt.Sprintf("in %dh", (unixMs-now)/hour)
	case unixMs > now:
		return fmt.Sprintf("in %dms", unixMs-now)
	case (now-unixMs)%hour == 0:
		return fmt.Sprintf("%dh ago", (now-unixMs)/hour)
	}
	return fmt.Sprintf("%dms ago", now-unixMs)
}

// assetLine reads "asset? CODE".
func (w *words) assetLine() string {
	n := w.asset()
	a, err := w.chain.State().Asset(n)
	if err != nil {
		w.fail("%v", err)
	}
	if a == nil {
		return "no asset"
	}
	line := fmt.Sprintf("asset %d %s, supply %s", n, a.Code, a.Supply.Text(a.Scale))
	if a.Kind == tx.Voucher {
		line += ", vouchers that end " + w.ago(a.SpendUntilUnixMs)
	}
	if a.Arbiter != (tx.AccountID{}) {
		line += ", arbiter " + w.name(a.Arbiter)
	}
	if a.ProvisionalInflowDay != 0 {
		line += ", inflow " + a.ProvisionalInflowDay.Text(a.Scale)
	}
	if a.ReserveAsOfUnixMs != 0 {
		line += fmt.Sprintf(", reserve %s of %s, stated %s", a.Reserve.Text(a.Scale), w.ago(a.ReserveAsOfUnixMs), w.ago(a.ReserveStatedUnixMs))
	}
	return line
}

// limitLine reads "limit? CODE".
func (w *words) limitLine() string {
	n := w.asset()
	var parts []string
	for tier := range uint8(tx.MaxTier + 1) {
		l, err := w.chain.State().Limit(n, tier)
		if err != nil {
			w.fail("%v", err)
		}
		if l != nil {
			parts = append(parts, fmt.Sprintf("tier %d up to %s, %s a day", tier, l.CapTransaction.Text(2), l.CapDay.Text(2)))
		}
	}
	if parts == nil {
		return "no limits"
	}
	return strings.Join(parts, "; ")
}

// providerLine reads "provider? ACCOUNT".
func (w *words) providerLine() string {
	p, err := w.chain.State().Provider(w.account(w.next()))
	if err != nil {
		w.fail("%v", err)
	}
	if p == nil {
		return "no provider"
	}
	return fmt.Sprintf("%s, %d shares, last version %d", p.Entry.Name, p.Shares, p.LastVersion)
}

// feesLine reads "fees? PROVIDER vN".
func (w *words) feesLine() string {
	f, err := w.chain.State().FeeSchedule(w.account(w.next()), uint32(w.count()))
	if err != nil {
		w.fail("%v", err)
	}
	if f == nil {
		return "no schedule"
	}
	line := "effective " + w.ago(f.EffectiveAtUnixMs)
	if f.ReplacedAtUnixMs != 0 {
		line += ", replaced " + w.ago(f.ReplacedAtUnixMs)
	}
	return line
}

// worstLine reads "worst? PROVIDER [asset CODE]".
func (w *words) worstLine() string {
	worst, err := w.chain.State().WorstDay(w.account(w.next()), w.assetOf())
	if err != nil {
		w.fail("%v", err)
	}
	bound := func(b ledger.Bound) string {
		if b.Open {
			return "not bounded"
		}
		return b.Most.Text(2)
	}
	return fmt.Sprintf("%d grants: %s, inflow %s, together %s", worst.Grants, bound(worst.Debits), bound(worst.Inflow), bound(worst.Total))
}

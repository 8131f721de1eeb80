package ledger_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// operation reads one operation and says who signs it when the act does not.
func (w *words) operation(o options) (tx.Operation, string) {
	w.t.Helper()
	switch verb := w.next(); verb {
	case "open":
		return w.open(o)
	case "alias":
		return w.alias()
	case "grant":
		return w.grant()
	case "revoke":
		account := w.next()
		if !w.is("from") {
			w.fail("revoke ACCOUNT from KEY")
		}
		return tx.RevokeGrant{Account: w.account(account), Grantee: w.key(w.next()).Public()}, w.signer(account)
	case "issue":
		a := w.money()
		if !w.is("to") {
			w.fail("issue AMOUNT to ACCOUNT")
		}
		return tx.Issue{Amount: a, Credit: w.account(w.next()), Asset: w.assetOf()}, "ISSUER"
	case "transfer":
		return w.transfer()
	default:
		if read, ok := verbs[verb]; ok {
			return read(w, o)
		}
		w.fail("there is no act %q", verb)
		return nil, ""
	}
}

// verbs read the operations of the nouns whose files are act_<noun>_test.go, and reads what their scripts look at; init functions of
// those files fill them.
var (
	verbs = make(map[string]func(w *words, o options) (op tx.Operation, signer string))
	reads = make(map[string]func(w *words) string)
)

// signer is who signs for an account when nobody is named: its owner, or the provider that holds its grant.
func (w *words) signer(account string) string {
	if signer, ok := w.signers[account]; ok {
		return signer
	}
	return account
}

// open reads "open NAME [keys A:1,B:2 threshold 2]" or "open phone NAME".
func (w *words) open(o options) (tx.Operation, string) {
	w.t.Helper()
	if w.is("phone") {
		name, signer := w.next(), "PROVIDER"
		if o.by != nil {
			signer = o.by[0]
		}
		op := tx.OpenAccount{Authority: tx.PhoneAuthority(2), Salt: salt(name)}
		w.know(name, op.Account(), signer)
		return op, signer
	}
	name := w.next()
	op := tx.OpenAccount{Authority: tx.SingleKey(w.key(name).Public()), Salt: salt(name)}
	if w.is("keys") {
		op.Authority.Keys = nil
		for _, pair := range strings.Split(w.next(), ",") {
			owner, weight, _ := strings.Cut(pair, ":")
			part := words{block: w.block, line: w.line, rest: []string{weight}}
			op.Authority.Keys = append(op.Authority.Keys, tx.AuthorityKey{Key: w.key(owner).Public(), Weight: uint32(part.count())})
		}
		slices.SortFunc(op.Authority.Keys, func(a, b tx.AuthorityKey) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		if !w.is("threshold") {
			w.fail("keys need a threshold")
		}
		op.Authority.Threshold = uint32(w.count())
	}
	w.know(name, op.Account(), name)
	return op, name
}

// alias reads "alias NUMBER to ACCOUNT name NAME".
func (w *words) alias() (tx.Operation, string) {
	w.t.Helper()
	number := w.next()
	if !w.is("to") {
		w.fail("alias NUMBER to ACCOUNT name NAME")
	}
	account := w.next()
	if !w.is("name") {
		w.fail("an alias needs a name")
	}
	nonce := w.world.Nonce(w.nonce + 1)
	sealed, err := w.world.AliasKey.SealName(bytes.NewReader(append(nonce[:], 0, 0, 0, 0)), number, w.next())
	if err != nil {
		w.fail("%v", err)
	}
	return tx.BindAlias{Alias: w.world.AliasKey.Alias(number), Account: w.account(account), SealedName: sealed}, w.signer(account)
}

// grant reads "grant ACCOUNT to KEY tx AMOUNT day AMOUNT [fee AMOUNT] [until TIME] [asset CODE]".
func (w *words) grant() (tx.Operation, string) {
	w.t.Helper()
	account := w.next()
	op := tx.IssueGrant{
		Account: w.account(account), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: ledgertest.KES,
		ExpiresAtUnixMs: w.chain.TimeUnixMs + 365*24*3600*1000,
	}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); word {
		case "to":
			op.Grantee = w.key(w.next()).Public()
		case "tx":
			op.CapTransaction = w.money()
		case "day":
			op.CapDay = w.money()
		case "fee":
			op.FeeCeiling = w.money()
		case "until":
			op.ExpiresAtUnixMs = w.when()
		case "asset":
			op.Asset = w.asset()
		default:
			w.fail("nothing in a grant is called %q", word)
		}
	}
	return op, w.signer(account)
}

// transfer reads "transfer A -> B AMOUNT [fee AMOUNT [vN] [to PROVIDER]] [alias NUMBER] [asset CODE] [ref TEXT]".
func (w *words) transfer() (tx.Operation, string) {
	w.t.Helper()
	debit := w.next()
	if !w.is("->") {
		w.fail("transfer DEBIT -> CREDIT AMOUNT")
	}
	op := tx.Transfer{Debit: w.account(debit), Credit: w.account(w.next()), Amount: w.money(), Asset: ledgertest.KES}
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); {
		case word == "fee":
			op.Fee = &tx.Fee{Provider: w.account("PROVIDER"), ScheduleVersion: 1, Amount: w.money()}
		case op.Fee != nil && word[0] == 'v':
			w.rest = append([]string{word}, w.rest...)
			op.Fee.ScheduleVersion = uint32(w.count())
		case op.Fee != nil && word == "to":
			op.Fee.Provider = w.account(w.next())
		case word == "alias":
			alias := w.world.AliasKey.Alias(w.next())
			op.Alias = &alias
		case word == "asset":
			op.Asset = w.asset()
		case word == "ref":
			op.Reference = w.next()
		default:
			w.fail("nothing in a transfer is called %q", word)
		}
	}
	return op, w.signer(debit)
}

// read promises lines about the state after the batch.
func (w *words) read(verb string) {
	w.block.answers = append(w.block.answers, func() []string {
		w.t.Helper()
		var out []string
		switch verb {
		case "balance":
			out = []string{w.balances()}
		case "grant?":
			out = []string{w.grantLine()}
		case "alias?":
			out = []string{w.aliasLine()}
		case "number":
			name := w.next()
			out = []string{name + " is nobody"}
			if a, err := w.chain.State().Account(w.account(name)); err != nil {
				w.fail("%v", err)
			} else if a != nil {
				out[0] = fmt.Sprintf("%s is account %d", name, a.Number)
			}
		case "supply":
			asset, err := w.chain.State().Asset(w.asset())
			if err != nil {
				w.fail("%v", err)
			}
			out = []string{asset.Code + " " + asset.Supply.Text(asset.Scale)}
		case "leaves":
			out = w.leafLines()
		}
		w.end()
		return out
	})
}

// balances reads "balance ACCOUNT… [in CODE]".
func (w *words) balances() string {
	asset := ledgertest.KES
	names := w.rest
	if at := slices.Index(names, "in"); at >= 0 {
		w.rest = names[at+1:]
		asset = w.asset()
		names = names[:at]
	}
	w.rest = nil
	var parts []string
	for _, name := range names {
		b, err := w.chain.State().Balance(w.account(name), asset)
		if err != nil {
			w.fail("%v", err)
		}
		parts = append(parts, name+" "+b.Posted.Text(2))
	}
	return strings.Join(parts, "  ")
}

// grantLine reads "grant? ACCOUNT KEY".
func (w *words) grantLine() string {
	s := w.chain.State()
	g, err := s.Grant(w.account(w.next()), w.key(w.next()).Public())
	if err != nil {
		w.fail("%v", err)
	}
	if g == nil {
		return "no grant"
	}
	left, err := s.LeftToday(*g, w.chain.TimeUnixMs)
	if err != nil {
		w.fail("%v", err)
	}
	return fmt.Sprintf("up to %s, %s of %s left today", g.CapTransaction.Text(2), amount.Amount(left).Text(2), g.CapDay.Text(2))
}

// aliasLine reads "alias? NUMBER".
func (w *words) aliasLine() string {
	number := w.next()
	a, err := w.chain.State().Alias(w.world.AliasKey.Alias(number))
	if err != nil {
		w.fail("%v", err)
	}
	switch {
	case a == nil:
		return "nobody"
	case a.Status == ledger.AliasReleased:
		return "released by " + w.name(a.Account)
	}
	name, err := w.world.AliasKey.OpenName(number, a.SealedName)
	if err != nil {
		w.fail("%v", err)
	}
	how := map[ledger.AliasStatus]string{
		ledger.AliasProvisional: "provisional", ledger.AliasAttested: "attested",
	}[a.Status]
	return fmt.Sprintf("%s, called %s, %s", w.name(a.Account), name, how)
}

// leafLines tells how the block's leaves are found again and in whose history they show.
func (w *words) leafLines() []string {
	if w.fx == nil {
		return []string{"none"}
	}
	var out []string
	for _, l := range w.fx.Leaves[:len(w.fx.Leaves)-1] {
		line := fmt.Sprintf("leaf %d by its envelope", l.Index)
		for _, o := range w.fx.Outcomes {
			if l.Lookup == [32]byte(o.ID) {
				line = fmt.Sprintf("leaf %d by its id", l.Index)
			}
		}
		var names []string
		for _, id := range l.Accounts {
			names = append(names, w.name(id))
		}
		if names == nil {
			names = []string{"nobody"}
		}
		slices.Sort(names)
		out = append(out, line+", shown to "+strings.Join(names, " "))
	}
	return out
}

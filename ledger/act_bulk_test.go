package ledger_test

import (
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

func init() { verbs["bulk"] = (*words).bulk }

// bulk reads "bulk atomic|each A [asset CODE] [fee AMOUNT [vN] [to PROVIDER]] -> B AMOUNT [alias NUMBER] -> C AMOUNT…".
func (w *words) bulk(options) (tx.Operation, string) {
	w.t.Helper()
	op := tx.BulkTransfer{Mode: tx.Atomic, Asset: ledgertest.KES}
	if w.is("each") {
		op.Mode = tx.Each
	} else if !w.is("atomic") {
		w.fail("bulk atomic or bulk each")
	}
	debit := w.next()
	op.Debit = w.account(debit)
	for len(w.rest) > 0 && w.rest[0] != ";" {
		switch word := w.next(); {
		case word == "asset":
			op.Asset = w.asset()
		case word == "fee":
			op.Fee = &tx.Fee{Provider: w.account("PROVIDER"), ScheduleVersion: 1, Amount: w.money()}
		case op.Fee != nil && word[0] == 'v':
			w.rest = append([]string{word}, w.rest...)
			op.Fee.ScheduleVersion = uint32(w.count())
		case op.Fee != nil && word == "to":
			op.Fee.Provider = w.account(w.next())
		case word == "->":
			op.Legs = append(op.Legs, tx.BulkLeg{Credit: w.account(w.next()), Amount: w.money()})
		case word == "alias" && len(op.Legs) > 0:
			alias := w.world.AliasKey.Alias(w.next())
			op.Legs[len(op.Legs)-1].Alias = &alias
		default:
			w.fail("nothing in a bulk transfer is called %q", word)
		}
	}
	return op, w.signer(debit)
}

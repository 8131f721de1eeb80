package tx_test

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

func TestMoveRules(t *testing.T) {
	move := func(change func(*tx.StartMove)) tx.Operation { return but(sampleMove(), change) }
	same := account(1)
	checkRules(t, []rule{
		{"to another account and provider", sampleMove(), ""},
		{"to another account", tx.StartMove{From: same, To: account(2)}, ""},
		{"to no provider", tx.StartMove{From: same, To: same, OldGrantee: &testPublic}, ""},
		{"to a first provider", tx.StartMove{From: same, To: same, Grant: ptr(sampleGrant())}, ""},
		{"to itself", tx.StartMove{From: same, To: same}, "start_move changes nothing"},
		{"to itself under another name", tx.StartMove{From: same, To: same, SealedName: &testSeal}, "start_move changes nothing"},
		{"with a grant on the old account", move(func(o *tx.StartMove) { o.Grant.Account = o.From }), "start_move grant account is not to"},
		{"with a grant that breaks a rule", move(func(o *tx.StartMove) { o.Grant.Asset = 0 }), "start_move: grant names no asset"},
	})
}

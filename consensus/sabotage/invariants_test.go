//go:build sabotage

package sabotage_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/sabotage"
)

// breaks names sabotages by the invariant that they break. Those of the ledger have a table of their own.
var breaks = map[string][]string{
	"I4": {
		"node-epoch-below-final", "node-seal-another-tree", "round-final-by-attestations", "round-final-and-contradicted", "epoch-from-first",
		"epoch-vote-hides-certificate", "node-dispute-nothing-kept", "node-overrun", "node-snapshot-of-tentative",
	},
	"I5": {
		"sign-not-persisted", "sign-sent-first", "sign-driver-ignores-disk", "sign-file-not-synced", "sign-state-forgotten", "sign-twice-a-size",
		"sign-lower-size", "round-attest-fork", "round-ratify-lower", "round-quorum-of-sizes", "quorum-is-a-majority", "filter-own-vote-twice",
	},
	"I6":  {"node-epoch-nothing-back", "node-epoch-back-too-far", "node-resync-state-stays", "filter-committed-replaced", "filter-committed-compared-by-term"},
	"I8":  {"node-read-of-two-trees", "node-read-behind", "node-read-at-who-was-fed", "node-read-of-what-is-taken-back", "node-epoch-reads-torn"},
	"I10": {"round-ratify-two-thirds-less-one", "round-cosignatures-not-verified", "node-receipt-of-tentative"},
	"I11": {
		"filter-panic", "filter-entry-type", "filter-type-wraps", "filter-entries-without-bound", "filter-bytes-without-bound", "filter-snapshot-huge",
		"node-pack-unbounded", "node-evidence-unbounded", "overdue-without-bound", "node-aside-damage-stops", "node-snapshots-without-end",
	},
	"I12": {
		"epoch-not-ended-by-time", "epoch-not-ended-by-honest", "round-never-renamed", "filter-term-bomb", "filter-window-closed-for-ever",
		"filter-drops-grow-for-ever", "complaint-not-joined", "node-resync-not-asked", "node-epoch-payments-lost", "node-attest-never-after-clocks",
	},
	"I13": {"node-base-ahead-of-its-log", "node-base-needed", "node-base-beyond-a-gap", "node-resync-log-below-state", "node-snapshot-of-replayed"},
	"I14": {
		"proof-of-two-epochs", "proof-of-two-terms", "proof-of-an-honest-vote", "proof-unsigned", "proof-of-anything", "proof-not-given-of-attestations",
		"proof-not-given-of-notes", "node-evidence-unverified", "node-evidence-not-written", "node-batch-of-another-term", "node-pack-signs-twice",
	},
	"I16": {"node-attest-censored", "promise-of-another"},
}

// elsewhere is the invariant of the recovery tool, of which no line is here.
const elsewhere = "I15"

var invariant = regexp.MustCompile(`(?m)^//\t(I\d+) `)

// checkInvariants holds the tables to the comment of consensus/sim: each invariant that simulations claim is broken by a sabotage, and no
// other is.
func checkInvariants(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile("../sim/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var claimed []string
	for _, m := range invariant.FindAllSubmatch(raw, -1) {
		claimed = append(claimed, string(m[1]))
	}
	if len(claimed) < 15 || slices.Contains(claimed, elsewhere) {
		t.Fatalf("simulations claim %v", claimed)
	}
	for _, i := range claimed {
		if len(breaks[i])+len(sabotage.Breaks[i]) == 0 {
			t.Errorf("no sabotage breaks %s", i)
		}
	}
	for _, table := range []map[string][]string{breaks, sabotage.Breaks} {
		for i := range table {
			if !slices.Contains(claimed, i) {
				t.Errorf("there is no invariant %s", i)
			}
		}
	}
}

//go:build sabotage

package sabotage

import (
	"slices"
	"strings"
	"testing"
)

var plan = Plan{
	Root: "../..", In: "..",
	All: slices.Concat(payer, hold, authority, alias, directory, history, stored, arrived), Breaks: Breaks,
	Runs: func(file string) []Run {
		// What is drawn at random is the same each time, so that a sabotage is caught always or never. The seed is the one that
		// TestEveryRuleIsReached needs. Nobody waits for a counterexample to become small.
		drawn := func(only string) []string {
			return []string{"-test.run=" + only, "-rapid.seed=20260101", "-rapid.shrinktime=1ms", "-rapid.nofailfile"}
		}
		switch {
		case slices.Contains(ofSnapshots, file):
			return []Run{{"./ledger/store", drawn("Snapshot|Replace|Restore|Crash|Bound")}, {"./ledger/store", drawn(".")}}
		case strings.HasPrefix(file, "store/"):
			return []Run{{"./ledger/store", drawn(".")}}
		}
		return []Run{{"./ledger", drawn("^TestScripts$")}, {"./ledger/tx", drawn(".")}, {"./ledger", drawn(".")}}
	},
}

// ofSnapshots are the files whose sabotages the tests of snapshots should notice.
var ofSnapshots = []string{"store/restore.go", "store/succession.go", "store/bounds.go", "store/install.go", "store/view.go", "store/snapshot.go"}

func TestList(t *testing.T) { plan.Check(t) }

func TestSabotage(t *testing.T) { plan.Test(t) }

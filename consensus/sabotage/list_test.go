//go:build sabotage

package sabotage_test

import (
	"path"
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/sabotage"
)

var plan = sabotage.Plan{
	Root: "../..", In: "..", Breaks: breaks,
	All: slices.Concat(signing, rounds, epochs, proofs, transport, complaints, opened, resynced, disputed, proved, packed, stored, trailed, answered, governed, served),
	// The tests of the package of the line notice, those of its parts alone first.
	Runs: func(file string) []sabotage.Run {
		switch dir := path.Dir(file); dir {
		case "finality":
			return []sabotage.Run{
				{Package: "./consensus/finality", Args: []string{"-test.run=^Test(Scripts|State|Bad|Every|Save|Disk|Signer|New|Nothing|Exchange|LiarIs|Vote|Certificate|Race|Stale|Hiding|LiarsEnd|Unseen|Highest|Node|Claimed|Orphan|Only|Cosignature|EpochOpens)"}},
				{Package: "./consensus/finality", Args: []string{"-test.short"}},
			}
		case "../ledger/checkpoint":
			return []sabotage.Run{{Package: "./ledger/checkpoint"}, {Package: "./proto/vectors"}}
		case "../ledger":
			return []sabotage.Run{{Package: "./ledger", Args: []string{"-test.run=^Test(VerifyAll|BadEnvelopes)"}}, {Package: "./ledger"}}
		case ".":
			return []sabotage.Run{
				{Package: "./consensus", Args: []string{"-test.short", "-test.run=" + nodeRuns[file]}},
				{Package: "./consensus", Args: []string{"-test.short"}},
			}
		case "transport":
			return []sabotage.Run{
				{Package: "./consensus/transport", Args: []string{"-test.run=^Test(Filter|Election|Certificate|Second|Double|Own|Transfer|Drop|Commit|Reset|Bucket|Rates|Unwilling|Higher|Term|One|Answers|Leader|Left|Who|Sets|Trim|Round|Entry|Snapshot|Handshake|Dial)"}},
				{Package: "./consensus/transport"},
			}
		default:
			return []sabotage.Run{{Package: "./consensus/" + dir}}
		}
	},
}

func TestList(t *testing.T) {
	plan.Check(t)
	checkInvariants(t)
	for _, s := range plan.All {
		if path.Dir(s.File) == "." && nodeRuns[s.File] == "" {
			t.Errorf("%s: no tests are said to notice first what is broken in %s", s.Name, s.File)
		}
	}
}

func TestSabotage(t *testing.T) { plan.Test(t) }

//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// served is what the public server tells its callers, and what each of them may take.
var served = []sabotage.Sabotage{
	{
		Name: "stream-hides-what-is-known", File: "server/stream.go", Line: `if status.Stage > consensus.Unknown && status.ID != (tx.ID{}) && !noRoom {`,
		Instead: `if status.Stage > consensus.Taken && status.ID != (tx.ID{}) && !noRoom {`, Rule: "a failure hides nothing that is known, or somebody pays twice",
	},
	{
		Name: "stream-takes-without-room", File: "server/stream.go",
		Line:    `noRoom := errors.Is(err, consensus.ErrOverloaded) && !errors.Is(err, consensus.ErrUnknownOutcome) && status.Stage <= consensus.Taken`,
		Instead: `noRoom := false`, Rule: "what a node had no room for is not told as taken",
	},
}

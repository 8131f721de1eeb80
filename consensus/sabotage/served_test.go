//go:build sabotage

package sabotage_test

import "github.com/umoja-ledger/umoja/ledger/sabotage"

// served is what the public server tells its callers, and what each of them may take and cost.
var served = []sabotage.Sabotage{
	{
		Name: "stream-hides-what-is-known", File: "server/stream.go", Line: `if status.Stage > consensus.Unknown && status.ID != (tx.ID{}) { // A node that fails may not say of what it speaks.`,
		Instead: `if status.Stage > consensus.Taken && status.ID != (tx.ID{}) {`, Rule: "a failure hides nothing that is known, or somebody pays twice",
	},
	{
		Name: "places-past-the-part", File: "server/stream.go", Line: `if !all.service.envelopes.wait(ctx, all.from) {`, Instead: `if ctx.Err() != nil {`,
		Rule: "the streams of one address have no more waiting than its part",
	},
	{
		Name: "places-kept", File: "server/stream.go", Line: `defer all.service.envelopes.give(all.from)`, Instead: ``, Rule: "an outcome, or the end of a stream, gives places back",
	},
	{
		Name: "places-nobody-steps-up", File: "server/limit.go", Line: `p.stepUp(a)`, Instead: ``, Rule: "who waits for a place of his address gets the next one",
	},
	{
		Name: "places-nobody-behind", File: "server/wait.go", Line: `p.stepUp(w.from) // Who waits behind him for their address would wait for ever.`, Instead: ``,
		Rule: "who leaves the line holds up nobody",
	},
	{
		Name: "places-taken-by-who-left", File: "server/wait.go", Line: `p.giveNow(a) // It came at the same moment.`, Instead: ``, Rule: "who leaves has taken nothing",
	},
	{
		Name: "places-before-the-line", File: "server/wait.go", Line: `p.own[w.from] = append(p.own[w.from], w) // One before him took the last of his address.`,
		Instead: ``, Rule: "who steps out of the line waits on",
	},
	{
		Name: "batch-keys-of-bad", File: "../ledger/key/batch/equation.go", Line: `e.met = slices.DeleteFunc(e.met, func(m met) bool { return !e.good[m.place] })`,
		Instead: ``, Rule: "keys that nobody has signed with push none out of the memory",
	},
	{
		Name: "verify-all-at-once", File: "../ledger/verify.go", Line: `for from, to := 0, 1; from < most; from, to = to, 2*to {`,
		Instead: `for from, to := 0, most; from < most; from, to = to, 2*to {`, Rule: "a bad envelope costs no more signatures than twice those before its first bad one",
	},
	{
		Name: "verify-not-all", File: "../ledger/verify.go", Line: `for from, to := 0, 1; from < most; from, to = to, 2*to {`,
		Instead: `for from, to := 0, 1; from < min(most, 8); from, to = to, 2*to {`, Rule: "every signature is verified",
	},
	{
		Name: "verify-last-bad", File: "../ledger/verify.go", Line: `if at := places[bad]; verdicts[at.envelope].Err == nil { // The first of several is named.`,
		Instead: `if at := places[bad]; true {`, Rule: "a verdict is the same however many are verified together",
	},
	{
		Name: "checker-counts-envelopes", File: "checker.go", Line: `one.signatures = signaturesOf(envelope)`, Instead: `one.signatures = 1`,
		Rule: "what is verified together is bounded by signatures",
	},
}

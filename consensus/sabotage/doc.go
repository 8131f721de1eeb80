// Package sabotage asks whether the tests of consensus can fail: see ledger/sabotage, whose tools it uses.
//
//	go test -tags sabotage ./consensus/sabotage -count=1 -timeout 60m -v
//	go test -tags sabotage ./consensus/sabotage -count=1 -v -run TestSabotage/sign-
//
// The sabotages were chosen from the rules before the tests were looked at: at least one for each thing that a validator must
// persist, check or refuse so that f liars change nothing (proto/SPEC.md 8, the package comments of finality, complaint and
// transport), and one for each item of the filter that stands before raft.
package sabotage

// Package sabotage asks whether tests can fail. It breaks one line of a program at a time and runs the tests that should
// notice: if all still pass, no test holds the rule of that line. The list of the ledger's rules stands here, that of
// consensus in consensus/sabotage.
//
//	go test -tags sabotage ./ledger/sabotage -count=1 -timeout 60m -v
//	go test -tags sabotage ./ledger/sabotage -count=1 -v -run TestSabotage/hold-
//
// Sabotages are chosen from the rules (the ledger's from proto/SPEC.md 5 and 6) before the tests are looked at: else a list would
// say what the tests hold, and not what they should. Each is a mistake that somebody could make in good faith, or the hole that a
// thief would like: a bound that is off by one, a condition left out, a thing done once too often. One that changes nothing that
// anybody can see is no sabotage. One that does not compile, or whose line is gone, is an error of the list: who changes a line
// of a rule chooses there how to break the new one. A table beside each list says which break an invariant of consensus/sim: each invariant is
// broken by one at least.
//
// Nothing is written beside the sources: the compiler is told to read the broken file in place of the true one (go help build,
// -overlay). What it compiles on the way would fill the cache of the machine, so it has its own, which goes with the test
// unless -cache names one to keep.
package sabotage

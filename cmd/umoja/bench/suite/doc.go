// Package suite measures a network against its goals, one row of a table after the other.
//
// A row is one goal. It founds networks of its own, of real processes, measures them with package bench, and says what it found: a figure, what that is a
// ratio to, and Checks, which are numbers with the bounds that were set for them. Then every network is let come to rest and stopped, every validator's history
// is replayed, and all must have the same roots; only then the row is judged. A row that misses a goal whose figure depends on the machine's speed while
// other programs had much of it is not judged at all. What has no goal is shown.
//
// Finished rows go to a journal, and a run with the same folder goes on behind them. Rows of suite soak keep their networks too, and write down each of
// their steps: a run that was killed goes on at the step that it was in. A step that was cut off is done anew; what it had sent is on the
// ledger and is audited with the rest. The journal is not fsynced: it survives the process and not the machine.
//
// The package promises that no row is called met without its audit, and that what could not be measured says why. It refuses a folder with the state of
// another run.
package suite

// Package sim plays whole networks of validators in one process and in virtual time, makes trouble, and checks that nothing broke.
//
// # What is real
//
// A run is a bubble of testing/synctest with four validators, sometimes seven. Each is a consensus.Node as it runs in production: hashicorp/raft, the
// packer, the rules, the state store on badger, finality with its state file, and the transport with its filter. Four things are not:
//
//   - The network. A link carries the marshalled messages of a call in the sender's true name, where production has gRPC over TLS; the
//     transport's own code, its filter included, runs on both ends. The weather decides how long a message takes and whether it arrives.
//   - The disk under raft's log, which is in memory, can fail, stall and tear a write. The state store and the signer's state are true
//     files, in a folder in memory: reading and writing them costs no virtual time.
//   - The clock, which is the bubble's, and each validator's own error of it.
//   - The moment of a crash. Whatever a crash can separate from the next step is a named point (consensus.Simulated.Point). From the point
//     of its crash on a node reaches neither disk nor network, whatever its goroutines still do; then it is closed, and its supervisor starts
//     it again on what the disk has.
//
// # The life of a run
//
// A seed chooses who lies and every dice roll. People pay: each payment is brought to all honest validators until one calls it final; others read.
// The run's fault makes trouble and counts how often that took effect. Then everything that is not a lie is healed, and the network has a
// fixed time to make every payment final everywhere, while most liars go on. At the end all stop, and what is on disk is audited.
//
// Where ballots change the validator set, newcomers stand beside the validators of the genesis. Their operators start them when a ballot names
// them, at once or late, and let go who ends because it has left. Everything final is checked against the sets that follow from the genesis
// (sets); of who has left only that is asked which it knew; and once healed, raft's members must be the newest set, nobody may hear anybody
// else, and one more payment must become final.
//
// # What is checked
//
// Each in every run of real nodes, but of f+1 liars only I14 is asked. TestCheckersFindWhatIsWrong spoils what each of them looks at.
//
//	I1   the balances of an asset sum to its supply       cluster.audit at the end; cluster.keepReading meanwhile
//	I2   no balance is negative or overflows               cluster.audit
//	I3   each transaction is applied once                  cluster.once
//	I4   what was final stays                              watch.look, workload.finished meanwhile; cluster.ledger at the end
//	I5   one final root for each size; nobody honest       watch.look; watch.word and watch.vote hear all that is said,
//	     says two things                                   over all crashes
//	I6   one state for each size                           cluster.ledger compares whole exports
//	I7   the state hash is that of a full scan             cluster.audit
//	I8   reads and payments are in one order that agrees   workload.orders, cluster.keepReading
//	     with time
//	I9   each account's leaves are an unbroken chain       cluster.audit
//	I10  proofs verify                                     cluster.receipts; watch.grew for each final size
//	I11  no panic, leak, end in disorder; bounded memory   the process and synctest; cluster.ended; Share.play
//	I12  once healed, everything becomes final             cluster.settle
//	I13  what is applied is in the log, and a replay       cluster.ledger, after every kind of crash; I6
//	     makes the same
//	I14  evidence names the guilty only, and f+1 who fork  court.judge, Fault.Proves
//	I16  what was promised is included                     workload.orders; a run is too short to come to the size that is
//	                                                       named, of some 20,000 leaves
//
// The fault "steps" has no ledger: of it are asked I12, I14, and that nothing committed is lost. I15 is about an operator's recovery
// from the folders of dead validators, and nothing of that is played here.
//
// # Repeating a run
//
// The same seed makes the same dice rolls, but Go chooses the order of goroutines, so a run of real nodes repeats itself mostly and not
// always. The fault "steps" has no goroutines: a scheduler plays the transport's filter and the complaints, on a small raft, and a seed
// has the same trace each time. Finality is played so beside its own tests, thousands of schedules in consensus/finality.
//
// # Processes
//
// Virtual time exists only inside of a test, and `umoja sim` is a plain program: a worker makes itself a test by testing.Main. A campaign spreads
// its seeds over worker processes, so that a panic, or a loop that stops virtual time for ever and is ended by a watchdog in real time,
// is a violation of one run and the others go on.
//
// Nothing in a simulation may let time pass under a mutex: a goroutine that waits for a mutex keeps virtual time from moving.
package sim

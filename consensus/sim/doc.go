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
// A seed chooses who lies and every dice roll. People pay: each payment is brought to all honest validators until one calls it final. The
// run's fault makes trouble and counts how often that took effect. Then everything that is not a lie is healed, and the network has a
// fixed time to make every payment final everywhere (I12). All along, every word that an honest validator lets out is held
// against all it ever said (I5), and every final checkpoint against all that were ever seen (I4, I5). At the end all stop, and the
// ledgers are audited on disk: money, holds and chains of leaves (I1, I2, I9), the state's hash by a full scan (I7), equal bytes at equal size (I6), each
// transaction once (I3), and everything that was ever called final (I4). The numbers are those of DESIGN.md.
//
// # Repeating a run
//
// The same seed makes the same dice rolls, but Go chooses the order of goroutines, so a run repeats itself mostly and not
// always. What must repeat exactly is tested as step functions under a seeded scheduler, beside what it tests: consensus/finality.
//
// # Processes
//
// Virtual time exists only inside of a test, and `umoja sim` is a plain program: a worker makes itself a test by testing.Main. A campaign spreads
// its seeds over worker processes, so that a panic, or a loop that stops virtual time for ever and is ended by a watchdog in real time,
// is a violation of one run and the others go on.
//
// Nothing in a simulation may let time pass under a mutex: a goroutine that waits for a mutex keeps virtual time from moving.
package sim

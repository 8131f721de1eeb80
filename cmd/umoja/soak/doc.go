// Package soak is a crowd of simulated phones before a sandbox.
//
// A crew of people, whose numbers, names and PINs come from a seed, registers with the sandbox's gateway, is given money by its issuer,
// and then dials: to look, to see a balance, to pay, with wrong PINs, hanging up in the middle, over the wire form of every
// aggregator, while steps go wrong in every way that package handset knows, and, if asked, while the gateway and the leader are killed. A
// person acts by what the screen says, read with the gateway's own texts, and knows nothing else.
//
// A payment lives here like this. Each person's payments have amounts of their own, so that an amount names a payment for screens,
// messages and the ledger alike. Before the right PIN is sent the payment is written to the journal as asked for; what the
// person is told then is written too: paid, not made, or that a message will tell. Whoever was told nothing dials again until the first
// screen tells, or until it is sure that the request never arrived. At the end the ledger is read and compared with what people were
// told: none twice, none lost, none that nobody asked for, every balance the sum of its movements.
//
// The journal is what a run that was killed goes on from. It promises to know every PIN that may have left; it is not fsynced, so it
// survives the process and not the machine.
package soak

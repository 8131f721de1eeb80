// Package sim is for whole clusters in one process, driven from one seed: real raft nodes in virtual time, and our own
// machines (apply, attest, ratify, cosign, the transport's filter) under a scheduler that loses, delays, repeats and lies.
//
// A run begins with a seed, lives as a sequence of steps that the seed decides, and ends with the invariants of the ledger
// checked; the same seed gives the same run. The folder holds its place in the layout. What exists of it today stands
// beside what it tests: the seeded scheduler for rounds of finality in consensus/finality, the real clusters over
// loopback in consensus and consensus/transport, and the processes that are killed in cmd/umoja.
package sim

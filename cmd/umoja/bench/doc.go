// Package bench measures a network: how many payments a second become final, how long each takes, and what it costs.
//
// A run begins with a network that runs and has play money: a sandbox's folder. Payers are made of the issuer's key, the same ones at
// each run, opened and given money where they have none. What is to be sent is signed before the clock starts, since signing
// costs as much as all the rest (Stock). A Workload sends it: in a closed loop so many callers each wait for an answer before
// they send again, in an open loop payments begin at a rate whatever the answers take, and latency counts from when a payment was to
// begin, not from when the generator came to it. The processes' clocks and the loopback's counters are read when the warm-up has been answered and
// at the end, and what is answered between the two readings is what is counted: at both ends of a closed loop about as much is under way. At the end
// each payment that was sent has been answered final with the code OK or is counted by what it was answered; some receipts are
// fetched and verified; and the report tells figures and ratios.
//
// Absolute figures say as much about the machine as about the program, so every run calibrates first: hashing, one signature verified with
// one core busy and with all, an fsync, an empty gRPC call. The naive bound is what the machine could do if every validator verified
// each signature singly and nothing else cost anything.
//
// The package promises that a payment which was not answered is never counted as made, that no sample is dropped (latencies above
// the histogram's end are errors), and that warming up is not measured. It refuses networks whose money is not play money.
package bench

// Package sandbox is a whole network on one machine: four validators, a gateway or two of rival providers, and three attestors, each a process
// of its own, and the parent that watches over them.
//
// A sandbox begins with Run on an empty folder: every validator's keys are made by the same call that `umojad init`
// makes, a genesis with an issuer, two providers, three attestors and four phones is written, and its id is noted beside each validator. From
// then on the folder is that network, and every later Run resumes it. Run takes the folder's lock and the ports, writes
// the configurations for this run, starts the children (the program's own binary again, with a hidden command), and is
// ready when a payment from the issuer to a probe account was made final and read back from every validator. A child that
// ends is reported and left dead, so that one can see what its absence does; Restart asks the running parent to start it
// again. When the context ends, gateways and attestors go first, then the validators.
//
// The package promises that nothing is written before folder and ports are known to be free, that pids.json always names
// the living children (0 = dead), and that no child outlives its parent. It refuses a folder that another sandbox runs in,
// one of another network, and one that holds something else.
package sandbox

// Package profile tells where the CPU time of a validator goes.
//
// A CPU profile of Go is a list of stacks, each with the time that it was seen for. Read reads one; Shares gives each stack to the first
// share that one of its functions belongs to, and tells which part of the time each share has. The shares of a validator are Validator:
// their order decides, so that what apply does with the store is the store's, and raft's what raft does itself.
//
// It promises that the parts and the rest are all of the time. It knows functions by their names only, so what Go does on goroutines of its own
// (collecting memory, finding work) belongs to nobody and is part of the rest or of "memory".
package profile

import (
	"fmt"
	"strings"
)

// Share is a part of the CPU time: that of stacks with a function whose name has one of the parts, except what an earlier share has.
type Share struct {
	Name  string
	Parts []string
}

// Validator are the shares of a validator. Consensus says which of them are the price of agreeing.
var Validator = []Share{
	{"filter", []string{"transport.(*Filter)", "transport.filter", "transport.commitGuard"}},
	{"store", []string{"store.(*Store)", "badger"}},
	{"finality", []string{"finality.(*Driver)", "finality.(*Machine)", "peerServer.Exchange"}},
	{"signatures", []string{"batch.(*Verifier)", "tx.(*Signed).VerifySignatures"}},
	{"parse", []string{"consensus.(*verified)"}},
	{"rules", []string{"ledger.Apply", "ledger.(*Builder)"}},
	{"raft", []string{"hashicorp/raft", "consensus/transport."}},
	// Clients come in plaintext here, and a validator is nobody's client but other validators'.
	{"peers", []string{"crypto/tls", "transport.(*http2Client)"}},
	{"wire", []string{"google.golang.org/grpc", "consensus.(*countedConn)"}},
	{"memory", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcAssistAlloc", "runtime.mallocgc"}},
}

// Consensus are the shares that a network of one would not have: the filter between the wire and raft, raft with its log, finality, and the
// wire between validators, which carries submissions to the leader too.
var Consensus = []string{"filter", "finality", "raft", "peers"}

// Parts tells which part of the CPU time each share has, from 0 to 1, and what is left.
func Parts(stacks []Stack, shares []Share) (parts map[string]float64, rest float64, err error) {
	parts = make(map[string]float64)
	var total float64
	for _, s := range stacks {
		total += float64(s.Nanos)
		if name := shareOf(s.Functions, shares); name != "" {
			parts[name] += float64(s.Nanos)
		} else {
			rest += float64(s.Nanos)
		}
	}
	if total == 0 {
		return nil, 0, fmt.Errorf("the profile is empty: %w", ErrProfile)
	}
	for name := range parts {
		parts[name] /= total
	}
	return parts, rest / total, nil
}

func shareOf(functions []string, shares []Share) string {
	for _, s := range shares {
		for _, f := range functions {
			for _, part := range s.Parts {
				if strings.Contains(f, part) {
					return s.Name
				}
			}
		}
	}
	return ""
}

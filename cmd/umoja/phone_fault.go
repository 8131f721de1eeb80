package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ussd/handset"
)

// faultRates decide which steps of a phone go wrong, and how. The same seed decides alike.
type faultRates struct {
	faults []handset.Fault
	rates  []float64
	random *rand.Rand
}

// readFaults reads flags of the form NAME or NAME:RATE.
func readFaults(flags []string, seed uint64) (*faultRates, error) {
	r := &faultRates{random: rand.New(rand.NewPCG(seed, 0))}
	sum := 0.0
	for _, flag := range flags {
		name, text, given := strings.Cut(flag, ":")
		fault, err := handset.ParseFault(name)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		rate := 1.0
		if given {
			if rate, err = strconv.ParseFloat(text, 64); err != nil || !(rate >= 0 && rate <= 1) {
				return nil, fmt.Errorf("--fault %s: the rate is %q, not a number from 0 to 1", name, text)
			}
		}
		r.faults, r.rates = append(r.faults, fault), append(r.rates, rate)
		sum += rate
	}
	if sum > 1 {
		return nil, fmt.Errorf("--fault: the rates are %g together, above 1: a step suffers one fault at most", sum)
	}
	return r, nil
}

// inject decides about the phone's next step.
func (r *faultRates) inject(phone *handset.Handset) {
	if r == nil || len(r.faults) == 0 {
		return
	}
	at := r.random.Float64()
	for i, rate := range r.rates {
		if at -= rate; at < 0 {
			phone.Inject(r.faults[i])
			return
		}
	}
}

// faultNames are all faults, for the help.
func faultNames() string {
	var names []string
	for _, f := range handset.Faults() {
		names = append(names, f.Name())
	}
	return strings.Join(names, ", ")
}

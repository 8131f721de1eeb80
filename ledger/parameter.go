package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// parameters are the numbers that ballots may change, as they are in force for a batch's transactions.
type parameters struct {
	attestations     uint64
	moveDelayMs      uint64
	recoveryDelayMs  uint64
	quarantineMs     uint64
	creditIntervalMs uint64
	creditBurst      uint64
}

// Parameter reads a parameter.
func (s State) Parameter(p tx.Parameter) (uint64, error) {
	value, err := lookup(s, keyParameter(p), func(raw []byte) (uint64, error) {
		r := reader{rest: raw}
		v := r.u64()
		return v, r.end("parameter")
	})
	if err != nil || value == nil {
		return 0, corrupt(err, fmt.Sprintf("parameter %d has no entry", p))
	}
	return *value, nil
}

func (s State) parameters() (p parameters, err error) {
	for _, one := range []struct {
		name tx.Parameter
		to   *uint64
	}{
		{tx.Attestations, &p.attestations}, {tx.MoveDelayMs, &p.moveDelayMs}, {tx.RecoveryDelayMs, &p.recoveryDelayMs},
		{tx.QuarantineMs, &p.quarantineMs}, {tx.CreditIntervalMs, &p.creditIntervalMs}, {tx.CreditBurst, &p.creditBurst},
	} {
		if *one.to, err = s.Parameter(one.name); err != nil {
			return p, err
		}
	}
	return p, nil
}

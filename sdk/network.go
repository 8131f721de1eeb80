package sdk

import (
	"context"
	"fmt"
	"sync"

	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Network is the network as one validator describes it.
type Network struct {
	ID tx.NetworkID
	// Validator is who answered, Leader whom it knows to lead, if any.
	Validator, Leader string
	// AcceptedSize, AcceptedRoot and FinalSize say how far it is.
	AcceptedSize uint64
	AcceptedRoot [32]byte
	FinalSize    uint64
	// TimeUnixMs is ledger time.
	TimeUnixMs uint64
	// Parameters are the numbers that ballots may change.
	Parameters map[tx.Parameter]uint64
}

// Network describes the network.
func (c *Client) Network(ctx context.Context) (Network, error) {
	var n Network
	err := c.read(ctx, func(ctx context.Context, v *validator) (err error) {
		n, err = c.network(ctx, v)
		return err
	})
	if err != nil {
		return Network{}, fmt.Errorf("get network: %w", err)
	}
	return n, nil
}

// ValidatorStatus is what one validator says of itself.
type ValidatorStatus struct {
	Address string
	// Network is what it answered. Invariant: zero when Err is set.
	Network Network
	// Err says why there is no answer.
	Err error
}

// Status asks each validator separately, all at once; the answers are in the order of the addresses.
func (c *Client) Status(ctx context.Context) []ValidatorStatus {
	all := make([]ValidatorStatus, len(c.validators))
	var wait sync.WaitGroup
	for i, v := range c.validators {
		wait.Go(func() {
			all[i].Address = v.address
			all[i].Err = c.attempt(ctx, v, func(ctx context.Context, v *validator) (err error) {
				all[i].Network, err = c.network(ctx, v)
				return err
			})
		})
	}
	wait.Wait()
	return all
}

func (c *Client) network(ctx context.Context, v *validator) (Network, error) {
	m, err := v.GetNetwork(ctx, &apiv1.GetNetworkRequest{})
	if err != nil {
		return Network{}, err
	}
	if id := c.config.Genesis.Network(); string(m.GetNetworkId()) != string(id[:]) {
		c.log.Warn("validator is of another network", "validator", v.address)
		return Network{}, ErrWrongNetwork
	}
	n := Network{
		ID: c.config.Genesis.Network(), Validator: m.GetValidator(), Leader: m.GetLeader(), AcceptedSize: m.GetAcceptedSize(),
		FinalSize: m.GetFinalSize(), TimeUnixMs: m.GetTimeUnixMs(),
	}
	if len(m.GetAcceptedRoot()) != 32 {
		return Network{}, fmt.Errorf("length of accepted root: %w", ErrBadAnswer)
	}
	n.AcceptedRoot = [32]byte(m.GetAcceptedRoot())
	n.Parameters = make(map[tx.Parameter]uint64, len(m.GetParameters()))
	for _, p := range m.GetParameters() {
		n.Parameters[tx.Parameter(p.GetParameter())] = p.GetValue()
	}
	return n, nil
}

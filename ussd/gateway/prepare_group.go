package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
)

// groupGrantLifetime is how long a group's grant holds. Nobody could renew it: attestors vouch for phone numbers, and a group has none. So it
// is long, and the caps of the lowest tier bound it.
const groupGrantLifetime = 10 * 365 * 24 * time.Hour

// planGroup opens a phone account without a number, and grants this provider transfers from it, within what the network's lowest tier allows.
func (r *remote) planGroup(ctx context.Context, order ussd.Order, fees sdk.FeeSchedule) (plan, error) {
	network, err := r.client.Network(ctx)
	if err != nil {
		return plan{}, err
	}
	open := tx.OpenAccount{Authority: tx.PhoneAuthority(uint32(network.Parameters[tx.Attestations]))}
	if _, err := rand.Read(open.Salt[:]); err != nil {
		return plan{}, fmt.Errorf("make salt: %w", err)
	}
	grant := tx.IssueGrant{
		Account: open.Account(), Grantee: r.provider.Public(), Operations: []tx.GrantedOperation{tx.GrantTransfer}, Asset: r.asset,
		CapTransaction: r.tier.CapTransaction, CapDay: r.tier.CapDay, FeeCeiling: ceiling(fees.Highest(r.tier.CapTransaction), r.tier.CapTransaction),
		ExpiresAtUnixMs: order.ExpiresAtUnixMs + uint64(groupGrantLifetime.Milliseconds()),
	}
	return plan{operations: []tx.Operation{open, grant}, opens: open.Account()}, nil
}

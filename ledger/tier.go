package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// admitTier: one attestor that neither is the account's own nor belongs to a provider with a grant on it. A provider earns by higher limits.
func (d *draft) admitTier(o tx.SetTier) (tx.Code, error) {
	authority, err := d.authority(o.Account)
	if err != nil || authority == nil {
		return tx.AccountUnknown, err
	}
	return d.attestedBy(1, parties{accounts: []tx.AccountID{o.Account}})
}

// setTier writes the tier. The day of the check and the hash of its evidence stay in the history, where who asks finds them with who
// signed; the same tier again is a renewed check.
func (d *draft) setTier(o tx.SetTier) (tx.Code, error) {
	account, err := d.Account(o.Account)
	switch {
	case err != nil || account == nil:
		return 0, corrupt(err, "admitted tier of no account")
	case o.CheckedAtUnixMs > d.timeUnixMs:
		return tx.TimeNotValid, nil
	}
	account.Tier = uint8(o.Tier)
	d.put(keyAccount(o.Account), account.encode())
	return tx.OK, nil
}

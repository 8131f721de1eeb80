package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// openAccount gives the account the next number.
func (d *draft) openAccount(o tx.OpenAccount) (tx.Code, error) {
	id := o.Account()
	existing, err := d.Account(id)
	if err != nil {
		return 0, err
	}
	if existing != nil {
		return tx.AccountExists, nil
	}
	count, err := d.Accounts()
	if err != nil {
		return 0, err
	}
	number := tx.AccountNumber(count + 1)
	d.put(keyAccount(id), Account{Number: number, Authority: o.Authority}.encode())
	d.put(keyNumber(number), append([]byte(nil), id[:]...))
	d.put(counterAccounts, put64(nil, count+1))
	return tx.OK, nil
}

// bindAlias binds an alias that is free, provisionally.
func (d *draft) bindAlias(o tx.BindAlias) (tx.Code, error) {
	bound, err := d.Alias(o.Alias)
	if err != nil {
		return 0, err
	}
	if bound != nil {
		return tx.AliasTaken, nil
	}
	d.put(keyAlias(o.Alias), Alias{Account: o.Account, SealedName: o.SealedName}.encode())
	return tx.OK, nil
}

// issueGrant writes the grant; what an earlier one was used for today still counts, so that replacing a grant does not
// double a day's cap.
func (d *draft) issueGrant(o tx.IssueGrant) (tx.Code, error) {
	asset, err := d.Asset(o.Asset)
	if err != nil {
		return 0, err
	}
	if asset == nil {
		return tx.AssetUnknown, nil
	}
	if f := d.founding[o.Account]; f != nil && f.sponsored {
		tier, err := d.Tier(o.Asset)
		if err != nil {
			return 0, err
		}
		if tier == nil || o.CapTransaction > tier.CapTransaction || o.CapDay > tier.CapDay {
			return tx.GrantAboveTier, nil
		}
	}
	g := grantOf(o)
	earlier, err := d.Grant(o.Account, o.Grantee)
	if err != nil {
		return 0, err
	}
	if earlier != nil && earlier.Asset == g.Asset {
		g.Day, g.Used = earlier.Day, earlier.Used
	}
	d.put(keyGrant(o.Account, o.Grantee), g.encode())
	return tx.OK, nil
}

func (d *draft) revokeGrant(o tx.RevokeGrant) (tx.Code, error) {
	g, err := d.Grant(o.Account, o.Grantee)
	if err != nil {
		return 0, err
	}
	if g == nil {
		return tx.GrantUnknown, nil
	}
	d.put(keyGrant(o.Account, o.Grantee), nil)
	return tx.OK, nil
}

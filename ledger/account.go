package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/key"
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

// setAuthority replaces who may act on an account. It ends a recovery that waits: an owner who signs has not lost his keys, and one that came
// after would undo what he has just decided.
func (d *draft) setAuthority(o tx.SetAuthority) (tx.Code, error) {
	r, err := d.Recovery(o.Account)
	if err != nil {
		return 0, err
	}
	if r != nil {
		if err := d.dropRecovery(o.Account, r); err != nil {
			return 0, err
		}
	}
	return tx.OK, d.replaceAuthority(o.Account, o.Authority)
}

func (b *batch) replaceAuthority(id tx.AccountID, authority tx.Authority) error {
	account, err := b.Account(id)
	if err != nil || account == nil {
		return corrupt(err, "authority of no account")
	}
	account.Authority = authority
	b.put(keyAccount(id), account.encode())
	return nil
}

// countPending counts what waits of an account: its limits are lower meanwhile.
func (b *batch) countPending(id tx.AccountID, waits bool) error {
	account, err := b.Account(id)
	if err != nil || account == nil || !waits && account.Pending == 0 {
		return corrupt(err, "what waits of an account is not counted")
	}
	if waits {
		account.Pending++
	} else {
		account.Pending--
	}
	b.put(keyAccount(id), account.encode())
	return nil
}

// accountOf is State.Account for who does not change it: the rules ask for who pays several times.
func (b *batch) accountOf(id tx.AccountID) (*Account, error) {
	return known(b.overlay, keyAccount(id), decodeAccount)
}

// authorityAt is the authority over an account at a time: a recovery that is overdue counts as done, so that the old keys do not win a race
// while its leaf waits behind others.
func (s State) authorityAt(account *Account, id tx.AccountID, timeUnixMs uint64) (tx.Authority, error) {
	if account.Pending == 0 {
		return account.Authority, nil
	}
	r, err := s.Recovery(id)
	if err != nil || r == nil || !r.done(timeUnixMs) {
		return account.Authority, err
	}
	return r.Authority, nil
}

// authority is that over an account, also over one that this transaction opens; nil when there is no such account.
func (d *draft) authority(id tx.AccountID) (*tx.Authority, error) {
	if f := d.founding[id]; f != nil {
		return &f.authority, nil
	}
	account, err := d.Account(id)
	if err != nil || account == nil {
		return nil, err
	}
	authority, err := d.authorityAt(account, id, d.timeUnixMs)
	return &authority, err
}

// owned says whether the account's authority signs.
func (d *draft) owned(id tx.AccountID) (bool, error) {
	code, err := d.admitOwner(id, nil, tx.AccountUnknown)
	return code == tx.OK, err
}

// admitEnding: the account's authority signs, or, if that has no keys, as many attestors as it says. Who could have started a move or recovery
// must be able to take it back: whose SIM was swapped gets the number again from the carrier, and nothing else.
func (d *draft) admitEnding(id tx.AccountID) (tx.Code, error) {
	code, err := d.admitOwner(id, nil, tx.AccountUnknown)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	authority, err := d.authority(id)
	if err != nil || authority == nil || len(authority.Keys) > 0 {
		return tx.Unauthorised, err
	}
	return d.attestedBy(uint64(authority.Attestors), parties{accounts: []tx.AccountID{id}})
}

// liveGrant reads a grant that holds at the batch's time: it has not expired, and no move that is overdue ends it; nil when it does not.
func (b *batch) liveGrant(id tx.AccountID, grantee key.Public) (*Grant, error) {
	g, err := b.Grant(id, grantee)
	if err != nil || g == nil || g.ExpiresAtUnixMs < b.timeUnixMs {
		return nil, err
	}
	raw, err := b.overlay.get(keyAccount(id))
	if err != nil || pendingIn(raw) == 0 {
		return g, err
	}
	aliases, err := b.Moves(id)
	if err != nil {
		return nil, err
	}
	for _, alias := range aliases {
		m, err := b.Move(alias)
		if err != nil || m == nil {
			return nil, corrupt(err, "listed move without an entry")
		}
		if m.done(b.timeUnixMs) && m.OldGrantee != nil && *m.OldGrantee == grantee {
			return nil, nil
		}
	}
	return g, nil
}

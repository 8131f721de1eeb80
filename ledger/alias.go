package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// An alias stands for a phone number. A provider that founds an account binds one provisionally; attestors bind it in full, which
// displaces what is provisional at once, or make a provisional binding full. From then on it leaves its account by a move (move.go) or by
// a release, after which nobody else gets it until the quarantine is over: people still pay to the number they know.

// AliasStatus says what the binding of an alias is worth.
type AliasStatus uint8

// The statuses of an alias.
const (
	// AliasProvisional is vouched for by one provider alone.
	AliasProvisional AliasStatus = 0
	// AliasAttested is vouched for by attestors.
	AliasAttested AliasStatus = 1
	// AliasReleased is bound to nobody, and until a time to the same account only.
	AliasReleased AliasStatus = 2
)

// Alias is an alias entry: account(16) status(1) until(8) voucher(16) moves at(8) sealed name(60).
type Alias struct {
	Account tx.AccountID
	Status  AliasStatus
	// UntilUnixMs ends the quarantine of a released alias; 0 otherwise.
	UntilUnixMs uint64
	// VouchedBy is the account of the provider that bound a provisional alias; zero otherwise.
	VouchedBy tx.AccountID
	// MovesAtUnixMs is when a move of the alias completes by itself; 0 when none does. Invariant: the due time of the alias's Move,
	// unless that is held up.
	MovesAtUnixMs uint64
	// SealedName is zero for a released alias.
	SealedName key.SealedName
}

// Bound says whether the alias is bound to anybody.
func (a *Alias) Bound() bool { return a != nil && a.Status != AliasReleased }

// attestedTo says whether the alias is bound to the account in full.
func (a *Alias) attestedTo(id tx.AccountID) bool {
	return a != nil && a.Status == AliasAttested && a.Account == id
}

func (a Alias) encode() []byte {
	out := append(append([]byte(nil), a.Account[:]...), byte(a.Status))
	out = append(put64(out, a.UntilUnixMs), a.VouchedBy[:]...)
	return append(put64(out, a.MovesAtUnixMs), a.SealedName[:]...)
}

func decodeAlias(raw []byte) (Alias, error) {
	r := reader{rest: raw}
	var a Alias
	copy(a.Account[:], r.take(16))
	a.Status, a.UntilUnixMs = AliasStatus(r.u8()), r.u64()
	copy(a.VouchedBy[:], r.take(16))
	a.MovesAtUnixMs = r.u64()
	copy(a.SealedName[:], r.take(len(a.SealedName)))
	if a.Status > AliasReleased {
		r.bad = true
	}
	return a, r.end("alias")
}

// Alias reads what an alias is bound to at the batch's time: a move that is overdue counts as done. State.Alias reads the entry.
func (b *batch) Alias(alias key.Alias) (*Alias, error) {
	bound, err := b.State.Alias(alias)
	if err != nil || bound == nil || bound.MovesAtUnixMs == 0 || bound.MovesAtUnixMs >= b.timeUnixMs {
		return bound, err
	}
	m, err := b.Move(alias)
	if err != nil || m == nil {
		return nil, corrupt(err, "alias moves without a move")
	}
	moved := m.rebind(*bound)
	return &moved, nil
}

// founder is the provider that vouches for the number of an account being opened: the one that grants itself the use of it. Without such a
// grant it is the first provider that signs. A signature that a rival adds to the envelope does not make the rival the founder.
func (d *draft) founder(account tx.AccountID) (*tx.AccountID, error) {
	for _, op := range d.signed.Body.Operations {
		g, ok := op.(tx.IssueGrant)
		if !ok || g.Account != account || !d.signed.SignedBy(g.Grantee) {
			continue
		}
		if provider, err := d.ProviderByKey(g.Grantee); err != nil || provider != nil {
			return provider, err
		}
	}
	return d.sponsor()
}

// bindAlias binds an alias that is free, provisionally: the founding provider vouches for it alone.
func (d *draft) bindAlias(o tx.BindAlias) (tx.Code, error) {
	bound, err := d.Alias(o.Alias)
	if err != nil {
		return 0, err
	}
	switch {
	case bound.Bound():
		return tx.AliasTaken, nil
	case bound != nil && bound.UntilUnixMs >= d.timeUnixMs:
		return tx.AliasQuarantined, nil // The account is new, so it cannot be the one that it was released from.
	}
	provider, err := d.founder(o.Account)
	if err != nil || provider == nil {
		return 0, corrupt(err, "admitted binding without a provider")
	}
	d.put(keyAlias(o.Alias), Alias{Account: o.Account, VouchedBy: *provider, SealedName: o.SealedName}.encode())
	return tx.OK, nil
}

// admitAttestation: as many attestors as the network asks for, and the account's authority if it has keys: nobody puts a number on
// an account whose owner can be asked.
func (d *draft) admitAttestation(o tx.AttestAlias) (tx.Code, error) {
	authority, err := d.authority(o.Account)
	switch {
	case err != nil:
		return 0, err
	case authority == nil:
		return tx.AccountUnknown, nil
	case len(authority.Keys) > 0 && !d.meets(authority.Keys, authority.Threshold):
		return tx.Unauthorised, nil
	}
	p := parties{accounts: []tx.AccountID{o.Account}}
	bound, err := d.Alias(o.Alias)
	if err != nil {
		return 0, err
	}
	if bound != nil && bound.Status == AliasProvisional && bound.Account == o.Account {
		p.providers = append(p.providers, bound.VouchedBy) // It has vouched for this once.
	}
	return d.attestedBy(d.parameters.attestations, p)
}

// attestAlias binds an alias in full.
func (d *draft) attestAlias(o tx.AttestAlias) (tx.Code, error) {
	bound, err := d.Alias(o.Alias)
	if err != nil {
		return 0, err
	}
	pending, err := d.overlay.get(keyMove(o.Alias))
	if err != nil {
		return 0, err
	}
	switch same := bound != nil && bound.Account == o.Account; {
	case bound != nil && bound.Status == AliasAttested && !same:
		return tx.AliasTaken, nil
	case bound != nil && bound.Status == AliasReleased && !same && bound.UntilUnixMs >= d.timeUnixMs:
		return tx.AliasQuarantined, nil
	case pending != nil:
		return tx.MovePending, nil
	case bound.attestedTo(o.Account) && bound.SealedName == o.SealedName:
		return tx.NothingToChange, nil
	}
	d.put(keyAlias(o.Alias), Alias{Account: o.Account, Status: AliasAttested, SealedName: o.SealedName}.encode())
	return tx.OK, nil
}

// admitAliasRelease: the account's authority, or as many attestors as it says.
func (d *draft) admitAliasRelease(o tx.ReleaseAlias) (tx.Code, error) {
	code, err := d.admitOwner(o.Account, nil, tx.AccountUnknown)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	authority, err := d.authority(o.Account)
	if err != nil || authority == nil {
		return tx.AccountUnknown, err
	}
	return d.attestedBy(uint64(authority.Attestors), parties{accounts: []tx.AccountID{o.Account}})
}

// releaseAlias unbinds an alias. Nobody gets it sooner than by a move, whatever the quarantine: else attestors would have a way around
// the delay. A binding that was provisional leaves nothing behind: nobody was attested to be there, and a quarantine would let a provider
// keep a number from the person who has it.
func (d *draft) releaseAlias(o tx.ReleaseAlias) (tx.Code, error) {
	bound, err := d.Alias(o.Alias)
	if err != nil {
		return 0, err
	}
	pending, err := d.overlay.get(keyMove(o.Alias))
	switch {
	case err != nil:
		return 0, err
	case !bound.Bound() || bound.Account != o.Account:
		return tx.AliasUnknown, nil
	case pending != nil:
		return tx.MovePending, nil
	case bound.Status == AliasProvisional:
		d.put(keyAlias(o.Alias), nil)
		return tx.OK, nil
	}
	until := d.timeUnixMs + max(d.parameters.quarantineMs, d.parameters.moveDelayMs)
	d.put(keyAlias(o.Alias), Alias{Account: o.Account, Status: AliasReleased, UntilUnixMs: until}.encode())
	return tx.OK, nil
}

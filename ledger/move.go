package ledger

import (
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A move takes an alias to another account, or the account that it is bound to to another provider, or both. The user's wish is attested
// by others than the two providers, everybody concerned sees it in the history, and a delay runs (wait.go). The old provider can hold it up
// once and cannot stop it. It is immediate when the owner's keys sign; and for an account without keys, when the old provider, whose right
// it is to hold the move up, signs with the attestors.

// rebind is the binding of the alias after the move.
func (m *Move) rebind(bound Alias) Alias {
	moved := Alias{Account: m.To, Status: AliasAttested, SealedName: bound.SealedName}
	if m.SealedName != nil {
		moved.SealedName = *m.SealedName
	}
	return moved
}

// parties are whom the move concerns.
func (m *Move) parties() parties {
	p := parties{accounts: []tx.AccountID{m.From, m.To}}
	for _, k := range []*key.Public{m.OldGrantee, m.NewGrantee} {
		if k != nil {
			p.keys = append(p.keys, *k)
		}
	}
	return p
}

func moveOf(o tx.StartMove) *Move {
	m := &Move{From: o.From, To: o.To, OldGrantee: o.OldGrantee, SealedName: o.SealedName}
	if o.Grant != nil {
		g := grantOf(*o.Grant)
		m.NewGrantee, m.Grant = &o.Grant.Grantee, &g
	}
	return m
}

// admitMove: the new grantee and the account moved to agree; and the account's authority signs, or as many attestors as it says.
func (d *draft) admitMove(o tx.StartMove) (tx.Code, error) {
	code, err := d.admitOwner(o.From, nil, tx.AccountUnknown)
	if err != nil || code == tx.AccountUnknown {
		return code, err
	}
	owned := code == tx.OK
	if o.Grant != nil && !d.signed.SignedBy(o.Grant.Grantee) {
		return tx.Unauthorised, nil
	}
	if code, err := d.admitArrival(o); err != nil || code != tx.OK {
		return code, err
	}
	if owned {
		return tx.OK, nil
	}
	authority, err := d.authority(o.From)
	if err != nil || authority == nil {
		return 0, corrupt(err, "account without an authority")
	}
	return d.attestedBy(uint64(authority.Attestors), moveOf(o).parties())
}

// admitArrival: nobody puts an alias, or a grant, on somebody else's account. Where the account moved to has keys, they sign. Where it has
// none, a key that may act on it signs, and no grant comes with the alias: who would give it? What that account's provider may do is
// changed by moves of its own aliases, with the delay that belongs to them.
func (d *draft) admitArrival(o tx.StartMove) (tx.Code, error) {
	if o.To == o.From {
		return tx.OK, nil
	}
	authority, err := d.authority(o.To)
	switch {
	case err != nil:
		return 0, err
	case authority == nil:
		return tx.AccountUnknown, nil
	case len(authority.Keys) > 0:
		return d.admitOwner(o.To, nil, tx.AccountUnknown)
	case o.Grant != nil:
		return tx.Unauthorised, nil
	case d.founding[o.To] != nil:
		return tx.OK, nil // The provider that opens it signs.
	}
	for _, sig := range d.signed.Signatures {
		if g, err := d.liveGrant(o.To, sig.Signer); err != nil || g != nil {
			return tx.OK, err
		}
	}
	return tx.Unauthorised, nil
}

// startMove begins a move, or makes it at once.
func (d *draft) startMove(o tx.StartMove) (tx.Code, error) {
	if code, err := d.movable(o); err != nil || code != tx.OK {
		return code, err
	}
	owned, err := d.owned(o.From)
	if err != nil {
		return 0, err
	}
	m, waived := moveOf(o), owned
	if !waived {
		if waived, err = d.waived(m); err != nil {
			return 0, err
		}
	}
	m.Wait = Wait{StartedUnixMs: d.timeUnixMs, DueUnixMs: d.timeUnixMs}
	if !waived {
		m.DueUnixMs += d.parameters.moveDelayMs
	}
	// A grant that is over when the move completes, which is after it is due, would end one grant and begin none.
	if m.Grant != nil && (m.Grant.ExpiresAtUnixMs < d.timeUnixMs || !waived && m.Grant.ExpiresAtUnixMs <= m.DueUnixMs) {
		return tx.TimeNotValid, nil
	}
	if code, err := d.moveWithinTier(o, owned); err != nil || code != tx.OK {
		return code, err
	}
	if waived {
		return tx.OK, d.makeMove(o.Alias, m)
	}
	if err := d.listMove(o.Alias, m, true); err != nil {
		return 0, err
	}
	d.schedule(m.DueUnixMs, dueMove, o.Alias[:])
	return tx.OK, d.putMove(o.Alias, m)
}

// movable checks that what the move names is there, and that nothing is in its way.
func (d *draft) movable(o tx.StartMove) (tx.Code, error) {
	if o.Grant != nil {
		if asset, err := d.overlay.get(keyAsset(o.Grant.Asset)); err != nil || asset == nil {
			return tx.AssetUnknown, err
		}
	}
	bound, err := d.Alias(o.Alias)
	if err != nil || !bound.Bound() || bound.Account != o.From {
		return tx.AliasUnknown, err
	}
	if o.OldGrantee != nil {
		if g, err := d.liveGrant(o.From, *o.OldGrantee); err != nil || g == nil {
			return tx.GrantUnknown, err
		}
	}
	if bound.Status != AliasAttested {
		return tx.AliasProvisional, nil
	}
	pending, err := d.overlay.get(keyMove(o.Alias))
	if err != nil || pending != nil {
		return tx.MovePending, err
	}
	waiting, err := d.Moves(o.From)
	if err != nil || len(waiting) >= maxMoves {
		return tx.MovePending, err
	}
	return tx.OK, nil
}

// moveWithinTier: who moves an account on attestors' word gets no more than the account's tier allows, and nothing where nobody has said
// what that is. The owner of the account moved to grants what he likes, as ever.
func (d *draft) moveWithinTier(o tx.StartMove, owned bool) (tx.Code, error) {
	if o.Grant == nil || owned && o.To == o.From {
		return tx.OK, nil
	}
	if o.To != o.From {
		if owned, err := d.owned(o.To); err != nil || owned {
			return tx.OK, err
		}
	}
	to, err := d.Account(o.To)
	if err != nil || to == nil {
		return 0, corrupt(err, "admitted move to no account")
	}
	within, err := d.withinTier(*o.Grant, to.Tier)
	if err != nil || !within {
		return tx.GrantAboveTier, err
	}
	return tx.OK, nil
}

// waived says whether who could hold the move up signs it, and so waives the delay. Where there are keys the delay is their owner's, who may
// have lost nothing and only be asleep.
func (d *draft) waived(m *Move) (bool, error) {
	if m.OldGrantee == nil || !d.signed.SignedBy(*m.OldGrantee) {
		return false, nil
	}
	authority, err := d.authority(m.From)
	if err != nil || authority == nil || len(authority.Keys) > 0 {
		return false, err
	}
	g, err := d.liveGrant(m.From, *m.OldGrantee)
	return g != nil && g.Allows(tx.GrantCancel), err
}

// pendingMove reads a move that waits; nil when it is over, or of another account.
func (b *batch) pendingMove(alias key.Alias, from tx.AccountID) (*Move, error) {
	m, err := b.Move(alias)
	if err != nil || m == nil || m.From != from || m.over(b.timeUnixMs) {
		return nil, err
	}
	return m, nil
}

// admitMoveCancel: who can end the move, or a key that may hold it up.
func (d *draft) admitMoveCancel(o tx.CancelMove, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitEnding(o.Account)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	m, err := d.pendingMove(o.Alias, o.Account)
	if err != nil {
		return 0, err
	}
	var without *key.Public
	if m != nil {
		without = m.NewGrantee
	}
	may, err := d.mayHoldUp(o.Account, without, ended)
	if err != nil || !may {
		return tx.Unauthorised, err
	}
	return tx.OK, nil
}

// mayHoldUp says whether a signer has a grant that allows to hold up a move or recovery of the account. The key that a move gives a grant
// to does not count, whatever it has already: it would hold the move up at once, so that nobody else can.
func (d *draft) mayHoldUp(id tx.AccountID, without *key.Public, ended []tx.RevokeGrant) (bool, error) {
	for _, sig := range d.signed.Signatures {
		if without != nil && sig.Signer == *without || endsGrant(ended, id, sig.Signer) {
			continue
		}
		if g, err := d.liveGrant(id, sig.Signer); err != nil || g != nil && g.Allows(tx.GrantCancel) {
			return err == nil, err
		}
	}
	return false, nil
}

// cancelMove ends a move, or holds it up.
func (d *draft) cancelMove(o tx.CancelMove) (tx.Code, error) {
	m, err := d.pendingMove(o.Alias, o.Account)
	if err != nil || m == nil {
		return tx.MoveUnknown, err
	}
	code, err := d.admitEnding(o.Account)
	if err != nil {
		return 0, err
	}
	if code == tx.OK {
		return tx.OK, d.dropMove(o.Alias, m)
	}
	may, err := d.mayHoldUp(o.Account, m.NewGrantee, nil)
	switch {
	case err != nil:
		return 0, err
	case !may:
		return tx.Unauthorised, nil // An operation before has taken the right away, or has started this very move.
	case m.State != WaitRunning:
		return tx.AlreadyHeld, nil
	}
	d.unschedule(m.DueUnixMs, dueMove, o.Alias[:])
	m.holdUp(d.timeUnixMs)
	d.schedule(m.DueUnixMs, dueMove, o.Alias[:])
	return tx.OK, d.putMove(o.Alias, m)
}

// admitMoveConfirmation: as many attestors as the account's authority says, once more.
func (d *draft) admitMoveConfirmation(o tx.ConfirmMove) (tx.Code, error) {
	authority, err := d.authority(o.Account)
	if err != nil || authority == nil {
		return tx.AccountUnknown, err
	}
	m, err := d.pendingMove(o.Alias, o.Account)
	if err != nil {
		return 0, err
	}
	if m == nil {
		m = &Move{From: o.Account, To: o.Account}
	}
	return d.attestedBy(uint64(authority.Attestors), m.parties())
}

// confirmMove lets a move that was held up complete.
func (d *draft) confirmMove(o tx.ConfirmMove) (tx.Code, error) {
	m, err := d.pendingMove(o.Alias, o.Account)
	switch {
	case err != nil:
		return 0, err
	case m == nil:
		return tx.MoveUnknown, nil
	case m.State == WaitRunning:
		return tx.NotHeld, nil
	case m.State == WaitConfirmed:
		return tx.NothingToChange, nil
	}
	d.unschedule(m.DueUnixMs, dueMove, o.Alias[:])
	m.confirm()
	if m.over(d.timeUnixMs) {
		if err := d.dropMove(o.Alias, m); err != nil {
			return 0, err
		}
		return tx.OK, d.makeMove(o.Alias, m)
	}
	d.schedule(m.DueUnixMs, dueMove, o.Alias[:])
	return tx.OK, d.putMove(o.Alias, m)
}

// endMove completes a move whose time has come; or ends it, if it was held up and not confirmed. Nothing that happened meanwhile stops one that
// is to complete: an alias whose move waits is neither attested nor released, a freeze keeps units from leaving and not numbers, and limits
// that were lowered bound each debit under the new grant as they do any other.
func (a *act) endMove(subject []byte) (*tx.Effect, error) {
	alias := key.Alias(subject)
	m, err := a.Move(alias)
	if err != nil || m == nil {
		return nil, corrupt(err, "move due without an entry")
	}
	if err := a.dropMove(alias, m); err != nil {
		return nil, err
	}
	if m.State == WaitHeld {
		return &tx.Effect{Kind: tx.MoveLapsed, Accounts: m.parties().accounts}, nil
	}
	return &tx.Effect{Kind: tx.MoveCompleted, Accounts: m.parties().accounts}, a.makeMove(alias, m)
}

// makeMove does what a move is for.
func (b *batch) makeMove(alias key.Alias, m *Move) error {
	bound, err := b.State.Alias(alias)
	if err != nil || !bound.attestedTo(m.From) {
		return corrupt(err, "alias to be moved is not attested to its account")
	}
	b.put(keyAlias(alias), m.rebind(*bound).encode())
	renews := m.OldGrantee != nil && m.NewGrantee != nil && *m.OldGrantee == *m.NewGrantee && m.From == m.To
	if m.OldGrantee != nil && !renews {
		if err := b.putGrant(m.From, *m.OldGrantee, nil); err != nil {
			return err
		}
	}
	if m.Grant == nil {
		return nil
	}
	// What an earlier grant to the key was used for today still counts.
	g := *m.Grant
	earlier, err := b.Grant(m.To, *m.NewGrantee)
	if err != nil {
		return err
	}
	if earlier != nil && earlier.Asset == g.Asset {
		g.Day, g.Used = earlier.Day, earlier.Used
	}
	return b.putGrant(m.To, *m.NewGrantee, &g)
}

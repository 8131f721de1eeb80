package ledger_test

import (
	"bytes"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// wait is what moves and recoveries have in common: a delay, held up once for a day at least, then confirmed within seven days or over.
type wait struct {
	due             uint64
	held, confirmed bool
	heldUntil       uint64
}

func (w wait) over(now uint64) bool { return w.due < now }

// done says whether it has completed.
func (w wait) done(now uint64) bool { return w.over(now) && (!w.held || w.confirmed) }

func (w wait) holdUp(now uint64) wait {
	until := max(w.due, now+aDay)
	return wait{held: true, heldUntil: until, due: until + 7*aDay}
}

func (w wait) confirm() wait {
	return wait{held: true, confirmed: true, heldUntil: w.heldUntil, due: w.heldUntil}
}

type move struct {
	tx.StartMove
	wait
}

func (m move) concern() concern {
	c := concern{accounts: []tx.AccountID{m.From, m.To}}
	if m.OldGrantee != nil {
		c.keys = append(c.keys, *m.OldGrantee)
	}
	if m.Grant != nil {
		c.keys = append(c.keys, m.Grant.Grantee)
	}
	return c
}

func (m move) rebind(b binding) binding {
	to := binding{status: attested, account: m.To, name: b.name}
	if m.SealedName != nil {
		to.name = *m.SealedName
	}
	return to
}

type recovery struct {
	wait
	authority tx.Authority
}

// pending says whether a move or a recovery of an account waits.
func (m *model) pending(id tx.AccountID) bool {
	_, recovers := m.recoveries[id]
	return recovers || m.movesOf(id) > 0
}

func (m *model) movesOf(id tx.AccountID) (n int) {
	for _, waiting := range m.moves {
		if waiting.From == id {
			n++
		}
	}
	return n
}

// authority is the account's: that of a recovery whose time has come, or of the transaction that opens it.
func (a *attempt) authority(id tx.AccountID) (tx.Authority, bool) {
	if f, here := a.founding[id]; here {
		return f.authority, true
	}
	of, there := a.accounts[id]
	if r, waits := a.recoveries[id]; waits && r.done(a.now) {
		return r.authority, there
	}
	return of.authority, there
}

// live says whether a grant holds: not when its time is over, or when a move whose time has come ends it.
func (a *attempt) live(id tx.AccountID, k key.Public) bool {
	for _, m := range a.moves {
		if m.From == id && m.done(a.now) && m.OldGrantee != nil && *m.OldGrantee == k {
			return false
		}
	}
	g, there := a.grants[grantName{id, k}]
	return there && a.now <= g.ExpiresAtUnixMs
}

// mayMove: the new grantee agrees, and the account moved to; and the owner, or as many attestors as the authority says.
func (a *attempt) mayMove(o tx.StartMove) tx.Code {
	authority, there := a.authority(o.From)
	_, arrives := a.authority(o.To)
	m := move{StartMove: o}
	return first(
		broken{tx.AccountUnknown, !there},
		broken{tx.Unauthorised, o.Grant != nil && !a.signed(o.Grant.Grantee)},
		broken{tx.AccountUnknown, !arrives},
		broken{tx.Unauthorised, o.To != o.From && !a.welcomes(o)},
		broken{tx.Unauthorised, !a.owns(o.From) && !a.attestedBy(uint64(authority.Attestors), m.concern())},
	)
}

// welcomes: the owner of the account moved to; where there is none, who acts on it already, and then no grant comes with the number.
func (a *attempt) welcomes(o tx.StartMove) bool {
	authority, _ := a.authority(o.To)
	if len(authority.Keys) > 0 || o.Grant != nil {
		return a.owns(o.To)
	}
	_, here := a.founding[o.To]
	return here || slices.ContainsFunc(a.signers, func(k key.Public) bool { return a.live(o.To, k) })
}

func (a *attempt) startMove(o tx.StartMove) tx.Code {
	b := a.alias(o.Alias)
	_, moving := a.moves[o.Alias]
	owned := a.owns(o.From)
	granted, above := tx.IssueGrant{}, false
	if o.Grant != nil {
		granted = *o.Grant
		of, limited := a.tierLimit(granted.Asset, a.accounts[o.To].tier)
		above = !a.owns(o.To) && !(limited && within(granted, of))
	}
	atOnce := owned || a.waives(o)
	due := a.now + a.parameters[tx.MoveDelayMs]
	code := first(
		broken{tx.AssetUnknown, o.Grant != nil && !a.known(granted.Asset)},
		broken{tx.AliasUnknown, !a.bound(o.Alias, o.From)},
		broken{tx.GrantUnknown, o.OldGrantee != nil && !a.live(o.From, *o.OldGrantee)},
		broken{tx.AliasProvisional, b.status == provisional},
		broken{tx.MovePending, moving || a.movesOf(o.From) >= 4},
		broken{tx.TimeNotValid, o.Grant != nil && (granted.ExpiresAtUnixMs < a.now || !atOnce && granted.ExpiresAtUnixMs <= due)},
		broken{tx.GrantAboveTier, above},
	)
	switch {
	case code != tx.OK:
	case atOnce:
		a.makeMove(o, a.now)
	default:
		a.moves[o.Alias] = move{StartMove: o, wait: wait{due: due}}
	}
	return code
}

// waives says whether who could hold the move up signs it; where there are keys the delay is their owner's.
func (a *attempt) waives(o tx.StartMove) bool {
	authority, _ := a.authority(o.From)
	return o.OldGrantee != nil && a.signed(*o.OldGrantee) && len(authority.Keys) == 0 && a.granted(o.From, *o.OldGrantee, tx.GrantCancel, 0)
}

func (m *model) makeMove(o tx.StartMove, now uint64) {
	m.aliases[o.Alias] = move{StartMove: o}.rebind(m.aliases[o.Alias])
	renews := o.OldGrantee != nil && o.Grant != nil && *o.OldGrantee == o.Grant.Grantee && o.From == o.To
	if o.OldGrantee != nil && !renews {
		m.endGrant(grantName{o.From, *o.OldGrantee}, now)
	}
	if o.Grant != nil {
		m.putGrant(*o.Grant, now)
	}
}

// openMove is a move of an account that waits.
func (a *attempt) openMove(n key.Alias, from tx.AccountID) (move, bool) {
	m, waits := a.moves[n]
	if !waits || m.From != from || m.over(a.now) {
		return move{}, false
	}
	return m, true
}

// mayEnd: the owner, or where there is none as many attestors as the authority says.
func (a *attempt) mayEnd(id tx.AccountID) bool {
	authority, _ := a.authority(id)
	return a.owns(id) || len(authority.Keys) == 0 && a.attestedBy(uint64(authority.Attestors), about(id))
}

// mayHoldUp: a grant that allows it, but not to the key that the move is for.
func (a *attempt) mayHoldUp(id tx.AccountID, m move) bool {
	return slices.ContainsFunc(a.signers, func(k key.Public) bool {
		newcomer := m.Grant != nil && m.Grant.Grantee == k
		return !newcomer && a.granted(id, k, tx.GrantCancel, 0)
	})
}

func (a *attempt) cancelMove(o tx.CancelMove) tx.Code {
	m, waits := a.openMove(o.Alias, o.Account)
	end := a.mayEnd(o.Account)
	code := first(
		broken{tx.MoveUnknown, !waits},
		broken{tx.Unauthorised, !end && !a.mayHoldUp(o.Account, m)},
		broken{tx.AlreadyHeld, !end && m.held},
	)
	switch {
	case code != tx.OK:
	case end:
		delete(a.moves, o.Alias)
	default:
		m.wait = m.holdUp(a.now)
		a.moves[o.Alias] = m
	}
	return code
}

// mayCancel is for moves and recoveries.
func (a *attempt) mayCancel(id tx.AccountID, m move) tx.Code {
	_, there := a.authority(id)
	held := slices.ContainsFunc(a.signers, func(k key.Public) bool {
		newcomer := m.Grant != nil && m.Grant.Grantee == k
		return !newcomer && !a.ended[grantName{id, k}] && a.granted(id, k, tx.GrantCancel, 0)
	})
	return first(broken{tx.AccountUnknown, !there}, broken{tx.Unauthorised, !a.mayEnd(id) && !held})
}

// mayConfirm: as its start was attested.
func (a *attempt) mayConfirm(o tx.ConfirmMove) tx.Code {
	authority, there := a.authority(o.Account)
	m, waits := a.openMove(o.Alias, o.Account)
	if !waits {
		m.From, m.To = o.Account, o.Account
	}
	return first(
		broken{tx.AccountUnknown, !there},
		broken{tx.Unauthorised, !a.attestedBy(uint64(authority.Attestors), m.concern())},
	)
}

func (a *attempt) confirmMove(o tx.ConfirmMove) tx.Code {
	m, waits := a.openMove(o.Alias, o.Account)
	code := first(broken{tx.MoveUnknown, !waits}, broken{tx.NotHeld, !m.held}, broken{tx.NothingToChange, m.confirmed})
	if code != tx.OK {
		return code
	}
	m.wait = m.confirm()
	if a.moves[o.Alias] = m; m.over(a.now) {
		a.endMove(o.Alias, a.now)
	}
	return tx.OK
}

// endMove completes a move, or lets it lapse.
func (m *model) endMove(n key.Alias, now uint64) effect {
	w := m.moves[n]
	delete(m.moves, n)
	if w.held && !w.confirmed {
		return effect{kind: tx.MoveLapsed, others: []tx.AccountID{w.From, w.To}}
	}
	m.makeMove(w.StartMove, now)
	return effect{kind: tx.MoveCompleted, others: []tx.AccountID{w.From, w.To}}
}

// mayRecover: the guardians, or as many attestors as the authority says.
func (a *attempt) mayRecover(id tx.AccountID) tx.Code {
	authority, there := a.authority(id)
	guarded := a.reach(authority.Guardians, authority.GuardianThreshold)
	return first(
		broken{tx.AccountUnknown, !there},
		broken{tx.Unauthorised, !guarded && !a.attestedBy(uint64(authority.Attestors), about(id))},
	)
}

func (a *attempt) startRecovery(o tx.StartRecovery) tx.Code {
	_, recovers := a.recoveries[o.Account]
	code := first(
		broken{tx.RecoveryPending, recovers},
		broken{tx.NothingToChange, sameAuthority(a.accounts[o.Account].authority, o.Authority)},
	)
	if code == tx.OK {
		a.recoveries[o.Account] = recovery{wait{due: a.now + a.parameters[tx.RecoveryDelayMs]}, o.Authority}
	}
	return code
}

func sameAuthority(a, b tx.Authority) bool { return bytes.Equal(a.Encode(), b.Encode()) }

// openRecovery is a recovery that waits.
func (a *attempt) openRecovery(id tx.AccountID) (recovery, bool) {
	r, waits := a.recoveries[id]
	if !waits || r.over(a.now) {
		return recovery{}, false
	}
	return r, true
}

func (a *attempt) cancelRecovery(o tx.CancelRecovery) tx.Code {
	r, waits := a.openRecovery(o.Account)
	end := a.mayEnd(o.Account)
	code := first(
		broken{tx.RecoveryUnknown, !waits},
		broken{tx.Unauthorised, !end && !a.mayHoldUp(o.Account, move{})},
		broken{tx.AlreadyHeld, !end && r.held},
	)
	switch {
	case code != tx.OK:
	case end:
		delete(a.recoveries, o.Account)
	default:
		r.wait = r.holdUp(a.now)
		a.recoveries[o.Account] = r
	}
	return code
}

func (a *attempt) completeRecovery(o tx.CompleteRecovery) tx.Code {
	r, waits := a.openRecovery(o.Account)
	code := first(broken{tx.RecoveryUnknown, !waits}, broken{tx.NotHeld, !r.held}, broken{tx.NothingToChange, r.confirmed})
	if code != tx.OK {
		return code
	}
	r.wait = r.confirm()
	if a.recoveries[o.Account] = r; r.over(a.now) {
		a.endRecovery(o.Account)
	}
	return tx.OK
}

// endRecovery completes a recovery, or lets it lapse.
func (m *model) endRecovery(id tx.AccountID) effect {
	r := m.recoveries[id]
	delete(m.recoveries, id)
	if r.held && !r.confirmed {
		return effect{kind: tx.RecoveryLapsed, others: []tx.AccountID{id}}
	}
	of := m.accounts[id]
	of.authority = r.authority
	m.accounts[id] = of
	return effect{kind: tx.RecoveryCompleted, others: []tx.AccountID{id}}
}

func (a *attempt) setTier(o tx.SetTier) tx.Code {
	if o.CheckedAtUnixMs > a.now {
		return tx.TimeNotValid
	}
	of := a.accounts[o.Account]
	of.tier = o.Tier
	a.accounts[o.Account] = of
	return tx.OK
}

// maySetTier: one attestor without a part.
func (a *attempt) maySetTier(o tx.SetTier) tx.Code {
	_, there := a.authority(o.Account)
	return first(broken{tx.AccountUnknown, !there}, broken{tx.Unauthorised, !a.attestedBy(1, about(o.Account))})
}

package ledger

import (
	"bytes"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A recovery gives an account whose keys are lost a new authority, on the word of its guardians or of attestors, after a delay (wait.go). It
// is also how a phone account gets its first key. Nothing else of the account changes: grants stay as they are, so that its provider carries its
// payments on, and the new owner revokes what he does not want. Keys that are not lost but stolen are no matter for it: who has them ends it.

// Recovery is a recovery entry: wait(25) authority(…).
type Recovery struct {
	Wait
	// Authority to be. Invariant: has keys.
	Authority tx.Authority
}

func (r Recovery) encode() []byte { return append(r.Wait.append(nil), r.Authority.Encode()...) }

func decodeRecovery(raw []byte) (Recovery, error) {
	from := reader{rest: raw}
	r := Recovery{Wait: from.wait()}
	if from.bad {
		return r, from.end("recovery")
	}
	authority, err := tx.DecodeAuthority(from.all())
	if err != nil {
		return r, fmt.Errorf("recovery entry: %v: %w", err, ErrCorrupt)
	}
	r.Authority = authority
	return r, nil
}

// Recovery reads the recovery of an account that waits; nil when none does. One that is over may be there until its leaf comes.
func (s State) Recovery(id tx.AccountID) (*Recovery, error) {
	return lookup(s, keyRecovery(id), decodeRecovery)
}

// pendingRecovery reads a recovery that waits; nil when it is over.
func (b *batch) pendingRecovery(id tx.AccountID) (*Recovery, error) {
	r, err := b.Recovery(id)
	if err != nil || r == nil || r.over(b.timeUnixMs) {
		return nil, err
	}
	return r, nil
}

// admitRecovery: the guardians' threshold, or as many attestors as the account's authority says.
func (d *draft) admitRecovery(id tx.AccountID) (tx.Code, error) {
	authority, err := d.authority(id)
	switch {
	case err != nil:
		return 0, err
	case authority == nil:
		return tx.AccountUnknown, nil
	case d.meets(authority.Guardians, authority.GuardianThreshold):
		return tx.OK, nil
	}
	return d.attestedBy(uint64(authority.Attestors), parties{accounts: []tx.AccountID{id}})
}

// startRecovery begins a recovery.
func (d *draft) startRecovery(o tx.StartRecovery) (tx.Code, error) {
	account, err := d.Account(o.Account)
	if err != nil || account == nil {
		return 0, corrupt(err, "admitted recovery of no account")
	}
	pending, err := d.overlay.get(keyRecovery(o.Account))
	switch {
	case err != nil:
		return 0, err
	case pending != nil:
		return tx.RecoveryPending, nil
	case bytes.Equal(account.Authority.Encode(), o.Authority.Encode()):
		return tx.NothingToChange, nil
	}
	r := Recovery{Authority: o.Authority}
	r.StartedUnixMs, r.DueUnixMs = d.timeUnixMs, d.timeUnixMs+d.parameters.recoveryDelayMs
	d.put(keyRecovery(o.Account), r.encode())
	d.schedule(r.DueUnixMs, dueRecovery, o.Account[:])
	return tx.OK, d.countPending(o.Account, true)
}

// admitRecoveryCancel: who can end the recovery, or a key that may hold it up.
func (d *draft) admitRecoveryCancel(o tx.CancelRecovery, ended []tx.RevokeGrant) (tx.Code, error) {
	code, err := d.admitEnding(o.Account)
	if err != nil || code != tx.Unauthorised {
		return code, err
	}
	may, err := d.mayHoldUp(o.Account, nil, ended)
	if err != nil || !may {
		return tx.Unauthorised, err
	}
	return tx.OK, nil
}

// cancelRecovery ends a recovery, or holds it up.
func (d *draft) cancelRecovery(o tx.CancelRecovery) (tx.Code, error) {
	r, err := d.pendingRecovery(o.Account)
	if err != nil || r == nil {
		return tx.RecoveryUnknown, err
	}
	code, err := d.admitEnding(o.Account)
	switch {
	case err != nil:
		return 0, err
	case code == tx.OK:
		return tx.OK, d.dropRecovery(o.Account, r)
	}
	may, err := d.mayHoldUp(o.Account, nil, nil)
	switch {
	case err != nil:
		return 0, err
	case !may:
		return tx.Unauthorised, nil // An operation before has taken the right away.
	case r.State != WaitRunning:
		return tx.AlreadyHeld, nil
	}
	d.unschedule(r.DueUnixMs, dueRecovery, o.Account[:])
	r.holdUp(d.timeUnixMs)
	d.schedule(r.DueUnixMs, dueRecovery, o.Account[:])
	d.put(keyRecovery(o.Account), r.encode())
	return tx.OK, nil
}

// completeRecovery lets a recovery that was held up complete.
func (d *draft) completeRecovery(o tx.CompleteRecovery) (tx.Code, error) {
	r, err := d.pendingRecovery(o.Account)
	switch {
	case err != nil:
		return 0, err
	case r == nil:
		return tx.RecoveryUnknown, nil
	case r.State == WaitRunning:
		return tx.NotHeld, nil
	case r.State == WaitConfirmed:
		return tx.NothingToChange, nil
	}
	d.unschedule(r.DueUnixMs, dueRecovery, o.Account[:])
	r.confirm()
	if r.over(d.timeUnixMs) {
		if err := d.dropRecovery(o.Account, r); err != nil {
			return 0, err
		}
		return tx.OK, d.replaceAuthority(o.Account, r.Authority)
	}
	d.schedule(r.DueUnixMs, dueRecovery, o.Account[:])
	d.put(keyRecovery(o.Account), r.encode())
	return tx.OK, nil
}

// endRecovery completes a recovery whose time has come; or ends it, if it was held up and not confirmed.
func (a *act) endRecovery(id tx.AccountID) (*tx.Effect, error) {
	r, err := a.Recovery(id)
	if err != nil || r == nil {
		return nil, corrupt(err, "recovery due without an entry")
	}
	if err := a.dropRecovery(id, r); err != nil {
		return nil, err
	}
	if r.State == WaitHeld {
		return &tx.Effect{Kind: tx.RecoveryLapsed, Accounts: []tx.AccountID{id}}, nil
	}
	return &tx.Effect{Kind: tx.RecoveryCompleted, Accounts: []tx.AccountID{id}}, a.replaceAuthority(id, r.Authority)
}

// dropRecovery takes away a recovery that waits.
func (b *batch) dropRecovery(id tx.AccountID, r *Recovery) error {
	b.put(keyRecovery(id), nil)
	b.unschedule(r.DueUnixMs, dueRecovery, id[:])
	return b.countPending(id, false)
}

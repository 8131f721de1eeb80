package answer

import (
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Grants lists the grants of an account to keys after one (nil: from the first) that hold at a time, at most limit, and says what is left of
// each on the day of that time.
func Grants(view ledger.View, account tx.AccountID, after *key.Public, limit int, timeUnixMs uint64) ([]*apiv1.KeyGrant, error) {
	limit = min(limit, MaxList)
	var all []*apiv1.KeyGrant
	// A page that is short of what has ended would say that there are no more.
	for len(all) < limit {
		entries, err := ledger.Grants(view, account, after, limit)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.ExpiresAtUnixMs < timeUnixMs || len(all) == limit {
				continue
			}
			m, err := keyGrant(ledger.Read(view), e.Grantee, e.Grant, timeUnixMs)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
		if len(entries) < limit {
			break
		}
		after = &entries[len(entries)-1].Grantee
	}
	return all, nil
}

// AliasMoves lists the move of an alias, if one waits at a time.
func AliasMoves(s ledger.State, alias key.Alias, timeUnixMs uint64) ([]*apiv1.Move, error) {
	m, err := s.Move(alias)
	if err != nil || m == nil || m.Over(timeUnixMs) {
		return nil, err
	}
	out := &apiv1.Move{
		Alias: alias[:], From: m.From[:], To: m.To[:], State: apiv1.MoveState(m.State) + apiv1.MoveState_MOVE_STATE_RUNNING,
		StartedUnixMs: m.StartedUnixMs, DueUnixMs: m.DueUnixMs, HeldUntilUnixMs: m.HeldUntilUnixMs,
	}
	if m.OldGrantee != nil {
		out.OldGrantee = m.OldGrantee[:]
	}
	if m.NewGrantee != nil {
		if out.Grant, err = keyGrant(s, *m.NewGrantee, *m.Grant, timeUnixMs); err != nil {
			return nil, err
		}
	}
	return []*apiv1.Move{out}, nil
}

// AccountMoves lists the moves from an account that wait at a time, in order of their start.
func AccountMoves(s ledger.State, account tx.AccountID, timeUnixMs uint64) ([]*apiv1.Move, error) {
	aliases, err := s.Moves(account)
	if err != nil {
		return nil, err
	}
	var all []*apiv1.Move
	for _, alias := range aliases {
		m, err := AliasMoves(s, alias, timeUnixMs)
		if err != nil {
			return nil, err
		}
		all = append(all, m...)
	}
	return all, nil
}

// Attestors lists the attestors after an account (nil: from the first), at most limit.
func Attestors(view ledger.View, after *tx.AccountID, limit int) ([]*umojav1.Attestor, error) {
	entries, err := ledger.Attestors(view, after, min(limit, MaxList))
	if err != nil {
		return nil, err
	}
	var all []*umojav1.Attestor
	for _, a := range entries {
		m := &umojav1.Attestor{Account: a.Account[:], Key: a.Key[:], Name: a.Name, Endpoints: a.Endpoints}
		if a.Provider != nil {
			m.Provider = a.Provider[:]
		}
		all = append(all, m)
	}
	return all, nil
}

func keyGrant(s ledger.State, grantee key.Public, g ledger.Grant, timeUnixMs uint64) (*apiv1.KeyGrant, error) {
	m, err := grant(s, g, timeUnixMs)
	if err != nil {
		return nil, err
	}
	return &apiv1.KeyGrant{Grantee: grantee[:], Grant: m}, nil
}

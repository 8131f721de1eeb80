package ledger

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// filled is n bytes that differ from each other and from those of another start.
func filled(start, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(start + i)
	}
	return out
}

// wholeMove has everything that a move can have, each of its own bytes.
func wholeMove() Move {
	oldGrantee, newGrantee, name := key.Public(filled(1, 32)), key.Public(filled(2, 32)), key.SealedName(filled(3, 60))
	return Move{
		Wait: Wait{State: WaitConfirmed, StartedUnixMs: 4, DueUnixMs: 5, HeldUntilUnixMs: 6},
		From: tx.AccountID(filled(7, 16)), To: tx.AccountID(filled(8, 16)), OldGrantee: &oldGrantee, NewGrantee: &newGrantee,
		Grant:      &Grant{Asset: 9, CapTransaction: 10, CapDay: 11, FeeCeiling: 12, ExpiresAtUnixMs: 13, Operations: 14},
		SealedName: &name,
	}
}

// TestMoveEntry: a move comes back from its entry as it was, whatever of it is absent.
func TestMoveEntry(t *testing.T) {
	for name, absent := range map[string]func(m *Move){
		"everything":     func(*Move) {},
		"no old grantee": func(m *Move) { m.OldGrantee = nil },
		"no new grantee": func(m *Move) { m.NewGrantee, m.Grant = nil, nil },
		"no sealed name": func(m *Move) { m.SealedName = nil },
	} {
		want := wholeMove()
		absent(&want)
		got, err := decodeMove(want.encode())
		if err != nil || cmp.Diff(want, got) != "" || len(want.encode()) != 234 {
			t.Errorf("%s, %d bytes: %v\n%s", name, len(want.encode()), err, cmp.Diff(want, got))
		}
	}
}

// TestWaitTimes: a hold-up is a day at least and never brings the end nearer.
func TestWaitTimes(t *testing.T) {
	const day, hour = uint64(24 * 3600 * 1000), uint64(3600 * 1000)
	for name, row := range map[string]struct{ due, held, until uint64 }{
		"at its start":       {100 * day, 97 * day, 100 * day},
		"a day before":       {100 * day, 99 * day, 100 * day},
		"less than a day":    {100 * day, 99*day + hour, 100*day + hour},
		"at its last moment": {100 * day, 100 * day, 101 * day},
	} {
		w := Wait{DueUnixMs: row.due}
		w.holdUp(row.held)
		if w.HeldUntilUnixMs != row.until || w.DueUnixMs != row.until+7*day || w.State != WaitHeld {
			t.Errorf("%s: %+v", name, w)
		}
		if w.done(w.DueUnixMs+1) || !w.over(w.DueUnixMs+1) || w.over(w.DueUnixMs) {
			t.Errorf("%s: held up it lapses, after its last moment", name)
		}
		w.confirm()
		if w.DueUnixMs != row.until || w.done(row.until) || !w.done(row.until+1) {
			t.Errorf("%s: confirmed it completes after the hold-up, and is %+v", name, w)
		}
	}
}

// FuzzWaitingEntries: what is read as an alias, a move or a recovery is written back byte for byte.
func FuzzWaitingEntries(f *testing.F) {
	f.Add(wholeMove().encode())
	f.Add(Recovery{Wait: Wait{DueUnixMs: 1}, Authority: tx.SingleKey(key.Public(filled(1, 32)))}.encode())
	f.Add(Alias{Account: tx.AccountID(filled(1, 16)), Status: AliasReleased, UntilUnixMs: 2, MovesAtUnixMs: 3}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := decodeMove(raw); err == nil && !bytes.Equal(m.encode(), raw) {
			t.Errorf("move %x is written as %x", raw, m.encode())
		}
		if r, err := decodeRecovery(raw); err == nil && !bytes.Equal(r.encode(), raw) {
			t.Errorf("recovery %x is written as %x", raw, r.encode())
		}
		if a, err := decodeAlias(raw); err == nil && !bytes.Equal(a.encode(), raw) {
			t.Errorf("alias %x is written as %x", raw, a.encode())
		}
	})
}

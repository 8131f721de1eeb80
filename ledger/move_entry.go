package ledger

import (
	"bytes"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// maxMoves is how many moves of one account may wait at once.
const maxMoves = 4

// The bits of a move's flags.
const (
	moveEndsGrant = 1 << iota
	moveBeginsGrant
	moveNames
)

// Move is a move entry: wait(25) from(16) to(16) flags(1) old grantee(32) new grantee(32) grant(52) sealed name(60). The flags are 1 has an
// old grantee, 2 has a new grantee and grant, 4 has a sealed name; what is not there is zero.
type Move struct {
	Wait
	// From is the account that the alias is bound to while the move waits, To the one that it is bound to after it.
	From, To tx.AccountID
	// OldGrantee is the key whose grant on From ends; nil when none does.
	OldGrantee *key.Public
	// NewGrantee is the key whose Grant on To begins; nil when none does, and then so is Grant.
	NewGrantee *key.Public
	Grant      *Grant
	// SealedName is the new display name; nil when it stays.
	SealedName *key.SealedName
}

func (m Move) encode() []byte {
	out := m.Wait.append(make([]byte, 0, 234))
	out = append(append(out, m.From[:]...), m.To[:]...)
	var flags byte
	var oldGrantee, newGrantee key.Public
	var grant Grant
	var name key.SealedName
	if m.OldGrantee != nil {
		flags, oldGrantee = flags|moveEndsGrant, *m.OldGrantee
	}
	if m.NewGrantee != nil {
		flags, newGrantee, grant = flags|moveBeginsGrant, *m.NewGrantee, *m.Grant
	}
	if m.SealedName != nil {
		flags, name = flags|moveNames, *m.SealedName
	}
	out = append(append(append(out, flags), oldGrantee[:]...), newGrantee[:]...)
	return append(append(out, grant.encode()...), name[:]...)
}

func decodeMove(raw []byte) (Move, error) {
	r := reader{rest: raw}
	m := Move{Wait: r.wait(), From: tx.AccountID(r.take(16)), To: tx.AccountID(r.take(16))}
	flags, oldGrantee, newGrantee := r.u8(), key.Public(r.take(32)), key.Public(r.take(32))
	grant, err := decodeGrant(r.take(52))
	if err != nil {
		return m, err
	}
	name := key.SealedName(r.take(60))
	if flags&moveEndsGrant != 0 {
		m.OldGrantee = &oldGrantee
	}
	if flags&moveBeginsGrant != 0 {
		m.NewGrantee, m.Grant = &newGrantee, &grant
	}
	if flags&moveNames != 0 {
		m.SealedName = &name
	}
	if !bytes.Equal(m.encode(), raw) {
		r.bad = true // A flag that nobody knows, or a value without its flag.
	}
	return m, r.end("move")
}

// Move reads the move of an alias that waits; nil when none does. One that is over may be there until its leaf comes.
func (s State) Move(alias key.Alias) (*Move, error) { return lookup(s, keyMove(alias), decodeMove) }

// Moves lists the aliases of an account whose moves wait, in order of their start.
func (s State) Moves(id tx.AccountID) ([]key.Alias, error) {
	aliases, err := lookup(s, keyMoves(id), func(raw []byte) (aliases []key.Alias, err error) {
		r := reader{rest: raw}
		for !r.bad && len(r.rest) > 0 {
			aliases = append(aliases, key.Alias(r.take(32)))
		}
		return aliases, r.end("moves")
	})
	if err != nil || aliases == nil {
		return nil, err
	}
	return *aliases, nil
}

// putMove writes a move that waits, and beside the alias when it completes by itself.
func (b *batch) putMove(alias key.Alias, m *Move) error {
	bound, err := b.State.Alias(alias)
	if err != nil || bound == nil {
		return corrupt(err, "move of an alias without an entry")
	}
	bound.MovesAtUnixMs = m.DueUnixMs
	if m.State == WaitHeld {
		bound.MovesAtUnixMs = 0
	}
	b.put(keyAlias(alias), bound.encode())
	b.put(keyMove(alias), m.encode())
	return nil
}

// dropMove takes away a move that waits.
func (b *batch) dropMove(alias key.Alias, m *Move) error {
	bound, err := b.State.Alias(alias)
	if err != nil || bound == nil {
		return corrupt(err, "move of an alias without an entry")
	}
	bound.MovesAtUnixMs = 0
	b.put(keyAlias(alias), bound.encode())
	b.put(keyMove(alias), nil)
	b.unschedule(m.DueUnixMs, dueMove, alias[:])
	return b.listMove(alias, m, false)
}

// listMove counts a move among those of its account that wait, or no longer.
func (b *batch) listMove(alias key.Alias, m *Move, waits bool) error {
	aliases, err := b.Moves(m.From)
	if err != nil {
		return err
	}
	if waits {
		aliases = append(aliases, alias)
	} else {
		aliases = slices.DeleteFunc(aliases, func(a key.Alias) bool { return a == alias })
	}
	var list []byte
	for _, a := range aliases {
		list = append(list, a[:]...)
	}
	b.put(keyMoves(m.From), list)
	return b.countPending(m.From, waits)
}

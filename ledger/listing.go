package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Lists of entries of one kind, for who answers questions about the ledger. No rule reads them: a rule reads entries that it can name.

// GrantEntry is a grant with whom it is given to.
type GrantEntry struct {
	Grantee key.Public
	Grant
}

// Grants lists an account's grants to keys larger than after (nil: all), ascending, at most limit. One that has ended by its expiry or by a
// move may be there until its leaf comes.
func Grants(view View, account tx.AccountID, after *key.Public, limit int) ([]GrantEntry, error) {
	prefix := append([]byte{kindGrant}, account[:]...)
	var from []byte
	if after != nil {
		from = append(keyGrant(account, *after), 0)
	}
	entries, err := view.Scan(prefix, from, limit)
	if err != nil {
		return nil, fmt.Errorf("scan grants: %w", err)
	}
	var all []GrantEntry
	for _, e := range entries {
		g, err := decodeGrant(e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, GrantEntry{Grantee: key.Public(e.Key[len(prefix):]), Grant: g})
	}
	return all, nil
}

// Attestors lists the attestors whose account is larger than after (nil: all), ascending, at most limit.
func Attestors(view View, after *tx.AccountID, limit int) ([]tx.Attestor, error) {
	var from []byte
	if after != nil {
		from = append(keyAttestor(*after), 0)
	}
	entries, err := view.Scan([]byte{kindAttestor}, from, limit)
	if err != nil {
		return nil, fmt.Errorf("scan attestors: %w", err)
	}
	var all []tx.Attestor
	for _, e := range entries {
		a, err := tx.DecodeAttestor(e.Value)
		if err != nil {
			return nil, fmt.Errorf("attestor entry: %v: %w", err, ErrCorrupt)
		}
		all = append(all, a)
	}
	return all, nil
}

// BallotEntry is a ballot with its id.
type BallotEntry struct {
	ID tx.BallotID
	Ballot
}

// Ballots lists the ballots that have not ended with an id larger than after (nil: all), ascending, at most limit.
func Ballots(view View, after *tx.BallotID, limit int) ([]BallotEntry, error) {
	var from []byte
	if after != nil {
		from = append(keyBallot(*after), 0)
	}
	entries, err := view.Scan([]byte{kindBallot}, from, limit)
	if err != nil {
		return nil, fmt.Errorf("scan ballots: %w", err)
	}
	var all []BallotEntry
	for _, e := range entries {
		b, err := decodeBallot(e.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, BallotEntry{ID: tx.BallotID(e.Key[1:]), Ballot: b})
	}
	return all, nil
}

// Governors lists the validators of the newest set that was decided, each with who speaks for it and where it listens. The accounts are zero in
// a network that decides nothing by ballot.
func (s State) Governors() ([]tx.Governor, error) {
	set, err := s.ValidatorSet()
	if err != nil {
		return nil, err
	}
	var all []tx.Governor
	for _, v := range set {
		g := tx.Governor{Name: v.Name, Key: v.PublicKey(), TLSKeyHash: v.TLSKeyHash}
		if g.Account, err = s.governor(v.Name); err != nil {
			return nil, err
		}
		if g.PeerAddress, err = s.PeerAddress(v.Name); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// Over says whether a move or recovery has completed or lapsed by a time, though its leaf may be still to come.
func (w Wait) Over(timeUnixMs uint64) bool { return w.over(timeUnixMs) }

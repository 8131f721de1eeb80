package answer

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// Ballots lists the ballots that have not ended after an id (nil: all), at most limit.
func Ballots(view ledger.View, after *tx.BallotID, limit int) ([]*apiv1.Ballot, error) {
	entries, err := ledger.Ballots(view, after, min(limit, MaxList))
	if err != nil {
		return nil, err
	}
	var all []*apiv1.Ballot
	for _, e := range entries {
		decision := new(umojav1.Decision)
		if err := proto.Unmarshal(tx.EncodeDecision(e.Decision), decision); err != nil {
			return nil, fmt.Errorf("decision of ballot %s: %w", e.ID, err)
		}
		m := &apiv1.Ballot{
			Id: e.ID[:], Decision: decision, ExpiresAtUnixMs: e.ExpiresAtUnixMs, EffectiveAtUnixMs: e.EffectiveAtUnixMs, PassedAtUnixMs: e.PassedAtUnixMs,
		}
		for _, v := range e.Votes {
			m.Votes = append(m.Votes, &apiv1.BallotVote{Validator: v.Validator, Yes: v.Yes})
		}
		all = append(all, m)
	}
	return all, nil
}

// Validators lists the newest validator set that was decided, with who speaks for each.
func Validators(s ledger.State) ([]*umojav1.Governor, error) {
	governors, err := s.Governors()
	if err != nil {
		return nil, err
	}
	var all []*umojav1.Governor
	for _, g := range governors {
		all = append(all, &umojav1.Governor{Name: g.Name, Key: g.Key, TlsKeyHash: g.TLSKeyHash[:], Account: g.Account[:], PeerAddress: g.PeerAddress})
	}
	return all, nil
}

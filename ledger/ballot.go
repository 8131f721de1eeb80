package ledger

import (
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// A ballot is a decision that validators make on the ledger. Propose opens it, with the proposer's yes; each validator votes once; with a
// quorum of the set in force it has passed, and waits in the queue of what is due until it takes effect at the head of a batch. One that
// does not pass in time lapses there. Either way the leaf says which, and the entry goes.

const (
	// maxBallotMs is how long a ballot may be open: thirty days.
	maxBallotMs = 30 * 24 * 3600 * 1000
	// maxEffectAheadMs is how far ahead a decision may take effect: ninety days.
	maxEffectAheadMs = 90 * 24 * 3600 * 1000
)

// Ballot is a ballot entry: expires(8) effective(8) passed(8) count(1), for each vote yes(1) length(1) validator(…), decision
// (canonical).
type Ballot struct {
	ExpiresAtUnixMs uint64
	// EffectiveAtUnixMs is the earliest time of the effect; 0 when there is none.
	EffectiveAtUnixMs uint64
	// PassedAtUnixMs is when a quorum had said yes; 0 while it has not.
	PassedAtUnixMs uint64
	// Votes are in ascending order of validator. Invariant: each votes once.
	Votes    []BallotVote
	Decision tx.Decision
}

// BallotVote is a validator's word.
type BallotVote struct {
	Validator string
	Yes       bool
}

func (b Ballot) encode() []byte {
	out := put64(put64(put64(nil, b.ExpiresAtUnixMs), b.EffectiveAtUnixMs), b.PassedAtUnixMs)
	out = put32(out, uint32(len(b.Votes)))
	for _, v := range b.Votes {
		yes := byte(0)
		if v.Yes {
			yes = 1
		}
		out = append(append(out, yes, byte(len(v.Validator))), v.Validator...)
	}
	return append(out, tx.EncodeDecision(b.Decision)...)
}

func decodeBallot(raw []byte) (Ballot, error) {
	r := reader{rest: raw}
	b := Ballot{ExpiresAtUnixMs: r.u64(), EffectiveAtUnixMs: r.u64(), PassedAtUnixMs: r.u64()}
	for n := r.u32(); n > 0 && !r.bad; n-- {
		yes := r.u8()
		b.Votes = append(b.Votes, BallotVote{Yes: yes == 1, Validator: string(r.take(int(r.u8())))})
	}
	if r.bad {
		return b, r.end("ballot")
	}
	decision, err := tx.DecodeDecision(r.all())
	if err != nil {
		return b, fmt.Errorf("ballot entry: %v: %w", err, ErrCorrupt)
	}
	b.Decision = decision
	return b, nil
}

// Ballot reads a ballot that has not ended; nil when there is none.
func (s State) Ballot(id tx.BallotID) (*Ballot, error) { return lookup(s, keyBallot(id), decodeBallot) }

// dueAt is when the ballot ends: with its effect once it has passed, without one otherwise.
func (b *Ballot) dueAt() uint64 {
	if b.PassedAtUnixMs == 0 {
		return b.ExpiresAtUnixMs
	}
	if b.EffectiveAtUnixMs <= b.PassedAtUnixMs {
		return b.PassedAtUnixMs
	}
	return b.EffectiveAtUnixMs - 1 // What is due at a time happens after it.
}

// add counts a vote; false when the validator has voted.
func (b *Ballot) add(v BallotVote) bool {
	at := 0
	for ; at < len(b.Votes) && b.Votes[at].Validator <= v.Validator; at++ {
		if b.Votes[at].Validator == v.Validator {
			return false
		}
	}
	votes := append(append([]BallotVote(nil), b.Votes[:at]...), v)
	b.Votes = append(votes, b.Votes[at:]...)
	return true
}

// propose opens a ballot. Who proposes agrees: his vote is yes.
func (d *draft) propose(o tx.Propose) (tx.Code, error) {
	earliest := max(d.timeUnixMs, o.EffectiveAtUnixMs)
	code, err := d.impossible(o.Decision, earliest, max(o.ExpiresAtUnixMs, earliest))
	if err != nil || code != tx.OK && code < tx.TimeNotValid {
		return code, err
	}
	switch {
	case o.ExpiresAtUnixMs <= d.timeUnixMs || o.ExpiresAtUnixMs > d.timeUnixMs+maxBallotMs,
		o.EffectiveAtUnixMs > d.timeUnixMs+maxEffectAheadMs:
		return tx.TimeNotValid, nil
	case code != tx.OK:
		return code, nil
	}
	ballot := Ballot{
		ExpiresAtUnixMs: o.ExpiresAtUnixMs, EffectiveAtUnixMs: o.EffectiveAtUnixMs, Decision: o.Decision,
		Votes: []BallotVote{{Validator: o.Validator, Yes: true}},
	}
	id := tx.NewBallotID(d.signed.ID(), d.operation)
	d.schedule(ballot.dueAt(), dueBallot, id[:])
	d.put(keyBallot(id), ballot.encode())
	return tx.OK, nil
}

// vote counts a validator's word. A ballot passes by a vote and never takes that back; what comes later has nothing to change.
func (d *draft) vote(o tx.Vote) (tx.Code, error) {
	ballot, err := d.Ballot(o.Ballot)
	switch {
	case err != nil:
		return 0, err
	case ballot == nil || ballot.dueAt() < d.timeUnixMs:
		return tx.BallotUnknown, nil
	case !ballot.add(BallotVote{Validator: o.Validator, Yes: o.Yes}):
		return tx.AlreadyVoted, nil
	case ballot.PassedAtUnixMs != 0:
		return tx.NothingToChange, nil
	}
	set, err := d.ValidatorSet()
	if err != nil {
		return 0, err
	}
	yes := 0
	for _, v := range ballot.Votes {
		if _, inSet := set.Find(v.Validator); inSet && v.Yes {
			yes++
		}
	}
	if yes >= set.Quorum() {
		d.unschedule(ballot.dueAt(), dueBallot, o.Ballot[:])
		ballot.PassedAtUnixMs = d.timeUnixMs
		d.schedule(ballot.dueAt(), dueBallot, o.Ballot[:])
	}
	d.put(keyBallot(o.Ballot), ballot.encode())
	return tx.OK, nil
}

// endBallot ends a ballot: what it decided is done, if it has passed and that is still possible.
func (a *act) endBallot(id tx.BallotID) (*tx.Effect, error) {
	ballot, err := a.Ballot(id)
	if err != nil || ballot == nil {
		return nil, corrupt(err, "ballot due without an entry")
	}
	if again, err := a.secondSet(ballot); err != nil || again {
		a.schedule(a.timeUnixMs, dueBallot, id[:])
		return nil, err
	}
	a.put(keyBallot(id), nil)
	if ballot.PassedAtUnixMs == 0 {
		return &tx.Effect{Kind: tx.BallotLapsed}, nil
	}
	code, err := a.impossible(ballot.Decision, a.timeUnixMs, a.timeUnixMs)
	if err != nil {
		return nil, err
	}
	if code != tx.OK {
		return &tx.Effect{Kind: tx.BallotLapsed}, nil
	}
	return &tx.Effect{Kind: tx.BallotEffective}, a.decide(ballot.Decision)
}

// secondSet says whether a ballot would change the validator set again before the last change has begun to hold. Whoever follows the
// ledger by its header leaves sees one set after the other, so the bound on how far two of them differ would not hold. It waits.
func (a *act) secondSet(ballot *Ballot) (bool, error) {
	if _, changes := ballot.Decision.(tx.SetValidators); !changes || ballot.PassedAtUnixMs == 0 {
		return false, nil
	}
	before, err := a.overlay.get(keySetBefore)
	return before != nil, err
}

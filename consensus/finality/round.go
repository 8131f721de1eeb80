package finality

import (
	"fmt"
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A round that is blocked by higher attestations gets minPatience ticks before another size is named, then twice as many
// each time until a round is final, so that slow links and liars cost time but not progress.
const (
	minPatience = 2
	maxPatience = 64
)

// follow takes note of who leads. What was named in other terms counts no more.
func (m *Machine) follow(leader string, term uint64) {
	if m.leader == leader && m.term == term {
		return
	}
	m.leader, m.term, m.ticks = leader, term, 0
	m.heard[m.signer.name].words.Named = Named{}
}

// target is the size that the leader of this term named, zero if none.
func (m *Machine) target() uint64 {
	h, ok := m.heard[m.leader]
	if !ok || h.words.Named.Term != m.term || h.words.Named.Epoch != m.signer.state.Epoch {
		return 0
	}
	return h.words.Named.Size
}

// Ready says that this validator leads and has a round to open.
func (m *Machine) Ready() bool {
	state := m.signer.state
	if m.leader != m.signer.name || m.halted != nil {
		return false
	}
	if m.applied.Size <= state.Final.Size || m.applied.Size < state.Attested.Size {
		return false
	}
	if m.target() > state.Final.Size {
		return m.stuck()
	}
	return m.applied.Size >= m.honestlyAttested()
}

// honestlyAttested is a size that at least one honest validator has attested: the (f+1)-th highest. It can attest no
// lower one, and since it applied what raft committed, so will this leader.
func (m *Machine) honestlyAttested() uint64 {
	var sizes []uint64
	for _, v := range m.set {
		sizes = append(sizes, m.heard[v.Name].words.Attestation.Size)
	}
	slices.Sort(sizes)
	return sizes[len(sizes)-1-m.set.Faults()]
}

// stuck says that the round had its time and that somebody can not attest its size any more, having attested a higher
// one for a leader before. A higher size is then named, which covers both.
func (m *Machine) stuck() bool {
	if m.ticks < m.patience {
		return false
	}
	named := m.target()
	for _, h := range m.heard {
		if size := h.words.Attestation.Size; size > named && size <= m.applied.Size {
			return true
		}
	}
	return false
}

// name opens a round for everything applied.
func (m *Machine) name() {
	if m.target() > m.signer.state.Final.Size {
		m.patience = min(2*m.patience, maxPatience)
	}
	m.ticks = 0
	m.heard[m.signer.name].words.Named = Named{Epoch: m.signer.state.Epoch, Term: m.term, Size: m.applied.Size}
	m.turn.send = true
}

// advance takes every step that is now possible. Each can only enable those after it.
func (m *Machine) advance(nowUnixS uint64) {
	m.remind()
	m.adopt()
	m.attest()
	m.ratify()
	m.finish(nowUnixS)
	m.seal()
}

// remind tells what was final or sealed before a restart, when the own tree has it.
func (m *Machine) remind() {
	if m.owed.final && m.agrees(m.Final()) {
		m.owed.final = false
		m.turn.final = &Final{Checkpoint: m.Final(), Ratifications: m.signer.state.Ratifications}
	}
	if m.owed.sealed && m.agrees(m.sealed) {
		m.owed.sealed = false
		m.turn.sealed = &Sealed{Checkpoint: m.sealed, Note: m.signer.state.Sealed}
	}
}

// agrees says that the own tree has reached a checkpoint that a quorum signed and has the same root. Another root means
// that this validator went astray.
func (m *Machine) agrees(c checkpoint.Checkpoint) bool {
	own, ok := m.root(c.Size)
	if ok && own != c.Root {
		m.halt(fmt.Errorf("a quorum signed another root of size %d: %w", c.Size, ErrDiverged))
	}
	return ok && own == c.Root
}

// root is the own tree's root at a size, false when that is not known yet.
func (m *Machine) root(size uint64) ([32]byte, bool) {
	switch {
	case size == 0 || size > m.applied.Size:
		return [32]byte{}, false
	case size == m.applied.Size:
		return m.applied.Root, true
	}
	root, _, ok := m.rootAt(size)
	return root, ok
}

// attest gives the own word on the named size.
func (m *Machine) attest() {
	state, size := m.signer.state, m.target()
	if m.halted != nil || size <= state.Attested.Size || size <= state.Final.Size {
		return
	}
	root, ok := m.root(size)
	if !ok {
		return
	}
	if last := state.Attested; last.Size > 0 && last.Epoch == state.Epoch {
		own, ok := m.root(last.Size)
		if !ok {
			return
		}
		if own != last.Root {
			m.halt(fmt.Errorf("attest size %d: own attestation of size %d: %w", size, last.Size, ErrDiverged))
			return
		}
	}
	if err := m.signer.attest(checkpoint.Vote{Epoch: state.Epoch, Size: size, Root: root}); err != nil {
		m.halt(err)
		return
	}
	m.signed()
}

// ratify answers a certificate. What is sealed needs it no more.
func (m *Machine) ratify() {
	above := max(m.signer.state.Ratified.Size, m.sealed.Size)
	certified, ok := m.quorum(above, func(w *Messages) SignedVote { return w.Attestation })
	if !ok || m.halted != nil {
		return
	}
	if err := m.signer.ratify(certified.vote, certified.signatures); err != nil {
		m.halt(err)
		return
	}
	m.signed()
}

// finish makes a checkpoint final on a quorum of ratifications, and only then cosigns it.
func (m *Machine) finish(nowUnixS uint64) {
	ratified, ok := m.quorum(m.signer.state.Final.Size, func(w *Messages) SignedVote { return w.Ratification })
	if !ok {
		return
	}
	m.finalize(ratified.vote, ratified.signatures)
	if m.halted != nil {
		return
	}
	if err := m.signer.cosign(nowUnixS); err != nil {
		m.halt(err)
		return
	}
	m.signed()
}

func (m *Machine) finalize(vote checkpoint.Vote, ratifications []Signature) {
	m.signer.state.Final, m.signer.state.Ratifications = vote, ratifications
	m.ticks, m.patience = 0, minPatience
	m.owed.final, m.turn.persist = false, true
	m.turn.final = &Final{Checkpoint: m.Final(), Ratifications: ratifications}
}

// seal writes the note when a quorum has cosigned.
func (m *Machine) seal() {
	cosigned, ok := m.quorum(m.sealed.Size, func(w *Messages) SignedVote {
		vote := checkpoint.Vote{Epoch: m.signer.state.Epoch, Size: w.Cosignature.Size, Root: w.Cosignature.Root}
		return SignedVote{Vote: vote, Signature: w.Cosignature.Signature}
	})
	if !ok {
		return
	}
	c := checkpoint.Checkpoint{Network: m.network, Size: cosigned.vote.Size, Root: cosigned.vote.Root}
	var cosigs []checkpoint.Cosignature
	for _, s := range cosigned.signatures {
		cosigs = append(cosigs, m.heard[s.Validator].words.Cosignature.by(s.Validator))
	}
	note, err := c.Seal(m.set, cosigs)
	if err != nil {
		m.halt(err) // Cannot happen: all cosigners are in the set.
		return
	}
	m.keep(c, note)
}

// keep takes a sealed checkpoint that the own tree agrees with. It is final for this validator too, even when it missed
// the round.
func (m *Machine) keep(c checkpoint.Checkpoint, note []byte) {
	m.sealed, m.signer.state.Sealed, m.owed.sealed = c, note, false
	m.turn.sealed = &Sealed{Checkpoint: c, Note: note}
	if c.Size > m.signer.state.Final.Size {
		m.finalize(checkpoint.Vote{Epoch: m.signer.state.Epoch, Size: c.Size, Root: c.Root}, nil)
	}
}

// agreement is a vote that a quorum gave.
type agreement struct {
	vote       checkpoint.Vote
	signatures []Signature
}

// quorum finds the highest vote above a size that a quorum gave and the own tree agrees with. A quorum that the own tree
// contradicts means that this validator went astray; it must not sign any more.
func (m *Machine) quorum(above uint64, pick func(*Messages) SignedVote) (agreement, bool) {
	var best agreement
	for i, v := range m.set {
		candidate := pick(&m.heard[v.Name].words)
		if candidate.Size <= max(above, best.vote.Size) || candidate.Epoch != m.signer.state.Epoch {
			continue
		}
		// A quorum has more than f members, so its first is among the first n-q+1; the rest can not start one.
		if i > len(m.set)-m.set.Quorum() {
			break
		}
		var signatures []Signature
		for _, w := range m.set[i:] {
			if word := pick(&m.heard[w.Name].words); word.Vote == candidate.Vote {
				signatures = append(signatures, Signature{Validator: w.Name, Signature: word.Signature})
			}
		}
		if len(signatures) < m.set.Quorum() {
			continue
		}
		if m.agrees(checkpoint.Checkpoint{Network: m.network, Size: candidate.Size, Root: candidate.Root}) {
			best = agreement{vote: candidate.Vote, signatures: signatures}
		}
	}
	return best, best.vote.Size > 0
}

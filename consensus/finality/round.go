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
	if m.leader != m.signer.name || !m.sees() {
		return false
	}
	settled := m.settled()
	if m.applied.Size <= settled || m.applied.Size < m.attested(m.signer.name) {
		return false
	}
	if m.target() > settled {
		return m.stuck()
	}
	return m.applied.Size >= m.honestlyAttested()
}

// Unnamed is how many leaves a round would be for that is opened now.
func (m *Machine) Unnamed() uint64 {
	named := max(m.target(), m.settled())
	return m.applied.Size - min(m.applied.Size, named)
}

// settled is the size up to which there is nothing left to attest: what is final, but for the head until it is sealed. Nothing higher may
// come for long, or ever (Applied.Boundary), and who came late learns in no other way that it is final when who ratified it is gone.
func (m *Machine) settled() uint64 {
	final := m.signer.state.Final.Size
	if final == m.applied.Size && m.sealed.Size < final {
		return final - 1
	}
	return final
}

// votes says that this validator attests and ratifies: the epoch in force in its tree is the one in which it signs, it has
// not ended it, and no quorum has contradicted its tree.
func (m *Machine) votes() bool { return m.sees() && m.signer.current() }

// sees says that the own tree is one in which rounds can be named. Who has voted for a later epoch and leads still names them: what is named is not signed,
// and the others may be a quorum.
func (m *Machine) sees() bool {
	return m.halted == nil && !m.outside && m.applied.Epoch == m.signer.state.Epoch && m.astray.Size == 0
}

// attested is the size that a validator last attested in the epoch in force.
func (m *Machine) attested(name string) uint64 {
	if word := m.heard[name].words.Attestation; word.Epoch == m.signer.state.Epoch {
		return word.Size
	}
	return 0
}

// honestlyAttested is a size that at least one honest validator has attested: the (f+1)-th highest. It can attest no
// lower one, and since it applied what raft committed, so will this leader.
func (m *Machine) honestlyAttested() uint64 {
	var sizes []uint64
	for _, v := range m.set {
		sizes = append(sizes, m.attested(v.Name))
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
	for _, v := range m.set {
		if size := m.attested(v.Name); size > named && size <= m.applied.Size {
			return true
		}
	}
	return false
}

// name opens a round for everything applied.
func (m *Machine) name() {
	if m.target() > m.settled() {
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
	m.certify()
	m.attest()
	m.ratify()
	m.finish(nowUnixS)
	m.seal()
	m.endEpoch()
	m.openEpoch()
}

// remind tells what was final or sealed before a restart, when the own tree has it.
func (m *Machine) remind() {
	if m.owed.final && m.agrees(m.signer.state.Final) {
		m.owed.final = false
		m.turn.final = &Final{Checkpoint: m.Final(), Ratifications: m.signer.state.Ratifications}
	}
	if m.owed.sealed && m.agrees(checkpoint.Vote{Size: m.sealed.Size, Root: m.sealed.Root}) {
		m.owed.sealed = false
		m.turn.sealed = &Sealed{Checkpoint: m.sealed, Note: m.signer.state.Sealed}
	}
}

// agrees says that the own tree has reached a tree that a quorum signed and is the same there. Another one means that this
// validator was fed a lie: nothing is attested or ratified until its tree was taken back. At or below what the own tree holds of what is
// final, that more than f validators lie. What is final and not sealed may not be in the own tree any more: the node goes back to
// what is sealed, and may be fed another tree there.
func (m *Machine) agrees(at checkpoint.Vote) bool {
	own, ok := m.root(at.Size)
	final := m.signer.state.Final
	switch {
	case !ok || own == at.Root:
		return ok
	case at.Size <= final.Size && m.applied.Epoch < m.signer.state.Epoch:
		return false // The tree is of before the epoch that will roll it back.
	case at.Size <= m.sealed.Size || at.Size <= final.Size && m.holds(final):
		m.halt(fmt.Errorf("a quorum signed another root of size %d: %w", at.Size, ErrDiverged))
	case m.astray.Size == 0:
		m.astray = at
		m.turn.more = append(m.turn.more, Astray{at})
	}
	return false
}

// holds says that the own tree is the same at a vote's size.
func (m *Machine) holds(vote checkpoint.Vote) bool {
	own, ok := m.root(vote.Size)
	return ok && own == vote.Root
}

// apply takes the new head of the own tree, and with it the epoch in force. One of another set's epochs was told before the reign changed.
func (m *Machine) apply(e Applied) {
	if !checkpoint.OneSet(e.Epoch, m.first) {
		return
	}
	m.applied = e
	if state := &m.signer.state; e.Epoch > state.Epoch {
		state.Epoch = e.Epoch
		m.turn.persist, m.turn.send = true, true
		m.heard[m.signer.name].words.Named = Named{}
		m.ticks, m.idle = 0, 0
	}
	if at := m.astray; at.Size > 0 {
		if own, ok := m.root(at.Size); !ok || own == at.Root {
			m.astray = checkpoint.Vote{} // The tree was taken back.
		}
	}
	if final := m.signer.state.Final; final.Size > 0 {
		m.agrees(final) // Nothing is signed in a tree that is another.
	}
}

// root is the own tree's root at a size, false when that is not known yet.
func (m *Machine) root(size uint64) ([32]byte, bool) {
	root, _, ok := m.boundary(size)
	return root, ok
}

// boundary is the own tree's root at a size, and the epoch of the batch that ends there.
func (m *Machine) boundary(size uint64) ([32]byte, uint64, bool) {
	switch {
	case size == 0 || size > m.applied.Size:
		return [32]byte{}, 0, false
	case size == m.applied.Size:
		return m.applied.Root, m.applied.Epoch, true
	}
	return m.rootAt(size)
}

// extends says that the own tree at a vote begins with an earlier tree. The tree may be rolled back while this looks at it,
// so with a proof: what one validator signs never contradicts itself.
func (m *Machine) extends(vote, earlier checkpoint.Vote) bool {
	if earlier.Size == 0 || earlier.Size == vote.Size {
		return earlier.Size == 0 || earlier.Root == vote.Root
	}
	if m.consistency == nil {
		own, ok := m.root(earlier.Size)
		return ok && own == earlier.Root
	}
	proof, err := m.consistency(earlier.Size, vote.Size)
	return err == nil && checkpoint.CheckConsistency(proof, earlier.Size, earlier.Root, vote.Size, vote.Root) == nil
}

// attest gives the own word on the named size: of a batch of this epoch, so that it is above the start, and of a tree that
// extends what was attested before in this epoch.
func (m *Machine) attest() {
	state, size := m.signer.state, m.target()
	if !m.votes() || size <= m.attested(m.signer.name) || size <= m.settled() {
		return
	}
	root, epoch, ok := m.boundary(size)
	if !ok || epoch != state.Epoch || m.mayAttest != nil && !m.mayAttest(size) {
		return
	}
	vote := checkpoint.Vote{Epoch: epoch, Size: size, Root: root}
	if state.Attested.Epoch == epoch && !m.extends(vote, state.Attested.Vote) || !m.extends(vote, state.Final) {
		return // Nothing in this epoch any more; orphaned ends it.
	}
	if err := m.signer.attest(vote); err != nil {
		m.halt(err)
		return
	}
	m.signed()
}

// certify looks for a quorum of attestations in the epoch in force, and keeps the highest. The epoch may be of another set for a while: of the
// one after, when batches were taken back to its boundary. A quorum of this set says nothing then.
func (m *Machine) certify() {
	state := &m.signer.state
	found, ok := m.quorum(func(v checkpoint.Vote) bool {
		return v.Epoch == state.Epoch && checkpoint.OneSet(v.Epoch, m.first) && v.Above(state.Highest.Vote)
	},
		func(h *heard) []SignedVote { return []SignedVote{h.words.Attestation} })
	if ok {
		state.Highest = found
	}
	if held := state.Highest; held.Epoch == state.Epoch && held.Size > state.Final.Size && m.applied.Epoch == state.Epoch {
		own, reached := m.root(held.Size) // Once: the tree may be taken back meanwhile.
		m.turn.contradicted = !m.agrees(held.Vote) && reached && own != held.Root
	}
}

// ratify answers the highest certificate. What is sealed needs it no more.
func (m *Machine) ratify() {
	state := m.signer.state
	held := state.Highest.Vote
	if !m.votes() || held.Epoch != state.Epoch || !held.Above(state.Ratified.Vote) || held.Size <= m.sealed.Size {
		return
	}
	if own, epoch, ok := m.boundary(held.Size); !ok || own != held.Root || epoch != held.Epoch {
		return
	}
	if held.Size >= state.Final.Size && !m.extends(held, state.Final) {
		return // The own tree is being taken back.
	}
	if err := m.signer.ratify(); err != nil {
		m.halt(err)
		return
	}
	m.signed()
}

// finish makes a checkpoint final on a quorum of ratifications in one epoch, and only then cosigns it. The epoch need not
// be the one in force: whatever was ratified so is in the start of every later one.
func (m *Machine) finish(nowUnixS uint64) {
	ratified, ok := m.quorum(func(v checkpoint.Vote) bool {
		return checkpoint.OneSet(v.Epoch, m.first) && v.Size > m.signer.state.Final.Size && v.Size <= m.applied.Size
	},
		func(h *heard) []SignedVote { return h.ratifications })
	if !ok || !m.agrees(ratified.Vote) {
		return
	}
	if !m.extends(ratified.Vote, m.signer.state.Final) {
		return // The own tree is being taken back.
	}
	m.finalize(ratified.Vote, ratified.Signatures)
	if m.halted != nil || m.outside {
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
	m.ticks, m.patience, m.idle, m.wait = 0, minPatience, 0, m.least
	m.owed.final, m.turn.persist = false, true
	m.turn.final = &Final{Checkpoint: m.Final(), Ratifications: ratifications}
}

// seal writes the note when a quorum has cosigned.
func (m *Machine) seal() {
	cosigned, ok := m.quorum(func(v checkpoint.Vote) bool { return v.Size > m.sealed.Size && v.Size <= m.applied.Size }, func(h *heard) []SignedVote {
		return []SignedVote{{Vote: treeOf(h.words.Cosignature), Signature: h.words.Cosignature.Signature}}
	})
	if !ok || !m.agrees(cosigned.Vote) {
		return
	}
	c := checkpoint.Checkpoint{Network: m.network, Size: cosigned.Size, Root: cosigned.Root}
	var cosigs []checkpoint.Cosignature
	for _, s := range cosigned.Signatures {
		cosigs = append(cosigs, m.heard[s.Validator].words.Cosignature.By(s.Validator))
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
	vote := checkpoint.Vote{Epoch: m.signer.state.Epoch, Size: c.Size, Root: c.Root}
	if c.Size > m.signer.state.Final.Size {
		if !m.extends(vote, m.signer.state.Final) {
			return // The own tree is being taken back.
		}
		m.finalize(vote, nil)
	}
	m.sealed, m.signer.state.Sealed, m.owed.sealed = c, note, false
	m.turn.sealed = &Sealed{Checkpoint: c, Note: note}
	m.compareTrees()
}

// quorum finds the highest vote that a quorum gave, among those wanted.
func (m *Machine) quorum(wanted func(checkpoint.Vote) bool, given func(*heard) []SignedVote) (best checkpoint.Certificate, found bool) {
	for i, v := range m.set {
		// A quorum has more than f members, so its first is among the first n-q+1; the rest can not start one.
		if i > len(m.set)-m.set.Quorum() {
			break
		}
		for _, candidate := range given(m.heard[v.Name]) {
			if candidate.Size == 0 || !wanted(candidate.Vote) || found && !candidate.Above(best.Vote) {
				continue
			}
			var signatures []Signature
			for _, w := range m.set[i:] {
				for _, word := range given(m.heard[w.Name]) {
					if word.Vote == candidate.Vote {
						signatures = append(signatures, Signature{Validator: w.Name, Signature: word.Signature})
						break
					}
				}
			}
			if len(signatures) >= m.set.Quorum() {
				best, found = checkpoint.Certificate{Vote: candidate.Vote, Signatures: signatures}, true
			}
		}
	}
	return best, found
}

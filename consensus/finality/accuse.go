package finality

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

func (m *Machine) isAccused(by checkpoint.Validator, offence checkpoint.Offence) bool {
	return slices.Contains(m.heard[by.Name].accused, offence)
}

// accuse gives evidence that anybody can check, and none that nobody could: a mistake here must not harm an honest
// validator.
func (m *Machine) accuse(e checkpoint.Evidence) {
	e = e.Ordered(m.network)
	_, offence, err := e.Verify(m.network, m.set)
	h := m.heard[e.Validator]
	if err != nil || slices.Contains(h.accused, offence) {
		return
	}
	h.accused = append(h.accused, offence)
	m.turn.more = append(m.turn.more, Accuse{Offence: offence, Evidence: e})
}

// compareHidden catches a vote for an epoch that names less than what its giver ratified before.
func (m *Machine) compareHidden(by checkpoint.Validator, ratified SignedVote, word EpochWord) {
	if ratified.Epoch < word.Epoch && ratified.Above(word.Certified) && !m.isAccused(by, checkpoint.HiddenCertificate) {
		m.accuse(checkpoint.Evidence{
			Validator: by.Name, Ratifications: []SignedVote{ratified}, EpochVotes: []checkpoint.SignedEpoch{signedEpoch(word)},
		})
	}
}

// compareTrees looks for validators that attested in one epoch, or cosigned, a tree of the own history and another that is
// not of it. It is done when something is final, since what is final here does not change any more.
func (m *Machine) compareTrees() {
	for _, v := range m.set {
		h := m.heard[v.Name]
		if v.Name == m.signer.name || m.consistency == nil {
			continue
		}
		if !m.isAccused(v, checkpoint.ForkedAttestations) {
			if small, large, proof, ok := m.fork(h.attestations, true); ok {
				e := checkpoint.Evidence{Validator: v.Name, Attestations: []SignedVote{h.attestations[small], h.attestations[large]}}
				e.PrefixRoot, _ = m.root(h.attestations[small].Size)
				e.Proof = proof
				m.accuse(e)
			}
		}
		if !m.isAccused(v, checkpoint.ForkedCosignatures) {
			votes := make([]SignedVote, len(h.cosignatures))
			for i, c := range h.cosignatures {
				votes[i].Vote = treeOf(c)
			}
			if small, large, proof, ok := m.fork(votes, false); ok {
				e := checkpoint.Evidence{Validator: v.Name, Cosignatures: []SignedCheckpoint{h.cosignatures[small], h.cosignatures[large]}}
				e.PrefixRoot, _ = m.root(h.cosignatures[small].Size)
				e.Proof = proof
				m.accuse(e)
			}
		}
	}
}

// fork finds a tree that is not of the own history and a larger one that is, and proves that the two contradict each other.
func (m *Machine) fork(votes []SignedVote, oneEpoch bool) (small, large int, proof [][32]byte, ok bool) {
	for i, a := range votes {
		if m.sound[treeAt(a.Vote)] {
			continue
		}
		own, known := m.root(a.Size)
		if !known {
			continue
		}
		if own == a.Root {
			if a.Size <= m.signer.state.Final.Size {
				m.markSound(a.Vote)
			}
			continue
		}
		for j, b := range votes {
			if b.Size <= a.Size || oneEpoch && b.Epoch != a.Epoch {
				continue
			}
			if own, known := m.root(b.Size); !known || own != b.Root {
				continue
			}
			if proof, err := m.consistency(a.Size, b.Size); err == nil {
				return i, j, proof, true
			}
		}
	}
	return 0, 0, nil, false
}

// maxSound bounds what is remembered of the own history.
const maxSound = 256

// markSound remembers that a tree is of the own final history, so that it is looked up once.
func (m *Machine) markSound(v checkpoint.Vote) {
	if len(m.sound) >= maxSound {
		clear(m.sound)
	}
	m.sound[treeAt(v)] = true
}

// treeAt is a vote without its epoch.
func treeAt(v checkpoint.Vote) checkpoint.Vote { return checkpoint.Vote{Size: v.Size, Root: v.Root} }

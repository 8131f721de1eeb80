package finality

import (
	"slices"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// remembered is how many earlier words of each kind are kept of a validator, to catch it signing another root later.
const remembered = 16

// heard is what one validator has said. Invariant: every signature in it was verified.
type heard struct {
	words Messages
	// past holds the newest words of each kind by size, the oldest first.
	attestations, ratifications []SignedVote
	cosignatures                []SignedCheckpoint
	wishes                      []EpochWord
	// accused says for which offences evidence was given.
	accused []checkpoint.Offence
	// lastHeard is the clock when it spoke last, from 1.
	lastHeard uint64
	// wishesHeard counts votes for epochs since the last tick.
	wishesHeard int
}

// hear takes what another validator said, as far as it is new, of this epoch or one before, and truly signed. Words of a
// later epoch are of no use until its first batch comes; they are said again then.
func (m *Machine) hear(e Message) {
	by, ok := m.set.Find(e.From)
	if !ok || e.From != e.Messages.Validator || e.From == m.signer.name {
		return
	}
	h, said := m.heard[by.Name], e.Messages
	h.lastHeard = m.clock + 1
	if n := said.Named; n.Epoch == m.signer.state.Epoch && n.Size > 0 && n.newer(h.words.Named) {
		h.words.Named = n
	}
	m.hearAttestation(by, said.Attestation)
	m.hearRatification(by, said.Ratification)
	m.hearCosignature(by, said.Cosignature)
	m.hearWish(by, said.Wish)
	h.words.FinalSize = said.FinalSize
}

// hearAttestation takes an attestation that is newer than the last, and catches one that contradicts an earlier one.
// Signatures are verified only when they matter, so that hearing the same words again costs nothing.
func (m *Machine) hearAttestation(by checkpoint.Validator, vote SignedVote) {
	h := m.heard[by.Name]
	old, known := samePlace(h.attestations, vote)
	if vote.Size == 0 || vote.Epoch > m.signer.state.Epoch || known && old.Root == vote.Root {
		return
	}
	if known && m.isAccused(by, checkpoint.TwoAttestations) || !known && !vote.Above(h.words.Attestation.Vote) {
		return
	}
	if vote.Verify(m.network, checkpoint.Attestation, by, vote.Signature) != nil {
		return
	}
	if known {
		m.accuse(checkpoint.Evidence{Validator: by.Name, Attestations: []SignedVote{old, vote}})
		return
	}
	h.words.Attestation = vote
	h.attestations = remember(h.attestations, vote)
}

// hearRatification does for ratifications what hearAttestation does for attestations. One that comes late still counts for
// what is not final here yet, since whatever a quorum ratified in any epoch is final.
func (m *Machine) hearRatification(by checkpoint.Validator, vote SignedVote) {
	h := m.heard[by.Name]
	old, known := samePlace(h.ratifications, vote)
	if vote.Size == 0 || vote.Epoch > m.signer.state.Epoch || known && old.Root == vote.Root {
		return
	}
	newer := vote.Above(h.words.Ratification.Vote)
	late := vote.Size > m.signer.state.Final.Size && len(h.ratifications) < remembered
	if known && m.isAccused(by, checkpoint.TwoRatifications) || !known && !newer && !late {
		return
	}
	if vote.Verify(m.network, checkpoint.Ratification, by, vote.Signature) != nil {
		return
	}
	if known {
		m.accuse(checkpoint.Evidence{Validator: by.Name, Ratifications: []SignedVote{old, vote}})
		return
	}
	if newer {
		h.words.Ratification = vote
	}
	h.ratifications = remember(h.ratifications, vote)
	for _, w := range h.wishes {
		m.compareHidden(by, vote, w)
	}
}

// samePlace finds what was voted for an epoch and size.
func samePlace(past []SignedVote, vote SignedVote) (SignedVote, bool) {
	i := slices.IndexFunc(past, func(p SignedVote) bool { return p.Size == vote.Size && p.Epoch == vote.Epoch })
	if i < 0 {
		return SignedVote{}, false
	}
	return past[i], true
}

// hearCosignature does for cosignatures what hearAttestation does for attestations. What is sealed needs none, unless it
// contradicts.
func (m *Machine) hearCosignature(by checkpoint.Validator, cosig SignedCheckpoint) {
	h := m.heard[by.Name]
	if cosig.Size == 0 {
		return
	}
	i := slices.IndexFunc(h.cosignatures, func(p SignedCheckpoint) bool { return p.Size == cosig.Size })
	known := i >= 0
	if known && (h.cosignatures[i].Root == cosig.Root || m.isAccused(by, checkpoint.TwoCosignatures)) ||
		!known && cosig.Size <= h.words.Cosignature.Size {
		return
	}
	c := checkpoint.Checkpoint{Network: m.network, Size: cosig.Size, Root: cosig.Root}
	if c.VerifyCosignature(m.set, cosig.By(by.Name)) != nil {
		return
	}
	if !known {
		h.words.Cosignature = cosig
	}
	m.rememberCosignature(by, cosig)
}

// rememberCosignature keeps a verified cosignature, heard or found in a note.
func (m *Machine) rememberCosignature(by checkpoint.Validator, cosig SignedCheckpoint) {
	h := m.heard[by.Name]
	i := slices.IndexFunc(h.cosignatures, func(p SignedCheckpoint) bool { return p.Size == cosig.Size })
	switch {
	case i < 0:
		h.cosignatures = remember(h.cosignatures, cosig)
	case h.cosignatures[i].Root != cosig.Root && !m.isAccused(by, checkpoint.TwoCosignatures):
		m.accuse(checkpoint.Evidence{Validator: by.Name, Cosignatures: []SignedCheckpoint{h.cosignatures[i], cosig}})
	}
}

// hearWish takes a vote for an epoch whose certificate is there: what is only claimed counts for nothing. The certificate
// is this validator's too from now on.
func (m *Machine) hearWish(by checkpoint.Validator, word EpochWord) {
	if !checkpoint.OneSet(word.Epoch, m.first) {
		return // Of another reign: this one cannot open that epoch.
	}
	h := m.heard[by.Name]
	i := slices.IndexFunc(h.wishes, func(w EpochWord) bool { return w.Epoch == word.Epoch })
	known := i >= 0
	if word.Epoch == 0 || known && (h.wishes[i].Certified == word.Certified || m.isAccused(by, checkpoint.TwoEpochVotes)) ||
		!known && word.Epoch <= h.words.Wish.Epoch || h.wishesHeard >= wishesPerTick {
		return
	}
	h.wishesHeard++
	if known {
		if word.by(by.Name).Verify(m.network, word.Epoch, by) == nil {
			m.accuse(checkpoint.Evidence{Validator: by.Name, EpochVotes: []checkpoint.SignedEpoch{signedEpoch(h.wishes[i]), signedEpoch(word)}})
		}
		return
	}
	if word.verify(m.network, m.set, m.first, by) != nil {
		return
	}
	h.words.Wish = word
	h.wishes = remember(h.wishes, word)
	if state := &m.signer.state; word.Certified.Epoch >= m.first && word.Certified.Above(state.Highest.Vote) {
		state.Highest = word.certificate() // It need not be persisted before a word depends on it.
	}
	for _, vote := range h.ratifications {
		m.compareHidden(by, vote, word)
	}
}

func signedEpoch(w EpochWord) checkpoint.SignedEpoch {
	return checkpoint.SignedEpoch{Epoch: w.Epoch, Certified: w.Certified, Signature: w.Signature}
}

func remember[T any](past []T, word T) []T {
	if len(past) == remembered {
		past = slices.Delete(past, 0, 1)
	}
	return append(past, word)
}

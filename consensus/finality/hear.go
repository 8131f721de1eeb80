package finality

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// remembered is how many earlier words of each kind are kept of a validator, to catch it signing another root later.
const remembered = 16

// maxNote bounds a sealed note, as checkpoint.Open does.
const maxNote = 16 << 10

// heard is what one validator has said. Invariant: every signature in it was verified.
type heard struct {
	words Messages
	// past holds the newest words of each kind by size, the oldest first.
	attestations, ratifications []SignedVote
	cosignatures                []SignedCheckpoint
	// accused says for which kinds evidence was given.
	accused []Kind
}

// hear takes what another validator said, as far as it is new, in this epoch and truly signed.
func (m *Machine) hear(e Message) {
	by, ok := m.set.Find(e.From)
	if !ok || e.From != e.Messages.Validator || e.From == m.signer.name {
		return
	}
	h, said := m.heard[by.Name], e.Messages
	if n, last := said.Named, h.words.Named; n.Epoch == m.signer.state.Epoch && n.Size > 0 &&
		(n.Term > last.Term || n.Term == last.Term && n.Size > last.Size) {
		h.words.Named = n
	}
	m.hearVote(by, KindAttestation, checkpoint.Attestation, said.Attestation, &h.words.Attestation, &h.attestations)
	m.hearVote(by, KindRatification, checkpoint.Ratification, said.Ratification, &h.words.Ratification, &h.ratifications)
	m.hearCosignature(by, said.Cosignature)
	h.words.FinalSize = said.FinalSize
}

// hearVote takes a vote that is newer than the last, and catches one that contradicts an earlier one. Signatures are
// verified only when they matter, so that hearing the same words again costs nothing.
func (m *Machine) hearVote(by checkpoint.Validator, kind Kind, tag checkpoint.VoteKind, vote SignedVote, last *SignedVote, past *[]SignedVote) {
	if vote.Size == 0 || vote.Epoch != m.signer.state.Epoch || vote.Vote == last.Vote {
		return
	}
	i := slices.IndexFunc(*past, func(p SignedVote) bool { return p.Size == vote.Size && p.Epoch == vote.Epoch })
	contradicts := i >= 0 && (*past)[i].Root != vote.Root
	if !contradicts && !above(vote.Vote, last.Vote) || contradicts && m.isAccused(by, kind) {
		return
	}
	if vote.Verify(m.network, tag, by, vote.Signature) != nil {
		return
	}
	if contradicts {
		m.accuse(Evidence{Validator: by.Name, Kind: kind, Votes: [2]SignedVote{(*past)[i], vote}})
		return
	}
	*last = vote
	*past = remember(*past, vote)
}

// hearCosignature does for cosignatures what hearVote does for votes. What is sealed needs none, unless it contradicts.
func (m *Machine) hearCosignature(by checkpoint.Validator, cosig SignedCheckpoint) {
	h := m.heard[by.Name]
	if cosig.Size == 0 {
		return
	}
	i := slices.IndexFunc(h.cosignatures, func(p SignedCheckpoint) bool { return p.Size == cosig.Size })
	contradicts := i >= 0 && h.cosignatures[i].Root != cosig.Root
	if !contradicts && cosig.Size <= h.words.Cosignature.Size || contradicts && m.isAccused(by, KindCosignature) {
		return
	}
	c := checkpoint.Checkpoint{Network: m.network, Size: cosig.Size, Root: cosig.Root}
	if c.VerifyCosignature(m.set, cosig.by(by.Name)) != nil {
		return
	}
	if contradicts {
		two := [2]SignedCheckpoint{h.cosignatures[i], cosig}
		m.accuse(Evidence{Validator: by.Name, Kind: KindCosignature, Cosignatures: two})
		return
	}
	h.words.Cosignature = cosig
	h.cosignatures = remember(h.cosignatures, cosig)
}

func remember[T any](past []T, word T) []T {
	if len(past) == remembered {
		past = slices.Delete(past, 0, 1)
	}
	return append(past, word)
}

func (m *Machine) isAccused(by checkpoint.Validator, kind Kind) bool {
	return slices.Contains(m.heard[by.Name].accused, kind)
}

func (m *Machine) accuse(e Evidence) {
	h := m.heard[e.Validator]
	h.accused = append(h.accused, e.Kind)
	m.turn.more = append(m.turn.more, Accuse{e})
}

// sealedProof is a checkpoint that a quorum cosigned.
type sealedProof struct {
	checkpoint checkpoint.Checkpoint
	note       []byte
}

// take verifies a sealed note that is newer than what is sealed here, and lets it wait for the own tree.
func (m *Machine) take(note []byte) {
	size := claimedSize(note)
	if size <= m.sealed.Size || slices.ContainsFunc(m.waiting, func(p sealedProof) bool { return p.checkpoint.Size == size }) {
		return
	}
	c, cosigs, err := checkpoint.Open(m.network, m.set, note)
	if err != nil {
		return
	}
	if err := m.recall(c, cosigs); err != nil {
		m.halt(err)
	}
	m.waiting = append(m.waiting, sealedProof{checkpoint: c, note: slices.Clone(note)})
	slices.SortFunc(m.waiting, func(a, b sealedProof) int { return cmp.Compare(a.checkpoint.Size, b.checkpoint.Size) })
	if len(m.waiting) > 2 {
		m.waiting = slices.Delete(m.waiting, 1, 2)
	}
}

// claimedSize reads the size line without verifying anything, so that old notes cost nothing. Zero means malformed.
func claimedSize(note []byte) uint64 {
	if len(note) > maxNote {
		return 0
	}
	lines := strings.SplitN(string(note), "\n", 3)
	if len(lines) < 3 {
		return 0
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return 0
	}
	return size
}

// recall refuses to go on when a note has a cosignature of this validator that its state does not remember: the state
// was lost or put back, and what else was signed since is not known.
func (m *Machine) recall(c checkpoint.Checkpoint, cosigs []checkpoint.Cosignature) error {
	last := m.signer.state.Cosigned
	for _, cosig := range cosigs {
		if cosig.Validator == m.signer.name && (c.Size > last.Size || c.Size == last.Size && c.Root != last.Root) {
			return fmt.Errorf("own cosignature of size %d, the state knows %d: %w", c.Size, last.Size, ErrRolledBack)
		}
	}
	return nil
}

// adopt takes the highest waiting proof that the own tree has reached.
func (m *Machine) adopt() {
	for i := len(m.waiting) - 1; i >= 0; i-- {
		p := m.waiting[i]
		if !m.agrees(p.checkpoint) {
			continue
		}
		m.waiting = slices.Delete(m.waiting, 0, i+1)
		if p.checkpoint.Size > m.sealed.Size {
			m.keep(p.checkpoint, p.note)
		}
		return
	}
}

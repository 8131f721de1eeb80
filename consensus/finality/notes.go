package finality

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// maxNote bounds a sealed note, as checkpoint.Open does.
const maxNote = 16 << 10

// sealedProof is a checkpoint that a quorum cosigned.
type sealedProof struct {
	checkpoint checkpoint.Checkpoint
	note       []byte
}

// take verifies a sealed note that is newer than what is sealed here, and lets it wait for the own tree. An older one is
// looked at only when it contradicts the own tree: then its cosigners are to be found out.
func (m *Machine) take(note []byte) {
	claimed := claim(note)
	if claimed.Size == 0 || slices.ContainsFunc(m.waiting, func(p sealedProof) bool {
		return p.checkpoint.Size == claimed.Size && p.checkpoint.Root == claimed.Root
	}) {
		return
	}
	if own, ok := m.root(claimed.Size); claimed.Size <= m.sealed.Size && (!ok || own == claimed.Root) {
		return
	}
	c, cosigs, err := checkpoint.Open(m.network, m.set, note)
	if err != nil {
		return
	}
	for _, cosig := range cosigs {
		if by, ok := m.set.Find(cosig.Validator); ok && by.Name != m.signer.name {
			m.rememberCosignature(by, SignedCheckpoint{Size: c.Size, Root: c.Root, TimeUnixS: cosig.TimeUnixS, Signature: cosig.Signature})
		}
	}
	if err := m.recall(c, cosigs); err != nil {
		m.halt(err)
	}
	if c.Size <= m.sealed.Size {
		m.compareTrees()
		m.agrees(checkpoint.Vote{Size: c.Size, Root: c.Root})
		return
	}
	m.waiting = append(m.waiting, sealedProof{checkpoint: c, note: slices.Clone(note)})
	slices.SortFunc(m.waiting, func(a, b sealedProof) int { return cmp.Compare(a.checkpoint.Size, b.checkpoint.Size) })
	if len(m.waiting) > 2 {
		m.waiting = slices.Delete(m.waiting, 1, 2)
	}
}

// claim reads size and root without verifying anything, so that old notes cost nothing. Size zero means malformed.
func claim(note []byte) checkpoint.Vote {
	if len(note) > maxNote {
		return checkpoint.Vote{}
	}
	lines := strings.SplitN(string(note), "\n", 4)
	if len(lines) < 4 {
		return checkpoint.Vote{}
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	root, err64 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err64 != nil || len(root) != 32 {
		return checkpoint.Vote{}
	}
	return checkpoint.Vote{Size: size, Root: [32]byte(root)}
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
		if !m.agrees(checkpoint.Vote{Size: p.checkpoint.Size, Root: p.checkpoint.Root}) {
			continue
		}
		m.waiting = slices.Delete(m.waiting, 0, i+1)
		if p.checkpoint.Size > m.sealed.Size {
			m.keep(p.checkpoint, p.note)
		}
		return
	}
}

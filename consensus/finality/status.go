package finality

import "github.com/umoja-ledger/umoja/ledger/checkpoint"

// Status is how far a validator is.
type Status struct {
	// Leader is who leads Term; empty when nobody is known to.
	Leader string
	Term   uint64
	// Epoch is the one in force in the own tree; Wished is the last that this validator voted for.
	Epoch, Wished uint64
	// Named is the size named in this term.
	Named uint64
	// AttestedIn is the epoch of the newest attestation.
	AttestedIn uint64
	// Certified is the highest tree that a certificate is known of; the own tree may be another.
	Certified checkpoint.Vote
	// The newest sizes.
	Applied, Attested, Ratified, Final, Sealed uint64
	// Proved is the largest size that anybody has shown a sealed note of, though the own tree may not be there, and ProvedRoot its root.
	Proved     uint64
	ProvedRoot [32]byte
	// Finals are the sizes that the validators of the set say they have sealed, by name.
	Finals map[string]uint64
	// Halted is why this validator signs nothing more, or nil.
	Halted error
}

// Waits says that something is applied that no round has sealed, here or, as far as this validator was shown, anywhere: who trails behind what others have sealed
// waits for its own tree.
func (s Status) Waits() bool {
	return s.Halted == nil && s.Applied > s.Sealed && s.Proved <= s.Sealed
}

func (m *Machine) status() Status {
	s := m.signer.state
	proved := m.sealed
	for _, p := range m.waiting {
		if p.checkpoint.Size > proved.Size {
			proved = p.checkpoint
		}
	}
	finals := make(map[string]uint64, len(m.set))
	for _, v := range m.set {
		finals[v.Name] = m.heard[v.Name].words.FinalSize
	}
	return Status{
		Finals: finals,
		Leader: m.leader, Term: m.term, Epoch: m.applied.Epoch, Wished: s.Wished.Epoch, Named: m.target(),
		Applied: m.applied.Size, Attested: s.Attested.Size, Proved: proved.Size, ProvedRoot: proved.Root,
		AttestedIn: s.Attested.Epoch, Certified: s.Highest.Vote,
		Ratified: s.Ratified.Size, Final: s.Final.Size, Sealed: m.sealed.Size, Halted: m.halted,
	}
}

package finality

// Status is how far a validator is.
type Status struct {
	// Leader is who leads Term; empty when nobody is known to.
	Leader string
	Term   uint64
	// Named is the size named in this term.
	Named uint64
	// The newest sizes.
	Applied, Attested, Ratified, Final, Sealed uint64
	// Halted is why this validator signs nothing more, or nil.
	Halted error
}

func (m *Machine) status() Status {
	s := m.signer.state
	return Status{
		Leader: m.leader, Term: m.term, Named: m.target(), Applied: m.applied.Size, Attested: s.Attested.Size,
		Ratified: s.Ratified.Size, Final: s.Final.Size, Sealed: m.sealed.Size, Halted: m.halted,
	}
}

package finality

import (
	"cmp"
	"crypto/ed25519"
	"fmt"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Event is what happens to a machine: Applied, Leading, Following, Name, Message, Proof or Tick.
type Event interface{ event() }

// Applied says where the head of this validator's own tree is: at a header leaf that it applied and re-verified, and the epoch in force.
// Sizes may be skipped. They go down when the tree was rolled back: to the start of a new epoch, or in
// the same epoch when the validator had been fed a lie.
type Applied struct {
	Size  uint64
	Root  [32]byte
	Epoch uint64
	// Boundary says that the head is the boundary before a set that waits to begin: nothing comes above it until it is sealed. So epochs end for that
	// too, and one that is opened there has no batch.
	Boundary bool
}

// Leading says that this validator leads the raft term.
type Leading struct{ Term uint64 }

// Following says that another validator leads the raft term; an empty leader means that nobody is known to.
type Following struct {
	Leader string
	Term   uint64
}

// Name lets a leader open a round. Whoever drives the machine gives it when Ready and everything to be persisted is durable,
// since its first effect says what was signed before; and so sets the pace.
type Name struct{}

// Message is what another validator said. From is whom the transport proved the sender to be.
type Message struct {
	From     string
	Messages Messages
}

// Proof is a checkpoint with a quorum of cosignatures, from anybody.
type Proof struct{ Note []byte }

// Tick says that some time has passed in which a round could have finished.
type Tick struct{}

func (Applied) event()   {}
func (Leading) event()   {}
func (Following) event() {}
func (Name) event()      {}
func (Message) event()   {}
func (Proof) event()     {}
func (Tick) event()      {}

// Effect is what the machine wants done, in the order given: Persist, Send, Final, Sealed, Accuse,
// EpochReady, Astray or Halt.
type Effect interface{ effect() }

// Persist must be durable before any later effect is carried out.
type Persist struct{ State State }

// Send gives this validator's words to all others, until each has them or newer ones.
type Send struct{ Messages Messages }

// Final says that a checkpoint can never be taken back: a quorum has written down that it ratified it. It may come before a
// Persist, since that is so whether this validator remembers it or not.
type Final struct {
	Checkpoint checkpoint.Checkpoint
	// Ratifications are a quorum, sorted by validator; none when a sealed note proved the checkpoint.
	Ratifications []Signature
}

// Sealed gives a note with a quorum of cosignatures.
type Sealed struct {
	Checkpoint checkpoint.Checkpoint
	Note       []byte
}

// Accuse gives what proves that a validator lied, once per validator and offence.
type Accuse struct {
	Offence  checkpoint.Offence
	Evidence checkpoint.Evidence
}

// EpochReady gives what opens the next epoch, while this validator leads: it goes into the next batch's header. It is given
// again when another change is better, or when this validator comes to lead.
type EpochReady struct{ Change checkpoint.EpochChange }

// Astray says that the own tree contradicts what a quorum signed above what is sealed here: this validator was fed a lie.
// Its tentative batches are to be undone and fetched again. It signs nothing meanwhile that could contradict itself.
type Astray struct{ At checkpoint.Vote }

// Halt says that this validator signs nothing more, and why: ErrDiverged, ErrRolledBack or ErrWatermark.
type Halt struct{ Err error }

func (Persist) effect()    {}
func (Send) effect()       {}
func (Final) effect()      {}
func (Sealed) effect()     {}
func (Accuse) effect()     {}
func (EpochReady) effect() {}
func (Astray) effect()     {}
func (Halt) effect()       {}

// Config is what a machine is made of.
type Config struct {
	Network tx.NetworkID
	Reign
	// Name is this validator's. Invariant: in Validators, with Key, unless it is Outside.
	Name string
	Key  ed25519.PrivateKey
	// State is what was persisted last; the zero State for a validator that never signed.
	State State
	// RootAt gives the root of this validator's own tree at a header leaf's boundary that it applied, and the epoch of the
	// batch that ends there; false when the size is no boundary, is not applied, or cannot be read.
	RootAt func(size uint64) (root [32]byte, epoch uint64, ok bool)
	// Consistency proves that the own tree at one size extends it at a smaller one. It may be nil; then lies that only such
	// a proof shows are not reported.
	Consistency func(small, size uint64) ([][32]byte, error)
	// MayAttest says whether the own clock has come to the batch at a size; attesting waits until it has. Nil is always.
	MayAttest func(size uint64) bool
	// EpochTicks is how many ticks may pass without anything becoming final before the epoch is ended; 0 means 40. It
	// doubles with each epoch that makes nothing final.
	EpochTicks int
}

// Machine is one validator's part in the protocol. It is not safe for concurrent use.
type Machine struct {
	network tx.NetworkID
	set     checkpoint.ValidatorSet
	// first and outside are the Reign's.
	first       uint64
	outside     bool
	signer      signer
	rootAt      func(size uint64) ([32]byte, uint64, bool)
	mayAttest   func(size uint64) bool
	consistency func(small, size uint64) ([][32]byte, error)

	// applied is the newest header leaf's boundary of the own tree.
	applied Applied
	// leader is who leads term; empty when nobody is known to.
	leader string
	term   uint64
	// astray is what a quorum signed and the own tree contradicts; size zero when nothing. While it stands nothing is
	// attested or ratified.
	astray checkpoint.Vote

	// heard holds the newest words of every validator of the set, its own included.
	heard map[string]*heard
	// sealed is the checkpoint of state.Sealed.
	sealed checkpoint.Checkpoint
	// waiting holds verified proofs above what is applied: the lowest, so that a validator that is always a little behind
	// gets there, and the highest. Invariant: at most two, ascending by size.
	waiting []sealedProof

	// owed says that what was final or sealed before a restart is still to be told, once the own tree has reached it again:
	// a crash may have come between persisting and telling.
	owed struct{ final, sealed bool }

	// ticks counts since the round was named or the last one became final; patience is how many a round gets before
	// another size is named.
	ticks, patience int
	// clock counts all ticks. idle counts those in which something could have become final and nothing did; after wait of
	// them the epoch is ended.
	clock             uint64
	idle, wait, least int
	// short says that a quorum was there at the last tick, and no quorum that can still speak in this epoch.
	short bool
	// ready is the change last given as EpochReady.
	ready readyFor
	// strays counts the ticks in a row at which the last attestation was not in the own tree.
	strays int
	// sound holds trees that are of the own final history, without epochs.
	sound map[checkpoint.Vote]bool
	// halted is why this validator signs nothing more.
	halted error

	// turn gathers the effects of one step.
	turn turn
}

// turn is what one step did.
type turn struct {
	persist, send bool
	// named tells the others of a round before anything is signed in it.
	named  *Send
	final  *Final
	sealed *Sealed
	// contradicted says that a certificate of the epoch in force is not of the own tree.
	contradicted bool
	more         []Effect
}

// New checks the configuration and makes a machine. What Messages then gives was persisted before, so it may be sent.
func New(c Config) (*Machine, error) {
	m := &Machine{
		network: c.Network, set: c.Validators, first: c.First, outside: c.Outside, rootAt: c.RootAt, mayAttest: c.MayAttest, consistency: c.Consistency, patience: minPatience,
		least: cmp.Or(c.EpochTicks, epochTicks), wait: cmp.Or(c.EpochTicks, epochTicks),
		signer: signer{network: c.Network, name: c.Name, key: c.Key, state: c.State},
		heard:  make(map[string]*heard, len(c.Validators)),
		sound:  make(map[checkpoint.Vote]bool),
		sealed: checkpoint.Checkpoint{Network: c.Network},
	}
	if c.RootAt == nil {
		return nil, fmt.Errorf("new machine: no RootAt: %w", ErrConfig)
	}
	if err := m.signer.check(c.Reign); err != nil {
		return nil, fmt.Errorf("new machine: %w", err)
	}
	m.heard[c.Name] = &heard{words: Messages{Validator: c.Name}}
	for _, v := range c.Validators {
		m.heard[v.Name] = &heard{words: Messages{Validator: v.Name}}
	}
	if err := m.begin(c); err != nil {
		return nil, fmt.Errorf("new machine: %w", err)
	}
	if c.State.Final.Size < c.State.Cosigned.Size {
		return nil, fmt.Errorf("new machine: final size %d is below what was cosigned: %w", c.State.Final.Size, ErrWrongSigner)
	}
	m.owed.final, m.owed.sealed = m.signer.state.Final.Size > 0, m.sealed.Size > 0
	m.say()
	return m, nil
}

// Step lets one event happen and returns what is to be done about it. The time goes into a cosignature if one is given.
func (m *Machine) Step(nowUnixS uint64, e Event) []Effect {
	m.turn = turn{}
	switch e := e.(type) {
	case Applied:
		m.apply(e)
	case Leading:
		m.follow(m.signer.name, e.Term)
	case Following:
		m.follow(e.Leader, e.Term)
	case Name:
		if m.Ready() {
			m.name()
			// A named size is not signed, so it need not wait until the own attestation of it is written down.
			m.turn.named = &Send{m.Messages()}
		}
	case Message:
		m.hear(e)
	case Proof:
		m.take(e.Note)
	case Tick:
		m.tick()
	}
	m.advance(nowUnixS)
	return m.effects()
}

// effects puts what the step did in order: nothing leaves before it is persisted.
func (m *Machine) effects() []Effect {
	var out []Effect
	if m.turn.named != nil && m.turn.persist {
		out = append(out, *m.turn.named)
	}
	if m.turn.final != nil {
		out = append(out, *m.turn.final)
	}
	if m.turn.persist {
		out = append(out, Persist{m.signer.state})
	}
	if m.turn.send {
		out = append(out, Send{m.Messages()})
	}
	if m.turn.sealed != nil {
		out = append(out, *m.turn.sealed)
	}
	return append(out, m.turn.more...)
}

// State is what is to be persisted now. Only Persist effects have to be waited for.
func (m *Machine) State() State { return m.signer.state }

// Messages is what this validator has last said. It may leave once the last Persist is durable.
func (m *Machine) Messages() Messages {
	words := m.heard[m.signer.name].words
	words.FinalSize = m.sealed.Size
	if words.Wish.Epoch <= m.signer.state.Epoch {
		words.Wish = EpochWord{} // That epoch is open; its first batch says what else there is to say.
	}
	return words
}

// Final is the highest final checkpoint; its size is zero before the first.
func (m *Machine) Final() checkpoint.Checkpoint {
	return checkpoint.Checkpoint{Network: m.network, Size: m.signer.state.Final.Size, Root: m.signer.state.Final.Root}
}

// Sealed is the highest checkpoint with a quorum of cosignatures, and its note; nil before the first.
func (m *Machine) Sealed() (checkpoint.Checkpoint, []byte) { return m.sealed, m.signer.state.Sealed }

// Halted is why this validator signs nothing more, or nil.
func (m *Machine) Halted() error { return m.halted }

// Open says that a round is under way, or that others are ahead: peers should be asked often.
func (m *Machine) Open() bool {
	state := m.signer.state
	if m.target() > m.sealed.Size || state.Attested.Size > m.sealed.Size || m.Ready() || state.Wished.Epoch > state.Epoch ||
		m.applied.Size > m.settled() {
		return true
	}
	for _, h := range m.heard {
		if h.words.FinalSize > m.sealed.Size || h.words.Wish.Epoch > state.Epoch {
			return true
		}
	}
	return false
}

// say puts the signer's newest words among those heard, where they count like anybody's.
func (m *Machine) say() {
	words, state := &m.heard[m.signer.name].words, m.signer.state
	words.Attestation, words.Ratification, words.Cosignature, words.Wish = state.Attested, state.Ratified, state.Cosigned, state.Wished
	h := m.heard[m.signer.name]
	if n := len(h.ratifications); state.Ratified.Size > 0 && (n == 0 || h.ratifications[n-1] != state.Ratified) {
		h.ratifications = remember(h.ratifications, state.Ratified)
	}
	if n := len(h.wishes); state.Wished.Epoch > 0 && (n == 0 || h.wishes[n-1].Epoch != state.Wished.Epoch) {
		h.wishes = remember(h.wishes, state.Wished)
	}
}

// signed is what follows each new signature.
func (m *Machine) signed() {
	m.say()
	m.turn.persist, m.turn.send = true, true
}

// halt ends signing for good.
func (m *Machine) halt(err error) {
	if m.halted == nil {
		m.halted = err
		m.turn.more = append(m.turn.more, Halt{err})
	}
}

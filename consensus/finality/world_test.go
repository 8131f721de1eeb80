package finality

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A world is several machines, a network that loses, repeats and reorders, and a scheduler that decides by a seed what
// happens next. It checks after every effect what must always hold.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	set   checkpoint.ValidatorSet
	keys  map[string]ed25519.PrivateKey
	nodes []*simNode
	// flying are the packets under way.
	flying []packet
	// log is the size up to which raft has committed.
	log uint64
	// leader and term are what raft decided; nodes learn it at different times.
	leader *simNode
	term   uint64
	// crashes says that a node may crash between any two effects.
	crashes bool

	// signed holds every root that an honest validator ever let out.
	signed map[string][32]byte
	// finals holds every root that was final or sealed anywhere.
	finals  map[uint64][32]byte
	crashed int
	accused map[string]bool
}

type simNode struct {
	name string
	// machine is nil while the node is down, and always for a liar.
	machine *Machine
	liar    bool
	branch  string
	// disk is what the last Persist left.
	disk []byte
	// applied survives crashes, as the ledger's store does, but may come back lower.
	applied uint64
	// out is what peers can get: what was sent last, and the newest note.
	out  Messages
	note []byte
	// final is the highest size that was final here.
	final uint64
	// stopped nodes are not started again by chance.
	stopped bool
}

type packet struct {
	to    *simNode
	event Event
}

func newWorld(t *testing.T, n int, seed uint64) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, uint64(n))), log: 2, term: 1,
		signed: make(map[string][32]byte), finals: make(map[uint64][32]byte), accused: make(map[string]bool),
	}
	w.set, w.keys = members(t, n)
	for _, v := range w.set {
		node := &simNode{name: v.Name, branch: "main"}
		node.disk = encodeState(State{}, w.identity(node))
		w.nodes = append(w.nodes, node)
	}
	return w
}

func (w *world) identity(n *simNode) Identity {
	return Identity{Network: testNetwork, Name: n.name, Key: [32]byte(w.keys[n.name].Public().(ed25519.PublicKey))}
}

// start brings a node up with what its disk has.
func (w *world) start(n *simNode) {
	if n.machine != nil || n.liar || n.stopped {
		return
	}
	state, err := parseState(n.disk, w.identity(n))
	if err != nil {
		w.t.Fatalf("start %s: %v", n.name, err)
	}
	n.machine, err = New(Config{
		Network: testNetwork, Validators: w.set, Name: n.name, Key: w.keys[n.name], State: state,
		RootAt: func(size uint64) ([32]byte, uint64, bool) {
			return rootOf(n.branch, size), 0, size%2 == 0 && size <= n.applied
		},
	})
	if err != nil {
		w.t.Fatalf("start %s: %v", n.name, err)
	}
	n.note = state.Sealed
	n.applied = 2 * w.rand.Uint64N(n.applied/2+1)
	w.send(n, n.machine.Messages())
	w.apply(n, n.applied)
}

// stop lets a node forget everything but its disk.
func (w *world) stop(n *simNode) { n.machine = nil }

func (w *world) step(n *simNode, e Event) {
	if n.machine == nil {
		return
	}
	for _, effect := range n.machine.Step(5000, e) {
		if w.crashes && w.rand.IntN(40) == 0 {
			w.crashed++
			w.stop(n)
			return
		}
		switch effect := effect.(type) {
		case Persist:
			n.disk = encodeState(effect.State, w.identity(n))
		case Send:
			w.send(n, effect.Messages)
		case Final:
			if effect.Ratifications != nil { // Else a note proved it.
				vote := checkpoint.Vote{Size: effect.Checkpoint.Size, Root: effect.Checkpoint.Root}
				w.checkQuorum(n, checkpoint.Ratification, vote, effect.Ratifications)
			}
			w.final(n, effect.Checkpoint)
		case Sealed:
			c, _, err := checkpoint.Open(testNetwork, w.set, effect.Note)
			if err != nil || c != effect.Checkpoint {
				w.t.Fatalf("%s sealed a bad note: %v", n.name, err)
			}
			w.final(n, c)
			n.note = effect.Note
		case Accuse:
			w.accused[effect.Evidence.Validator] = true
		case Halt:
			if n.branch == "main" {
				w.t.Fatalf("%s halted: %v", n.name, effect.Err)
			}
		}
	}
}

// send checks that every word is on disk, and that no honest validator contradicts itself.
func (w *world) send(n *simNode, m Messages) {
	disk, err := parseState(n.disk, w.identity(n))
	if err != nil {
		w.t.Fatal(err)
	}
	if m.Attestation != disk.Attested || m.Ratification != disk.Ratified || m.Cosignature != disk.Cosigned {
		w.t.Fatalf("%s sends words that it did not persist", n.name)
	}
	if m.Cosignature.Size > disk.Final.Size {
		w.t.Fatalf("%s cosigned size %d, final is %d", n.name, m.Cosignature.Size, disk.Final.Size)
	}
	if m.Ratification != n.out.Ratification {
		w.checkQuorum(n, checkpoint.Attestation, disk.Ratified.Vote, disk.Certificate)
	}
	for kind, vote := range map[Kind]checkpoint.Vote{
		KindAttestation: m.Attestation.Vote, KindRatification: m.Ratification.Vote,
		KindCosignature: {Size: m.Cosignature.Size, Root: m.Cosignature.Root},
	} {
		if vote.Size == 0 {
			continue
		}
		key := fmt.Sprint(n.name, kind, vote.Epoch, vote.Size)
		if root, ok := w.signed[key]; ok && root != vote.Root {
			w.t.Fatalf("%s gave two %ss of size %d", n.name, kind, vote.Size)
		}
		w.signed[key] = vote.Root
	}
	n.out = m
}

// checkQuorum verifies a certificate or the ratifications of a final checkpoint, as others will.
func (w *world) checkQuorum(n *simNode, kind checkpoint.VoteKind, vote checkpoint.Vote, signatures []Signature) {
	by := make(map[string]bool)
	for _, s := range signatures {
		v, ok := w.set.Find(s.Validator)
		if !ok || vote.Verify(testNetwork, kind, v, s.Signature) != nil {
			w.t.Fatalf("%s counts a bad signature of %q", n.name, s.Validator)
		}
		by[s.Validator] = true
	}
	if len(by) < w.set.Quorum() {
		w.t.Fatalf("%s counts %d as a quorum", n.name, len(by))
	}
}

// final checks that no two final checkpoints conflict, anywhere, at any time.
func (w *world) final(n *simNode, c checkpoint.Checkpoint) {
	if root, ok := w.finals[c.Size]; ok && root != c.Root {
		w.t.Fatalf("two final checkpoints of size %d", c.Size)
	}
	if c.Root != rootOf("main", c.Size) || c.Size > w.log {
		w.t.Fatalf("%s: size %d is final, but is not in the log", n.name, c.Size)
	}
	w.finals[c.Size] = c.Root
	n.final = max(n.final, c.Size)
}

func (w *world) apply(n *simNode, size uint64) {
	n.applied = max(n.applied, size)
	if n.applied > 0 {
		w.step(n, Applied{Size: n.applied, Root: rootOf(n.branch, n.applied)})
	}
}

func (w *world) learn(n *simNode) {
	switch w.leader {
	case nil:
		w.step(n, Following{Term: w.term})
	case n:
		w.step(n, Leading{Term: w.term})
	default:
		w.step(n, Following{Leader: w.leader.name, Term: w.term})
	}
}

// exchange puts both directions of one exchange on the wire.
func (w *world) exchange(a, b *simNode) {
	for _, pair := range [][2]*simNode{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		if from.machine == nil || to.liar {
			continue
		}
		w.flying = append(w.flying, packet{to, Message{From: from.name, Messages: from.out}})
		if from.note != nil && w.rand.IntN(4) == 0 {
			w.flying = append(w.flying, packet{to, Proof{Note: from.note}})
		}
	}
	if len(w.flying) > 20 {
		w.flying = w.flying[len(w.flying)-20:]
	}
}

func (w *world) pick() *simNode { return w.nodes[w.rand.IntN(len(w.nodes))] }

// lie lets a liar say anything to somebody, in its own name.
func (w *world) lie(liar, to *simNode) {
	key, size := w.keys[liar.name], 1+w.rand.Uint64N(w.log+4)
	root := rootOf([]string{"main", "fork"}[w.rand.IntN(2)], size)
	m := Messages{Validator: liar.name, FinalSize: w.rand.Uint64N(100)}
	switch w.rand.IntN(6) {
	case 0:
		m.Attestation = signVote(key, checkpoint.Attestation, 0, size, root)
	case 1:
		m.Ratification = signVote(key, checkpoint.Ratification, 0, size, root)
	case 2:
		m.Cosignature = signCheckpoint(liar.name, key, size, root)
	case 3:
		m.Named = Named{Term: w.term, Size: size}
	case 4: // Garbage signatures.
		m.Attestation = SignedVote{Vote: checkpoint.Vote{Size: size, Root: root}, Signature: [64]byte{1}}
		m.Cosignature = SignedCheckpoint{Size: size, Root: root}
	case 5: // In another's name.
		m = w.pick().out
	}
	w.flying = append(w.flying, packet{to, Message{From: liar.name, Messages: m}})
	if w.rand.IntN(10) == 0 {
		w.flying = append(w.flying, packet{to, Proof{Note: sealBy(w.t, w.set, w.keys, size, root, liar.name)}})
	}
}

// chaos lets anything happen, so many times.
func (w *world) chaos(steps int) {
	for _, n := range w.nodes {
		w.start(n)
	}
	for range steps {
		n := w.pick()
		switch p := w.rand.IntN(100); {
		case p < 20:
			w.exchange(n, w.pick())
		case p < 65:
			w.deliver()
		case p < 75:
			w.apply(n, n.applied+2*w.rand.Uint64N((w.log-n.applied)/2+1))
		case p < 78:
			w.log += 2
		case p < 85:
			w.learn(n)
		case p < 90:
			if w.leader != nil {
				w.step(w.leader, Name{})
			}
		case p < 92:
			w.step(n, Tick{})
		case p < 93 && (w.leader == nil || w.rand.IntN(6) == 0):
			w.term++
			w.leader = n
		case p < 94 && w.crashes && w.rand.IntN(4) == 0:
			w.stop(n)
		default:
			w.start(n)
		}
		for _, liar := range w.nodes {
			if liar.liar && w.rand.IntN(5) == 0 {
				w.lie(liar, w.pick())
			}
		}
	}
}

// deliver hands over a packet out of order; some are lost, some stay to arrive again.
func (w *world) deliver() {
	if len(w.flying) == 0 {
		return
	}
	i := w.rand.IntN(len(w.flying))
	p := w.flying[i]
	if w.rand.IntN(6) > 0 {
		w.flying[i] = w.flying[len(w.flying)-1]
		w.flying = w.flying[:len(w.flying)-1]
	}
	if w.rand.IntN(5) > 0 {
		w.step(p.to, p.event)
	}
}

// calm lets raft and the network work for some rounds, with a leader that is up, and no crashes. Liars go on.
func (w *world) calm(rounds int) {
	w.crashes = false
	for _, n := range w.nodes {
		w.start(n)
	}
	w.term++
	for w.leader = w.pick(); w.leader.machine == nil || w.leader.branch != "main"; {
		w.leader = w.pick()
	}
	for round := range rounds {
		for _, n := range w.nodes {
			if round > 2 { // At first a leader may name less than others have attested.
				w.apply(n, w.log)
			}
			w.learn(n)
			w.step(n, Tick{})
		}
		w.step(w.leader, Name{})
		for _, a := range w.nodes {
			for _, b := range w.nodes {
				w.exchange(a, b)
				for _, p := range w.flying {
					w.step(p.to, p.event)
				}
				w.flying = w.flying[:0]
			}
			if a.liar {
				w.lie(a, w.pick())
			}
		}
	}
}

// unsettled says which live, honest nodes that have the true tree have not sealed the whole log.
func (w *world) unsettled() string {
	var behind []string
	for _, n := range w.nodes {
		if n.machine == nil || n.branch != "main" {
			continue
		}
		if c, _ := n.machine.Sealed(); c.Size != w.log || n.machine.Final().Size != w.log {
			behind = append(behind, fmt.Sprintf("%s: %+v", n.name, n.machine.status()))
		}
	}
	return strings.Join(behind, "\n")
}

package finality

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// A world is several machines, the raft log that they follow, a network that loses, repeats and reorders, and a scheduler
// that decides by a seed what happens next. It checks after every effect what must always hold.
type world struct {
	t     *testing.T
	rand  *rand.Rand
	set   checkpoint.ValidatorSet
	keys  map[string]ed25519.PrivateKey
	nodes []*simNode
	// flying are the packets under way.
	flying []packet
	// log is what raft has committed.
	log []entry
	// leader and term are what raft decided; nodes learn it at different times.
	leader *simNode
	term   uint64
	// crashes says that a node may crash between any two effects.
	crashes bool
	// crashAt crashes whoever is about to carry out that effect, counted from 1 in effects. Zero is never.
	crashAt, effects int
	// forks says that more than f lie, so that two final checkpoints may conflict.
	forks bool

	// signed holds every root that an honest validator ever let out, wished the epochs that it voted for.
	signed map[string]checkpoint.Vote
	wished map[string]uint64
	// history holds the roots of every batch in a tree that was final or sealed anywhere.
	history map[uint64][32]byte
	// accused holds what was proved, by culprit.
	accused map[string][]checkpoint.Offence
	counts  struct{ crashed, finals, epochs, resyncs, forked int }
}

type simNode struct {
	name string
	// machine is nil while the node is down, and always for a liar.
	machine *Machine
	liar    bool
	// disk is what the last Persist left.
	disk []byte
	// log is the node's own; lies are in it when it was fed some. tree is what applying it has left.
	log  []entry
	tree *tree
	// read counts the entries applied.
	read int
	// change is the last EpochReady.
	change *checkpoint.EpochChange
	// astray says that the node has to fetch its tentative batches anew.
	astray bool
	// out is what peers can get: what was sent last, and the newest note.
	out  Messages
	note []byte
	// final is the highest size that was final here.
	final uint64
	// stopped nodes are not started again by chance.
	stopped bool
	halted  error
}

type packet struct {
	to    *simNode
	event Event
}

func newWorld(t *testing.T, n int, seed uint64) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, uint64(n))), term: 1,
		signed: make(map[string]checkpoint.Vote), wished: make(map[string]uint64),
		history: make(map[uint64][32]byte), accused: make(map[string][]checkpoint.Offence),
	}
	w.set, w.keys = members(t, n)
	w.log = append(w.log, newTree().next("first", nil))
	for _, v := range w.set {
		node := &simNode{name: v.Name, tree: newTree()}
		node.disk = encodeState(State{}, w.identity(node))
		w.nodes = append(w.nodes, node)
	}
	return w
}

func (w *world) identity(n *simNode) Identity {
	return Identity{Network: testNetwork, Name: n.name, Key: [32]byte(w.keys[n.name].Public().(ed25519.PublicKey))}
}

// start brings a node up with what its disk has. The ledger's store may have lost its last batches.
func (w *world) start(n *simNode) {
	if n.machine != nil || n.liar || n.stopped {
		return
	}
	state, err := parseState(n.disk, w.identity(n))
	if err != nil {
		w.t.Fatalf("start %s: %v", n.name, err)
	}
	w.replay(n, n.read-w.rand.IntN(min(n.read, 3)+1))
	n.machine, err = New(Config{
		Network: testNetwork, Reign: Reign{Validators: w.set}, Name: n.name, Key: w.keys[n.name], State: state, EpochTicks: 6,
		RootAt: func(size uint64) ([32]byte, uint64, bool) {
			h, ok := n.tree.at(size)
			return h.root, h.epoch, ok
		},
		Consistency: func(small, size uint64) ([][32]byte, error) { return n.tree.consistency(small, size) },
	})
	if err != nil {
		w.t.Fatalf("start %s: %v", n.name, err)
	}
	n.note, n.change = state.Sealed, nil
	w.send(n, n.machine.Messages())
	w.tell(n)
}

// replay makes the tree that so many entries of the node's log leave.
func (w *world) replay(n *simNode, read int) {
	n.tree, n.read = newTree(), 0
	for n.read < read && n.tree.apply(n.log[n.read], n.read, w.set) == nil {
		n.read++
	}
}

// tell says where the head is.
func (w *world) tell(n *simNode) {
	if h := n.tree.head(); h.size > 0 {
		w.step(n, Applied{Size: h.size, Root: h.root, Epoch: h.epoch})
	}
}

// follow fetches from the raft log and applies, as far as so many entries. Where the own log is another, nothing comes.
func (w *world) follow(n *simNode, entries int) {
	if n.machine == nil {
		return
	}
	if n.astray {
		w.resync(n)
	}
	for range entries {
		if n.read == len(n.log) {
			if w.common(n) < len(n.log) {
				// What the leader sends contradicts what is committed here. The transport's guard lets none of it pass, and
				// after some time the node looks into it.
				n.astray = w.rand.IntN(8) == 0
				break
			}
			if len(n.log) >= len(w.log) {
				break
			}
			n.log = append(n.log, w.log[len(n.log)])
		}
		if err := n.tree.apply(n.log[n.read], n.read, w.set); err != nil {
			n.astray = true
			break
		}
		n.read++
	}
	w.tell(n)
}

// common is how many entries the node's log shares with raft's.
func (w *world) common(n *simNode) int {
	i := 0
	for i < min(len(n.log), len(w.log)) && n.log[i].content == w.log[i].content && n.log[i].epoch == w.log[i].epoch && n.log[i].previous == w.log[i].previous {
		i++
	}
	return i
}

// resync takes back every batch above the final checkpoint, and the log from where it is another.
func (w *world) resync(n *simNode) {
	w.counts.resyncs++
	n.astray = false
	keep := 0
	if final := n.machine.Final(); final.Size > 0 {
		h, ok := n.tree.at(final.Size)
		if !ok || h.root != final.Root {
			return // Not reached yet after a restart.
		}
		keep = h.index
	}
	n.log = slices.Clone(n.log[:min(keep, w.common(n))])
	w.replay(n, len(n.log))
	w.tell(n)
}

// feed lets a lying leader put batches that nobody else gets into a node's log.
func (w *world) feed(n *simNode, batches int) {
	if n.machine == nil || n.read < len(n.log) || n.astray {
		return
	}
	for i := range batches {
		n.log = append(n.log, n.tree.next(fmt.Sprint("lie ", n.name, w.rand.Uint64()), nil))
		_ = i
		w.follow(n, 1)
	}
}

// pack lets the leader order a batch. An honest one has applied all that was ordered before.
func (w *world) pack() {
	n := w.leader
	if n == nil {
		return
	}
	if !n.liar && (n.machine == nil || n.astray || w.common(n) < len(n.log) || n.read < len(w.log)) {
		return
	}
	on, change := n.tree, n.change
	if n.liar { // It orders what an honest one would, and opens no epoch.
		on, change = newTree(), nil
		for i, e := range w.log {
			_ = on.apply(e, i, w.set)
		}
	}
	w.log = append(w.log, on.next(fmt.Sprint(n.name, w.term, len(w.log)), change))
}

func (w *world) step(n *simNode, e Event) {
	if n.machine == nil {
		return
	}
	for _, effect := range n.machine.Step(5000, e) {
		if w.effects++; w.effects == w.crashAt || w.crashes && w.rand.IntN(40) == 0 {
			w.counts.crashed++
			n.machine = nil
			return
		}
		switch effect := effect.(type) {
		case Persist:
			before, err := parseState(n.disk, w.identity(n))
			if err == nil {
				err = effect.State.follows(before)
			}
			if err != nil {
				w.t.Fatalf("%s persists: %v", n.name, err)
			}
			n.disk = encodeState(effect.State, w.identity(n))
		case Send:
			w.send(n, effect.Messages)
		case Final:
			if effect.Ratifications != nil { // Else a note proved it.
				w.checkQuorum(n, effect.Checkpoint, effect.Ratifications)
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
			w.accuse(n, effect)
		case EpochReady:
			if err := effect.Change.Verify(testNetwork, w.set); err != nil {
				w.t.Fatalf("%s would open an epoch: %v", n.name, err)
			}
			n.change = &effect.Change
		case Astray:
			n.astray = true
		case Halt:
			n.halted = effect.Err
			if !w.forks {
				w.t.Fatalf("%s halted: %v", n.name, effect.Err)
			}
		}
	}
}

// accuse checks evidence as anybody can who gets it as a file.
func (w *world) accuse(n *simNode, a Accuse) {
	e, err := checkpoint.ParseEvidence(a.Evidence.Encode())
	if err != nil {
		w.t.Fatalf("%s gives evidence: %v", n.name, err)
	}
	culprit, offence, err := e.Verify(testNetwork, w.set)
	if err != nil || offence != a.Offence {
		w.t.Fatalf("%s gives evidence of %s: %s, %v", n.name, a.Offence, offence, err)
	}
	if i := slices.IndexFunc(w.nodes, func(n *simNode) bool { return n.name == culprit }); !w.nodes[i].liar {
		w.t.Fatalf("%s is honest and was accused of %s: %+v", culprit, offence, e)
	}
	w.accused[culprit] = append(w.accused[culprit], offence)
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
	if m.Ratification.Above(disk.Highest.Vote) || disk.Highest.Size > 0 && disk.Highest.Verify(testNetwork, w.set, checkpoint.Attestation) != nil {
		w.t.Fatalf("%s ratified without a certificate", n.name)
	}
	for kind, vote := range map[string]checkpoint.Vote{
		"attest": m.Attestation.Vote, "ratify": m.Ratification.Vote, "cosign": treeOf(m.Cosignature),
	} {
		if vote.Size == 0 {
			continue
		}
		key := fmt.Sprint(n.name, kind, vote.Epoch, vote.Size)
		was, given := w.signed[key]
		if given && was != vote {
			w.t.Fatalf("%s: two times %s of size %d", n.name, kind, vote.Size)
		}
		if !given && kind != "cosign" && vote.Epoch < w.wished[n.name] {
			w.t.Fatalf("%s: %s in epoch %d after a vote for epoch %d", n.name, kind, vote.Epoch, w.wished[n.name])
		}
		w.signed[key] = vote
	}
	if wish := m.Wish; wish.Epoch > 0 {
		key := fmt.Sprint(n.name, "wish", wish.Epoch)
		if was, given := w.signed[key]; given && was != wish.Certified {
			w.t.Fatalf("%s: two votes for epoch %d", n.name, wish.Epoch)
		}
		if m.Ratification.Epoch < wish.Epoch && m.Ratification.Above(wish.Certified) {
			w.t.Fatalf("%s hides a certificate", n.name)
		}
		if disk.Wished.Epoch != wish.Epoch {
			w.t.Fatalf("%s votes for epoch %d before it is persisted", n.name, wish.Epoch)
		}
		w.signed[key], w.wished[n.name] = wish.Certified, wish.Epoch
	}
	n.out = m
}

// checkQuorum verifies the ratifications of a final checkpoint: of one epoch, which only they know.
func (w *world) checkQuorum(n *simNode, c checkpoint.Checkpoint, signatures []Signature) {
	for epoch := range uint64(100) {
		vote := checkpoint.Vote{Epoch: epoch, Size: c.Size, Root: c.Root}
		if (checkpoint.Certificate{Vote: vote, Signatures: signatures}).Verify(testNetwork, w.set, checkpoint.Ratification) == nil {
			return
		}
	}
	w.t.Fatalf("%s: size %d is final without a quorum", n.name, c.Size)
}

// final checks that no two final checkpoints conflict, anywhere, at any time.
func (w *world) final(n *simNode, c checkpoint.Checkpoint) {
	if h, ok := n.tree.at(c.Size); !ok || h.root != c.Root {
		w.t.Fatalf("%s: size %d is final, but not in its tree", n.name, c.Size)
	}
	w.counts.finals++
	w.counts.epochs = max(w.counts.epochs, int(n.tree.head().epoch))
	n.final = max(n.final, c.Size)
	for _, h := range n.tree.heads[1:] {
		if h.size > c.Size {
			break
		}
		if root, ok := w.history[h.size]; ok && root != h.root {
			w.counts.forked++
			if !w.forks {
				w.t.Fatalf("%s: final checkpoint of size %d forks the history at size %d", n.name, c.Size, h.size)
			}
			return
		}
	}
	for _, h := range n.tree.heads[1:] {
		if h.size <= c.Size {
			w.history[h.size] = h.root
		}
	}
}

func (w *world) pick() *simNode { return w.nodes[w.rand.IntN(len(w.nodes))] }

// unsettled says which live, honest nodes have not sealed the whole log.
func (w *world) unsettled() string {
	var behind []string
	for _, n := range w.nodes {
		if n.machine == nil {
			continue
		}
		size := n.tree.head().size
		if c, _ := n.machine.Sealed(); c.Size != size || n.machine.Final().Size != size || n.read != len(w.log) || w.common(n) != len(w.log) {
			behind = append(behind, fmt.Sprintf("%s: %+v, read %d of %d (%d common), astray %v",
				n.name, n.machine.status(), n.read, len(w.log), w.common(n), n.astray))
		}
	}
	return strings.Join(behind, "\n")
}

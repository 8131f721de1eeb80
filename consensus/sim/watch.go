package sim

import (
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// protoMessage is any message between validators.
type protoMessage = proto.Message

// watch hears everything that honest validators say, and remembers what they may never contradict (I5), over all their
// crashes: one root for each kind, epoch and size; one vote of raft in each term.
type watch struct {
	cluster *cluster

	// mu guards the rest.
	mu sync.Mutex
	// roots holds the root of each word of finality.
	roots map[string][32]byte
	// votes holds for whom a validator voted in a term.
	votes map[string]string
	// finals holds every final checkpoint.
	finals map[uint64]sealedBy
	// newest is the newest final size seen of each validator.
	newest map[string]uint64
	// notes holds what each validator showed last.
	notes map[string]string
	// forks counts how often two final checkpoints of one size were seen.
	forks int
}

// sealedBy is a final checkpoint and who was the first to show it.
type sealedBy struct {
	root [32]byte
	by   string
}

func newWatch(c *cluster) *watch {
	return &watch{cluster: c, roots: make(map[string][32]byte), votes: make(map[string]string), finals: make(map[uint64]sealedBy), newest: make(map[string]uint64), notes: make(map[string]string)}
}

func (w *watch) overhear(from, to, method string, m proto.Message) {
	switch m := m.(type) {
	case *peerv1.ExchangeRequest:
		w.words(from, m.GetMessages())
	case *peerv1.ExchangeResponse:
		w.words(from, m.GetMessages())
	case *peerv1.RequestVoteResponse:
		if m.GetGranted() && strings.HasSuffix(method, "RequestVote answer") {
			w.vote(from, to, m.GetTerm())
		}
	}
}

// words checks one validator's newest words against all its earlier ones.
func (w *watch) words(by string, m *peerv1.FinalityMessages) {
	if m.GetValidator() != by {
		w.cluster.violate("I5", "%s speaks in the name of %q", by, m.GetValidator())
	}
	w.word(by, "attestation", m.GetAttestation().GetEpoch(), m.GetAttestation().GetSize(), m.GetAttestation().GetRoot())
	w.word(by, "ratification", m.GetRatification().GetEpoch(), m.GetRatification().GetSize(), m.GetRatification().GetRoot())
	w.word(by, "cosignature", 0, m.GetCosignature().GetSize(), m.GetCosignature().GetRoot())
}

func (w *watch) word(by, kind string, epoch, size uint64, root []byte) {
	if size == 0 || len(root) != 32 {
		return
	}
	key := fmt.Sprint(by, kind, epoch, "/", size)
	w.mu.Lock()
	said, ok := w.roots[key]
	w.roots[key] = [32]byte(root)
	w.mu.Unlock()
	if ok && said != [32]byte(root) && !w.cluster.members[by].hasForgotten() {
		w.cluster.violate("I5", "%s gave two %ss of size %d in epoch %d", by, kind, size, epoch)
	}
}

func (w *watch) vote(by, candidate string, term uint64) {
	key := fmt.Sprint(by, "/", term)
	w.mu.Lock()
	given, ok := w.votes[key]
	w.votes[key] = candidate
	w.mu.Unlock()
	if ok && given != candidate && !w.cluster.members[by].hasForgotten() {
		w.cluster.violate("I5", "%s voted for %s and for %s in term %d", by, given, candidate, term)
	}
}

// isNew says whether a validator shows another note than before.
func (w *watch) isNew(name string, note []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.notes[name]
	w.notes[name] = string(note)
	return before != string(note)
}

// look compares the final checkpoint of a running node with all that were ever seen (I4, I5).
func (w *watch) look(n *consensus.Node) {
	note, err := n.Checkpoint()
	if err != nil || !w.isNew(n.Name(), note) {
		return
	}
	sets := n.Succession()
	if !w.cluster.sets.learn(n.Name(), sets) {
		return
	}
	c, _, err := sets.Open(w.cluster.world.Network, note)
	if err != nil {
		w.cluster.violate("I10", "%s: final checkpoint does not verify: %v", n.Name(), err)
		return
	}
	w.mu.Lock()
	seen, ok := w.finals[c.Size]
	if !ok {
		w.finals[c.Size] = sealedBy{c.Root, n.Name()}
	}
	before := w.newest[n.Name()]
	older := c.Size < before
	w.newest[n.Name()] = max(w.newest[n.Name()], c.Size)
	w.mu.Unlock()
	if ok && seen.root != c.Root {
		w.mu.Lock()
		w.forks++
		w.mu.Unlock()
		w.cluster.violate("I5", "two final checkpoints of size %d: of %s and of %s", c.Size, seen.by, n.Name())
	}
	if before > 0 && before < c.Size {
		w.grew(n, before, c)
	}
	if older && !w.cluster.members[n.Name()].hasForgotten() {
		w.cluster.violate("I4", "%s: the final checkpoint went back to size %d", n.Name(), c.Size)
	}
}

// grew checks that a validator can prove that its final tree begins with every earlier one (I10).
func (w *watch) grew(n *consensus.Node, before uint64, c checkpoint.Checkpoint) {
	growth, err := n.Growth(before, c.Size)
	if err == nil {
		err = growth.Verify(c)
	}
	if err != nil && w.cluster.members[n.Name()].running() == n {
		w.cluster.violate("I10", "%s: size %d does not prove to begin with size %d: %v", n.Name(), c.Size, before, err)
	}
}

func (w *watch) countForks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.forks
}

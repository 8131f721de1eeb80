package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// stepWorld plays what of consensus is step functions without goroutines, raft or a clock: the transport's filter, and complaints. A small raft
// stands where hashicorp's is; liars send it what an honest node never would. One scheduler decides by the seed what happens next, so that a
// seed repeats itself exactly: its trace is the hash of everything that happened. Finality has such a world of its own, beside its tests.
type stepWorld struct {
	world *ledgertest.World
	rand  *rand.Rand
	now   time.Time
	nodes []*stepNode
	// flying are the packets under way.
	flying []stepPacket
	// calm says that nothing is lost and nobody crashes any more. Liars go on.
	calm bool
	// cut is the node that nobody reaches at the moment.
	cut *stepNode
	// committed is what honest nodes have committed, by index. Invariant: once there an entry never changes.
	committed map[uint64]string
	// commands is how many were given to everybody so far.
	commands int

	trace      hash.Hash
	effects    int
	accused    map[string]bool
	violations []string
}

// stepPacket is a request, an answer or a complaint under way.
type stepPacket struct {
	from, to *stepNode
	command  any
	// response is the answer to command; nil in a request. failed is what it was refused with.
	response any
	failed   error
	words    transport.Words
}

// The measure of a step run.
const (
	stepChaos = 60 * time.Second
	stepCalm  = 4 * time.Minute
	// stepFlying bounds the packets under way; the oldest are lost first.
	stepFlying = 60
	// stepCommands is how many commands there are, one each second.
	stepCommands = 50
)

// playSteps is one run.
func playSteps(t *testing.T, seed uint64, r *Result) {
	const validators = 4 // Of more, f that vote twice can elect two leaders in a term: finality's trouble, not the filter's.
	w := &stepWorld{
		world: ledgertest.NetworkOf(t, "steps", validators, nil), rand: rand.New(rand.NewPCG(seed, 23)), now: time.Unix(1_800_000_000, 0),
		committed: make(map[uint64]string), trace: sha256.New(), accused: make(map[string]bool),
	}
	for _, v := range w.world.Set {
		w.nodes = append(w.nodes, newStepNode(w, v.Name))
	}
	for _, i := range w.rand.Perm(validators)[:(validators-1)/3] {
		w.nodes[i].liar = true
	}
	w.play(stepChaos)
	w.calm, w.cut = true, nil
	for began := w.now; w.unsettled() != "" && w.now.Sub(began) < stepCalm; {
		w.play(time.Second)
	}
	if why := w.unsettled(); why != "" {
		w.violate("I12", "%s after healing: %s", stepCalm, why)
	}
	r.Effects, r.Payments, r.Final, r.Violations = w.effects, w.commands, w.everywhere(), w.violations
	for _, n := range w.nodes {
		r.Crashes += n.crashes
	}
	r.Named = sortedKeys(w.accused)
	r.Trace = hex.EncodeToString(w.trace.Sum(nil))
}

// play lets steps happen for some time.
func (w *stepWorld) play(length time.Duration) {
	for end := w.now.Add(length); w.now.Before(end); {
		w.now = w.now.Add(time.Duration(1+w.rand.IntN(6)) * time.Millisecond)
		n := w.nodes[w.rand.IntN(len(w.nodes))]
		switch p := w.rand.IntN(100); {
		case p < 70 && len(w.flying) > 0:
			w.deliver()
		case n.liar && p < 80 && (!w.calm || w.rand.IntN(5) == 0): // A flood is what rates are for; here they would fill the wire.
			w.lie(n)
		case p == 99 && w.rand.IntN(10) == 0:
			w.trouble(n)
		default:
			n.tick()
		}
		if w.commands < stepCommands && w.rand.IntN(250) == 0 {
			w.commands++
			w.note("command", n, n, w.commands)
			for _, one := range w.nodes {
				one.waiting = append(one.waiting, waiting{fmt.Sprint("command ", w.commands), w.now})
			}
		}
	}
}

// trouble crashes a node, or cuts it off, or ends that.
func (w *stepWorld) trouble(n *stepNode) {
	switch {
	case w.calm:
	case w.cut != nil:
		w.cut = nil
	case w.rand.IntN(2) == 0:
		w.cut = n
	default:
		w.note("crash", n, n, n.term)
		n.crashes++
		n.start()
	}
}

// send puts a packet on the way.
func (w *stepWorld) send(p stepPacket) {
	w.flying = append(w.flying, p)
	if len(w.flying) > stepFlying {
		w.flying = w.flying[1:]
	}
}

// deliver hands over any packet. Before the calm some are lost, and some stay to arrive again.
func (w *stepWorld) deliver() {
	i := w.rand.IntN(len(w.flying))
	p := w.flying[i]
	if w.calm || w.rand.IntN(20) > 0 {
		w.flying = slices.Delete(w.flying, i, i+1)
	}
	if w.cut != nil && (p.from == w.cut || p.to == w.cut) || !w.calm && w.rand.IntN(8) == 0 {
		return
	}
	w.note(fmt.Sprintf("%T %T", p.command, p.response), p.from, p.to, len(p.to.log))
	if complaint, ok := p.command.(checkpoint.Complaint); ok {
		p.to.drop(p.to.book.Hear(p.from.name, complaint))
	} else if p.response != nil || p.failed != nil {
		p.to.answered(p)
	} else {
		p.to.asked(p)
	}
}

// note makes what happens a part of the trace.
func (w *stepWorld) note(what string, from, to *stepNode, about any) {
	fmt.Fprintln(w.trace, w.now.UnixMilli(), what, from.name, to.name, to.term, to.commit, about)
}

func (w *stepWorld) violate(invariant, format string, args ...any) {
	if len(w.violations) < maxViolations {
		w.violations = append(w.violations, invariant+": "+fmt.Sprintf(format, args...))
	}
}

// accuse takes evidence of an election.
func (w *stepWorld) accuse(d checkpoint.DoubleVote) {
	if err := d.Verify(w.world.Network, w.world.Set); err != nil {
		w.violate("I14", "evidence proves nothing: %v", err)
		return
	}
	for _, n := range w.nodes {
		if n.name == d.Guilty() && !n.liar {
			w.violate("I14", "%s is honest, and proved to have voted twice in term %d", n.name, d.Votes[0].Term)
		}
	}
	w.accused[d.Guilty()] = true
}

// everywhere is how many commands every honest node has committed.
func (w *stepWorld) everywhere() int {
	least := w.commands
	for _, n := range w.nodes {
		if !n.liar {
			least = min(least, w.commands-len(n.waiting))
		}
	}
	return least
}

// unsettled says what an honest node has not committed yet, or "".
func (w *stepWorld) unsettled() string {
	for _, n := range w.nodes {
		if !n.liar && (w.commands < stepCommands || len(n.waiting) > 0) {
			return fmt.Sprintf("%s waits for %d of %d commands; term %d, leader %q", n.name, len(n.waiting), w.commands, n.term, n.leader)
		}
	}
	return ""
}

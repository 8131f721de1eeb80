package finality

import (
	"bytes"
	"flag"
	"fmt"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

var long = flag.Bool("long", false, "run every scenario under many more seeds")

// slowdown is by how much fewer schedules are tried than when there is time.
func slowdown() int {
	if testing.Short() {
		return 4 * detector
	}
	return detector
}

// seeds runs a scenario under several schedules; a failing one is named by its seed.
func seeds(t *testing.T, count uint64, scenario func(t *testing.T, n int, seed uint64)) {
	if *long {
		count *= 50
	}
	for _, n := range []int{4, 7} {
		for seed := range max(2, count*4/uint64(n)/uint64(slowdown())) {
			t.Run(fmt.Sprintf("n=%d/seed=%d", n, seed), func(t *testing.T) { scenario(t, n, seed) })
		}
	}
}

// settle lets things go well for a while and demands that whoever is up has sealed the whole log.
func (w *world) settle(rounds int) {
	w.t.Helper()
	w.leader = nil
	w.pack()
	for range rounds / 20 {
		w.calm(20)
		if w.pack(); w.unsettled() == "" {
			return
		}
		w.calm(20)
		if w.unsettled() == "" {
			return
		}
	}
	w.t.Fatalf("%s\nlog has %d entries, but\n%s", w.describe(), len(w.log), w.unsettled())
}

// liars makes so many validators lie.
func (w *world) liars(count int) {
	for _, i := range w.rand.Perm(len(w.nodes))[:count] {
		w.nodes[i].liar = true
	}
}

func (w *world) honest() (honest []*simNode) {
	for _, n := range w.nodes {
		if !n.liar {
			honest = append(honest, n)
		}
	}
	return honest
}

func TestLossReorderingCrashesAndLeaderChanges(t *testing.T) {
	crashed, finals := 0, 0
	seeds(t, 20, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		for range 2 {
			w.crashes = true
			w.chaos(1000)
			w.settle(200)
		}
		crashed += w.counts.crashed
		finals += w.counts.finals
	})
	// The scenario is worth nothing if it never gets anywhere or never crashes.
	t.Logf("%d crashes, %d final checkpoints", crashed, finals)
	if crashed < 60/slowdown() || finals < 120/slowdown() {
		t.Errorf("%d crashes between effects and %d final checkpoints are too few to test anything", crashed, finals)
	}
}

func TestOneStoppedMakesNoDifference(t *testing.T) {
	seeds(t, 12, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		stopped := w.pick()
		stopped.stopped = true
		w.chaos(800)
		w.settle(200)
		// It comes back and catches up by a sealed note: there is nothing left to vote on.
		stopped.stopped = false
		w.settle(200)
	})
}

func TestMoreThanFStoppedWait(t *testing.T) {
	seeds(t, 12, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		w.chaos(500)
		for _, node := range w.nodes[:w.set.Faults()+1] {
			node.stopped, node.machine = true, nil
		}
		w.flying = nil
		before := uint64(0)
		for _, node := range w.nodes {
			before = max(before, node.tree.head().size)
		}
		w.calm(40)
		w.pack()
		w.chaos(500)
		w.calm(40)
		for _, node := range w.nodes {
			if node.final > before {
				t.Fatalf("%s: size %d became final without a quorum", node.name, node.final)
			}
		}
		for _, node := range w.nodes {
			node.stopped = false
		}
		w.settle(200)
	})
}

// TestLiarsChangeNothing has f validators that sign whatever contradicts most, lead, and hide certificates.
func TestLiarsChangeNothing(t *testing.T) {
	accused, epochs := make(map[checkpoint.Offence]int), 0
	seeds(t, 40, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		w.liars(w.set.Faults())
		w.crashes = seed%2 == 0
		w.chaos(1500)
		w.settle(400)
		for _, offences := range w.accused {
			for _, offence := range offences {
				accused[offence]++
			}
		}
		epochs += w.counts.epochs
	})
	t.Logf("%d epochs, evidence of %v", epochs, accused)
	for _, offence := range []checkpoint.Offence{checkpoint.TwoAttestations, checkpoint.TwoCosignatures, checkpoint.TwoEpochVotes} {
		if accused[offence] == 0 && slowdown() == 1 { // A few schedules need not have all.
			t.Errorf("no liar was caught at %s", offence)
		}
	}
}

// TestFedALie has honest validators whose raft log had lies in it, while f others lie. They take them back and go on.
func TestFedALie(t *testing.T) {
	resyncs, epochs := 0, 0
	seeds(t, 20, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		if seed%2 == 0 {
			w.liars(w.set.Faults())
		}
		for range 3 {
			w.chaos(400)
			victim := w.honest()[w.rand.IntN(len(w.honest()))]
			w.feed(victim, 1+w.rand.IntN(3))
			w.chaos(400)
		}
		w.settle(600)
		resyncs += w.counts.resyncs
		epochs += w.counts.epochs
	})
	t.Logf("%d resyncs, %d epochs", resyncs, epochs)
	if resyncs < 10/slowdown() || epochs < 5/slowdown() {
		t.Errorf("%d resyncs and %d epochs are too few to test anything", resyncs, epochs)
	}
}

// TestEpochsUnderCrashes ends epochs by a leader that names nothing, again and again.
func TestEpochsUnderCrashes(t *testing.T) {
	epochs, crashed := 0, 0
	seeds(t, 12, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		w.liars(w.set.Faults())
		for range 3 {
			w.crashes = true
			w.chaos(500)
			w.pack()
			for range 12 { // The tree grows, everybody is heard, and nothing becomes final.
				for _, node := range w.nodes {
					w.follow(node, 2)
					w.step(node, Following{Term: w.term})
					w.step(node, Tick{})
				}
				w.talk()
			}
			w.settle(400)
		}
		epochs += w.counts.epochs
		crashed += w.counts.crashed
	})
	t.Logf("%d epochs, %d crashes", epochs, crashed)
	if epochs < 30/slowdown() || crashed < 20/slowdown() {
		t.Errorf("%d epochs and %d crashes are too few to test anything", epochs, crashed)
	}
}

// TestMoreThanFLiars lets f+1 validators sign two histories. They may succeed, but each of them is proved guilty to those
// who see both, and nobody else is.
func TestMoreThanFLiars(t *testing.T) {
	forked, epochs := 0, 0
	seeds(t, 16, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		w.forks = true
		w.liars(w.set.Faults() + 1)
		honest := w.honest()
		victims, others := honest[:w.set.Faults()], honest[w.set.Faults():]
		for range w.rand.IntN(4) {
			w.part(honest, true)
			w.pack()
		}
		w.part(honest, false)
		w.feedAll(victims, 1+w.rand.IntN(3))
		w.leader = others[0]
		for range 1 + w.rand.IntN(3) {
			w.pack()
			w.follow(w.leader, len(w.log))
		}
		w.part(victims, true)
		if seed%2 == 1 { // The others are led into another epoch, by votes that hide what the victims made final.
			for _, n := range others {
				for _, liar := range w.nodes {
					if liar.liar {
						w.step(n, Message{From: liar.name, Messages: Messages{Validator: liar.name, Wish: w.wish(liar, 1, EpochWord{})}})
					}
				}
			}
			w.part(others, true)
			w.pack()
		}
		w.part(others, true)
		if w.counts.forked == 0 {
			return
		}
		forked++
		epochs += w.counts.epochs
		for range 8 { // Now they meet.
			w.talk()
			for _, a := range w.honest() {
				for _, b := range w.honest() {
					w.step(a, Proof{Note: b.note})
				}
			}
		}
		if len(w.accused) < w.set.Faults()+1 {
			t.Errorf("a fork, and only %v are proved guilty", w.accused)
		}
	})
	t.Logf("%d forks, %d in another epoch", forked, epochs)
	if forked < 8/slowdown() || epochs == 0 {
		t.Errorf("%d forks and %d epochs are too few to test anything", forked, epochs)
	}
}

// feedAll puts the same lies into several logs.
func (w *world) feedAll(victims []*simNode, batches int) {
	for range batches {
		w.start(victims[0])
		e := victims[0].tree.next(fmt.Sprint("lie ", w.rand.Uint64()), nil)
		for _, v := range victims {
			if v.machine != nil && v.read == len(v.log) && v.tree.head().root == e.previous {
				v.log = append(v.log, e)
				w.follow(v, 1)
			}
		}
	}
}

// part lets some talk with each other and with all liars, who agree with them, under a leader of theirs, who names a round
// or not.
func (w *world) part(group []*simNode, name bool) {
	w.term++
	w.leader = group[0]
	for range 4 {
		for _, n := range group {
			w.start(n)
			if w.common(n) == len(n.log) {
				w.follow(n, len(w.log))
			}
			w.learn(n)
		}
		if name {
			w.step(w.leader, Name{})
		}
		for _, n := range group {
			for _, m := range group {
				w.step(n, Message{From: m.name, Messages: m.out})
			}
			for _, liar := range w.nodes {
				if liar.liar {
					m := w.echo(liar, n)
					if v := m.Attestation; v.Size > 0 {
						m.Ratification = signVote(w.keys[liar.name], checkpoint.Ratification, v.Epoch, v.Size, v.Root)
					}
					m.Wish = EpochWord{}
					w.step(n, Message{From: liar.name, Messages: m})
				}
			}
		}
	}
	w.flying = nil
}

// TestSameStepsSameEffects runs one schedule twice.
func TestSameStepsSameEffects(t *testing.T) {
	run := func() []byte {
		w := newWorld(t, 4, 7)
		w.liars(1)
		w.crashes = true
		w.chaos(1500)
		var disks []byte
		for _, n := range w.nodes {
			disks = append(disks, n.disk...)
		}
		return disks
	}
	if !bytes.Equal(run(), run()) {
		t.Error("the same schedule left different disks")
	}
}

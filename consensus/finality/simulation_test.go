package finality

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// seeds runs a scenario under several schedules; a failing one is named by its seed.
func seeds(t *testing.T, count uint64, scenario func(t *testing.T, n int, seed uint64)) {
	for _, n := range []int{4, 7} {
		for seed := range max(2, count*4/uint64(n)/slowdown) {
			t.Run(fmt.Sprintf("n=%d/seed=%d", n, seed), func(t *testing.T) { scenario(t, n, seed) })
		}
	}
}

func TestLossReorderingCrashesAndLeaderChanges(t *testing.T) {
	crashed, finals := 0, 0
	seeds(t, 20, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		for range 2 {
			w.crashes = true
			w.chaos(1000)
			w.log += 2
			w.calm(60)
			if behind := w.unsettled(); behind != "" {
				t.Fatalf("log is at %d, but\n%s", w.log, behind)
			}
		}
		crashed += w.crashed
		finals += len(w.finals)
	})
	// The scenario is worth nothing if it never gets anywhere or never crashes.
	t.Logf("%d crashes, %d final checkpoints", crashed, finals)
	if crashed < 60/slowdown || finals < 120/slowdown {
		t.Errorf("%d crashes between effects and %d final checkpoints are too few to test anything", crashed, finals)
	}
}

func TestOneStoppedMakesNoDifference(t *testing.T) {
	seeds(t, 12, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		stopped := w.pick()
		stopped.stopped = true
		w.chaos(800)
		w.log += 2
		w.calm(40)
		if behind := w.unsettled(); behind != "" {
			t.Fatalf("log is at %d, but\n%s", w.log, behind)
		}
		// It comes back and catches up by a sealed note: there is nothing left to vote on.
		stopped.stopped = false
		w.calm(40)
		if behind := w.unsettled(); behind != "" {
			t.Fatalf("log is at %d, but\n%s", w.log, behind)
		}
	})
}

func TestMoreThanFStoppedWait(t *testing.T) {
	seeds(t, 12, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		w.chaos(500)
		for _, node := range w.nodes[:w.set.Faults()+1] {
			node.stopped = true
			w.stop(node)
		}
		w.flying = nil
		before := w.log
		w.log += 2
		w.calm(40)
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
		w.calm(60)
		if behind := w.unsettled(); behind != "" {
			t.Fatalf("log is at %d, but\n%s", w.log, behind)
		}
	})
}

func TestLiarsChangeNothing(t *testing.T) {
	accused := 0
	seeds(t, 20, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		for _, i := range w.rand.Perm(n)[:w.set.Faults()] {
			w.nodes[i].liar = true
		}
		w.crashes = seed%2 == 0
		w.chaos(1500)
		w.calm(80)
		if behind := w.unsettled(); behind != "" {
			t.Fatalf("log is at %d, but\n%s", w.log, behind)
		}
		for name := range w.accused {
			if i := strings.Index("abcdefg", name); !w.nodes[i].liar {
				t.Fatalf("%s is honest and was accused", name)
			}
		}
		accused += len(w.accused)
	})
	if accused < 10/slowdown {
		t.Errorf("only %d liars were caught", accused)
	}
}

// TestFedWithForgedEntries has one honest validator on another tree, while nobody lies: the others go on, it never
// sees anything final that is not its own, and once a quorum contradicts it, it signs nothing more.
func TestFedWithForgedEntries(t *testing.T) {
	seeds(t, 10, func(t *testing.T, n int, seed uint64) {
		w := newWorld(t, n, seed)
		victim := w.pick()
		victim.branch = "fork"
		w.chaos(800)
		w.log += 2
		w.calm(40)
		if behind := w.unsettled(); behind != "" {
			t.Fatalf("log is at %d, but\n%s", w.log, behind)
		}
		if victim.final > 0 || victim.machine.Halted() == nil {
			t.Fatalf("%s: final %d, halted %v", victim.name, victim.final, victim.machine.Halted())
		}
	})
}

// TestSameStepsSameEffects runs one schedule twice.
func TestSameStepsSameEffects(t *testing.T) {
	run := func() []byte {
		w := newWorld(t, 4, 7)
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

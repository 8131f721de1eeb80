package finality

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// Schedules that are told step by step: what chance finds seldom.

// says gives one validator's newest words to another.
func (w *world) says(from, to *simNode) {
	if from.machine != nil {
		w.step(to, Message{From: from.name, Messages: from.out})
	}
}

// agrees lets a liar give whatever the hearer says, with its own name under it.
func (w *world) agrees(liar, to *simNode, ratifies bool) {
	m := Messages{Validator: liar.name}
	if v := to.out.Attestation; v.Size > 0 {
		m.Attestation = signVote(w.keys[liar.name], checkpoint.Attestation, v.Epoch, v.Size, v.Root)
		if ratifies {
			m.Ratification = signVote(w.keys[liar.name], checkpoint.Ratification, v.Epoch, v.Size, v.Root)
		}
	}
	w.step(to, Message{From: liar.name, Messages: m})
}

// wishes lets a liar vote for an epoch as if it held no certificate.
func (w *world) wishes(liar, to *simNode, epoch uint64) {
	w.step(to, Message{From: liar.name, Messages: Messages{Validator: liar.name, Wish: w.wish(liar, epoch, EpochWord{})}})
}

// leads makes one lead, whom all hear of.
func (w *world) leads(leader *simNode) {
	w.term++
	w.leader = leader
	for _, n := range w.nodes {
		if n.machine != nil {
			w.follow(n, len(w.log))
			w.learn(n)
		}
	}
}

// four is a world in which the node of that number lies, and the three others, who are up and follow the first of them.
func four(t *testing.T, lies int) (w *world, a, b, c, liar *simNode) {
	w = newWorld(t, 4, uint64(lies))
	liar = w.nodes[lies]
	liar.liar = true
	honest := w.honest()
	for _, n := range honest {
		w.start(n)
	}
	w.leads(honest[0])
	return w, honest[0], honest[1], honest[2], liar
}

// TestCertificateWithheld: a checkpoint is final at one validator, which is then cut off. Of the others only one has seen its
// certificate, and the liar swears that there is none. The next epoch starts from it all the same.
func TestCertificateWithheld(t *testing.T) {
	for lies := range 4 {
		w, a, b, c, liar := four(t, lies)
		w.step(a, Name{})
		w.says(a, b)
		w.says(b, a)
		w.agrees(liar, a, false) // The certificate, which a ratifies.
		w.says(a, b)
		w.agrees(liar, b, false) // And b.
		w.says(b, a)
		w.agrees(liar, a, true)
		if a.final == 0 || b.final != 0 || c.final != 0 {
			t.Fatalf("final are %d, %d, %d, want only the first", a.final, b.final, c.final)
		}
		a.machine, a.stopped = nil, true
		w.leads(c)
		for range 40 {
			for _, n := range []*simNode{b, c} {
				w.step(n, Tick{})
				w.wishes(liar, n, 1)
			}
			w.says(b, c)
			w.says(c, b)
		}
		if c.change == nil || c.change.Start().Size != a.final {
			t.Fatalf("the epoch is opened by %+v, want a start at %d", c.change, a.final)
		}
		w.pack()
		a.stopped = false
		w.settle(400)
	}
}

// TestRaceOfEpochVotes: one validator alone holds a certificate when its epoch ends. A quorum without it opens the next epoch
// from the genesis, one with it from the certified tree, which is not final. Both get into the log. The first one counts, the
// other is void, and whose tree is taken back attests again without contradicting itself.
func TestRaceOfEpochVotes(t *testing.T) {
	for _, first := range []string{"without the certificate", "with it"} {
		for lies := range 4 {
			w, a, b, c, liar := four(t, lies)
			w.step(a, Name{})
			w.says(a, b)
			w.says(b, a)
			w.agrees(liar, a, false)
			if held := a.machine.State(); held.Ratified.Size == 0 {
				t.Fatal("no certificate")
			}
			w.leads(c)
			for range 40 {
				for _, n := range []*simNode{b, c} {
					w.step(n, Tick{})
					w.wishes(liar, n, 1)
				}
				w.says(b, c)
				w.says(c, b)
			}
			without := c.change
			w.leads(a)
			w.says(b, a)
			w.says(c, a)
			with := a.change
			if without == nil || with == nil || without.Start().Size != 0 || with.Start().Size == 0 {
				t.Fatalf("changes are %+v and %+v", without, with)
			}
			one, other := c.tree.next("one", without), a.tree.next("other", with)
			if first == "with it" {
				one, other = other, one
			}
			w.log = append(w.log, one, other)
			w.settle(400)
			taken := newTree()
			for i, e := range w.log {
				_ = taken.apply(e, i, w.set)
			}
			if epoch := taken.head().epoch; epoch == 0 {
				t.Errorf("%s first: no epoch was opened", first)
			}
		}
	}
}

// TestLiarsEndNoEpoch: votes for epochs of f validators change nothing while rounds become final.
func TestLiarsEndNoEpoch(t *testing.T) {
	for _, n := range []int{4, 7} {
		w := newWorld(t, n, 1)
		w.liars(w.set.Faults())
		honest := w.honest()
		for _, node := range honest {
			w.start(node)
		}
		for round := range 30 {
			w.leads(honest[round%2])
			w.step(w.leader, Name{})
			for _, x := range honest {
				for _, y := range honest {
					w.says(x, y)
					w.says(y, x)
				}
				for i, liar := range w.nodes {
					if liar.liar {
						w.wishes(liar, x, uint64(1+round+i))
					}
				}
				w.step(x, Tick{})
			}
			w.pack()
		}
		for _, node := range honest {
			if state := node.machine.State(); state.Wished.Epoch > 0 || state.Epoch > 0 || node.final < 20 {
				t.Errorf("n=%d: %s wished for epoch %d, is in %d, and has %d final", n, node.name, state.Wished.Epoch, state.Epoch, node.final)
			}
		}
	}
}

// TestStaleEpoch: what was said in an epoch that is over counts nothing in the next one, whoever says it again.
func TestStaleEpoch(t *testing.T) {
	w, a, b, c, liar := four(t, 3)
	w.step(a, Name{})
	w.says(a, b)
	old := a.out
	for range 40 { // Nothing becomes final: c is not heard, and the liar votes for the next epoch.
		for _, n := range []*simNode{a, b, c} {
			w.step(n, Tick{})
			w.wishes(liar, n, 1)
		}
		w.says(b, c)
		w.says(c, b)
	}
	w.leads(c)
	w.says(a, c)
	w.pack()
	w.leads(c)
	if a.tree.head().epoch != 1 {
		t.Fatalf("epoch %d, want 1", a.tree.head().epoch)
	}
	// The attestation of epoch 0 comes again, with one of the liar for the same tree: with b's that is a quorum, too late.
	for _, n := range []*simNode{b, c} {
		w.step(n, Message{From: a.name, Messages: old})
		w.step(n, Message{From: b.name, Messages: b.out})
		v := old.Attestation
		w.step(n, Message{From: liar.name, Messages: Messages{
			Validator: liar.name, Attestation: signVote(w.keys[liar.name], checkpoint.Attestation, v.Epoch, v.Size, v.Root),
		}})
		if r := n.machine.State().Ratified; r.Size > 0 {
			t.Errorf("%s ratified size %d of epoch %d in epoch 1", n.name, r.Size, r.Epoch)
		}
	}
	w.settle(400)
}

// TestUnseenIsNotRatified: a quorum attested what this validator has not applied. It ratifies when it has, and found the same.
func TestUnseenIsNotRatified(t *testing.T) {
	w, a, b, c, liar := four(t, 0)
	w.step(a, Name{})
	w.says(a, b)
	w.says(b, a)
	w.agrees(liar, a, false)
	behind := c
	w.replay(behind, 0)
	behind.log = nil
	behind.machine = nil
	w.start(behind)
	for _, n := range []*simNode{a, b} {
		w.says(n, behind)
	}
	v := a.out.Attestation
	w.step(behind, Message{From: liar.name, Messages: Messages{
		Validator: liar.name, Attestation: signVote(w.keys[liar.name], checkpoint.Attestation, v.Epoch, v.Size, v.Root),
	}})
	if state := behind.machine.State(); state.Highest.Size != v.Size || state.Ratified.Size != 0 {
		t.Errorf("of size %d it holds a certificate, and it ratified size %d", state.Highest.Size, state.Ratified.Size)
	}
	w.follow(behind, len(w.log))
	if state := behind.machine.State(); state.Ratified.Size != v.Size {
		t.Errorf("it ratified size %d when it had applied size %d", state.Ratified.Size, v.Size)
	}
}

// TestNodeHoldsBack: what the node does not want to be attested yet waits, and is attested when it may be.
func TestNodeHoldsBack(t *testing.T) {
	set, keys := members(t, 4)
	may := false
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"], MayAttest: func(uint64) bool { return may },
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	m.Step(1, Following{Leader: "b", Term: 1})
	m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Named: Named{Term: 1, Size: 10}}})
	if size := m.State().Attested.Size; size != 0 {
		t.Errorf("attested size %d", size)
	}
	may = true
	m.Step(2, Tick{})
	if size := m.State().Attested.Size; size != 10 {
		t.Errorf("attested size %d when it may", size)
	}
}

// TestHighestCertificateStays: one that a vote for an epoch showed is not given up for a lower one of words that came late.
func TestHighestCertificateStays(t *testing.T) {
	set, keys := members(t, 4)
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"], EpochTicks: 3,
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	held := certificate(keys, 0, 20, rootOf("main", 20), "b", "c", "d")
	word := EpochWord{Epoch: 1, Certified: held.Vote, Certificate: held.Signatures, Signature: checkpoint.SignEpoch(testNetwork, 1, held.Vote, keys["b"])}
	m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Wish: word}})
	for _, name := range []string{"b", "c", "d"} {
		late := signVote(keys[name], checkpoint.Attestation, 0, 10, rootOf("main", 10))
		m.Step(2, Message{From: name, Messages: Messages{Validator: name, Attestation: late}})
	}
	if highest := m.State().Highest; highest.Size != 20 {
		t.Errorf("highest is of size %d, want 20", highest.Size)
	}
}

// TestHidingIsProved: who ratified a tree and votes for a later epoch as if there were none is proved to lie by whoever hears
// both, in whatever order.
func TestHidingIsProved(t *testing.T) {
	for _, wishFirst := range []bool{false, true} {
		w, a, b, _, liar := four(t, 2)
		w.step(a, Name{})
		w.says(a, b)
		if wishFirst {
			w.wishes(liar, b, 1)
			w.agrees(liar, b, true)
		} else {
			w.agrees(liar, b, true)
			w.wishes(liar, b, 1)
		}
		if got := w.accused[liar.name]; len(got) != 1 || got[0] != checkpoint.HiddenCertificate {
			t.Errorf("wish first: %v: accused of %v", wishFirst, got)
		}
	}
}

// TestCrashAtEveryEffect runs one schedule, with rounds and the end of an epoch, again and again. Each time somebody crashes
// before another one of its effects: between persisting and sending, between what is final and what is sealed. It starts again
// from its disk, and nobody ever sees it contradict itself.
func TestCrashAtEveryEffect(t *testing.T) {
	run := func(crashAt int) (effects int) {
		w := newWorld(t, 4, 3)
		w.crashAt = crashAt
		for range 2 {
			w.calm(6)
			w.pack()
		}
		for range 12 { // The tree grows and nothing becomes final: the epoch ends.
			for _, n := range w.nodes {
				w.start(n)
				w.follow(n, 2)
				w.step(n, Following{Term: w.term})
				w.step(n, Tick{})
			}
			w.talk()
		}
		w.settle(200)
		if w.crashAt > 0 && w.counts.crashed != 1 {
			t.Errorf("nobody crashed at effect %d of %d", crashAt, w.effects)
		}
		if crashAt == 0 && w.counts.epochs == 0 {
			t.Error("no epoch ended")
		}
		return w.effects
	}
	every := run(0)
	step := max(1, every*slowdown()/60)
	if *long {
		step = 1
	}
	for at := 1; at < every; at += step {
		run(at)
	}
	t.Logf("%d effects, each %d-th", every, step)
}

package finality

import (
	"crypto/ed25519"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// TestVoteOfOneThatIsFarBehind: a validator hears of a certificate of an epoch that its own tree has not come to. It ends no epoch by
// itself, and with others one that is after that: a vote for an epoch can not name a certificate of it or of a later one, so nobody
// would take it, nor would this validator after a restart.
func TestVoteOfOneThatIsFarBehind(t *testing.T) {
	set, keys := members(t, 4)
	config := Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"], EpochTicks: 3,
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, true },
	}
	m, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	held := certificate(keys, 3, 20, rootOf("other", 20), "b", "c", "d")
	say := func(by string, epoch uint64) {
		word := EpochWord{
			Epoch: epoch, Certified: held.Vote, Certificate: held.Signatures,
			Signature: checkpoint.SignEpoch(testNetwork, epoch, held.Vote, keys[by]),
		}
		if epoch == 2 {
			word = EpochWord{Epoch: epoch, Signature: checkpoint.SignEpoch(testNetwork, epoch, checkpoint.Vote{}, keys[by])}
		}
		m.Step(2, Message{From: by, Messages: Messages{Validator: by, Wish: word}})
	}
	say("b", 5)
	say("c", 2)
	say("d", 2)
	for range 20 {
		for _, by := range []string{"b", "c", "d"} {
			m.Step(3, Message{From: by, Messages: Messages{Validator: by}})
		}
		m.Step(3, Tick{})
	}
	if wished := m.State().Wished.Epoch; wished != 0 {
		t.Fatalf("voted for epoch %d, knowing that 3 was opened", wished)
	}
	say("c", 5)
	state := m.State()
	self, _ := set.Find("a")
	if err := state.Wished.verify(testNetwork, set, 0, self); err != nil || state.Wished.Epoch != 5 {
		t.Errorf("the vote is for epoch %d: %v", state.Wished.Epoch, err)
	}
	config.State = state
	if _, err := New(config); err != nil {
		t.Error("restart:", err)
	}
}

// hearing is validator a of four, whose epochs get three ticks, and time in which the three others are heard.
func hearing(t *testing.T) (m *Machine, keys map[string]ed25519.PrivateKey, pass func(ticks int, sealed uint64)) {
	t.Helper()
	set, keys := members(t, 4)
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"], EpochTicks: 3,
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, keys, func(ticks int, sealed uint64) {
		for range ticks {
			for _, by := range []string{"b", "c", "d"} {
				m.Step(2, Message{From: by, Messages: Messages{Validator: by, FinalSize: sealed}})
			}
			m.Step(2, Tick{})
		}
	}
}

// TestVoteOfOneThatTrails: a validator that was started again applies what it missed, and was shown what the others have sealed meanwhile, or told so. It ends no
// epoch in that time, however long it takes, nor, with a note, has it reason to complain of the leader for want of rounds. When it has come there, it counts the time as anybody does.
func TestVoteOfOneThatTrails(t *testing.T) {
	for how, shown := range map[string][]uint64{"by a note": {20}, "by two notes": {15, 20}, "by others' word": nil} {
		m, keys, pass := hearing(t)
		said := uint64(0)
		m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
		if !m.status().Waits() {
			t.Error("something is applied and not sealed, and nothing waits")
		}
		for _, size := range shown {
			m.Step(1, Proof{Note: sealBy(t, m.set, keys, size, rootOf("main", size), "b", "c", "d")})
		}
		if shown == nil {
			said = 20
		}
		for size := uint64(11); size < 20; size++ {
			m.Step(2, Applied{Size: size, Root: rootOf("main", size)})
			pass(5, said)
			if wished := m.State().Wished.Epoch; wished != 0 || shown != nil && m.status().Waits() {
				t.Fatalf("%s, at size %d of 20: voted for epoch %d, waits for the leader: %v", how, size, wished, m.status().Waits())
			}
		}
		m.Step(2, Applied{Size: 20, Root: rootOf("main", 20)})
		if final := m.Final().Size; shown != nil && final != 20 {
			t.Fatalf("%s: %d is final, want 20", how, final)
		}
		m.Step(2, Applied{Size: 30, Root: rootOf("main", 30)})
		pass(2, 20)
		if wished := m.State().Wished.Epoch; wished != 0 {
			t.Fatal("no patience")
		}
		pass(2, 20)
		if wished := m.State().Wished.Epoch; wished != 1 || !m.status().Waits() {
			t.Errorf("%s: voted for epoch %d, want 1; waits for the leader: %v", how, wished, m.status().Waits())
		}
	}
}

// TestOneThatTrailsJoins: who trails votes with f+1 others. One alone that says it has sealed more makes nobody trail.
func TestOneThatTrailsJoins(t *testing.T) {
	m, keys, pass := hearing(t)
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	m.Step(1, Proof{Note: sealBy(t, m.set, keys, 20, rootOf("main", 20), "b", "c", "d")})
	for _, by := range []string{"b", "c"} {
		pass(5, 0)
		if wished := m.State().Wished.Epoch; wished != 0 {
			t.Fatalf("voted for epoch %d before %s did", wished, by)
		}
		m.Step(1, wishOf(keys, by, 1, checkpoint.Certificate{}))
	}
	if wished := m.State().Wished.Epoch; wished != 1 {
		t.Errorf("f+1 vote, and it votes for epoch %d", wished)
	}

	m, _, _ = hearing(t)
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	for range 4 {
		for by, sealed := range map[string]uint64{"b": 99, "c": 0, "d": 0} {
			m.Step(2, Message{From: by, Messages: Messages{Validator: by, FinalSize: sealed}})
		}
		m.Step(2, Tick{})
	}
	if wished := m.State().Wished.Epoch; wished != 1 {
		t.Errorf("a liar says that it has sealed more, and the vote is for epoch %d", wished)
	}
}

// TestTooFewCanSpeak: a quorum is there, and one of it has voted for the next epoch: nothing can become final in this one. It gets a quarter of its time.
func TestTooFewCanSpeak(t *testing.T) {
	ticks := func(mute bool, present ...string) (n int) {
		m, keys, _ := alone(t)
		m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
		if mute {
			m.Step(1, wishOf(keys, "b", 1, checkpoint.Certificate{}))
		}
		for n = 0; n < 2*epochTicks && m.State().Wished.Epoch == 0; n++ {
			for _, by := range present {
				m.Step(2, Message{From: by, Messages: Messages{Validator: by}})
			}
			m.Step(2, Tick{})
		}
		return n
	}
	for name, c := range map[string]struct{ got, want int }{
		"all can speak":         {ticks(false, "b", "c", "d"), epochTicks},
		"a quorum can speak":    {ticks(true, "b", "c", "d"), epochTicks},
		"a quorum is there":     {ticks(false, "b", "c"), epochTicks},
		"no quorum can speak":   {ticks(true, "b", "c"), epochTicks / 4},
		"no quorum is there":    {ticks(true, "b"), 2 * epochTicks},
		"a quorum without it":   {ticks(true, "c", "d"), epochTicks},
		"as many, without word": {ticks(false, "c", "d"), epochTicks},
	} {
		if c.got != c.want {
			t.Errorf("%s: it votes after %d ticks, want %d", name, c.got, c.want)
		}
	}
}

// TestOneThatVotedNames: a leader that has voted for the next epoch, alone, names rounds, in which the three others make the tree final. It attests nothing.
func TestOneThatVotedNames(t *testing.T) {
	w := newWorld(t, 4, 1)
	for _, n := range w.nodes {
		w.start(n)
	}
	a := w.nodes[0]
	w.leads(w.nodes[1])
	for range 20 {
		for _, n := range w.nodes[1:] {
			w.says(n, a)
		}
		w.step(a, Tick{})
	}
	if a.machine.State().Wished.Epoch != 1 {
		t.Fatal("a has not voted")
	}
	attested := a.machine.State().Attested.Size
	w.leads(a)
	if !a.machine.Ready() {
		t.Fatal("a has no round to name")
	}
	w.step(a, Name{})
	for range 6 {
		for _, from := range w.nodes {
			for _, to := range w.nodes {
				if from != to {
					w.says(from, to)
				}
			}
		}
	}
	for _, n := range w.nodes {
		if n.final == 0 || n.machine.State().Epoch != 0 {
			t.Errorf("%s: size %d is final, in epoch %d", n.name, n.final, n.machine.State().Epoch)
		}
	}
	if now := a.machine.State().Attested.Size; now != attested {
		t.Errorf("a has attested size %d after its vote", now)
	}
}

// TestNoOrphanOfATreeThatTurns: while batches are taken back or a snapshot is installed, the own tree can not be read. That makes no orphan.
func TestNoOrphanOfATreeThatTurns(t *testing.T) {
	set, keys := members(t, 4)
	turns := false
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"],
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), 0, !turns },
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	m.Step(1, Following{Leader: "b", Term: 1})
	m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Named: Named{Term: 1, Size: 10}}})
	m.Step(1, Applied{Size: 12, Root: rootOf("main", 12)})
	turns = true
	for range 4 {
		m.Step(3, Tick{})
	}
	if wished := m.State().Wished.Epoch; wished != 0 || m.State().Attested.Size != 10 {
		t.Errorf("it votes for epoch %d, having attested size %d", wished, m.State().Attested.Size)
	}
}

// alone is validator a of four, on a tree of its own that can become another.
func alone(t *testing.T) (m *Machine, keys map[string]ed25519.PrivateKey, branch *string) {
	t.Helper()
	set, keys := members(t, 4)
	branch = new(string)
	*branch = "main"
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"],
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf(*branch, size), 0, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, keys, branch
}

// wishOf is a vote for an epoch, with what it shows.
func wishOf(keys map[string]ed25519.PrivateKey, name string, epoch uint64, held checkpoint.Certificate) Message {
	return Message{From: name, Messages: Messages{Validator: name, Wish: EpochWord{
		Epoch: epoch, Certified: held.Vote, Certificate: held.Signatures,
		Signature: checkpoint.SignEpoch(testNetwork, epoch, held.Vote, keys[name]),
	}}}
}

// TestClaimedCertificate: a vote that names a certificate and does not show it, or shows one that is none, counts for nothing.
func TestClaimedCertificate(t *testing.T) {
	_, keys := members(t, 4)
	good := certificate(keys, 0, 20, rootOf("fork", 20), "b", "c", "d")
	few, forged := good, certificate(keys, 0, 20, rootOf("fork", 20), "b", "c", "d")
	few.Signatures = good.Signatures[:2]
	forged.Signatures[2].Signature = forged.Signatures[0].Signature
	for name, held := range map[string]checkpoint.Certificate{"not shown": {Vote: good.Vote}, "of two": few, "forged": forged} {
		m, _, _ := alone(t)
		m.Step(1, wishOf(keys, "b", 1, held))
		if state := m.State(); state.Highest.Size != 0 || m.heard["b"].words.Wish.Epoch != 0 {
			t.Errorf("%s: it is believed", name)
		}
	}
	m, _, _ := alone(t)
	m.Step(1, wishOf(keys, "b", 1, good))
	if m.State().Highest.Size != 20 {
		t.Error("a good one is not believed")
	}
}

// TestHighestIsByEpoch: of two certificates the one of the later epoch is the highest, though it is of a smaller tree.
func TestHighestIsByEpoch(t *testing.T) {
	_, keys := members(t, 4)
	large := certificate(keys, 0, 30, rootOf("main", 30), "b", "c", "d")
	late := certificate(keys, 1, 20, rootOf("other", 20), "b", "c", "d")
	for _, order := range [][]checkpoint.Certificate{{large, late}, {late, large}} {
		m, _, _ := alone(t)
		m.Step(1, wishOf(keys, "b", 2, order[0]))
		m.Step(1, wishOf(keys, "c", 2, order[1]))
		if highest := m.State().Highest.Vote; highest != late.Vote {
			t.Errorf("highest is of epoch %d and size %d", highest.Epoch, highest.Size)
		}
	}
}

// TestOrphanEndsTheEpoch: what a validator attested is not in its tree any more, after it was fed a lie. It can attest nothing in
// this epoch, and votes for the next long before its patience ends.
// One that knows of a later epoch leaves that to those who are in it.
func TestOrphanEndsTheEpoch(t *testing.T) {
	orphan(t, 1, func(*Machine, map[string]ed25519.PrivateKey) {})
	orphan(t, 0, func(m *Machine, keys map[string]ed25519.PrivateKey) {
		m.Step(1, wishOf(keys, "b", 5, certificate(keys, 3, 20, rootOf("other", 20), "b", "c", "d")))
	})
}

// orphan takes back what a attested, and looks for which epoch it votes.
func orphan(t *testing.T, want uint64, before func(*Machine, map[string]ed25519.PrivateKey)) {
	t.Helper()
	m, keys, branch := alone(t)
	before(m, keys)
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	m.Step(1, Following{Leader: "b", Term: 1})
	m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Named: Named{Term: 1, Size: 10}}})
	if m.State().Attested.Size != 10 {
		t.Fatal("nothing attested")
	}
	*branch = "other"
	m.Step(2, Applied{Size: 12, Root: rootOf("other", 12)})
	for range 4 {
		m.Step(3, Tick{})
	}
	if wished := m.State().Wished.Epoch; wished != want {
		t.Errorf("behind: %v: it wishes for epoch %d, want %d", want == 0, wished, want)
	}
}

// TestOnlyTrueEvidence: evidence that nobody could check is given to nobody.
func TestOnlyTrueEvidence(t *testing.T) {
	m, keys, _ := alone(t)
	m.accuse(checkpoint.Evidence{Validator: "b", Attestations: []SignedVote{
		signVote(keys["b"], checkpoint.Attestation, 0, 10, rootOf("main", 10)), signVote(keys["b"], checkpoint.Attestation, 1, 10, rootOf("fork", 10)),
	}})
	if len(m.turn.more) > 0 || len(m.heard["b"].accused) > 0 {
		t.Errorf("b is accused: %+v", m.turn.more)
	}
}

// TestNothingOfBeforeTheEpoch: a size is named at which a batch of an earlier epoch ends. It is not attested, since the start of
// the epoch after this one has to be above the start of this one.
func TestNothingOfBeforeTheEpoch(t *testing.T) {
	set, keys := members(t, 4)
	m, err := New(Config{
		Network: testNetwork, Reign: Reign{Validators: set}, Name: "a", Key: keys["a"],
		RootAt: func(size uint64) ([32]byte, uint64, bool) { return rootOf("main", size), size / 11, true },
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Step(1, Applied{Size: 12, Root: rootOf("main", 12), Epoch: 1})
	m.Step(1, Following{Leader: "b", Term: 1})
	for _, size := range []uint64{10, 12} {
		m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Named: Named{Epoch: 1, Term: 1, Size: size}}})
		if got := m.State().Attested.Size; (got == size) != (size == 12) {
			t.Errorf("size %d is named, and %d attested", size, got)
		}
	}
}

// TestCosignatureOfAnother: what another key signed is no cosignature of b.
func TestCosignatureOfAnother(t *testing.T) {
	m, keys, _ := alone(t)
	for _, signer := range []string{"c", "b"} {
		cosig := signCheckpoint("b", keys[signer], 10, rootOf("main", 10))
		m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Cosignature: cosig}})
		if taken := m.heard["b"].words.Cosignature.Size == 10; taken != (signer == "b") {
			t.Errorf("signed by %s: taken is %v", signer, taken)
		}
	}
}

// TestEpochOpensInTheOwnTree: a leader whose tree is not the one that the votes name can not open the epoch, until it has it.
func TestEpochOpensInTheOwnTree(t *testing.T) {
	m, keys, branch := alone(t)
	ready := func(e Event) (start uint64, ok bool) {
		for _, effect := range m.Step(1, e) {
			if r, is := effect.(EpochReady); is {
				start, ok = r.Change.Start().Size, true
			}
		}
		return start, ok
	}
	m.Step(1, Applied{Size: 20, Root: rootOf("main", 20)})
	m.Step(1, Leading{Term: 1})
	held := certificate(keys, 0, 20, rootOf("fork", 20), "b", "c", "d")
	for _, name := range []string{"b", "c", "d"} {
		if start, ok := ready(wishOf(keys, name, 1, held)); ok {
			t.Fatalf("it opens the epoch at size %d of another tree", start)
		}
	}
	*branch = "fork"
	if start, ok := ready(Applied{Size: 20, Root: rootOf("fork", 20)}); !ok || start != 20 {
		t.Errorf("when it has the tree, the epoch is opened at size %d: %v", start, ok)
	}
}

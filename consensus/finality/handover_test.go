package finality

import (
	"crypto/ed25519"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// handover is four validators, a to d, at size 10, where b to e were decided on; c lies, and leads. d alone knows that 10 is final: the ratifications of a and b
// reached only d, and c gave its own to d alone. a and b wait in vain, vote for epoch 1, and the set opens that without a batch.
type handover struct {
	t         *testing.T
	old, next checkpoint.ValidatorSet
	keys      map[string]ed25519.PrivateKey
	member    map[string]*Machine
	// branch is which tree above 10 a validator follows.
	branch map[string]string
	say    func(to, from string, words Messages)
	vote   func(kind checkpoint.VoteKind, epoch, size uint64, root [32]byte) SignedVote
	reign  func(name string, r Reign, s State) *Machine
}

func newHandover(t *testing.T) *handover {
	all, keys := members(t, 7)
	h := &handover{t: t, keys: keys, member: make(map[string]*Machine), branch: make(map[string]string)}
	h.old, _ = checkpoint.NewValidatorSet(append([]checkpoint.Validator{}, all[:4]...))
	h.next, _ = checkpoint.NewValidatorSet(append([]checkpoint.Validator{}, all[1:5]...))
	h.reign = func(name string, r Reign, s State) *Machine {
		m, err := New(Config{Network: testNetwork, Reign: r, Name: name, Key: keys[name], State: s, EpochTicks: 2,
			RootAt: func(size uint64) ([32]byte, uint64, bool) {
				if size > 10 {
					return rootOf(h.branch[name], size), checkpoint.FirstEpoch(0), true
				}
				return rootOf("shared", size), 0, true
			}})
		if err != nil {
			t.Fatal(err)
		}
		m.Step(1, Following{Leader: "c", Term: 1})
		return m
	}
	h.vote = func(kind checkpoint.VoteKind, epoch, size uint64, root [32]byte) SignedVote {
		return signVote(keys["c"], kind, epoch, size, root)
	}
	h.say = func(to, from string, words Messages) {
		words.Validator = from
		h.member[to].Step(1, Message{From: from, Messages: words})
	}
	boundary := rootOf("shared", 10)
	for _, name := range []string{"a", "b", "d"} {
		h.member[name] = h.reign(name, Reign{Validators: h.old}, State{})
		h.member[name].Step(1, Applied{Size: 10, Root: boundary})
		h.say(name, "c", Messages{Named: Named{Term: 1, Size: 10}, Attestation: h.vote(checkpoint.Attestation, 0, 10, boundary)})
	}
	for _, to := range []string{"a", "b", "d"} { // Attestations reach all.
		for _, from := range []string{"a", "b", "d"} {
			if from != to {
				h.say(to, from, Messages{Attestation: h.member[from].Messages().Attestation})
			}
		}
	}
	h.tell("d", "a")
	h.tell("d", "b")
	if h.member["d"].Final().Size != 10 {
		t.Fatal("d:", h.member["d"].Final())
	}
	return h
}

// tell gives all that one validator says to another.
func (h *handover) tell(to, from string) { h.say(to, from, h.member[from].Messages()) }

// wait lets time pass at a validator that hears from all that they are there, and nothing else.
func (h *handover) wait(name string, ticks int) {
	for range ticks {
		for _, from := range []string{"a", "b", "c", "d"} {
			if from != name {
				h.say(name, from, Messages{})
			}
		}
		h.member[name].Step(1, Tick{})
	}
}

// TestOneLiarBetweenTwoSets: the liar of both sets shows a and b a log in which the set before opened an epoch and goes on, and d and e one in which the
// new set began, and signs in both whatever is asked. Above the boundary nothing can become final but by the new set: the set before has
// nothing there to sign.
func TestOneLiarBetweenTwoSets(t *testing.T) {
	h := newHandover(t)
	boundary := rootOf("shared", 10)
	for _, name := range []string{"a", "b"} {
		h.wait(name, 10)
		if h.member[name].State().Wished.Epoch != 1 {
			t.Fatal("no wish of", name)
		}
		h.member[name].Step(1, Applied{Size: 10, Root: boundary, Epoch: 1, Boundary: true})
		h.say(name, "c", Messages{Named: Named{Epoch: 1, Term: 1, Size: 10}, Attestation: h.vote(checkpoint.Attestation, 1, 10, boundary),
			Ratification: h.vote(checkpoint.Ratification, 1, 10, boundary)})
	}
	for range 3 {
		h.tell("a", "b")
		h.tell("b", "a")
	}
	// In epoch 1 the three make the same tree final. The note of it is of the boundary, whoever has it.
	for _, name := range []string{"a", "b"} {
		if got := h.member[name].Final(); got.Size != 10 || got.Root != boundary {
			t.Fatalf("%s made %d final", name, got.Size)
		}
	}
	begun := Reign{Validators: h.next, First: checkpoint.FirstEpoch(0), Boundary: h.member["d"].Final()}
	begun.BoundaryNote = sealBy(t, h.old, h.keys, 10, boundary, "a", "b", "d")
	// The liar has the new set begin twice, with other batches, one of them in the log with the epoch between. Both begin in one epoch.
	h.branch["b"], h.branch["d"], h.branch["e"] = "other", "fork", "fork"
	h.member["b"], h.member["d"], h.member["e"] = h.reign("b", begun, h.member["b"].State()), h.reign("d", begun, h.member["d"].State()), h.reign("e", begun, State{})
	for _, name := range []string{"b", "d", "e"} {
		root := rootOf(h.branch[name], 11)
		h.member[name].Step(1, Applied{Size: 11, Root: root, Epoch: begun.First})
		h.say(name, "c", Messages{Named: Named{Epoch: begun.First, Term: 1, Size: 11}, Attestation: h.vote(checkpoint.Attestation, begun.First, 11, root),
			Ratification: h.vote(checkpoint.Ratification, begun.First, 11, root)})
	}
	for range 3 {
		for _, pair := range [][2]string{{"d", "e"}, {"e", "d"}, {"b", "d"}, {"b", "e"}, {"d", "b"}} {
			h.tell(pair[0], pair[1])
		}
	}
	if got := h.member["d"].Final(); got.Size != 11 || got.Root != rootOf("fork", 11) {
		t.Errorf("the new set, and the liar with it, made %d final", got.Size)
	}
	// d is given the other log, and the liar signs there too. What it attested in the epoch binds it.
	h.branch["d"] = "other"
	h.member["d"].Step(1, Applied{Size: 12, Root: rootOf("other", 12), Epoch: begun.First})
	h.say("d", "c", Messages{Named: Named{Epoch: begun.First, Term: 1, Size: 12}})
	if h.member["d"].State().Attested.Size != 11 {
		t.Error("d attested two trees in the epoch with which the set begins")
	}
	h.tell("b", "d")
	if got := h.member["b"].Final(); got.Size != 10 {
		t.Errorf("b made %d final, beside what d and e did", got.Size)
	}
}

// TestABoundaryIsRatifiedAgain: d alone knows that the boundary is final, and the liar that helped it is silent from then on. In the epoch
// that the set opens at the boundary d attests and ratifies it once more, so that the others come to know it, and the set can begin.
func TestABoundaryIsRatifiedAgain(t *testing.T) {
	h := newHandover(t)
	boundary := rootOf("shared", 10)
	all := []string{"a", "b", "d"}
	// The liar takes back from a and b what it said.
	for _, name := range all {
		h.wait(name, 10)
	}
	for range 2 {
		for _, to := range all {
			for _, from := range all {
				if from != to {
					h.say(to, from, Messages{Wish: h.member[from].Messages().Wish})
				}
			}
		}
	}
	for _, name := range all {
		if h.member[name].State().Wished.Epoch != 1 {
			t.Fatal("no wish of", name)
		}
		h.member[name].Step(1, Following{Leader: "d", Term: 2})
	}
	h.member["d"].Step(1, Leading{Term: 2})
	for _, name := range all {
		h.member[name].Step(1, Applied{Size: 10, Root: boundary, Epoch: 1, Boundary: true})
	}
	if !h.member["d"].Ready() {
		t.Fatal("d opens no round for those who do not know what it knows")
	}
	h.member["d"].Step(1, Name{})
	for range 4 {
		for _, to := range all {
			for _, from := range all {
				if from == to {
					continue
				}
				words := h.member[from].Messages()
				if words.Ratification.Epoch == 0 {
					words.Ratification = SignedVote{} // Those of epoch 0 did not come, and do not.
				}
				h.say(to, from, words)
			}
		}
	}
	for _, name := range all {
		if got, _ := h.member[name].Sealed(); got.Size != 10 {
			t.Errorf("%s has sealed %d, want the boundary", name, got.Size)
		}
		h.wait(name, 10)
		if w := h.member[name].State().Wished.Epoch; w != 1 {
			t.Errorf("%s votes for epoch %d when nothing is left to do", name, w)
		}
	}
}

// TestTheLastTreeIsNamedAgain: c led, and is gone; b and d know that the last tree is final, and a comes late. Nothing above it may be named for long,
// and nothing ever when it is a boundary, so who leads next names it again, though it is final there: else a could not say its part, and
// nobody could seal it.
func TestTheLastTreeIsNamedAgain(t *testing.T) {
	for _, boundary := range []bool{false, true} {
		h := lateOne(t, boundary)
		all := []string{"a", "b", "d"}
		for _, name := range all {
			h.member[name].Step(1, Following{Leader: "d", Term: 2})
		}
		h.member["d"].Step(1, Leading{Term: 2})
		if !h.member["d"].Ready() {
			t.Fatalf("boundary %t: d names nothing", boundary)
		}
		h.member["d"].Step(1, Name{})
		if h.member["d"].Ready() {
			t.Errorf("boundary %t: d would name the same twice", boundary)
		}
		for range 4 {
			for _, to := range all {
				for _, from := range all {
					if from != to {
						h.tell(to, from)
					}
				}
			}
		}
		for _, name := range all {
			if got, _ := h.member[name].Sealed(); got.Size != 10 {
				t.Errorf("boundary %t: %s has sealed %d, want the last tree", boundary, name, got.Size)
			}
		}
		h.member["d"].Step(1, Leading{Term: 3})
		if h.member["d"].Ready() {
			t.Errorf("boundary %t: d names what is sealed", boundary)
		}
	}
}

// TestAFinalHeadEndsNoEpoch: who waits for the seal of a head that is final votes for another epoch only when nothing can come above it.
func TestAFinalHeadEndsNoEpoch(t *testing.T) {
	for _, boundary := range []bool{false, true} {
		h := lateOne(t, boundary)
		h.wait("b", 10)
		if wishes := h.member["b"].State().Wished.Epoch > 0; wishes != boundary {
			t.Errorf("boundary %t: votes for another epoch: %t", boundary, wishes)
		}
	}
}

// TestWhoVotedAloneIsFollowed: a waited alone, and voted for another epoch before anybody named the size again. In this one it says nothing any more, and without its
// voice nobody can seal the head; so b and d, to whom the head is final, vote for that epoch too.
func TestWhoVotedAloneIsFollowed(t *testing.T) {
	h := lateOne(t, false)
	all := []string{"a", "b", "d"}
	h.wait("a", 10)
	if h.member["a"].State().Wished.Epoch != 1 {
		t.Fatal("a does not vote")
	}
	for _, name := range all {
		h.member[name].Step(1, Following{Leader: "d", Term: 2})
	}
	h.member["d"].Step(1, Leading{Term: 2})
	h.member["d"].Step(1, Name{})
	for range 3 {
		for _, name := range []string{"b", "d"} {
			h.member[name].Step(1, Tick{})
		}
		for _, to := range all {
			for _, from := range all {
				if from != to {
					h.tell(to, from)
				}
			}
		}
	}
	for _, name := range all {
		if w := h.member[name].State().Wished.Epoch; w != 1 {
			t.Errorf("%s votes for epoch %d", name, w)
		}
	}
	h.member["d"].Step(1, Tick{})
	if change, ok := h.member["d"].change(1); !ok || change.Start().Size != 10 {
		t.Errorf("nothing opens the epoch at the head that is final: %v", ok)
	}
}

// lateOne is a handover in which c has led and is gone, b and d know that size 10 is final, and a has heard nothing.
func lateOne(t *testing.T, boundary bool) *handover {
	h := newHandover(t)
	last := Applied{Size: 10, Root: rootOf("shared", 10), Boundary: boundary}
	for _, name := range []string{"a", "b", "d"} {
		h.member[name] = h.reign(name, Reign{Validators: h.old}, State{})
		h.member[name].Step(1, last)
	}
	for _, name := range []string{"b", "d"} {
		h.say(name, "c", Messages{Named: Named{Term: 1, Size: 10}, Attestation: h.vote(checkpoint.Attestation, 0, 10, last.Root),
			Ratification: h.vote(checkpoint.Ratification, 0, 10, last.Root)})
	}
	for range 2 {
		h.tell("b", "d")
		h.tell("d", "b")
	}
	if h.member["b"].Final().Size != 10 || h.member["d"].Final().Size != 10 {
		t.Fatal("b and d do not know that the tree is final")
	}
	return h
}

package finality

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// TestNoQuorumOfTheSetBefore: a validator has begun with seven and is taken back to the boundary, where the four before reign. What a quorum of
// the four says of the first epoch of the seven is no certificate, then or later.
func TestNoQuorumOfTheSetBefore(t *testing.T) {
	all, keys := members(t, 7)
	four, _ := checkpoint.NewValidatorSet(append([]checkpoint.Validator{}, all[:4]...))
	seven, _ := checkpoint.NewValidatorSet(append([]checkpoint.Validator{}, all...))
	first, at10, at11 := checkpoint.FirstEpoch(0), rootOf("shared", 10), rootOf("shared", 11)
	reign := func(r Reign, s State) *Machine {
		t.Helper()
		m, err := New(Config{Network: testNetwork, Reign: r, Name: "d", Key: keys["d"], State: s, RootAt: func(size uint64) ([32]byte, uint64, bool) {
			return rootOf("shared", size), 0, size <= 10
		}})
		if err != nil {
			t.Fatal(err)
		}
		m.Step(1, Following{Leader: "a", Term: 1})
		return m
	}
	before := Reign{Validators: four}
	after := Reign{Validators: seven, First: first, Boundary: checkpoint.Checkpoint{Network: testNetwork, Size: 10, Root: at10},
		BoundaryNote: sealBy(t, four, keys, 10, at10, "a", "b", "c")}
	say := func(m *Machine) {
		for _, from := range []string{"a", "b", "c"} {
			m.Step(1, Message{From: from, Messages: Messages{Validator: from, Attestation: signVote(keys[from], checkpoint.Attestation, first, 11, at11),
				Ratification: signVote(keys[from], checkpoint.Ratification, first, 11, at11)}})
		}
	}
	m := reign(before, State{})
	m.Step(1, Applied{Size: 10, Root: at10})
	m = reign(after, m.State())
	m.Step(1, Applied{Size: 11, Root: at11, Epoch: first})
	say(m)
	if s := m.State(); s.Highest.Size > 0 || s.Ratified.Size > 0 {
		t.Fatalf("three of seven certify %d", s.Highest.Size)
	}
	m = reign(before, m.State())
	m.Step(1, Applied{Size: 10, Root: at10})
	say(m)
	m = reign(after, m.State())
	m.Step(1, Applied{Size: 11, Root: at11, Epoch: first})
	if s := m.State(); s.Highest.Size > 0 || s.Ratified.Size > 0 {
		t.Errorf("certified is %d with %d of seven, ratified %d", s.Highest.Size, len(s.Highest.Signatures), s.Ratified.Size)
	}
}

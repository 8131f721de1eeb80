package finality

import (
	"crypto/ed25519"
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// finalAlone is a validator for which the tree of size 10 is final, and not sealed: nobody else need know of it.
func finalAlone(t *testing.T) (m *Machine, keys map[string]ed25519.PrivateKey, branch *string) {
	t.Helper()
	m, keys, branch = alone(t)
	m.Step(1, Applied{Size: 10, Root: rootOf("main", 10)})
	m.Step(1, Following{Leader: "b", Term: 1})
	named(m, 10)
	says(m, keys, checkpoint.Attestation, 10, "main", "b", "c")
	says(m, keys, checkpoint.Ratification, 10, "main", "b", "c")
	if m.State().Final.Size != 10 || m.sealed.Size != 0 {
		t.Fatalf("final is %d, sealed %d", m.State().Final.Size, m.sealed.Size)
	}
	return m, keys, branch
}

func named(m *Machine, size uint64) []Effect {
	return m.Step(1, Message{From: "b", Messages: Messages{Validator: "b", Named: Named{Term: 1, Size: size}}})
}

func says(m *Machine, keys map[string]ed25519.PrivateKey, kind checkpoint.VoteKind, size uint64, branch string, names ...string) {
	for _, name := range names {
		words, vote := Messages{Validator: name}, signVote(keys[name], kind, 0, size, rootOf(branch, size))
		if kind == checkpoint.Attestation {
			words.Attestation = vote
		} else {
			words.Ratification = vote
		}
		m.Step(1, Message{From: name, Messages: words})
	}
}

// astrayIn finds what the effects say to be astray.
func astrayIn(effects []Effect) (at checkpoint.Vote) {
	for _, e := range effects {
		if a, ok := e.(Astray); ok {
			at = a.At
		}
	}
	return at
}

// TestAnotherTreeThanFinal: what is final and not sealed was taken back, and another tree came. That may be a leader's lie: nothing is
// signed there, the node is told, and when the tree is there again it goes on.
func TestAnotherTreeThanFinal(t *testing.T) {
	m, keys, branch := finalAlone(t)
	final := m.State().Final
	m.Step(2, Applied{Size: 8, Root: rootOf("main", 8)})
	*branch = "other"
	if at := astrayIn(m.Step(2, Applied{Size: 12, Root: rootOf("other", 12)})); at != final {
		t.Errorf("astray at %d, want %d", at.Size, final.Size)
	}
	*branch = "main"
	m.Step(3, Applied{Size: 12, Root: rootOf("main", 12)})
	named(m, 12)
	if m.State().Attested.Size != 12 || m.Halted() != nil {
		t.Errorf("attested %d in the tree of what is final, halted %v", m.State().Attested.Size, m.Halted())
	}
	// The other one again: it is told again.
	m.Step(4, Applied{Size: 8, Root: rootOf("main", 8)})
	*branch = "other"
	if at := astrayIn(m.Step(4, Applied{Size: 14, Root: rootOf("other", 14)})); at != final {
		t.Errorf("again: astray at %d, want %d", at.Size, final.Size)
	}
	named(m, 14)
	says(m, keys, checkpoint.Attestation, 14, "other", "b", "c", "d")
	says(m, keys, checkpoint.Ratification, 14, "other", "b", "c", "d")
	if s := m.State(); s.Attested.Size != 12 || s.Ratified.Size != 10 || s.Final != final || s.Cosigned.Size > 10 {
		t.Errorf("attested %d, ratified %d, final %d, cosigned %d", s.Attested.Size, s.Ratified.Size, s.Final.Size, s.Cosigned.Size)
	}
	if m.Halted() != nil {
		t.Fatal(m.Halted())
	}
}

// TestRatifiesOnlyAboveFinal: what was certified is not ratified while the own tree is another than what is final, though no event has
// told that yet.
func TestRatifiesOnlyAboveFinal(t *testing.T) {
	m, keys, branch := finalAlone(t)
	m.applied = Applied{Size: 12, Root: rootOf("other", 12)}
	*branch = "other"
	says(m, keys, checkpoint.Attestation, 12, "other", "b", "c", "d")
	if s := m.State(); s.Ratified.Size != 10 {
		t.Errorf("it ratified %d", s.Ratified.Size)
	}
}

// TestWhatProvesTooManyLiars: another tree than the one that is sealed, or two trees that quorums signed, of which the own tree has the
// larger, are no leader's lie.
func TestWhatProvesTooManyLiars(t *testing.T) {
	m, keys, _ := finalAlone(t)
	set, _ := members(t, 4)
	m.Step(2, Proof{Note: sealBy(t, set, keys, 8, rootOf("fork", 8), "b", "c", "d")})
	if !errors.Is(m.Halted(), ErrDiverged) {
		t.Errorf("sealed below what is final and in the tree: halted %v", m.Halted())
	}
	m, keys, branch := finalAlone(t)
	m.Step(2, Proof{Note: sealBy(t, set, keys, 10, rootOf("main", 10), "b", "c", "d")})
	if m.sealed.Size != 10 || m.Halted() != nil {
		t.Fatalf("sealed %d, halted %v", m.sealed.Size, m.Halted())
	}
	*branch = "other"
	m.Step(3, Applied{Size: 12, Root: rootOf("other", 12)})
	if !errors.Is(m.Halted(), ErrDiverged) {
		t.Errorf("another tree than the sealed one: halted %v", m.Halted())
	}
}

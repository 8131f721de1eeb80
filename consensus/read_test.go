package consensus

import (
	"errors"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// TestStandings: a batch number alone says nothing, since a later epoch may stand below it and has all that counts.
func TestStandings(t *testing.T) {
	for _, row := range []struct {
		here, there standing
		reached     bool
	}{
		{standing{0, 5}, standing{0, 5}, true},
		{standing{0, 4}, standing{0, 5}, false},
		{standing{1, 3}, standing{0, 5}, true},
		{standing{0, 9}, standing{1, 3}, false},
		{standing{1, 2}, standing{1, 3}, false},
	} {
		if got := row.here.reached(row.there); got != row.reached {
			t.Errorf("%+v has reached %+v: %v", row.here, row.there, got)
		}
	}
}

// TestReceiptOfWhatIsNotFinal: what is only accepted has no receipt, though there is a final checkpoint.
func TestReceiptOfWhatIsNotFinal(t *testing.T) {
	s := newScribe(t)
	head, first := s.pays()
	if _, err := s.n.Receipt(first.ID()); !errors.Is(err, ErrNotFinal) {
		t.Errorf("before the first checkpoint: %v", err)
	}
	s.final(head)
	_, second := s.pays()
	if _, err := s.n.Receipt(second.ID()); !errors.Is(err, ErrNotFinal) {
		t.Errorf("above the checkpoint: %v", err)
	}
	if _, err := s.n.Receipt(tx.ID{1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	r, err := s.n.Receipt(first.ID())
	if err == nil {
		_, err = r.Verify(s.world.Genesis.Trust())
	}
	if err != nil {
		t.Errorf("of what is final: %v", err)
	}
}

// TestReadsWhileBatchesAreTakenBack: between the state before and the state after nobody is given an answer.
func TestReadsWhileBatchesAreTakenBack(t *testing.T) {
	s := newScribe(t)
	s.stop("v1")
	var during []error
	var size uint64
	s.simulated = &Simulated{Point: func(name string) error {
		if name == "epoch: nothing undone" || name == "epoch: undone, not opened" {
			_, err := s.nodes["v1"].Leaf(1)
			_, _, ok := s.nodes["v1"].rootAt(1)
			during = append(during, err)
			if _, err := s.nodes["v1"].History(s.world.Juma.Account, 0, 1, size); !errors.Is(s.nodes["v1"].Fatal(err), ErrReplaced) {
				t.Errorf("%s: a history: %v", name, err)
			}
			if ok {
				t.Errorf("%s: a root", name)
			}
		}
		return nil
	}}
	s.restart("v1")
	s.n = s.nodes["v1"]
	start, _ := s.pays()
	last, _ := s.pays()
	size = last.Size
	if a, ok := s.order(s.opening(s.change(1, voteOf(start)), start, nil)).(*applied); !ok || a.void != nil {
		t.Fatalf("the opening: %v", a)
	}
	if err := s.n.Err(); err != nil {
		t.Errorf("a read has ended the node: %v", err)
	}
	if leaves, err := s.n.History(s.world.Juma.Account, 0, 9, size); err != nil && !errors.Is(err, ErrReplaced) {
		t.Errorf("what was read before is gone: %d leaves, %v", len(leaves), err)
	}
	if len(during) != 2 || !errors.Is(during[0], ErrReplaced) || !errors.Is(during[1], ErrReplaced) {
		t.Errorf("got %v", during)
	}
	if _, err := s.n.Leaf(1); err != nil {
		t.Errorf("after it: %v", err)
	}
}

package finality

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// TestVoteOfOneThatIsFarBehind: a validator hears of a certificate of an epoch that its own tree has not come to. It ends no epoch by
// itself, and with others one that is after that: a vote for an epoch can not name a certificate of it or of a later one, so nobody
// would take it, nor would this validator after a restart.
func TestVoteOfOneThatIsFarBehind(t *testing.T) {
	set, keys := members(t, 4)
	config := Config{
		Network: testNetwork, Validators: set, Name: "a", Key: keys["a"], EpochTicks: 3,
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
	if err := state.Wished.verify(testNetwork, set, self); err != nil || state.Wished.Epoch != 5 {
		t.Errorf("the vote is for epoch %d: %v", state.Wished.Epoch, err)
	}
	config.State = state
	if _, err := New(config); err != nil {
		t.Error("restart:", err)
	}
}

package finality

import (
	"testing"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// TestVoteOfOneThatIsFarBehind: a validator hears of a certificate of an epoch that its own tree has not come to. When it then
// ends its epoch, its vote is for one after that, since a vote for an epoch can not name a certificate of it or of a later one:
// nobody would take it, nor would this validator after a restart.
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
	word := EpochWord{
		Epoch: 5, Certified: held.Vote, Certificate: held.Signatures,
		Signature: checkpoint.SignEpoch(testNetwork, 5, held.Vote, keys["b"]),
	}
	m.Step(2, Message{From: "b", Messages: Messages{Validator: "b", Wish: word}})
	for tick := uint64(3); m.State().Wished.Epoch == 0; tick++ {
		if tick > 20 {
			t.Fatal("the epoch never ends")
		}
		m.Step(tick, Message{From: "c", Messages: Messages{Validator: "c"}})
		m.Step(tick, Message{From: "d", Messages: Messages{Validator: "d"}})
		m.Step(tick, Tick{})
	}
	state := m.State()
	self, _ := set.Find("a")
	if err := state.Wished.verify(testNetwork, set, self); err != nil {
		t.Errorf("the vote is for epoch %d: %v", state.Wished.Epoch, err)
	}
	config.State = state
	if _, err := New(config); err != nil {
		t.Error("restart:", err)
	}
}

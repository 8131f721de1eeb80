package sdk_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

func openLight(t *testing.T, h *lightHistory, path string) *sdk.Light {
	t.Helper()
	l, err := sdk.OpenLight(h.world.Genesis, path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newLight(t *testing.T, h *lightHistory) (*sdk.Light, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "light.json")
	return openLight(t, h, path), path
}

func update(t *testing.T, l *sdk.Light, sources ...sdk.LightSource) {
	t.Helper()
	if err := l.Update(t.Context(), sources...); err != nil {
		t.Fatal(err)
	}
}

func isAt(t *testing.T, l *sdk.Light, size uint64) {
	t.Helper()
	if c, _ := l.Highest(); c.Size != size {
		t.Errorf("the highest checkpoint is of size %d, want %d", c.Size, size)
	}
}

// TestLightOverManySets: from the genesis to today over sixty validator sets that have nobody in common; receipts of every
// time verify offline, with their chain and without.
func TestLightOverManySets(t *testing.T) {
	h := newLightHistory(t)
	l, path := newLight(t, h)
	type paid struct{ leaf, size uint64 }
	var all []paid
	for i := range uint64(60) {
		leaf := h.pay(i)
		all = append(all, paid{leaf, h.size()})
		h.change()
		all = append(all, paid{leaf, h.size()}) // The last checkpoint of a set: the one that names the next.
		switch i {
		case 0, 1, 30:
			update(t, l, h.at(h.size()))
			l = openLight(t, h, path)
			isAt(t, l, h.size())
		}
	}
	h.pay(1000)
	update(t, l, h.at(h.size()))
	if l.ValidatorSet().Hash() != h.sets[60].Hash() {
		t.Fatal("another validator set than today's")
	}
	for i, p := range all {
		if i%9 > 1 {
			continue
		}
		for _, whole := range []bool{true, false} {
			v, err := l.Verify(h.receipt(p.leaf, p.size, whole))
			if err != nil || v.LeafIndex != p.leaf {
				t.Errorf("receipt of leaf %d under size %d, chain %v: %v", p.leaf, p.size, whole, err)
			}
		}
	}
	if v, err := l.Confirm(t.Context(), h.receipt(all[3].leaf, all[3].size, false), h.at(h.size())); err != nil || v.LeafIndex != all[3].leaf {
		t.Errorf("confirm: %v", err)
	}
	fresh, _ := newLight(t, h)
	update(t, fresh, h.at(h.size())) // All at once.
	isAt(t, fresh, h.size())
}

// TestLightReceiptNewerThanTheClient: such a receipt verifies by its own chain; confirming it brings the client there.
func TestLightReceiptNewerThanTheClient(t *testing.T) {
	h := newLightHistory(t)
	h.pay(1)
	l, _ := newLight(t, h)
	update(t, l, h.at(h.size()))
	h.change()
	leaf := h.pay(2)
	r := h.receipt(leaf, h.size(), true)
	if _, err := l.Verify(r); err != nil {
		t.Errorf("offline: %v", err)
	}
	if _, err := l.Confirm(t.Context(), r, h.at(3)); !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("confirmed by a validator that does not have it: %v", err)
	}
	if _, err := l.Confirm(t.Context(), r, h.at(h.size())); err != nil {
		t.Errorf("confirm: %v", err)
	}
	isAt(t, l, h.size())
}

// TestLightFork: whichever of two histories comes second, and however large its tree is, the client keeps the first, tells the
// fork, and keeps evidence that names more than f liars to anybody offline.
func TestLightFork(t *testing.T) {
	a := newLightHistory(t)
	a.pay(1)
	a.pay(2)
	b := a.forked(3)
	for i := range uint64(6) {
		a.pay(10 + i)
		b.pay(20 + i)
	}
	const seen = 9
	aLeaf, bLeaf := uint64(5), uint64(5)
	for _, row := range []struct {
		name string
		meet func(l *sdk.Light) error
	}{
		{"larger", func(l *sdk.Light) error { return l.Update(t.Context(), b.at(13)) }},
		{"of the same size", func(l *sdk.Light) error { return l.Update(t.Context(), b.at(seen)) }},
		{"smaller, told by another validator", func(l *sdk.Light) error { return l.Update(t.Context(), b.at(7), a.at(11)) }},
		{"after a validator that is down", func(l *sdk.Light) error { return l.Update(t.Context(), a.at(5), b.at(13)) }},
		{"receipt of the same size, offline", func(l *sdk.Light) error {
			_, err := l.Verify(b.receipt(bLeaf, seen, true))
			return err
		}},
		{"smaller receipt, confirmed", func(l *sdk.Light) error {
			_, err := l.Confirm(t.Context(), b.receipt(bLeaf, 7, true), a.at(seen))
			return err
		}},
		{"larger receipt, confirmed", func(l *sdk.Light) error {
			_, err := l.Confirm(t.Context(), b.receipt(bLeaf, 11, true), a.at(13))
			return err
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, path := newLight(t, a)
			update(t, l, a.at(seen))
			before, note := l.Highest()
			var fork *checkpoint.Fork
			if err := row.meet(l); !errors.As(err, &fork) {
				t.Fatalf("got %v, want a fork", err)
			}
			if now, _ := l.Highest(); now.Root != before.Root && now.Size <= seen {
				t.Errorf("the history has become another: %s", note)
			}
			kept, err := sdk.ReadFork(path + ".fork")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []*checkpoint.Fork{fork, kept} {
				liars, err := f.Verify(a.world.Genesis.Trust())
				if err != nil || len(liars) < a.world.Set.Faults()+1 {
					t.Errorf("the evidence names %v: %v", liars, err)
				}
			}
			kept.Growth.FromRoot[0] ^= 1
			if _, err := kept.Verify(a.world.Genesis.Trust()); err == nil {
				t.Error("evidence with another root is evidence")
			}
			if _, err := l.Verify(a.receipt(aLeaf, seen, true)); err != nil {
				t.Errorf("the first history's receipts: %v", err)
			}
		})
	}
}

// TestLightBehind: a validator that lags, or holds back what is new, is no reason to go back, and no fork.
func TestLightBehind(t *testing.T) {
	h := newLightHistory(t)
	for i := range uint64(4) {
		h.pay(i)
	}
	l, path := newLight(t, h)
	update(t, l, h.at(7))
	if err := l.Update(t.Context(), h.at(5)); !errors.Is(err, sdk.ErrBehind) {
		t.Errorf("got %v, want %v", err, sdk.ErrBehind)
	}
	isAt(t, l, 7)
	isAt(t, openLight(t, h, path), 7)
	update(t, l, h.at(5), h.at(7)) // Nothing new, and sound.
	update(t, l, h.at(3), h.at(9))
	isAt(t, l, 9)
	if err := l.Update(t.Context()); !errors.Is(err, sdk.ErrUnavailable) {
		t.Errorf("without sources: %v", err)
	}
}

// TestLightLies: what is not proved is not taken, is no fork either, and the next validator is asked.
func TestLightLies(t *testing.T) {
	h := newLightHistory(t)
	h.pay(1)
	h.change()
	h.pay(2)
	h.pay(3)
	h.change()
	h.pay(4)
	size := h.size()
	other := newLightHistory(t)
	other.world = ledgertest.Network(t, "another network")
	other.keys = other.world.Validators
	two := func(note []byte) []byte {
		return note[:strings.LastIndex(strings.TrimSuffix(string(note), "\n"), "\n")+1]
	}
	for _, row := range []struct {
		name string
		lie  func(a *sdk.LightAnswer)
	}{
		{"no growth", func(a *sdk.LightAnswer) { a.Growth = nil }},
		{"growth from elsewhere", func(a *sdk.LightAnswer) { a.Growth.From-- }},
		{"growth from another root", func(a *sdk.LightAnswer) { a.Growth.FromRoot[0] ^= 1 }},
		{"growth that proves nothing", func(a *sdk.LightAnswer) { a.Growth.Hashes[0][0] ^= 1 }},
		{"growth without an end", func(a *sdk.LightAnswer) { a.Growth.Hashes = make([][32]byte, 100) }},
		{"two of three", func(a *sdk.LightAnswer) { a.Checkpoint = two(a.Checkpoint) }},
		{"garbage", func(a *sdk.LightAnswer) { a.Checkpoint = []byte("garbage") }},
		{"nothing", func(a *sdk.LightAnswer) { a.Checkpoint = nil }},
		{"another network", func(a *sdk.LightAnswer) { a.Checkpoint = other.note(1, other.world.Set) }},
		{"by the old set", func(a *sdk.LightAnswer) { a.Checkpoint = h.note(size, h.sets[0]) }},
		{"a change left out", func(a *sdk.LightAnswer) { a.Changes = a.Changes[1:] }},
		{"all changes left out", func(a *sdk.LightAnswer) { a.Changes = nil }},
		{"changes in another order", func(a *sdk.LightAnswer) { a.Changes = []checkpoint.SetChange{a.Changes[1], a.Changes[0]} }},
		{"a change twice", func(a *sdk.LightAnswer) { a.Changes = append(slices.Clip(a.Changes), a.Changes[1]) }},
		{"changes newer than the checkpoint", func(a *sdk.LightAnswer) { a.Checkpoint = h.note(4, h.sets[0]) }},
		{"another set", func(a *sdk.LightAnswer) {
			a.Changes = slices.Clone(a.Changes)
			a.Changes[1].Set = h.sets[0]
		}},
		{"more sets than anybody has", func(a *sdk.LightAnswer) {
			for len(a.Changes) < 5000 {
				a.Changes = append(a.Changes, a.Changes[0])
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, _ := newLight(t, h)
			update(t, l, h.at(3))
			err := l.Update(t.Context(), h.at(size, row.lie))
			var fork *checkpoint.Fork
			if err == nil || errors.As(err, &fork) {
				t.Errorf("got %v", err)
			}
			isAt(t, l, 3)
			update(t, l, h.at(size, row.lie), h.at(size))
			isAt(t, l, size)
		})
	}
}

// TestLightRetiredSet: keys of a set that is long gone have leaked. What they sign for later is refused offline where the
// client knows better; what they forge for their own time is found when it is confirmed.
func TestLightRetiredSet(t *testing.T) {
	h := newLightHistory(t)
	h.pay(1)
	h.change()
	h.pay(2)
	h.pay(3)
	l, _ := newLight(t, h)
	update(t, l, h.at(h.size()))
	old := h.sets[0]
	forger := h.forked(3)
	leaf := forger.pay(66)
	r := checkpoint.Receipt{Proof: forger.proof(leaf, forger.size(), old)}
	if _, err := l.Verify(r); err == nil {
		t.Error("a receipt of the old set for a later size was taken")
	}
	forger.change()
	leaf = forger.pay(67)
	if _, err := l.Verify(forger.receipt(leaf, forger.size(), true)); !errors.Is(err, sdk.ErrRetiredSet) {
		t.Errorf("a chain of its own: %v, want %v", err, sdk.ErrRetiredSet)
	}
	// Of the set's own time, and never in the history.
	early := h.forked(1)
	leaf = early.pay(68)
	r = early.receipt(leaf, early.size(), true)
	if _, err := l.Verify(r); err != nil {
		t.Errorf("offline it cannot be told: %v", err)
	}
	var fork *checkpoint.Fork
	if _, err := l.Confirm(t.Context(), r, h.at(h.size())); !errors.As(err, &fork) {
		t.Errorf("confirmed: %v", err)
	}
}

// TestLightOverTheNetwork: a light client and the validators' own answers.
func TestLightOverTheNetwork(t *testing.T) {
	n := sdktest.New(t)
	client := n.Client(t)
	l, err := sdk.OpenLight(n.Genesis, filepath.Join(t.TempDir(), "light.json"))
	if err != nil {
		t.Fatal(err)
	}
	update(t, l, client.LightSources()...)
	wallet := sdk.NewWallet(client, n.Issuer, sdk.WalletOptions{Account: &n.IssuerAccount})
	var last sdk.Outcome
	for i := range amount.Amount(3) {
		if last, err = wallet.Pay(within(t, 10*time.Second), n.Juma.Number, ledgertest.KES, 1_00+i, ""); err != nil || !last.Applied() {
			t.Fatalf("%+v, %v", last, err)
		}
	}
	r, _, err := client.Receipt(within(t, 10*time.Second), last.ID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.Confirm(within(t, 10*time.Second), r, client.LightSources()...)
	if err != nil || v.Transaction.ID() != last.ID {
		t.Fatalf("confirm: %v", err)
	}
	isAt(t, l, r.LeafIndex+2)
	n.Validators[0].Stop()
	update(t, l, client.LightSources()...)
}

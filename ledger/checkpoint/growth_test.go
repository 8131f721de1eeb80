package checkpoint_test

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
)

// grown proves how a history's tree grew.
func (h *history) grown(from, to uint64) checkpoint.Growth {
	h.t.Helper()
	proof, err := tlog.ProveTree(int64(to), int64(from), h)
	if err != nil {
		h.t.Fatal(err)
	}
	g := checkpoint.Growth{From: from, FromRoot: h.checkpoint(from).Root}
	for _, hash := range proof {
		g.Hashes = append(g.Hashes, hash)
	}
	return g
}

// TestFork: two histories with a leaf in common are a fork, and it names who cosigned both; whatever else is called one is
// none.
func TestFork(t *testing.T) {
	one, two := newHistory(t), newHistory(t)
	for i := range uint64(4) {
		one.payment(1 + i)
		two.payment(11 + i)
	}
	trust := one.world.Genesis.Trust()
	note := func(h *history, size uint64, names ...string) []byte {
		t.Helper()
		c := h.checkpoint(size)
		raw, err := c.Seal(h.world.Set, h.cosign(c, names...))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	good := checkpoint.Fork{Small: note(one, 3, "v1", "v2", "v3"), Large: note(two, 5, "v2", "v3", "v4"), Growth: two.grown(3, 5)}
	for _, row := range []struct {
		name   string
		change func(f *checkpoint.Fork)
		want   error
	}{
		{"as it is", func(*checkpoint.Fork) {}, nil},
		{"of one size", func(f *checkpoint.Fork) {
			f.Large, f.Growth = note(two, 3, "v2", "v3", "v4"), checkpoint.Growth{From: 3, FromRoot: two.checkpoint(3).Root}
		}, nil},
		{"one history", func(f *checkpoint.Fork) {
			f.Large, f.Growth = note(one, 5, "v2", "v3", "v4"), one.grown(3, 5)
		}, checkpoint.ErrNoFork},
		{"one history, said to have had another root", func(f *checkpoint.Fork) {
			f.Large, f.Growth = note(one, 5, "v2", "v3", "v4"), one.grown(3, 5)
			f.Growth.FromRoot[0] ^= 1
		}, checkpoint.ErrBadGrowth},
		{"growth of the other", func(f *checkpoint.Fork) { f.Growth = one.grown(3, 5) }, checkpoint.ErrBadGrowth},
		{"growth from elsewhere", func(f *checkpoint.Fork) { f.Growth = two.grown(2, 5) }, checkpoint.ErrNoFork},
		{"no growth", func(f *checkpoint.Fork) { f.Growth = checkpoint.Growth{} }, checkpoint.ErrBadGrowth},
		{"the larger first", func(f *checkpoint.Fork) { f.Small, f.Large = f.Large, f.Small }, checkpoint.ErrBadGrowth},
		{"no quorum", func(f *checkpoint.Fork) { f.Small = note(one, 3, "v1", "v2") }, checkpoint.ErrNoQuorum},
		{"no note", func(f *checkpoint.Fork) { f.Large = nil }, checkpoint.ErrBadCheckpoint},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := good
			f.Growth.Hashes = slices.Clone(good.Growth.Hashes)
			row.change(&f)
			liars, err := f.Verify(trust)
			if !errors.Is(err, row.want) || row.want == nil && !slices.Equal(liars, []string{"v2", "v3"}) {
				t.Errorf("names %v: %v, want %v", liars, err, row.want)
			}
		})
	}
}

func FuzzTrim(f *testing.F) {
	h, r := receipt(f)
	c := h.checkpoint(5)
	f.Add(string(r.Checkpoint))
	f.Add(string(r.Checkpoint) + c.LogLine(h.world.Validators["v1"]))
	f.Fuzz(func(t *testing.T, served string) {
		trimmed, got, err := checkpoint.Trim(h.world.Network, h.world.Set, []byte(served))
		if err != nil {
			return
		}
		if again, _, err := checkpoint.Open(h.world.Network, h.world.Set, trimmed); err != nil || again != got {
			t.Errorf("%q is trimmed to what does not open: %v", served, err)
		}
	})
}

func FuzzParseWitness(f *testing.F) {
	h, _ := receipt(f)
	v, _ := h.world.Set.Find("v1")
	f.Add(v.VerifierKey())
	f.Add(checkpoint.LogVerifierKey(h.world.Network, v))
	f.Fuzz(func(t *testing.T, text string) {
		if w, err := checkpoint.ParseWitness(text); err == nil && w.Name() == "" {
			t.Errorf("%q is a witness without a name", text)
		}
	})
}

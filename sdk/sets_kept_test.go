package sdk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/sdk/sdktest"
)

// TestSetsAreKept: what was seen of the validator sets is there in the next run, in the file that is named or beside the outbox, and what
// is damaged is told.
func TestSetsAreKept(t *testing.T) {
	n := sdktest.New(t)
	becomes(t, n, seven...)
	path := filepath.Join(t.TempDir(), "sets.json")
	named := func(c *sdk.Config) { c.SetFile = path }
	stop := func() {
		for _, v := range n.Validators {
			v.Stop()
		}
	}
	knows(t, n, n.Client(t, named), 7)
	dir := t.TempDir()
	box, err := sdk.NewFileOutbox(dir)
	check(t, err)
	client := n.Client(t)
	sdk.NewWallet(client, n.Key(t, "wallet"), sdk.WalletOptions{Outbox: box})
	knows(t, n, client, 7)
	stop()
	if got := len(n.Client(t, named).ValidatorSet()); got != 7 {
		t.Errorf("after a restart the set has %d", got)
	}
	client = n.Client(t)
	sdk.NewWallet(client, n.Key(t, "wallet"), sdk.WalletOptions{Outbox: box})
	if got := len(client.ValidatorSet()); got != 7 {
		t.Errorf("beside an outbox the set has %d", got)
	}
	if left, err := box.Left(); err != nil || len(left) != 0 {
		t.Errorf("the outbox takes it for %d transactions: %v", len(left), err)
	}
	check(t, os.WriteFile(path, []byte("{"), 0o600))
	config := n.Config()
	config.SetFile = path
	if _, err := sdk.Open(config); !errors.Is(err, sdk.ErrLightFile) || !errors.Is(err, sdk.ErrBadConfig) {
		t.Errorf("damaged: %v", err)
	}
}

// TestLightBoundaryMoves: a client has seen a boundary, and then the set before has opened an epoch: the boundary is later. It follows to the
// new one and above, takes the receipts of both sides, and forgets nothing over a restart.
func TestLightBoundaryMoves(t *testing.T) {
	for _, between := range []bool{true, false} {
		h := newLightHistory(t)
		h.pay(1)
		h.change()
		b := h.size()
		l, path := newLight(t, h)
		update(t, l, h.at(b))
		isAt(t, l, b)
		h.move()
		moved := h.size()
		if between { // The checkpoint of the later boundary is one of the set before.
			update(t, l, h.at(moved))
			isAt(t, l, moved)
		}
		leaf := h.pay(2)
		l = openLight(t, h, path)
		if !between {
			if _, err := l.Verify(h.receipt(leaf, h.size(), true)); err != nil {
				t.Errorf("receipt of the set that has begun, before the client knows of the move: %v", err)
			}
		}
		update(t, l, h.at(h.size()))
		isAt(t, l, h.size())
		l = openLight(t, h, path)
		for _, size := range []uint64{b, moved, h.size()} {
			if _, err := l.Verify(h.receipt(1, size, size > moved)); err != nil {
				t.Errorf("between %v: receipt of size %d: %v", between, size, err)
			}
		}
		// Above the boundary something is final now: it moves no more.
		h.move()
		h.pay(3)
		if err := l.Update(t.Context(), h.at(h.size())); err == nil {
			t.Error("a boundary moved over what was final above it")
		}
	}
}

// TestTheSameSetAgain: the set of the genesis is in force, then another, then that of the genesis again. A client at the genesis learns of
// both changes, and one that knows them of none.
func TestTheSameSetAgain(t *testing.T) {
	n := sdktest.New(t)
	becomes(t, n, seven...)
	becomes(t, n, seven[:4]...)
	client := n.Client(t)
	knows(t, n, client, 4)
	_, changes := n.Checkpoint()
	sets := checkpoint.Succession{First: n.Set, Changes: changes}
	for _, row := range []struct{ seen, want uint64 }{{0, 2}, {1, 2}, {changes[0].LeafIndex + 1, 2}, {changes[1].LeafIndex + 1, 0}, {1 << 40, 0}} {
		if got, known := sets.AfterSet(n.Set.Hash(), row.seen); !known || uint64(len(got)) != row.want {
			t.Errorf("after size %d: %d changes, want %d", row.seen, len(got), row.want)
		}
	}
	if got, known := sets.AfterSet(changes[0].Set.Hash(), changes[0].LeafIndex); !known || len(got) != 2 {
		t.Errorf("for who has seen an earlier boundary: %d changes", len(got))
	}
	if _, known := sets.AfterSet([32]byte{1}, 0); known {
		t.Error("a set that never was is known")
	}
	signed := payment(t, n, 100_00)
	n.Advance(2 * time.Minute)
	if o, err := outcome(t, client, signed); err != nil || !o.Expired {
		t.Errorf("%+v, %v", o, err)
	}
}

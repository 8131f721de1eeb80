package ledgertest

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"reflect"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Chain is a running ledger: it packs envelopes into batches as an honest leader does, applies and keeps them, and lets
// time pass when a test says so.
//
// Every batch is applied twice, committed, taken back and committed again, and audited: a test of anything is a test of
// determinism, undo and conservation too.
type Chain struct {
	World  *World
	Memory *Memory
	// TimeUnixMs is the time of the next batch; it moves by Tick alone.
	TimeUnixMs uint64
	// Leader packs the next batch.
	Leader string
	// Verify remembers what it verified.
	Verify ledger.Verifier
	// Audited says how often the ledger is audited: after every Audited-th batch; 0 and 1 are every batch.
	Audited int
}

// NewChain founds the world's ledger.
func NewChain(t TB, w *World) *Chain {
	t.Helper()
	fx, err := ledger.Found(w.Genesis)
	if err != nil {
		t.Fatal(err)
	}
	c := &Chain{World: w, Memory: NewMemory(), TimeUnixMs: GenesisTimeUnixMs, Leader: w.Set[0].Name, Verify: Remember(ledger.Verify(w.Network))}
	if err := c.Memory.Commit(fx); err != nil {
		t.Fatal(err)
	}
	c.audit(t)
	return c
}

// Remember makes a verifier that verifies each envelope once.
func Remember(verify ledger.Verifier) ledger.Verifier {
	known := make(map[string]*tx.Signed)
	return func(envelope []byte) (*tx.Signed, error) {
		if signed, ok := known[string(envelope)]; ok {
			return signed, nil
		}
		signed, err := verify(envelope)
		if err == nil {
			known[string(envelope)] = signed
		}
		return signed, err
	}
}

// Tick lets ledger time pass.
func (c *Chain) Tick(ms uint64) { c.TimeUnixMs += ms }

// State reads the newest state.
func (c *Chain) State() ledger.State { return ledger.Read(c.Memory) }

// Header is that of the next batch, without the hash of its envelopes. The first of a validator set carries the checkpoint of the set before.
func (c *Chain) Header() tx.BatchHeader {
	head := c.Memory.Head()
	h := tx.BatchHeader{
		Epoch: head.Epoch, Number: head.Batch + 1, PreviousHash: head.BatchHash, TimeUnixMs: c.TimeUnixMs, Leader: c.Leader,
	}
	if before, err := c.State().SetBefore(); err == nil && before != nil {
		h.Epoch, h.SetCheckpoint = checkpoint.FirstEpoch(head.Epoch), c.World.Note(before, head)
	}
	return h
}

// Note is the checkpoint of a head, cosigned by a quorum of a set, at the head's time; nil when the world lacks the keys.
func (w *World) Note(set checkpoint.ValidatorSet, head ledger.Head) []byte {
	c := checkpoint.Checkpoint{Network: w.Network, Size: head.Size, Root: head.Root}
	var cosigs []checkpoint.Cosignature
	for _, v := range set {
		for _, secret := range w.Validators {
			if v.PublicKey().Equal(secret.Public()) && len(cosigs) < set.Quorum() {
				cosigs = append(cosigs, c.Cosign(v.Name, secret, head.TimeUnixMs/1000))
			}
		}
	}
	note, err := c.Seal(set, cosigs)
	if err != nil {
		return nil
	}
	return note
}

// Batch applies envelopes as the next batch, and fails the test when it is void.
func (c *Chain) Batch(t TB, envelopes ...[]byte) *ledger.Effects {
	t.Helper()
	fx, err := c.Apply(t, c.Header(), c.World.Validators[c.Leader], envelopes...)
	if err != nil {
		t.Fatalf("batch %d: %v", c.Memory.Head().Batch+1, err)
	}
	return fx
}

// Apply applies envelopes under any header, signed by any key. A void batch is an error and leaves no trace.
func (c *Chain) Apply(t TB, h tx.BatchHeader, leader ed25519.PrivateKey, envelopes ...[]byte) (*ledger.Effects, error) {
	t.Helper()
	batch, err := tx.ParseBatch(c.World.Network, tx.SealBatch(c.World.Network, h, envelopes, leader))
	if err != nil {
		t.Fatalf("seal batch %d: %v", h.Number, err)
	}
	before := c.Memory.Export()
	fx, err := ledger.Apply(c.Memory, c.Memory.Head(), c.World.Network, c.Verify, batch)
	if err != nil {
		if !errors.Is(err, ledger.ErrVoid) {
			t.Fatalf("apply batch %d: %v", h.Number, err)
		}
		if !bytes.Equal(before, c.Memory.Export()) {
			t.Errorf("batch %d is void and left a trace", h.Number)
		}
		return nil, err
	}
	again, err := ledger.Apply(c.Memory, c.Memory.Head(), c.World.Network, c.Verify, batch)
	if err != nil || !reflect.DeepEqual(fx, again) {
		t.Errorf("batch %d applied twice gives two effects: %v\n%s", h.Number, err, cmp.Diff(fx, again))
	}
	c.commit(t, fx, before)
	return fx, nil
}

// commit keeps the effects, takes them back, and keeps them again.
func (c *Chain) commit(t TB, fx *ledger.Effects, before []byte) {
	t.Helper()
	if err := c.Memory.Commit(fx); err != nil {
		t.Fatal(err)
	}
	after := c.Memory.Export()
	if err := c.Memory.Undo(fx); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, c.Memory.Export()) {
		t.Errorf("batch %d: undo does not give back the bytes before it", fx.After.Batch)
	}
	if err := c.Memory.Commit(fx); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(after, c.Memory.Export()) {
		t.Errorf("batch %d: commit after undo gives other bytes", fx.After.Batch)
	}
	if c.Audited <= 1 || fx.After.Batch%uint64(c.Audited) == 0 {
		c.audit(t)
	}
}

func (c *Chain) audit(t TB) {
	t.Helper()
	Audit(t, c.Memory, c.Memory.Leaf, c.Memory.Head(), c.World.Network)
}

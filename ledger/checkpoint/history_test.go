package checkpoint_test

import (
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// history is a history tree of a test's own, over the world of the package.
type history struct {
	t      testing.TB
	world  *ledgertest.World
	leaves [][]byte
	hashes []tlog.Hash
}

const cosignTimeUnixS = 1_767_225_700

func newHistory(t testing.TB) *history {
	h := &history{t: t, world: ledgertest.Network(t, "checkpoint")}
	h.header(h.world.Set) // of the genesis
	return h
}

// ReadHashes serves package tlog.
func (h *history) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = h.hashes[index]
	}
	return out, nil
}

// add appends a leaf and returns its index.
func (h *history) add(leaf []byte) uint64 {
	h.t.Helper()
	index := len(h.leaves)
	hashes, err := tlog.StoredHashes(int64(index), leaf, h)
	if err != nil {
		h.t.Fatal(err)
	}
	h.leaves, h.hashes = append(h.leaves, leaf), append(h.hashes, hashes...)
	return uint64(index)
}

// header appends a header leaf that names the set.
func (h *history) header(set checkpoint.ValidatorSet) uint64 {
	return h.add(tx.Header{Batch: uint64(len(h.leaves)), TimeUnixMs: ledgertest.GenesisTimeUnixMs, ValidatorSetHash: set.Hash(), RulesVersion: 1}.Encode())
}

// payment appends the leaf of the n-th payment from Juma to Amina.
func (h *history) payment(n uint64) uint64 {
	h.t.Helper()
	w := h.world
	body, err := tx.Body{
		Nonce: w.Nonce(n), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 600_000,
		Operations: []tx.Operation{tx.Transfer{
			Debit: w.Juma.Account, Credit: w.Amina.Account, Asset: ledgertest.KES, Amount: 150_00, Alias: &w.Amina.Alias,
			Fee: &tx.Fee{Provider: w.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee},
		}},
	}.Encode()
	if err != nil {
		h.t.Fatal(err)
	}
	signed, err := tx.Seal(w.Network, body, w.Provider)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.add(tx.Record{
		Envelope: signed.Envelope(), Result: tx.Result{Code: tx.OK},
		PostStates: []tx.PostState{
			{Account: w.Juma.Account, Asset: ledgertest.KES, Posted: 9_849_00},
			{Account: w.Amina.Account, Asset: ledgertest.KES, Posted: 650_00},
		},
	}.Encode())
}

// checkpoint is the tree of the first size leaves.
func (h *history) checkpoint(size uint64) checkpoint.Checkpoint {
	h.t.Helper()
	root, err := tlog.TreeHash(int64(size), h)
	if err != nil {
		h.t.Fatal(err)
	}
	return checkpoint.Checkpoint{Network: h.world.Network, Size: size, Root: root}
}

// cosign gives the cosignatures of the named validators of the world.
func (h *history) cosign(c checkpoint.Checkpoint, names ...string) []checkpoint.Cosignature {
	var out []checkpoint.Cosignature
	for i, name := range names {
		out = append(out, c.Cosign(name, h.world.Validators[name], cosignTimeUnixS+uint64(i)))
	}
	return out
}

// proof places a leaf under the tree of size leaves, cosigned by the named validators of the set.
func (h *history) proof(index, size uint64, set checkpoint.ValidatorSet, names ...string) checkpoint.Proof {
	h.t.Helper()
	c := h.checkpoint(size)
	note, err := c.Seal(set, h.cosign(c, names...))
	if err != nil {
		h.t.Fatal(err)
	}
	inclusion, err := tlog.ProveRecord(int64(size), int64(index), h)
	if err != nil {
		h.t.Fatal(err)
	}
	p := checkpoint.Proof{Leaf: h.leaves[index], LeafIndex: index, Checkpoint: note}
	for _, hash := range inclusion {
		p.Inclusion = append(p.Inclusion, hash)
	}
	return p
}

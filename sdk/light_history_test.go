package sdk_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
)

// lightHistory is a history whose validator set changes, with everybody's keys.
type lightHistory struct {
	t      *testing.T
	world  *ledgertest.World
	keys   map[string]ed25519.PrivateKey
	leaves [][]byte
	hashes []tlog.Hash
	// changes and sets: sets[i] is in force before changes[i].
	sets    []checkpoint.ValidatorSet
	changes []checkpoint.SetChange
}

func newLightHistory(t *testing.T) *lightHistory {
	w := ledgertest.Network(t, "light")
	h := &lightHistory{t: t, world: w, keys: w.Validators, sets: []checkpoint.ValidatorSet{w.Set}}
	h.header(w.Set)
	return h
}

// forked is another history that begins with the first leaves of this one.
func (h *lightHistory) forked(size int) *lightHistory {
	f := *h
	f.leaves, f.hashes = slices.Clone(h.leaves[:size]), slices.Clone(h.hashes[:tlog.StoredHashCount(int64(size))])
	n := 0
	for n < len(h.changes) && h.changes[n].LeafIndex < uint64(size) {
		n++
	}
	f.changes, f.sets = slices.Clone(h.changes[:n]), slices.Clone(h.sets[:n+1])
	return &f
}

// ReadHashes serves package tlog.
func (h *lightHistory) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, h.hashes[i])
	}
	return out, nil
}

func (h *lightHistory) size() uint64 { return uint64(len(h.leaves)) }

func (h *lightHistory) add(leaf []byte) uint64 {
	h.t.Helper()
	index := h.size()
	hashes, err := tlog.StoredHashes(int64(index), leaf, h)
	if err != nil {
		h.t.Fatal(err)
	}
	h.leaves, h.hashes = append(h.leaves, leaf), append(h.hashes, hashes...)
	return index
}

func (h *lightHistory) header(set checkpoint.ValidatorSet) uint64 {
	return h.add(tx.Header{Batch: h.size(), TimeUnixMs: ledgertest.GenesisTimeUnixMs, ValidatorSetHash: set.Hash(), RulesVersion: 1}.Encode())
}

// pay adds a batch of one payment and gives its leaf.
func (h *lightHistory) pay(nonce uint64) uint64 {
	h.t.Helper()
	w := h.world
	body, err := tx.Body{
		Nonce: w.Nonce(nonce), ExpiresAtUnixMs: ledgertest.GenesisTimeUnixMs + 600_000,
		Operations: []tx.Operation{tx.Transfer{Debit: w.IssuerAccount, Credit: w.Juma.Account, Asset: ledgertest.KES, Amount: 1_00}},
	}.Encode()
	if err != nil {
		h.t.Fatal(err)
	}
	signed, err := tx.Seal(w.Network, body, w.Issuer)
	if err != nil {
		h.t.Fatal(err)
	}
	index := h.add(tx.Record{Envelope: signed.Envelope(), Result: tx.Result{Code: tx.OK}}.Encode())
	h.header(h.sets[len(h.sets)-1])
	return index
}

// change replaces the first validator of the set by a newcomer.
func (h *lightHistory) change() {
	h.t.Helper()
	name := fmt.Sprintf("n%04d", len(h.changes))
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	h.keys[name] = secret
	newcomer := checkpoint.Validator{Name: name, Key: [32]byte(secret.Public().(ed25519.PublicKey)), TLSKeyHash: seed}
	old := h.sets[len(h.sets)-1]
	members := append(slices.Clone(old), newcomer)
	// Names ascend, so the oldest newcomer leaves once those of the genesis have gone.
	leaves := slices.IndexFunc(members, func(v checkpoint.Validator) bool { return v.Name[0] == 'v' })
	if leaves < 0 {
		leaves = 0
	}
	set, err := checkpoint.NewValidatorSet(slices.Delete(members, leaves, leaves+1))
	if err != nil {
		h.t.Fatal(err)
	}
	at := h.header(set)
	h.changes = append(h.changes, checkpoint.SetChange{Proof: h.proof(at, h.size(), old), Set: set})
	h.sets = append(h.sets, set)
}

// move puts the boundary of the newest set one batch later, as the set before does when it opens an epoch.
func (h *lightHistory) move() {
	h.t.Helper()
	n := len(h.changes)
	at := h.header(h.sets[n])
	h.changes = append(slices.Clone(h.changes[:n-1]), checkpoint.SetChange{Proof: h.proof(at, h.size(), h.sets[n-1]), Set: h.sets[n]})
}

func (h *lightHistory) checkpoint(size uint64) checkpoint.Checkpoint {
	h.t.Helper()
	root, err := tlog.TreeHash(int64(size), h)
	if err != nil {
		h.t.Fatal(err)
	}
	return checkpoint.Checkpoint{Network: h.world.Network, Size: size, Root: root}
}

// note is the checkpoint of a size, cosigned by a quorum of a set.
func (h *lightHistory) note(size uint64, set checkpoint.ValidatorSet) []byte {
	h.t.Helper()
	c := h.checkpoint(size)
	var cosigs []checkpoint.Cosignature
	for _, v := range set[:set.Quorum()] {
		cosigs = append(cosigs, c.Cosign(v.Name, h.keys[v.Name], 1_790_000_000))
	}
	note, err := c.Seal(set, cosigs)
	if err != nil {
		h.t.Fatal(err)
	}
	return note
}

// setAt is the set that cosigns a size.
func (h *lightHistory) setAt(size uint64) checkpoint.ValidatorSet { return h.sets[h.changesAt(size)] }

func (h *lightHistory) changesAt(size uint64) (n int) {
	for n < len(h.changes) && h.changes[n].LeafIndex+1 < size {
		n++
	}
	return n
}

func (h *lightHistory) proof(index, size uint64, set checkpoint.ValidatorSet) checkpoint.Proof {
	h.t.Helper()
	inclusion, err := tlog.ProveRecord(int64(size), int64(index), h)
	if err != nil {
		h.t.Fatal(err)
	}
	p := checkpoint.Proof{Leaf: h.leaves[index], LeafIndex: index, Checkpoint: h.note(size, set)}
	for _, hash := range inclusion {
		p.Inclusion = append(p.Inclusion, hash)
	}
	return p
}

// receipt proves a payment under the checkpoint of a size, with the chain of sets if it is to be whole.
func (h *lightHistory) receipt(index, size uint64, whole bool) checkpoint.Receipt {
	r := checkpoint.Receipt{Proof: h.proof(index, size, h.setAt(size))}
	if whole {
		r.Changes = h.changes[:h.changesAt(size)]
	}
	return r
}

// at is a validator of this history that has so much of it; lie, if given, changes what it answers.
func (h *lightHistory) at(size uint64, lie ...func(*sdk.LightAnswer)) sdk.LightSource {
	return lightSource{h, size, lie}
}

type lightSource struct {
	h    *lightHistory
	size uint64
	lies []func(*sdk.LightAnswer)
}

func (s lightSource) Newest(_ context.Context, from uint64, set [32]byte) (sdk.LightAnswer, error) {
	h := s.h
	changes, known := checkpoint.Succession{First: h.sets[0], Changes: h.changes[:h.changesAt(s.size+1)]}.AfterSet(set, from)
	if !known {
		return sdk.LightAnswer{}, errors.New("no such set")
	}
	a := sdk.LightAnswer{Checkpoint: h.note(s.size, h.setAt(s.size)), Changes: slices.Clone(changes)}
	if from > 0 && from <= s.size {
		g, err := s.Growth(context.Background(), from, s.size)
		if err != nil {
			return sdk.LightAnswer{}, err
		}
		a.Growth = &g
	}
	for _, lie := range s.lies {
		lie(&a)
	}
	return a, nil
}

func (s lightSource) Growth(_ context.Context, from, to uint64) (checkpoint.Growth, error) {
	if from == 0 || from > to || to > s.size {
		return checkpoint.Growth{}, errors.New("not here")
	}
	proof, err := tlog.ProveTree(int64(to), int64(from), s.h)
	g := checkpoint.Growth{From: from, FromRoot: s.h.checkpoint(from).Root}
	for _, hash := range proof {
		g.Hashes = append(g.Hashes, hash)
	}
	return g, err
}

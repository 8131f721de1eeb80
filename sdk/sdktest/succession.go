package sdktest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Decide lets the validators decide by ballot that these are the validators from now on, and makes the batch final in which the ballot
// takes effect: the boundary. The next batch begins the set. Newcomers get keys and a service; who leaves goes on serving, and its key
// signs what it is told to, until a test stops it.
func (n *Network) Decide(t testing.TB, names ...string) {
	t.Helper()
	names = slices.Sorted(slices.Values(names))
	set := n.sets.Newest()
	speaks := set[0].Name
	for _, v := range set {
		if _, known := n.World.Governors[v.Name]; known {
			speaks = v.Name
		}
	}
	var decision tx.SetValidators
	for _, name := range names {
		n.newcomer(name, speaks)
		secret := n.World.Validators[name]
		decision.Validators = append(decision.Validators, tx.Governor{
			Name: name, Key: secret.Public().(ed25519.PublicKey), TLSKeyHash: sha256.Sum256([]byte("tls " + name)),
			Account: n.World.GovernorAccounts[name], PeerAddress: name + ".test:7000",
		})
		if v, in := set.Find(name); in {
			decision.Validators[len(decision.Validators)-1].TLSKeyHash = v.TLSKeyHash
		}
	}
	proposal := n.Apply(t, []key.Signer{n.World.Governors[set[0].Name]}, tx.Propose{
		Validator: set[0].Name, Decision: decision, ExpiresAtUnixMs: n.NowUnixMs() + 3600_000,
	})
	ballot := tx.NewBallotID(proposal.ID, 0)
	for _, v := range set[1:set.Quorum()] {
		if o := n.Apply(t, []key.Signer{n.World.Governors[v.Name]}, tx.Vote{Validator: v.Name, Ballot: ballot, Yes: true}); o.Result.Code != tx.OK {
			t.Fatalf("vote of %s: %s after %s", v.Name, o.Result.Code, proposal.Result.Code)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ahead += time.Millisecond // What is due at a time happens after it.
	n.order()
	n.finalise()
	n.moved()
	var now []string
	for _, v := range n.sets.Newest() {
		now = append(now, v.Name)
	}
	if !slices.Equal(now, names) {
		t.Fatalf("the set is %v, not %v", now, names)
	}
}

// newcomer makes the keys of a validator that was never there, and serves it. A governor speaks for it that speaks for another.
func (n *Network) newcomer(name, speaks string) {
	if _, known := n.World.Validators[name]; known {
		return
	}
	seed := sha256.Sum256([]byte(n.World.Seed + name))
	n.World.Validators[name] = ed25519.NewKeyFromSeed(seed[:])
	n.World.Governors[name], n.World.GovernorAccounts[name] = n.World.Governors[speaks], n.World.GovernorAccounts[speaks]
	v := newValidator(n, name)
	n.mu.Lock() // Dial looks for it.
	defer n.mu.Unlock()
	n.Validators = append(n.Validators, v)
}

// Begin orders the first batch of the set that was decided.
func (n *Network) Begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.order()
}

// Validator is the validator of a name.
func (n *Network) Validator(name string) *Validator {
	i := slices.IndexFunc(n.Validators, func(v *Validator) bool { return v.Name == name })
	return n.Validators[i]
}

// begins fills in what the first batch of a validator set has of its own.
func (n *Network) begins(h *tx.BatchHeader, head ledger.Head) {
	state := ledger.Read(n.accepted)
	set, err := state.ValidatorSet()
	if err == nil {
		h.Leader = set[0].Name
		set, err = state.SetBefore()
	}
	if err != nil {
		panic("sdktest: " + err.Error())
	}
	if set != nil {
		h.Epoch, h.SetCheckpoint = checkpoint.FirstEpoch(head.Epoch), n.World.Note(set, head)
	}
}

// succeed keeps the proof of a set that the final batch has decided.
func (n *Network) succeed() {
	state := ledger.Read(n.final)
	before, err := state.SetBefore()
	if err != nil || before == nil {
		return
	}
	set, err := state.ValidatorSet()
	if err != nil {
		panic("sdktest: " + err.Error())
	}
	head := n.final.Head()
	proof := checkpoint.Proof{Leaf: n.history.leaves[head.Size-1].Raw, LeafIndex: head.Size - 1, Checkpoint: n.World.Note(before, head)}
	hashes, err := tlog.ProveRecord(int64(head.Size), int64(head.Size-1), n.final)
	if err != nil {
		panic(fmt.Sprintf("sdktest: prove boundary: %v", err))
	}
	for _, h := range hashes {
		proof.Inclusion = append(proof.Inclusion, h)
	}
	n.sets = n.sets.With(checkpoint.SetChange{Proof: proof, Set: set})
}

// Head is where the final ledger stands.
func (n *Network) Head() ledger.Head {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.final.Head()
}

// Checkpoint is the final checkpoint, with the changes that lead to who cosigned it.
func (n *Network) Checkpoint() ([]byte, []checkpoint.SetChange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.checkpoint(), n.sets.Changes
}

// Forge is a receipt of a transaction that the ledger never saw, in a tree of one leaf that never was: what all keys of a set can sign.
func (n *Network) Forge(t testing.TB, signed *tx.Signed, set checkpoint.ValidatorSet) checkpoint.Receipt {
	t.Helper()
	leaf := tx.Record{Envelope: signed.Envelope(), Result: tx.Result{Code: tx.OK}}.Encode()
	head := ledger.Head{Size: 1, Root: checkpoint.LeafHash(leaf), TimeUnixMs: n.NowUnixMs()}
	return checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: leaf, Checkpoint: n.World.Note(set, head)}}
}

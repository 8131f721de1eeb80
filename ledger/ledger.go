// Package ledger is what a payment means: deterministic rules from a state and a batch to the next state.
//
// A ledger is born from the genesis document (Found), which fills the state and ends with leaf 0, the header of batch 0.
// After that, one act moves it: Apply takes the state before (a View and its Head), one batch that raft has ordered, and
// gives Effects: every state entry that changes with its value before and after, the leaves of the history tree and their
// hashes, the outcome of each transaction, and the Head after. Nothing is written here; package store commits all Effects
// in one transaction or none of it, and can take them back as long as the batch is not final.
//
// Inside Apply a batch lives like this. Its header must continue the ledger: next number, hash of the batch before, time
// not going back, signed by a validator of the set in force; every envelope must be well formed, truly signed and not
// expired. If not, the batch is void (ErrVoid): a lying leader packed it, and it leaves no trace. Then ids past their
// expiry are forgotten, and what was due before the batch's time happens by itself, each thing a leaf (due.go): holds and requests
// expire, moves and recoveries complete, vouchers return, ballots take effect. Then each transaction is applied in order: one
// already applied is skipped (its recorded result stands); one whose signers may not do it, or whose author has no credits left, is
// recorded under its envelope's hash only (admit.go); any other is applied whole or refused whole, and its result is recorded under
// its id for ever. Last, the header leaf records the root of the whole state. A leader fills a batch by the same code (Builder).
//
// A debit goes one way, whatever asks for it (payer.go): the owner's authority or a grant with its caps, the limits of the
// account's tier, freezes, the fee that the provider has published, and the balance, in that order.
//
// The package promises: the same view, head and batch give the same Effects on every machine, for ever, under one rules
// version; money is conserved by everything except Issue and Redeem; a balance is never negative. It refuses to know the
// clock, randomness, goroutines, disk or network: time comes in the batch. imports_test.go holds it to that.
//
// The files are the nouns: an entry's layout stands beside the rules that read and write it.
package ledger

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// RulesVersion is the version of the rules that this code knows.
const RulesVersion = 1

// Limits of a batch.
const (
	// MaxBatchEntries bounds the state entries that a batch's transactions may change, by the static bound of each. What is forgotten
	// and what is due come on top: at most MaxForgotten entries, and MaxDue times a few.
	MaxBatchEntries = 10_000
	// MaxUnauthorised bounds the unauthorised transactions that an honest leader may have packed by bad timing.
	MaxUnauthorised = 8
	// MaxForgotten bounds how many expired ids one batch forgets: more than a full batch brings, so that they do not pile up.
	MaxForgotten = 2048
)

// ErrVoid means the batch must not be applied: it does not continue the ledger, or it packs what an honest leader never
// packs. It is evidence against the leader that signed it.
var ErrVoid = errors.New("batch is void")

// ErrCorrupt means the state cannot be what the rules wrote. The node must stop.
var ErrCorrupt = errors.New("state is corrupt")

// ErrRulesVersion means a ballot has raised the rules to a version that this program does not know. The node must stop, and a newer
// program goes on from there.
var ErrRulesVersion = errors.New("rules version is not known")

// View reads the state as it was after a batch. Its errors are the storage's and end the node.
type View interface {
	// Get returns the value of a state entry, nil when there is none. The caller does not change it, and Get does not keep the key.
	Get(key []byte) ([]byte, error)
	// Scan returns up to limit entries whose key starts with prefix, in ascending order of key, from the key from on.
	Scan(prefix, from []byte, limit int) ([]Entry, error)
	// ReadHashes reads stored hashes of the history tree.
	tlog.HashReader
}

// Entry is a state entry.
type Entry struct {
	Key, Value []byte
}

// EndsWith says whether a header leaf is the one that the head stands on.
func (h Head) EndsWith(header *tx.Header) bool {
	return header != nil && header.Batch == h.Batch && header.BatchHash == h.BatchHash && header.Epoch == h.Epoch &&
		header.TimeUnixMs == h.TimeUnixMs && header.StateRoot == h.State.Root()
}

// Change is a state entry that a batch changes.
//
// Invariant: Before and After differ; nil means absent.
type Change struct {
	Key, Before, After []byte
}

// Head is where the ledger stands.
type Head struct {
	// Batch is the number of the last batch applied; the genesis is 0.
	Batch uint64
	// BatchHash is its hash; for the genesis the network id.
	BatchHash tx.BatchHash
	// Epoch is the finality epoch that batches must carry.
	Epoch uint64
	// TimeUnixMs is ledger time. Invariant: never decreases.
	TimeUnixMs uint64
	// Size is the number of leaves. Invariant: leaf Size-1 is the header leaf of Batch.
	Size uint64
	// Root is the root of the history tree at Size.
	Root [32]byte
	// State is the hash over every state entry. Invariant: equals the hash of a full scan.
	State LtHash
}

// Leaf is a record to be appended to the history.
type Leaf struct {
	Index uint64
	Raw   []byte
	// Lookup is the transaction id, or the envelope's hash for an unauthorised one; zero for a header leaf and an effect.
	Lookup [32]byte
	// Accounts whose history shows the leaf, ascending.
	Accounts []tx.AccountID
}

// Outcome is what became of one envelope of the batch.
type Outcome struct {
	ID       tx.ID
	Envelope tx.EnvelopeHash
	Result   tx.Result
	// LeafIndex is the leaf that records the result: for a duplicate, the earlier one.
	LeafIndex uint64
	// Duplicate says that the transaction had been applied before and nothing changed.
	Duplicate bool
}

// Effects is everything that a batch does.
type Effects struct {
	// Before and After are the heads around the batch.
	Before, After Head
	// Changes are in ascending order of key.
	Changes []Change
	// Leaves are in order; the last is the header leaf.
	Leaves []Leaf
	// Hashes are the tree's stored hashes to append, from tlog.StoredHashCount(Before.Size) on.
	Hashes []tlog.Hash
	// Outcomes are in the order of the batch's envelopes.
	Outcomes []Outcome
}

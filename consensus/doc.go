// Package consensus makes one ledger of many validators: it orders batches by raft, applies and re-checks them on every
// validator, and leads them to finality.
//
// The life of a payment, seen from a validator: Submit takes an envelope, checks everything that needs no state (form,
// signatures, expiry) and hands it to the leader. The leader's packer puts what arrived meanwhile into one batch, leaves
// out what it may not pack (and answers why), signs the header and gives the batch to raft. When raft has committed it,
// every validator's FSM verifies every signature and rule again, writes all effects in one store transaction, and tells
// those who wait: accepted. The finality driver attests, ratifies and cosigns the new root; when a quorum has, the
// checkpoint is final, is stored, and the payment cannot be undone any more: final.
//
// One goroutine packs, one (raft's) applies, one drives finality; others read. The package promises that an answer is
// never invented: a deadline that passes means that the outcome is unknown here, and the same bytes may be submitted again,
// here or elsewhere. A storage error, or a state that does not fit what raft ordered, ends the node (Fatal): a validator
// that goes on with a bad disk could lose what it promised. DESIGN.md gives the decisions.
//
// Packages: transport carries raft, finality leads to final checkpoints, server is the public service, validator makes a
// process of it all.
package consensus

import "errors"

// Errors of a node.
var (
	// ErrOverloaded means the node has more submissions waiting than it takes; try later or elsewhere.
	ErrOverloaded = errors.New("too many submissions are waiting")
	// ErrNoLeader means no leader was known within the caller's time.
	ErrNoLeader = errors.New("no leader is known")
	// ErrNotLeader means the call is for the leader and this node is not, or not yet.
	ErrNotLeader = errors.New("this node does not lead")
	// ErrUnknownOutcome means the node lost sight of a submission: it may or may not come to be.
	ErrUnknownOutcome = errors.New("the outcome is not known here")
	// ErrExpired means the transaction's expiry has passed, so it can no longer be packed.
	ErrExpired = errors.New("the transaction has expired")
	// ErrNotExpired means an expiry statement was asked for that cannot be given (yet).
	ErrNotExpired = errors.New("the transaction is not known to have expired")
	// ErrNotFound means there is no such thing in the state that was read.
	ErrNotFound = errors.New("not found")
	// ErrNotFinal means the transaction is not final yet.
	ErrNotFinal = errors.New("not final yet")
	// ErrField means that a field of a call breaks a rule; the message names both.
	ErrField = errors.New("field is not valid")
	// ErrNoAliasKey means that this node does not know phone numbers.
	ErrNoAliasKey = errors.New("this node holds no alias key: ask a validator")
	// ErrRateLimited means that the caller, or all callers together, ask more often than they may.
	ErrRateLimited = errors.New("too many calls: try again in a while")
	// ErrReplaced means that a snapshot replaced the state while it was being read; ask again.
	ErrReplaced = errors.New("the state was replaced while it was read")
	// ErrStopped means the node is stopping.
	ErrStopped = errors.New("the node is stopping")
)

package consensus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Submit takes an envelope and waits until its transaction has come to the stage, or the context ends. The status is what
// is known by then. Errors: those of tx.Parse and VerifySignatures, ErrExpired, *Refusal, ErrOverloaded, ErrNoLeader,
// ErrUnknownOutcome, ErrStopped. The same envelope may be submitted any number of times.
func (n *Node) Submit(ctx context.Context, envelope []byte, wait Stage) (Status, error) {
	signed, err := n.checker.verify(ctx, envelope)
	if err != nil {
		return Status{}, err
	}
	var absent absence
	known, err := n.lookupSince(signed.ID(), &absent)
	if err != nil {
		return Status{}, err
	}
	if known.Stage < Accepted {
		if signed.Body.ExpiresAtUnixMs < n.store.Head().TimeUnixMs {
			return known, ErrExpired
		}
		if wait <= Taken {
			return n.take(signed, absent)
		}
		n.orders.begin(signed)
		n.waiters.moved(signed.ID())
		n.list(signed, &absent)
		known, err = n.order(ctx, signed, &absent)
		n.settled(signed, n.orders.end(signed, false), err)
		if err != nil {
			return known, err
		}
	}
	status, err := n.transaction(ctx, signed.ID(), wait, &absent)
	status.Stage = max(status.Stage, Taken) // Ordered, and maybe not applied here yet.
	return status, err
}

// backgroundPatience is how long a submission that nobody waits for looks for a leader.
const backgroundPatience = 10 * time.Minute

// take answers at once and goes on alone, until the transaction has been ordered or refused, or can not be any more.
func (n *Node) take(signed *tx.Signed, absent absence) (Status, error) {
	id := signed.ID()
	already, err := n.orders.beginBackground(signed)
	if err != nil {
		return Status{ID: id}, err
	}
	if already {
		return Status{ID: id, Stage: Taken}, nil
	}
	n.waiters.moved(id)
	n.list(signed, &absent)
	patience := backgroundPatience
	if now := n.nowUnixMs(); signed.Body.ExpiresAtUnixMs < now+uint64(backgroundPatience/time.Millisecond) {
		// Whoever leads has another clock: a little longer costs nothing, its answer decides.
		patience = time.Duration(max(signed.Body.ExpiresAtUnixMs, now)-now)*time.Millisecond + raftPatience
	}
	spawned := n.spawn(func() {
		ctx, cancel := context.WithTimeout(n.ctx, patience)
		defer cancel()
		err := n.orderAtLeisure(ctx, signed, &absent) // Whoever wants the outcome asks for the transaction.
		n.settled(signed, n.orders.end(signed, true), err)
	})
	if !spawned {
		n.settled(signed, n.orders.end(signed, true), ErrOverloaded)
		return Status{}, ErrStopped
	}
	return Status{ID: id, Stage: Taken}, nil
}

// orderAtLeisure is order for who was told that it is taken, and may have that promised: where others would be told that there is no room, it comes again. What was
// unknown once stays so, until there is an answer that holds.
func (n *Node) orderAtLeisure(ctx context.Context, signed *tx.Signed, absent *absence) error {
	unknown := false
	for {
		_, err := n.order(ctx, signed, absent)
		full := errors.Is(err, ErrOverloaded) || errors.Is(err, ErrRateLimited)
		unknown = unknown || errors.Is(err, ErrUnknownOutcome)
		if full && n.pause(ctx, leisure) == nil {
			n.orders.excuse(signed)
			continue
		}
		if err != nil && unknown && !isDecided(err) {
			return fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
		}
		return err
	}
}

// leisure is how long a submission that nobody waits for stays away when there is no room.
const leisure = 500 * time.Millisecond

// list shows a transaction as open to those who may act for the accounts it debits. Only such a signer can put it there,
// or a stranger could fill anybody's list.
func (n *Node) list(signed *tx.Signed, absent *absence) {
	now := max(n.nowUnixMs(), n.store.Head().TimeUnixMs)
	if signed.Body.ExpiresAtUnixMs > now+tx.MaxLifetimeMs {
		return
	}
	state := ledger.ReadBy(n.store.Get) // A batch may come between two reads: the list is advice.
	var accounts []tx.AccountID
	for _, account := range payers(signed.Body) {
		for _, sig := range signed.Signatures {
			may, err := state.MayAct(account, sig.Signer, n.store.Head().TimeUnixMs)
			if err != nil {
				_ = n.Fatal(err) // The list is advice: the submission goes on, or meets the same error.
				return
			}
			if may {
				accounts = append(accounts, account)
				break
			}
		}
	}
	id := signed.ID()
	if !n.pending.add(Pending{ID: id, ExpiresAtUnixMs: signed.Body.ExpiresAtUnixMs}, signed.EnvelopeHash(), accounts) {
		return
	}
	// It may have been recorded between the first look and the listing, by another submission.
	if s, err := n.lookupSince(id, absent); err == nil && s.Stage >= Accepted {
		n.pending.recorded(n.FinalSize(), s)
	}
}

// maxPayers bounds the look-ups that one transaction costs before it is ordered.
const maxPayers = 16

// payers are the first accounts that a transaction debits or gives grants of.
func payers(b tx.Body) []tx.AccountID {
	var all []tx.AccountID
	for _, op := range b.Operations {
		var account tx.AccountID
		switch o := op.(type) {
		case tx.Transfer:
			account = o.Debit
		case tx.IssueGrant:
			account = o.Account
		case tx.RevokeGrant:
			account = o.Account
		default:
			continue
		}
		if !slices.Contains(all, account) {
			all = append(all, account)
		}
		if len(all) == maxPayers {
			break
		}
	}
	return all
}

// settled takes a transaction off the list that was not taken after all. An expiry by the leader's clock alone is no
// outcome: the list waits for a final header past it.
func (n *Node) settled(signed *tx.Signed, last bool, err error) {
	if !last || err == nil {
		return
	}
	var refusal *Refusal
	if errors.As(err, &refusal) || errors.Is(err, ErrOverloaded) && !errors.Is(err, ErrUnknownOutcome) {
		n.pending.drop(signed.ID(), signed.EnvelopeHash())
	}
}

// order brings a transaction to the leader, again and again while there is none.
func (n *Node) order(ctx context.Context, signed *tx.Signed, absent *absence) (Status, error) {
	var s Status
	err := n.withLeader(ctx, func(ctx context.Context, leads *leadership) error {
		var err error
		if s, err = n.lookupSince(signed.ID(), absent); err != nil || s.Stage >= Accepted {
			return err
		}
		if leads.name == n.name {
			if s, err = n.packer.submit(ctx, signed, 0); err != nil {
				err = n.weigh(ctx, signed, err) // Whoever was fed a lie may lead for a while.
			}
			return err
		}
		// The leader's word is not taken for the result: this node answers from its own state when it has applied the batch.
		s, err = n.bring(ctx, leads, signed, absent)
		return err
	})
	return s, err
}

// Transaction waits until the transaction has come to the stage as far as this node knows, or the context ends; either
// way it tells what is known. Accepted may be taken back, and then become accepted again with another result; final never.
func (n *Node) Transaction(ctx context.Context, id tx.ID, wait Stage) (Status, error) {
	return n.transaction(ctx, id, wait, new(absence))
}

// transaction is Transaction for who may have looked before.
func (n *Node) transaction(ctx context.Context, id tx.ID, wait Stage, absent *absence) (Status, error) {
	w := n.waiters.join(id)
	defer n.waiters.leave(w)
	for {
		s, err := n.lookupSince(id, absent)
		switch {
		case errors.Is(err, ErrReplaced): // It is woken when that is over.
		case err != nil || s.Stage >= wait:
			return s, err
		case s.Stage == Accepted:
			n.waiters.rank(w, s.LeafIndex)
			if s.LeafIndex < n.FinalSize() {
				continue // It became final between the look and the ranking.
			}
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return s, nil
		case <-n.progress.stop:
			return s, ErrStopped
		}
	}
}

// lookup tells what this node knows of a transaction now. ErrReplaced while batches are taken back.
func (n *Node) lookup(id tx.ID) (Status, error) { return n.lookupSince(id, new(absence)) }

// lookupSince is lookup for who may have looked before, and notes what it finds absent.
func (n *Node) lookupSince(id tx.ID, absent *absence) (Status, error) {
	turns, quiet := n.turns.look()
	s, err := n.find(id, turns, absent)
	if !quiet || turns != n.turns.Load() {
		return Status{ID: id}, ErrReplaced
	}
	if err != nil {
		return Status{}, n.Fatal(err)
	}
	return s, nil
}

// find is lookupSince for who compares the turns afterwards.
func (n *Node) find(id tx.ID, turns uint64, absent *absence) (Status, error) {
	s, from, known := n.outcomes.find(id)
	if !known {
		if absent.holds(from, turns) {
			return n.unrecorded(id), nil
		}
		size := n.store.Head().Size // Before the look: what is recorded meanwhile is not absent.
		leaf, found, err := n.store.Lookup(id)
		if err != nil {
			return Status{}, err
		}
		if !found {
			*absent = absence{looked: true, size: size, turns: turns}
			return n.unrecorded(id), nil
		}
		if s, err = n.recorded(id, leaf); err != nil {
			return Status{}, err
		}
	}
	if s.LeafIndex < n.FinalSize() {
		s.Stage = Final
	}
	return s, nil
}

// unrecorded is what there is to say of a transaction without a leaf.
func (n *Node) unrecorded(id tx.ID) Status {
	if n.pending.has(id) || n.orders.has(id) {
		return Status{ID: id, Stage: Taken}
	}
	return Status{ID: id}
}

// recorded reads a transaction's leaf.
func (n *Node) recorded(id tx.ID, index uint64) (Status, error) {
	raw, err := n.store.Leaf(index)
	if err != nil {
		return Status{}, err
	}
	leaf, err := tx.ParseLeaf(raw)
	if err != nil || leaf.Record == nil {
		return Status{}, fmt.Errorf("leaf %d is not of a transaction: %v", index, err)
	}
	header, err := n.store.HeaderAfter(index)
	if err != nil {
		return Status{}, err
	}
	return Status{
		ID: id, Stage: Accepted, Result: leaf.Record.Result, LeafIndex: index, LeafHash: checkpoint.LeafHash(raw), TimeUnixMs: header.TimeUnixMs,
	}, nil
}

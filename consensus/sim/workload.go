package sim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// workload is what people do meanwhile: payments, one after the other, each brought to every validator again and again until
// somebody says that it is final.
type workload struct {
	cluster *cluster
	work    sync.WaitGroup
	// life ends with the run: until then what is not final is brought again and again.
	life context.Context

	// mu guards the rest; never held while time passes.
	mu       sync.Mutex
	nonce    uint64
	payments []*payment
}

// payment is one transaction and what became of it.
type payment struct {
	id tx.ID
	// speaksFor is the validator whose governor brings it; empty when people pay.
	speaksFor string
	// final is what the first validator that called it final said; nil before.
	final *consensus.Status
	by    string
	done  chan struct{}
	// after is how many leaves held final payments when it was begun, and promised what honest validators signed about it.
	after    uint64
	promised []checkpoint.SubmissionReceipt
}

// The pace and the patience of the people.
const (
	payEvery   = 400 * time.Millisecond
	payTimeout = 4 * time.Second
	payAgain   = 700 * time.Millisecond
)

func newWorkload(life context.Context, c *cluster) *workload {
	return &workload{cluster: c, life: life}
}

// run pays until pay ends.
func (w *workload) run(pay context.Context) {
	for pay.Err() == nil {
		if err := w.begin(); err != nil {
			w.cluster.violate("setup", "make a payment: %v", err)
			return
		}
		select {
		case <-time.After(payEvery):
		case <-pay.Done():
		}
	}
}

// begin makes a payment and lets it be brought.
func (w *workload) begin() error {
	w.mu.Lock()
	w.nonce++
	n := w.nonce
	w.mu.Unlock()
	signed, err := w.sign(n)
	if err == nil {
		w.deliver(signed, "")
	}
	return err
}

// deliver lets a transaction be brought to everybody; speaksFor is the validator whose governor signed it, or empty.
func (w *workload) deliver(signed *tx.Signed, speaksFor string) *payment {
	p := &payment{id: signed.ID(), speaksFor: speaksFor, done: make(chan struct{}), after: w.finalSize()}
	w.mu.Lock()
	w.payments = append(w.payments, p)
	w.mu.Unlock()
	for _, m := range w.cluster.honest() {
		w.work.Go(func() { w.bring(w.life, m, p, signed) })
	}
	return p
}

// sign makes the n-th transaction: transfers of an owner, transfers by a grant with a fee, and now and then one that asks
// for more than there is.
func (w *workload) sign(n uint64) (*tx.Signed, error) {
	world := w.cluster.world
	op := tx.Transfer{Debit: world.IssuerAccount, Credit: world.Juma.Account, Asset: ledgertest.KES, Amount: amount.Amount(1 + n%97)}
	signer := key.Signer(world.Issuer)
	switch n % 5 {
	case 1:
		op.Debit, op.Credit, signer = world.Juma.Account, world.Amina.Account, world.Provider
	case 2:
		op.Debit, op.Credit, signer = world.Amina.Account, world.Juma.Account, world.Provider
	case 3:
		op.Credit = world.Amina.Account
	case 4:
		if n%15 == 4 {
			op.Debit, op.Credit, op.Amount, signer = world.Amina.Account, world.Juma.Account, 4_999_00, world.Provider
		}
	}
	if signer == key.Signer(world.Provider) {
		op.Fee = &tx.Fee{Provider: world.ProviderAccount, ScheduleVersion: 1, Amount: ledgertest.FlatFee}
	}
	return w.seal(n, op, signer)
}

// seal makes the n-th transaction, of one operation.
func (w *workload) seal(n uint64, op tx.Operation, signer key.Signer) (*tx.Signed, error) {
	world := w.cluster.world
	expires := w.cluster.now().Add(30 * time.Minute).UnixMilli()
	body, err := tx.Body{Nonce: world.Nonce(n), ExpiresAtUnixMs: uint64(expires), Operations: []tx.Operation{op}}.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode transaction %d: %w", n, err)
	}
	return tx.Seal(world.Network, body, signer)
}

// bring brings a payment to one validator until it is final somewhere.
func (w *workload) bring(ctx context.Context, m *member, p *payment, signed *tx.Signed) {
	for ctx.Err() == nil {
		if node := m.running(); node != nil {
			call, cancel := context.WithTimeout(ctx, payTimeout)
			w.promise(call, node, p, signed)
			stop := context.AfterFunc(contextOf(call, p.done), cancel)
			status, err := node.Submit(call, signed.Envelope(), consensus.Final)
			stop()
			cancel()
			if err == nil && status.Stage == consensus.Final && m.running() == node {
				w.finished(m, p, status)
			}
			var refusal *consensus.Refusal
			if errors.As(err, &refusal) {
				w.cluster.log.Info("refused", "validator", m.name, "code", refusal.Code)
			}
		}
		select {
		case <-p.done:
			return
		case <-time.After(payAgain):
		case <-ctx.Done():
		}
	}
}

// promise asks a validator to take a payment, and keeps its receipt.
func (w *workload) promise(ctx context.Context, node *consensus.Node, p *payment, signed *tx.Signed) {
	w.mu.Lock()
	asked := len(p.promised) > 0
	w.mu.Unlock()
	if asked {
		return
	}
	if _, err := node.Submit(ctx, signed.Envelope(), consensus.Taken); err == nil {
		if r, promises := node.Promise(p.id); promises {
			w.mu.Lock()
			p.promised = append(p.promised, r)
			w.mu.Unlock()
		}
	}
}

// contextOf ends when a channel is closed, or with its parent.
func contextOf(parent context.Context, done <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		defer cancel()
		select {
		case <-done:
		case <-parent.Done():
		}
	}()
	return ctx
}

// finished notes a final outcome, and holds every validator to the first one told (I4).
func (w *workload) finished(m *member, p *payment, s consensus.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.final == nil {
		p.final, p.by = &s, m.name
		close(p.done)
		return
	}
	if p.final.LeafHash != s.LeafHash || p.final.LeafIndex != s.LeafIndex {
		w.cluster.violate("I4", "payment %s is final at leaf %d to %s and at leaf %d to %s", p.id, p.final.LeafIndex, p.by, s.LeafIndex, m.name)
	}
}

// counts says how many payments were begun and how many are final. What the governor of a validator brought that left the set first does not
// count while it is not final: the ledger is right to take nothing from a stranger.
func (w *workload) counts() (begun, final int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.payments {
		if p.final != nil {
			final++
		} else if p.speaksFor != "" && !w.cluster.sets.has(p.speaksFor) {
			continue
		}
		begun++
	}
	return begun, final
}

// all are the payments so far.
func (w *workload) all() []*payment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*payment(nil), w.payments...)
}

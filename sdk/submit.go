package sdk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

// Submit hands a signed transaction to validators until its outcome is proved: final with a verified receipt, or expired
// by the statements of f+1. It may be called any number of times with the same transaction, by several programs at once:
// it is applied at most once. Errors:
//
//   - *RefusedError: f+1 validators would not take the envelope, for the same reason;
//   - ErrUnknown: the context ended first. Nothing is known; submit the same transaction again, or ask Outcome. With ErrQuotaExhausted
//     f+1 validators say that it waits for credits: it is not applied yet, and may be.
//
// A payment that the rules refused is no error: Outcome.Result names the rule.
func (c *Client) Submit(ctx context.Context, signed *tx.Signed) (Outcome, error) {
	q := newInquiry(c, signed.ID(), signed.Body.ExpiresAtUnixMs)
	q.signed = signed
	q.ask = func(ctx context.Context, v *validator) (*apiv1.TransactionStatus, bool, error) {
		var p peer.Peer
		res, err := v.Submit(ctx, &apiv1.SubmitRequest{Envelope: signed.Envelope(), Wait: apiv1.Stage_STAGE_FINAL}, grpc.Peer(&p))
		// Without a peer the call never had a connection, so the bytes never left.
		return res.GetStatus(), p.Addr != nil, err
	}
	return q.run(ctx)
}

// finding is what one hand-over to one validator gave; at most one of outcome, statement and refusal is set.
type finding struct {
	from      *validator
	outcome   *Outcome
	statement *checkpoint.ExpiryStatement
	refusal   string
	stage     Stage
	result    tx.Result
	// sent says that the validator may have got the bytes.
	sent bool
	err  error
}

// inquiry is one search for the outcome of a transaction. One goroutine (run) owns it; each hand-over runs in its own and
// reports a finding.
type inquiry struct {
	*Client
	id              tx.ID
	expiresAtUnixMs uint64
	signed          *tx.Signed // nil when asking only
	// ask hands over or asks; it says whether the call reached the validator.
	ask func(ctx context.Context, v *validator) (*apiv1.TransactionStatus, bool, error)

	// queue are the validators with no call under way, and when each may be called.
	queue []turn
	// running counts the calls under way.
	running int
	// hedgeAt is when the next validator is called although another has not answered.
	hedgeAt time.Time
	// urgent calls all validators at once: it is past the expiry, and f+1 words are needed.
	urgent   bool
	findings chan finding

	statements map[*validator]checkpoint.ExpiryStatement
	refusals   map[*validator]string
	// waiting are the validators whose last word is that they take the transaction when there are credits for it again; asked are those with a
	// call under way.
	waiting, asked map[*validator]bool
	unsettled      bool
	last           error
}

// turn is a validator's place in the queue.
type turn struct {
	validator *validator
	at        time.Time // zero: now
}

func (q *inquiry) asks() expiryOf { return expiryOf{q.id, q.expiresAtUnixMs} }

func newInquiry(c *Client, id tx.ID, expiresAtUnixMs uint64) *inquiry {
	c.keepUp()
	q := &inquiry{
		Client: c, id: id, expiresAtUnixMs: expiresAtUnixMs, findings: make(chan finding, len(c.validators)),
		statements: make(map[*validator]checkpoint.ExpiryStatement), refusals: make(map[*validator]string), waiting: make(map[*validator]bool),
		asked: make(map[*validator]bool),
	}
	for _, v := range c.order() {
		q.queue = append(q.queue, turn{validator: v})
	}
	return q
}

// run calls validators until the outcome is proved or the context ends.
func (q *inquiry) run(ctx context.Context) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tries := make(map[*validator]int, len(q.validators))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return q.unknown(ctx)
		case <-timer.C:
		case f := <-q.findings:
			q.running--
			delete(q.asked, f.from)
			tries[f.from]++
			wait := q.retryDelay(tries[f.from] - 1)
			if errors.Is(f.err, ErrQuotaExhausted) {
				wait = q.retryDelay(maxRetryDelay) // Credits come back slowly, and asking does not hasten them.
			}
			q.queue = append(q.queue, turn{validator: f.from, at: time.Now().Add(wait)})
			slices.SortStableFunc(q.queue, func(a, b turn) int { return a.at.Compare(b.at) })
			q.hedgeAt = time.Time{}
			if outcome, err, done := q.weigh(f); done {
				return outcome, err
			}
		}
		for len(q.queue) > 0 && !q.due().After(time.Now()) {
			q.start(ctx)
		}
		if len(q.queue) > 0 {
			timer.Reset(time.Until(q.due()))
		}
	}
}

// due is when the first in the queue is to be called.
func (q *inquiry) due() time.Time {
	at := q.queue[0].at
	if q.running > 0 && !q.urgent && q.hedgeAt.After(at) {
		return q.hedgeAt
	}
	return at
}

func (q *inquiry) start(ctx context.Context) {
	v := q.queue[0].validator
	q.queue = q.queue[1:]
	q.running++
	q.asked[v] = true
	q.hedgeAt = time.Now().Add(q.config.HedgeDelay)
	go func() { q.findings <- q.call(ctx, v) }()
}

// weigh takes a finding in, and says whether the outcome is known by it.
func (q *inquiry) weigh(f finding) (Outcome, error, bool) {
	quota := errors.Is(f.err, ErrQuotaExhausted)
	// What is too early for now comes into its time by itself: a validator that kept it can bring it then.
	q.unsettled = q.unsettled || f.sent && (f.refusal == "" || f.refusal == reasonTooFar) && !quota
	delete(q.refusals, f.from)
	delete(q.waiting, f.from)
	if quota {
		q.waiting[f.from] = true
	}
	switch {
	case f.outcome != nil:
		q.answered(f.from)
		return *f.outcome, nil, true
	case f.statement != nil:
		q.urgent = true
		q.statements[f.from] = *f.statement
		if q.never(q.statements, q.asks()) {
			return Outcome{ID: q.id, Expired: true, TimeUnixMs: f.statement.HeaderTimeUnixMs}, nil, true
		}
	case f.refusal == reasonExpired:
		q.urgent = true
	case f.refusal != "":
		q.refusals[f.from] = f.refusal
		if q.refused(f.refusal) {
			return Outcome{ID: q.id}, &RefusedError{Reason: f.refusal, Unsettled: q.unsettled || q.running > 0}, true
		}
	}
	if f.err != nil {
		q.log.Debug("validator did not settle a transaction", "validator", f.from.address, "id", q.id, "error", f.err)
		q.last = f.err
	}
	return Outcome{}, nil, false
}

// refused says whether a refusal is to be believed: what can be checked here is, the rest needs f+1, since it depends on
// a state that one validator may be behind in or lie about.
func (q *inquiry) refused(reason string) bool {
	if reason == reasonBadSignature && q.signed != nil && q.signed.VerifySignatures() != nil {
		return true
	}
	votes := 0
	for _, r := range q.refusals {
		if r == reason {
			votes++
		}
	}
	return votes >= q.alike()
}

func (q *inquiry) unknown(ctx context.Context) (Outcome, error) {
	if q.wantsCredits() {
		return Outcome{ID: q.id}, fmt.Errorf("%w: %w: %w", ErrUnknown, ErrQuotaExhausted, ctx.Err())
	}
	if q.last != nil {
		return Outcome{ID: q.id}, fmt.Errorf("%w: %w (last: %v)", ErrUnknown, ctx.Err(), q.last)
	}
	return Outcome{ID: q.id}, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
}

// wantsCredits says whether f+1 validators wait for credits and no other may have taken the transaction.
func (q *inquiry) wantsCredits() bool {
	for v := range q.asked {
		if !q.waiting[v] {
			return false
		}
	}
	return len(q.waiting) >= q.alike() && !q.unsettled
}

// call hands over to one validator and, where it claims an outcome, demands the proof of it.
func (q *inquiry) call(ctx context.Context, v *validator) finding {
	f := finding{from: v}
	asked, cancel := context.WithTimeout(ctx, q.config.SubmitTimeout)
	status, sent, err := q.ask(asked, v)
	cancel()
	f.sent, f.err = sent, err
	reason := reasonOf(err)
	if reason == reasonExpired {
		// It may have been applied before it expired.
		f.refusal = reason
		if status, err = q.status(ctx, v); err != nil {
			f.err = err
			return f
		}
	}
	if refusals[reason] {
		f.refusal = reason
		return f
	}
	if reason == reasonQuota {
		f.err = fmt.Errorf("%w: %w", ErrQuotaExhausted, err)
	}
	f.stage, f.result = stageOf(status.GetStage()), resultOf(status)
	switch {
	case f.stage == StageFinal:
		f.outcome, f.err = q.proved(ctx, v, status)
	case reason == reasonExpired || q.config.NowUnixMs() > q.expiresAtUnixMs:
		statement, err := q.expiryStatement(ctx, v, q.asks())
		if err != nil {
			f.err = err
		}
		f.statement = statement
	}
	return f
}

func (q *inquiry) status(ctx context.Context, v *validator) (*apiv1.TransactionStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, q.config.ReadTimeout)
	defer cancel()
	res, err := v.GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: q.id[:]})
	return res.GetStatus(), err
}

// proved is the outcome by a validator's receipt.
func (q *inquiry) proved(ctx context.Context, v *validator, status *apiv1.TransactionStatus) (*Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, q.config.ReadTimeout)
	defer cancel()
	_, verified, err := q.receipt(ctx, v, q.id)
	if err != nil {
		return nil, err
	}
	return &Outcome{
		ID: q.id, Final: true, Result: verified.Record.Result, LeafIndex: verified.LeafIndex,
		TimeUnixMs: status.GetTimeUnixMs(), ReceiptCode: verified.Code(), Stage: StageFinal,
	}, nil
}

// Outcome asks what became of a transaction, without handing it over: all validators at once. It answers at the first
// proof, else with the furthest stage told of (Outcome.Final and Outcome.Expired are false, the payment is open). When no
// validator answered it is ErrUnknown.
func (c *Client) Outcome(ctx context.Context, id tx.ID, expiresAtUnixMs uint64) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q := newInquiry(c, id, expiresAtUnixMs)
	q.ask = func(ctx context.Context, v *validator) (*apiv1.TransactionStatus, bool, error) {
		status, err := q.status(ctx, v)
		return status, true, err
	}
	for len(q.queue) > 0 {
		q.start(ctx)
	}
	open := Outcome{ID: id}
	answers := 0
	for range c.validators {
		f := <-q.findings
		if outcome, err, done := q.weigh(f); done && err == nil {
			return outcome, nil
		}
		if errors.Is(f.err, ErrBadAnswer) {
			continue // What it tells without a proof is worth nothing either.
		}
		if f.err == nil || reasonOf(f.err) == reasonNotExpired || f.stage != StageUnknown {
			answers++
		}
		if stage := min(f.stage, StageAccepted); stage > open.Stage {
			open.Stage, open.Result = stage, f.result
		}
	}
	if answers == 0 {
		return open, fmt.Errorf("%w: %w", ErrUnknown, errors.Join(ctx.Err(), q.last))
	}
	return open, nil
}

func stageOf(s apiv1.Stage) Stage {
	switch s {
	case apiv1.Stage_STAGE_PENDING:
		return StagePending
	case apiv1.Stage_STAGE_ACCEPTED:
		return StageAccepted
	case apiv1.Stage_STAGE_FINAL:
		return StageFinal
	}
	return StageUnknown
}

func resultOf(s *apiv1.TransactionStatus) tx.Result {
	r := tx.Result{Code: tx.Code(s.GetResult().GetCode()), Operation: s.GetResult().GetOperation()}
	for _, leg := range s.GetResult().GetLegs() {
		r.Legs = append(r.Legs, tx.LegResult{Operation: leg.GetOperation(), Leg: leg.GetLeg(), Code: tx.Code(leg.GetCode())})
	}
	return r
}

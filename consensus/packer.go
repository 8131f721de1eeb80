package consensus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/time/rate"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// packer makes batches while this node leads. One goroutine owns it; submissions come by a bounded queue. One batch is in
// flight at a time, so that what may be packed is always decided on the state that the batch will be applied to; under
// load the next batch is what has queued up meanwhile, and some time after the one before (pace).
type packer struct {
	node  *Node
	queue chan *submission
	// carried is what did not fit the batch before.
	carried []*submission
	// pace keeps batches apart.
	pace pace
	// term is the raft term in which the node leads and has applied everything that was accepted before it led; 0 is none.
	term atomic.Uint64
	// empty bounds the batches that only let time pass: anybody may ask for one, and each stays in the history for ever.
	empty *rate.Limiter
	// opening is what opens the next epoch, when this validator leads; nil when nothing does.
	opening atomic.Pointer[checkpoint.EpochChange]
	// signed is the place of the last batch that was handed to raft.
	signed batchPlace
	// unfit is the term that is to be handed over to another, ceded whom it was offered to last.
	unfit atomic.Uint64
	ceded string
	// look wakes a packer that waits.
	look chan struct{}
	// done is closed when run has returned.
	done chan struct{}
}

const (
	// queueLength bounds the submissions that wait at the leader.
	queueLength = 4096
	// batchLength bounds the transactions of a batch.
	batchLength = 1024
	// maxTentative is how many batches may be applied and not final before the leader takes no more: each can still be
	// undone, and the records for that are in memory.
	maxTentative = 1000
	// emptyPerSecond and emptyAtOnce bound the batches without transactions.
	emptyPerSecond, emptyAtOnce = 1, 10
	// raftPatience is how long raft may take to begin with a batch. What it has begun is awaited until it is committed or this node leads no more: a lease that
	// ends, a disk that hangs and the others' complaints see to that.
	raftPatience = 10 * time.Second
)

// submission is one envelope waiting at the leader. A nil transaction asks for a batch whose time is later than pastUnixMs.
type submission struct {
	signed     *tx.Signed
	pastUnixMs uint64
	// answer is buffered, so that answering never waits.
	answer chan answer
	// replied says that the first answer has been given.
	replied atomic.Bool
	// answered is called with the first answer, when the submission has left the queue, whoever waits for it still; nil is nothing to do.
	answered func()
}

type answer struct {
	status Status
	err    error
}

// reply answers; only the first answer counts.
func (s *submission) reply(status Status, err error) {
	if s.replied.Swap(true) {
		return
	}
	s.answer <- answer{status, err}
	if s.answered != nil {
		s.answered()
	}
}

func newPacker(n *Node) *packer {
	return &packer{node: n, queue: make(chan *submission, queueLength), pace: batchPace, empty: rate.NewLimiter(emptyPerSecond, emptyAtOnce), look: make(chan struct{}, 1), done: make(chan struct{})}
}

// leads says whether the node leads and may pack, and in which term. A term is led once: who sees the same term before and
// after something was leading all the while.
func (p *packer) leads() (term uint64, ok bool) {
	term = p.term.Load()
	m := p.node.member()
	return term, term > 0 && m.State() == raft.Leader && m.CurrentTerm() == term
}

// submit hands a submission over and waits for its answer.
func (p *packer) submit(ctx context.Context, signed *tx.Signed, pastUnixMs uint64) (Status, error) {
	s, err := p.enqueue(signed, pastUnixMs, nil)
	if err != nil {
		return Status{}, err
	}
	return p.await(ctx, s)
}

// ready says whether submissions are taken: ErrNotLeader, ErrOverloaded.
func (p *packer) ready() error {
	if _, ok := p.leads(); !ok {
		return ErrNotLeader
	}
	if p.held() {
		return ErrOverloaded
	}
	return nil
}

// enqueue hands a submission over; without an error it will be answered, or the packer ends.
func (p *packer) enqueue(signed *tx.Signed, pastUnixMs uint64, answered func()) (*submission, error) {
	if err := p.ready(); err != nil {
		return nil, err
	}
	s := &submission{signed: signed, pastUnixMs: pastUnixMs, answer: make(chan answer, 1), answered: answered}
	select {
	case p.queue <- s:
		return s, nil
	default:
		return nil, ErrOverloaded
	}
}

// await waits for the answer of a submission that was handed over.
func (p *packer) await(ctx context.Context, s *submission) (Status, error) {
	select {
	case a := <-s.answer:
		return a.status, a.err
	case <-ctx.Done():
		return Status{}, fmt.Errorf("%w: %w", ErrUnknownOutcome, ctx.Err())
	case <-p.done:
	}
	// The packer answered before it ended, or the submission came after it.
	select {
	case a := <-s.answer:
		return a.status, a.err
	default:
		return Status{}, ErrStopped
	}
}

// run follows leadership until the context ends. Raft's channel keeps only the newest word, so a word means "look": raft
// becomes leader before it says so, and no reign can be missed.
func (p *packer) run(ctx context.Context) {
	defer close(p.done)
	defer p.drop(ErrStopped)
	m := p.node.member()
	for m != nil {
		select {
		case <-m.LeaderCh():
			p.lead(ctx, m)
		case <-m.down:
			m = p.node.nextMember(ctx, m)
		case s := <-p.queue:
			s.reply(Status{}, ErrNotLeader)
		case <-ctx.Done():
			return
		}
	}
}

// lead packs for as long as this node leads, in one term after another. Whatever went wrong while it still leads is begun
// again with a barrier, since nobody else will pack.
func (p *packer) lead(ctx context.Context, m *member) {
	for ctx.Err() == nil && !p.node.failed() && m.State() == raft.Leader {
		if err := p.reign(ctx, m); err != nil {
			p.node.log.Info("stopped packing", "reason", err)
			_ = p.node.pause(ctx, reignPause) // An end of the context is seen above.
		}
	}
}

// reignPause keeps a leader that cannot pack from trying as fast as it can.
const reignPause = 50 * time.Millisecond

// reign packs for the length of one term.
func (p *packer) reign(ctx context.Context, m *member) error {
	term := m.CurrentTerm()
	// The barrier makes sure that everything earlier leaders had accepted is applied here before anything is packed.
	if err := m.await(context.Background(), m.Barrier(raftPatience)); err != nil {
		return fmt.Errorf("barrier of term %d: %w", term, err)
	}
	p.term.Store(term)
	defer func() {
		p.term.Store(0)
		p.drop(ErrNotLeader)
	}()
	if err := p.recall(); err != nil {
		return err
	}
	for {
		first, ok := p.wait(ctx, m)
		if !ok {
			return nil
		}
		if change := p.opening.Swap(nil); change != nil {
			if first != nil {
				p.carried = append(p.carried, first)
			}
			if err := p.open(*change); err != nil {
				return err
			}
			continue
		}
		if p.rests(ctx, first) {
			p.carried = append(p.carried, first) // Who rested looks again whether it may pack.
			continue
		}
		if err := p.pack(p.gather(first)); err != nil {
			return err
		}
	}
}

// rests waits until it is time for a batch that begins with a submission, or the context ends, and says whether it did. What else a batch is made for, and what was carried
// over, waits for nothing.
func (p *packer) rests(ctx context.Context, first *submission) bool {
	if first == nil || len(p.carried) > 0 || len(p.queue) >= batchLength {
		return false
	}
	rest := p.pace.rest(time.Now())
	if rest <= 0 {
		return false
	}
	_ = p.node.pause(ctx, rest) // An end of the context is seen by wait.
	return true
}

// wait blocks for the first submission of a batch, or until something is due or an epoch can be opened; false when the term
// is over. While the packer is held only an epoch is waited for.
func (p *packer) wait(ctx context.Context, m *member) (*submission, bool) {
	due, err := p.untilDue()
	if err != nil {
		_ = p.node.Fatal(err)
		return nil, false
	}
	defer due.Stop()
	for {
		moved := p.node.progress.next()
		term, ok := p.leads()
		if !ok || ctx.Err() != nil {
			return nil, false
		}
		if p.unfit.Load() == term {
			p.cede(ctx, m)
			continue
		}
		if p.opening.Load() != nil {
			return nil, true
		}
		queue, timer := p.queue, due.C
		if ready, waits := p.beginsSet(); ready {
			return nil, true
		} else if waits {
			queue, timer = nil, nil // Until its boundary is final nothing can stand above it.
		} else if p.held() {
			p.refuse()
			queue, timer = nil, time.After(heldPause)
		} else if len(p.carried) > 0 {
			return nil, true
		} else {
			moved = nil
		}
		select {
		case s := <-queue:
			return s, true
		case <-timer:
			if !p.held() {
				return nil, true
			}
		case <-moved:
		case <-p.look:
		case <-m.LeaderCh():
		case <-m.down:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// beginsSet says whether a validator set that was decided waits to begin, and whether this leader may pack its first batch: its boundary
// is final, raft's members have followed the set before, and the leader is in it. One that is not hands over.
func (p *packer) beginsSet() (ready, waits bool) {
	n := p.node
	m := n.reignNow()
	if m.coming == nil {
		return false, false
	}
	if _, size, ok := n.store.Final(); !ok || size != n.store.Head().Size {
		return false, true
	}
	if !m.followed(n.configurations()) {
		return false, true
	}
	if self, in := m.coming.Find(n.name); in && self.PublicKey().Equal(n.key.Public()) {
		return true, true
	}
	n.log.Info("hands over", "reason", n.handOver(m.coming))
	return false, true
}

// heldPause is how often a packer that may not pack looks at the clock.
const heldPause = time.Second

// errSigned means that another batch of this place was signed in this term.
var errSigned = errors.New("a batch of this place was signed in this term")

// sign notes that a batch is handed to raft. Whoever signs two of one epoch and number in one term is guilty, so a leader
// whose batch came to nothing gives its term up. A term before a restart is another one.
func (p *packer) sign(epoch, number uint64) error {
	place := batchPlace{p.node.name, epoch, p.term.Load(), number}
	if place == p.signed {
		future := p.node.member().LeadershipTransfer()
		return errors.Join(errSigned, p.node.member().await(context.Background(), future))
	}
	p.signed = place
	return nil
}

// held says that no batch may be packed: as much is applied and not final as there may be, or the time of the head is one
// that no honest validator attests yet, and an epoch may take back.
func (p *packer) held() bool {
	return p.node.store.Pending() >= maxTentative || p.node.early(p.node.store.Head().TimeUnixMs)
}

// refuse answers what is queued, since it cannot be packed for now. What an epoch took back stays.
func (p *packer) refuse() {
	for {
		select {
		case s := <-p.queue:
			s.reply(Status{}, ErrOverloaded)
		default:
			return
		}
	}
}

// farAway is when a packer looks again though nothing is due, or long not.
const farAway = time.Hour

// untilDue is a timer that ends when ledger time has something to do by itself.
func (p *packer) untilDue() (*time.Timer, error) {
	view := p.node.store.View()
	defer view.Close()
	at, waiting, err := ledger.NextDue(view)
	if err != nil {
		return nil, fmt.Errorf("look what is due: %w", err)
	}
	wait := farAway
	if now := p.node.nowUnixMs(); waiting && at <= now {
		wait = 0
	} else if waiting && at-now < uint64(farAway/time.Millisecond) {
		wait = time.Duration(at-now) * time.Millisecond
	}
	return time.NewTimer(wait), nil
}

// gather takes what is waiting, in order of arrival. While more comes each time that others are let run, it lets them: see
// checker.gather.
func (p *packer) gather(first *submission) []*submission {
	all := p.carried
	p.carried = nil
	if first != nil {
		all = append(all, first)
	}
	for seen := 0; len(all) < batchLength; {
		select {
		case s := <-p.queue:
			all = append(all, s)
			continue
		default:
		}
		if len(all) == seen {
			return all
		}
		seen = len(all)
		runtime.Gosched()
	}
	return all
}

// drop answers everything that waits.
func (p *packer) drop(err error) {
	for len(p.carried)+len(p.queue) > 0 {
		for _, s := range p.gather(nil) {
			s.reply(Status{}, err)
		}
	}
}

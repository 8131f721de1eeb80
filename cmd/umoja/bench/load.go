package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/umoja-ledger/umoja/cmd/internal/daemon"
	"github.com/umoja-ledger/umoja/ledger/tx"
	apiv1 "github.com/umoja-ledger/umoja/proto/umoja/api/v1"
)

const (
	// acceptedOf is every how many-eth transaction is also timed until it is accepted. It costs the generator a second call. Transactions go to 4, 7 or 10 validators in turn, and
	// all of them are to be timed: it has no divisor in common with any of those.
	acceptedOf = 9
	// longest is the end of the histograms.
	longest = 10 * time.Minute
	// answerWithin is how long one answer may take.
	answerWithin = time.Minute
)

// load sends a stock and keeps what became of it.
type load struct {
	network  *network
	workload Workload
	o        Options
	all      []payer
	// final and accepted send until that stage: one for each validator, taken in turn.
	final, accepted []sender
	// warm is how many answers come before what is measured.
	warm int64

	// taken counts what was begun, done what was answered, moved the transfers that are final, and paid those of them that are measured.
	taken, done, moved, paid atomic.Int64

	// mu guards the rest; held for one sample, and while measuring begins.
	mu sync.Mutex
	// answered counts answers until measuring begins. begin reads the meters then, and is nil from there on.
	answered int64
	begin    func()
	// toFinal and toAccepted are in microseconds.
	toFinal, toAccepted, reads, shadowed *hdrhistogram.Histogram
	// failed counts by outcome what was not made final with the code OK.
	failed map[string]int
	open   []item
	// net is what each payer's balance must have changed by.
	net []int64
	ids []tx.ID
}

// idsKept is of how many payments receipts are verified afterwards.
const idsKept = 50

func (n *network) newLoad(ctx context.Context, w Workload, o Options, all []payer) (*load, error) {
	l := &load{
		network: n, workload: w, o: o, all: all, warm: o.warm(), failed: make(map[string]int), net: make([]int64, len(all)),
		toFinal: newHistogram(), toAccepted: newHistogram(), reads: newHistogram(), shadowed: newHistogram(),
	}
	for _, v := range n.validators {
		if !w.stream {
			l.final, l.accepted = append(l.final, unary{v}), append(l.accepted, unary{v})
			continue
		}
		for _, kind := range []struct {
			to   *[]sender
			wait apiv1.Stage
		}{{&l.final, apiv1.Stage_STAGE_FINAL}, {&l.accepted, apiv1.Stage_STAGE_ACCEPTED}} {
			s, err := openStream(ctx, v, kind.wait)
			if err != nil {
				return nil, err
			}
			*kind.to = append(*kind.to, s)
		}
	}
	return l, nil
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), 3)
}

// warm is how many answers come before what is measured. A closed loop begins with a burst of as many as there are callers, of which none is answered:
// it has to be over. Some are left to be measured however few there are.
func (o *Options) warm() int64 {
	warm := int(o.WarmUp * float64(o.Count))
	if o.WarmUp > 0 && o.Rate == 0 {
		warm = max(warm, min(o.Callers, o.Count/2))
	}
	return int64(warm)
}

// run sends the stock; warmed is called when what is measured begins.
func (l *load) run(ctx context.Context, s *stock, warmed func() error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	l.begin = func() {
		l.begin = nil
		if err := warmed(); err != nil {
			giveUp(err)
		}
	}
	if l.warm == 0 {
		l.begin()
	}
	var all sync.WaitGroup
	if l.o.Rate > 0 {
		l.atRate(ctx, s, func(at time.Time, it item, place int64) { all.Go(func() { l.one(ctx, at, it, place) }) })
	} else {
		for range l.o.Callers {
			all.Go(func() {
				for it := range s.ready {
					if ctx.Err() != nil {
						continue // The stock must end.
					}
					l.one(ctx, time.Now(), it, l.taken.Add(1)-1)
				}
			})
		}
	}
	all.Wait()
	return errors.Join(s.group.Wait(), context.Cause(ctx))
}

// atRate begins transactions by the clock. One that begins late is timed from when it was to begin.
func (l *load) atRate(ctx context.Context, s *stock, send func(at time.Time, it item, place int64)) {
	begun := time.Now()
	for it := range s.ready {
		place := l.taken.Add(1) - 1
		at := begun.Add(time.Duration(float64(place) / l.o.Rate * float64(time.Second)))
		if wait := time.Until(at); wait > 0 && daemon.Sleep(ctx, wait) != nil {
			continue // The stock must end.
		}
		if ctx.Err() == nil {
			send(at, it, place)
		}
	}
}

// one sends one transaction and keeps what became of it.
func (l *load) one(ctx context.Context, at time.Time, it item, place int64) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	through := int(place) % len(l.final)
	var accepted time.Duration
	var answer *apiv1.TransactionStatus
	var err error
	switch {
	case l.o.Persist:
		answer, err = l.persist(ctx, it, through)
	case place%acceptedOf == 0:
		if answer, err = l.accepted[through].send(ctx, it, apiv1.Stage_STAGE_ACCEPTED); err == nil {
			accepted = time.Since(at)
			var res *apiv1.GetTransactionResponse
			id := it.signed.ID()
			res, err = l.network.validators[through].GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: id[:], Wait: apiv1.Stage_STAGE_FINAL})
			answer = res.GetStatus()
		}
	default:
		answer, err = l.final[through].send(ctx, it, apiv1.Stage_STAGE_FINAL)
	}
	ended := time.Now()
	failure := outcomeOf(answer, apiv1.Stage_STAGE_FINAL, err)
	l.done.Add(1)
	counts := l.keep(it, timed{at, ended, accepted}, failure, err != nil || answer.GetStage() < apiv1.Stage_STAGE_FINAL)
	if failure == "" {
		l.read(ctx, it, place, counts)
	}
}

// persist asks one validator after the other, as a wallet does, until one tells an outcome, or refuses: whoever does not answer soon is still listened to.
func (l *load) persist(ctx context.Context, it item, through int) (*apiv1.TransactionStatus, error) {
	type answer struct {
		status *apiv1.TransactionStatus
		err    error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers, asked, waiting := make(chan answer, len(l.final)), 0, 0
	last := answer{err: context.DeadlineExceeded}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
			if waiting < cap(answers) {
				v := l.final[(through+asked)%len(l.final)]
				asked, waiting = asked+1, waiting+1
				go func() {
					s, err := v.send(ctx, it, apiv1.Stage_STAGE_FINAL)
					answers <- answer{s, err} // There is room for all that are waited for.
				}()
			}
			next.Reset(patience)
		case last = <-answers:
			waiting--
			switch status.Code(last.err) {
			case codes.OK:
				if last.status.GetStage() >= apiv1.Stage_STAGE_FINAL {
					return last.status, nil
				}
			case codes.InvalidArgument, codes.FailedPrecondition, codes.PermissionDenied:
				return last.status, last.err
			}
			next.Reset(pause)
		case <-ctx.Done():
			return last.status, last.err
		}
	}
}

const (
	// patience is how long one validator may take before another is asked as well, pause how long to wait after one that failed.
	patience = 1500 * time.Millisecond
	pause    = 20 * time.Millisecond
)

// timed says when a payment began and was final, and how long it took to be accepted where that was looked at.
type timed struct {
	begun, ended time.Time
	accepted     time.Duration
}

// keep notes one outcome, and says whether it is of a payment that is measured.
func (l *load) keep(it item, t timed, failure string, open bool) (counts bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts = l.counts()
	switch {
	case open:
		l.open = append(l.open, it)
		l.failed[failure]++
		return false
	case failure != "":
		l.failed[failure]++
		return false
	}
	l.made(it)
	l.moved.Add(int64(len(it.credits)))
	if !counts {
		return false
	}
	l.paid.Add(int64(len(it.credits)))
	took := t.ended.Sub(t.begun)
	waited := took
	if l.o.Shadow != nil {
		waited = l.o.Shadow(t.begun, t.ended)
	}
	if waited < took {
		l.record(l.shadowed, took)
	}
	if waited > 0 {
		l.record(l.toFinal, waited)
	}
	if t.accepted > 0 {
		l.record(l.toAccepted, t.accepted)
	}
	return true
}

// counts says whether an answer is measured: those are that come after the meters were read. The last one of the warm-up has them read, and whatever
// is answered meanwhile waits for mu and counts. The caller holds mu.
func (l *load) counts() bool {
	if l.begin == nil {
		return true
	}
	if l.answered++; l.answered >= l.warm {
		l.begin()
	}
	return false
}

// record adds a sample. The caller holds mu.
func (l *load) record(h *hdrhistogram.Histogram, took time.Duration) {
	if err := h.RecordValue(took.Microseconds()); err != nil {
		l.failed["later than the histogram's end"]++
	}
}

// made notes that a transaction moved money. The caller holds mu.
func (l *load) made(it item) {
	l.net[it.debit] -= int64(len(it.credits))
	for _, c := range it.credits {
		l.net[c]++
	}
	if len(l.ids) < idsKept {
		l.ids = append(l.ids, it.signed.ID())
	}
}

// read does the reads that go with a payment: balances and payments of others. Those of a payment that is not measured are not either.
func (l *load) read(ctx context.Context, it item, place int64, counts bool) {
	id := it.signed.ID()
	for i := range l.workload.reads {
		v, account := l.network.validators[(int(place)+i)%len(l.network.validators)], l.all[(it.debit+i)%len(l.all)].account
		at := time.Now()
		var err error
		if i%3 == 0 {
			_, err = v.GetTransaction(ctx, &apiv1.GetTransactionRequest{Id: id[:]})
		} else {
			_, err = v.GetBalance(ctx, &apiv1.GetBalanceRequest{Account: account[:], Asset: uint32(l.network.asset)})
		}
		l.mu.Lock()
		switch {
		case err != nil:
			l.failed["read: "+reasonOf(err)]++
		case counts:
			l.record(l.reads, time.Since(at))
		}
		l.mu.Unlock()
	}
}

package consensus

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// checker has envelopes checked by as many goroutines as there are processors, many at once: what comes while they are busy is
// checked together, which costs a fifth. So a check waits for nobody when there is little to do, and is cheapest when there is most. When there is some, it waits for what
// comes in the next milliseconds (pace).
//
// The life of a check: an envelope comes from a client, from another validator or in an entry of the log that has just arrived; a check
// of it is opened, once however often it comes, and queued. A worker begins it with whatever else is queued. When raft commits an
// entry first, the FSM begins what nobody has, and waits for the rest. What was found good is remembered (verified), so that no
// envelope is checked twice.
type checker struct {
	verified *verified
	// queue holds what is to be begun. A full one refuses: the sender has to slow down.
	queue chan *check
	// stop is closed when nobody works any more.
	stop <-chan struct{}
	// turn is held by the worker that waits for what is queued, and with it pace: two would each have half.
	turn chan struct{}
	pace pace

	// mu guards open; held for a look-up only.
	mu sync.Mutex
	// open are the checks that have not ended. Invariant: at most what is queued, what workers have begun and one batch.
	open map[tx.EnvelopeHash]*check
}

// check is one envelope's.
type check struct {
	envelope []byte
	hash     tx.EnvelopeHash
	// signatures is how many there are to check, once it is queued.
	signatures int
	// begun is set by whoever ends the check: by doing the work, or by refusing it. Invariant: set by one alone.
	begun atomic.Bool
	// done is closed when signed or err is there.
	done   chan struct{}
	signed *tx.Signed
	err    error
}

const (
	// checkerLength bounds the envelopes that wait: a second's work of one processor if each has one signature and is checked alone. It is of envelopes, as are the
	// places of those who bring them, so that nobody's part is the whole.
	checkerLength = 4096
	// checksAtOnce bounds the signatures that one goroutine begins together, but for those of the last envelope, so that none waits for
	// more than some milliseconds of others.
	checksAtOnce = 256
	// worthACore is how many envelopes are worth a core of their own when all are to be checked: the more together, the less each costs.
	worthACore = 32
	// arrivalsAtOnce bounds the entries whose envelopes are not queued yet; the FSM checks those of the others.
	arrivalsAtOnce = 16
)

func newChecker(v *verified, stop <-chan struct{}) *checker {
	return &checker{verified: v, queue: make(chan *check, checkerLength), stop: stop, open: make(map[tx.EnvelopeHash]*check), turn: make(chan struct{}, 1), pace: checkPace}
}

// verify waits until an envelope has been checked. ErrOverloaded when too many wait, ErrStopped at the end.
func (c *checker) verify(ctx context.Context, envelope []byte) (*tx.Signed, error) {
	signed, one, err := c.enqueue(envelope)
	if one == nil {
		return signed, err
	}
	select {
	case <-one.done:
		return one.signed, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.stop:
		return nil, ErrStopped
	}
}

// enqueue gives the check of an envelope, unless its end is known.
func (c *checker) enqueue(envelope []byte) (*tx.Signed, *check, error) {
	if len(envelope) > tx.MaxEnvelopeBytes {
		return nil, nil, tx.ErrTooLarge
	}
	return c.enqueueHashed(envelope, tx.NewEnvelopeHash(c.verified.network, envelope))
}

// enqueueHashed is enqueue for who has hashed the envelope.
func (c *checker) enqueueHashed(envelope []byte, hash tx.EnvelopeHash) (*tx.Signed, *check, error) {
	signed, one, first := c.take(envelope, hash)
	if !first {
		return signed, one, nil
	}
	one.signatures = signaturesOf(envelope)
	select {
	case c.queue <- one:
	default:
		if one.begun.CompareAndSwap(false, true) { // Else the FSM has begun it meanwhile, and ends it.
			one.err = ErrOverloaded
			c.end(one)
		}
	}
	return nil, one, nil
}

// signaturesOf counts the signatures of an envelope that nobody has read yet. One that will not be read has none to check, and counts
// as one.
func signaturesOf(envelope []byte) int {
	count := 0
	for rest := envelope; len(rest) > 0; {
		number, _, size := protowire.ConsumeField(rest)
		if size < 0 {
			return 1
		}
		if number == signaturesField {
			count++
		}
		rest = rest[size:]
	}
	if count > tx.MaxSignatures {
		return 1
	}
	return max(1, count)
}

// signaturesField is the number of umoja.v1.Envelope's signatures.
const signaturesField = 2

// take finds what is known of an envelope, or opens a check of it, which is then first.
func (c *checker) take(envelope []byte, hash tx.EnvelopeHash) (signed *tx.Signed, one *check, first bool) {
	if signed := c.verified.find(hash); signed != nil {
		return signed, nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if one := c.open[hash]; one != nil {
		return nil, one, false
	}
	one = &check{envelope: envelope, hash: hash, done: make(chan struct{})}
	c.open[hash] = one
	return nil, one, true
}

// end tells whoever waits. What the memory of the good ones has forgotten meanwhile may be checked again.
func (c *checker) end(all ...*check) {
	c.mu.Lock()
	for _, one := range all {
		delete(c.open, one.hash)
	}
	c.mu.Unlock()
	for _, one := range all {
		close(one.done)
	}
}

// all gives the verdicts on many envelopes, in order; it is for who has to go on with all of them, and begins itself what nobody has
// begun. hashes are the envelopes', or nil.
func (c *checker) all(envelopes [][]byte, hashes []tx.EnvelopeHash) []ledger.Verdict {
	verdicts := make([]ledger.Verdict, len(envelopes))
	checks := make([]*check, len(envelopes))
	var own []*check
	for i, e := range envelopes {
		if len(e) > tx.MaxEnvelopeBytes {
			verdicts[i].Err = tx.ErrTooLarge
			continue
		}
		var hash tx.EnvelopeHash
		if hashes != nil {
			hash = hashes[i]
		} else {
			hash = tx.NewEnvelopeHash(c.verified.network, e)
		}
		verdicts[i].Signed, checks[i], _ = c.take(e, hash)
		if one := checks[i]; one != nil && one.begun.CompareAndSwap(false, true) {
			own = append(own, one)
		}
	}
	workers := runtime.GOMAXPROCS(0)
	part := max(worthACore, (len(own)+workers-1)/workers)
	var g errgroup.Group
	g.SetLimit(workers)
	for len(own) > 0 {
		mine := own[:min(part, len(own))]
		own = own[len(mine):]
		g.Go(func() error { c.work(mine); return nil })
	}
	_ = g.Wait() // Each check has its own verdict.
	for i, one := range checks {
		if one == nil {
			continue
		}
		<-one.done // Whoever has begun it ends it.
		if verdicts[i] = (ledger.Verdict{Signed: one.signed, Err: one.err}); errors.Is(one.err, ErrOverloaded) {
			verdicts[i].Signed, verdicts[i].Err = c.verified.verify(one.envelope) // Who opened it found no room, which is no verdict.
		}
	}
	return verdicts
}

// work checks what its caller has begun.
func (c *checker) work(all []*check) {
	envelopes, hashes := make([][]byte, len(all)), make([]tx.EnvelopeHash, len(all))
	for i, one := range all {
		envelopes[i], hashes[i] = one.envelope, one.hash
	}
	for i, v := range c.verified.verifyUnknown(envelopes, hashes) {
		all[i].signed, all[i].err = v.Signed, v.Err
	}
	c.end(all...)
}

// run is one worker.
func (c *checker) run() {
	for {
		select {
		case c.turn <- struct{}{}:
		case <-c.stop:
			return
		}
		all, ok := c.begin()
		<-c.turn
		if !ok {
			return
		}
		c.work(all)
	}
}

// begin waits for an envelope and until it is time, and begins what is queued by then, which may be nothing; false at the end. The caller has the turn. The FSM does not wait: it
// begins itself what nobody has begun.
func (c *checker) begin() (all []*check, ok bool) {
	var one *check
	select {
	case one = <-c.queue:
	case <-c.stop:
		return nil, false
	}
	if rest := c.pace.rest(time.Now()); rest > 0 && len(c.queue) < checksAtOnce {
		enough := time.NewTimer(rest)
		defer enough.Stop()
		select {
		case <-enough.C:
		case <-c.stop:
			return nil, false
		}
	}
	all = c.gather(one)
	c.pace.begin(time.Now(), len(all), len(c.queue))
	return all, true
}

// gather begins what is queued, as far as nobody else has. While more comes each time that others are let run, it lets them: a goroutine
// that has an envelope to queue is not to find that each was begun alone. Nobody is let run when nobody is ready to.
func (c *checker) gather(one *check) (all []*check) {
	for seen, signatures := 0, 0; ; {
		if one.begun.CompareAndSwap(false, true) {
			all = append(all, one)
			signatures += one.signatures
		}
		if signatures >= checksAtOnce {
			return all
		}
		select {
		case one = <-c.queue:
			continue
		default:
		}
		if len(all) == seen {
			return all
		}
		seen = len(all)
		runtime.Gosched()
		select {
		case one = <-c.queue:
		default:
			return all
		}
	}
}

// expect has the envelopes of entries checked that arrive from the leader, while raft writes them down and agrees on them. It never
// waits: what there is no room for the FSM finds unchecked.
func (n *Node) expect(entries []*raft.Log) {
	for _, e := range entries {
		if e.Type != raft.LogCommand {
			continue
		}
		select {
		case n.expected <- e.Data:
		default:
			return
		}
	}
}

// checkExpected opens the checks of what is expected, in order.
func (n *Node) checkExpected(ctx context.Context) {
	for {
		select {
		case data := <-n.expected:
			batch, err := n.parsed.arrived(n.network, data)
			if err != nil {
				continue // Void, as the FSM will find.
			}
			for i, e := range batch.Envelopes {
				if len(e) <= tx.MaxEnvelopeBytes {
					_, _, _ = n.checker.enqueueHashed(e, batch.EnvelopeHashes()[i]) // The FSM waits for its end.
				}
			}
		case <-ctx.Done():
			return
		}
	}
}

package finality

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	peerv1 "github.com/umoja-ledger/umoja/proto/umoja/peer/v1"
)

// The pace of a driver.
const (
	// namePause is the least time between two rounds of a leader, each for all batches since: at most 20 a second. Each leaf that a round is for keeps it away for
	// leafPause, up to longestPause: a round costs the same for one as for hundreds, and rounds are not to take the time that others need.
	namePause, leafPause, longestPause = 50 * time.Millisecond, 4 * time.Millisecond, 100 * time.Millisecond
	// openPause is how often peers are asked while a round is open, and how long a peer that failed is left alone.
	openPause = 250 * time.Millisecond
	// idlePause is how often peers are asked when nothing is open.
	idlePause = 2 * time.Second
	// exchangeTimeout bounds one exchange.
	exchangeTimeout = 2 * time.Second
	// maxBatch bounds how many arrivals share one write of the state.
	maxBatch = 64
	// callsPerSecond bounds what one peer may ask: twice what an honest one needs at 50 rounds a second.
	callsPerSecond = 500
	// exchangesAtOnce is how many exchanges with one peer are under way at a time: what is signed while a call waits for its answer,
	// which is given when the peer has written its own words down, goes out beside it.
	exchangesAtOnce = 2
	// callsAtOnce is twice that, since a caller whose deadline passed may call again before the first call has ended here.
	callsAtOnce = 2 * exchangesAtOnce
)

// EpochTicks is how long an epoch gets to make something final where raft begins to look for a new leader after so long without a word of the last one.
func EpochTicks(heartbeat time.Duration) int {
	const elections = 4
	return max(epochTicks, int(elections*heartbeat/openPause))
}

// Peer is another validator, over a transport that proved both sides' names.
type Peer interface {
	Exchange(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error)
}

// PeerFunc makes a Peer of a function.
type PeerFunc func(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error)

// Exchange calls the function.
func (f PeerFunc) Exchange(ctx context.Context, req *peerv1.ExchangeRequest) (*peerv1.ExchangeResponse, error) {
	return f(ctx, req)
}

// DriverConfig is what a driver is made of. The callbacks run on the driver's own goroutine, one at a time, and must
// return soon.
type DriverConfig struct {
	// Config is the machine's. Its State is taken from File.
	Config
	// File keeps the state; nobody else may save to it.
	File *StateFile
	// Peers are all other validators of the set, by name, and whoever else may know what is final; Meet replaces them.
	Peers map[string]Peer
	// ChangesAfter gives the changes of the validator set whose boundary is above a size, as far as they are final here: whoever is
	// behind needs them first. Nil gives none.
	ChangesAfter func(size uint64) []checkpoint.SetChange
	// OnChanges takes changes of the set that a peer says this validator has not seen. Nothing of them is verified. It may be called
	// from any goroutine, and be nil.
	OnChanges func([]checkpoint.SetChange)
	// NowUnixS is the clock for cosignatures.
	NowUnixS func() uint64

	// OnFinal tells of a checkpoint with q ratifications, or proved by a note, that the own tree has reached. Sizes rise
	// but may be skipped. It is told before the own signer's state has it on disk. After a start the newest that is there is told
	// again once the tree has it, and it can be lower than one told before a crash. What cannot be undone waits for OnSealed.
	OnFinal func(c checkpoint.Checkpoint)
	// OnSealed tells of a note with q cosignatures, in the same way.
	OnSealed func(note []byte, c checkpoint.Checkpoint)
	// OnEvidence tells of a lying validator; may be nil.
	OnEvidence func(e checkpoint.Evidence)
	// OnEpochReady gives the change that opens the next epoch, while this validator leads: it goes into the next batch if
	// its start is in the own tree. It may come again, with the same change or another; may be nil.
	OnEpochReady func(change checkpoint.EpochChange)
	// OnAstray tells that a quorum signed another tree than the own, above what is sealed here: the node has to fetch its
	// tentative batches anew; may be nil.
	OnAstray func(at checkpoint.Vote)
	// OnHalt tells that this validator signs nothing more, and why; may be nil.
	OnHalt func(err error)
}

// Driver runs a machine: it feeds it events, makes its state durable, exchanges words with the peers and tells the node.
type Driver struct {
	config  DriverConfig
	machine *Machine // Owned by Run.
	led     Event    // What Run was told last of who leads.
	// talkersLock guards talkers and talking, the context in which they talk; nil before Run and once it has ended.
	talkersLock sync.Mutex
	talkers     map[string]*talker
	talking     context.Context
	work        sync.WaitGroup

	// news is what the node said since the machine last looked; only the newest matters.
	newsLock sync.Mutex
	applied  *Applied
	lead     Event
	reign    *Reign
	wake     chan struct{}

	arrivals chan arrival
	// words is what peers may be told; all of it is durable.
	words atomic.Pointer[words]
	done  chan struct{}
	ran   atomic.Bool
}

// words is a snapshot of what the machine has to say.
type words struct {
	// version rises with each new word.
	version  uint64
	messages *peerv1.FinalityMessages
	sealed   checkpoint.Checkpoint
	note     []byte
	final    checkpoint.Checkpoint
	// open says that peers are to be asked often.
	open   bool
	status Status
}

// arrival is what came from a peer.
type arrival struct {
	from   string
	events []Event
	// answered is closed when the events have had their effects; nil when nobody waits.
	answered chan struct{}
}

// NewDriver checks the configuration. Nothing happens until Run.
func NewDriver(c DriverConfig) (*Driver, error) {
	if c.File == nil || c.NowUnixS == nil || c.OnFinal == nil || c.OnSealed == nil {
		return nil, fmt.Errorf("new finality driver: File, NowUnixS, OnFinal and OnSealed are needed: %w", ErrConfig)
	}
	c.State = c.File.State()
	machine, err := New(c.Config)
	if err != nil {
		return nil, fmt.Errorf("new finality driver: %w", err)
	}
	d := &Driver{
		config: c, machine: machine, talkers: make(map[string]*talker, len(c.Peers)),
		wake: make(chan struct{}, 1), arrivals: make(chan arrival, maxBatch), done: make(chan struct{}),
	}
	d.meet(c.Peers)
	d.words.Store(&words{})
	d.publish(true)
	return d, nil
}

// Applied says where the head of the tree is now: after a batch, a restored snapshot, or a rollback, which makes it
// smaller. It never blocks.
func (d *Driver) Applied(a Applied) { d.tell(func() { d.applied = &a }) }

// Leading says that this validator leads the raft term. It never blocks.
func (d *Driver) Leading(term uint64) { d.tell(func() { d.lead = Leading{Term: term} }) }

// Following says that another validator leads the raft term, or with an empty name that nobody is known to. It never
// blocks.
func (d *Driver) Following(leader string, term uint64) {
	d.tell(func() { d.lead = Following{Leader: leader, Term: term} })
}

func (d *Driver) tell(news func()) {
	d.newsLock.Lock()
	news()
	d.newsLock.Unlock()
	signal(d.wake)
}

// signal wakes a loop that looks at everything whenever it wakes, so that one signal stands for many.
func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// Final is the highest final checkpoint; its size is zero before the first.
func (d *Driver) Final() checkpoint.Checkpoint { return d.words.Load().final }

// Sealed is the highest checkpoint with a quorum of cosignatures, and its note; nil before the first.
func (d *Driver) Sealed() ([]byte, checkpoint.Checkpoint) {
	w := d.words.Load()
	return w.note, w.sealed
}

// Status is how far this validator is.
func (d *Driver) Status() Status { return d.words.Load().status }

// Run works until the context ends, then returns nil. Any other return means that the state could not be made durable:
// the process has to end.
func (d *Driver) Run(ctx context.Context) error {
	if d.ran.Swap(true) {
		return fmt.Errorf("run finality driver twice: %w", ErrConfig)
	}
	ctx, cancel := context.WithCancel(ctx)
	d.beginTalking(ctx)
	err := d.loop(ctx)
	close(d.done)
	cancel()
	d.endTalking()
	if err == nil {
		// The newest note is written with the next signature; there will be none.
		err = d.config.File.Save(d.machine.State())
	}
	return err
}

// loop owns the machine. Everything that arrived while the last effects were carried out shares one write of the state.
func (d *Driver) loop(ctx context.Context) error {
	var named time.Time
	pace, tick, ticking := time.NewTimer(0), time.NewTimer(openPause), true
	defer pace.Stop()
	defer tick.Stop()
	for {
		var effects []Effect
		var waiting []arrival
		ticked := false
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		case <-pace.C:
		case a := <-d.arrivals:
			waiting = append(waiting, a)
		case <-tick.C:
			ticking, ticked = false, true
		}
		for len(waiting) < maxBatch && len(d.arrivals) > 0 {
			waiting = append(waiting, <-d.arrivals)
		}
		step := func(e Event) { effects = append(effects, d.machine.Step(d.config.NowUnixS(), e)...) }
		// What the node said comes first: RootAt answers for the tree of now, which may have been taken back.
		reign, news := d.news()
		if reign != nil {
			if err := d.govern(reign, step); err != nil {
				return err
			}
		}
		for _, e := range news {
			step(e)
		}
		for _, a := range waiting {
			for _, e := range a.events {
				step(e)
			}
		}
		if ticked {
			step(Tick{})
		}
		if err := d.carryOut(effects, waiting); err != nil {
			return err
		}
		if d.machine.Ready() {
			if rest := roundPause(d.machine.Unnamed()) - time.Since(named); rest > 0 {
				pace.Reset(rest)
			} else {
				named = time.Now()
				if err := d.carryOut(d.machine.Step(d.config.NowUnixS(), Name{}), nil); err != nil {
					return err
				}
			}
		}
		if d.machine.Open() && !ticking {
			ticking = true
			tick.Reset(openPause)
		}
	}
}

// roundPause is how long after a round the next one for so many leaves may begin.
func roundPause(leaves uint64) time.Duration {
	return max(namePause, min(longestPause, time.Duration(min(leaves, uint64(longestPause/leafPause)))*leafPause))
}

// news takes what the node said, the leader first since it decides whose named size counts.
func (d *Driver) news() (*Reign, []Event) {
	d.newsLock.Lock()
	defer d.newsLock.Unlock()
	var events []Event
	reign := d.reign
	d.reign = nil
	if d.lead != nil {
		events, d.led = append(events, d.lead), d.lead
	}
	if d.applied != nil {
		events = append(events, *d.applied)
	}
	d.lead, d.applied = nil, nil
	return reign, events
}

// carryOut does what several steps asked for: first one write that covers them all, then the rest.
func (d *Driver) carryOut(effects []Effect, waiting []arrival) error {
	var persist, send bool
	var final *Final
	var sealed *Sealed
	for i, e := range effects {
		switch e := e.(type) {
		case Persist:
			persist = true
		case Send:
			if i == 0 && len(effects) > 1 {
				// Of a round that was named: all that it says is durable. What is signed in it follows.
				d.say(e.Messages)
				continue
			}
			send = true
		case Final:
			final = &e
		case Sealed:
			sealed = &e
		}
	}
	if final != nil {
		d.config.OnFinal(final.Checkpoint)
	}
	if persist {
		if err := d.config.File.Save(d.machine.State()); err != nil {
			return err
		}
	}
	// A crash here leaves signatures that nobody saw; the next start publishes them.
	if err := d.config.File.point("words on disk, not said"); err != nil {
		return err
	}
	wake := d.publish(send)
	for _, a := range waiting {
		if a.answered != nil {
			d.talker(a.from).told(d.words.Load().version)
			close(a.answered)
		}
	}
	if wake {
		d.wakeTalkers()
	}
	if err := d.config.File.point("words said, node not told"); err != nil {
		return err
	}
	if sealed != nil {
		d.config.OnSealed(sealed.Note, sealed.Checkpoint)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Accuse:
			if d.config.OnEvidence != nil {
				d.config.OnEvidence(e.Evidence)
			}
		case EpochReady:
			if d.config.OnEpochReady != nil {
				d.config.OnEpochReady(e.Change)
			}
		case Astray:
			if d.config.OnAstray != nil {
				d.config.OnAstray(e.At)
			}
		case Halt:
			if d.config.OnHalt != nil {
				d.config.OnHalt(e.Err)
			}
		}
	}
	return nil
}

// say lets the peers see words that are durable while others are not.
func (d *Driver) say(m Messages) {
	next := *d.words.Load()
	next.version++
	next.messages, next.open = encodeMessages(m), true
	d.words.Store(&next)
	d.wakeTalkers()
}

// publish lets the peers see what the machine has to say, all of which must be durable, and says whether the talkers
// have to look at it.
func (d *Driver) publish(news bool) (wake bool) {
	m, last := d.machine, d.words.Load()
	next := &words{version: last.version, messages: last.messages}
	if news {
		next.version++
	}
	if news || last.sealed != m.sealed {
		next.messages = encodeMessages(m.Messages())
	}
	next.final, next.open, next.status = m.Final(), m.Open(), m.status()
	next.sealed, next.note = m.Sealed()
	d.words.Store(next)
	return news || next.open != last.open
}

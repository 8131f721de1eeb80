package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/store"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// member is one validator over all its lives. A supervisor starts it again after each crash, as the operator's does.
type member struct {
	cluster *cluster
	name    string
	dir     string
	disk    *raftDisk

	// mu guards the rest; never held while time passes.
	mu   sync.Mutex
	rand *rand.Rand
	// node is the running one, nil between lives.
	node *consensus.Node
	life *life
	// plan is where the next crash happens: at the point of the name, or of any name when it is "", after some more of them;
	// nil when none is planned.
	plan *crashPlan
	// crashed says that this life has met its crash; every later step fails.
	crashed bool
	over    chan struct{}
	// skew is how far the clock is from the truth, and frozen what it shows for good; zero is that it runs.
	skew   time.Duration
	frozen time.Time
	// omits makes the node a leader that leaves out; nil for an honest one.
	omits func(*tx.Signed) bool
	// held keeps the member down until it is let go.
	held bool
	// joins says that the genesis does not name the member, and away that no set needs it: then it does not run.
	joins, away bool
	// starts counts lives.
	starts int
	// refused is why the node would not start any more though nothing crashed it; it then stays down.
	refused error
	// marred says that the disk was damaged: then a refusal, or an end in order, is what is asked for.
	marred bool
	// forgetful says that what it signed was taken from it: then it counts as a liar, and its words as lies.
	forgetful bool
	// fsync is how long a write of state and signatures takes.
	fsync time.Duration
}

type crashPlan struct {
	point string
	after int
	// among, if it is not nil, says where instead of point.
	among func(name string) bool
}

// at says whether a crash is planned at a point.
func (p *crashPlan) at(name string) bool {
	switch {
	case p == nil:
		return false
	case p.among != nil:
		return p.among(name)
	}
	return p.point == "" || p.point == name
}

// point is told of every step of the node. It is called with locks held, so it may not let time pass, except where a write has
// just ended and no lock is held.
func (m *member) point(name string) error {
	m.cluster.visit(name)
	switch name {
	case "signer: state written, not synced", "apply: batch stored, nobody told", "seal: checkpoint stored, nobody told":
		m.write()
	}
	return m.pass(name)
}

// pass says whether the node gets past a step.
func (m *member) pass(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crashed {
		return errCrashed
	}
	if !m.plan.at(name) {
		return nil
	}
	if m.plan.after--; m.plan.after > 0 {
		return nil
	}
	m.plan = nil
	m.crashHere(name)
	return errCrashed
}

// crashHere ends the life at this step: nothing later reaches the disk or the network. The caller holds mu.
func (m *member) crashHere(point string) {
	m.crashed = true
	if m.life != nil {
		m.life.die()
	}
	if m.over != nil {
		close(m.over)
		m.over = nil
	}
	m.cluster.crashedAt(point)
}

// panics ends the life as a panic of raft ends a process.
func (m *member) panics() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.crashed {
		m.crashHere("raft panics over its disk")
	}
}

// crash ends the life now, wherever it is.
func (m *member) crash() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crashed || m.node == nil {
		return false
	}
	m.crashHere("anywhere")
	return true
}

// planCrash arms a crash.
func (m *member) planCrash(p *crashPlan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plan = p
}

func (m *member) running() *consensus.Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.crashed {
		return nil
	}
	return m.node
}

// now is the node's clock.
func (m *member) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.frozen.IsZero() {
		return m.frozen
	}
	return m.cluster.now().Add(m.skew)
}

// behind says whether another's log begins too late for this one to follow it.
func (m *member) behind(leader *member) bool {
	end, _ := m.disk.LastIndex()
	first, _ := leader.disk.FirstIndex()
	return end+1 < first
}

// writes makes every write to disk take that long, in the raft log too.
func (m *member) writes(took time.Duration) {
	m.mu.Lock()
	m.fsync = took
	m.mu.Unlock()
	m.disk.trouble(false, took)
}

// write lets a write take its time.
func (m *member) write() {
	m.mu.Lock()
	took := m.fsync
	m.mu.Unlock()
	if took > 0 {
		time.Sleep(took)
	}
}

// setSkew sets the clock, and lets it run.
func (m *member) setSkew(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.skew, m.frozen = d, time.Time{}
}

// leaveOut makes the node a leader that leaves out what the function says, or an honest one again.
func (m *member) leaveOut(what func(*tx.Signed) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.omits = what
}

func (m *member) leavesOut(signed *tx.Signed) bool {
	m.mu.Lock()
	what := m.omits
	m.mu.Unlock()
	return what != nil && what(signed)
}

// freeze stops the clock.
func (m *member) freeze() {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = now
}

// hold keeps the member down from its next end on.
func (m *member) hold(held bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
}

// stayAway keeps the member down while no validator set has it. One that runs goes on until it ends itself.
func (m *member) stayAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

func (m *member) isAway() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.away
}

func (m *member) mar() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.marred = true
}

// forgets takes from the member what it signed.
func (m *member) forgets() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.marred, m.forgetful = true, true
}

func (m *member) hasForgotten() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgetful
}

// resting says that the member is between two lives.
func (m *member) resting() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.node == nil && m.held
}

// state tells how the member is.
func (m *member) state() (starts int, marred bool, refused error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.starts, m.marred, m.refused
}

// supervise runs the node again and again until the context ends.
func (m *member) supervise(ctx context.Context) {
	for ctx.Err() == nil {
		if m.isAway() {
			m.rest(ctx)
			continue
		}
		over, err := m.start()
		if err != nil && !m.wasCrashed() {
			m.giveUp(err)
			<-ctx.Done()
			return
		}
		if err == nil {
			select {
			case <-over:
			case <-m.nodeDead():
			case <-ctx.Done():
			}
			m.stop()
		}
		m.rest(ctx)
	}
}

// rest is the time between two lives.
func (m *member) rest(ctx context.Context) {
	for ctx.Err() == nil {
		m.mu.Lock()
		pause, held := time.Duration(100+m.rand.IntN(3000))*time.Millisecond, m.held || m.away
		m.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		if !held {
			return
		}
	}
}

func (m *member) nodeDead() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.node.Dead()
}

func (m *member) wasCrashed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.crashed
}

func (m *member) giveUp(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = err
	m.cluster.log.Error("will not start", "validator", m.name, "error", err)
}

// volumeLeaves makes volumes of the store small, so that many end in a simulation.
const volumeLeaves = 24

// start begins a life.
func (m *member) start() (over chan struct{}, err error) {
	c := m.cluster
	life := c.wire.begin(m.name)
	m.mu.Lock()
	m.crashed, m.life = false, life
	m.starts++
	over = make(chan struct{})
	m.over = over
	m.mu.Unlock()
	m.disk.repair()
	certificate, err := transport.NewCertificate(c.world.TLS[m.name], m.name)
	if err != nil {
		return nil, err
	}
	node, err := consensus.Open(consensus.Config{
		Dir: filepath.Join(m.dir, "node"), Genesis: c.world.Genesis, Name: m.name, Key: c.world.Validators[m.name], Certificate: certificate,
		Joins: m.joins, Peers: c.addresses, Timing: c.timing, Snapshots: c.snapshots, Store: store.Options{NoSync: true, VolumeLeaves: volumeLeaves},
		Log: c.log.With("validator", m.name), Now: m.now,
		Simulated: &consensus.Simulated{Dial: life.dial, Serve: life, Log: m.disk, Point: m.point, Panics: m.panics, LeaveOut: m.leavesOut},
	})
	if err != nil {
		life.leave()
		return nil, fmt.Errorf("start %s: %w", m.name, err)
	}
	m.mu.Lock()
	m.node = node
	m.mu.Unlock()
	return over, nil
}

// stop ends a life. A crashed node only lets go of its memory.
func (m *member) stop() {
	m.mu.Lock()
	node, life, crashed := m.node, m.life, m.crashed
	m.node, m.over = nil, nil
	m.mu.Unlock()
	dead := node.Err()
	life.leave()
	err := node.Close()
	switch {
	case crashed || errors.Is(dead, errCrashed):
	case dead != nil:
		m.cluster.ended(m, dead)
	case err != nil:
		m.cluster.violate("I11", "%s: close: %v", m.name, err)
	}
}

package finality

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// Reign says which validator set makes the own tree final from now on, or again, when batches were taken back; and who is to be talked
// to: the validators of the set, and whoever else may know what is final. What Applied says next is of this reign. It never blocks.
func (d *Driver) Reign(r Reign, peers map[string]Peer) {
	d.meet(peers) // Here, or it would undo what Meet says before Run has come to the reign.
	d.tell(func() { d.reign = &r })
}

// govern makes the machine of a reign: it goes on from what the one before has signed and knows final, and hears everything else anew.
func (d *Driver) govern(r *Reign, step func(Event)) error {
	c := d.config.Config
	c.Reign, c.State = *r, d.machine.State()
	machine, err := New(c)
	if err != nil {
		return fmt.Errorf("begin the reign of epoch %d: %w", c.First, err)
	}
	d.config.Reign, d.machine = *r, machine
	if d.led != nil {
		step(d.led)
	}
	return nil
}

// Meet makes those the peers given whom this validator talks to.
func (d *Driver) Meet(peers map[string]Peer) { d.meet(peers) }

// meet makes the talkers those of the peers given. Whoever stays is not interrupted.
func (d *Driver) meet(peers map[string]Peer) {
	d.talkersLock.Lock()
	defer d.talkersLock.Unlock()
	for name, t := range d.talkers {
		if _, stays := peers[name]; !stays {
			delete(d.talkers, name)
			if t.leave != nil {
				t.leave()
			}
		}
	}
	for name, peer := range peers {
		if name == d.config.Name || d.talkers[name] != nil {
			continue
		}
		t := &talker{
			name: name, peer: peer, wake: make(chan struct{}, 1),
			calls: make(chan struct{}, callsAtOnce), limit: rate.NewLimiter(callsPerSecond, callsPerSecond/2),
		}
		d.talkers[name] = t
		d.startTalker(t)
	}
}

// startTalker begins a talk, if Run is under way. The caller holds talkersLock.
func (d *Driver) startTalker(t *talker) {
	if d.talking == nil || d.talking.Err() != nil {
		return
	}
	var ctx context.Context
	ctx, t.leave = context.WithCancel(d.talking)
	d.work.Go(func() { d.talk(ctx, t) })
}

func (d *Driver) beginTalking(ctx context.Context) {
	d.talkersLock.Lock()
	defer d.talkersLock.Unlock()
	d.talking = ctx
	for _, t := range d.talkers {
		d.startTalker(t)
	}
}

func (d *Driver) endTalking() {
	d.talkersLock.Lock()
	d.talking = nil
	d.talkersLock.Unlock()
	d.work.Wait()
}

// talker is who talks to a peer; nil for who is none, and then it need not be told.
func (d *Driver) talker(name string) *talker {
	d.talkersLock.Lock()
	defer d.talkersLock.Unlock()
	return d.talkers[name]
}

func (d *Driver) wakeTalkers() {
	d.talkersLock.Lock()
	defer d.talkersLock.Unlock()
	for _, t := range d.talkers {
		signal(t.wake)
	}
}

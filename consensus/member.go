package consensus

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/umoja-ledger/umoja/consensus/transport"
)

// member is this node's part in raft, from one start of raft to its end: a node that was fed a lie ends it and starts
// another one.
type member struct {
	*raft.Raft
	// down is closed when raft has shut down: what it has not answered by then it never will.
	down  chan struct{}
	ended sync.Once
	// tuning is held while raft's settings are read and written: raft itself takes them one at a time, and knows nothing of who has read before.
	tuning sync.Mutex
}

// tune changes those of raft's settings that may change while it runs: to each that it is given, in turn.
func (m *member) tune(settings func(now raft.ReloadableConfig) []raft.ReloadableConfig) error {
	m.tuning.Lock()
	defer m.tuning.Unlock()
	for _, c := range settings(m.ReloadableConfig()) {
		if err := m.ReloadConfig(c); err != nil {
			return err
		}
	}
	return nil
}

// await waits for a future, which raft may never answer once it shuts down: one may still be in a queue that nobody reads any more.
func (m *member) await(ctx context.Context, f raft.Future) error {
	answered := make(chan error, 1)
	endWith(f, m.down)
	go func() { answered <- f.Error() }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-m.down:
		return ErrStopped
	}
}

// endWith has Error of a future return when a channel is closed. Raft (v1.7.3) gives its futures a field for that and sets it in some of
// them only; in the others whoever waits would stay for ever. Nobody but Error reads it.
func endWith(f raft.Future, down chan struct{}) {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return // It is answered already.
	}
	if field := v.Elem().FieldByName("ShutdownCh"); field.CanSet() && field.Type() == reflect.TypeOf(down) {
		field.Set(reflect.ValueOf(down))
	}
}

// end shuts raft down. Whoever still waits is told that the node is stopping.
func (m *member) end() error {
	err := m.Shutdown().Error()
	m.ended.Do(func() { close(m.down) })
	return err
}

// turns counts what takes batches back. Two may be under way at once: a resync is asked for while an epoch is opened.
type turns struct {
	begun, ended atomic.Uint64
	// sealing is held from where a checkpoint is compared with the own tree until it is stored: what is final then is not taken back, and what is
	// taken back does not become final.
	sealing sync.Mutex
}

// begin says that batches are about to be taken back. No checkpoint is stored from here on, until that has ended: none is found to be of the own tree.
func (t *turns) begin() {
	t.sealing.Lock()
	defer t.sealing.Unlock()
	t.begun.Add(1)
}

// look gives a count that rises with each beginning and end, and whether nothing is under way.
func (t *turns) look() (count uint64, quiet bool) {
	ended := t.ended.Load() // First: what begins after this look is seen by the next.
	begun := t.begun.Load()
	return begun + ended, begun == ended
}

// Load is the count alone.
func (t *turns) Load() uint64 {
	count, _ := t.look()
	return count
}

// member is the raft member, nil while there is none.
func (n *Node) member() *member { return n.raft.Load() }

// nextMember waits for a member that is not the last one; nil when the node stops.
func (n *Node) nextMember(ctx context.Context, last *member) *member {
	for {
		changed := n.progress.next() // Resync moves it when the new member is there.
		if m := n.member(); m != nil && m != last {
			return m
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *Node) term() uint64 {
	if m := n.member(); m != nil {
		return m.CurrentTerm()
	}
	return 0
}

// Leader is the name of the leader this node knows, or "".
func (n *Node) Leader() string {
	if m := n.member(); m != nil {
		_, id := m.LeaderWithID()
		return string(id)
	}
	return ""
}

// lasting is the transport for a member that does not close it, as raft would: the next one goes on with it.
type lasting struct{ *transport.Transport }

// Close does nothing; the node closes the transport.
func (lasting) Close() error { return nil }

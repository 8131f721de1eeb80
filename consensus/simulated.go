package consensus

import (
	"io"

	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus/transport"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Simulated is what a simulation gives a node in the place of the network and of the disk under raft's log. Everything else
// of the node is what runs in production: package sim. What is nil is as in production.
type Simulated struct {
	// Dial makes a link to another validator.
	Dial func(peer string) transport.Link
	// Serve takes the services that the node has for other validators. The context of each call names the caller's certificate.
	Serve grpc.ServiceRegistrar
	// Log is raft's log and stable store. Closing the node does not close it.
	Log RaftStore
	// Point is told of each step that a crash can separate from the next. From the one on for which it gives an error the node
	// is dead: no later step may leave a trace.
	Point func(name string) error
	// Panics ends the node where raft panics because its term or vote cannot be kept, so that one process can play all validators. From then on it
	// is dead, as after a point.
	Panics func()
	// LeaveOut makes the node a leader that lies: what it says true to is never packed, and never answered.
	LeaveOut func(*tx.Signed) bool
	// Refuse makes the node a leader that lies: what it gives an error for is answered with that and not packed.
	Refuse func(*tx.Signed) error
}

// RaftStore keeps raft's log and its stable values.
type RaftStore interface {
	raft.LogStore
	raft.StableStore
	raft.MonotonicLogStore
	Close() error
}

// point is where a crash may be simulated.
func (n *Node) point(name string) error {
	if n.simulated == nil || n.simulated.Point == nil {
		return nil
	}
	return n.simulated.Point(name)
}

func (c *Config) closeListener() {
	if c.Listener != nil {
		c.Listener.Close()
	}
}

// dialer makes links to other validators; nil is by TLS.
func (n *Node) dialer() func(string) transport.Link {
	if n.simulated == nil {
		return nil
	}
	return n.simulated.Dial
}

// services is where the node's services for other validators are registered.
func (n *Node) services() grpc.ServiceRegistrar {
	if n.simulated != nil && n.simulated.Serve != nil {
		return n.simulated.Serve
	}
	n.peers = grpc.NewServer(n.transport.ServerOptions()...)
	return n.peers
}

// leavesOut says whether this node is to be a leader that lies about a submission.
func (n *Node) leavesOut(signed *tx.Signed) bool {
	return n.simulated != nil && n.simulated.LeaveOut != nil && signed != nil && n.simulated.LeaveOut(signed)
}

// refuses says whether this node is to be a leader that refuses a submission falsely, and answers it.
func (n *Node) refuses(s *submission) bool {
	if n.simulated == nil || n.simulated.Refuse == nil || s.signed == nil {
		return false
	}
	err := n.simulated.Refuse(s.signed)
	if err != nil {
		s.reply(Status{}, err)
	}
	return err != nil
}

// WriteSnapshot writes the state as a leader sends it, if all of it is final: what a liar has to lie with. ErrUnproven (of package store) if it is
// not.
func (n *Node) WriteSnapshot(w io.Writer) error {
	captured, err := n.store.Snapshot()
	if err != nil {
		return err
	}
	defer captured.Release()
	_, err = captured.WriteTo(w)
	return err
}

package consensus

import (
	"github.com/hashicorp/raft"
	"google.golang.org/grpc"

	"github.com/umoja-ledger/umoja/consensus/transport"
)

// Simulated is what a simulation gives a node in the place of the network and of the disk under raft's log. Everything else
// of the node is what runs in production: package sim.
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
	if n.simulated != nil {
		return n.simulated.Serve
	}
	n.peers = grpc.NewServer(n.transport.ServerOptions()...)
	return n.peers
}

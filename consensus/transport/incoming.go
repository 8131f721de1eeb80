package transport

import (
	"context"
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
)

const (
	// maxStreams bounds the calls in flight on one connection, before anything is decoded.
	maxStreams = 64
	// maxHeaderBytes bounds the headers of a call.
	maxHeaderBytes = 8 << 10
	// maxIncoming bounds one peer's connections: its lanes, and as many again that died without a word.
	maxIncoming = 2 * int(lanes)
)

// ServerCredentials admits the other validators and nobody else. They serve every peer service of the node.
func (t *Transport) ServerCredentials() credentials.TransportCredentials {
	refused := func(err error) { t.refusals.add("stranger", "handshake", err) }
	return &serverCredentials{credentials.NewTLS(serverTLS(t.cfg.Certificate, t.identify, refused)), t}
}

// ServerOptions are the settings of the node's peer server: ServerCredentials and the limits of message, headers,
// streams and time.
func (t *Transport) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(t.ServerCredentials()),
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.MaxSendMsgSize(maxMessageBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(2 * t.cfg.ConnectTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 3 * keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: keepaliveTime / 2}),
		grpc.WaitForHandlers(true),
	}
}

// PeerName tells which validator makes an incoming call, by the key its connection proved.
func (t *Transport) PeerName(ctx context.Context) (string, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return "", fmt.Errorf("%w: no peer in the call", ErrStranger)
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return "", fmt.Errorf("%w: the call did not come over TLS", ErrStranger)
	}
	return t.identify(info.State.PeerCertificates)
}

// serverCredentials counts the connections that have passed the TLS handshake.
type serverCredentials struct {
	credentials.TransportCredentials
	transport *Transport
}

// ServerHandshake admits a validator's connection. A peer that connects is alive, so connections to it are hurried.
func (c *serverCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, auth, err := c.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	info, ok := auth.(credentials.TLSInfo)
	if !ok {
		_ = conn.Close()
		return nil, nil, ErrStranger
	}
	name, err := c.transport.identify(info.State.PeerCertificates)
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	c.transport.hurry(name)
	return c.transport.incoming.add(name, conn), auth, nil
}

// Clone keeps the count shared.
func (c *serverCredentials) Clone() credentials.TransportCredentials {
	return &serverCredentials{c.TransportCredentials.Clone(), c.transport}
}

// incomingConns bounds the connections of each peer. The oldest gives way to the newest, so that connections left over
// from a peer's crash never keep it out.
type incomingConns struct {
	// mu guards open; it is not held while a connection is closed.
	mu sync.Mutex
	// open holds each peer's connections, oldest first. Invariant: at most maxIncoming each.
	open map[string][]*incomingConn
}

func newIncomingConns() *incomingConns {
	return &incomingConns{open: make(map[string][]*incomingConn)}
}

// incomingConn takes itself off the list when it is closed.
type incomingConn struct {
	net.Conn
	peer string
	list *incomingConns
}

func (l *incomingConns) add(peer string, conn net.Conn) *incomingConn {
	c := &incomingConn{Conn: conn, peer: peer, list: l}
	var oldest *incomingConn
	l.mu.Lock()
	if open := l.open[peer]; len(open) >= maxIncoming {
		oldest = open[0]
		l.open[peer] = open[1:]
	}
	l.open[peer] = append(l.open[peer], c)
	l.mu.Unlock()
	if oldest != nil {
		_ = oldest.Conn.Close()
	}
	return c
}

// Close closes the connection and frees its place.
func (c *incomingConn) Close() error {
	c.list.mu.Lock()
	open := c.list.open[c.peer]
	for i := range open {
		if open[i] == c {
			c.list.open[c.peer] = append(open[:i:i], open[i+1:]...)
			break
		}
	}
	c.list.mu.Unlock()
	return c.Conn.Close()
}

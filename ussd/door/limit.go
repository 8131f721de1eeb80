package door

import (
	"errors"
	"net"
	"net/http"
	"sync"
)

// maxConnections bounds the connections that are open at once. An aggregator keeps a few dozen.
const maxConnections = 2048

// limited is a listener that takes no more connections than it has slots; the others wait in the system's queue, which
// refuses what is too much.
type limited struct {
	net.Listener
	slots chan struct{}
	ended chan struct{}
	end   sync.Once
}

func limit(l net.Listener, connections int) *limited {
	return &limited{Listener: l, slots: make(chan struct{}, connections), ended: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.ended:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotted{Conn: conn, leave: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.end.Do(func() { close(l.ended) })
	if err := l.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// slotted is a connection that gives its slot back.
type slotted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *slotted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// gatekeeper counts the requests under way, so that what they use is closed only after the last of them.
type gatekeeper struct {
	http.Handler
	// under is held for reading by each request.
	under sync.RWMutex
	// closed is guarded by under.
	closed bool
}

// ServeHTTP implements http.Handler.
func (g *gatekeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.under.RLock()
	defer g.under.RUnlock()
	if g.closed {
		http.Error(w, "this service is ending", http.StatusServiceUnavailable)
		return
	}
	g.Handler.ServeHTTP(w, r)
}

// drain waits for the requests under way and lets no other in.
func (g *gatekeeper) drain() {
	g.under.Lock()
	defer g.under.Unlock()
	g.closed = true
}

package consensus

import (
	"net"
	"slices"
	"sync"
	"testing"
)

// wires are the connections between the nodes of a cluster. Every node listens at an own address for each other, so that what
// one says to another is known by the socket. Counted is what goes over TCP, the frames of TLS included.
type wires struct {
	to map[string]map[string]*wire // By callee and caller.
}

// wire is what one node dials another by.
type wire struct {
	listener net.Listener
	mu       sync.Mutex
	// cut wires take no connections.
	cut   bool
	conns []*countedConn
}

// countedConn counts at the callee. heard is what the caller sent.
type countedConn struct {
	net.Conn
	wire        *wire
	heard, said int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.wire.mu.Lock()
	c.heard += int64(n)
	c.wire.mu.Unlock()
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wire.mu.Lock()
	c.said += int64(n)
	c.wire.mu.Unlock()
	return n, err
}

// traffic is the bytes from one node to another by connection, the busiest first.
type traffic []int64

func (t traffic) sum() (n int64) {
	for _, b := range t {
		n += b
	}
	return n
}

func newWires(t testing.TB, names []string) *wires {
	w := &wires{to: make(map[string]map[string]*wire)}
	for _, callee := range names {
		w.to[callee] = make(map[string]*wire)
		for _, caller := range names {
			if caller == callee {
				continue
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			w.to[callee][caller] = &wire{listener: l}
		}
	}
	return w
}

// peers is where a node finds the others.
func (w *wires) peers(caller string) map[string]string {
	all := make(map[string]string)
	for callee, by := range w.to {
		if callee != caller {
			all[callee] = by[caller].listener.Addr().String()
		}
	}
	return all
}

// traffic is what one node has said to another so far, as the caller and as the callee.
func (w *wires) traffic(from, to string) (called, answered traffic) {
	for _, c := range w.to[to][from].all() {
		called = append(called, c.heard)
	}
	for _, c := range w.to[from][to].all() {
		answered = append(answered, c.said)
	}
	for _, t := range []traffic{called, answered} {
		slices.SortFunc(t, func(a, b int64) int { return int(b - a) })
	}
	return called, answered
}

func (w *wire) all() []countedConn {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []countedConn
	for _, c := range w.conns {
		all = append(all, countedConn{heard: c.heard, said: c.said})
	}
	return all
}

// kill ends all connections of a node at once, as the end of its process does, and takes no more.
func (w *wires) kill(name string) {
	for callee, by := range w.to {
		for caller, wire := range by {
			if callee == name || caller == name {
				wire.kill()
			}
		}
	}
}

func (w *wire) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for _, c := range w.conns {
		c.Close()
	}
}

func (w *wire) accept() (net.Conn, error) {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		if w.cut {
			w.mu.Unlock()
			conn.Close()
			continue
		}
		c := &countedConn{Conn: conn, wire: w}
		w.conns = append(w.conns, c)
		w.mu.Unlock()
		return c, nil
	}
}

// joined is one node's listener over all its wires. The address of the first one stands for it.
type joined struct {
	net.Listener
	wires []*wire
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (w *wires) listener(name string, own net.Listener) net.Listener {
	j := &joined{Listener: own, conns: make(chan net.Conn), done: make(chan struct{})}
	for _, wire := range w.to[name] {
		j.wires = append(j.wires, wire)
		go func() {
			for {
				conn, err := wire.accept()
				if err != nil {
					return
				}
				select {
				case j.conns <- conn:
				case <-j.done:
					conn.Close()
					return
				}
			}
		}()
	}
	return j
}

func (j *joined) Accept() (net.Conn, error) {
	select {
	case conn := <-j.conns:
		return conn, nil
	case <-j.done:
		return nil, net.ErrClosed
	}
}

func (j *joined) Close() error {
	j.once.Do(func() {
		close(j.done)
		for _, w := range j.wires {
			w.listener.Close()
		}
	})
	return j.Listener.Close()
}

package door

import (
	"net"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// More connections than there are slots wait, and each that ends lets the next in.
func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l := limit(inner, 1)
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 2 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		must(t, err)
		defer conn.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("two connections in one slot")
	case <-time.After(50 * time.Millisecond):
	}
	must(t, first.Close())
	_ = first.Close() // A second close gives back no second slot.
	second := <-accepted
	must(t, l.Close())
	must(t, l.Close())
	if err := <-ended; err == nil {
		t.Error("no end")
	}
	must(t, second.Close())
}

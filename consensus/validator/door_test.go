package validator

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// TestDoor: who comes before anybody serves is turned away at once, and who comes afterwards is served.
func TestDoor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l.(*net.TCPListener))
	knock := func() (string, error) {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(c)
		return string(said), err
	}
	for range 3 {
		if said, err := knock(); err != nil || said != "" {
			t.Errorf("before it opens: %q, %v", said, err)
		}
	}
	served := make(chan error, 1)
	go func() {
		for {
			c, err := d.Accept()
			if err != nil {
				served <- err
				return
			}
			_, _ = io.WriteString(c, "welcome")
			c.Close()
		}
	}()
	for opened := false; !opened; {
		said, err := knock()
		opened = said == "welcome"
		if err != nil || said != "" && !opened {
			t.Fatalf("%q, %v", said, err)
		}
	}
	if said, err := knock(); err != nil || said != "welcome" {
		t.Errorf("after it has opened: %q, %v", said, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("serving ended with %v", err)
	}
}

// TestDoorThatNeverOpens: closing it ends who turns people away.
func TestDoorThatNeverOpens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(l.(*net.TCPListener))
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := d.Accept(); !errors.Is(err, net.ErrClosed) { // It waits for that end.
		t.Error(err)
	}
}

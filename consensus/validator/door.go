package validator

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// door is a port that is taken before anybody serves it. A validator that was killed hashes its whole state before it serves, and lacks what was ordered
// meanwhile: that takes seconds. A connection that nobody accepts would keep whoever pays waiting for as long; one that is closed at once sends him to
// another validator. So the door turns everybody away until the first Accept.
type door struct {
	*net.TCPListener
	open func()
}

func newDoor(l *net.TCPListener) *door {
	turned := make(chan struct{})
	go func() {
		defer close(turned)
		turnAway(l)
	}()
	return &door{l, sync.OnceFunc(func() {
		// Errors are those of a listener that is closed: Accept tells them.
		_ = l.SetDeadline(time.Unix(1, 0))
		<-turned
		_ = l.SetDeadline(time.Time{})
	})}
}

// turnAway closes every connection, until the listener is closed or its deadline is over.
func turnAway(l *net.TCPListener) {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(turnPause)
		default:
			_ = c.Close() // It was never used.
		}
	}
}

// turnPause is how long nobody is turned away after an error, such as of too many open files.
const turnPause = 10 * time.Millisecond

// Accept opens the door and gives the next connection.
func (d *door) Accept() (net.Conn, error) {
	d.open()
	return d.TCPListener.Accept()
}

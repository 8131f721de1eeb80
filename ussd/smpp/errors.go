package smpp

import "errors"

var (
	// ErrConfig means that a configuration cannot work.
	ErrConfig = errors.New("smpp: bad configuration")
	// ErrNotBound means that there was no bound connection in the time given; nothing was sent.
	ErrNotBound = errors.New("smpp: link is not bound")
	// ErrNoAnswer means that a request was sent and not answered: the peer may have taken it.
	ErrNoAnswer = errors.New("smpp: no answer; it may have been taken")
	// ErrStatus means that the peer answered with an error, whose name stands behind it.
	ErrStatus = errors.New("smpp: refused")
	// ErrText means that a text cannot be written or read: not in the alphabet, or too long.
	ErrText = errors.New("smpp: bad text")

	// errAccount means that the peer knows no such account.
	errAccount = errors.New("smpp: account refused")
	// errClosed means that the connection ended, errUnbound that the peer ended it in good order.
	errClosed  = errors.New("smpp: connection closed")
	errUnbound = errors.New("smpp: peer unbound")
	// errStopped means that the link was told to end.
	errStopped = errors.New("smpp: link stopped")
)

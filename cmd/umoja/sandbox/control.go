package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// request is what another command asks the running parent: one JSON line each way, one request a connection.
type request struct {
	// Restart names the child to start again: a validator's number, gateway, gateway2 or attestor1. Empty asks only whether the network is ready.
	Restart string `json:"restart,omitempty"`
}

type response struct {
	Ready bool   `json:"ready"`
	Error string `json:"error,omitempty"`
}

// Bounds of the control socket.
const (
	maxRequestBytes = 4 << 10
	maxRequests     = 16
	// askWithin covers the stop of the old child and the start of the new one, in a roomy sandbox too.
	askWithin = roomier*(validatorStop+serveWithin) + 5*time.Second
)

// listenControl opens the parent's socket. The folder's lock is held, so a socket that is there is of a run that was
// killed.
func (s *Sandbox) listenControl() (net.Listener, error) {
	path, err := s.folder.controlPath()
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an earlier run: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect control socket: %w", err), l.Close())
	}
	return l, nil
}

// serveControl answers until the context ends, and returns when every request is answered.
func (s *Sandbox) serveControl(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })() // Closing also removes the socket.
	var requests sync.WaitGroup
	defer requests.Wait()
	slots := make(chan struct{}, maxRequests)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				fmt.Fprintf(s.progress, "control socket: %v; umoja dev restart will not work\n", err)
			}
			return
		}
		slots <- struct{}{}
		requests.Go(func() {
			defer func() { <-slots }()
			defer conn.Close()
			s.answer(ctx, conn)
		})
	}
}

func (s *Sandbox) answer(ctx context.Context, conn net.Conn) {
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return
	}
	var req request
	if err := json.NewDecoder(io.LimitReader(conn, maxRequestBytes)).Decode(&req); err != nil {
		return // Not one of ours; there is nobody to tell.
	}
	var res response
	if req.Restart != "" {
		if err := s.restart(ctx, req.Restart); err != nil {
			res.Error = err.Error()
		}
	}
	s.mu.Lock()
	res.Ready = s.ready && !s.stopping
	s.mu.Unlock()
	_ = json.NewEncoder(conn).Encode(res) // Who hung up asks again.
}

// errNotRunning means that nobody answers at the control socket.
var errNotRunning = errors.New("no sandbox is running in this folder")

// ask sends a request to the running parent.
func (f Folder) ask(ctx context.Context, req request) (response, error) {
	a, err := f.ReadAddresses()
	if err != nil {
		return response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", a.Control)
	if err != nil {
		return response{}, fmt.Errorf("%s: %w: start it with umoja dev --dir %s", f, errNotRunning, f)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return response{}, fmt.Errorf("ask the sandbox: %w", err)
	}
	var res response
	if err := json.NewDecoder(conn).Decode(&res); err != nil {
		return response{}, fmt.Errorf("hear the sandbox: %w", err)
	}
	if res.Error != "" {
		return res, errors.New(res.Error)
	}
	return res, nil
}

// Restart asks the running sandbox to start a child again, a validator by its number or the gateway, and returns when it
// serves.
func (f Folder) Restart(ctx context.Context, place string) error {
	_, err := f.ask(ctx, request{Restart: place})
	return err
}

package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// plan is where a run listens.
type plan struct {
	// gateways are in the order of the providers, attestors in theirs.
	gateways, attestors []string
	// grpc, raft and tiles are in the order of the validators.
	grpc, raft, tiles []string
}

// ErrPort means that an address cannot be used.
var ErrPort = errors.New("address cannot be used")

// newPlan chooses the ports of a run and sees that each can be taken. It holds all of them until the last one is
// chosen, so that none is chosen twice; a port may still be lost before its child takes it, and the child says so then.
func newPlan(http, grpc string, validators, providers int) (p plan, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			err = errors.Join(err, l.Close())
		}
	}()
	take := func(flag, host string, port int) (string, error) {
		address := net.JoinHostPort(host, strconv.Itoa(port))
		for _, l := range held {
			if _, taken, _ := net.SplitHostPort(l.Addr().String()); port != 0 && taken == strconv.Itoa(port) {
				return "", fmt.Errorf("port %s is wanted twice: leave more room between --http and --grpc: %w", address, ErrPort)
			}
		}
		l, err := listen(host, port)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return "", fmt.Errorf("port %s is taken by another program: stop it or choose another with --%s", address, flag)
		case errors.Is(err, fs.ErrPermission):
			return "", fmt.Errorf("port %s may not be used by you: choose one above 1023 with --%s", address, flag)
		case err != nil:
			return "", fmt.Errorf("listen on %s: %v: choose another with --%s", address, err, flag)
		}
		held = append(held, l)
		_, chosen, err := net.SplitHostPort(l.Addr().String())
		return net.JoinHostPort(host, chosen), err
	}
	host, port, err := splitAddress("http", http)
	if err != nil {
		return plan{}, err
	}
	// row takes ports in a row, or any when the first is 0.
	row := func(flag, host string, port, count int) (all []string, err error) {
		for i := range count {
			next := port
			if port != 0 {
				next += i
			}
			if next > 65535 {
				return nil, fmt.Errorf("--%s %s leaves no room for %d ports: choose a smaller one: %w", flag, net.JoinHostPort(host, strconv.Itoa(port)), count, ErrPort)
			}
			address, err := take(flag, host, next)
			if err != nil {
				return nil, err
			}
			all = append(all, address)
		}
		return all, nil
	}
	if p.gateways, err = row("http", host, port, providers); err != nil {
		return plan{}, err
	}
	if host, port, err = splitAddress("grpc", grpc); err != nil {
		return plan{}, err
	}
	if p.grpc, err = row("grpc", host, port, validators); err != nil {
		return plan{}, err
	}
	if p.raft, err = row("grpc", "127.0.0.1", 0, validators); err != nil {
		return plan{}, err
	}
	if p.tiles, err = row("http", "127.0.0.1", 0, validators); err != nil {
		return plan{}, err
	}
	if p.attestors, err = row("http", "127.0.0.1", 0, attestors); err != nil {
		return plan{}, err
	}
	return p, nil
}

// splitAddress reads host:port of a flag.
func splitAddress(flag, address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("--%s is %q, not host:port such as 127.0.0.1:8080: %w", flag, address, ErrPort)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("--%s is %q: the port is not a number from 0 to 65535: %w", flag, address, ErrPort)
	}
	return host, int(port), nil
}

// listen takes a port. For port 0 it looks below the range that systems give to outgoing connections: a port of that
// range could be lost to one between this check and the child that listens.
func listen(host string, port int) (net.Listener, error) {
	const first, last, tries = 20000, 32000, 32
	if port == 0 {
		for range tries {
			l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(first+rand.IntN(last-first))))
			if err == nil {
				return l, nil
			}
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

// dialled is the address to connect to a listener on this machine: one that listens everywhere is reached by loopback.
func dialled(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

package sandbox

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestPlanOfFreePorts(t *testing.T) {
	p, err := newPlan("127.0.0.1:0", "127.0.0.1:0", 7, 2)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, address := range slices.Concat(p.gateways, p.grpc, p.raft, p.attestors) {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "0" || seen[address] {
			t.Errorf("%q: no port, or twice", address)
		}
		seen[address] = true
	}
	if len(seen) != 19 {
		t.Errorf("%d addresses", len(seen))
	}
	// They are let go, for the children.
	l, err := net.Listen("tcp", p.grpc[6])
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestPlanRefusesATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	_, err = newPlan(taken, "127.0.0.1:0", 4, 1)
	if want := "port " + taken + " is taken by another program: stop it or choose another with --http"; err == nil || err.Error() != want {
		t.Errorf("http: %v", err)
	}
	_, err = newPlan("127.0.0.1:0", taken, 4, 1)
	if err == nil || !strings.HasSuffix(err.Error(), "choose another with --grpc") {
		t.Errorf("grpc: %v", err)
	}
}

func TestPlanRefusesOnePortForTwo(t *testing.T) {
	first, err := newPlan("127.0.0.1:0", "127.0.0.1:0", 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newPlan(first.gateways[0], first.gateways[0], 4, 1); err == nil || !strings.Contains(err.Error(), "wanted twice") {
		t.Errorf("got %v", err)
	}
}

func TestDialled(t *testing.T) {
	for listened, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", ":80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "box.local:80": "box.local:80",
	} {
		if got := dialled(listened); got != want {
			t.Errorf("%s is dialled as %s, not %s", listened, got, want)
		}
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/bench/suite"
	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// TestBench: a network of its own is measured: every payment is final, balances are right, receipts verify, audits pass, and nothing is left.
func TestBench(t *testing.T) {
	if testing.Short() {
		t.Skip("starts nine processes")
	}
	t.Parallel()
	binary, dir := buildUmoja(t), t.TempDir()
	file := filepath.Join(dir, "report.json")
	command := exec.Command(binary, "bench", "--workload", "stream", "--count", "300", "--payers", "20", "--callers", "50", "--json", file)
	command.Env = append(os.Environ(), "TMPDIR="+dir)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, t.Output()
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	d, err := bench.ReadDocument(file)
	if err != nil {
		t.Fatal(err)
	}
	r := d.Reports[0]
	if r.Transfers != 250 || // Before them 50 were answered, as many as there are callers.
		len(r.Failed) > 0 || r.BalancesChecked != 20 || r.Receipts == 0 || r.Audited == nil || *r.Audited != 4 {
		t.Errorf("%+v", r)
	}
	if r.PerSecond <= 0 || r.Final.P50 <= 0 || r.Accepted.Count == 0 || r.Wire <= 0 || r.CPU["validator1"] <= 0 || r.Calibration.VerifyBusyMicros <= 0 {
		t.Errorf("something was not measured: %+v", r)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "umoja-bench-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if !strings.Contains(out.String(), "audits          4 of 4 passed, with one root") {
		t.Errorf("the report says\n%s", out.String())
	}
}

// TestBenchRoots: histories that are each right and end differently are told apart from those that end alike.
func TestBenchRoots(t *testing.T) {
	broken := errors.New("a bad root")
	one, other := suite.Root{Leaves: 7, Tree: "aa", State: "bb"}, suite.Root{Leaves: 7, Tree: "aa", State: "cc"}
	for _, c := range []struct {
		name   string
		roots  []suite.Root
		errs   []error
		passed int
		differ bool
	}{
		{"all alike", []suite.Root{one, one, one, one}, make([]error, 4), 4, false},
		{"another state", []suite.Root{one, one, other, one}, make([]error, 4), 4, true},
		{"another at first", []suite.Root{other, one, one, one}, make([]error, 4), 4, true},
		{"one has none", []suite.Root{{}, one, one, one}, []error{broken, nil, nil, nil}, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, k := &benchFlags{validators: 4, o: bench.Options{Folder: "network", Progress: t.Output()}}, -1
			passed, differ := f.audit(t.Context(), func(context.Context, string) (suite.Root, error) { k++; return c.roots[k], c.errs[k] })
			if passed != c.passed || differ != c.differ {
				t.Errorf("%d passed, differ %v", passed, differ)
			}
		})
	}
}

// TestBenchKeepsEvidence: when a validator of the own network dies, which is one too few to stop the payments, the network stays to be looked at.
func TestBenchKeepsEvidence(t *testing.T) {
	if testing.Short() {
		t.Skip("starts nine processes")
	}
	t.Parallel()
	binary, dir := buildUmoja(t), t.TempDir()
	command := exec.Command(binary, "bench", "--workload", "unary", "--rate", "50", "--for", "5s", "--payers", "20")
	command.Env = append(os.Environ(), "TMPDIR="+dir)
	command.Stdout = t.Output()
	said, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	killed, kept := false, ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		t.Log(lines.Text())
		if path, is := strings.CutPrefix(lines.Text(), "the network is kept in "); is {
			kept = path
		}
		if killed || !strings.Contains(lines.Text(), "transfers/s now") {
			continue
		}
		killed = true
		networks, err := filepath.Glob(filepath.Join(dir, "umoja-bench-*", "network"))
		if err != nil || len(networks) != 1 {
			t.Errorf("%v %v", networks, err)
			continue
		}
		s, err := sandbox.Folder(networks[0]).Status(t.Context())
		if err == nil {
			err = syscall.Kill(s.Validators[1].Pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if err := command.Wait(); err == nil || !killed {
		t.Errorf("ended with %v; killed %v", err, killed)
	}
	if log, err := os.Stat(filepath.Join(kept, "network", "validator2", "log")); kept == "" || err != nil || log.Size() == 0 {
		t.Errorf("kept in %q: %v", kept, err)
	}
}

// TestBenchWithoutAQuorum: when more validators have ended than may be missing, nothing will be answered any more, and the measurement says so.
func TestBenchWithoutAQuorum(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a sandbox of real processes")
	}
	t.Parallel()
	b := startBox(t)
	command := exec.Command(b.binary, "bench", "--dir", b.dir, "--workload", "unary", "--rate", "20", "--for", "5m", "--payers", "20")
	command.Stdout = t.Output()
	told, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	killed, said := false, false
	for lines := bufio.NewScanner(told); lines.Scan(); {
		t.Log(lines.Text())
		said = said || strings.Contains(lines.Text(), bench.ErrNoQuorum.Error())
		if !killed && strings.Contains(lines.Text(), "transfers/s now") {
			killed = true
			for _, v := range b.status(t).Validators[:2] {
				if err := syscall.Kill(v.PID, syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if err := command.Wait(); err == nil || !killed || !said {
		t.Errorf("ended with %v; killed %v, said so %v", err, killed, said)
	}
}

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
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
	if !strings.Contains(out.String(), "audits          4 of 4 passed") {
		t.Errorf("the report says\n%s", out.String())
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

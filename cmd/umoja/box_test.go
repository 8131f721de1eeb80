package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/sdk"
)

// box is a sandbox of real processes.
type box struct {
	binary, dir string
	command     *exec.Cmd
	addresses   sandboxFile
	genesis     *genesis.Genesis
	client      *sdk.Client
}

func startBox(t *testing.T) *box {
	t.Helper()
	b := &box{binary: filepath.Join(t.TempDir(), "umoja"), dir: filepath.Join(t.TempDir(), "sandbox")}
	if out, err := exec.Command("go", "build", "-o", b.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	b.command = exec.Command(b.binary, "dev", "--dir", b.dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	b.command.Stderr = t.Output()
	out, err := b.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.command.ProcessState == nil {
			_ = b.command.Process.Signal(os.Interrupt) // The test failed half-way.
			_ = b.command.Wait()
		}
	})
	ready := make(chan bool)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "ready ") {
				ready <- true
			}
		}
		close(ready)
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatal("the sandbox ended before it was ready")
		}
	case <-time.After(60 * time.Second):
		t.Fatal("the sandbox was not ready within a minute")
	}
	if b.addresses, err = readSandbox(b.dir); err != nil {
		t.Fatal(err)
	}
	flags := networkFlags{dir: b.dir}
	if b.client, b.genesis, err = flags.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.client.Close() })
	return b
}

// stop ends the sandbox as Ctrl-C does.
func (b *box) stop(t *testing.T) {
	t.Helper()
	if err := b.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := b.command.Wait(); err != nil {
		t.Errorf("the sandbox ended with %v", err)
	}
}

// boxStatus is what `umoja dev status` prints.
type boxStatus struct {
	Validators []struct {
		PID          int    `json:"pid"`
		Leader       bool   `json:"leader"`
		AcceptedSize uint64 `json:"accepted_size"`
		FinalSize    uint64 `json:"final_size"`
	} `json:"validators"`
}

func (b *box) status(t *testing.T) boxStatus {
	t.Helper()
	out, err := exec.Command(b.binary, "dev", "status", "--dir", b.dir).Output()
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	var s boxStatus
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("status: %v\n%s", err, out)
	}
	return s
}

// await polls the status until it is as wanted.
func (b *box) await(t *testing.T, what string, wanted func(boxStatus) bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if wanted(b.status(t)) {
			return
		}
	}
	t.Fatalf("%s: not within a minute: %+v", what, b.status(t))
}

func (s boxStatus) leader() int {
	for i, v := range s.Validators {
		if v.Leader && v.PID != 0 {
			return i
		}
	}
	return -1
}

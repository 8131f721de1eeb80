package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProcessIsToldToEndAndThenKilled(t *testing.T) {
	for name, test := range map[string]struct{ script, how string }{
		"ends when told": {`trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done`, "ended by itself (exit status 0)"},
		"must be killed": {`trap '' TERM; echo up; while :; do sleep 0.01; done`, "was killed (signal: killed)"},
	} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			p, err := newLauncher().spawn("/bin/sh", []string{"-c", test.script}, nil, log)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.kill)
			await(t, func() bool { raw, err := os.ReadFile(log); return err == nil && string(raw) == "up\n" })
			p.stop(300 * time.Millisecond)
			if got := p.how(); got != test.how {
				t.Errorf("it %s; want: %s", got, test.how)
			}
		})
	}
}

// A process that ends tells in its log why; the log of the run before is kept.
func TestLogOfAProcess(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	write(t, log, "the run before\n")
	p, err := newLauncher().spawn("/bin/sh", []string{"-c", `echo level=INFO msg=hello; echo 'error: no disk' >&2; exit 1`}, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	<-p.done
	if got := lastLines(log, 5); got != "  error: no disk" {
		t.Errorf("last lines: %q", got)
	}
	if !strings.Contains(p.how(), "exit status 1") {
		t.Errorf("how: %s", p.how())
	}
	if raw, err := os.ReadFile(log + ".1"); err != nil || string(raw) != "the run before\n" {
		t.Errorf("the old log: %q, %v", raw, err)
	}
}

// await polls for what another process does, of which there is no event.
func await(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 10 s")
		}
	}
}

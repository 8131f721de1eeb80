package sandbox

import (
	"os"
	"testing"
)

// TestUsageBeside: what the processes of another sandbox used is told apart from what the own ones used, and the dead have used nothing.
func TestUsageBeside(t *testing.T) {
	own, beside, dead := Folder(t.TempDir()), Folder(t.TempDir()), Folder(t.TempDir())
	for folder, pids := range map[Folder]Pids{
		own:    {Validators: []int{os.Getppid(), 0}},
		beside: {Validators: []int{0, os.Getpid()}, Gateway: os.Getppid()}, // This process stands for a validator.
		dead:   {Validators: []int{0, 0, 0, 0}},
	} {
		if err := writeJSON(folder.Pids(), pids, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for begun, err := OwnCPU(); ; {
		now, err2 := OwnCPU()
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if now-begun > 5*clockTick {
			break // Enough to be told from nothing.
		}
	}
	alone, err := own.Usage(dead)
	if err != nil {
		t.Fatal(err)
	}
	both, err := own.Usage(dead, beside)
	if err != nil {
		t.Fatal(err)
	}
	if alone.Beside != 0 || both.Beside < both.CPU["validator1"]+alone.CPU["load"] || len(both.CPU) != 2 || len(both.Pids) != 2 || len(both.Resident) != 2 {
		t.Errorf("%+v, and with one beside it %+v", alone, both)
	}
	if _, err := own.Usage(Folder(t.TempDir())); err == nil {
		t.Error("one that never ran was read")
	}
}

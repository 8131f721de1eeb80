package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// Share is the part of a campaign that one worker process plays: the runs First, First+Step, and so on below End.
type Share struct {
	// Fault is the name of the only fault, or "" for all in turn.
	Fault            string
	First, Step, End uint64
	// Within is after what time no more runs are begun; zero is never.
	Within time.Duration
	// Log hears what the validators say; nil discards it.
	Log io.Writer
}

// line is what a worker tells its campaign, one JSON object a line.
type line struct {
	// Begin is set when a run begins, Result when it has ended.
	Begin  *begun  `json:"begin,omitempty"`
	Result *Result `json:"result,omitempty"`
}

type begun struct {
	Seed  uint64 `json:"seed"`
	Fault string `json:"fault"`
}

// The bounds of a run, in real time and memory.
const (
	// runPatience ends a worker whose run does not end: a loop that never waits stops virtual time for ever.
	runPatience = 2 * time.Minute
	// maxMemory is what a worker may take of the system (I11).
	maxMemory = 3 << 30
)

// ErrUnknownFault means that no fault has the name.
var ErrUnknownFault = errors.New("no such fault")

// faultOf is the fault of a seed.
func (s Share) faultOf(seed uint64) (Fault, error) {
	if s.Fault == "" {
		all := Faults()
		return all[seed%uint64(len(all))], nil
	}
	f, ok := FaultOf(s.Fault)
	if !ok {
		return Fault{}, fmt.Errorf("%q: %w", s.Fault, ErrUnknownFault)
	}
	return f, nil
}

// Work plays the share in this process, and ends the process. Virtual time exists only inside of a test, so the process makes itself
// one.
func Work(s Share, out io.Writer) {
	os.Args = os.Args[:1] // Package testing reads the rest as its own flags.
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "umoja sim", F: func(t *testing.T) {
		if err := s.play(t, json.NewEncoder(out)); err != nil {
			t.Error(err)
		}
	}}}, nil, nil)
}

func (s Share) play(t *testing.T, out *json.Encoder) error {
	dir, err := os.MkdirTemp(memoryFolder(), "umoja-sim-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	for seed := s.First; seed < s.End && (s.Within == 0 || time.Since(began) < s.Within); seed += s.Step {
		f, err := s.faultOf(seed)
		if err != nil {
			return err
		}
		if err := out.Encode(line{Begin: &begun{seed, f.Name}}); err != nil {
			return fmt.Errorf("tell of run %d: %w", seed, err)
		}
		watchdog := time.AfterFunc(runPatience, func() { hung(seed, f.Name, dir) })
		r := Run(t, seed, f, filepath.Join(dir, fmt.Sprint(seed)), s.Log)
		watchdog.Stop()
		var memory runtime.MemStats
		if runtime.ReadMemStats(&memory); memory.Sys > maxMemory {
			r.Violations = append(r.Violations, fmt.Sprintf("I11: the process takes %d MB", memory.Sys>>20))
		}
		if err := out.Encode(line{Result: r}); err != nil {
			return fmt.Errorf("tell of run %d: %w", seed, err)
		}
	}
	return nil
}

// hung ends the process with what every goroutine does.
func hung(seed uint64, fault, dir string) {
	fmt.Fprintf(os.Stderr, "run %d (%s) has not ended in %s of real time: virtual time stands still\n", seed, fault, runPatience)
	_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	_ = os.RemoveAll(dir)
	os.Exit(3)
}

// memoryFolder is where the validators' files are best: in memory, where there is such a folder.
func memoryFolder() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return os.TempDir()
}

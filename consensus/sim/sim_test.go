package sim

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

var (
	onlyFault = flag.String("fault", "", "run this fault only")
	firstSeed = flag.Uint64("seed", 1, "the first seed")
	seeds     = flag.Uint64("seeds", 1, "how many seeds for each fault")
	talk      = flag.Bool("talk", false, "show what the validators say")
)

// TestFaults runs every fault, from the first seed on until it took effect; with -short only some. `umoja sim` runs many seeds of each.
func TestFaults(t *testing.T) {
	for i, f := range Faults() {
		if *onlyFault != "" && f.Name != *onlyFault || testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			effects := 0
			for i := range max(*seeds, uint64(f.enough())) {
				if i >= *seeds && effects > 0 {
					break
				}
				seed := *firstSeed + i
				t.Run(fmt.Sprint(seed), func(t *testing.T) { effects += play(t, f, seed).Effects })
			}
			if effects == 0 && !t.Failed() {
				t.Error("took no effect")
			}
		})
	}
}

// play is one run.
func play(t *testing.T, f Fault, seed uint64) *Result {
	var log io.Writer
	if *talk {
		log = os.Stderr
	}
	r := Run(t, seed, f, folder(t), log)
	t.Logf("effects %d, final %d of %d, crashes %d, points %d, named %v", r.Effects, r.Final, r.Payments, r.Crashes, len(r.Points), r.Named)
	for _, v := range r.Violations {
		t.Error(v)
	}
	return r
}

// folder is a new one where files are quick.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(memoryFolder(), "umoja-sim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "run")
}

// TestSeedsThatFailed plays again what once broke an invariant, by what it showed.
func TestSeedsThatFailed(t *testing.T) {
	if testing.Short() {
		t.Skip("each takes a second")
	}
	for _, c := range []struct {
		shows string
		fault string
		seed  uint64
	}{
		{"every leader was complained of in turn, and nobody could be elected any more", "clock-skew", 1},
		{"a leader with a clock ahead had its batches taken back in every epoch, and led for ever", "time-liar", 1},
		{"a disk lost the end of raft's log, and the leader's snapshot was older than the state: it waited for ever", "lost-write", 20999},
		{"a leader that was fed a lie told what was accepted, and lacked what was final", "crash-points", 3638},
		{"a validator whose term a liar drove up was let go and taken back without a vote, and never came to the others' term", "set-change-liar", 91},
		{"a leader that was started again could tell nobody what is committed, and nobody could follow raft's members", "set-change-liar", 40079},
		{"those who had left the set held an entry that nobody of it had, refused all candidates and could not be elected", "set-change-crash", 41026},
		{"the network stood still for a cause that nobody has found", "set-change-crash", 4366},
		{"a true snapshot took back what was attested, and nobody had what was certified", "overrun", 70100},
		{"whoever had taken a snapshot kept the place that a liar had given it in raft's log, beyond any other", "overrun", 70223},
		{"one liar's entry stood right behind a snapshot, and who had it refused whoever else led", "stuck-tail", 2},
		{"two liars led in turn, each back before patience with the other was at its end", "time-liar", 139759},
		{"two who were cut off refused their votes to those who had come to vote meanwhile, and nobody could be elected", "set-change-cut", 158198},
		{"who missed a batch and led for a moment took its own batches for good ones, until somebody paid", "stuck-tail", 110042},
	} {
		t.Run(fmt.Sprintf("%s-%d", c.fault, c.seed), func(t *testing.T) {
			f, ok := FaultOf(c.fault)
			if !ok {
				t.Fatalf("no fault %q", c.fault)
			}
			t.Log(c.shows)
			play(t, f, c.seed)
		})
	}
}

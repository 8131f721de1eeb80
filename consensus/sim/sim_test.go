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

// TestFaults runs every fault, each with a few seeds.
func TestFaults(t *testing.T) {
	for _, f := range Faults() {
		if *onlyFault != "" && f.Name != *onlyFault {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
				t.Run(fmt.Sprint(seed), func(t *testing.T) {
					var log io.Writer
					if *talk {
						log = os.Stderr
					}
					r := Run(t, seed, f, filepath.Join(t.TempDir(), "run"), log)
					t.Logf("effects %d, final %d of %d, crashes %d, points %d", r.Effects, r.Final, r.Payments, r.Crashes, len(r.Points))
					for _, v := range r.Violations {
						t.Error(v)
					}
				})
			}
		})
	}
}

//go:build linux

package store

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkManyAccounts is a validator's store with UMOJA_BENCH_ACCOUNTS accounts in the folder UMOJA_BENCH_DIR, where it is
// built once: how long it takes to open, what the process takes of memory while it works, and what a payment takes of the
// disk. It measures in processes of its own, since building needs more memory than working. One operation is a batch of
// 400 payments.
func BenchmarkManyAccounts(b *testing.B) {
	dir, accounts := os.Getenv("UMOJA_BENCH_DIR"), 0
	if _, err := fmt.Sscan(os.Getenv("UMOJA_BENCH_ACCOUNTS"), &accounts); err != nil || dir == "" {
		b.Skip("UMOJA_BENCH_DIR and UMOJA_BENCH_ACCOUNTS are not set")
	}
	dir = filepath.Join(dir, fmt.Sprintf("accounts-%d", accounts), "state")
	switch os.Getenv("UMOJA_BENCH_PART") {
	case "":
		if _, err := os.Stat(dir); err != nil {
			child(b, "build", "1x")
		}
		for name, value := range child(b, "work", fmt.Sprintf("%dx", b.N)) {
			b.ReportMetric(value, name)
		}
	case "build":
		newCrowd(b, dir, accounts)
	case "work":
		if b.N > 1 { // The first call, of one operation, only finds out how long it takes.
			manyAccounts(b, dir, accounts)
		}
	}
}

// manyAccounts works on a copy of the store, and prints what it measured.
func manyAccounts(b *testing.B, dir string, accounts int) {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(50) // As umojad does.
	debug.SetMemoryLimit(448 << 20)
	work := filepath.Join(filepath.Dir(dir), "work")
	defer os.RemoveAll(work)
	if err := os.RemoveAll(work); err != nil {
		b.Fatal(err)
	}
	copyFolder(b, dir, work)
	start := time.Now()
	c := crowdIn(b, work, accounts)
	print := func(name string, value float64) { fmt.Printf("\nmetric %s %f\n", name, value) }
	print("open-ms", float64(time.Since(start).Milliseconds()))
	print("open-MB", resident(b, "VmRSS"))
	before := diskBytes(b, work)
	print("state-B/account", before/float64(accounts))
	var most float64
	m := startMeter()
	for range b.N {
		c.step(m.envelopes(c, 400, func(c *crowd) []byte {
			return c.sign(c.world.Provider.Public(), c.phonePayment(c.someone))
		}))
		most = max(most, resident(b, "RssAnon"))
	}
	transfers := float64(400 * b.N)
	print("cpu-µs/transfer", float64((processTime()-m.used-m.making).Nanoseconds())/1000/transfers)
	print("RssAnon-most-MB", most)
	for _, name := range []string{"VmRSS", "RssAnon", "RssFile"} {
		print(name+"-MB", resident(b, name))
	}
	debug.FreeOSMemory()
	print("RssAnon-idle-MB", resident(b, "RssAnon"))
	print("B/transfer", (diskBytes(b, work)-before)/transfers)
	if err := c.store.Close(); err != nil {
		b.Fatal(err)
	}
	start = time.Now()
	s, err := Open(work, Options{})
	if err != nil {
		b.Fatal(err)
	}
	print("reopen-ms", float64(time.Since(start).Milliseconds()))
	defer s.disk.merges.finish()()
	if err := s.disk.db.Flatten(1); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	print("merged-B/transfer", (diskBytes(b, work)-before)/transfers)
	if err := os.Remove(filepath.Join(work, stopFile)); err != nil {
		b.Fatal(err)
	}
	runtime.GOMAXPROCS(runtime.NumCPU())
	start = time.Now()
	if s, err = Open(work, Options{}); err != nil {
		b.Fatal(err)
	}
	print("open-unclean-ms", float64(time.Since(start).Milliseconds()))
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// child runs a part in a process of its own.
func child(b *testing.B, part, count string) map[string]float64 {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkManyAccounts$", "-test.benchtime="+count, "-test.timeout=1h")
	cmd.Env = append(os.Environ(), "UMOJA_BENCH_PART="+part)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v\n%s", part, err, out)
	}
	metrics := make(map[string]float64)
	for line := range strings.Lines(string(out)) {
		var name string
		var value float64
		if n, _ := fmt.Sscanf(line, "metric %s %f", &name, &value); n == 2 {
			metrics[name] = value
		}
	}
	return metrics
}

// resident reads a line of /proc/self/status, in megabytes.
func resident(b *testing.B, name string) float64 {
	b.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1024
		}
	}
	b.Fatalf("no %s", name)
	return 0
}

// diskBytes is what a folder takes of the disk, without the log that badger keeps for the newest table.
func diskBytes(b *testing.B, dir string) float64 {
	b.Helper()
	var sum int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sst" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return nil // A table that was merged away meanwhile.
	})
	if err != nil {
		b.Fatal(err)
	}
	return float64(sum)
}

package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// reading is what the processes and the loopback have used so far.
type reading struct {
	at time.Time
	// cpu is by process: validator1, gateway, load.
	cpu map[string]time.Duration
	// resident is memory by process, in bytes.
	resident map[string]uint64
	// wire are the bytes that crossed the loopback, whoever sent them: headers of IP and TCP are in.
	wire uint64
}

// read reads all meters of a running sandbox.
func (n *network) read() (reading, error) {
	raw, err := os.ReadFile(n.folder.Pids())
	if err != nil {
		return reading{}, fmt.Errorf("read meters: %w", err)
	}
	var pids sandbox.Pids
	if err := json.Unmarshal(raw, &pids); err != nil {
		return reading{}, fmt.Errorf("read meters: %w", err)
	}
	r := reading{at: time.Now(), cpu: make(map[string]time.Duration), resident: make(map[string]uint64)}
	add := func(name string, pid int) {
		if pid == 0 {
			return // It is dead; the next reading says that it used nothing more.
		}
		cpu, resident, e := process(pid)
		err = errors.Join(err, e)
		r.cpu[name], r.resident[name] = cpu, resident
	}
	for i, pid := range pids.Validators {
		add(n.genesis.Validators[i].Name, pid)
	}
	add("gateway", pids.Gateway)
	add("load", os.Getpid())
	if err != nil {
		return reading{}, err
	}
	r.wire, err = loopback()
	return r, err
}

// clockTick is the unit of times in /proc: the same on every Linux.
const clockTick = time.Second / 100

// process reads what a process has used.
func process(pid int) (cpu time.Duration, resident uint64, err error) {
	if pid == os.Getpid() {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 0, 0, fmt.Errorf("read own use: %w", err)
		}
		cpu = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	raw, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return 0, 0, fmt.Errorf("read meters: %w", err)
	}
	// The name, in parentheses, may hold anything.
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	const user, system, pages = 11, 12, 21
	if len(fields) <= pages {
		return 0, 0, fmt.Errorf("read meters: /proc/%d/stat has %d fields", pid, len(fields))
	}
	if pid != os.Getpid() {
		for _, i := range []int{user, system} {
			ticks, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return 0, 0, fmt.Errorf("read meters: %w", err)
			}
			cpu += time.Duration(ticks) * clockTick
		}
	}
	held, err := strconv.ParseUint(fields[pages], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("read meters: %w", err)
	}
	return cpu, held * uint64(os.Getpagesize()), nil
}

// loopback is how many bytes lo has carried.
func loopback() (uint64, error) {
	f, err := os.Open("/proc/net/dev")
	if err != nil {
		return 0, fmt.Errorf("read meters: %w", err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, counters, _ := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if fields := strings.Fields(counters); name == "lo" && len(fields) > 0 {
			return strconv.ParseUint(fields[0], 10, 64)
		}
	}
	return 0, errors.New("read meters: the system does not count the loopback's bytes")
}

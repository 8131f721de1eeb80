package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what processes, the machine and the loopback have used so far.
type Usage struct {
	At time.Time
	// CPU is by process: validator1, gateway, attestor1, and load, which is the process that asks.
	CPU map[string]time.Duration
	// Pids says which process each is: one that was started again begins at nothing.
	Pids map[string]int
	// Ended is the CPU time of this process's children that have ended.
	Ended time.Duration
	// Beside is the CPU time of the processes of other sandboxes.
	Beside time.Duration
	// Resident is memory by process, in bytes.
	Resident map[string]uint64
	// Machine is the CPU time of everything on the machine, and what its host took for others.
	Machine time.Duration
	// Wire are the bytes that crossed the loopback, whoever sent them: headers of IP and TCP are in.
	Wire uint64
}

// Usage reads what a running sandbox has used, and others beside it. A process that is dead is left out.
func (f Folder) Usage(beside ...Folder) (Usage, error) {
	u := Usage{At: time.Now()}
	if err := f.meter(&u); err != nil {
		return u, err
	}
	for _, other := range beside {
		var o Usage
		if err := other.meter(&o); err != nil {
			return u, err
		}
		for _, cpu := range o.CPU {
			u.Beside += cpu
		}
	}
	var err error
	if u.CPU["load"], u.Resident["load"], err = used(os.Getpid()); err != nil {
		return u, err
	}
	u.Pids["load"] = os.Getpid()
	if u.Ended, err = rusage(syscall.RUSAGE_CHILDREN); err != nil {
		return u, err
	}
	if u.Machine, err = machine(); err != nil {
		return u, err
	}
	u.Wire, err = loopback()
	return u, err
}

// meter reads what the sandbox's own processes have used.
func (f Folder) meter(u *Usage) error {
	var pids Pids
	if err := readJSON(f.Pids(), &pids); err != nil {
		return fmt.Errorf("read meters: %w", err)
	}
	u.CPU, u.Pids, u.Resident = make(map[string]time.Duration), make(map[string]int), make(map[string]uint64)
	var err error
	add := func(name string, pid int) {
		if pid == 0 {
			return
		}
		cpu, resident, e := used(pid)
		if errors.Is(e, os.ErrNotExist) || errors.Is(e, syscall.ESRCH) {
			return // It has just died.
		}
		err = errors.Join(err, e)
		u.CPU[name], u.Resident[name], u.Pids[name] = cpu, resident, pid
	}
	for i, pid := range pids.Validators {
		add(filepath.Base(f.Validator(i+1)), pid)
	}
	add(gatewayPlace(1), pids.Gateway)
	if pids.Gateway2 != nil {
		add(gatewayPlace(2), *pids.Gateway2)
	}
	for i, pid := range pids.Attestors {
		add(filepath.Base(f.Attestor(i+1)), pid)
	}
	return err
}

// clockTick is the unit of times in /proc: the same on every Linux.
const clockTick = time.Second / 100

// used reads what a process has used.
func used(pid int) (cpu time.Duration, resident uint64, err error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
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
	if pid == os.Getpid() {
		if cpu, err = OwnCPU(); err != nil {
			return 0, 0, err
		}
	} else if cpu, err = ticks(fields[user], fields[system]); err != nil {
		return 0, 0, err
	}
	held, err := strconv.ParseUint(fields[pages], 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("read meters: %w", err)
	}
	return cpu, held * uint64(os.Getpagesize()), nil
}

// OwnCPU is the CPU time of this process, more exact than /proc tells.
func OwnCPU() (time.Duration, error) { return rusage(syscall.RUSAGE_SELF) }

// rusage is the CPU time of this process, or of its children that have ended.
func rusage(whose int) (time.Duration, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(whose, &own); err != nil {
		return 0, fmt.Errorf("read own use: %w", err)
	}
	return time.Duration(own.Utime.Nano() + own.Stime.Nano()), nil
}

// Machine is what the machine and this process have used so far, where no sandbox runs.
type Machine struct {
	at       time.Time
	all, own time.Duration
}

// ReadMachine reads both.
func ReadMachine() (m Machine, err error) {
	m.at = time.Now()
	if m.all, err = machine(); err != nil {
		return m, err
	}
	m.own, err = OwnCPU()
	return m, err
}

// Others is which part of the processors was used by other processes since an earlier reading.
func (m Machine) Others(before Machine) float64 {
	has := float64(runtime.NumCPU()) * m.at.Sub(before.at).Seconds()
	return max(0, (m.all-before.all-(m.own-before.own)).Seconds()/has)
}

// ticks adds times of /proc.
func ticks(fields ...string) (sum time.Duration, err error) {
	for _, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read meters: %w", err)
		}
		sum += time.Duration(n) * clockTick
	}
	return sum, nil
}

// machine is the CPU time that everything on the machine has had, and that its host kept from it.
func machine() (time.Duration, error) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read meters: %w", err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	// cpu, user, nice, system, idle, waiting, interrupts, soft interrupts, stolen, and guests, who are in user already.
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, errors.New("read meters: /proc/stat does not begin with the CPU")
	}
	return ticks(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
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

package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCrowd is the short form of a soak: 24 phones, every fault, the gateway and the leader killed. The run compares with the ledger
// itself; here it is held to having done what it says. A second run goes on from the first one's state.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a sandbox of eight processes and kills them for a minute; run without -short")
	}
	b, state := startBox(t), filepath.Join(t.TempDir(), "state.jsonl")
	crowd := func(sessions string, more ...string) string {
		t.Helper()
		args := []string{
			"phone", "--soak", "--dir", b.dir, "--users", "24", "--seed", "7", "--sessions", sessions, "--state", state,
		}
		cmd := exec.Command(b.binary, append(args, more...)...)
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		t.Logf("%s", out)
		if err != nil {
			t.Fatalf("the crowd: %v", err)
		}
		return string(out)
	}
	var faults []string
	for _, name := range strings.Split(faultNames(), ", ") {
		rate := ":0.02"
		if name == "truncated" {
			rate = ":0.1" // Two of eight aggregators tell all of what was typed.
		}
		faults = append(faults, "--fault", name+rate)
	}
	first := crowd("300", append(faults, "--kill", "gateway:4s,leader:7s")...)
	second := crowd("360", "--no-faults")
	for _, each := range []struct {
		out, pattern string
		least        int
	}{
		{first, `^(\d+) sessions`, 300}, {first, `(\d+) reached the PIN`, 80}, {first, `gateway (\d+)`, 1}, {first, `leader (\d+)`, 1},
		{first, `paid, told at once +(\d+)`, 60}, {second, `^(\d+) sessions`, 360}, {second, `paid, told at once +(\d+)`, 70}, {second, `audits passed +(\d)`, 4},
	} {
		m := regexp.MustCompile(each.pattern).FindStringSubmatch(each.out)
		if m == nil {
			t.Errorf("no %s in the report", each.pattern)
			continue
		}
		if n, _ := strconv.Atoi(m[1]); n < each.least {
			t.Errorf("%s: %d, below %d", each.pattern, n, each.least)
		}
	}
	b.stop(t)
}

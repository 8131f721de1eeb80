package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/cmd/umoja/bench"
	"github.com/umoja-ledger/umoja/cmd/umoja/bench/suite"
)

// TestSuiteGoesOn: a soak whose leader is killed once in each of its parts is itself killed in the second, and goes on: the first part is not
// measured again, no payment is lost, and the ledger of both runs passes its audit.
func TestSuiteGoesOn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts nine processes, twice, and kills a leader in each run")
	}
	t.Parallel()
	binary, dir := buildUmoja(t), t.TempDir()
	file := filepath.Join(dir, "result.json")
	command := func() *exec.Cmd {
		return exec.Command(binary, "bench", "--suite", "soak", "--row", "hour", "--duration", "20s", "--rate", "20", "--state", filepath.Join(dir, "state"), "--markdown", "--json", file)
	}
	first := command()
	told, err := first.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	inSecond := false
	for lines := bufio.NewScanner(io.TeeReader(told, t.Output())); lines.Scan(); {
		if strings.Contains(lines.Text(), "part 2 of 2") {
			inSecond = true
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := first.Wait(); err == nil || !inSecond {
		t.Fatalf("the first run came to its second part: %v; it ended with %v", inSecond, err)
	}
	second := command()
	var out, progress bytes.Buffer
	second.Stdout, second.Stderr = &out, io.MultiWriter(&progress, t.Output())
	if err := second.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(progress.String(), "part 1 of 2: done before") || !strings.Contains(out.String(), "| one hour at a rate") {
		t.Errorf("the second run says\n%s", out.String())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var d suite.Document
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	r := d.Rows[0]
	if len(r.Reports) != 2 || r.Wrong || r.Error != "" || len(r.Audits) != 1 || r.Audits[0].Passed != 4 || !r.Audits[0].Same {
		t.Fatalf("%s", raw)
	}
	for i, report := range r.Reports {
		late := 0
		for _, n := range report.Failed {
			late += n // On a machine that is starved.
		}
		// What was under way as the kill came is in both.
		told := report.Final.Count + report.Shadowed.Count + int64(late)
		if report.Part != i+1 || told < 200 || told-200 > report.Shadowed.Count || report.Transfers+int64(late) != 200 || late > 100 || report.Unknown > 0 || report.WrongBalances > 0 || report.BalancesChecked == 0 {
			t.Errorf("%+v", report)
		}
	}
	if reports, err := bench.ReadDocument(file); err != nil || len(reports.Reports) != 2 {
		t.Errorf("for a comparison: %v, %d reports", err, len(reports.Reports))
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "hour")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the networks of a finished row are still there: %v", err)
	}
}

// TestSuiteFlags: flags that do not go together are refused with the reason.
func TestSuiteFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--row stream":                       "--row is for a suite: name one with --suite full or soak",
		"--markdown":                         "--markdown is for a suite",
		"--suite half":                       `--suite: "half" is none of full, soak`,
		"--suite full --row hour":            `--row: suite full has no "hour"; its rows are stream, unary`,
		"--suite full --workload bulk":       "--workload and --suite cannot both be",
		"--suite full --rate 10":             "--rate is for suite soak",
		"--suite soak --rate -1":             "--rate: -1 is not from 1 to 100000",
		"--suite full --duration 2h":         "--duration: 2h0m0s is not from 1s to 30s",
		"--workload ussd --rate 10 --for 1s": "--rate: workload ussd has a closed loop only",
	} {
		cmd := newRootCommand()
		cmd.SetArgs(append([]string{"bench"}, strings.Fields(args)...))
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/cmd/umoja/sandbox"
)

// devRun is one start of `umoja dev` as a process.
type devRun struct {
	binary, dir string
	command     *exec.Cmd
	// lines are what it printed, until it ended.
	lines chan string
}

// buildUmoja builds the program: the sandbox starts its own binary again, so the test's would not do.
func buildUmoja(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "umoja")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// startDev starts a sandbox on a folder and waits until it is ready.
func startDev(t *testing.T, binary, dir string, more ...string) *devRun {
	t.Helper()
	d := &devRun{binary: binary, dir: dir, lines: make(chan string, 1024)}
	d.command = exec.Command(binary, append([]string{"dev", "--dir", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}, more...)...)
	d.command.Stderr = t.Output()
	out, err := d.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			d.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		if d.command.ProcessState == nil {
			_ = d.command.Process.Kill() // The test failed half-way; the children die with it.
			_ = d.command.Wait()
		}
	})
	d.see(t, `^ready ussd=http://127\.0\.0\.1:\d+/ussd/africastalking grpc=127\.0\.0\.1:\d+ dir=\S+ time=\d+\.\ds$`)
	return d
}

// see waits for a line, and gives the groups of the expression.
func (d *devRun) see(t *testing.T, expression string) []string {
	t.Helper()
	wanted, late := regexp.MustCompile(expression), time.After(60*time.Second)
	for {
		select {
		case line, ok := <-d.lines:
			if !ok {
				t.Fatalf("the sandbox ended before it printed %s", expression)
			}
			if found := wanted.FindStringSubmatch(line); found != nil {
				return found
			}
		case <-late:
			t.Fatalf("within a minute nothing was printed like %s", expression)
		}
	}
}

// interrupt stops it as Ctrl-C does, and sees that it ends well and that no second ready line came.
func (d *devRun) interrupt(t *testing.T) {
	t.Helper()
	pids := d.pids(t)
	if err := d.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for line := range d.lines {
		if strings.HasPrefix(line, "ready ") {
			t.Errorf("a second ready line: %s", line)
		}
	}
	if err := d.command.Wait(); err != nil {
		t.Errorf("the sandbox ended with %v", err)
	}
	for _, pid := range pids.All() {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d outlived the sandbox: %v", pid, err)
		}
	}
	if left := d.pids(t); len(left.All()) != 0 {
		t.Errorf("pids.json names the living after the end: %+v", left)
	}
}

func (d *devRun) pids(t *testing.T) sandbox.Pids {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, "pids.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pids sandbox.Pids
	if err := json.Unmarshal(raw, &pids); err != nil {
		t.Fatal(err)
	}
	return pids
}

// call runs another command beside the sandbox.
func (d *devRun) call(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command(d.binary, append(args, "--dir", d.dir)...).CombinedOutput()
	if err != nil {
		t.Fatalf("umoja %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (d *devRun) status(t *testing.T) sandbox.Status {
	t.Helper()
	var s sandbox.Status
	if err := json.Unmarshal([]byte(d.call(t, "dev", "status")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// phoneBalance reads what a phone's account has.
func (d *devRun) phoneBalance(t *testing.T, number string) string {
	t.Helper()
	return strings.TrimSpace(d.call(t, "balance", number))
}

// TestSandbox is the life of a sandbox: founded, funded, one validator killed and started again, stopped, resumed with its
// balances, and its parent killed.
func TestSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and starts a sandbox of eight processes three times; run without -short")
	}
	binary, dir := buildUmoja(t), filepath.Join(t.TempDir(), "box")
	d := startDev(t, binary, dir)
	checkStatus(t, d)

	paid := d.call(t, "dev", "fund", "+254711000001", "250.00")
	if !regexp.MustCompile(`^paid 250\.00 KES to \+254711000001\nfinal: receipt [0-9A-Z]{8}, transaction [0-9a-f]{64}\n$`).MatchString(paid) {
		t.Errorf("fund printed %q", paid)
	}

	killed := d.pids(t).Validators[1]
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	report := d.see(t, `^validator 2 \(pid (\d+)\) was killed \(signal: killed\); start it again with: umoja dev restart 2 --dir (\S+)$`)
	if report[1] != strconv.Itoa(killed) || report[2] != dir {
		t.Errorf("the report names %v", report[1:])
	}
	if pid := d.pids(t).Validators[1]; pid != 0 {
		t.Errorf("pids.json says that the dead validator is process %d", pid)
	}
	if v := d.status(t).Validators[1]; v.Pid != 0 || v.Error == "" {
		t.Errorf("the status of the dead validator: %+v", v)
	}
	d.call(t, "dev", "fund", "+254711000002", "1.00") // Three of four are a quorum.
	if said := d.call(t, "dev", "restart", "2"); said != "validator 2 serves again\n" {
		t.Errorf("restart printed %q", said)
	}
	if pid := d.pids(t).Validators[1]; pid == 0 || pid == killed {
		t.Errorf("after the restart validator 2 is process %d; it was %d", pid, killed)
	}
	if v := d.status(t).Validators[1]; v.Error != "" || v.AcceptedSize == 0 {
		t.Errorf("the status of the validator that was started again: %+v", v)
	}

	refuse(t, binary, "a sandbox is running in this folder", "dev", "--dir", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	refuse(t, binary, "is taken by another program: stop it or choose another with --http",
		"dev", "--dir", dir+"2", "--http", d.status(t).Gateway.HTTP, "--grpc", "127.0.0.1:0")
	if _, err := os.Stat(dir + "2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written before the ports were looked at: %v", err)
	}
	refuse(t, binary, `there is no "9" here`, "dev", "restart", "9", "--dir", dir)
	aside := filepath.Join(t.TempDir(), "validator4")
	if err := os.Rename(filepath.Join(dir, "validator4"), aside); err != nil {
		t.Fatal(err)
	}
	refuse(t, binary, "validator 4 cannot start: its folder "+filepath.Join(dir, "validator4")+", with its keys, is gone: put it back",
		"dev", "restart", "4", "--dir", dir)
	if err := os.Rename(aside, filepath.Join(dir, "validator4")); err != nil {
		t.Fatal(err)
	}
	d.interrupt(t)
	refuse(t, binary, "no sandbox is running in this folder", "dev", "fund", "+254711000001", "1", "--dir", dir)
	refuse(t, binary, "--providers is 3: a sandbox has 1 or 2", "dev", "--providers", "3", "--dir", dir)
	refuse(t, binary, "has 4 validators, not 7", "dev", "--validators", "7", "--dir", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")

	d = startDev(t, binary, dir, "--providers", "2")
	checkRivals(t, d)
	for number, want := range map[string]string{"+254711000001": "10,250.00 KES", "+254711000002": "501.00 KES"} {
		if got := d.phoneBalance(t, number); got != want {
			t.Errorf("%s has %s after the second start, not %s", number, got, want)
		}
	}
	if err := d.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.command.Wait() // It was killed.
	d = startDev(t, binary, dir)
	if got := d.phoneBalance(t, "+254711000001"); got != "10,250.00 KES" {
		t.Errorf("after its parent was killed the phone has %s", got)
	}
	d.interrupt(t)
}

// checkStatus sees that the status is whole and agrees with pids.json.
func checkStatus(t *testing.T, d *devRun) {
	t.Helper()
	s, pids := d.status(t), d.pids(t)
	if !s.Ready || len(s.Network) != 64 || len(s.Validators) != 4 || s.Gateway.Pid != pids.Gateway || s.Gateway.Pid == 0 {
		t.Fatalf("status: %+v", s)
	}
	for i, a := range s.Attestors {
		if a.Pid != pids.Attestors[i] || a.Pid == 0 || a.HTTP == "" || a.Name == "" {
			t.Errorf("attestor %d: %+v", i+1, a)
		}
	}
	if len(s.Attestors) != 3 {
		t.Errorf("%d attestors", len(s.Attestors))
	}
	leaders := 0
	for i, v := range s.Validators {
		if v.Pid != pids.Validators[i] || v.Pid == 0 || v.FinalSize == 0 || v.AcceptedSize < v.FinalSize || v.Error != "" {
			t.Errorf("validator %d: %+v; its pid is %d", i+1, v, pids.Validators[i])
		}
		if v.Leader {
			leaders++
		}
		checkTiles(t, v.Tiles)
	}
	if leaders != 1 {
		t.Errorf("%d leaders", leaders)
	}
}

// checkTiles sees that a validator's history is where its status says.
func checkTiles(t *testing.T, url string) {
	t.Helper()
	res, err := http.Get(url + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if note, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(note), "umoja.v1/") {
		t.Errorf("%s/checkpoint: %s %q, %v", url, res.Status, note, err)
	}
}

// checkRivals sees that a second gateway of another provider runs, that it and an attestor can be killed and started again, and that a phone
// reaches it by its own code.
func checkRivals(t *testing.T, d *devRun) {
	t.Helper()
	checkStatus(t, d)
	s, pids := d.status(t), d.pids(t)
	if s.Gateway2 == nil || s.Gateway2.Pid == 0 || s.Gateway2.Pid != *pids.Gateway2 || s.Gateway2.ServiceCode != sandbox.SecondCode || s.Gateway2.Name == s.Gateway.Name {
		t.Fatalf("the second gateway: %+v", s.Gateway2)
	}
	for place, pid := range map[string]int{"gateway2": *pids.Gateway2, "attestor3": pids.Attestors[2]} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		d.see(t, `was killed \(signal: killed\); start it again with: umoja dev restart `+place)
		if said := d.call(t, "dev", "restart", place); said != place+" serves again\n" {
			t.Errorf("restart printed %q", said)
		}
	}
	phone := exec.Command(d.binary, "phone", "+254711000009", "--dir", d.dir)
	phone.Stdin = strings.NewReader(sandbox.SecondCode + "\nhang\n\nhang\nquit\n")
	screens, err := phone.CombinedOutput()
	if err != nil || strings.Count(string(screens), "reply> ") != 2 || !strings.Contains(string(screens), "Tumaini") {
		t.Errorf("a phone that dials %s: %v\n%s", sandbox.SecondCode, err, screens)
	}
}

// refuse runs a command that must fail with one line that says why.
func refuse(t *testing.T, binary, says string, args ...string) {
	t.Helper()
	command := exec.Command(binary, args...)
	var stderr strings.Builder
	command.Stderr = &stderr
	var failed *exec.ExitError
	if err := command.Run(); !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Errorf("umoja %s: %v, not exit code 1", strings.Join(args, " "), err)
	}
	if got := stderr.String(); !strings.HasPrefix(got, "error: ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, says) {
		t.Errorf("umoja %s says %q; want one line with %q", strings.Join(args, " "), got, says)
	}
}

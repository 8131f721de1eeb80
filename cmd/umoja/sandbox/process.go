package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// The hidden commands that the children run, with --config FILE.
const (
	ValidatorCommand = "__validator"
	GatewayCommand   = "__gateway"
	AttestorCommand  = "__attestor"
)

// ProfileFlag is their flag for where a child serves its profiles.
const ProfileFlag = "profile"

// launcher starts children from one thread. On Linux a child is killed when the thread that started it ends, and Go ends
// threads at its own will, unless a goroutine is locked to one.
type launcher struct{ work chan func() }

func newLauncher() launcher {
	l := launcher{work: make(chan func())}
	go func() {
		runtime.LockOSThread() // Never unlocked: the thread ends with the process.
		for f := range l.work {
			f()
		}
	}()
	return l
}

func (l launcher) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	l.work <- func() { done <- cmd.Start() }
	return <-done
}

// process is a running child.
type process struct {
	cmd *exec.Cmd
	// lifeline is the child's standard input: it is never written to, and its end tells the child that the parent is gone.
	lifeline io.Closer
	// done is closed when the child has ended; state is set then.
	done  chan struct{}
	state *os.ProcessState
	// expected says that the parent asked it to end. Guarded by Sandbox.mu.
	expected bool
}

// spawn starts a child with its output in a log file of its own. The file is handed to the child itself, so that it never
// waits for the parent to read.
func (l launcher) spawn(binary string, args, env []string, logFile string) (*process, error) {
	if err := rotate(logFile); err != nil {
		return nil, err
	}
	out, err := os.OpenFile(logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, attributes()
	cmd.Env = append(os.Environ(), env...)
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	if err := l.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	p := &process{cmd: cmd, lifeline: lifeline, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // The error repeats what state says.
		p.state = cmd.ProcessState
		close(p.done)
	}()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// stop asks the child to end, and kills it when it takes too long.
func (p *process) stop(patience time.Duration) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.kill()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
		p.kill()
		<-p.done
	}
}

// kill ends the child at once; that it has ended already is no error.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// how says in words how the child ended.
func (p *process) how() string {
	status, ok := p.state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return fmt.Sprintf("was killed (signal: %s)", status.Signal())
	}
	return fmt.Sprintf("ended by itself (%s)", p.state)
}

// rotate keeps the log of the run before as .1.
func rotate(path string) error {
	if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("keep the old log: %w", err)
	}
	return nil
}

// lastLines are the last lines of a log that say what went wrong.
func lastLines(path string, n int) string {
	const most = 16 << 10
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		_, _ = f.Seek(max(0, size-most), io.SeekStart) // When it fails, fewer lines are shown.
	}
	raw, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	var wrong []string
	for _, line := range strings.Split(string(raw), "\n") {
		if strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.Contains(line, "level=ERROR") {
			wrong = append(wrong, "  "+line)
		}
	}
	return strings.Join(wrong[max(0, len(wrong)-n):], "\n")
}

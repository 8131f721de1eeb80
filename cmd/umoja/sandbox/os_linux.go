package sandbox

import "syscall"

// attributes put a child into a group of its own, so that Ctrl-C reaches only the parent, and have the kernel kill it
// when the thread that started it ends, which is when the parent does (launcher keeps the thread).
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

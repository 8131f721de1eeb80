//go:build unix && !linux

package sandbox

import "syscall"

// attributes put a child into a group of its own, so that Ctrl-C reaches only the parent. Where the kernel cannot kill it
// with its parent, the end of its standard input tells it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

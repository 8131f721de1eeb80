//go:build !unix

package sandbox

import (
	"errors"
	"os"
	"syscall"
)

func attributes() *syscall.SysProcAttr { return nil }

func tryLock(*os.File) error {
	return errors.New("the sandbox runs on Linux, macOS and BSD; on Windows use it inside WSL")
}

func alive(int) bool { return false }

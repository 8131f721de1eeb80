//go:build unix && !aix && !solaris

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes sure that one process has the folder: the lock is a file beside it, since the folder itself is swapped
// for another by Replace. A reader shares it with other readers.
func lockFolder(dir string, shared bool) (*os.File, error) {
	if !shared {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return nil, fmt.Errorf("make folder of the state: %w", err)
		}
	}
	flags, how := os.O_CREATE|os.O_RDWR, syscall.LOCK_EX
	if shared {
		flags, how = os.O_RDONLY, syscall.LOCK_SH
	}
	f, err := os.OpenFile(dir+".lock", flags, 0o600)
	if shared && errors.Is(err, os.ErrNotExist) {
		return nil, nil // A copy of a folder, which nobody runs.
	}
	if err != nil {
		return nil, fmt.Errorf("open lock of the state: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, errors.Join(fmt.Errorf("lock state in %s: %w", dir, err), f.Close())
	}
	return f, nil
}

func unlockFolder(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

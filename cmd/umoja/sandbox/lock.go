package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// checkUnlocked says whether a sandbox runs in the folder, without writing anything.
func (f Folder) checkUnlocked() error {
	file, err := os.OpenFile(f.lock(), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("folder %s cannot be used: %w: choose another with --dir", f, err)
	}
	return errors.Join(f.describe(tryLock(file)), file.Close())
}

// take makes the folder and takes its lock until release is called or the process ends.
func (f Folder) take() (release func() error, err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, fmt.Errorf("folder %s cannot be made: %w: choose another with --dir", f, err)
	}
	file, err := os.OpenFile(f.lock(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("folder %s cannot be written: %w: choose another with --dir", f, err)
	}
	if err := tryLock(file); err != nil {
		return nil, errors.Join(f.describe(err), file.Close())
	}
	return file.Close, nil
}

// describe says what to do about a lock that another process has.
func (f Folder) describe(err error) error {
	if !errors.Is(err, ErrInUse) {
		return err
	}
	return fmt.Errorf("%s: %w: stop it with Ctrl-C where it runs, or choose another folder with --dir", f, err)
}

// patience is how long the children of a parent that was killed may take to end.
const patience = 3 * time.Second

// checkLeftovers looks for children of an earlier parent that was killed: they hold the validators' folders. The lock is
// held already, so the pids in the file are of an earlier run.
func (f Folder) checkLeftovers() error {
	var pids Pids
	err := readJSON(f.Pids(), &pids)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for {
		var left []string
		for _, pid := range append(pids.Validators, pids.Gateway) {
			if alive(pid) && f.isChild(pid) {
				left = append(left, strconv.Itoa(pid))
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w: processes of an earlier sandbox live on: stop them with kill %s", f, ErrInUse, strings.Join(left, " "))
		}
		// There is no event for the end of a process that is not one's child.
		time.Sleep(50 * time.Millisecond)
	}
}

// isChild says whether a living process is one of this folder's, as far as the system tells: its pid may have been given
// to a stranger since. Where there is no /proc, a process that lives is taken for a child.
func (f Folder) isChild(pid int) bool {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		_, err := os.Stat("/proc/self/cmdline")
		return err != nil
	}
	args := strings.Split(string(raw), "\x00")
	return len(args) > 1 && (args[1] == ValidatorCommand || args[1] == GatewayCommand)
}

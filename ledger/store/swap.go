package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func beside(dir string) string { return dir + ".new" }

func aside(dir string) string { return dir + ".old" }

// swapSteps put the folder beside into its place. A crash after the first leaves the old state and a whole new one, after
// the second none in place and both whole, after the third the new one in place and the old one aside.
func swapSteps(dir string) []func() error {
	return []func() error{
		func() error { return os.RemoveAll(aside(dir)) },
		func() error {
			if err := os.Rename(dir, aside(dir)); !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		},
		func() error { return os.Rename(beside(dir), dir) },
		func() error { return syncFolder(filepath.Dir(dir)) },
		func() error { return os.RemoveAll(aside(dir)) },
	}
}

func swap(dir string, o Options) error {
	for i, step := range swapSteps(dir) {
		err := o.point(fmt.Sprintf("swap of folders before step %d", i+1))
		if err == nil {
			err = step()
		}
		if err != nil {
			return fmt.Errorf("swap states: %w", err)
		}
	}
	return nil
}

// finishSwap brings a folder that a crash left in the middle of a swap, or of building, to the one state or the other.
func finishSwap(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(aside(dir)); err == nil {
			// The old state went aside only after the new one was whole.
			if err := os.Rename(beside(dir), dir); errors.Is(err, os.ErrNotExist) {
				err = os.Rename(aside(dir), dir)
				if err != nil {
					return fmt.Errorf("put the old state back: %w", err)
				}
			} else if err != nil {
				return fmt.Errorf("put the new state into its place: %w", err)
			}
		}
	}
	if err := errors.Join(os.RemoveAll(beside(dir)), os.RemoveAll(aside(dir))); err != nil {
		return fmt.Errorf("remove what a swap left: %w", err)
	}
	return nil
}

package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// telling is how many leaves say what a leaf takes: files are given room for more than is in them.
const telling = 100_000

// room says in time when the disk is too small for so many leaves, going by what those that are there take.
func (n *network) room(ctx context.Context, leaves int) error {
	have, err := n.size(ctx)
	if err != nil {
		return err
	}
	if have < telling || have >= leaves {
		return nil
	}
	used, err := bytesIn(string(n.folder))
	if err != nil {
		return err
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(string(n.folder), &disk); err != nil {
		return fmt.Errorf("look how much room the disk has: %w", err)
	}
	each := used / float64(have)
	n.run.note("a leaf takes %.0f bytes of disk over all %d validators, at %s leaves", each, n.validators, thousands(float64(have)))
	free := float64(disk.Bavail) * float64(disk.Bsize)
	if wanted := each * float64(leaves-have); wanted > free {
		return fmt.Errorf("%s leaves want %.0f GB more, and %.0f GB are free: choose a folder on a larger disk with --state", thousands(float64(leaves)), wanted/1e9, free/1e9)
	}
	return nil
}

// bytesIn is what the files of a folder take. Those that go away meanwhile take nothing.
func bytesIn(dir string) (sum float64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				sum += onDisk(info)
			}
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look how much room the networks take: %w", err)
	}
	return sum, nil
}

// onDisk is what a file takes: files that were given room beforehand are larger than they are.
func onDisk(info fs.FileInfo) float64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return float64(s.Blocks) * 512
	}
	return float64(info.Size())
}

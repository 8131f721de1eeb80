package consensus

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeFile writes a small file whole or not at all.
func writeFile(path string, data []byte) error {
	return writeThrough(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeThrough writes a file whole or not at all.
func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	// A crash before the rename leaves a file beside it that the next write replaces.
	if err = errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

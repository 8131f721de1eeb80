package sdk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Outbox keeps transactions whose outcome is not known, across crashes.
type Outbox interface {
	// Put keeps an envelope. When it returns, the envelope is durable; the same may be put again.
	Put(id tx.ID, envelope []byte) error
	// Done forgets it: its outcome is known.
	Done(id tx.ID) error
	// Left gives the envelopes that are kept. With an error it gives those that can be read.
	Left() ([][]byte, error)
}

// nowhere is the outbox of a wallet without one.
type nowhere struct{}

func (nowhere) Put(tx.ID, []byte) error { return nil }
func (nowhere) Done(tx.ID) error        { return nil }
func (nowhere) Left() ([][]byte, error) { return nil, nil }

// FileOutbox keeps each envelope in a file of its own, named by the transaction's id.
type FileOutbox struct {
	dir string
}

// File names: an envelope, and one that was being written.
const (
	outboxEnd = ".tx"
	outboxTmp = ".tmp"
)

// NewFileOutbox opens the outbox in a directory, which is made when it is missing. One process at a time uses it.
func NewFileOutbox(dir string) (*FileOutbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make outbox directory: %w", err)
	}
	// What a crash left half written was never sent.
	half, err := filepath.Glob(filepath.Join(dir, "*"+outboxTmp))
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	sets, err := filepath.Glob(filepath.Join(dir, setFileName+".*.part"))
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	half = append(half, sets...)
	for _, path := range half {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("remove half-written outbox file: %w", err)
		}
	}
	return &FileOutbox{dir: dir}, nil
}

// Put writes the envelope and syncs file and directory.
func (o *FileOutbox) Put(id tx.ID, envelope []byte) error {
	path := filepath.Join(o.dir, id.String()+outboxEnd)
	if err := writeSynced(path+outboxTmp, envelope); err != nil {
		return err
	}
	// A crash here leaves a .tmp file, which opening removes: nothing was sent.
	if err := os.Rename(path+outboxTmp, path); err != nil {
		return fmt.Errorf("rename outbox file: %w", err)
	}
	// A crash here leaves the file or not; either way nothing was sent.
	return o.sync()
}

// Done removes the file. A crash before the directory is synced may bring it back, and then its outcome is asked once more.
func (o *FileOutbox) Done(id tx.ID) error {
	if err := os.Remove(filepath.Join(o.dir, id.String()+outboxEnd)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove outbox file: %w", err)
	}
	return o.sync()
}

// Left reads the files, in order of name.
func (o *FileOutbox) Left() ([][]byte, error) {
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return nil, fmt.Errorf("list outbox: %w", err)
	}
	var left [][]byte
	var problems []error
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), outboxEnd) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(o.dir, e.Name()))
		if err != nil {
			problems = append(problems, fmt.Errorf("read outbox file: %w", err))
			continue
		}
		left = append(left, raw)
	}
	return left, errors.Join(problems...)
}

func (o *FileOutbox) sync() error {
	d, err := os.Open(o.dir)
	if err != nil {
		return fmt.Errorf("open outbox directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync outbox directory: %w", err)
	}
	return nil
}

func writeSynced(path string, raw []byte) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create outbox file: %w", err)
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = fmt.Errorf("close outbox file: %w", closed)
		}
	}()
	if _, err := f.Write(raw); err != nil {
		return fmt.Errorf("write outbox file: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync outbox file: %w", err)
	}
	return nil
}

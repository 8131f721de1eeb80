package finality

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/umoja-ledger/umoja/ledger/tx"
)

// Identity says whose state a file holds.
type Identity struct {
	Network tx.NetworkID
	// Name is the validator's.
	Name string
	// Key is its public Ed25519 key.
	Key [32]byte
}

// StateFile keeps a signer's state on disk. It is not safe for concurrent use, by processes neither.
type StateFile struct {
	path     string
	identity Identity
	state    State
	// broken is the first error of a write. What is on disk is then not known, so nothing more is written.
	broken error
	// Point is told of each step that a crash can separate from the next, and stops the step with its error: simulations crash
	// there. Nil outside of them.
	Point func(name string) error
	// sync makes a file or folder durable; tests put a disk there that forgets what is not.
	sync func(*os.File) error
}

func (f *StateFile) point(name string) error {
	if f.Point == nil {
		return nil
	}
	return f.Point("signer: " + name)
}

// CreateStateFile makes the file of a validator that never signed. It refuses to replace one that is there: a validator
// that starts anew with an old key could contradict itself.
func CreateStateFile(path string, identity Identity) (*StateFile, error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("create signer state %s: %w", path, errors.Join(err, os.ErrExist))
	}
	f := &StateFile{path: path, identity: identity, sync: (*os.File).Sync}
	if err := f.Save(State{}); err != nil {
		return nil, err
	}
	return f, nil
}

// OpenStateFile reads the file. On any error the validator must not sign: it was damaged (ErrCorrupt), is missing
// (ErrNoState), of another format (ErrFormat) or of somebody else (ErrWrongSigner).
func OpenStateFile(path string, identity Identity) (*StateFile, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("open signer state %s: %w", path, ErrNoState)
	}
	if err != nil {
		return nil, fmt.Errorf("open signer state: %w", err)
	}
	if info.Size() > maxStateBytes {
		return nil, fmt.Errorf("open signer state %s: %d bytes: %w", path, info.Size(), ErrCorrupt)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open signer state: %w", err)
	}
	state, err := parseState(raw, identity)
	if err != nil {
		return nil, fmt.Errorf("open signer state %s: %w", path, err)
	}
	return &StateFile{path: path, identity: identity, state: state, sync: (*os.File).Sync}, nil
}

// State is what was saved last.
func (f *StateFile) State() State { return f.state }

// Save makes the state durable before it returns. It refuses a state in which any word went back or changed
// (ErrWatermark). After an error of the disk the file takes nothing more, since the kernel may have dropped what it
// could not write: the process has to end.
func (f *StateFile) Save(state State) error {
	if f.broken != nil {
		return f.broken
	}
	if err := state.follows(f.state); err != nil {
		return fmt.Errorf("save signer state: %w", err)
	}
	if err := f.write(encodeState(state, f.identity)); err != nil {
		f.broken = fmt.Errorf("save signer state: %w", err)
		return f.broken
	}
	f.state = state
	return nil
}

func (f *StateFile) write(raw []byte) error {
	if err := f.point("state not written"); err != nil {
		return err
	}
	next := f.path + ".new"
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// A crash up to the rename leaves the old state, and a stray .new that the next save writes over: the new words were
	// not sent yet, so forgetting them is right.
	_, err = file.Write(raw)
	if err == nil {
		err = f.point("state written, not synced")
	}
	if err == nil {
		err = f.sync(file)
	}
	if err == nil {
		err = f.point("state synced, not renamed")
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(next, f.path); err != nil {
		return err
	}
	if err := f.point("state renamed"); err != nil {
		return err
	}
	// A crash before the directory is synced leaves the old state or the new one, each whole.
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(f.sync(dir), dir.Close())
}

package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

// lightFile is the form of a light client's file. Nothing in it is believed: it is verified from the genesis on when it is
// read.
type lightFile struct {
	Version int    `json:"version"`
	Network string `json:"network"`
	// Checkpoint is the note of the highest checkpoint, Changes the messages umoja.v1.ValidatorSetChange that lead to its set.
	Checkpoint string   `json:"checkpoint"`
	Changes    [][]byte `json:"changes,omitempty"`
}

// forkFile is the form of the evidence beside it.
type forkFile struct {
	Version  int      `json:"version"`
	Network  string   `json:"network"`
	Small    string   `json:"small"`
	Large    string   `json:"large"`
	FromSize uint64   `json:"from_size"`
	FromRoot []byte   `json:"from_root"`
	Hashes   [][]byte `json:"hashes"`
	Changes  [][]byte `json:"changes,omitempty"`
}

const (
	lightVersion = 1
	// maxLightFileBytes bounds what is read: a chain of thousands of sets.
	maxLightFileBytes = 32 << 20
	// forkSuffix is that of the file with the evidence.
	forkSuffix = ".fork"
)

// readLightFile reads and verifies a file; not found is no error.
func readLightFile(path string, trust checkpoint.Trust) (lightState, bool, error) {
	var f lightFile
	found, err := readJSONFile(path, &f)
	if err != nil || !found {
		return lightState{}, false, err
	}
	bad := func(err error) (lightState, bool, error) {
		return lightState{}, false, fmt.Errorf("%s: %w: put a copy back, or remove it to begin at the genesis: %w", path, err, ErrLightFile)
	}
	if f.Version != lightVersion || f.Network != trust.Network.String() {
		// It may be anything else of the caller's: no advice to remove it.
		return lightState{}, false, fmt.Errorf("%s is not the file of a light client of network %s and version %d: %w", path, trust.Network, lightVersion, ErrLightFile)
	}
	s := lightState{note: []byte(f.Checkpoint)}
	if s.changes, err = decodeChanges(f.Changes); err != nil {
		return bad(err)
	}
	if s.set, err = checkpoint.Follow(trust, s.changes); err != nil {
		return bad(err)
	}
	by, err := checkpoint.SetFor(trust, s.changes, s.note)
	if err != nil {
		return bad(err)
	}
	if s.highest, _, err = checkpoint.Open(trust.Network, by, s.note); err != nil {
		return bad(err)
	}
	return s, true, nil
}

// save writes what was seen, and takes it over. When another program has got further meanwhile, that is taken over instead,
// and Update compares the two.
func (l *Light) save(next lightState) error {
	path := l.file()
	if path == "" {
		l.set(next)
		return nil
	}
	there, found, err := readLightFile(path, l.trust)
	if err != nil {
		return err
	}
	if found && there.highest.Size > next.highest.Size {
		next = there
	} else if !found || there.highest != next.highest || !slices.EqualFunc(there.changes, next.changes, checkpoint.SetChange.Same) {
		f := lightFile{Version: lightVersion, Network: l.trust.Network.String(), Checkpoint: string(next.note)}
		if f.Changes, err = encodeChanges(next.changes); err != nil {
			return err
		}
		if err := writeJSONFile(path, f); err != nil {
			return err
		}
	}
	l.set(next)
	return nil
}

func (l *Light) set(s lightState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = s
}

func (l *Light) file() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.path
}

// keepIn gives a light client that lives in memory a file. What the file has seen counts, if it is more.
func (l *Light) keepIn(path string) error {
	l.updating.Lock()
	defer l.updating.Unlock()
	if l.file() != "" {
		return nil
	}
	there, found, err := readLightFile(path, l.trust)
	if err != nil {
		return err
	}
	now := l.seen()
	if found && there.highest.Size >= now.highest.Size {
		now = there
	}
	l.mu.Lock()
	l.path, l.state = path, now
	l.mu.Unlock()
	if now.note == nil {
		return nil
	}
	return l.save(now)
}

// keep writes the evidence of a fork beside the file, and gives the error back. Evidence that is there already stays: the
// first fork is the one to look at.
func (l *Light) keep(err error) error {
	var fork *checkpoint.Fork
	if !errors.As(err, &fork) {
		return err
	}
	path := l.file()
	if path == "" {
		return err
	}
	if _, statErr := os.Stat(path + forkSuffix); statErr == nil {
		return err
	}
	f := forkFile{
		Version: lightVersion, Network: l.trust.Network.String(), Small: string(fork.Small), Large: string(fork.Large),
		FromSize: fork.Growth.From, FromRoot: fork.Growth.FromRoot[:],
	}
	for _, h := range fork.Growth.Hashes {
		f.Hashes = append(f.Hashes, h[:])
	}
	var keepErr error
	if f.Changes, keepErr = encodeChanges(fork.Changes); keepErr == nil {
		keepErr = writeJSONFile(path+forkSuffix, f)
	}
	return errors.Join(err, keepErr)
}

// ReadFork reads evidence that a light client has kept; Verify checks it.
func ReadFork(path string) (*checkpoint.Fork, error) {
	var f forkFile
	found, err := readJSONFile(path, &f)
	if err != nil {
		return nil, err
	}
	if !found || f.Version != lightVersion {
		return nil, fmt.Errorf("%s holds no evidence of this version: %w", path, ErrLightFile)
	}
	fork := &checkpoint.Fork{Small: []byte(f.Small), Large: []byte(f.Large)}
	if fork.Growth, err = checkpoint.GrowthOf(f.FromSize, f.FromRoot, f.Hashes); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, err, ErrLightFile)
	}
	if fork.Changes, err = decodeChanges(f.Changes); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, err, ErrLightFile)
	}
	return fork, nil
}

func encodeChanges(changes []checkpoint.SetChange) ([][]byte, error) {
	var out [][]byte
	for _, m := range checkpoint.ChangesProto(changes) {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("encode change of the validator set: %w", err)
		}
		out = append(out, raw)
	}
	return out, nil
}

func decodeChanges(raws [][]byte) ([]checkpoint.SetChange, error) {
	var messages []*umojav1.ValidatorSetChange
	for _, raw := range raws {
		m := new(umojav1.ValidatorSetChange)
		if err := proto.Unmarshal(raw, m); err != nil {
			return nil, fmt.Errorf("decode change of the validator set: %w", err)
		}
		messages = append(messages, m)
	}
	return checkpoint.ChangesOf(messages)
}

func readJSONFile(path string, to any) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read file of the light client: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxLightFileBytes))
	if err != nil {
		return false, fmt.Errorf("read file of the light client: %w", err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return false, fmt.Errorf("%s: %v: %w", path, err, ErrLightFile)
	}
	return true, nil
}

// writeJSONFile replaces a file whole: a crash leaves the old one, or a part beside it that the next write replaces.
func writeJSONFile(path string, from any) error {
	raw, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return fmt.Errorf("encode file of the light client: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("write file of the light client: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write file of the light client: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

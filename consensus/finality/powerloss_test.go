package finality

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A disk keeps what was made durable, and forgets everything else when the power goes: content that was not synced, and
// names that were not.
type disk struct {
	dir string
	// content is what a file has that was synced, by the file itself, since it may get another name.
	content []synced
	// names are what the folder had when it was synced.
	names map[string][]byte
}

type synced struct {
	info os.FileInfo
	raw  []byte
}

// sync is what the state file calls.
func (d *disk) sync(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.IsDir() {
		raw, err := os.ReadFile(f.Name())
		d.content = append(d.content, synced{info, raw})
		return err
	}
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	d.names = make(map[string][]byte)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		d.names[e.Name()] = nil // Unless it was synced, it is empty.
		for _, c := range d.content {
			if os.SameFile(c.info, info) {
				d.names[e.Name()] = c.raw
			}
		}
	}
	return nil
}

// lose leaves on the disk what was durable.
func (d *disk) lose(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(d.dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, raw := range d.names {
		if err := os.WriteFile(filepath.Join(d.dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStateSurvivesPowerLoss: what Save returned for is there after the power went, whatever the kernel had not written.
func TestStateSurvivesPowerLoss(t *testing.T) {
	state, identity := fullState(t)
	dir := t.TempDir()
	f, err := CreateStateFile(filepath.Join(dir, "signer"), identity)
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{dir: dir}
	f.sync = d.sync
	first := State{Attested: state.Attested}
	for _, next := range []State{first, state} {
		if err := f.Save(next); err != nil {
			t.Fatal(err)
		}
		d.lose(t)
		again, err := OpenStateFile(filepath.Join(dir, "signer"), identity)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(next, again.State()); diff != "" {
			t.Error(diff)
		}
	}
}

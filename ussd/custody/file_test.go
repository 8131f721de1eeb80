package custody

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
)

func create(t *testing.T) (string, *Files) {
	t.Helper()
	grant, err := key.NewPrivate([32]byte{31: 7})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "keys")
	files, err := Create(dir, grant, key.NewAliasKey([32]byte{1}), bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return dir, files
}

func TestFilesAreTheirOwnersOnly(t *testing.T) {
	dir, _ := create(t)
	for _, name := range []string{grantFile, aliasFile, pepperFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestKeysThatOthersCanReadAreRefused(t *testing.T) {
	for _, name := range []string{grantFile, aliasFile, pepperFile} {
		for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660} {
			dir, _ := create(t)
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir); !errors.Is(err, ErrPermissions) {
				t.Errorf("%s %o: %v", name, mode, err)
			}
		}
	}
	dir, _ := create(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrPermissions) {
		t.Errorf("a directory that others can write: %v", err)
	}
}

func TestADamagedKeyFileIsRefused(t *testing.T) {
	for _, name := range []string{grantFile, aliasFile, pepperFile} {
		dir, _ := create(t)
		if err := os.WriteFile(filepath.Join(dir, name), []byte("00ff"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is missing: %v", name, err)
		}
		if err := os.Symlink("/dev/zero", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, ErrContent) {
			t.Errorf("%s is a link: %v", name, err)
		}
	}
}

func TestKeysAreNeverOverwritten(t *testing.T) {
	dir, made := create(t)
	other, err := key.NewPrivate([32]byte{31: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, other, key.NewAliasKey([32]byte{2}), bytes.NewReader(make([]byte, 32))); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	opened, err := Open(dir)
	if err != nil || opened.Signer().Public() != made.Signer().Public() {
		t.Errorf("the key changed: %v", err)
	}
}

// A change was cut short, or is under way: the keys are as they were, and a second change does not begin.
func TestAChangeThatWasCutShortChangesNothing(t *testing.T) {
	dir, made := create(t)
	path := filepath.Join(dir, pepperFile)
	if err := os.WriteFile(path+".new", []byte("00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := RotateFile(path, bytes.NewReader(bytes.Repeat([]byte{8}, 32))); !errors.Is(err, ErrExists) {
		t.Errorf("got %v", err)
	}
	opened, err := Open(dir)
	if err != nil || len(opened.Peppers()) != 1 || opened.Pepper().Reveal() != made.Pepper().Reveal() {
		t.Errorf("the peppers changed: %v", err)
	}
}

func TestPeppersOfAFileAreChangedInOrder(t *testing.T) {
	dir, made := create(t)
	path, first := filepath.Join(dir, pepperFile), made.Pepper().ID()
	if _, err := RotateFile(path, bytes.NewReader(bytes.Repeat([]byte{9}, 32))); !errors.Is(err, ErrPeppers) {
		t.Errorf("the same pepper again: %v", err)
	}
	second, err := RotateFile(path, bytes.NewReader(bytes.Repeat([]byte{8}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := Open(dir); err != nil || len(opened.Peppers()) != 2 || opened.Pepper().ID() != second || opened.Peppers()[1].ID() != first {
		t.Fatalf("after a rotation: %v", err)
	}
	if err := RetireFile(path, second); !errors.Is(err, ErrPeppers) {
		t.Errorf("the newest is retired: %v", err)
	}
	if err := RetireFile(path, [6]byte{1}); !errors.Is(err, ErrPeppers) {
		t.Errorf("one that is not there is retired: %v", err)
	}
	if err := RetireFile(path, first); err != nil {
		t.Fatal(err)
	}
	if opened, err := Open(dir); err != nil || len(opened.Peppers()) != 1 || opened.Pepper().ID() != second {
		t.Errorf("after the first was retired: %v", err)
	}
	for n := range byte(7) {
		if _, err := RotateFile(path, bytes.NewReader(bytes.Repeat([]byte{20 + n}, 32))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := RotateFile(path, bytes.NewReader(bytes.Repeat([]byte{30}, 32))); !errors.Is(err, ErrPeppers) {
		t.Errorf("a ninth pepper: %v", err)
	}
}

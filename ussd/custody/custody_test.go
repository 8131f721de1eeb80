package custody

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

func TestSecretsAreReadBackAsTheyWereMade(t *testing.T) {
	dir, made := create(t)
	opened, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	digest := [32]byte{5}
	signature, err := opened.Signer().Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Signer().Public().Verify(digest, signature); err != nil {
		t.Error(err)
	}
	if opened.Pepper().Reveal() != made.Pepper().Reveal() || opened.Pepper().Reveal() == [32]byte{} {
		t.Error("the pepper is another")
	}
	if opened.AliasKey().Alias("+254711000001") != made.AliasKey().Alias("+254711000001") {
		t.Error("the alias key is another")
	}
	for _, name := range []string{grantFile, aliasFile, pepperFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", made.Pepper(), made.Pepper(), made.Pepper(), made.Pepper()); printed != "redacted redacted redacted redacted" {
		t.Error(printed)
	}
	if printed := fmt.Sprintf("%v", struct{ pepper Pepper }{made.Pepper()}); strings.Contains(printed, "9 9 9") {
		t.Error(printed)
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

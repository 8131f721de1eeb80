package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// maxKeyFileBytes bounds what is read of a key file: one line of bech32m.
const maxKeyFileBytes = 1 << 10

// newKeyFile makes a key and writes it to a file that did not exist: a key file that is overwritten is an account that
// nobody can ever pay from again.
func newKeyFile(path string) (key.Private, error) {
	secret, err := key.Generate(rand.Reader)
	if err != nil {
		return key.Private{}, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return key.Private{}, fmt.Errorf("%s exists and is never overwritten: name another file with --out", path)
	}
	if err != nil {
		return key.Private{}, fmt.Errorf("create key file: %w", err)
	}
	// A crash here leaves a file that reads as no key; nothing was ever paid to it.
	_, err = f.WriteString(secret.Text() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return key.Private{}, fmt.Errorf("write key file: %w", errors.Join(err, os.Remove(path)))
	}
	return secret, nil
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readKeyFile reads a key that nobody but its owner can read.
func readKeyFile(path string) (key.Private, error) {
	if path == "" {
		return key.Private{}, errors.New("--key FILE is missing: make a key with umoja key new --out FILE")
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return key.Private{}, fmt.Errorf("no key file %s: make one with umoja key new --out %s", path, shellWord(path))
	}
	if err != nil {
		return key.Private{}, fmt.Errorf("read key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return key.Private{}, fmt.Errorf("read key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return key.Private{}, fmt.Errorf("key file %s is not a file", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return key.Private{}, fmt.Errorf("others may read the key file %s: take that away with chmod 600 %s", path, shellWord(path))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes))
	if err != nil {
		return key.Private{}, fmt.Errorf("read key file: %w", err)
	}
	secret, err := key.ParsePrivate(strings.TrimSpace(string(text)))
	if err != nil {
		return key.Private{}, fmt.Errorf("key file %s: %w: it must hold one line, as umoja key new writes it", path, err)
	}
	return secret, nil
}

// shellWord writes a word so that a shell reads it as one.
func shellWord(word string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:,@%=", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !safe(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/attestor"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/gateway"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"umoja-gateway": func() { os.Exit(run()) }})
}

// What the help shows are configurations.
func TestHelpShowsConfigurations(t *testing.T) {
	for example, load := range map[string]func(path string) error{
		gatewayExample:  func(path string) error { _, err := gateway.Load(path); return err },
		attestorExample: func(path string) error { _, err := attestor.Load(path); return err },
	} {
		path := filepath.Join(t.TempDir(), "example.toml")
		if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := load(path); err != nil {
			t.Error(err)
		}
	}
}

// writeKeys puts key files and a passphrase into the folder keys of a script, readable by nobody else. The pepper is OLDEST.
func writeKeys(env *testscript.Env) error {
	grant, err := key.NewPrivate([32]byte{31: 7})
	if err != nil {
		return err
	}
	dir := filepath.Join(env.WorkDir, "keys")
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := custody.Create(dir, grant, key.NewAliasKey([32]byte{1}), bytes.NewReader(bytes.Repeat([]byte{9}, 32))); err != nil {
		return err
	}
	env.Setenv("OLDEST", custody.NewPepper([32]byte(bytes.Repeat([]byte{9}, 32))).ID().String())
	return os.WriteFile(filepath.Join(dir, "passphrase"), []byte("seven tall giraffes\n"), 0o600)
}

// TestScript runs the scripts in testdata.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, Setup: writeKeys})
}

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/ussd/gateway"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"umoja-gateway": func() { os.Exit(run()) }})
}

// What the help shows is a configuration.
func TestHelpShowsAConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.toml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.Load(path); err != nil {
		t.Error(err)
	}
}

// TestScript runs the scripts in testdata.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true})
}

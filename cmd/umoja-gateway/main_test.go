package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/ussd/attestor"
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

// TestScript runs the scripts in testdata.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true})
}

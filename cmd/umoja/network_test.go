package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/consensus/validator"
	"github.com/umoja-ledger/umoja/ledger"
	"github.com/umoja-ledger/umoja/ledger/genesis"
)

// TestNetworkScript runs the scripts in testdata/network. Beside testscript's own commands there is
//
//	record NAME FILE    make a validator's keys in a folder of that name, and its public record in a file
func TestNetworkScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/network",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"record": func(ts *testscript.TestScript, _ bool, args []string) {
				record, err := validator.Init(ts.MkAbs(args[0]), args[0], args[0]+".example:7000", args[0]+".example:7070")
				ts.Check(err)
				raw, err := json.Marshal(record)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o644))
			},
		},
	})
}

// What the help shows of founding.json founds a network, and its accounts are what umoja key show --json prints of their keys.
func TestFoundingExampleFoundsANetwork(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "founding.json")
	check(t, os.WriteFile(path, []byte(foundingExample), 0o600))
	g := &genesis.Genesis{Format: genesis.Format, Name: "mwanga", RulesVersion: 1, TimeUnixMs: 2, Parameters: genesis.DefaultParameters()}
	check(t, readFounding(path, g))
	for i := range 4 {
		name := fmt.Sprintf("coop%d", i+1)
		record, err := validator.Init(filepath.Join(dir, name), name, name+".example:7000", name+".example:7070")
		check(t, err)
		g.Validators = append(g.Validators, record)
	}
	g, err := writeGenesis(filepath.Join(dir, "genesis.json"), g)
	check(t, err)
	if _, err := ledger.Found(g); err != nil {
		t.Error(err)
	}
	for i, a := range g.Accounts {
		if want := accountOf(a.Authority.Keys[0].Key); !reflect.DeepEqual(a, want) {
			t.Errorf("account %d: %+v, want %+v", i+1, a, want)
		}
	}
}

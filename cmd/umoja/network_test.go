package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/umoja-ledger/umoja/consensus/validator"
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

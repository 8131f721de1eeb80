package sdk_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The SDK is what others link: it must bring neither the consensus, nor a store, nor the rules of the ledger.
func TestImports(t *testing.T) {
	const module = "github.com/umoja-ledger/umoja/"
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("list dependencies: %v", err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("only %d dependencies: the list cannot be right", len(deps))
	}
	for _, dep := range deps {
		switch {
		case dep == module+"ledger", dep == module+"ledger/store", dep == module+"ledger/ledgertest",
			strings.HasPrefix(dep, module+"consensus"), strings.HasPrefix(dep, module+"ussd"), strings.HasPrefix(dep, module+"sdk/"),
			strings.HasPrefix(dep, "github.com/hashicorp/"), strings.HasPrefix(dep, "github.com/dgraph-io/"), dep == "testing":
			t.Errorf("sdk links %s", dep)
		}
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/genesis"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// TestRealNetworkNeedsTLS: money that is worth something is not asked about in plaintext.
func TestRealNetworkNeedsTLS(t *testing.T) {
	w := ledgertest.NetworkOf(t, "real", 4, func(_ *ledgertest.World, g *genesis.Genesis) { g.Test = false })
	path := filepath.Join(t.TempDir(), "genesis.json")
	if err := os.WriteFile(path, w.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{"": "--tls", filepath.Join(t.TempDir(), "none.pem"): "no such file"} {
		flags := networkFlags{genesis: path, tls: source}
		if _, _, err := flags.open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--tls %q: %v, want %q", source, err, want)
		}
	}
	flags := networkFlags{genesis: path, tls: "system"}
	client, _, err := flags.open()
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

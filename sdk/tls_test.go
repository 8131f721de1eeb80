package sdk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/umoja-ledger/umoja/sdk"
)

func TestTLS(t *testing.T) {
	if c, err := sdk.TLS(""); c != nil || err != nil {
		t.Errorf("plaintext: %v, %v", c, err)
	}
	if c, err := sdk.TLS(sdk.SystemRoots); c == nil || c.RootCAs != nil || err != nil {
		t.Errorf("the machine's authorities: %v, %v", c, err)
	}
	if _, err := sdk.TLS(filepath.Join(t.TempDir(), "none.pem")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(path, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sdk.TLS(path); !errors.Is(err, sdk.ErrBadConfig) {
		t.Errorf("no certificate: %v", err)
	}
}

package attestor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written is an attestor's configuration as people write it.
const written = `
dir = "data"
genesis = "genesis.json"
validators = ["127.0.0.1:7070"]
listen = "127.0.0.1:8090"
attestor_key = "keys/attestor.key"
alias_key = "/etc/umoja/alias.key"
secret = "keys/codes.secret"

[limits]
codes_per_number = 3

[[sms]]
name = "box"
kind = "kannel"
url = "http://127.0.0.1:13013/cgi-bin/sendsms"
username = "attestor"
key_file = "kannel.password"
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "attestor.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAConfigurationIsReadBackAsItWasWritten(t *testing.T) {
	file := write(t, written)
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Dir(file)
	if c.Dir != filepath.Join(base, "data") || c.AliasKey != "/etc/umoja/alias.key" || c.Limits.CodesPerNumber != 3 || c.SMS[0].KeyFile != filepath.Join(base, "kannel.password") {
		t.Errorf("read %+v", c)
	}
	again := filepath.Join(t.TempDir(), "again.toml")
	if err := c.Write(again); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(again); err != nil || !cmp.Equal(got, c) {
		t.Errorf("%v\n%s", err, cmp.Diff(c, got))
	}
}

func TestABadConfigurationIsRefusedByItsKey(t *testing.T) {
	for _, c := range []struct{ from, to, says string }{
		{`dir = "data"`, ``, "dir is missing"},
		{`listen = "127.0.0.1:8090"`, `lisen = "127.0.0.1:8090"`, "unknown key lisen"},
		{`"127.0.0.1:8090"`, `"8090"`, `must be host:port, not "8090"`},
		{`secret = "keys/codes.secret"`, ``, "attestor_key, alias_key and secret, or keys"},
		{`secret = "keys/codes.secret"`, "secret = \"keys/codes.secret\"\nkeys = \"keys.age\"", "a sealed file and plain files"},
		{`codes_per_number = 3`, `codes_per_number = -3`, "limits must not be negative"},
		{`codes_per_number = 3`, `codes_per_day = 3`, "unknown key limits.codes_per_day"},
		{`listen`, "providers = [\"mwanga\"]\nlisten", "providers has a value of another kind"},
		{`listen`, "log = \"loud\"\nlisten", "log must be debug, info, warn or error"},
		{`listen`, "sandbox = true\nlisten", "sms: a sandbox is its own carrier"},
		{written[strings.Index(written, "[[sms]]"):], ``, "sms: a route is needed"},
		{`kind = "kannel"`, `kind = "pigeon"`, `sms "box": kind must be one of`},
		{`kind = "kannel"`, "kind = \"kannel\"\ninbound_path = \"/in\"", "inbound_path: this process reads no messages"},
	} {
		if !strings.Contains(written, c.from) {
			t.Fatalf("%q is not there to be replaced", c.from)
		}
		_, err := Load(write(t, strings.Replace(written, c.from, c.to, 1)))
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.to, err, c.says)
		}
	}
}

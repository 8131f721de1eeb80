package gateway

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var nopLog = slog.New(slog.DiscardHandler)

// written is a sandbox's configuration as people read it.
const written = `
name = "gateway"
dir = "data"
genesis = "genesis.json"
validators = ["127.0.0.1:7070", "127.0.0.1:7071"]
listen = "127.0.0.1:8080"
provider_key = "keys/grant.key"
alias_key = "/etc/umoja/alias.key"
pepper = "keys/pin.pepper"
service_code = "*384*2050#"
region = "KE"
asset = "KES"
sandbox = true

[[aggregators]]
kind = "africastalking"
path = "/ussd/africastalking"

[[attestors]]
name = "Attestor 1"
url = "http://127.0.0.1:8090"
key = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

[[phones]]
number = "+254711000001"
name = "Juma Otieno"
pin = "4071"
language = "en"
`

// sending is what a gateway outside of a sandbox has instead of phones.
const sending = `
[[sms]]
name = "at"
kind = "africastalking"
username = "mwanga"
key_file = "api.key"
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.toml")
	check(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestAConfigurationIsReadBackAsItWasWritten(t *testing.T) {
	file := write(t, written)
	c, err := Load(file)
	check(t, err)
	base := filepath.Dir(file)
	if c.Dir != filepath.Join(base, "data") || c.AliasKey != "/etc/umoja/alias.key" || c.TurnsPerMinute != 100_000 {
		t.Errorf("read %+v", c)
	}
	again := filepath.Join(t.TempDir(), "again.toml")
	check(t, c.Write(again))
	info, err := os.Stat(again)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if got, err := Load(again); err != nil || !cmp.Equal(got, c) {
		t.Errorf("%v\n%s", err, cmp.Diff(c, got))
	}
}

func TestABadConfigurationIsRefusedByItsKey(t *testing.T) {
	const secret = "/ussd/0123456789abcdefghijkl"
	real := strings.NewReplacer("sandbox = true", "", "/ussd/africastalking", secret).Replace(written[:strings.Index(written, "[[phones]]")]) + sending
	if _, err := Load(write(t, real)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		base, from, to, says string
	}{
		{written, `dir = "data"`, ``, "dir is missing"},
		{written, `pepper = "keys/pin.pepper"`, ``, "grant key, alias key and pepper need a file each"},
		{written, `pepper = "keys/pin.pepper"`, "pepper = \"keys/pin.pepper\"\nkeys = \"keys.age\"", "a sealed file and plain files"},
		{written, `name = "gateway"`, `nmae = "gateway"`, "line 2: unknown key nmae"},
		{written, `language = "en"`, `langauge = "en"`, "line 28: unknown key phones.langauge"},
		{written, `pin = "4071"`, `pin = 4071`, "line 27: "},
		{written, `pin = "4071"`, `pin = "4071`, "line 27: not TOML"},
		{written, `"127.0.0.1:8080"`, `"8080"`, `must be host:port, not "8080"`},
		{written, `"127.0.0.1:7071"`, `"127.0.0.1"`, `must be host:port, not "127.0.0.1"`},
		{written, `path = "/ussd/africastalking"`, ``, "aggregators: entry 1: path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"ussd"`, "path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/ussd/{x"`, "path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/ussd/../x"`, "path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/"`, "path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/healthz"`, "path must not be"},
		{written, `"/ussd/africastalking"`, `"/sandbox/sms"`, "path must not be"},
		{written, `"/ussd/africastalking"`, `"/provider/v1/consent"`, "path must not be"},
		{written, `kind = "africastalking"`, `kind = "carrierpigeon"`, "aggregators: entry 1: kind: unknown aggregator"},
		{written, `kind = "africastalking"`, "kind = \"africastalking\"\nuser = \"at\"", "user and password_file belong together"},
		{written, `kind = "africastalking"`, "kind = \"africastalking\"\nallow = [\"here\"]", "allow must be addresses"},
		{written, written[strings.Index(written, "[[aggregators]]"):strings.Index(written, "[[attestors]]")], ``, "aggregators: at least one is needed"},
		{written, `"*384*2050#"`, `"384"`, "service_code must be"},
		{written, `"*384*2050#"`, `"*384*2050*12#"`, "service_code must be"},
		{written, `"KE"`, `"ke"`, "region must be two capital letters"},
		{written, `sandbox = true`, "sandbox = true\nlog = \"loud\"", "log must be debug, info, warn or error"},
		{written, `sandbox = true`, "sandbox = true\nturns_per_minute = -1", "turns_per_minute must not be negative"},
		{written, `sandbox = true`, "sandbox = true\ntelephone = \"0800\"", "telephone must be in E.164 form"},
		{written, `sandbox = true`, "sandbox = true\ndrafts = [\"xx\"]", "drafts must be of"},
		{written, `sandbox = true`, ``, "nothing says who calls"},
		{strings.Replace(written, "/ussd/africastalking", secret, 1), `sandbox = true`, ``, "phones are for a sandbox only"},
		{written, `"+254711000001"`, `"0711000001"`, "phones: number of entry 1"},
		{written, `pin = "4071"`, `pin = "40714"`, "phones: pin of entry 1 must be four digits"},
		{written, `"Juma Otieno"`, `"Juma Otieno Kamau"`, "phones: name of entry 1"},
		{written, `language = "en"`, `language = "xx"`, "phones: language of entry 1"},
		{written, `language = "en"`, "language = \"en\"\nrole = \"bank\"", "phones: role of entry 1"},
		{written, `language = "en"`, "language = \"en\"\n" + written[strings.Index(written, "[[phones]]"):], "phones: number of entry 2 is there twice"},
		{written, `http://127.0.0.1:8090`, `http://attestor.example.org`, "attestors: entry 1 needs a name and a url"},
		{written, `key = "79be`, `key = "79`, "attestors: key of entry 1"},
		{written, `sandbox = true`, "sandbox = true\n[[providers]]\naccount = \"umoja1\"\nurl = \"https://x.example\"", "providers: account of entry 1"},
		{written, `sandbox = true`, "sandbox = true\n" + sending, "sms: a sandbox is its own carrier"},
		{real, sending, ``, "sms: a route is needed"},
		{real, `username = "mwanga"`, ``, "username is needed"},
		{real, `username`, "url = \"http://api.example.org\"\nusername", "url must begin with https"},
		{real, `username`, "url = \"messaging\"\nusername", "url must be an address"},
		{real, `name = "at"`, `name = "A T"`, "the name must be"},
	} {
		if strings.Count(c.base, c.from) == 0 {
			t.Fatalf("%q is not there to be replaced", c.from)
		}
		_, err := Load(write(t, strings.Replace(c.base, c.from, c.to, 1)))
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.to, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "4071") {
			t.Errorf("%s: the error shows a PIN: %v", c.to, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// A gateway says how much memory it may take, and a mistake of a factor of a million is found.
func TestMemoryIsSaidInMegabytes(t *testing.T) {
	for value, valid := range map[string]bool{"0": true, "100": true, "250": true, "99": false, "-1": false, "262144000": false} {
		_, err := Load(write(t, "memory_mb = "+value+"\n"+written))
		if valid != (err == nil) || err != nil && !strings.Contains(err.Error(), "memory_mb must be") {
			t.Errorf("memory_mb = %s: %v", value, err)
		}
	}
}

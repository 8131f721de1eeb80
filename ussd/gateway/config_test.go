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
callback_path = "/ussd/africastalking"
sandbox = true

[[phones]]
number = "+254711000001"
name = "Juma Otieno"
pin = "4071"
language = "en"
`

// sending is what a gateway outside of a sandbox has instead.
const sending = `sms_url = "https://api.africastalking.com/version1/messaging"
sms_username = "mwanga"
sms_api_key_file = "api.key"
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
	real := strings.Replace(written[:strings.Index(written, "[[phones]]")], "sandbox = true", sending, 1)
	if _, err := Load(write(t, real)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		base, from, to, says string
	}{
		{written, `dir = "data"`, ``, "dir is missing"},
		{written, `pepper = "keys/pin.pepper"`, `pepper = ""`, "pepper is missing"},
		{written, `callback_path = "/ussd/africastalking"`, ``, "callback_path is missing"},
		{written, `name = "gateway"`, `nmae = "gateway"`, "line 2: unknown key nmae"},
		{written, `language = "en"`, `langauge = "en"`, "line 20: unknown key phones.langauge"},
		{written, `pin = "4071"`, `pin = 4071`, "line 19: "},
		{written, `pin = "4071"`, `pin = "4071`, "line 19: not TOML"},
		{written, `"127.0.0.1:8080"`, `"8080"`, `must be host:port, not "8080"`},
		{written, `"127.0.0.1:7071"`, `"127.0.0.1"`, `must be host:port, not "127.0.0.1"`},
		{written, `"/ussd/africastalking"`, `"ussd"`, "callback_path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/ussd/{x"`, "callback_path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/ussd/../x"`, "callback_path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/"`, "callback_path must be a plain path"},
		{written, `"/ussd/africastalking"`, `"/healthz"`, "callback_path must not be"},
		{written, `"/ussd/africastalking"`, `"/sandbox/sms"`, "callback_path must not be"},
		{written, `"*384*2050#"`, `"384"`, "service_code must be"},
		{written, `"*384*2050#"`, `"*384*2050*12#"`, "service_code must be"},
		{written, `"KE"`, `"ke"`, "region must be two capital letters"},
		{written, `sandbox = true`, "sandbox = true\nlog = \"loud\"", "log must be debug, info, warn or error"},
		{written, `sandbox = true`, "sandbox = true\nturns_per_minute = -1", "turns_per_minute must not be negative"},
		{written, `sandbox = true`, ``, "phones are for a sandbox only"},
		{written, `"+254711000001"`, `"0711000001"`, "phones: number of entry 1"},
		{written, `pin = "4071"`, `pin = "40714"`, "phones: pin of entry 1 must be four digits"},
		{written, `"Juma Otieno"`, `"Juma Otieno Kamau"`, "phones: name of entry 1"},
		{written, `language = "en"`, `language = "xx"`, "phones: language of entry 1"},
		{written, `language = "en"`, "language = \"en\"\n" + written[strings.Index(written, "[[phones]]"):], "phones: number of entry 2 is there twice"},
		{real, `sms_username = "mwanga"`, ``, "sms_url, sms_username and sms_api_key_file are needed"},
		{real, `https://`, `http://`, "sms_url must begin with https"},
		{real, `"https://api.africastalking.com/version1/messaging"`, `"messaging"`, "sms_url must be an address"},
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

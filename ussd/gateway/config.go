// Package gateway makes a process of the phone side: one provider's USSD gateway.
//
// Run reads the configuration, opens the provider's keys (custody), its own store, the SDK's client of the network and the
// session machine, and serves the aggregator's callback until its context ends. Beside the callback three loops run: the
// settler drives every submitted payment to its outcome, the feed turns final leaves into text messages, and the outbox
// sends them. All three go on from the store after a crash.
//
// With Sandbox set it is also its own carrier: text messages are posted, in the aggregator's form, to an endpoint of this very
// process, which keeps them for GET /sandbox/sms. That endpoint exists in no other configuration.
//
// It refuses unknown configuration keys, key files that others can read, a provider key that no provider of the network
// has, and a sandbox on a network that is not for tests.
package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// ErrConfig means the configuration breaks a rule; the message names the key.
var ErrConfig = errors.New("configuration is not valid")

// Config is the content of gateway.toml. Relative paths are relative to the file's folder.
type Config struct {
	Name    string `toml:"name" comment:"For logs."`
	Dir     string `toml:"dir" comment:"Where sessions, payments and PIN records are kept."`
	Genesis string `toml:"genesis" comment:"The network's genesis file."`
	// Validators are addresses of public services; empty takes those of the genesis.
	Validators []string `toml:"validators,omitempty" comment:"Validators to talk to, host:port; empty takes those of the genesis file."`
	Listen     string   `toml:"listen" comment:"Where the aggregator's callbacks come in (HTTP; put TLS in front of it)."`

	ProviderKey string `toml:"provider_key" comment:"Key files, readable by this user only."`
	AliasKey    string `toml:"alias_key"`
	Pepper      string `toml:"pepper"`

	ServiceCode  string `toml:"service_code" comment:"What people dial."`
	Region       string `toml:"region" comment:"Where numbers without a country code are from, two letters."`
	Asset        string `toml:"asset" comment:"The asset that the menus pay with."`
	CallbackPath string `toml:"callback_path" comment:"Make it long and secret: the aggregator authenticates itself by nothing else."`

	// TurnsPerMinute bounds the turns of one phone number; 0 is 60, or as good as none in a sandbox.
	TurnsPerMinute int `toml:"turns_per_minute,omitempty" comment:"How many turns a minute one phone number has."`

	SMSURL      string `toml:"sms_url,omitempty" comment:"Africa's Talking's messaging endpoint and account."`
	SMSUsername string `toml:"sms_username,omitempty"`
	SMSAPIKey   string `toml:"sms_api_key_file,omitempty" comment:"A file that holds the key."`
	SMSFrom     string `toml:"sms_from,omitempty"`

	// Sandbox makes the gateway its own carrier and enrols Phones; test networks only.
	Sandbox bool    `toml:"sandbox,omitempty"`
	Phones  []Phone `toml:"phones,omitempty"`

	Log string `toml:"log,omitempty" comment:"debug, info, warn or error."`
}

// Phone is a phone that a sandbox enrols at its first start; its account is bound in the genesis.
type Phone struct {
	Number   string `toml:"number"`
	Name     string `toml:"name"`
	PIN      string `toml:"pin"`
	Language string `toml:"language"`
}

// Load reads a configuration file. Unknown keys are errors: a misspelt one must not be a default.
func Load(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	var c Config
	d := toml.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return Config{}, fmt.Errorf("%s: unknown key:\n%s: %w", path, strict.String(), ErrConfig)
		}
		return Config{}, fmt.Errorf("%s: %v: %w", path, err, ErrConfig)
	}
	if c.Sandbox && c.TurnsPerMinute == 0 {
		c.TurnsPerMinute = 100_000 // Scripts type faster than people.
	}
	base := filepath.Dir(path)
	for _, p := range []*string{&c.Dir, &c.Genesis, &c.ProviderKey, &c.AliasKey, &c.Pepper, &c.SMSAPIKey} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	return c, c.check(path)
}

func (c Config) check(path string) error {
	for _, field := range []struct{ name, value string }{
		{"dir", c.Dir}, {"genesis", c.Genesis}, {"listen", c.Listen}, {"provider_key", c.ProviderKey}, {"alias_key", c.AliasKey},
		{"pepper", c.Pepper}, {"service_code", c.ServiceCode}, {"region", c.Region}, {"asset", c.Asset}, {"callback_path", c.CallbackPath},
	} {
		if field.value == "" {
			return fmt.Errorf("%s: %s is missing: %w", path, field.name, ErrConfig)
		}
	}
	if c.CallbackPath[0] != '/' {
		return fmt.Errorf("%s: callback_path must start with /: %w", path, ErrConfig)
	}
	if !c.Sandbox && (c.SMSURL == "" || c.SMSUsername == "" || c.SMSAPIKey == "") {
		return fmt.Errorf("%s: sms_url, sms_username and sms_api_key_file are needed outside of a sandbox: %w", path, ErrConfig)
	}
	if !c.Sandbox && len(c.Phones) > 0 {
		return fmt.Errorf("%s: phones are for a sandbox only: %w", path, ErrConfig)
	}
	return nil
}

// Write writes the configuration for people to read and edit.
func (c Config) Write(path string) error {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return fmt.Errorf("encode configuration: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

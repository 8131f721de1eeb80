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
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/sdk"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/pin"
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
	// ValidatorsTLS is a file of certificates, or "system"; plaintext is for test networks only.
	ValidatorsTLS string `toml:"validators_tls,omitempty" comment:"PEM file of the authorities behind the validators' certificates, or system; empty is plaintext, for test networks."`
	Listen        string `toml:"listen" comment:"Where the aggregator's callbacks come in (HTTP; put TLS in front of it)."`

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

// Load reads a configuration file. Unknown keys are errors: a misspelt one must not be a default. Errors name keys and
// lines and never what stands there, which may be a PIN.
func Load(file string) (Config, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	var c Config
	d := toml.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", file, syntax(err))
	}
	if c.Sandbox && c.TurnsPerMinute == 0 {
		c.TurnsPerMinute = 100_000 // Scripts type faster than people.
	}
	base := filepath.Dir(file)
	files := []*string{&c.Dir, &c.Genesis, &c.ProviderKey, &c.AliasKey, &c.Pepper, &c.SMSAPIKey}
	if c.ValidatorsTLS != sdk.SystemRoots {
		files = append(files, &c.ValidatorsTLS)
	}
	for _, p := range files {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("%s: %w: %w", file, err, ErrConfig)
	}
	return c, nil
}

// syntax says what of the file cannot be read, and where.
func syntax(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		line, _ := strict.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s: %w", line, strings.Join(strict.Errors[0].Key(), "."), ErrConfig)
	}
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		line, _ := decoding.Position()
		if name := strings.Join(decoding.Key(), "."); name != "" {
			return fmt.Errorf("line %d: %s has a value of another kind: %w", line, name, ErrConfig)
		}
		return fmt.Errorf("line %d: not TOML: %w", line, ErrConfig)
	}
	return fmt.Errorf("not TOML: %w", ErrConfig)
}

// check finds what can be found without opening anything.
func (c Config) check() error {
	for _, field := range []struct{ name, value string }{
		{"dir", c.Dir}, {"genesis", c.Genesis}, {"listen", c.Listen}, {"provider_key", c.ProviderKey}, {"alias_key", c.AliasKey},
		{"pepper", c.Pepper}, {"service_code", c.ServiceCode}, {"region", c.Region}, {"asset", c.Asset}, {"callback_path", c.CallbackPath},
	} {
		if field.value == "" {
			return fmt.Errorf("%s is missing", field.name)
		}
	}
	for _, address := range append([]string{c.Listen}, c.Validators...) {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("listen and validators must be host:port, not %q", address)
		}
	}
	switch {
	case len(c.Region) != 2 || c.Region != strings.ToUpper(c.Region):
		return errors.New("region must be two capital letters, such as KE")
	case !strings.HasPrefix(c.ServiceCode, "*") || !strings.HasSuffix(c.ServiceCode, "#") || len(c.ServiceCode) > ussd.MaxDial:
		return fmt.Errorf("service_code must be *…# of at most %d characters, such as *384*2050#", ussd.MaxDial)
	case c.TurnsPerMinute < 0:
		return errors.New("turns_per_minute must not be negative")
	case !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log):
		return errors.New("log must be debug, info, warn or error")
	}
	if err := c.checkPath(); err != nil {
		return err
	}
	if c.Sandbox {
		return c.checkPhones()
	}
	if len(c.Phones) > 0 {
		return errors.New("phones are for a sandbox only")
	}
	return c.checkSMS()
}

// checkPath keeps the callback apart from the gateway's own addresses and from the signs of a pattern.
func (c Config) checkPath() error {
	p := c.CallbackPath
	switch {
	case !strings.HasPrefix(p, "/") || p == "/" || path.Clean(p) != p || strings.ContainsAny(p, "{}?#% \t\r\n"):
		return errors.New("callback_path must be a plain path, such as /ussd/africastalking")
	case p == healthPath, p == "/sandbox", strings.HasPrefix(p, "/sandbox/"):
		return fmt.Errorf("callback_path must not be %s or below /sandbox", healthPath)
	}
	return nil
}

func (c Config) checkPhones() error {
	seen := make(map[string]bool)
	for i, p := range c.Phones {
		_, numberErr := ussd.ParsePhone(p.Number)
		_, nameErr := ussd.CheckName(p.Name)
		switch {
		case numberErr != nil:
			return fmt.Errorf("phones: number of entry %d must be in E.164 form, such as +254711000001", i+1)
		case seen[p.Number]:
			return fmt.Errorf("phones: number of entry %d is there twice", i+1)
		case nameErr != nil:
			return fmt.Errorf("phones: name of entry %d: %w", i+1, nameErr)
		case pin.CheckForm(pin.NewSecret(p.PIN)) != nil:
			return fmt.Errorf("phones: pin of entry %d must be four digits", i+1)
		case !slices.Contains(menu.Languages(), menu.Language(p.Language)):
			return fmt.Errorf("phones: language of entry %d must be one of %v", i+1, menu.Languages())
		}
		seen[p.Number] = true
	}
	return nil
}

// checkSMS demands an account to send from. Texts and key leave this machine only under TLS.
func (c Config) checkSMS() error {
	if c.SMSURL == "" || c.SMSUsername == "" || c.SMSAPIKey == "" {
		return errors.New("sms_url, sms_username and sms_api_key_file are needed outside of a sandbox")
	}
	to, err := url.Parse(c.SMSURL)
	if err != nil || to.Host == "" {
		return errors.New("sms_url must be an address such as https://api.africastalking.com/version1/messaging")
	}
	if here := net.ParseIP(to.Hostname()); to.Scheme != "https" && (to.Scheme != "http" || here == nil || !here.IsLoopback()) {
		return errors.New("sms_url must begin with https")
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

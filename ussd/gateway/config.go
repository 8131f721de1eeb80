// Package gateway makes a process of the phone side: one provider's USSD gateway.
//
// Run reads the configuration, opens the provider's keys (custody), its own store, the SDK's client of the network and the
// session machine, and serves the aggregator's callback until its context ends. Beside the callback three loops run: the
// settler drives every submitted payment to its outcome, the feed turns final leaves into text messages, and the outbox
// sends them. All three go on from the store after a crash.
//
// With Sandbox set it is also its own carrier (package route): text messages are posted, in the aggregator's form, to an endpoint of this very
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
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/door"
	"github.com/umoja-ledger/umoja/ussd/menu"
	"github.com/umoja-ledger/umoja/ussd/peer"
	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/route"
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
	// Control is the socket where the provider's own people ask the running gateway; empty is control.sock in Dir.
	Control string `toml:"control,omitempty" comment:"A Unix socket for umoja-gateway cases; empty is control.sock in dir."`
	Listen  string `toml:"listen" comment:"Where the aggregators' callbacks come in (HTTP; put TLS in front of it)."`

	ProviderKey string `toml:"provider_key,omitempty" comment:"Key files, readable by this user only."`
	AliasKey    string `toml:"alias_key,omitempty"`
	Pepper      string `toml:"pepper,omitempty"`
	// Keys is a sealed file with all three instead; one of the others opens it.
	Keys           string `toml:"keys,omitempty" comment:"A sealed file with all keys instead, and what opens it."`
	KeysIdentity   string `toml:"keys_identity,omitempty"`
	KeysPassphrase string `toml:"keys_passphrase_file,omitempty"`
	KeysEnv        string `toml:"keys_passphrase_env,omitempty"`

	// Provider is the name on screens; empty is Umoja. Telephone is where people reach one.
	Provider    string `toml:"provider_name,omitempty" comment:"What the provider calls itself on screens."`
	Telephone   string `toml:"telephone,omitempty" comment:"Where people reach the provider, in E.164 form."`
	ServiceCode string `toml:"service_code" comment:"What people dial."`
	Region      string `toml:"region" comment:"Where numbers without a country code are from, two letters."`
	Asset       string `toml:"asset" comment:"The asset that the menus pay with."`
	// Agents and Tills are the numbers of users who are more than a person to this provider.
	Agents []string `toml:"agents,omitempty" comment:"Phone numbers of agents, who take and give cash, in E.164 form."`
	Tills  []string `toml:"tills,omitempty" comment:"Phone numbers of shops."`
	// LowFloat is an amount; empty is none.
	LowFloat string `toml:"low_float,omitempty" comment:"Agents are told by SMS when their float is below this, such as 500.00."`
	// Commission are what agents earn for giving out cash.
	Commission []Commission `toml:"commission,omitempty"`
	// Drafts are languages that no native speaker has read and this provider offers all the same.
	Drafts []string `toml:"drafts,omitempty" comment:"Languages to offer though no native speaker has read their texts."`

	// SMSCap and SMSCapDay are amounts such as "500.00"; an empty SMSCap is none, an empty SMSCapDay as much as SMSCap.
	SMSCap    string `toml:"sms_cap,omitempty" comment:"The most that one payment by SMS, where no PIN is asked for, may debit; empty: nobody pays by SMS."`
	SMSCapDay string `toml:"sms_cap_day,omitempty" comment:"The most that payments by SMS may debit in a day; empty: as much as one."`

	// ProtectAbove is an amount such as "1000.00"; empty is none.
	ProtectAbove string `toml:"protect_above,omitempty" comment:"A first payment to a person above this amount waits ten minutes, and the payer may cancel it; publish it with your fees. Empty: none waits."`

	// TurnsPerMinute bounds the turns of one phone number; 0 is 60, or as good as none in a sandbox.
	TurnsPerMinute int `toml:"turns_per_minute,omitempty" comment:"How many turns a minute one phone number has."`

	Aggregators []Aggregator   `toml:"aggregators"`
	SMS         []route.Config `toml:"sms,omitempty"`
	SMPP        []route.SMPP   `toml:"smpp,omitempty"`
	Attestors   []Attestor     `toml:"attestors,omitempty"`
	Providers   []Provider     `toml:"providers,omitempty"`

	// Sandbox makes the gateway its own carrier and enrols Phones; test networks only.
	Sandbox bool    `toml:"sandbox,omitempty"`
	Phones  []Phone `toml:"phones,omitempty"`

	// MemoryMB is a soft limit; 0 is door.DefaultMemoryMB.
	MemoryMB int    `toml:"memory_mb,omitempty" comment:"How many MiB the process tries to stay within; empty: 200. GOGC or GOMEMLIMIT in the environment come first."`
	Log      string `toml:"log,omitempty" comment:"debug, info, warn or error."`
}

// Attestor is one that this provider asks.
type Attestor struct {
	Name string `toml:"name" comment:"How its text messages begin."`
	URL  string `toml:"url"`
	Key  string `toml:"key" comment:"Its key in the ledger's directory."`
}

// Provider says where another provider is reached, instead of the endpoint that the ledger's directory has.
type Provider struct {
	Account string `toml:"account"`
	URL     string `toml:"url"`
}

// Phone is a phone that a sandbox enrols at its first start; its account is bound in the genesis.
type Phone struct {
	Number   string `toml:"number"`
	Name     string `toml:"name"`
	PIN      string `toml:"pin"`
	Language string `toml:"language"`
	// Role is agent or till; empty is a person.
	Role string `toml:"role,omitempty"`
}

// Source says where the keys are.
func (c Config) Source() custody.Source {
	return custody.Source{
		Sealed: c.Keys, Identity: c.KeysIdentity, PassphraseFile: c.KeysPassphrase, PassphraseEnv: c.KeysEnv,
		Grant: c.ProviderKey, Alias: c.AliasKey, Pepper: c.Pepper,
	}
}

// languages are those of Drafts.
func (c Config) languages() []menu.Language {
	var all []menu.Language
	for _, d := range c.Drafts {
		all = append(all, menu.Language(d))
	}
	return all
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
		return Config{}, fmt.Errorf("%s: %w: %w", file, route.Syntax(err), ErrConfig)
	}
	if c.Sandbox && c.TurnsPerMinute == 0 {
		c.TurnsPerMinute = 100_000 // Scripts type faster than people.
	}
	base := filepath.Dir(file)
	files := []*string{&c.Control, &c.Dir, &c.Genesis, &c.ProviderKey, &c.AliasKey, &c.Pepper, &c.Keys, &c.KeysIdentity, &c.KeysPassphrase}
	if c.ValidatorsTLS != sdk.SystemRoots {
		files = append(files, &c.ValidatorsTLS)
	}
	for i := range c.Aggregators {
		files = append(files, &c.Aggregators[i].PasswordFile, &c.Aggregators[i].HeaderKeyFile)
	}
	for _, p := range files {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	for i := range c.SMS {
		c.SMS[i].Complete(base)
	}
	for i := range c.SMPP {
		c.SMPP[i].Complete(base)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("%s: %w: %w", file, err, ErrConfig)
	}
	return c, nil
}

// check finds what can be found without opening anything.
func (c Config) check() error {
	for _, field := range []struct{ name, value string }{
		{"dir", c.Dir}, {"genesis", c.Genesis}, {"listen", c.Listen}, {"service_code", c.ServiceCode}, {"region", c.Region}, {"asset", c.Asset},
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
	case len(c.Control) > maxControlPath:
		return fmt.Errorf("control must be a path of at most %d characters", maxControlPath)
	case c.TurnsPerMinute < 0:
		return errors.New("turns_per_minute must not be negative")
	case !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log):
		return errors.New("log must be debug, info, warn or error")
	}
	for _, d := range c.languages() {
		if !slices.Contains(menu.Languages(), d) {
			return fmt.Errorf("drafts must be of %v", menu.Languages())
		}
	}
	if c.Telephone != "" {
		if _, err := ussd.ParsePhone(c.Telephone); err != nil {
			return errors.New("telephone must be in E.164 form, such as +254700000000")
		}
	}
	if err := door.CheckMemory(c.MemoryMB); err != nil {
		return err
	}
	if err := c.Source().Check(); err != nil {
		return fmt.Errorf("provider_key, alias_key and pepper, or keys: %w", err)
	}
	for _, part := range []func() error{c.checkAggregators, c.checkOthers, c.checkPhones, c.checkRoles} {
		if err := part(); err != nil {
			return err
		}
	}
	if !c.Sandbox {
		return route.Check(c.SMS, c.SMPP, route.Options{ServiceCode: c.ServiceCode, Inbound: true})
	}
	if len(c.SMS)+len(c.SMPP) > 0 {
		return errors.New("sms: a sandbox is its own carrier")
	}
	return nil
}

// checkOthers looks at who else is asked: attestors and other providers.
func (c Config) checkOthers() error {
	keys := make(map[string]bool)
	for i, a := range c.Attestors {
		if a.Name == "" || peer.CheckAddress(a.URL) != nil {
			return fmt.Errorf("attestors: entry %d needs a name and a url: %w", i+1, peer.ErrAddress)
		}
		if _, err := a.key(); err != nil {
			return fmt.Errorf("attestors: key of entry %d must be 64 hexadecimal digits", i+1)
		}
		if keys[a.Key] {
			return fmt.Errorf("attestors: key of entry %d is there twice", i+1)
		}
		keys[a.Key] = true
	}
	for i, p := range c.Providers {
		if _, err := tx.ParseAccountID(p.Account); err != nil {
			return fmt.Errorf("providers: account of entry %d must be an account's text, umoja1…", i+1)
		}
		if err := peer.CheckAddress(p.URL); err != nil {
			return fmt.Errorf("providers: url of entry %d: %w", i+1, err)
		}
	}
	return nil
}

// roles are what a phone of a sandbox can be.
var roles = []string{string(ussd.RolePerson), string(ussd.RoleAgent), string(ussd.RoleTill)}

func (c Config) checkPhones() error {
	if !c.Sandbox && len(c.Phones) > 0 {
		return errors.New("phones are for a sandbox only")
	}
	book, err := menu.Load(c.languages()...)
	if err != nil {
		return err
	}
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
		case !book.Has(menu.Language(p.Language)):
			return fmt.Errorf("phones: language of entry %d must be one of %v", i+1, book.Offered())
		case !slices.Contains(roles, p.Role):
			return fmt.Errorf("phones: role of entry %d must be agent, till, or left out", i+1)
		}
		seen[p.Number] = true
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

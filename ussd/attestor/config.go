package attestor

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/ledger/tx"
	"github.com/umoja-ledger/umoja/sdk"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/door"
	"github.com/umoja-ledger/umoja/ussd/route"
)

// ErrConfig means the configuration breaks a rule; the message names the key.
var ErrConfig = errors.New("configuration is not valid")

// FileConfig is the content of attestor.toml. Relative paths are relative to the file's folder.
type FileConfig struct {
	Dir     string `toml:"dir" comment:"Where asks and messages are kept."`
	Genesis string `toml:"genesis" comment:"The network's genesis file."`
	// Validators are addresses of public services; empty takes those of the genesis.
	Validators    []string `toml:"validators,omitempty" comment:"Validators to talk to, host:port; empty takes those of the genesis file."`
	ValidatorsTLS string   `toml:"validators_tls,omitempty" comment:"PEM file of the authorities behind the validators' certificates, or system; empty is plaintext, for test networks."`
	Listen        string   `toml:"listen" comment:"Where providers ask (HTTP; put TLS in front of it)."`

	AttestorKey string `toml:"attestor_key,omitempty" comment:"Key files, readable by this user only."`
	AliasKey    string `toml:"alias_key,omitempty"`
	Secret      string `toml:"secret,omitempty" comment:"64 hexadecimal digits that codes are made of."`
	// Keys is a sealed file with all three instead; one of the others opens it.
	Keys           string `toml:"keys,omitempty"`
	KeysIdentity   string `toml:"keys_identity,omitempty"`
	KeysPassphrase string `toml:"keys_passphrase_file,omitempty"`
	KeysEnv        string `toml:"keys_passphrase_env,omitempty"`

	// Providers are who may ask; empty is every one in the ledger's directory.
	Providers []tx.AccountID `toml:"providers,omitempty" comment:"Accounts of the providers that may ask; empty is all of the ledger's directory."`
	Limits    Limits         `toml:"limits,omitempty"`

	SMS  []route.Config `toml:"sms,omitempty"`
	SMPP []route.SMPP   `toml:"smpp,omitempty"`
	// Sandbox makes the attestor its own carrier; test networks only.
	Sandbox bool `toml:"sandbox,omitempty"`
	// MemoryMB is a soft limit; 0 is door.DefaultMemoryMB.
	MemoryMB int    `toml:"memory_mb,omitempty" comment:"How many MiB the process tries to stay within; empty: 200. GOGC or GOMEMLIMIT in the environment come first."`
	Log      string `toml:"log,omitempty" comment:"debug, info, warn or error."`
}

// Source says where the keys are.
func (c FileConfig) Source() custody.Source {
	return custody.Source{
		Sealed: c.Keys, Identity: c.KeysIdentity, PassphraseFile: c.KeysPassphrase, PassphraseEnv: c.KeysEnv,
		Grant: c.AttestorKey, Alias: c.AliasKey, Pepper: c.Secret,
	}
}

// Load reads a configuration file. Unknown keys are errors: a misspelt one must not be a default.
func Load(file string) (FileConfig, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return FileConfig{}, fmt.Errorf("read configuration: %w", err)
	}
	var c FileConfig
	d := toml.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return FileConfig{}, fmt.Errorf("%s: %w: %w", file, route.Syntax(err), ErrConfig)
	}
	base := filepath.Dir(file)
	files := []*string{&c.Dir, &c.Genesis, &c.AttestorKey, &c.AliasKey, &c.Secret, &c.Keys, &c.KeysIdentity, &c.KeysPassphrase}
	if c.ValidatorsTLS != sdk.SystemRoots {
		files = append(files, &c.ValidatorsTLS)
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
		return FileConfig{}, fmt.Errorf("%s: %w: %w", file, err, ErrConfig)
	}
	return c, nil
}

// check finds what can be found without opening anything.
func (c FileConfig) check() error {
	for _, field := range []struct{ name, value string }{{"dir", c.Dir}, {"genesis", c.Genesis}, {"listen", c.Listen}} {
		if field.value == "" {
			return fmt.Errorf("%s is missing", field.name)
		}
	}
	for _, address := range append([]string{c.Listen}, c.Validators...) {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("listen and validators must be host:port, not %q", address)
		}
	}
	if !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log) {
		return errors.New("log must be debug, info, warn or error")
	}
	if err := door.CheckMemory(c.MemoryMB); err != nil {
		return err
	}
	if err := c.Source().Check(); err != nil {
		return fmt.Errorf("attestor_key, alias_key and secret, or keys: %w", err)
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	if !c.Sandbox {
		return route.Check(c.SMS, c.SMPP, route.Options{})
	}
	if len(c.SMS)+len(c.SMPP) > 0 {
		return errors.New("sms: a sandbox is its own carrier")
	}
	return nil
}

// Write writes the configuration for people to read and edit.
func (c FileConfig) Write(path string) error {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(c); err != nil {
		return fmt.Errorf("encode configuration: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

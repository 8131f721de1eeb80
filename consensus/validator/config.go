// Package validator makes a process of a node: configuration, keys, listeners, and an orderly end.
//
// A validator begins on its operator's own machine: Init makes its two keys there (one signs votes and cosignatures, one
// proves it on the wire) and gives the public record that goes into the genesis file; a secret never leaves the folder. Run
// reads the configuration, checks that the folder belongs to the network of the genesis file, starts the node, serves
// peers and clients until the context ends or the node meets a fatal error, and closes everything. A fatal error is
// returned, so that the process ends with a failure and its supervisor sees it.
//
// It refuses unknown configuration keys, key files that others can read, and a folder of another network.
package validator

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"

	"github.com/umoja-ledger/umoja/consensus"
	"github.com/umoja-ledger/umoja/consensus/witness"
)

// Config is the content of validator.toml. Relative paths are relative to the file's folder.
type Config struct {
	// Name is the validator's name in the genesis.
	Name string `toml:"name" comment:"This validator's name in the genesis file."`
	// Dir holds the state, the raft log and the signer's state.
	Dir string `toml:"dir" comment:"Where state, raft log and signer state are kept."`
	// Genesis is the genesis file.
	Genesis string `toml:"genesis" comment:"The network's genesis file."`
	// SigningKey and TLSKey are the files that umojad init wrote.
	SigningKey string `toml:"signing_key" comment:"Keys made by umojad init; readable by this user only."`
	TLSKey     string `toml:"tls_key"`
	// AliasKey is the file of the network's alias key; without it the validator answers no look-ups by phone number.
	AliasKey string `toml:"alias_key,omitempty" comment:"The network's alias key; without it look-ups by phone number are refused."`
	// PeerListen is where other validators connect.
	PeerListen string `toml:"peer_listen" comment:"Where other validators connect (mutual TLS)."`
	// Listen is where clients connect.
	Listen string `toml:"listen" comment:"Where clients connect (gRPC)."`
	// Tiles is where the final history is served over HTTP, as tiles for auditors and mirrors; nowhere when it is empty.
	Tiles string `toml:"tiles,omitempty" comment:"Where the history is served as C2SP tiles over HTTP, for auditors and mirrors; nowhere if empty."`
	// Certificate and CertificateKey secure Listen and Tiles; without them it is plaintext.
	Certificate    string `toml:"certificate,omitempty" comment:"PEM files that secure the ports of clients and tiles; without them these are plaintext."`
	CertificateKey string `toml:"certificate_key,omitempty"`
	// Timing is lan, wan or satellite.
	Timing string `toml:"timing,omitempty" comment:"lan, wan or satellite: the network between the validators."`
	// Log is debug, info, warn or error.
	Log string `toml:"log,omitempty" comment:"debug, info, warn or error."`
	// Join says that the genesis need not name the validator: it comes by a ballot.
	Join bool `toml:"join,omitempty" comment:"True for a validator that the genesis does not name: it comes by a ballot."`
	// Peers overrides the addresses of the genesis records and of ballots, by name.
	Peers map[string]string `toml:"peers,omitempty" comment:"Addresses that replace those of the genesis records and of ballots."`
	// Witnesses cosign the checkpoint that Tiles serves.
	Witnesses []witness.Config `toml:"witnesses,omitempty" comment:"Outside witnesses (C2SP tlog-witness) that cosign what tiles serves."`
}

// maxWitnesses bounds how many are asked: each is a connection and a line of the checkpoint.
const maxWitnesses = 16

// ErrConfig means the configuration breaks a rule; the message names the key.
var ErrConfig = errors.New("configuration is not valid")

var timings = map[string]consensus.Timing{
	"": consensus.LAN, "lan": consensus.LAN, "wan": consensus.WAN, "satellite": consensus.Satellite,
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
	base := filepath.Dir(path)
	for _, p := range []*string{&c.Dir, &c.Genesis, &c.SigningKey, &c.TLSKey, &c.AliasKey, &c.Certificate, &c.CertificateKey} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	for name, value := range map[string]string{
		"name": c.Name, "dir": c.Dir, "genesis": c.Genesis, "signing_key": c.SigningKey, "tls_key": c.TLSKey,
		"peer_listen": c.PeerListen, "listen": c.Listen,
	} {
		if value == "" {
			return Config{}, fmt.Errorf("%s: %s is missing: %w", path, name, ErrConfig)
		}
	}
	if _, ok := timings[c.Timing]; !ok {
		return Config{}, fmt.Errorf("%s: timing is %q, not lan, wan or satellite: %w", path, c.Timing, ErrConfig)
	}
	if len(c.Witnesses) > 0 && c.Tiles == "" {
		return Config{}, fmt.Errorf("%s: witnesses cosign what tiles serves, and tiles is missing: %w", path, ErrConfig)
	}
	if len(c.Witnesses) > maxWitnesses {
		return Config{}, fmt.Errorf("%s: %d witnesses, at most %d: %w", path, len(c.Witnesses), maxWitnesses, ErrConfig)
	}
	for i, w := range c.Witnesses {
		if _, err := witness.NewClient(w); err != nil {
			return Config{}, fmt.Errorf("%s: witnesses %d: %w: %w", path, i+1, err, ErrConfig)
		}
	}
	if (c.Certificate == "") != (c.CertificateKey == "") {
		return Config{}, fmt.Errorf("%s: certificate and certificate_key go together: %w", path, ErrConfig)
	}
	return c, nil
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

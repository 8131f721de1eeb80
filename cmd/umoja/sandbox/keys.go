package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// keysFolder holds the keys that are nobody's but the sandbox's.
const keysFolder = "keys"

func (f Folder) keyFile(name string) string { return f.path(keysFolder, name) }

// The files in keysFolder.
const (
	issuerKeyFile   = "issuer.key"
	providerKeyFile = "provider.key"
	probeKeyFile    = "probe.key"
	aliasKeyFile    = "alias.key"
	pepperFile      = "pin.pepper"
	// The second provider has its own.
	secondKeyFile    = "provider2.key"
	secondPepperFile = "pin2.pepper"
	// Governors speak for the validators in ballots, attestors state that somebody answers a phone number; they are counted from 1.
	governorKeyFile = "governor%d.key"
	attestorKeyFile = "attestor%d.key"
	// attestorSecretFile holds what an attestor makes its codes of.
	attestorSecretFile = "attestor%d.secret"
)

// attestors is how many a sandbox has.
const attestors = 3

// Keys are the secrets of a sandbox that are not a validator's.
type Keys struct {
	// Issuer issues KES and holds what is paid out by Fund.
	Issuer key.Private
	// Provider is the first gateway's, Second the other's.
	Provider, Second key.Private
	// Probe owns the account that the readiness payment goes to.
	Probe key.Private
	// Governors are those of the accounts that speak for the validators, in their order.
	Governors []key.Private
	// Attestors attest, and own the attestors' accounts.
	Attestors []key.Private
	Alias     key.AliasKey
}

// signing lists the files of the keys that sign transactions, each with its place.
func (k *Keys) signing(validators int) (names []string, places []*key.Private) {
	names, places = []string{issuerKeyFile, providerKeyFile, secondKeyFile, probeKeyFile}, []*key.Private{&k.Issuer, &k.Provider, &k.Second, &k.Probe}
	k.Governors, k.Attestors = make([]key.Private, validators), make([]key.Private, attestors)
	for i := range k.Governors {
		names, places = append(names, fmt.Sprintf(governorKeyFile, i+1)), append(places, &k.Governors[i])
	}
	for i := range k.Attestors {
		names, places = append(names, fmt.Sprintf(attestorKeyFile, i+1)), append(places, &k.Attestors[i])
	}
	return names, places
}

// readKeys reads the keys of a founded sandbox.
func (f Folder) readKeys(validators int) (k Keys, err error) {
	names, places := k.signing(validators)
	for i, name := range names {
		secret, err := readSecret(f.keyFile(name))
		if err != nil {
			return k, err
		}
		if *places[i], err = key.ParsePrivate(secret); err != nil {
			return k, fmt.Errorf("%s: %w", f.keyFile(name), err)
		}
	}
	secret, err := readSecret(f.keyFile(aliasKeyFile))
	if err != nil {
		return k, err
	}
	if k.Alias, err = key.ParseAliasKey(secret); err != nil {
		return k, fmt.Errorf("%s: %w", f.keyFile(aliasKeyFile), err)
	}
	return k, nil
}

// IssuerKey reads the key of who gives out the sandbox's money.
func (f Folder) IssuerKey() (key.Private, error) {
	keys, err := f.ReadKeys()
	return keys.Issuer, err
}

// ReadKeys reads all keys of a sandbox.
func (f Folder) ReadKeys() (Keys, error) {
	g, err := f.ReadGenesis()
	if err != nil {
		return Keys{}, err
	}
	return f.readKeys(len(g.Validators))
}

func readSecret(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read key: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// makeKeys makes the keys of a new sandbox; those that a founding made which was cut off are kept.
func (f Folder) makeKeys(validators int) (Keys, error) {
	if err := os.MkdirAll(f.path(keysFolder), 0o700); err != nil {
		return Keys{}, fmt.Errorf("make folder for keys: %w", err)
	}
	names, _ := new(Keys).signing(validators)
	for _, name := range names {
		err := makeSecret(f.keyFile(name), func() (string, error) {
			k, err := key.Generate(rand.Reader)
			if err != nil {
				return "", err
			}
			return k.Text(), nil
		})
		if err != nil {
			return Keys{}, err
		}
	}
	secrets := []string{aliasKeyFile, pepperFile, secondPepperFile}
	for i := range attestors {
		secrets = append(secrets, fmt.Sprintf(attestorSecretFile, i+1))
	}
	for _, name := range secrets {
		if err := makeSecret(f.keyFile(name), randomHex); err != nil {
			return Keys{}, err
		}
	}
	return f.readKeys(validators)
}

// makeSecret writes a new secret to a file, unless it is there.
func makeSecret(path string, generate func() (string, error)) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := generate()
	if err != nil {
		return err
	}
	return writeFile(path, []byte(text+"\n"), 0o600)
}

// randomHex is 32 random bytes.
func randomHex() (string, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", fmt.Errorf("read random bytes for a secret: %w", err)
	}
	return hex.EncodeToString(secret[:]), nil
}

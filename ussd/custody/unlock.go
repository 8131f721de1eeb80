package custody

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

const (
	// leastPassphrase is how many bytes a passphrase has at least.
	leastPassphrase = 12
	// workFactor of scrypt: 2^17, OWASP's minimum, takes half a second and 128 MiB once. What age's own command seals has 18.
	workFactor, mostWorkFactor = 17, 18
)

// Unlock seals a file of secrets and opens it. It prints as "redacted".
type Unlock struct {
	// inner is behind a pointer, because age's identities print as what they are.
	inner *unlock
}

type unlock struct {
	identities []age.Identity
	recipient  age.Recipient
}

// Identity takes a file of age identities, as age-keygen writes them, that only its owner may read. Every one of them opens; the
// first one seals, so that a new identity put before the old takes its place at the next change.
func Identity(path string) (Unlock, error) {
	text, err := read(path)
	if err != nil {
		return Unlock{}, err
	}
	identities, err := age.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return Unlock{}, fmt.Errorf("%s: %w: no age identity", path, ErrContent) // Age's error may quote the line.
	}
	u := &unlock{identities: identities}
	switch first := identities[0].(type) {
	case *age.X25519Identity:
		u.recipient = first.Recipient()
	case *age.HybridIdentity:
		u.recipient = first.Recipient()
	default:
		return Unlock{}, fmt.Errorf("%s: %w: an identity of unknown kind", path, ErrContent)
	}
	return Unlock{u}, nil
}

// CreateIdentity makes an identity file that was not there, of the kind that every version of age reads.
func CreateIdentity(path string) error {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("make identity: %w", err)
	}
	return write(path, "# public key: "+identity.Recipient().String()+"\n"+identity.String()+"\n")
}

// Passphrase takes a passphrase of at least 12 bytes.
func Passphrase(secret pin.Secret) (Unlock, error) {
	text := secret.Reveal()
	if len(text) < leastPassphrase {
		return Unlock{}, ErrPassphrase
	}
	identity, err := age.NewScryptIdentity(text)
	if err != nil {
		return Unlock{}, fmt.Errorf("take passphrase: %w", err)
	}
	identity.SetMaxWorkFactor(mostWorkFactor)
	recipient, err := age.NewScryptRecipient(text)
	if err != nil {
		return Unlock{}, fmt.Errorf("take passphrase: %w", err)
	}
	recipient.SetWorkFactor(workFactor)
	return Unlock{&unlock{identities: []age.Identity{identity}, recipient: recipient}}, nil
}

// PassphraseFile takes the passphrase from a file that only its owner may read.
func PassphraseFile(path string) (Unlock, error) {
	text, err := ReadText(path)
	if err != nil {
		return Unlock{}, err
	}
	u, err := Passphrase(pin.NewSecret(text))
	if err != nil {
		return Unlock{}, fmt.Errorf("%s: %w", path, err)
	}
	return u, nil
}

// PassphraseEnv takes the passphrase from a variable of the environment and removes it there, so that no child inherits it.
func PassphraseEnv(name string) (Unlock, error) {
	text := strings.TrimSpace(os.Getenv(name))
	if err := os.Unsetenv(name); err != nil {
		return Unlock{}, fmt.Errorf("remove %s from the environment: %w", name, err)
	}
	u, err := Passphrase(pin.NewSecret(text))
	if err != nil {
		return Unlock{}, fmt.Errorf("environment variable %s: %w", name, err)
	}
	return u, nil
}

// String hides the secret.
func (u Unlock) String() string { return "redacted" }

// GoString hides the secret from %#v.
func (u Unlock) GoString() string { return "redacted" }

// LogValue hides the secret from slog.
func (u Unlock) LogValue() slog.Value { return slog.StringValue("redacted") }

// MarshalText hides the secret from encoders.
func (u Unlock) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

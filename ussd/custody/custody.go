// Package custody keeps what a provider must never show: the grant key that moves its users' money, the network's alias
// key, and the pepper of the PINs.
//
// Create makes a directory of key files once, readable by their owner only. Open reads them when the gateway starts and
// refuses a file that anybody else can read or that is not a plain file, because a key that was readable has to be
// taken for known. The rest of the gateway sees the Custody interface: a signer that shows no key, and secrets that print as
// "redacted"; a hardware module implements the same.
package custody

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
)

var (
	// ErrPermissions means that others than the owner may read or write a key file or its directory.
	ErrPermissions = errors.New("custody: readable or writable by others")
	// ErrContent means that a key file does not hold its key.
	ErrContent = errors.New("custody: file does not hold its key")
	// ErrExists means that there are keys already; they are never overwritten.
	ErrExists = errors.New("custody: keys exist")
)

// Signer signs with the grant key and does not show it.
type Signer = key.Signer

// Pepper is the secret of the provider's PIN records and digests. It prints as "redacted".
type Pepper struct {
	// secret is behind a pointer, because fmt prints unexported fields of a struct around this one as they are.
	secret *[32]byte
}

// NewPepper takes the secret.
func NewPepper(secret [32]byte) Pepper { return Pepper{secret: &secret} }

// Reveal shows the secret, to the PIN hasher and the digests.
func (p Pepper) Reveal() [32]byte { return *p.secret }

// String hides the secret.
func (p Pepper) String() string { return "redacted" }

// GoString hides the secret from %#v.
func (p Pepper) GoString() string { return "redacted" }

// LogValue hides the secret from slog.
func (p Pepper) LogValue() slog.Value { return slog.StringValue("redacted") }

// Derive makes a key for another purpose, such as digests of transcripts, that says nothing about the pepper.
func (p Pepper) Derive(purpose string) [32]byte {
	mac := hmac.New(sha256.New, p.secret[:])
	mac.Write([]byte("umoja/pepper/v1\x00" + purpose))
	return [32]byte(mac.Sum(nil))
}

// MarshalText hides the secret from encoders.
func (p Pepper) MarshalText() ([]byte, error) { return []byte("redacted"), nil }

// Custody is where a gateway's secrets live.
type Custody interface {
	// Signer signs with the provider's grant key.
	Signer() Signer
	// AliasKey hashes phone numbers and opens names.
	AliasKey() key.AliasKey
	// Pepper is for PIN records, and by derivation for digests.
	Pepper() Pepper
}

// The files of a directory.
const (
	grantFile  = "grant.key"
	aliasFile  = "alias.key"
	pepperFile = "pin.pepper"
	// maxFile bounds what is read of one.
	maxFile = 4096
)

// Files is a Custody of three files.
type Files struct {
	grant  key.Private
	alias  key.AliasKey
	pepper Pepper
}

var _ Custody = (*Files)(nil)

// Signer implements Custody.
func (f *Files) Signer() Signer { return f.grant }

// AliasKey implements Custody.
func (f *Files) AliasKey() key.AliasKey { return f.alias }

// Pepper implements Custody.
func (f *Files) Pepper() Pepper { return f.pepper }

// Create writes a provider's secrets to dir, which it makes when it is not there: the grant key and the network's alias
// key as given, a pepper from rand. It never overwrites. A crash in the middle leaves a directory that Open refuses
// and Create too; nothing was in use yet, and it may be deleted.
func Create(dir string, grant key.Private, alias key.AliasKey, rand io.Reader) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make key directory: %w", err)
	}
	var pepper [32]byte
	if _, err := io.ReadFull(rand, pepper[:]); err != nil {
		return nil, fmt.Errorf("make pepper: %w", err)
	}
	for _, file := range []struct{ name, text string }{
		{grantFile, grant.Text()}, {aliasFile, alias.Text()}, {pepperFile, hex.EncodeToString(pepper[:])},
	} {
		if err := write(filepath.Join(dir, file.name), file.text); err != nil {
			return nil, err
		}
	}
	return Open(dir)
}

// write makes a file that was not there, and waits until it is on the disk.
func write(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write %s: %w", path, ErrExists)
	}
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	_, err = file.WriteString(text + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// Open reads the secrets in dir.
func Open(dir string) (*Files, error) {
	return OpenFiles(filepath.Join(dir, grantFile), filepath.Join(dir, aliasFile), filepath.Join(dir, pepperFile))
}

// OpenFiles reads the secrets from files that need not be together.
func OpenFiles(grant, alias, pepper string) (*Files, error) {
	var f Files
	text, err := read(grant)
	if err != nil {
		return nil, err
	}
	if f.grant, err = key.ParsePrivate(text); err != nil {
		return nil, fmt.Errorf("%s: %w", grant, ErrContent)
	}
	if text, err = read(alias); err != nil {
		return nil, err
	}
	if f.alias, err = key.ParseAliasKey(text); err != nil {
		return nil, fmt.Errorf("%s: %w", alias, ErrContent)
	}
	if text, err = read(pepper); err != nil {
		return nil, err
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 32 || [32]byte(raw) == [32]byte{} {
		return nil, fmt.Errorf("%s: %w", pepper, ErrContent)
	}
	f.pepper = NewPepper([32]byte(raw))
	return &f, nil
}

// ReadText takes any other secret, such as an aggregator's key, from a file that only its owner may read.
func ReadText(path string) (string, error) {
	text, err := read(path)
	if err == nil && text == "" {
		err = fmt.Errorf("%s: %w", path, ErrContent)
	}
	return text, err
}

// read takes a plain file that only its owner may read.
func read(path string) (string, error) {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("open key directory: %w", err)
	}
	if dir.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s: %w: chmod 700 it", filepath.Dir(path), ErrPermissions)
	}
	// A link could lead to a file whose directory others may write.
	info, err := os.Lstat(path)
	if err != nil {
		return "", fmt.Errorf("open key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %w: not a plain file", path, ErrContent)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open key file: %w", err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return "", fmt.Errorf("open key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: %w: chmod 600 it, and take the key for known", path, ErrPermissions)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return "", fmt.Errorf("read key file: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

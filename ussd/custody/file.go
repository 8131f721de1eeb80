package custody

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// The files of a directory.
const (
	grantFile  = "grant.key"
	aliasFile  = "alias.key"
	pepperFile = "pin.pepper"
	// maxFile bounds what is read of one.
	maxFile = 16 << 10
)

// Files is a Custody of three plain files. The pepper's has a line for each, the newest first.
type Files struct {
	*secrets
}

var _ Custody = (*Files)(nil)

// Create writes a provider's secrets to dir, which it makes when it is not there: the grant key and the network's alias
// key as given, a pepper from rand. It never overwrites. A crash in the middle leaves a directory that Open refuses
// and Create too; nothing was in use yet, and it may be deleted.
func Create(dir string, grant key.Private, alias key.AliasKey, rand io.Reader) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make key directory: %w", err)
	}
	pepper, err := newPepper(rand)
	if err != nil {
		return nil, err
	}
	for _, file := range []struct{ name, text string }{
		{grantFile, grant.Text()}, {aliasFile, alias.Text()}, {pepperFile, pepperText(pepper)},
	} {
		if err := write(filepath.Join(dir, file.name), file.text+"\n"); err != nil {
			return nil, err
		}
	}
	return Open(dir)
}

// Open reads the secrets in dir.
func Open(dir string) (*Files, error) {
	return OpenFiles(filepath.Join(dir, grantFile), filepath.Join(dir, aliasFile), filepath.Join(dir, pepperFile))
}

// OpenFiles reads the secrets from files that need not be together.
func OpenFiles(grant, alias, pepper string) (*Files, error) {
	var s secrets
	text, err := read(grant)
	if err != nil {
		return nil, err
	}
	if s.grant, err = key.ParsePrivate(text); err != nil {
		return nil, fmt.Errorf("%s: %w", grant, ErrContent)
	}
	if text, err = read(alias); err != nil {
		return nil, err
	}
	if s.alias, err = key.ParseAliasKey(text); err != nil {
		return nil, fmt.Errorf("%s: %w", alias, ErrContent)
	}
	if s.peppers, err = readPeppers(pepper); err != nil {
		return nil, err
	}
	return &Files{&s}, nil
}

func readPeppers(path string) ([]Pepper, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	peppers, err := parsePeppers(strings.Split(text, "\n"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return peppers, nil
}

// RotateFile puts a new pepper before the others of a pepper file and names it. A gateway takes it up when it starts.
func RotateFile(path string, rand io.Reader) (pin.PepperID, error) {
	peppers, err := readPeppers(path)
	if err != nil {
		return pin.PepperID{}, err
	}
	if peppers, err = rotated(peppers, rand); err != nil {
		return pin.PepperID{}, err
	}
	return peppers[0].ID(), replace(path, peppersText(peppers))
}

// RetireFile drops an old pepper from a pepper file. Whoever has a PIN record under it must choose a new PIN.
func RetireFile(path string, id pin.PepperID) error {
	peppers, err := readPeppers(path)
	if err != nil {
		return err
	}
	if peppers, err = retired(peppers, id); err != nil {
		return err
	}
	return replace(path, peppersText(peppers))
}

func peppersText(peppers []Pepper) string {
	var b strings.Builder
	for _, p := range peppers {
		b.WriteString(pepperText(p) + "\n")
	}
	return b.String()
}

// ReadText takes any other secret, such as an aggregator's key, from a file that only its owner may read.
func ReadText(path string) (string, error) {
	text, err := read(path)
	if err == nil && text == "" {
		err = fmt.Errorf("%s: %w", path, ErrContent)
	}
	return text, err
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
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close(), syncDir(path)); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// replace puts new content in the place of a file. A crash before the rename leaves the file as it was and PATH.new beside it,
// which nothing reads and whoever started this may delete; one after it leaves the new content. PATH.new also keeps two
// from replacing at once, of which the first would lose a pepper.
func replace(path, text string) error {
	next := path + ".new"
	if err := write(next, text); err != nil {
		return fmt.Errorf("replace %s (another change is under way, or was cut short: then delete %s): %w", path, next, err)
	}
	if err := errors.Join(os.Rename(next, path), syncDir(path)); err != nil {
		return fmt.Errorf("replace key file: %w", err)
	}
	return nil
}

// syncDir waits until the names in a file's directory are on the disk.
func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
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
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read key file: %w", err)
	}
	if len(raw) > maxFile {
		return "", fmt.Errorf("%s: %w: longer than %d bytes", path, ErrContent, maxFile)
	}
	return strings.TrimSpace(string(raw)), nil
}

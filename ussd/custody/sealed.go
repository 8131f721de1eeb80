package custody

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Sealed is a Custody of one file encrypted by age, such as keys.age. Operators open it with age itself when they must.
type Sealed struct {
	*secrets
}

var _ Custody = (*Sealed)(nil)

// Seal writes the secrets of plain files to a sealed file that was not there. The plain files stay: delete them, and their
// backups, once the sealed one was opened.
func Seal(path string, files *Files, with Unlock) error {
	text, err := encrypt(files.text(), with)
	if err != nil {
		return err
	}
	return write(path, text)
}

// OpenSealed reads a sealed file.
func OpenSealed(path string, with Unlock) (*Sealed, error) {
	armoured, err := read(path)
	if err != nil {
		return nil, err
	}
	text, err := decrypt(armoured, with)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s, err := parseSecrets(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Sealed{s}, nil
}

// RotateSealed puts a new pepper before the others of a sealed file and names it. A gateway takes it up when it starts.
func RotateSealed(path string, with Unlock, rand io.Reader) (pin.PepperID, error) {
	var id pin.PepperID
	err := change(path, with, with, func(s *secrets) (err error) {
		if s.peppers, err = rotated(s.peppers, rand); err == nil {
			id = s.peppers[0].ID()
		}
		return err
	})
	return id, err
}

// RetireSealed drops an old pepper. Whoever has a PIN record under it must choose a new PIN.
func RetireSealed(path string, with Unlock, id pin.PepperID) error {
	return change(path, with, with, func(s *secrets) (err error) {
		s.peppers, err = retired(s.peppers, id)
		return err
	})
}

// Reseal encrypts a sealed file for another identity or passphrase. Copies of the old one still open with the old.
func Reseal(path string, was, with Unlock) error {
	return change(path, was, with, func(*secrets) error { return nil })
}

// change opens, alters and replaces a sealed file.
func change(path string, was, with Unlock, alter func(*secrets) error) error {
	s, err := OpenSealed(path, was)
	if err != nil {
		return err
	}
	if err := alter(s.secrets); err != nil {
		return err
	}
	text, err := encrypt(s.text(), with)
	if err != nil {
		return err
	}
	return replace(path, text)
}

func encrypt(text string, with Unlock) (string, error) {
	if with.inner == nil {
		return "", ErrLocked
	}
	var b strings.Builder
	armoured := armor.NewWriter(&b)
	w, err := age.Encrypt(armoured, with.inner.recipient)
	if err != nil {
		return "", fmt.Errorf("seal keys: %w", err)
	}
	_, err = io.WriteString(w, text)
	if err = errors.Join(err, w.Close(), armoured.Close()); err != nil {
		return "", fmt.Errorf("seal keys: %w", err)
	}
	return b.String(), nil
}

func decrypt(armoured string, with Unlock) (string, error) {
	if with.inner == nil {
		return "", ErrLocked
	}
	// A passphrase costs 128 MiB for a moment, which would stay with a process that is never as large again.
	defer debug.FreeOSMemory()
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(armoured)), with.inner.identities...)
	var locked *age.NoIdentityMatchError
	if errors.As(err, &locked) {
		return "", ErrLocked
	}
	if err != nil {
		return "", fmt.Errorf("%w: not an armoured age file", ErrContent) // Age's error may quote a line, which may be a key.
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("%w: cut or altered", ErrContent)
	}
	if len(raw) > maxFile {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrContent, maxFile)
	}
	return string(raw), nil
}

package custody

import (
	"fmt"
	"io"

	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Source says where a provider's secrets are: in a sealed file, or in three plain ones. All fields are paths, but for the
// name of an environment variable, and hold no secret.
type Source struct {
	// Sealed is the sealed file; exactly one of the next three opens it.
	Sealed         string
	Identity       string
	PassphraseFile string
	PassphraseEnv  string
	// Grant, Alias and Pepper are the plain files.
	Grant, Alias, Pepper string
}

// Check finds what can be found without opening anything.
func (s Source) Check() error {
	ways := count(s.Identity, s.PassphraseFile, s.PassphraseEnv)
	plain := count(s.Grant, s.Alias, s.Pepper)
	switch {
	case s.Sealed == "" && ways > 0:
		return fmt.Errorf("%w: an identity or passphrase, and no sealed file for it", ErrSource)
	case s.Sealed != "" && plain > 0:
		return fmt.Errorf("%w: a sealed file and plain files", ErrSource)
	case s.Sealed != "" && ways != 1:
		return fmt.Errorf("%w: a sealed file needs one of identity file, passphrase file and environment variable, not %d", ErrSource, ways)
	case s.Sealed == "" && plain != 3:
		return fmt.Errorf("%w: grant key, alias key and pepper need a file each, or a sealed one for all", ErrSource)
	}
	return nil
}

func count(values ...string) (n int) {
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	return n
}

// Unlock is what opens the sealed file. It can be asked for once when it comes from the environment.
func (s Source) Unlock() (Unlock, error) {
	switch {
	case s.Identity != "":
		return Identity(s.Identity)
	case s.PassphraseFile != "":
		return PassphraseFile(s.PassphraseFile)
	case s.PassphraseEnv != "":
		return PassphraseEnv(s.PassphraseEnv)
	}
	return Unlock{}, fmt.Errorf("%w: neither identity nor passphrase", ErrSource)
}

// Open reads the secrets.
func (s Source) Open() (Custody, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Sealed == "" {
		return open(OpenFiles(s.Grant, s.Alias, s.Pepper))
	}
	with, err := s.Unlock()
	if err != nil {
		return nil, err
	}
	return open(OpenSealed(s.Sealed, with))
}

// open keeps a nil pointer out of the interface.
func open[C Custody](c C, err error) (Custody, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Rotate puts a new pepper before the others and names it.
func (s Source) Rotate(rand io.Reader) (pin.PepperID, error) {
	if err := s.Check(); err != nil {
		return pin.PepperID{}, err
	}
	if s.Sealed == "" {
		return RotateFile(s.Pepper, rand)
	}
	with, err := s.Unlock()
	if err != nil {
		return pin.PepperID{}, err
	}
	return RotateSealed(s.Sealed, with, rand)
}

// Retire drops an old pepper. Whoever has a PIN record under it must choose a new PIN.
func (s Source) Retire(id pin.PepperID) error {
	if err := s.Check(); err != nil {
		return err
	}
	if s.Sealed == "" {
		return RetireFile(s.Pepper, id)
	}
	with, err := s.Unlock()
	if err != nil {
		return err
	}
	return RetireSealed(s.Sealed, with, id)
}

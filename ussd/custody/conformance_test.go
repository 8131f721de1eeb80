package custody_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/custody/custodytest"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// plain makes key files with the first pepper.
func plain(t *testing.T, s custodytest.Secrets) (string, *custody.Files) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	grant, alias := s.Keys(t)
	files, err := custody.Create(dir, grant, alias, bytes.NewReader(s.Peppers[0][:]))
	if err != nil {
		t.Fatal(err)
	}
	return dir, files
}

// rotate adds the other peppers.
func rotate(t *testing.T, s custodytest.Secrets, once func(fresh *bytes.Reader) (pin.PepperID, error)) {
	t.Helper()
	for _, pepper := range s.Peppers[1:] {
		if id, err := once(bytes.NewReader(pepper[:])); err != nil || id != custody.NewPepper(pepper).ID() {
			t.Fatalf("%s, %v", id, err)
		}
	}
}

func TestPlainFilesAreACustody(t *testing.T) {
	custodytest.Check(t, func(t *testing.T, s custodytest.Secrets) func() (custody.Custody, error) {
		dir, _ := plain(t, s)
		source := custody.Source{Grant: filepath.Join(dir, "grant.key"), Alias: filepath.Join(dir, "alias.key"), Pepper: filepath.Join(dir, "pin.pepper")}
		rotate(t, s, func(fresh *bytes.Reader) (pin.PepperID, error) { return source.Rotate(fresh) })
		return source.Open
	})
}

func TestASealedFileIsACustody(t *testing.T) {
	custodytest.Check(t, func(t *testing.T, s custodytest.Secrets) func() (custody.Custody, error) {
		dir, files := plain(t, s)
		source := custody.Source{Sealed: filepath.Join(dir, "keys.age"), Identity: filepath.Join(dir, "identity.txt")}
		if err := custody.CreateIdentity(source.Identity); err != nil {
			t.Fatal(err)
		}
		with, err := source.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		if err := custody.Seal(source.Sealed, files, with); err != nil {
			t.Fatal(err)
		}
		rotate(t, s, func(fresh *bytes.Reader) (pin.PepperID, error) { return source.Rotate(fresh) })
		return source.Open
	})
}

// An operator opens the file with age itself, and seals it with age's own identities of either kind.
func TestIdentitiesOfBothKindsSealAndOpen(t *testing.T) {
	s := custodytest.Secrets{Grant: [32]byte{31: 7}, Alias: [32]byte{1}, Peppers: [][32]byte{{9}}}
	x25519, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for kind, text := range map[string]string{"X25519": x25519.String(), "hybrid": hybrid.String()} {
		dir, files := plain(t, s)
		path, identity := filepath.Join(dir, "keys.age"), filepath.Join(dir, "identity.txt")
		writeFile(t, identity, "# created: today\n"+text+"\n")
		with, err := custody.Identity(identity)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := custody.Seal(path, files, with); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		c, err := custody.OpenSealed(path, with)
		if err != nil || c.Pepper().Reveal() != [32]byte{9} {
			t.Errorf("%s: %v", kind, err)
		}
		if sealed := readFile(t, path); !strings.HasPrefix(sealed, "-----BEGIN AGE ENCRYPTED FILE-----\n") {
			t.Errorf("%s: not armoured: %.40q", kind, sealed)
		}
	}
}

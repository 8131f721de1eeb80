package custody_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/custody/custodytest"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

var kept = custodytest.Secrets{Grant: [32]byte{31: 7}, Alias: [32]byte{1}, Peppers: [][32]byte{{9}}}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// sealed makes a sealed file under a new identity.
func sealed(t *testing.T) (path string, with custody.Unlock) {
	t.Helper()
	dir, files := plain(t, kept)
	with = identity(t, filepath.Join(dir, "identity.txt"))
	path = filepath.Join(dir, "keys.age")
	if err := custody.Seal(path, files, with); err != nil {
		t.Fatal(err)
	}
	return path, with
}

func identity(t *testing.T, path string) custody.Unlock {
	t.Helper()
	if err := custody.CreateIdentity(path); err != nil {
		t.Fatal(err)
	}
	with, err := custody.Identity(path)
	if err != nil {
		t.Fatal(err)
	}
	return with
}

func TestAPassphraseSealsAndOpens(t *testing.T) {
	dir, files := plain(t, kept)
	path, right, wrong := filepath.Join(dir, "keys.age"), filepath.Join(dir, "passphrase"), filepath.Join(dir, "wrong")
	writeFile(t, right, "seven tall giraffes\n")
	writeFile(t, wrong, "seven small giraffes\n")
	with, err := custody.PassphraseFile(right)
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.Seal(path, files, with); err != nil {
		t.Fatal(err)
	}
	const name = "UMOJA_TEST_PASSPHRASE"
	t.Setenv(name, "seven tall giraffes")
	c, err := custody.Source{Sealed: path, PassphraseEnv: name}.Open()
	if err != nil || c.Pepper().Reveal() != [32]byte{9} {
		t.Fatalf("by the environment: %v", err)
	}
	if _, ok := os.LookupEnv(name); ok {
		t.Error("children inherit the passphrase")
	}
	if _, err := (custody.Source{Sealed: path, PassphraseEnv: name}).Open(); !errors.Is(err, custody.ErrPassphrase) || !strings.Contains(err.Error(), name) {
		t.Errorf("no passphrase: %v", err)
	}
	if _, err := (custody.Source{Sealed: path, PassphraseFile: wrong}).Open(); !errors.Is(err, custody.ErrLocked) || strings.Contains(err.Error(), "giraffes") {
		t.Errorf("a wrong passphrase: %v", err)
	}
	if _, err := custody.Passphrase(pin.NewSecret("giraffes")); !errors.Is(err, custody.ErrPassphrase) || strings.Contains(err.Error(), "giraffes") {
		t.Errorf("a short passphrase: %v", err)
	}
}

func TestASealedFileOpensForItsIdentityOnly(t *testing.T) {
	path, with := sealed(t)
	other := identity(t, filepath.Join(filepath.Dir(path), "other.txt"))
	for name, unlock := range map[string]custody.Unlock{"another identity": other, "none": {}} {
		if _, err := custody.OpenSealed(path, unlock); !errors.Is(err, custody.ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	before := readFile(t, path)
	for _, what := range []error{
		custody.Reseal(path, other, other), custody.RetireSealed(path, other, pin.PepperID{}), custody.Seal(path, strangers(t), custody.Unlock{}),
	} {
		if !errors.Is(what, custody.ErrLocked) {
			t.Errorf("got %v", what)
		}
	}
	if readFile(t, path) != before {
		t.Error("the file changed")
	}
	if err := custody.Reseal(path, with, other); err != nil {
		t.Fatal(err)
	}
	if _, err := custody.OpenSealed(path, with); !errors.Is(err, custody.ErrLocked) {
		t.Errorf("the old identity after a new one took its place: %v", err)
	}
	if c, err := custody.OpenSealed(path, other); err != nil || c.Pepper().Reveal() != [32]byte{9} {
		t.Errorf("the new identity: %v", err)
	}
}

// strangers gives files of another provider.
func strangers(t *testing.T) *custody.Files {
	t.Helper()
	_, files := plain(t, kept)
	return files
}

func TestASealedFileIsNeverOverwritten(t *testing.T) {
	path, with := sealed(t)
	before := readFile(t, path)
	_, files := plain(t, custodytest.Secrets{Grant: [32]byte{31: 8}, Alias: [32]byte{1}, Peppers: [][32]byte{{3}}})
	if err := custody.Seal(path, files, with); !errors.Is(err, custody.ErrExists) {
		t.Errorf("got %v", err)
	}
	if err := custody.CreateIdentity(filepath.Join(filepath.Dir(path), "identity.txt")); !errors.Is(err, custody.ErrExists) {
		t.Errorf("an identity over another: %v", err)
	}
	if readFile(t, path) != before {
		t.Error("the file changed")
	}
}

// A file that is cut or altered anywhere is refused, and no error quotes it.
func TestADamagedSealedFileIsRefused(t *testing.T) {
	path, with := sealed(t)
	whole := readFile(t, path)
	damaged := map[string]string{"empty": "", "a plain key": "umojasecret1qqqqqqqqqqqq", "cut": whole[:len(whole)/2], "doubled": whole + whole}
	for _, at := range []int{60, len(whole) / 2, len(whole) - 60} {
		altered := []byte(whole)
		if altered[at]++; altered[at-1] == '\n' || altered[at] == '\n'+1 {
			t.Fatal("the place is a line break")
		}
		damaged["altered at "+string(rune('0'+at%10))+"…"] = string(altered)
	}
	for name, text := range damaged {
		writeFile(t, path, text)
		_, err := custody.OpenSealed(path, with)
		if !errors.Is(err, custody.ErrContent) && !errors.Is(err, custody.ErrLocked) || strings.Contains(err.Error(), "qqqq") {
			t.Errorf("%s: %v", name, err)
		}
	}
	writeFile(t, path, whole)
	if _, err := custody.OpenSealed(path, with); err != nil {
		t.Errorf("the file as it was: %v", err)
	}
	for _, mode := range []os.FileMode{0o644, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := custody.OpenSealed(path, with); !errors.Is(err, custody.ErrPermissions) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestAnIdentityThatOthersCanReadIsRefused(t *testing.T) {
	path, _ := sealed(t)
	file := filepath.Join(filepath.Dir(path), "identity.txt")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (custody.Source{Sealed: path, Identity: file}).Open(); !errors.Is(err, custody.ErrPermissions) {
		t.Errorf("got %v", err)
	}
	bad := filepath.Join(filepath.Dir(path), "bad.txt")
	writeFile(t, bad, "AGE-SECRET-KEY-1QQQQQQQQQ\n")
	if _, err := custody.Identity(bad); !errors.Is(err, custody.ErrContent) || strings.Contains(err.Error(), "QQQQ") {
		t.Errorf("a malformed identity: %v", err)
	}
}

// The change of a sealed file is as whole as that of a plain one.
func TestARotationThatWasCutShortChangesNothing(t *testing.T) {
	path, with := sealed(t)
	writeFile(t, path+".new", "")
	if _, err := custody.RotateSealed(path, with, bytes.NewReader(bytes.Repeat([]byte{8}, 32))); !errors.Is(err, custody.ErrExists) {
		t.Errorf("got %v", err)
	}
	if c, err := custody.OpenSealed(path, with); err != nil || len(c.Peppers()) != 1 {
		t.Errorf("the peppers changed: %v", err)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	second, err := custody.RotateSealed(path, with, bytes.NewReader(bytes.Repeat([]byte{8}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if err := custody.RetireSealed(path, with, custody.NewPepper([32]byte{9}).ID()); err != nil {
		t.Fatal(err)
	}
	if c, err := custody.OpenSealed(path, with); err != nil || len(c.Peppers()) != 1 || c.Pepper().ID() != second {
		t.Errorf("after the first was retired: %v", err)
	}
}

func TestASourceSaysOnceWhereTheKeysAre(t *testing.T) {
	for name, s := range map[string]custody.Source{
		"nothing": {}, "a plain file is missing": {Grant: "g", Alias: "a"}, "both forms": {Sealed: "s", Identity: "i", Grant: "g", Alias: "a", Pepper: "p"},
		"nothing that opens": {Sealed: "s"}, "two that open": {Sealed: "s", Identity: "i", PassphraseEnv: "E"}, "an identity of nothing": {Identity: "i", Grant: "g", Alias: "a", Pepper: "p"},
	} {
		if c, err := s.Open(); !errors.Is(err, custody.ErrSource) || c != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Rotate(nil); !errors.Is(err, custody.ErrSource) {
			t.Errorf("%s: rotate: %v", name, err)
		}
	}
	if c, err := (custody.Source{Grant: "/nowhere/g", Alias: "a", Pepper: "p"}).Open(); !errors.Is(err, os.ErrNotExist) || c != nil {
		t.Errorf("files that are not there: %v, %v", c, err)
	}
}

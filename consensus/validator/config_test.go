package validator

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/consensus/witness"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
)

// TestLoad: a misspelt key is an error, and says which.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "validator.toml")
	for _, c := range []struct{ text, want string }{
		{"nmae = 'x'", "nmae"},
		{"name = 'x'", "is missing"},
		{"name = 1", "Config.Name"},
		{"name='x'\ndir='.'\ngenesis='g'\nsigning_key='s'\ntls_key='t'\npeer_listen='p'\nlisten='l'\ntiming='slow'", "timing"},
		{"name='x'\ndir='.'\ngenesis='g'\nsigning_key='s'\ntls_key='t'\npeer_listen='p'\nlisten='l'\ncertificate='c'", "certificate_key"},
		{"name='x'\ndir='.'\ngenesis='g'\nsigning_key='s'\ntls_key='t'\npeer_listen='p'\nlisten='l'\n[[witnesses]]\nurl='u'", "tiles is missing"},
		{"name='x'\ndir='.'\ngenesis='g'\nsigning_key='s'\ntls_key='t'\npeer_listen='p'\nlisten='l'\ntiles='a'\n[[witnesses]]\nurl='u'", "witnesses 1"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// TestLoadWitnesses: witnesses are a table each.
func TestLoadWitnesses(t *testing.T) {
	v := ledgertest.Network(t, "witnesses").Set[0]
	path := filepath.Join(t.TempDir(), "validator.toml")
	written := Config{
		Name: "x", Dir: "/x", Genesis: "/g", SigningKey: "/s", TLSKey: "/t", PeerListen: "p", Listen: "l", Tiles: "127.0.0.1:0",
		Witnesses: []witness.Config{{URL: "https://one.example", Key: v.VerifierKey()}, {URL: "https://two.example/w", Key: v.VerifierKey()}},
	}
	if err := written.Write(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !reflect.DeepEqual(got.Witnesses, written.Witnesses) || got.Tiles != written.Tiles {
		t.Errorf("loaded %+v, %v", got, err)
	}
}

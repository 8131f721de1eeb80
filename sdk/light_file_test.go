package sdk_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/sdk"
)

// TestLightFile: the file is believed in nothing that it does not prove; put back to an older one it is an older client.
func TestLightFile(t *testing.T) {
	h := newLightHistory(t)
	h.pay(1)
	h.change()
	h.pay(2)
	h.pay(3)
	l, path := newLight(t, h)
	update(t, l, h.at(3))
	older, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	update(t, l, h.at(h.size()))
	newer, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(raw []byte) {
		t.Helper()
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	put(older) // Under a client that runs: it writes what it knows again.
	update(t, l, h.at(h.size()))
	isAt(t, openLight(t, h, path), h.size())
	put(older)
	again := openLight(t, h, path)
	isAt(t, again, 3)
	update(t, again, h.at(h.size()))
	isAt(t, again, h.size())

	// Two programs on one file: the one that is behind does not put it back.
	put(older)
	slow, fast := openLight(t, h, path), openLight(t, h, path)
	update(t, fast, h.at(h.size()))
	update(t, slow, h.at(4))
	isAt(t, slow, h.size())
	isAt(t, openLight(t, h, path), h.size())

	for name, damage := range map[string]func(text string) string{
		"cut":             func(text string) string { return text[:len(text)/2] },
		"empty":           func(string) string { return "" },
		"another version": func(text string) string { return strings.Replace(text, `"version": 1`, `"version": 2`, 1) },
		"another network": func(text string) string { return strings.Replace(text, `"network": "`, `"network": "0`, 1) },
		"another size":    func(text string) string { return strings.Replace(text, `\n8\n`, `\n6\n`, 1) },
		"no checkpoint":   func(string) string { return `{"version":1,"network":"` + h.world.Network.String() + `"}` },
		"no changes":      func(text string) string { return strings.Replace(text, `"changes"`, `"chances"`, 1) },
	} {
		if damage(string(newer)) == string(newer) {
			t.Fatalf("%s: nothing was changed in %s", name, newer)
		}
		put([]byte(damage(string(newer))))
		if _, err := sdk.OpenLight(h.world.Genesis, path); !errors.Is(err, sdk.ErrLightFile) {
			t.Errorf("%s: %v, want %v", name, err, sdk.ErrLightFile)
		}
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
}

func FuzzLightFile(f *testing.F) {
	w := ledgertest.Network(f, "light")
	f.Add([]byte(`{"version":1,"network":"` + w.Network.String() + `","checkpoint":"umoja.v1/","changes":["CgA="]}`))
	f.Add([]byte(`{"version":1,"small":"a","large":"b","from_size":3,"from_root":"AAAA","hashes":["AA=="]}`))
	path := filepath.Join(f.TempDir(), "light.json")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := sdk.OpenLight(w.Genesis, path); err == nil {
			t.Errorf("%q is believed: %v", raw, l.ValidatorSet())
		} else if !errors.Is(err, sdk.ErrLightFile) {
			t.Error(err)
		}
		if fork, err := sdk.ReadFork(path); err == nil {
			if _, err := fork.Verify(w.Genesis.Trust()); err == nil {
				t.Errorf("%q is evidence", raw)
			}
		}
	})
}

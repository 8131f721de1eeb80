package custody

import (
	"errors"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
)

func wellKept(t testing.TB) *secrets {
	t.Helper()
	grant, err := key.NewPrivate([32]byte{31: 7})
	if err != nil {
		t.Fatal(err)
	}
	return &secrets{grant: grant, alias: key.NewAliasKey([32]byte{1}), peppers: []Pepper{NewPepper([32]byte{2}), NewPepper([32]byte{1})}}
}

func TestContentThatIsNotWrittenSoIsRefused(t *testing.T) {
	good := wellKept(t).text()
	if _, err := parseSecrets(good); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(good, "\n")
	for name, text := range map[string]string{
		"empty": "", "another header": strings.Replace(good, "v1", "v2", 1), "cut": good[:len(good)-1], "one more line": good + "\n",
		"no peppers": strings.Join(lines[:3], ""), "another order": lines[0] + lines[2] + lines[1] + lines[3], "a pepper twice": good + lines[3],
		"nine peppers": good + strings.Repeat(lines[3], 7), "a zero pepper": good + "pepper " + strings.Repeat("0", 64) + "\n",
		"capitals": lines[0] + lines[1] + lines[2] + "pepper " + strings.Repeat("AB", 32) + "\n", "line ends of another system": strings.ReplaceAll(good, "\n", "\r\n"),
	} {
		if _, err := parseSecrets(text); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzContent(f *testing.F) {
	f.Add(wellKept(f).text())
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseSecrets(text); err == nil && s.text() != text {
			t.Fatalf("took %q", text)
		}
	})
}

package key

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

// TestSecretsDoNotPrint prints secrets in every way that a program prints things, alone and inside of structs, and looks
// for the secret bytes in hexadecimal, in decimal and in the text form.
func TestSecretsDoNotPrint(t *testing.T) {
	secret := [32]byte([]byte("\xc0\xff\xee\x01\x02\x03the secret of the network\x04"))
	p, err := NewPrivate(secret)
	if err != nil {
		t.Fatal(err)
	}
	a := NewAliasKey(secret)

	type config struct {
		Key      Private
		AliasKey AliasKey
		key      Private // fmt does not ask the methods of these
		aliasKey AliasKey
	}
	whole := config{Key: p, AliasKey: a, key: p, aliasKey: a}
	for name, value := range map[string]any{
		"private": p, "private pointer": &p, "alias key": a, "alias key pointer": &a, "struct": whole, "struct pointer": &whole,
		"slice": []AliasKey{a}, "map": map[string]Private{"key": p},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			refuseSecret(t, name+" "+verb, fmt.Sprintf(verb, value), secret)
		}
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("start", "value", value)
		slog.New(slog.NewJSONHandler(&js, nil)).Info("start", "value", value)
		refuseSecret(t, name+" slog text", text.String(), secret)
		refuseSecret(t, name+" slog json", js.String(), secret)
		out, _ := json.Marshal(value)
		refuseSecret(t, name+" json", string(out), secret)
	}
	for _, value := range []any{p, a} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, value); got != "redacted" {
				t.Errorf("%T %s prints %q, want redacted", value, verb, got)
			}
		}
		if _, err := json.Marshal(value); err == nil {
			t.Errorf("%T: JSON was written; want a refusal, so that nobody stores an empty key", value)
		}
	}
}

func refuseSecret(t *testing.T, where, printed string, secret [32]byte) {
	t.Helper()
	var decimal []string
	for _, b := range secret[:4] {
		decimal = append(decimal, strconv.Itoa(int(b)))
	}
	p, _ := NewPrivate(secret)
	for _, leak := range []string{
		hex.EncodeToString(secret[:4]), strings.ToUpper(hex.EncodeToString(secret[:4])), strings.Join(decimal, " "),
		"0xc0, 0xff, 0xee", "the secret", p.Text()[12:],
	} {
		if strings.Contains(printed, leak) {
			t.Errorf("%s shows the secret", where)
		}
	}
}

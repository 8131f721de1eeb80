// Package custodytest holds the test that every custody.Custody passes.
package custodytest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/custody"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// Secrets are what a custody keeps in the test.
type Secrets struct {
	// Grant and Alias are the raw keys.
	Grant, Alias [32]byte
	// Peppers, the oldest first: the order in which they are made.
	Peppers [][32]byte
}

// Keys are the grant and the alias key.
func (s Secrets) Keys(t *testing.T) (key.Private, key.AliasKey) {
	t.Helper()
	grant, err := key.NewPrivate(s.Grant)
	if err != nil {
		t.Fatal(err)
	}
	return grant, key.NewAliasKey(s.Alias)
}

// Check checks a kind of custody. store keeps the secrets, and gives what opens them each time it is called.
func Check(t *testing.T, store func(t *testing.T, s Secrets) (open func() (custody.Custody, error))) {
	for _, peppers := range []int{1, 2, pin.MaxPeppers} {
		t.Run(fmt.Sprintf("%d peppers", peppers), func(t *testing.T) {
			s := Secrets{Grant: filled(0x51), Alias: filled(0xa7)}
			for i := range peppers {
				s.Peppers = append(s.Peppers, filled(0xc1+byte(i)))
			}
			open := store(t, s)
			for range 2 { // What is opened twice is the same.
				c, err := open()
				if err != nil {
					t.Fatal(err)
				}
				check(t, s, c)
				tellsNothing(t, s, c)
			}
		})
	}
}

// filled makes a secret that is easy to find in whatever form it is printed.
func filled(b byte) (secret [32]byte) {
	for i := range secret {
		secret[i] = b
	}
	return secret
}

func check(t *testing.T, s Secrets, c custody.Custody) {
	t.Helper()
	grant, alias := s.Keys(t)
	var group sync.WaitGroup
	for n := range byte(4) { // A gateway signs for many at once.
		group.Go(func() {
			digest := [32]byte{n, 5}
			signature, err := c.Signer().Sign(digest)
			if err != nil {
				t.Error(err)
				return
			}
			if err := grant.Public().Verify(digest, signature); err != nil || c.Signer().Public() != grant.Public() {
				t.Errorf("the signature is not the grant key's: %v", err)
			}
		})
	}
	group.Wait()
	if c.AliasKey().Alias("+254711000001") != alias.Alias("+254711000001") {
		t.Error("the alias key is another")
	}
	var got [][32]byte
	for _, p := range c.Peppers() {
		got = append(got, p.Reveal())
	}
	newest := slices.Clone(s.Peppers)
	slices.Reverse(newest)
	if !slices.Equal(got, newest) || c.Pepper().Reveal() != newest[0] {
		t.Error("the peppers are not those that were made, the newest first")
	}
	c.Peppers()[0] = custody.Pepper{} // The slice is the caller's.
	if c.Pepper().Reveal() != newest[0] || c.Peppers()[0].Reveal() != newest[0] {
		t.Error("a caller changed the peppers")
	}
	if _, err := pin.New(pin.Config{Peppers: c.Peppers()}); err != nil {
		t.Error(err)
	}
}

// tellsNothing prints a custody and its parts in every way that a program prints things.
func tellsNothing(t *testing.T, s Secrets, c custody.Custody) {
	t.Helper()
	parts := []any{c, &c, struct{ c custody.Custody }{c}, struct{ C custody.Custody }{c}, c.Signer(), c.AliasKey(), c.Pepper(), c.Peppers(),
		struct{ p custody.Pepper }{c.Pepper()}, map[string]any{"k": c}}
	var printed bytes.Buffer
	text, asJSON := slog.New(slog.NewTextHandler(&printed, nil)), slog.New(slog.NewJSONHandler(&printed, nil))
	for _, part := range parts {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", part)
		}
		text.Info("print", "part", part)
		asJSON.Info("print", "part", part)
		raw, _ := json.Marshal(part) // A refusal is as good as "redacted".
		printed.Write(raw)
	}
	grant, _ := s.Keys(t)
	if strings.Contains(printed.String(), grant.Text()) {
		t.Error("the grant key is printed")
	}
	for _, secret := range append([][32]byte{s.Grant, s.Alias}, s.Peppers...) {
		b := secret[0]
		for _, leak := range []string{
			hex.EncodeToString(secret[:4]), strings.ToUpper(hex.EncodeToString(secret[:4])), base64.StdEncoding.EncodeToString(secret[:6]),
			strings.Repeat(" "+strconv.Itoa(int(b)), 3), strings.Repeat(fmt.Sprintf(" 0x%x,", b), 3),
		} {
			if strings.Contains(printed.String(), leak) {
				t.Errorf("a secret is printed: %q", leak)
			}
		}
	}
}

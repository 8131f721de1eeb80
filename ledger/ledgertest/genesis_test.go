package ledgertest

import (
	"bytes"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/genesis"
)

func TestNetworkIsMadeFromItsSeed(t *testing.T) {
	a, b, c := Network(t, "one"), Network(t, "one"), Network(t, "two")
	if !bytes.Equal(a.Raw, b.Raw) || a.Network != b.Network {
		t.Error("one seed made two networks")
	}
	if a.Network == c.Network || a.Issuer.Public() == c.Issuer.Public() || a.Juma.Alias == c.Juma.Alias {
		t.Error("two seeds share a network, a key or an alias")
	}
	if a.IssuerAccount == a.ProviderAccount || a.Juma.Account == a.Amina.Account {
		t.Error("two roles share an account")
	}
	for _, v := range a.Set {
		if public := a.Validators[v.Name][32:]; !bytes.Equal(public, v.Key[:]) {
			t.Errorf("validator %s: the key is not the set's", v.Name)
		}
	}
}

func TestNetworkOfManyValidators(t *testing.T) {
	w := NetworkOf(t, "ten", 10, func(w *World, g *genesis.Genesis) { g.Name = "ten" })
	if len(w.Set) != 10 || w.Genesis.Name != "ten" {
		t.Errorf("%d validators, name %q", len(w.Set), w.Genesis.Name)
	}
	for i, v := range w.Set {
		if r := w.Genesis.Validators[i]; r.Name != v.Name {
			t.Errorf("validator %d is %s in the set and %s in the document", i, v.Name, r.Name)
		}
	}
}

package validator

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/sdk"
)

// TestTilesOfANetwork: every validator serves the same history to somebody who has the genesis file and knows C2SP: the
// entries hash to the root that a quorum has cosigned, and the payment is among them.
func TestTilesOfANetwork(t *testing.T) {
	n := newNetwork(t)
	for i := range n.configs {
		n.configs[i].Tiles = freePort(t)
	}
	n.run(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := n.client(t)
	issuer := sdk.NewWallet(client, n.world.Issuer, sdk.WalletOptions{Account: &n.world.IssuerAccount})
	outcome, err := issuer.Pay(ctx, n.world.Juma.Number, ledgertest.KES, 25_00, "rent")
	if err != nil || !outcome.Applied() {
		t.Fatalf("pay: %+v, %v", outcome, err)
	}
	receipt, _, err := client.Receipt(ctx, outcome.ID)
	if err != nil {
		t.Fatal(err)
	}
	get := func(url string) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", url, res.Status, err)
		}
		return body
	}
	for _, c := range n.configs {
		prefix := "http://" + c.Tiles
		var size uint64
		var root [32]byte
		for size <= receipt.LeafIndex { // This validator may be a final round behind.
			_, served, err := checkpoint.Trim(n.world.Network, n.world.Set, get(prefix+"/checkpoint"))
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			size, root = served.Size, served.Root
		}
		if size > 255 {
			t.Fatalf("a history of %d leaves", size)
		}
		bundle := get(fmt.Sprintf("%s/tile/entries/000.p/%d", prefix, size))
		tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
		paid := false
		for len(bundle) > 0 {
			n := binary.BigEndian.Uint16(bundle)
			leaf := bundle[2 : 2+n]
			paid = paid || string(leaf) == string(receipt.Leaf)
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
				t.Fatal(err)
			}
			bundle = bundle[2+n:]
		}
		if got, err := tree.GetRootHash(nil); err != nil || [32]byte(got) != root || !paid {
			t.Errorf("%s: the entries hash to %x, cosigned is %x, paid %v: %v", c.Name, got, root, paid, err)
		}
		v, _ := n.world.Set.Find(c.Name)
		if key := checkpoint.LogVerifierKey(n.world.Network, v); !strings.HasPrefix(key, checkpoint.Origin(n.world.Network)+"+") {
			t.Errorf("log key %s", key)
		}
	}
}

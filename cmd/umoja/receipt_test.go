package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// proved writes a genesis file and the receipt of the transaction in a chain's first batch.
func proved(t *testing.T, c *ledgertest.Chain) (genesisPath, receiptPath string) {
	t.Helper()
	size := c.Memory.Head().Size
	inclusion, err := tlog.ProveRecord(int64(size), 1, c.Memory)
	check(t, err)
	leaf, err := c.Memory.Leaf(1)
	check(t, err)
	r := checkpoint.Receipt{Proof: checkpoint.Proof{Leaf: leaf, LeafIndex: 1, Checkpoint: cosigned(t, c)}}
	for _, h := range inclusion {
		r.Inclusion = append(r.Inclusion, h)
	}
	dir := t.TempDir()
	genesisPath, receiptPath = filepath.Join(dir, "genesis.json"), filepath.Join(dir, "r.receipt")
	check(t, os.WriteFile(genesisPath, c.World.Raw, 0o644))
	check(t, writeReceiptFile(receiptPath, r))
	return genesisPath, receiptPath
}

func TestReceiptVerifiesOffline(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := ledgertest.NewChain(t, w)
	c.Batch(t, transfer(t, w, 1, 1250_00), transfer(t, w, 2, 5_00))
	genesisPath, path := proved(t, c)
	out, _, err := umoja(t, "receipt", "verify", path, "--genesis", genesisPath)
	check(t, err)
	for _, line := range []string{
		"verified\n", "amount        1,250.00 KES\n", "from          " + w.IssuerAccount.String() + "\n",
		"to            " + w.Amina.Account.String() + "\n", "fee           1.00 KES to " + w.ProviderAccount.String() + "\n",
		"reference     \"wages\"\n", "leaf          1, in a checkpoint of 4\n", "cosigned by   v1, v2, v3\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("no line %q in\n%s", line, out)
		}
	}
	out, _, err = umoja(t, "receipt", "verify", path, "--genesis", genesisPath, "--json")
	check(t, err)
	var d struct {
		Verified bool
		Result   string
		Acts     []struct {
			Asset, Amount, Kind string
			Fee                 struct{ Amount, To string }
		}
	}
	check(t, json.Unmarshal([]byte(out), &d))
	if !d.Verified || d.Result != "OK" || len(d.Acts) != 1 || d.Acts[0].Amount != "1250.00" || d.Acts[0].Asset != "KES" ||
		d.Acts[0].Fee.Amount != "1.00" || d.Acts[0].Fee.To != w.ProviderAccount.String() {
		t.Errorf("%+v", d)
	}
}

func TestReceiptWithABitFlippedDoesNotVerify(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := ledgertest.NewChain(t, w)
	c.Batch(t, transfer(t, w, 1, 10_00))
	genesisPath, path := proved(t, c)
	raw, err := os.ReadFile(path)
	check(t, err)
	for i := 0; i < len(raw); i += 3 { // Here and there; package checkpoint tries every bit.
		raw[i] ^= 1 << (i % 8)
		check(t, os.WriteFile(path, raw, 0o644))
		if out, _, err := umoja(t, "receipt", "verify", path, "--genesis", genesisPath); err == nil || out != "" {
			t.Errorf("bit %d of byte %d flipped: %q, %v", i%8, i, out, err)
		}
		raw[i] ^= 1 << (i % 8)
	}
}

// A receipt of a refusal is a true one, and must not be read as one of a payment.
func TestReceiptOfARefusal(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := ledgertest.NewChain(t, w)
	c.Batch(t, transfer(t, w, 1, ledgertest.IssuerFunds))
	genesisPath, path := proved(t, c)
	out, _, err := umoja(t, "receipt", "verify", path, "--genesis", genesisPath)
	check(t, err)
	if want := "verified: a REFUSAL, no money moved: " + ruleWords[tx.InsufficientBalance]; !strings.HasPrefix(out, want) {
		t.Errorf("not %q first in\n%s", want, out)
	}
}

func TestReceiptReplacesNothingElse(t *testing.T) {
	w := ledgertest.Network(t, t.Name())
	c := ledgertest.NewChain(t, w)
	c.Batch(t, transfer(t, w, 1, 10_00))
	_, path := proved(t, c)
	receipt, err := readReceiptFile(path)
	check(t, err)
	check(t, writeReceiptFile(path, receipt)) // An older receipt can be fetched again.
	notes := filepath.Join(t.TempDir(), "notes.txt")
	check(t, os.WriteFile(notes, []byte("mine"), 0o600))
	if err := writeReceiptFile(notes, receipt); err == nil {
		t.Error("a file that is no receipt was replaced")
	}
	if raw, err := os.ReadFile(notes); err != nil || string(raw) != "mine" {
		t.Errorf("%q, %v", raw, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".receipt-*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

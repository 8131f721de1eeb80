package tx_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/tx"
	umojav1 "github.com/umoja-ledger/umoja/proto/umoja/v1"
)

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var leaf tx.Leaf
		var raw []byte
		if rapid.Bool().Draw(t, "header") {
			leaf.Header = &tx.Header{
				Batch: rapid.Uint64().Draw(t, "batch"), TimeUnixMs: rapid.Uint64().Draw(t, "time"),
				StateRoot:        [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "root")),
				ValidatorSetHash: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "set")),
				RulesVersion:     rapid.Uint32().Draw(t, "rules"),
			}
			raw = leaf.Header.Encode()
		} else {
			leaf.Record = &tx.Record{
				Envelope: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "envelope"),
				Result: tx.Result{
					Code: tx.Code(rapid.Uint32Range(1, uint32(tx.LeafTooLarge)).Draw(t, "code")), Operation: rapid.Uint32().Draw(t, "operation"),
				},
			}
			for range rapid.IntRange(0, 3).Draw(t, "post states") {
				leaf.Record.PostStates = append(leaf.Record.PostStates, tx.PostState{
					Account: tx.AccountID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "account")), Asset: tx.Asset(rapid.Uint32().Draw(t, "asset")),
					Posted: amount.Amount(rapid.Uint64().Draw(t, "posted")), Held: amount.Amount(rapid.Uint64().Draw(t, "held")),
					PreviousLeaf: rapid.Uint64().Draw(t, "previous"),
				})
			}
			raw = leaf.Record.Encode()
		}
		got, err := tx.ParseLeaf(raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(leaf, got); diff != "" {
			t.Fatalf("read something else (-want +got):\n%s", diff)
		}
	})
}

func TestParseLeafRefusals(t *testing.T) {
	header := cat(vi(1, 1), vi(2, 5), ld(3, fill(1, 32)), ld(4, fill(2, 32)), vi(5, 1))
	ok := ld(2, vi(1, 1))
	for _, row := range []struct {
		name string
		raw  []byte
		want error
		says string
	}{
		{"empty", nil, tx.ErrMalformed, "leaf is empty"},
		{"header and transaction", cat(ld(1, header), ld(2, ok)), tx.ErrNotCanonical, "oneof"},
		{"state root of 31 bytes", ld(1, cat(ld(3, fill(1, 31)), ld(4, fill(2, 32)))), tx.ErrMalformed, "state_root must be 32"},
		{"no validator set", ld(1, ld(3, fill(1, 32))), tx.ErrMalformed, "validator_set_hash must be 32"},
		{"no result", ld(2, ld(1, []byte{1})), tx.ErrMalformed, "no result"},
		{"empty result", ld(2, cat(ld(1, []byte{1}), ld(2, nil))), tx.ErrMalformed, "no result"},
		{"unknown code", ld(2, ld(2, vi(1, 99))), tx.ErrNotCanonical, "unknown enum value 99"},
		{"post-state of no account", ld(2, cat(ok, ld(3, vi(2, 1)))), tx.ErrMalformed, "post_state account must be 16"},
		{"above 65,535 bytes", make([]byte, tx.MaxLeafBytes+1), tx.ErrTooLarge, "65535"},
		{"trailing bytes", cat(ld(1, header), []byte{0}), tx.ErrNotCanonical, "unknown field 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := tx.ParseLeaf(row.raw)
			if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %v with %q", err, row.want, row.says)
			}
			if got.Header != nil || got.Record != nil {
				t.Error("an error came with a leaf")
			}
		})
	}
}

func TestCodeNames(t *testing.T) {
	if got := tx.InsufficientBalance.String(); got != "INSUFFICIENT_BALANCE" {
		t.Errorf("got %s", got)
	}
	for number, name := range umojav1.ResultCode_name {
		if got := "RESULT_CODE_" + tx.Code(number).String(); got != name {
			t.Errorf("code %d is %s, want %s", number, got, name)
		}
	}
	if got := tx.Code(4000).String(); got != "4000" {
		t.Errorf("an unknown code is %q", got)
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(tx.Header{Batch: 3, TimeUnixMs: 9, RulesVersion: 1}.Encode())
	f.Add(tx.Record{Envelope: []byte("e"), Result: tx.Result{Code: tx.CapDay, Operation: 2}}.Encode())
	f.Add(tx.Record{Envelope: []byte("e"), Result: tx.Result{Code: tx.OK}, PostStates: []tx.PostState{{Asset: 1, Posted: 5}}}.Encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		leaf, err := tx.ParseLeaf(raw)
		if err != nil {
			return
		}
		var again []byte
		if leaf.Header != nil {
			again = leaf.Header.Encode()
		} else {
			again = leaf.Record.Encode()
		}
		if !bytes.Equal(again, raw) {
			t.Fatalf("leaf\n%x\nencodes again as\n%x", raw, again)
		}
	})
}

package ledger

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/umoja-ledger/umoja/ledger/amount"
	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// drawBytes draws an id whose bytes differ, so that a field read from another's place is seen.
func drawBytes[T ~[16]byte | ~[32]byte](t *rapid.T, n int, label string) (out T) {
	b := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
	switch p := any(&out).(type) {
	case *tx.AccountID:
		copy(p[:], b)
	case *key.Alias:
		copy(p[:], b)
	case *[32]byte:
		copy(p[:], b)
	}
	return out
}

// TestHoldEntry: every hold comes back from its entry as it was, in 141 bytes, and no entry of another length is a hold.
func TestHoldEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		left := rapid.Uint64Range(1, uint64(amount.Max)).Draw(t, "left")
		want := Hold{
			Debit: drawBytes[tx.AccountID](t, 16, "debit"), Credit: drawBytes[tx.AccountID](t, 16, "credit"), Alias: drawBytes[key.Alias](t, 32, "alias"),
			Asset: tx.Asset(rapid.Uint32().Draw(t, "asset")), Left: amount.Amount(left),
			Fee:      amount.Amount(rapid.Uint64Range(0, uint64(amount.Max)-left).Draw(t, "fee")),
			Provider: drawBytes[tx.AccountID](t, 16, "provider"), ExpiresAtUnixMs: rapid.Uint64().Draw(t, "expires"),
			Completes: rapid.Bool().Draw(t, "completes"), PayerMayRelease: rapid.Bool().Draw(t, "releasable"),
		}
		if rapid.Bool().Draw(t, "locked") {
			lock := drawBytes[[32]byte](t, 32, "hashlock")
			want.Hashlock = &lock
		}
		raw := want.encode()
		got, err := decodeHold(raw)
		if err != nil || cmp.Diff(want, got) != "" || len(raw) != 141 {
			t.Fatalf("%d bytes: %v\n%s", len(raw), err, cmp.Diff(want, got))
		}
		for _, bad := range [][]byte{raw[:140], append(bytes.Clone(raw), 0), nil} {
			if _, err := decodeHold(bad); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%d bytes are a hold: %v", len(bad), err)
			}
		}
	})
}

// TestHoldEntryRefusals: a hold that the rules never write stops the node instead of moving money.
func TestHoldEntryRefusals(t *testing.T) {
	for name, h := range map[string]Hold{
		"nothing left":                {Asset: 1, Fee: 1},
		"more left than there can be": {Asset: 1, Left: amount.Max + 1},
		"more with the fee":           {Asset: 1, Left: amount.Max, Fee: 1},
	} {
		if _, err := decodeHold(h.encode()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	raw := Hold{Asset: 1, Left: 1}.encode()
	raw[141-33] = 8
	if _, err := decodeHold(raw); !errors.Is(err, ErrCorrupt) {
		t.Errorf("flag without a meaning: %v", err)
	}
}

// TestRequestEntry: as for holds, in 52 bytes.
func TestRequestEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Request{
			Credit: drawBytes[tx.AccountID](t, 16, "credit"), Debit: drawBytes[tx.AccountID](t, 16, "debit"),
			Asset: tx.Asset(rapid.Uint32().Draw(t, "asset")), Amount: amount.Amount(rapid.Uint64().Draw(t, "amount")),
			ExpiresAtUnixMs: rapid.Uint64().Draw(t, "expires"),
		}
		raw := want.encode()
		if got, err := decodeRequest(raw); err != nil || got != want || len(raw) != 52 {
			t.Fatalf("%d bytes: %v %v", len(raw), got, err)
		}
		if _, err := decodeRequest(raw[:51]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("51 bytes are a request: %v", err)
		}
	})
}

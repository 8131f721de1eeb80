package checkpoint_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/umoja-ledger/umoja/ledger/checkpoint"
	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ledger/tx"
)

// all four validators of the world.
var all = []string{"v1", "v2", "v3", "v4"}

// receipt is of the second payment of a history of five leaves, cosigned by everybody.
func receipt(t testing.TB) (*history, checkpoint.Receipt) {
	h := newHistory(t)
	h.payment(1)
	index := h.payment(2)
	h.payment(3)
	h.header(h.world.Set)
	return h, checkpoint.Receipt{Proof: h.proof(index, 5, h.world.Set, all...)}
}

func encodeReceipt(t *testing.T, r checkpoint.Receipt) []byte {
	t.Helper()
	raw, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// verifyBytes does what a receipt file's reader does.
func verifyBytes(raw []byte, trust checkpoint.Trust) (*checkpoint.Verified, error) {
	r, err := checkpoint.ParseReceipt(raw)
	if err != nil {
		return nil, err
	}
	return r.Verify(trust)
}

func TestReceiptVerifies(t *testing.T) {
	h, r := receipt(t)
	raw := encodeReceipt(t, r)
	again, err := checkpoint.ParseReceipt(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, again); diff != "" {
		t.Errorf("read something else (-want +got):\n%s", diff)
	}
	v, err := again.Verify(h.world.Genesis.Trust())
	if err != nil {
		t.Fatal(err)
	}
	transfer := v.Transaction.Body.Operations[0].(tx.Transfer)
	if transfer.Amount != 150_00 || transfer.Credit != h.world.Amina.Account || v.Record.Result.Code != tx.OK {
		t.Errorf("the receipt proves %+v, %v", transfer, v.Record.Result)
	}
	if v.LeafIndex != 2 || v.Checkpoint != h.checkpoint(5) || v.LeafHash != checkpoint.LeafHash(h.leaves[2]) {
		t.Errorf("the receipt is of leaf %d of %+v", v.LeafIndex, v.Checkpoint)
	}
	if !slices.Equal(v.Cosigners, all) {
		t.Errorf("cosigned by %v, want %v", v.Cosigners, all)
	}
	if v.Code() != checkpoint.ReceiptCode(v.LeafHash) {
		t.Errorf("code is %s", v.Code())
	}
}

// TestReceiptWithAnyBitFlipped flips every bit of a receipt that three of four validators cosigned, one at a time. With
// all four the spare cosignature is no excuse either: TestReceiptSpareCosignature.
func TestReceiptWithAnyBitFlipped(t *testing.T) {
	h, r := receipt(t)
	r.Proof = h.proof(2, 5, h.world.Set, "v1", "v3", "v4")
	flipAll(t, encodeReceipt(t, r), h.world.Genesis.Trust(), 1)
}

// TestReceiptSpareCosignature: a bit in any of four cosignatures is found, though three would do.
func TestReceiptSpareCosignature(t *testing.T) {
	h, r := receipt(t)
	raw := encodeReceipt(t, r)
	at := bytes.Index(raw, []byte("— v1 "))
	if at < 0 {
		t.Fatal("no cosignature of v1")
	}
	trust := h.world.Genesis.Trust()
	for bit := 8 * at; bit < 8*len(raw); bit++ {
		refuseFlipped(t, raw, bit, trust)
	}
}

func flipAll(t *testing.T, raw []byte, trust checkpoint.Trust, step int) {
	t.Helper()
	if _, err := verifyBytes(raw, trust); err != nil {
		t.Fatal(err)
	}
	for bit := 0; bit < 8*len(raw); bit += step {
		refuseFlipped(t, raw, bit, trust)
	}
}

func refuseFlipped(t *testing.T, raw []byte, bit int, trust checkpoint.Trust) {
	t.Helper()
	raw[bit/8] ^= 1 << (bit % 8)
	if _, err := verifyBytes(raw, trust); err == nil {
		t.Errorf("bit %d of byte %d flipped, and the receipt verifies", bit%8, bit/8)
	}
	raw[bit/8] ^= 1 << (bit % 8)
}

// TestReceiptRefusals changes one thing of a good receipt a row.
func TestReceiptRefusals(t *testing.T) {
	for _, row := range []struct {
		name   string
		mutate func(h *history, r *checkpoint.Receipt)
		want   error
	}{
		{"three cosignatures are a quorum", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(2, 5, h.world.Set, "v2", "v3", "v4")
		}, nil},
		{"two cosignatures", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(2, 5, h.world.Set, "v2", "v3")
		}, checkpoint.ErrNoQuorum},
		{"no cosignature", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(2, 5, h.world.Set)
		}, checkpoint.ErrBadCheckpoint},
		{"one validator three times", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(2, 5, h.world.Set, "v2", "v2", "v2")
		}, checkpoint.ErrBadCheckpoint},
		{"a quorum, and one of them twice", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(2, 5, h.world.Set, "v1", "v2", "v2", "v3")
		}, checkpoint.ErrBadCheckpoint},
		{"strangers of the same names", func(h *history, r *checkpoint.Receipt) {
			h.world.Validators = ledgertest.Network(h.t, "strangers").Validators
			r.Proof = h.proof(2, 5, h.world.Set, all...)
		}, checkpoint.ErrBadCheckpoint},
		{"another network's checkpoint", func(h *history, r *checkpoint.Receipt) {
			network := h.world.Network
			h.world.Network[0] ^= 1
			r.Proof = h.proof(2, 5, h.world.Set, all...)
			h.world.Network = network
		}, checkpoint.ErrBadCheckpoint},
		{"another leaf", func(h *history, r *checkpoint.Receipt) { r.Leaf = h.leaves[1] }, checkpoint.ErrBadReceipt},
		{"another index", func(h *history, r *checkpoint.Receipt) { r.LeafIndex = 3 }, checkpoint.ErrBadReceipt},
		{"an index beyond the tree", func(h *history, r *checkpoint.Receipt) { r.LeafIndex = 5 }, checkpoint.ErrBadReceipt},
		{"a hash too few", func(h *history, r *checkpoint.Receipt) { r.Inclusion = r.Inclusion[:2] }, checkpoint.ErrBadReceipt},
		{"a hash too many", func(h *history, r *checkpoint.Receipt) { r.Inclusion = append(r.Inclusion, [32]byte{1}) }, checkpoint.ErrBadReceipt},
		{"an older tree", func(h *history, r *checkpoint.Receipt) {
			r.Checkpoint = h.proof(2, 4, h.world.Set, all...).Checkpoint
		}, checkpoint.ErrBadReceipt},
		{"a header leaf, which proves no payment", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(4, 5, h.world.Set, all...)
		}, checkpoint.ErrBadReceipt},
		{"validators cosigned a leaf with a garbage signature", func(h *history, r *checkpoint.Receipt) {
			body := decodeRecord(h.t, r.Leaf)
			forged, err := tx.Pack(h.world.Network, body.RawBody(), []tx.Signature{{Signer: h.world.Provider.Public()}})
			if err != nil {
				h.t.Fatal(err)
			}
			index := h.add(tx.Record{Envelope: forged.Envelope(), Result: tx.Result{Code: tx.OK}}.Encode())
			r.Proof = h.proof(index, 6, h.world.Set, all...)
		}, tx.ErrBadSignature},
		{"validators cosigned a leaf that is no leaf", func(h *history, r *checkpoint.Receipt) {
			r.Proof = h.proof(h.add([]byte("paid!")), 6, h.world.Set, all...)
		}, tx.ErrNotCanonical},
		{"a note above 16 KiB", func(h *history, r *checkpoint.Receipt) {
			r.Checkpoint = bytes.Repeat([]byte("x"), 17<<10)
		}, checkpoint.ErrBadCheckpoint},
	} {
		t.Run(row.name, func(t *testing.T) {
			h, r := receipt(t)
			row.mutate(h, &r)
			if _, err := verifyBytes(encodeReceipt(t, r), h.world.Genesis.Trust()); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func decodeRecord(t testing.TB, leaf []byte) *tx.Signed {
	t.Helper()
	l, err := tx.ParseLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tx.Parse(tx.NetworkID{}, l.Record.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestReceiptAcrossSetChange: v4 leaves and a newcomer joins; receipts after that are cosigned by the new set, and
// prove it from the genesis.
func TestReceiptAcrossSetChange(t *testing.T) {
	h := newHistory(t)
	w := h.world
	newcomer := ledgertest.NetworkOf(t, "newcomer", 4, nil)
	w.Validators["w1"] = newcomer.Validators["v1"]
	v, _ := newcomer.Set.Find("v1")
	v.Name = "w1"
	set, err := checkpoint.NewValidatorSet([]checkpoint.Validator{v, w.Set[0], w.Set[1], w.Set[2]})
	if err != nil {
		t.Fatal(err)
	}
	h.payment(1)
	at := h.header(set)
	h.payment(2)
	h.header(set)
	change := checkpoint.SetChange{Proof: h.proof(at, 3, w.Set, all...), Set: set}
	good := checkpoint.Receipt{Proof: h.proof(3, 5, set, "v1", "v2", "w1"), Changes: []checkpoint.SetChange{change}}

	t.Run("verifies", func(t *testing.T) {
		verified, err := verifyBytes(encodeReceipt(t, good), w.Genesis.Trust())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(verified.Cosigners, []string{"v1", "v2", "w1"}) {
			t.Errorf("cosigned by %v", verified.Cosigners)
		}
	})
	t.Run("with bits flipped", func(t *testing.T) { flipAll(t, encodeReceipt(t, good), w.Genesis.Trust(), 7) })

	for _, row := range []struct {
		name   string
		mutate func(r *checkpoint.Receipt)
		want   error
	}{
		{"without the chain", func(r *checkpoint.Receipt) { r.Changes = nil }, checkpoint.ErrBadCheckpoint},
		{"the new set proves itself", func(r *checkpoint.Receipt) {
			r.Changes[0].Proof = h.proof(at, 3, set, "v1", "v2", "w1")
		}, checkpoint.ErrBadCheckpoint},
		{"fewer than a quorum of the old set", func(r *checkpoint.Receipt) {
			r.Changes[0].Proof = h.proof(at, 3, w.Set, "v1", "v2")
		}, checkpoint.ErrNoQuorum},
		{"a header that names another set", func(r *checkpoint.Receipt) {
			r.Changes[0].Proof = h.proof(0, 3, w.Set, all...)
		}, checkpoint.ErrBadReceipt},
		{"a payment instead of a header", func(r *checkpoint.Receipt) {
			r.Changes[0].Proof = h.proof(1, 3, w.Set, all...)
		}, checkpoint.ErrBadReceipt},
		{"a change that changes nothing", func(r *checkpoint.Receipt) {
			r.Changes = append([]checkpoint.SetChange{{Proof: h.proof(0, 3, w.Set, all...), Set: w.Set}}, r.Changes...)
		}, checkpoint.ErrBadReceipt},
		{"the same change twice", func(r *checkpoint.Receipt) { r.Changes = append(r.Changes, r.Changes[0]) }, checkpoint.ErrBadCheckpoint},
		{"cosigned by the new set before it came", func(r *checkpoint.Receipt) {
			r.Proof = h.proof(1, 2, set, "v1", "v2", "w1")
		}, checkpoint.ErrBadReceipt},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := good
			r.Changes = slices.Clone(good.Changes)
			row.mutate(&r)
			if _, err := verifyBytes(encodeReceipt(t, r), w.Genesis.Trust()); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
	t.Run("back in the old set, in the wrong order", func(t *testing.T) {
		back := checkpoint.SetChange{Proof: h.proof(0, 5, set, "v1", "v2", "w1"), Set: w.Set}
		r := checkpoint.Receipt{Proof: h.proof(3, 5, w.Set, all...), Changes: []checkpoint.SetChange{change, back}}
		if _, err := verifyBytes(encodeReceipt(t, r), w.Genesis.Trust()); !errors.Is(err, checkpoint.ErrBadReceipt) {
			t.Errorf("got %v, want ErrBadReceipt", err)
		}
	})
}

func TestReceiptCode(t *testing.T) {
	for _, row := range []struct {
		hash [32]byte
		want string
	}{
		{[32]byte{}, "00000000"},
		{[32]byte{0xff, 0xff, 0xff, 0xff, 0xff}, "ZZZZZZZZ"},
		{[32]byte{0, 0, 0, 0, 0, 0xff}, "00000000"}, // 40 bits and no more
		{[32]byte{0b00001_000, 0b10_00011_0, 0b0100_0010, 0b1_00110_00, 0b111_01000}, "12345678"},
		{[32]byte{0b10000_100, 0b01_10010_1, 0b0011_1010, 0b0_10101_10, 0b110_10111}, "GHJKMNPQ"},
	} {
		if got := checkpoint.ReceiptCode(row.hash); got != row.want {
			t.Errorf("%x is %s, want %s", row.hash[:6], got, row.want)
		}
	}
}

func FuzzParseReceipt(f *testing.F) {
	h, r := receipt(f)
	raw, err := r.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	r.Changes = []checkpoint.SetChange{{Proof: r.Proof, Set: h.world.Set}}
	raw, err = r.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := checkpoint.ParseReceipt(raw)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("receipt\n%x\nencodes again as\n%x, %v", raw, again, err)
		}
		_, _ = r.Verify(h.world.Genesis.Trust()) // must not panic
	})
}

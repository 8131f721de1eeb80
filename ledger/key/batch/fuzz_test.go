package batch

import (
	"slices"
	"testing"

	"github.com/umoja-ledger/umoja/ledger/key"
)

// FuzzVerifyBatch makes slices of valid items, changed ones and bytes of its own, and holds every verdict to single
// verification by btcec. Each five bytes are an item: which valid one, what to change, where, and by what; a change of 255 takes the
// next 128 bytes as they are.
func FuzzVerifyBatch(f *testing.F) {
	valid := signed(f, 8, 3)
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 4, 2, 9, 7, 0, 4, 2, 9, 7, 0})
	f.Add([]byte{0, 3, 0, 0, 5, 1, 3, 0, 1, 5, 2, 4, 0, 0, 0, 3, 5, 0, 0, 0, 4, 6, 0, 0, 2, 5, 7, 0, 0, 0})
	raw := slices.Concat([]byte{0, 255, 0, 0, 0}, valid[1].Key[:], valid[1].Digest[:], valid[1].Signature[:], []byte{2, 0, 0, 0, 0, 7, 8, 0, 0, 0})
	f.Add(raw)
	v := NewVerifier()
	f.Fuzz(func(t *testing.T, program []byte) {
		const most = 12
		var items []Item
		for len(program) >= 5 && len(items) < most {
			step := program[:5]
			program = program[5:]
			item := valid[int(step[0])%len(valid)]
			if step[1] == 255 {
				if len(program) < 128 {
					break
				}
				item = itemOf(program[:128])
				program = program[128:]
			} else {
				item = changed(item, step, valid, items)
			}
			items = append(items, item)
		}
		want := reference(items)
		if got := v.Verify(items); !slices.Equal(got, want) {
			t.Fatalf("bad are %v, btcec says %v, of %x", got, want, items)
		}
		slices.Reverse(items)
		for i := range want {
			want[i] = len(items) - 1 - want[i]
		}
		slices.Reverse(want)
		if got := v.Verify(items); !slices.Equal(got, want) {
			t.Fatalf("in another order: bad are %v, btcec says %v, of %x", got, want, items)
		}
	})
}

// changed does what the second byte of a step says; 0 is nothing.
func changed(item Item, step []byte, valid, before []Item) Item {
	where, what, other := int(step[2]), step[3], valid[int(step[4])%len(valid)]
	switch step[1] % 10 {
	case 1:
		item.Signature[where%64] ^= what
	case 2:
		item.Digest[where%32] ^= what
	case 3:
		copy(item.Signature[32:], other.Signature[32:])
	case 4:
		negate(&item)
	case 5:
		item.Key = other.Key
	case 6:
		copy(item.Signature[:32], other.Signature[:32])
	case 7:
		item.Digest = other.Digest
	case 8:
		if len(before) > 0 {
			item = before[where%len(before)]
		}
	case 9:
		item.Key = key.Public{}
		item.Key[31] = what // Small x: half of them are points.
	}
	return item
}

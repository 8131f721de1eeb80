package compact

import (
	"strings"
	"testing"
)

// gsm7 is the default alphabet of 3GPP TS 23.038 6.2.1 by code; 1b, the escape, stands as \x1b.
const gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// TestAlphabet: 45 letters of one septet each, at the same code in ASCII, none of them white space.
func TestAlphabet(t *testing.T) {
	table := []rune(gsm7)
	if len(table) != 128 {
		t.Fatalf("the table has %d letters", len(table))
	}
	if len(alphabet) != 45 {
		t.Errorf("%d letters", len(alphabet))
	}
	for i := range len(alphabet) {
		c := alphabet[i]
		if table[c] != rune(c) {
			t.Errorf("%q is %q in GSM-7", c, table[c])
		}
		if strings.IndexByte(alphabet, c) != i || letterValue[c] != byte(i) {
			t.Errorf("%q stands twice or is white space", c)
		}
	}
}

// TestChecksumSeesEveryGroup proves for every message, not for samples, that any change within one group of three letters is
// found. A CRC is linear: changing bits changes it by the XOR of what each bit alone changes. If those of a group's 16
// bits are independent, no choice of them cancels out.
func TestChecksumSeesEveryGroup(t *testing.T) {
	var zeros [checksumAt]byte
	for at := 0; at < checksumAt; at += 2 {
		var basis [16]uint16 // basis[i] has i as its highest bit
		rank := 0
		for bit := range 16 {
			data := zeros
			data[at+bit/8] ^= 0x80 >> (bit % 8)
			change := crc16(data[:]) ^ crc16(zeros[:])
			for i := 15; i >= 0 && change != 0; i-- {
				if change>>i&1 == 0 {
					continue
				}
				if basis[i] == 0 {
					basis[i] = change
					rank++
					break
				}
				change ^= basis[i]
			}
		}
		if rank != 16 {
			t.Errorf("bytes %d and %d: rank %d, so some change cancels out", at, at+1, rank)
		}
	}
	// The last group is the checksum itself: any change of it alone is found by comparing. No group straddles the two.
	if checksumAt%2 != 0 || messageBytes != checksumAt+2 {
		t.Error("the checksum is not the last group")
	}
}

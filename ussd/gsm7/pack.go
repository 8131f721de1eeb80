package gsm7

import "fmt"

// Pack puts septets into octets, eight in seven, the lowest bits first (TS 23.038, 6.1.2.1). Spare bits are zero.
// Values above 127 lose their top bit; Encode makes none.
func Pack(septets []byte) []byte {
	octets := make([]byte, 0, (len(septets)*7+7)/8)
	var held uint16
	bits := uint(0)
	for _, septet := range septets {
		held |= uint16(septet&0x7F) << bits
		bits += 7
		if bits >= 8 {
			octets = append(octets, byte(held))
			held >>= 8
			bits -= 8
		}
	}
	if bits > 0 {
		octets = append(octets, byte(held))
	}
	return octets
}

// Unpack takes count septets out of octets. The count travels beside the octets, because seven spare bits and an "@"
// are the same.
func Unpack(octets []byte, count int) ([]byte, error) {
	if count < 0 || len(octets) != (count*7+7)/8 {
		return nil, fmt.Errorf("%w: %d octets do not hold %d septets", ErrMalformed, len(octets), count)
	}
	septets := make([]byte, 0, count)
	var held uint16
	bits := uint(0)
	for _, octet := range octets {
		held |= uint16(octet) << bits
		bits += 8
		for bits >= 7 && len(septets) < count {
			septets = append(septets, byte(held&0x7F))
			held >>= 7
			bits -= 7
		}
	}
	if held != 0 {
		return nil, fmt.Errorf("%w: spare bits are not zero", ErrMalformed)
	}
	return septets, nil
}

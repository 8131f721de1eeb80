package compact

import "fmt"

// Letters is how many letters a message has, always.
const Letters = messageBytes / 2 * 3

// maxTextBytes bounds what Parse looks at: the letters, and room for white space of five bytes after each.
const maxTextBytes = 1024

// alphabet has one septet of GSM-7 for each letter, at its code in ASCII, and no white space.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ=,%*+-./:"

const (
	whiteSpace = 0xfe // in letterValue: to be skipped
	noLetter   = 0xff // in letterValue: refused
)

// letterValue gives each byte's place in the alphabet.
var letterValue = func() (values [256]byte) {
	for i := range values {
		values[i] = noLetter
	}
	for _, c := range []byte(" \t\r\n") {
		values[c] = whiteSpace
	}
	for i, c := range []byte(alphabet) {
		values[c] = byte(i)
		if 'A' <= c && c <= 'Z' {
			values[c-'A'+'a'] = byte(i)
		}
	}
	return values
}()

// writeLetters writes each two bytes as three letters, the least first (RFC 9285).
func writeLetters(raw [messageBytes]byte) string {
	text := make([]byte, 0, Letters)
	for i := 0; i < len(raw); i += 2 {
		n := uint32(raw[i])<<8 | uint32(raw[i+1])
		text = append(text, alphabet[n%45], alphabet[n/45%45], alphabet[n/45/45])
	}
	return string(text)
}

// readLetters is the inverse, past white space and for either case.
func readLetters(text string) (raw [messageBytes]byte, err error) {
	if len(text) > maxTextBytes {
		return raw, fmt.Errorf("text is %d bytes, above %d: %w", len(text), maxTextBytes, ErrText)
	}
	var values [Letters]uint32
	found := 0
	for i := range len(text) {
		v := letterValue[text[i]]
		switch {
		case v == whiteSpace:
			continue
		case v == noLetter:
			return raw, fmt.Errorf("letter %d is not of the alphabet: %w", found+1, ErrText)
		case found < Letters:
			values[found] = uint32(v)
		}
		found++
	}
	if found != Letters {
		return raw, fmt.Errorf("%d letters, not %d: %w", found, Letters, ErrText)
	}
	for i := 0; i < len(raw); i += 2 {
		at := i / 2 * 3
		n := values[at] + 45*values[at+1] + 45*45*values[at+2]
		if n > 0xffff {
			return raw, fmt.Errorf("letters %d to %d stand for no two bytes: %w", at+1, at+3, ErrText)
		}
		raw[i], raw[i+1] = byte(n>>8), byte(n)
	}
	return raw, nil
}

// crc16 is CRC-16/IBM-3740 (CCITT): polynomial x^16 + x^12 + x^5 + 1, first value ffff. It finds every change within 16
// adjacent bits, so within three letters, and every change of up to three bits.
func crc16(data []byte) uint16 {
	crc := uint16(0xffff)
	for _, b := range data {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

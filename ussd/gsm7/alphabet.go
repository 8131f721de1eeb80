package gsm7

// escape is the septet that announces one from the extension table.
const escape = 0x1B

// basic is the default alphabet, in order of code. The place of the escape holds a rune that is never matched.
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\uFFFFÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// extension is the second table: each character is sent as the escape and this code.
var extension = [...]struct {
	char rune
	code byte
}{
	{'\f', 0x0A}, {'^', 0x14}, {'{', 0x28}, {'}', 0x29}, {'\\', 0x2F},
	{'[', 0x3C}, {'~', 0x3D}, {']', 0x3E}, {'|', 0x40}, {'€', 0x65},
}

// code is what one character becomes.
type code struct {
	septet   byte
	extended bool
}

var (
	codes          = make(map[rune]code, 138)
	basicRunes     [128]rune
	extensionRunes [128]rune
	noRune         rune = '\uFFFF'
)

func init() {
	septet := byte(0)
	for _, char := range basic {
		basicRunes[septet] = char
		if char != noRune {
			codes[char] = code{septet: septet}
		}
		septet++
	}
	for i := range extensionRunes {
		extensionRunes[i] = noRune
	}
	for _, e := range extension {
		extensionRunes[e.code] = e.char
		codes[e.char] = code{septet: e.code, extended: true}
	}
}

package custody

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/umoja-ledger/umoja/ledger/key"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// header is the first line of what a sealed file holds. A line for each secret follows, in this order:
//
//	umoja-keys/v1
//	grant umojasecret1…
//	alias 64 hexadecimal digits
//	pepper 64 hexadecimal digits    (the newest first)
const header = "umoja-keys/v1"

// text writes the secrets for a sealed file.
func (s *secrets) text() string {
	lines := []string{header, "grant " + s.grant.Text(), "alias " + s.alias.Text()}
	for _, p := range s.peppers {
		lines = append(lines, "pepper "+pepperText(p))
	}
	return strings.Join(lines, "\n") + "\n"
}

// parseSecrets takes only what text writes. Errors name lines, never what stands there.
func parseSecrets(text string) (*secrets, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 5 || lines[0] != header || lines[len(lines)-1] != "" {
		return nil, fmt.Errorf("%w: not %s", ErrContent, header)
	}
	var s secrets
	var err error
	grant, ok := strings.CutPrefix(lines[1], "grant ")
	if s.grant, err = key.ParsePrivate(grant); !ok || err != nil {
		return nil, fmt.Errorf("%w: line 2: no grant key", ErrContent)
	}
	alias, ok := strings.CutPrefix(lines[2], "alias ")
	if s.alias, err = key.ParseAliasKey(alias); !ok || err != nil {
		return nil, fmt.Errorf("%w: line 3: no alias key", ErrContent)
	}
	var peppers []string
	for i, line := range lines[3 : len(lines)-1] {
		pepper, ok := strings.CutPrefix(line, "pepper ")
		if !ok {
			return nil, fmt.Errorf("%w: line %d: no pepper", ErrContent, 4+i)
		}
		peppers = append(peppers, pepper)
	}
	if s.peppers, err = parsePeppers(peppers); err != nil {
		return nil, err
	}
	if s.text() != text {
		return nil, fmt.Errorf("%w: letters of another case", ErrContent)
	}
	return &s, nil
}

func pepperText(p Pepper) string {
	secret := p.Reveal()
	return hex.EncodeToString(secret[:])
}

// parsePeppers reads peppers, the newest first.
func parsePeppers(texts []string) ([]Pepper, error) {
	if len(texts) == 0 || len(texts) > pin.MaxPeppers {
		return nil, fmt.Errorf("%w: %d peppers, not 1 to %d", ErrContent, len(texts), pin.MaxPeppers)
	}
	peppers := make([]Pepper, 0, len(texts))
	for i, text := range texts {
		raw, err := hex.DecodeString(text)
		if err != nil || len(raw) != 32 || [32]byte(raw) == [32]byte{} {
			return nil, fmt.Errorf("%w: pepper %d is not 64 hexadecimal digits", ErrContent, i+1)
		}
		p := NewPepper([32]byte(raw))
		if place(peppers, p.ID()) >= 0 {
			return nil, fmt.Errorf("%w: pepper %d is there twice", ErrContent, i+1)
		}
		peppers = append(peppers, p)
	}
	return peppers, nil
}

// place is where in the list a pepper is, or -1.
func place(peppers []Pepper, id pin.PepperID) int {
	return slices.IndexFunc(peppers, func(p Pepper) bool { return p.ID() == id })
}

// newPepper makes one.
func newPepper(rand io.Reader) (Pepper, error) {
	var secret [32]byte
	if _, err := io.ReadFull(rand, secret[:]); err != nil {
		return Pepper{}, fmt.Errorf("make pepper: %w", err)
	}
	return NewPepper(secret), nil
}

// rotated puts a new pepper before the others.
func rotated(peppers []Pepper, rand io.Reader) ([]Pepper, error) {
	if len(peppers) >= pin.MaxPeppers {
		return nil, fmt.Errorf("%w: there are %d; retire one that no record is left of", ErrPeppers, len(peppers))
	}
	p, err := newPepper(rand)
	if err != nil {
		return nil, err
	}
	if p.Reveal() == [32]byte{} || place(peppers, p.ID()) >= 0 {
		return nil, fmt.Errorf("%w: the source of randomness repeats itself", ErrPeppers)
	}
	return append([]Pepper{p}, peppers...), nil
}

// retired drops an old pepper.
func retired(peppers []Pepper, id pin.PepperID) ([]Pepper, error) {
	switch at := place(peppers, id); at {
	case -1:
		return nil, fmt.Errorf("%w: there is no %s", ErrPeppers, id)
	case 0:
		return nil, fmt.Errorf("%w: %s is the newest, which records are made under", ErrPeppers, id)
	default:
		return slices.Delete(slices.Clone(peppers), at, at+1), nil
	}
}

package gsm7

import "fmt"

const (
	// SinglePart is what an SMS of one part holds.
	SinglePart = 160
	// ConcatenatedPart is what each part of a longer SMS holds: the header of concatenation takes seven septets.
	ConcatenatedPart = 153
	// MaxParts is how many parts the header of concatenation can count.
	MaxParts = 255
)

// Split cuts text into the parts of an SMS: one of at most 160 septets, or several of at most 153. A character of the
// extension table is never cut in two. Joined, the parts are the text.
func Split(text string) ([]string, error) {
	count, ok := Septets(text)
	if !ok {
		return nil, fmt.Errorf("split text: %w", ErrUnrepresentable)
	}
	if count <= SinglePart {
		return []string{text}, nil
	}
	var parts []string
	start, count := 0, 0
	for i, char := range text {
		cost := 1
		if codes[char].extended {
			cost = 2
		}
		if count+cost > ConcatenatedPart {
			parts = append(parts, text[start:i])
			start, count = i, 0
		}
		count += cost
	}
	parts = append(parts, text[start:])
	if len(parts) > MaxParts {
		return nil, fmt.Errorf("split text: %d parts, the most is %d", len(parts), MaxParts)
	}
	return parts, nil
}

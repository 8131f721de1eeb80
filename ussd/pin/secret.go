package pin

import "log/slog"

const redacted = "redacted"

// Secret is text that may hold a PIN. Only Reveal shows it.
type Secret struct {
	// text is behind a pointer, because fmt prints unexported fields of a struct around this one as they are.
	text *string
}

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal shows the text. Its callers are the places to look at when a PIN leaks.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String hides the text from fmt.
func (s Secret) String() string { return redacted }

// GoString hides the text from %#v.
func (s Secret) GoString() string { return redacted }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the text from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the text from every other encoder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

package peer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// Decode reads one JSON object into the places of its names. A name that is not asked for, one that is there twice, null, and anything
// behind the object are refused; a name that is missing leaves its place as it was.
func Decode(raw []byte, into map[string]any) error {
	if !utf8.Valid(raw) {
		return fmt.Errorf("body is not UTF-8: %w", ErrForm)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("body is not a JSON object: %w", ErrForm)
	}
	seen := make(map[string]bool, len(into))
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return fmt.Errorf("body is not a JSON object: %w", ErrForm)
		}
		place, known := into[name]
		switch {
		case !known:
			return fmt.Errorf("an unknown name: %w", ErrForm)
		case seen[name]:
			return fmt.Errorf("%s is there twice: %w", name, ErrForm)
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil || bytes.Equal(value, []byte("null")) {
			return fmt.Errorf("%s has no value: %w", name, ErrForm)
		}
		// The decoder's own words repeat the value.
		if err := json.Unmarshal(value, place); err != nil {
			return fmt.Errorf("%s has a value of another kind: %w", name, ErrForm)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("body is not a JSON object: %w", ErrForm)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something stands behind the object: %w", ErrForm)
	}
	return nil
}

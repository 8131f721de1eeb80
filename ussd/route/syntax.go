package route

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Syntax says what of a TOML file cannot be read, and where, and never what stands there, which may be a secret.
func Syntax(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		line, _ := strict.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s", line, strings.Join(strict.Errors[0].Key(), "."))
	}
	var decoding *toml.DecodeError
	if errors.As(err, &decoding) {
		line, _ := decoding.Position()
		if name := strings.Join(decoding.Key(), "."); name != "" {
			return fmt.Errorf("line %d: %s has a value of another kind", line, name)
		}
		return fmt.Errorf("line %d: not TOML", line)
	}
	return errors.New("not TOML")
}

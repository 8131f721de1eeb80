package pin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
)

// The cost of argon2id: OWASP's minimum. It is written into each record, so that it can be raised later.
const (
	memoryKiB   = 19 * 1024
	iterations  = 2
	parallelism = 1
	saltBytes   = 16
	hashBytes   = 32
)

// prefix is how a record with these costs begins (the PHC string form). The form's keyid follows.
const (
	prefix = "$argon2id$v=19$m=19456,t=2,p=1"
	keyID  = ",keyid="
)

// ErrRecord means that a stored record is not one that a Hasher made.
var ErrRecord = errors.New("pin: record is malformed")

// Record is what is stored of a PIN, in the PHC string form, with the id of the pepper as its keyid. It is no PIN, but it has
// no place in a log either, and slog shows "redacted".
type Record string

// LogValue hides the record from slog.
func (r Record) LogValue() slog.Value { return slog.StringValue(redacted) }

// Pepper names the pepper that the record was made under; false if the record is malformed, or from before records named one.
func (r Record) Pepper() (PepperID, bool) {
	parts, err := r.parse()
	if err != nil || !parts.named {
		return PepperID{}, false
	}
	return parts.pepper, true
}

// parts are those of a record.
type parts struct {
	pepper PepperID
	// named is false for a record from before there could be a second pepper.
	named      bool
	salt, hash []byte
}

func (p parts) record() Record {
	encoding := base64.RawStdEncoding
	id := ""
	if p.named {
		id = keyID + encoding.EncodeToString(p.pepper[:])
	}
	return Record(prefix + id + "$" + encoding.EncodeToString(p.salt) + "$" + encoding.EncodeToString(p.hash))
}

// parse takes only what record writes.
func (r Record) parse() (p parts, err error) {
	rest, ok := strings.CutPrefix(string(r), prefix)
	if !ok {
		return parts{}, ErrRecord
	}
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return parts{}, ErrRecord
	}
	encoding := base64.RawStdEncoding.Strict()
	if fields[0] != "" {
		text, ok := strings.CutPrefix(fields[0], keyID)
		id, err := encoding.DecodeString(text)
		if !ok || err != nil || len(id) != len(p.pepper) {
			return parts{}, ErrRecord
		}
		p.pepper, p.named = PepperID(id), true
	}
	if p.salt, err = encoding.DecodeString(fields[1]); err != nil || len(p.salt) != saltBytes {
		return parts{}, ErrRecord
	}
	if p.hash, err = encoding.DecodeString(fields[2]); err != nil || len(p.hash) != hashBytes {
		return parts{}, ErrRecord
	}
	if p.record() != r {
		return parts{}, ErrRecord // The decoder skips line breaks.
	}
	return p, nil
}

// Fingerprint names the record without saying anything of it: another record, of the same PIN too, has another.
func (r Record) Fingerprint() string {
	sum := sha256.Sum256([]byte("umoja/pin-record/v1\x00" + string(r)))
	return hex.EncodeToString(sum[:8])
}

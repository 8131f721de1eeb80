package carrier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/umoja-ledger/umoja/ussd"
)

const (
	// MaxForm bounds a form or query, MaxObject a JSON body, which can hold a hundred reports.
	MaxForm   = 8 << 10
	MaxObject = 256 << 10
	// maxFields bounds the fields of a form.
	maxFields = 64
)

// refusal is an error for the carrier's eyes, and the status it is answered with.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// Malformed is an error that Finish answers with 400.
func Malformed(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Values are the fields of a form or query.
type Values map[string]string

// Form reads the fields of a POST's body.
func Form(w http.ResponseWriter, r *http.Request) (Values, error) {
	body, err := post(w, r, "application/x-www-form-urlencoded", MaxForm)
	if err != nil {
		return nil, err
	}
	return ParseValues(string(body))
}

// Query reads the fields of a GET's query.
func Query(r *http.Request) (Values, error) {
	if r.Method != http.MethodGet {
		return nil, &refusal{http.StatusMethodNotAllowed, "this address takes GET"}
	}
	return ParseValues(r.URL.RawQuery)
}

// Object reads the JSON object of a POST's body into target. Keys that target has no place for are left out.
func Object(w http.ResponseWriter, r *http.Request, target any) error {
	body, err := post(w, r, "application/json", MaxObject)
	if err != nil {
		return err
	}
	return ParseObject(body, target)
}

// Body reads the body of a POST, whatever it is.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) { return post(w, r, "", MaxForm) }

func post(w http.ResponseWriter, r *http.Request, media string, limit int64) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, &refusal{http.StatusMethodNotAllowed, "this address takes POST"}
	}
	if media != "" {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != media {
			return nil, &refusal{http.StatusUnsupportedMediaType, "the body has to be " + media}
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", limit)}
	}
	if err != nil {
		return nil, Malformed("the body ended early")
	}
	return body, nil
}

// ParseValues takes an encoded form apart. Values are bytes; Text is what checks them.
func ParseValues(text string) (Values, error) {
	if len(text) > MaxForm || strings.Count(text, "&") >= maxFields {
		return nil, Malformed("the form has more than %d bytes or %d fields", MaxForm, maxFields)
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, Malformed("this is not a form")
	}
	values := make(Values, len(form))
	for name, each := range form {
		if len(each) > 1 {
			return nil, Malformed("%s is there %d times", shown(name), len(each))
		}
		values[name] = each[0]
	}
	return values, nil
}

// plain is what a name that is shown in an error looks like.
var plain = regexp.MustCompile(`^[A-Za-z_-]{1,32}$`)

// shown is the name of a field for an error, which must not repeat what somebody made up.
func shown(name string) string {
	if !plain.MatchString(name) {
		return "a field"
	}
	return name
}

// Text returns a field, which may be missing or empty only if it is optional.
func (v Values) Text(name string, limit int, optional bool) (string, error) {
	text, there := v[name]
	switch {
	case optional && text == "":
		return "", nil
	case !there:
		return "", Malformed("%s is missing", name)
	}
	return CheckText(name, text, limit, optional)
}

// CheckText refuses a text that is empty and should not be, too long, or not UTF-8.
func CheckText(name, text string, limit int, optional bool) (string, error) {
	switch {
	case text == "" && !optional:
		return "", Malformed("%s is empty", name)
	case len(text) > limit:
		return "", Malformed("%s has more than %d bytes", name, limit)
	case !utf8.ValidString(text):
		return "", Malformed("%s is not UTF-8", name)
	}
	return text, nil
}

// Phone reads a number with its country's code, with a plus before it, a plus that arrived as a space, or none. The second result is
// false for a sender that is no number but a name or a short code: nobody can be answered there.
func Phone(text string) (ussd.Phone, bool) {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "+"), " ")
	phone, err := ussd.ParsePhone("+" + digits)
	return phone, err == nil
}

// ParseObject decodes one JSON object. It refuses a key that is there twice in one object, also when the two differ in their capitals only: readers
// take such a pair for different things.
func ParseObject(body []byte, target any) error {
	if !utf8.Valid(body) {
		return Malformed("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	first, err := d.Token()
	if err != nil || first != json.Delim('{') {
		return Malformed("the body is not a JSON object")
	}
	if err := single(d, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Malformed("something stands behind the JSON object")
	}
	if err := json.Unmarshal(body, target); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return Malformed("%s has another type", kind.Field)
		}
		return Malformed("the body is not JSON")
	}
	return nil
}

// maxDepth bounds how deep objects and arrays may lie in each other.
const maxDepth = 16

// single reads to the end of the object that was opened, and of all within.
func single(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return Malformed("the JSON is deeper than %d", maxDepth)
	}
	seen := make(map[string]bool)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return Malformed("the body is not JSON")
		}
		name, _ := key.(string)
		same := strings.Map(folded, name)
		if seen[same] {
			return Malformed("%s is there twice", shown(name))
		}
		seen[same] = true
		if err := value(d, depth); err != nil {
			return err
		}
	}
	return closing(d)
}

// folded is the same for letters that encoding/json takes for the same in a key.
func folded(char rune) rune {
	least := char
	for other := unicode.SimpleFold(char); other != char; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// value reads one value.
func value(d *json.Decoder, depth int) error {
	token, err := d.Token()
	switch {
	case err != nil:
		return Malformed("the body is not JSON")
	case token == json.Delim('{'):
		return single(d, depth+1)
	case token != json.Delim('['):
		return nil
	case depth+1 > maxDepth:
		return Malformed("the JSON is deeper than %d", maxDepth)
	}
	for d.More() {
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	return closing(d)
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return Malformed("the body is not JSON")
	}
	return nil
}

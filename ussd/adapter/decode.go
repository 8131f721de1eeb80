package adapter

import (
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// value is a field's as it was sent.
type value struct {
	text string
	kind valueKind
}

type valueKind int

const (
	textValue valueKind = iota
	numberValue
	boolValue
	nullValue
	// otherValue is an array or an object where none is known.
	otherValue
)

// message is a decoded request: every field once.
type message map[string]value

// maxFields bounds the fields of a message.
const maxFields = 64

// decode reads a request's fields. It looks at method, media type and size first.
func (d *Dialect) decode(w http.ResponseWriter, r *http.Request) (message, error) {
	if d.Encoding == Query {
		if len(r.URL.RawQuery) > MaxBody {
			return nil, refuse(http.StatusRequestURITooLong, "the query has more than %d bytes", MaxBody)
		}
		return d.decodeForm(r.URL.RawQuery, "query")
	}
	media := map[Encoding]string{Form: "application/x-www-form-urlencoded", JSON: "application/json"}[d.Encoding]
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != media {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body has to be %s", media)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return nil, refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", MaxBody)
		}
		return nil, malformed("the body ended early")
	}
	if d.Encoding == JSON {
		return d.decodeJSON(body)
	}
	return d.decodeForm(string(body), "body")
}

func (d *Dialect) decodeForm(text, where string) (message, error) {
	if strings.Count(text, "&") >= maxFields {
		return nil, malformed("the %s has more than %d fields", where, maxFields)
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed("the %s is not a form", where)
	}
	m := make(message, len(form))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := form[name]
		if len(values) > 1 {
			return nil, malformed("%s is there %d times", d.known(name), len(values))
		}
		if !utf8.ValidString(values[0]) {
			return nil, malformed("%s is not UTF-8", d.known(name))
		}
		m[name] = value{text: values[0]}
	}
	return m, nil
}

// known is the name of a field for an error, which must not repeat what somebody made up.
func (d *Dialect) known(name string) string {
	fields := append(d.Fields.all(), d.Stage.Field)
	if d.Notice != nil {
		fields = append(fields, d.Notice.Fields.all()...)
	}
	fields = append(fields, Field{Name: d.QueryLogin.User, Also: d.QueryLogin.Password})
	if slices.ContainsFunc(fields, func(f Field) bool { return name != "" && (f.Name == name || f.Also == name) }) {
		return name
	}
	return "a field that is not used"
}

// take gives a field's value after its checks. ended is for messages that end a session: they need their session only.
func (m message) take(f Field, ended bool) (value, error) {
	if f.Name == "" {
		return value{}, nil
	}
	v, there := m[f.Name]
	if other, also := m[f.Also]; also && f.Also != "" {
		if there {
			return value{}, malformed("%s is there 2 times", f.Name)
		}
		v, there = other, true
	}
	need := f.Need
	if ended {
		need = Optional
	}
	if v.kind == nullValue {
		v, there = value{}, there && need == There
	}
	switch {
	case !there && need == Optional:
		return value{}, nil
	case !there:
		return value{}, malformed("%s is missing", f.Name)
	case v.text == "" && need == Filled && v.kind == textValue:
		return value{}, malformed("%s is empty", f.Name)
	case f.Kind == Bool && v.kind != boolValue:
		return value{}, malformed("%s is neither true nor false", f.Name)
	case f.Kind == Text && v.kind != textValue:
		return value{}, malformed("%s is not text", f.Name)
	case f.Kind == Number && v.kind != textValue && v.kind != numberValue:
		return value{}, malformed("%s is neither text nor a number", f.Name)
	case f.Max > 0 && len(v.text) > f.Max:
		return value{}, malformed("%s has more than %d bytes", f.Name, f.Max)
	}
	return v, nil
}

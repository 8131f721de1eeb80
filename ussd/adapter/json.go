package adapter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays of a request lie in each other.
const maxDepth = 4

var errNotJSON = errors.New("the body is not one JSON object")

// decodeJSON flattens an object: payload.response is the member response of the member payload. A member that is there twice
// is refused, whatever its name, because two readers of it could differ.
func (d *Dialect) decodeJSON(body []byte) (message, error) {
	if !utf8.Valid(body) {
		return nil, malformed("the body is not UTF-8")
	}
	f := flattener{decoder: json.NewDecoder(bytes.NewReader(body)), known: d.known, into: message{}}
	f.decoder.UseNumber()
	if token, err := f.decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, malformed("%v", errNotJSON)
	}
	if err := f.object("", 1); err != nil {
		return nil, err
	}
	if _, err := f.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("%v", errNotJSON)
	}
	return f.into, nil
}

type flattener struct {
	decoder *json.Decoder
	known   func(string) string
	into    message
	// count is of members and elements.
	count int
}

// enter counts one more member or element.
func (f *flattener) enter(depth int) error {
	f.count++
	if f.count > maxFields {
		return malformed("the body has more than %d members", maxFields)
	}
	if depth > maxDepth {
		return malformed("the body is nested deeper than %d", maxDepth)
	}
	return nil
}

// object reads members up to the closing brace.
func (f *flattener) object(prefix string, depth int) error {
	for f.decoder.More() {
		if err := f.enter(depth); err != nil {
			return err
		}
		token, err := f.decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return malformed("%v", errNotJSON)
		}
		// A dot in a name is not the one between two names.
		name = prefix + strings.ReplaceAll(name, ".", "\x00")
		if _, twice := f.into[name]; twice {
			return malformed("%s is there 2 times", f.known(name))
		}
		f.into[name] = value{kind: otherValue}
		v, err := f.value(name+".", depth)
		if err != nil {
			return err
		}
		f.into[name] = v
	}
	return f.end()
}

// array passes over elements up to the closing bracket: no dialect reads any.
func (f *flattener) array(depth int) error {
	for f.decoder.More() {
		if err := f.enter(depth); err != nil {
			return err
		}
		inner := flattener{decoder: f.decoder, known: f.known, into: message{}, count: f.count}
		if _, err := inner.value("", depth); err != nil {
			return err
		}
		f.count = inner.count
	}
	return f.end()
}

func (f *flattener) end() error {
	if _, err := f.decoder.Token(); err != nil {
		return malformed("%v", errNotJSON)
	}
	return nil
}

func (f *flattener) value(prefix string, depth int) (value, error) {
	token, err := f.decoder.Token()
	if err != nil {
		return value{}, malformed("%v", errNotJSON)
	}
	switch v := token.(type) {
	case string:
		return value{text: v}, nil
	case json.Number:
		return value{text: v.String(), kind: numberValue}, nil
	case bool:
		text := "false"
		if v {
			text = "true"
		}
		return value{text: text, kind: boolValue}, nil
	case json.Delim:
		if v == '{' {
			return value{kind: otherValue}, f.object(prefix, depth+1)
		}
		return value{kind: otherValue}, f.array(depth + 1)
	}
	return value{kind: nullValue}, nil
}

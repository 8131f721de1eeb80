package adapter

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/umoja-ledger/umoja/ussd"
)

// Reply is how screens are written: members of an object, or the plain text with a prefix or with headers.
type Reply struct {
	// Open and Close stand before the text of a screen that waits, and of the last one.
	Open, Close string
	// Headers stand beside the text.
	Headers []Header
	// Members are those of a JSON object, in order.
	Members []Member
	// Ended answers the end of a session; without members the body is empty.
	Ended []Member
	// Status answers the question whether a session is open.
	Status []Member
	// Fault answers what is refused; without members it is a sentence.
	Fault []Member
	// FirstStaysOpen says that the aggregator closes no session at its first screen.
	FirstStaysOpen bool
}

// Header is one of a reply, with its value for a screen that waits and for the last one.
type Header struct{ Name, Open, Close string }

// Member is one of a reply's object. Make it with Shown, Echo, Either, IsOpen, IsClosed, Fixed, Whole or Object.
type Member struct {
	name    string
	from    source
	a, b    string
	members []Member
}

type source int

const (
	shown source = iota
	echo
	either
	isOpen
	isClosed
	fixed
	whole
	object
	statusCode
)

// Shown is a member with the screen's text, or with the reason of a refusal.
func Shown(name string) Member { return Member{name: name, from: shown} }

// Echo is a member that repeats a field of the request as it was sent.
func Echo(name, field string) Member { return Member{name: name, from: echo, a: field} }

// Either is a member with one text while the session waits and another one at its end.
func Either(name, open, closed string) Member {
	return Member{name: name, from: either, a: open, b: closed}
}

// IsOpen is a member that is true while the session waits.
func IsOpen(name string) Member { return Member{name: name, from: isOpen} }

// IsClosed is a member that is true at the end of the session.
func IsClosed(name string) Member { return Member{name: name, from: isClosed} }

// Fixed is a member with one text always.
func Fixed(name, text string) Member { return Member{name: name, from: fixed, a: text} }

// Whole is a member with one whole number always.
func Whole(name string, number int) Member {
	return Member{name: name, from: whole, a: strconv.Itoa(number)}
}

// StatusCode is a member with the number of the HTTP status.
func StatusCode(name string) Member { return Member{name: name, from: statusCode} }

// Object is a member with members.
func Object(name string, members ...Member) Member {
	return Member{name: name, from: object, members: members}
}

// answer is what a reply is made of.
type answer struct {
	status int
	text   string
	open   bool
	fields message
}

// screen writes a screen.
func (d *Dialect) screen(w http.ResponseWriter, reply ussd.Reply, fields message) {
	form, open := &d.Reply, !reply.End
	if form.Members != nil {
		writeJSON(w, form.Members, answer{status: http.StatusOK, text: reply.Text, open: open, fields: fields})
		return
	}
	text := form.Close + reply.Text
	if open {
		text = form.Open + reply.Text
	}
	for _, header := range form.Headers {
		value := header.Close
		if open {
			value = header.Open
		}
		w.Header().Set(header.Name, value)
	}
	// A space or line break at the beginning makes some aggregators end the session.
	plain(w, http.StatusOK, strings.TrimLeft(text, " \n"))
}

// fault writes a refusal.
func (d *Dialect) fault(w http.ResponseWriter, r *refusal) {
	switch r.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", strings.Join(d.Methods, ", "))
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="ussd"`)
	}
	if d.Reply.Fault != nil {
		writeJSON(w, d.Reply.Fault, answer{status: r.status, text: r.reason})
		return
	}
	plain(w, r.status, r.reason)
}

// plain answers in text/plain, without a line break at the end, which a phone would show.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // An aggregator that hung up asks again, or the person dials again.
}

func writeJSON(w http.ResponseWriter, members []Member, a answer) {
	var body bytes.Buffer
	a.object(&body, members)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = w.Write(body.Bytes()) // As in plain.
}

func (a *answer) object(out *bytes.Buffer, members []Member) {
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		writeText(out, m.name)
		out.WriteByte(':')
		a.member(out, m)
	}
	out.WriteByte('}')
}

func (a *answer) member(out *bytes.Buffer, m Member) {
	switch m.from {
	case shown:
		writeText(out, a.text)
	case echo:
		v := a.fields[m.a]
		if v.kind == numberValue || v.kind == boolValue {
			out.WriteString(v.text)
			return
		}
		writeText(out, v.text)
	case either:
		if a.open {
			writeText(out, m.a)
			return
		}
		writeText(out, m.b)
	case isOpen, isClosed:
		out.WriteString(strconv.FormatBool(a.open == (m.from == isOpen)))
	case fixed:
		writeText(out, m.a)
	case whole:
		out.WriteString(m.a)
	case statusCode:
		out.WriteString(strconv.Itoa(a.status))
	case object:
		a.object(out, m.members)
	}
}

// writeText writes a JSON string that leaves <, > and & as they are.
func writeText(out *bytes.Buffer, text string) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text)          // Neither a string nor a buffer fails.
	out.Truncate(out.Len() - 1) // The encoder's line break.
}

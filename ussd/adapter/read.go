package adapter

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// what a request is.
type what int

const (
	anAnswer what = iota
	aDial
	anEnd
	aStatus
)

// request is a message that was understood.
type request struct {
	what   what
	turn   ussd.Turn
	fields message
}

// understand makes a turn of a message, or what else it is.
func (h *Handler) understand(m message, notice bool, now time.Time) (request, error) {
	r := request{fields: m}
	fields := &h.dialect.Fields
	switch n := h.dialect.Notice; {
	case notice:
		fields, r.what = &n.Fields, anEnd
	case n != nil && n.Marker != "" && hasField(m, n.Marker):
		fields, r.what = &n.Fields, anEnd
	default:
		var err error
		if r.what, err = h.dialect.stage(m); err != nil {
			return request{}, err
		}
	}
	ended := r.what == anEnd
	taken := map[string]string{}
	for _, f := range fields.all() {
		v, err := m.take(f, ended && f.Name != fields.Session.Name)
		if err != nil {
			return request{}, err
		}
		taken[f.Name] = v.text
	}
	session := taken[fields.Session.Name]
	if !printable(session) {
		return request{}, malformed("%s has other than visible ASCII characters", fields.Session.Name)
	}
	r.turn = ussd.Turn{Aggregator: h.dialect.Name, SessionID: session, Screen: h.screen}
	if h.deadline > 0 {
		r.turn.Deadline = now.Add(h.deadline)
	}
	var err error
	if r.turn.Phone, err = h.dialect.phone(fields.Phone, taken[fields.Phone.Name], ended); err != nil {
		return request{}, err
	}
	code := ""
	if fields.Code.Name != "" {
		if code, err = h.told(fields.Code, taken[fields.Code.Name]); err != nil {
			return request{}, err
		}
	}
	if ended {
		return r, h.end(&r, code, now)
	}
	number := ""
	if fields.Request.Name != "" {
		number = taken[fields.Request.Name]
	}
	return r, h.read(&r, pin.NewSecret(taken[fields.Input.Name]), number, code, now)
}

// stage tells what a message is by the dialect's field for it.
func (d *Dialect) stage(m message) (what, error) {
	s := &d.Stage
	if s.Field.Name == "" {
		return anAnswer, nil
	}
	v, err := m.take(s.Field, false)
	if err != nil {
		return 0, err
	}
	is := func(values []string) bool {
		return slices.ContainsFunc(values, func(each string) bool { return strings.EqualFold(each, v.text) })
	}
	switch {
	case is(s.Dial):
		return aDial, nil
	case is(s.Answer):
		return anAnswer, nil
	case is(s.End):
		return anEnd, nil
	case is(s.Status):
		return aStatus, nil
	}
	return 0, malformed("%s is none of %s", s.Field.Name, strings.Join(slices.Concat(s.Dial, s.Answer, s.End), ", "))
}

// phone reads the number of a session. One that ends does not need it.
func (d *Dialect) phone(f Field, text string, ended bool) (ussd.Phone, error) {
	if text == "" && ended {
		return "", nil
	}
	// A plus that was not encoded arrives in forms as a space.
	digits := strings.Replace(text, " ", "+", 1)
	if !d.PlusSign {
		digits = "+" + strings.TrimPrefix(digits, "+")
	}
	phone, err := ussd.ParsePhone(digits)
	switch {
	case err != nil && d.PlusSign:
		return "", malformed("%s is not in E.164 form, such as +254700000000 (%%2B254700000000 in a form)", f.Name)
	case err != nil:
		return "", malformed("%s is not an international number, such as 254711000001", f.Name)
	}
	return phone, nil
}

// told is the service code of a request, bare. It has to be one that is served.
func (h *Handler) told(f Field, text string) (string, error) {
	code := bare(text)
	if text != "" && !printable(text) {
		return "", malformed("%s has other than visible ASCII characters", f.Name)
	}
	if len(h.codes) > 0 && code != "" && !slices.Contains(h.codes, code) {
		return "", malformed("%s is not served here", f.Name)
	}
	return code, nil
}

// end binds a message that ends a session and finds the number if the message does not tell it.
func (h *Handler) end(r *request, code string, now time.Time) error {
	b, err := h.sessions.bind(r.turn.SessionID, r.turn.Phone, code, now, func(b *bound) { b.ended = true })
	if err != nil {
		return err
	}
	r.turn.Phone, r.turn.ServiceCode = b.phone, h.full(b.code)
	return nil
}

// read takes input and code of a dial or an answer.
func (h *Handler) read(r *request, input pin.Secret, number, code string, now time.Time) error {
	d, turn := h.dialect, &r.turn
	if d.Cumulative {
		turn.Transcript = input
	} else {
		last := &ussd.LastInput{Input: input, Request: number}
		if !printable(number) && number != "" {
			return malformed("%s has other than visible ASCII characters", d.Fields.Request.Name)
		}
		if d.needsCode() {
			seen, known := h.sessions.get(turn.SessionID, now)
			if _, _, dialled := splitDial(input.Reveal(), h.codes); dialled && !(known && seen.answered) {
				r.what = aDial
			}
		}
		if last.First = r.what == aDial; last.First {
			behind, dialled, err := h.dialled(input.Reveal(), code)
			if err != nil {
				return err
			}
			last.Input = pin.NewSecret(behind)
			if code == "" {
				code = dialled
			}
		}
		turn.Last = last
	}
	b, err := h.sessions.bind(turn.SessionID, turn.Phone, code, now, func(b *bound) {
		b.answered, b.ended = b.answered || r.what != aDial, false
	})
	if err != nil {
		return err
	}
	turn.ServiceCode = h.full(b.code)
	return nil
}

// full is a code with its star and hash. Where nobody told one, it is the only one there is.
func (h *Handler) full(code string) string {
	if code == "" && len(h.codes) == 1 {
		code = h.codes[0]
	}
	if code == "" {
		return ""
	}
	return "*" + code + "#"
}

// dialled takes a dialled string apart: what stands behind the service code, and the code, bare.
func (h *Handler) dialled(text, told string) (behind, code string, err error) {
	d := h.dialect
	name := d.Fields.Input.Name
	if d.Dial == DialNothing || text == "" {
		return "", "", nil
	}
	framed := strings.HasPrefix(text, "*") && strings.HasSuffix(text, "#")
	switch {
	case d.Dial == DialFull && !framed:
		return "", "", malformed("%s of a dial is not a dialled string, such as *384*2050#", name)
	case d.Dial == DialBare && strings.ContainsAny(text[:1]+text[len(text)-1:], "*#"):
		return "", "", malformed("%s of a dial is not a dialled string without star and hash, such as 384*2050", name)
	}
	codes := h.codes
	if told != "" {
		codes = []string{told}
	}
	if len(codes) == 0 {
		// Nothing says where the code ends: all of it is the code.
		if code = bare(text); !isCode(code) {
			return "", "", malformed("%s of a dial is not a service code", name)
		}
		return "", code, nil
	}
	behind, code, ok := splitDial(text, codes)
	if !ok {
		return "", "", malformed("%s of a dial does not begin with a service code that is served here", name)
	}
	return behind, code, nil
}

// splitDial finds the longest of the codes that a dialled string begins with, and what stands behind it.
func splitDial(text string, codes []string) (behind, code string, ok bool) {
	text = bare(text)
	for _, each := range codes {
		rest, begins := strings.CutPrefix(text, each)
		if !begins || ok && len(each) < len(code) {
			continue
		}
		if rest != "" {
			if rest, begins = strings.CutPrefix(rest, "*"); !begins {
				continue
			}
		}
		behind, code, ok = rest, each, true
	}
	return behind, code, ok
}

func hasField(m message, name string) bool {
	_, ok := m[name]
	return ok
}

// printable tells whether text is visible ASCII and nothing else.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}

// statusOf answers whether a session is open, as far as it is remembered.
func (h *Handler) statusOf(id string, now time.Time) (bool, error) {
	if len(id) > MaxSession || !printable(id) {
		return false, refuse(http.StatusBadRequest, "%s is not an id", PathSession)
	}
	b, known := h.sessions.get(id, now)
	return known && !b.ended, nil
}

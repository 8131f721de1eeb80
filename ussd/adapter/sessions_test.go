package adapter

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
)

func TestASessionKeepsItsNumberAndCode(t *testing.T) {
	service := &mute{}
	h, err := New(plainDialect(), service, Options{Path: secretPath})
	if err != nil {
		t.Fatal(err)
	}
	post := func(from, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body = readCloser(strings.Replace(plainBody, from, to, 1))
		}
	}
	for _, c := range []struct {
		from, to string
		status   int
	}{
		{"", "", 200}, {"", "", 200}, {"000001", "000002", 409}, {"2050", "2051", 409}, {"s1", "s2", 200}, {"%23", "", 200},
	} {
		if status, text := ask(t, h, post(c.from, c.to)); status != c.status {
			t.Errorf("%s for %s: %d %q, want %d", c.to, c.from, status, text, c.status)
		}
	}
	if service.turns != 4 {
		t.Errorf("%d turns", service.turns)
	}
}

func TestTheTableIsBoundedAndForgets(t *testing.T) {
	s := newSessions()
	s.limit = 10
	now := time.Now()
	for i := range 100 {
		if _, err := s.bind(fmt.Sprint(i), "+254711000001", "", now, nil); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.young)+len(s.old) > 2*s.limit {
		t.Errorf("%d sessions are remembered", len(s.young)+len(s.old))
	}
	if _, err := s.bind("99", "+254711000002", "", now.Add(s.keep-time.Second), nil); err == nil {
		t.Error("a fresh session changed its number")
	}
	if _, err := s.bind("99", "+254711000001", "", now.Add(s.keep), nil); err != nil {
		t.Errorf("a session that goes on: %v", err)
	}
	if _, err := s.bind("99", "+254711000002", "", now.Add(2*s.keep), nil); err == nil {
		t.Error("a session that went on was forgotten")
	}
	if _, err := s.bind("99", "+254711000002", "", now.Add(5*s.keep), nil); err != nil {
		t.Errorf("a session was never forgotten: %v", err)
	}
}

func TestScreenAndDeadlineAreTheDialectsOrTheOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			options  Options
			screen   ussd.Screen
			deadline time.Duration
		}{
			{Options{Path: secretPath}, ussd.Screen{Septets: 156, UCS2: 66}, 10 * time.Second},
			{Options{Path: secretPath, Septets: 182, UCS2: 80, Deadline: 5 * time.Second}, ussd.Screen{Septets: 178, UCS2: 76}, 5 * time.Second},
		} {
			service := &mute{}
			h, err := New(plainDialect(), service, c.options)
			if err != nil {
				t.Fatal(err)
			}
			ask(t, h, nil)
			if left := time.Until(service.turn.Deadline); service.turn.Screen != c.screen || left != c.deadline {
				t.Errorf("%+v and %v, want %+v and %v", service.turn.Screen, left, c.screen, c.deadline)
			}
		}
	})
}

// What stands behind the service code is found by the longest code that is served, or by the code that the request tells.
func TestDialledStrings(t *testing.T) {
	for _, c := range []struct {
		form                     DialForm
		codes                    []string
		told, text, behind, code string
		refused                  string
	}{
		{DialAny, []string{"384*2050"}, "", "*384*2050#", "", "384*2050", ""},
		{DialAny, []string{"384*2050"}, "", "*384*2050*1*2#", "1*2", "384*2050", ""},
		{DialAny, []string{"384*2050"}, "", "384*2050*1", "1", "384*2050", ""},
		{DialAny, []string{"384*2050"}, "", "", "", "", ""},
		{DialAny, []string{"384", "384*2050"}, "", "*384*2050*1#", "1", "384*2050", ""},
		{DialAny, []string{"384*2050", "384"}, "", "*384*20501#", "20501", "384", ""},
		{DialAny, []string{"384*2050"}, "", "*384*20501#", "", "", "does not begin with a service code"},
		{DialAny, []string{"384*2050"}, "384", "*384*2050#", "2050", "384", ""},
		{DialAny, nil, "", "*384*2050#", "", "384*2050", ""},
		{DialAny, nil, "384", "*384*2050#", "2050", "384", ""},
		{DialAny, nil, "", "hello", "", "", "is not a service code"},
		{DialFull, []string{"711*2"}, "", "711*2", "", "", "is not a dialled string"},
		{DialBare, []string{"121"}, "", "*121#", "", "", "without star and hash"},
		{DialBare, []string{"121"}, "", "121*1", "1", "121", ""},
		{DialNothing, []string{"121"}, "", "*999#", "", "", ""},
		{DialFull, []string{"711"}, "", "*#", "", "", "does not begin"},
		{DialFull, []string{"711"}, "", "*", "", "", "is not a dialled string"},
	} {
		h := &Handler{dialect: &Dialect{Dial: c.form, Fields: Fields{Input: InputField("input")}}, codes: c.codes}
		behind, code, err := h.dialled(c.text, c.told)
		if behind != c.behind || code != c.code || (err == nil) != (c.refused == "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%q of %v: %q behind %q, %v; want %q behind %q, %q", c.text, c.codes, behind, code, err, c.behind, c.code, c.refused)
		}
	}
}

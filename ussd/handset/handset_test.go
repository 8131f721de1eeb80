package handset_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/handset"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// counter is a service that shows what it was given and ends a session at the answer 4071. The same turn again gets the same.
type counter struct {
	mu sync.Mutex
	// seen are turns without what differs between aggregators, guarded by mu.
	seen []string
	// hold, if it is not nil, keeps every answer back until it is closed.
	hold    chan struct{}
	arrived chan struct{}
}

func (c *counter) Handle(_ context.Context, turn ussd.Turn) (ussd.Reply, error) {
	_, text, _ := strings.Cut(adaptertest.Describe(turn), ": ")
	c.note(text)
	if c.hold != nil {
		c.arrived <- struct{}{}
		<-c.hold
	}
	last := turn.Transcript.Reveal()
	if turn.Last != nil {
		last = turn.Last.Input.Reveal()
	}
	return ussd.Reply{Text: "Umoja <&> \"" + text + "\"\n1 Go on", End: strings.HasSuffix(last, "4071")}, nil
}

func (c *counter) Ended(_ context.Context, turn ussd.Turn) { c.note("ended") }

func (c *counter) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, text)
}

func (c *counter) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seen)
}

// pair is a handset before an adapter of its format.
func pair(t *testing.T, format string, service *counter) *handset.Handset {
	t.Helper()
	options := adapter.Options{Path: "/ussd/x", Codes: []string{"*384*2050#"}, Open: true}
	login := adapter.Credentials{User: "umoja", Password: pin.NewSecret("p455w0rd")}
	if format == "airtel" {
		options.Query = login
	} else {
		options.Basic = login
	}
	h, err := registry.New(format, service, options)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return handset.New(handset.Config{
		URL: server.URL + "/ussd/x", Format: format, Number: "+254711000001", ServiceCode: "*384*2050#",
		User: "umoja", Password: "p455w0rd", Lateness: time.Millisecond, Client: server.Client(),
	})
}

// kind is how a format tells what was typed, as this test knows it.
type kind struct{ cumulative, numbered, ends, dropsShortCut bool }

var kinds = map[string]kind{
	"africastalking": {cumulative: true, ends: true}, "safaricom": {cumulative: true}, "airtel": {ends: true}, "arkesel": {},
	"beem": {numbered: true, ends: true, dropsShortCut: true}, "hubtel": {numbered: true, ends: true}, "infobip": {ends: true}, "nalo": {},
}

// turn is what a service sees of the inputs of a session, the first of them dialled.
func (k kind) turn(format string, inputs ...string) string {
	first, last := len(inputs) == 1, inputs[len(inputs)-1]
	if k.cumulative {
		return fmt.Sprintf("everything %q", strings.TrimPrefix(strings.Join(inputs, "*"), "*"))
	}
	text := fmt.Sprintf("answer %q", last)
	if first {
		if k.dropsShortCut {
			last = ""
		}
		text = fmt.Sprintf("dial %q", last)
	}
	if k.numbered {
		number := len(inputs)
		if format == "beem" {
			number--
		}
		text += fmt.Sprintf(" in request %d", number)
	}
	return text
}

func shown(turn string) string { return "Umoja <&> \"" + turn + "\"\n1 Go on" }

func TestEveryFormatDialsTypesAndEnds(t *testing.T) {
	if !slices.Equal(handset.Formats(), slices.Sorted(func(yield func(string) bool) {
		for _, d := range registry.All() {
			if !yield(d.Name) {
				return
			}
		}
	})) {
		t.Errorf("the handset speaks %v", handset.Formats())
	}
	for _, format := range handset.Formats() {
		k := kinds[format]
		t.Run(format, func(t *testing.T) {
			service := &counter{}
			h := pair(t, format, service)
			screen, err := h.DialString(t.Context(), "*384*2050*1*0711#")
			if want := k.turn(format, "1*0711"); err != nil || screen != (handset.Screen{Text: shown(want), More: true}) {
				t.Fatalf("dialled: %+v, %v; want %q", screen, err, want)
			}
			screen, err = h.Type(t.Context(), "150")
			if want := k.turn(format, "1*0711", "150"); err != nil || screen.Text != shown(want) || !screen.More {
				t.Fatalf("typed: %+v, %v; want %q", screen, err, want)
			}
			again, err := h.Repeat(t.Context())
			if err != nil || again != screen {
				t.Errorf("repeated: %+v, %v", again, err)
			}
			told, err := h.Ended(t.Context())
			if err != nil || told != k.ends {
				t.Errorf("end event: %v, %v", told, err)
			}
			if screen, err = h.Type(t.Context(), "4071"); err != nil || screen.More || h.Open() {
				t.Errorf("last screen: %+v, %v, open %v", screen, err, h.Open())
			}
			if _, err = h.Type(t.Context(), "1"); !errors.Is(err, handset.ErrNoSession) {
				t.Errorf("typed into nothing: %v", err)
			}
			if screen, err = h.Dial(t.Context()); err != nil || screen.Text != shown(k.turn(format, "")) {
				t.Errorf("redialled: %+v, %v", screen, err)
			}
		})
	}
}

// What each fault makes a gateway see of a session that dials and types 1, the latter with the fault.
func TestFaults(t *testing.T) {
	for _, format := range handset.Formats() {
		k := kinds[format]
		dial, answer := k.turn(format, ""), k.turn(format, "", "1")
		ended := func(turns ...string) []string {
			if !k.ends {
				return slices.DeleteFunc(turns, func(each string) bool { return each == "ended" })
			}
			return turns
		}
		for _, c := range []struct {
			fault handset.Fault
			want  []string
			err   error
			bites bool
		}{
			{handset.Sound, []string{dial, answer}, nil, false},
			{handset.Twice, []string{dial, answer, answer}, nil, true},
			{handset.TwiceAtOnce, []string{dial, answer, answer}, nil, true},
			{handset.Reordered, []string{dial, answer, dial}, nil, true},
			{handset.Truncated, []string{dial, answer}, nil, false},
			{handset.Late, []string{dial, answer}, handset.ErrLate, true},
			{handset.Dropped, []string{dial, answer}, handset.ErrDropped, true},
			{handset.EndedBefore, ended(dial, "ended", answer), nil, k.ends},
			{handset.EndedAfter, ended(dial, answer, "ended"), nil, k.ends},
		} {
			t.Run(format+"/"+c.fault.String(), func(t *testing.T) {
				service := &counter{}
				h := pair(t, format, service)
				if _, err := h.Dial(t.Context()); err != nil {
					t.Fatal(err)
				}
				if c.fault == handset.Dropped {
					// The answer is held back, so that nothing but the hanging up ends the wait.
					service.hold, service.arrived = make(chan struct{}), make(chan struct{}, 1)
				}
				h.Inject(c.fault)
				screen, err := h.Type(t.Context(), "1")
				if !errors.Is(err, c.err) || err == nil && screen.Text != shown(answer) || h.Open() != (c.err == nil) {
					t.Errorf("%+v, %v, open %v", screen, err, h.Open())
				}
				if service.hold != nil {
					select {
					case <-service.arrived:
					case <-time.After(10 * time.Second):
						t.Error("the request did not arrive")
					}
					close(service.hold)
				}
				h.Wait()
				want := c.want
				if format == "airtel" && c.fault == handset.Reordered {
					// Nothing but the service code says dial, and after an answer it is an answer.
					want = []string{dial, answer, `answer "384*2050"`}
				}
				if got := service.all(); !slices.Equal(got, want) {
					t.Errorf("the gateway saw %q, want %q", got, want)
				}
				if (h.Bites()[c.fault] == 1) != c.bites {
					t.Errorf("bites %v", h.Bites())
				}
			})
		}
	}
}

func TestFaultsHaveNames(t *testing.T) {
	for _, f := range handset.Faults() {
		for _, name := range []string{f.String(), f.Name()} {
			if got, err := handset.ParseFault(name); err != nil || got != f {
				t.Errorf("%q is %v, %v", name, got, err)
			}
		}
	}
	for _, name := range []string{"", "sound", "fault 9"} {
		if _, err := handset.ParseFault(name); err == nil || !strings.Contains(err.Error(), "twice-at-once") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestATranscriptIsTruncated(t *testing.T) {
	for _, format := range []string{"africastalking", "safaricom"} {
		service := &counter{}
		h := pair(t, format, service)
		if _, err := h.Dial(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		h.Inject(handset.Truncated)
		if screen, err := h.Type(t.Context(), "2"); err != nil || screen.Text != shown(`everything "2"`) || h.Bites()[handset.Truncated] != 1 {
			t.Errorf("%s: %+v, %v", format, screen, err)
		}
		if screen, err := h.Type(t.Context(), "3"); err != nil || screen.Text != shown(`everything "1*2*3"`) {
			t.Errorf("%s: the next request: %+v, %v", format, screen, err)
		}
	}
}

// An aggregator refuses what is no screen of its form.
func TestAnswersThatAreNoScreens(t *testing.T) {
	for _, c := range []struct{ format, contentType, body string }{
		{"africastalking", "text/plain", "Umoja"},
		{"africastalking", "text/plain", " CON Umoja"},
		{"safaricom", "text/plain", ""},
		{"airtel", "text/plain", "Umoja"},
		{"hubtel", "application/json", `{"SessionId":"x","Type":"response","Message":"Umoja"}`},
		{"hubtel", "application/json", `{"sessionid":"x","type":"response","message":"Umoja"}`},
		{"nalo", "application/json", `{"USERID":"NALOTest","MSISDN":"1","MSG":"Umoja","MSGTYPE":"true"}`},
		{"nalo", "application/json", `{"USERID":"NALOTest","MSISDN":"1","MSG":"Umoja"}`},
		{"arkesel", "application/json", `{"message":"Umoja","continueSession":true}`},
		{"beem", "application/json", `{"msisdn":"1","operator":"a","session_id":"x","command":"continue","payload":{"request_id":"0","request":"Umoja"}}`},
		{"infobip", "application/json", `{"shouldClose":true,"ussdMenu":"Umoja","responseExitCode":200}`},
		{"infobip", "application/json", `{"shouldClose":false,"ussdMenu":"Umoja","responseExitCode":500}`},
		{"infobip", "application/json", `[]`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.contentType)
			fmt.Fprint(w, c.body)
		}))
		h := handset.New(handset.Config{URL: server.URL, Format: c.format, Number: "+254711000001", ServiceCode: "*384*2050#"})
		if screen, err := h.Dial(t.Context()); !errors.Is(err, handset.ErrRefused) {
			t.Errorf("%s took %s for %+v, %v", c.format, c.body, screen, err)
		}
		server.Close()
	}
}

func TestWhatCanNotBeDialled(t *testing.T) {
	h := handset.New(handset.Config{ServiceCode: "*384*2050#"})
	for _, dialled := range []string{"*384*2051#", "*384*20501#", "*384*2050", "#", ""} {
		if _, err := h.DialString(t.Context(), dialled); !errors.Is(err, handset.ErrNotServed) {
			t.Errorf("%q: %v", dialled, err)
		}
	}
	h = handset.New(handset.Config{Format: "vodafone"})
	if _, err := h.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "africastalking") {
		t.Errorf("%v", err)
	}
}

func TestTheInboxIsOfAllCarriers(t *testing.T) {
	carrier := func(lines ...string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/sandbox/sms" || r.URL.Query().Get("to") != "+254711000001" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprintln(w, strings.Join(lines, "\n"))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	first := carrier(`{"to":"+254711000001","text":"one","time":"2026-11-21T10:00:00Z"}`, `{"to":"+254711000001","text":"three","time":"2026-11-21T10:02:00Z"}`)
	second := carrier(`{"to":"+254711000001","text":"two","time":"2026-11-21T10:01:00Z"}`)
	h := handset.New(handset.Config{Number: "+254711000001", Inboxes: []string{first, second}})
	if got, err := texts(h.Inbox(t.Context())); err != nil || got != "one two three" {
		t.Errorf("%q, %v", got, err)
	}
	h = handset.New(handset.Config{URL: first + "/ussd/africastalking", Number: "+254711000001"})
	if got, err := texts(h.Inbox(t.Context())); err != nil || got != "one three" {
		t.Errorf("%q, %v", got, err)
	}
	h = handset.New(handset.Config{Number: "+254711000001", Inboxes: []string{carrier("{"), second}})
	if got, err := texts(h.Inbox(t.Context())); err == nil || got != "two" {
		t.Errorf("one carrier is broken: %q, %v", got, err)
	}
}

func texts(all []handset.Message, err error) (string, error) {
	var each []string
	for _, m := range all {
		each = append(each, m.Text)
	}
	return strings.Join(each, " "), err
}

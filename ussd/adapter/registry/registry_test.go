package registry_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/adapter"
	"github.com/umoja-ledger/umoja/ussd/adapter/adaptertest"
	"github.com/umoja-ledger/umoja/ussd/adapter/registry"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// path is every adapter's here, and codes are those of the conversations.
const path = "/ussd/secret"

var codes = []string{"*384*2050#", "*711*2#", "*920*123#", "*928*99#", "*149*46#", "*123#", "*121#"}

func TestEveryAdapterSaysWhereItsWireFormIsFrom(t *testing.T) {
	var names []string
	for _, d := range registry.All() {
		names = append(names, d.Name)
		if d.Title == "" || d.Source == "" || !regexp.MustCompile(`^20\d\d-\d\d(-\d\d)?$`).MatchString(d.Date) {
			t.Errorf("%s: title %q, source %q, date %q", d.Name, d.Title, d.Source, d.Date)
		}
		if !d.Confirmed && d.Doubt == "" {
			t.Errorf("%s is not confirmed and does not say what to look at", d.Name)
		}
		if d.Septets == 0 || d.UCS2 == 0 || len(d.Methods) == 0 || d.Fields.Session.Name == "" || d.Fields.Phone.Name == "" || d.Fields.Input.Name == "" {
			t.Errorf("%s is not whole", d.Name)
		}
		if found, err := registry.Find(d.Name); err != nil || found != d {
			t.Errorf("%s is not found: %v", d.Name, err)
		}
		if requests, err := adaptertest.Requests("../../" + d.Name + "/testdata/*.http"); err != nil || len(requests) < 8 {
			t.Errorf("%s has %d literal requests: %v", d.Name, len(requests), err)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != len(registry.All()) {
		t.Errorf("names are not in order: %v", names)
	}
}

func TestTheListOfAdaptersMarksWhatIsNotConfirmed(t *testing.T) {
	for i, row := range registry.Rows() {
		d := registry.All()[i]
		if row.Name != d.Name || (row.Confirmed == "unconfirmed") == d.Confirmed || row.Wire == "" || row.Source == "" {
			t.Errorf("%+v", row)
		}
	}
	if row := registry.Rows()[0]; row.Wire != "POST form, all input, CON/END, end event" {
		t.Errorf("%+v", row)
	}
}

func TestAnAdapterIsMadeByItsName(t *testing.T) {
	for _, d := range registry.All() {
		if _, err := registry.New(d.Name, &adaptertest.Service{}, adapter.Options{Path: path, Codes: codes, Open: true}); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
	if _, err := registry.New("vodafone", nil, adapter.Options{}); !errors.Is(err, registry.ErrUnknown) || !strings.Contains(err.Error(), "africastalking, airtel") {
		t.Errorf("%v", err)
	}
	if _, err := registry.New("airtel", nil, adapter.Options{Path: path}); !errors.Is(err, adapter.ErrOptions) {
		t.Errorf("%v", err)
	}
}

// statuses are all that an adapter answers with.
var statuses = []int{200, 400, 401, 403, 404, 405, 409, 413, 414, 415}

// FuzzRequest sends anything to every adapter. Whatever becomes a turn is whole, and whatever does not is refused by a
// sentence without a digit run of what was sent that is as long as a PIN.
func FuzzRequest(f *testing.F) {
	for i, d := range registry.All() {
		requests, err := adaptertest.Requests("../../" + d.Name + "/testdata/*.http")
		if err != nil {
			f.Fatal(err)
		}
		for _, raw := range requests {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
			if err != nil {
				f.Fatal(err)
			}
			_, below, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/ussd/"), "/")
			_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
			f.Add(uint8(i), r.Method, below, r.URL.RawQuery, r.Header.Get("Content-Type"), body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, method, below, query, media string, body []byte) {
		d := registry.All()[int(which)%len(registry.All())]
		service := &adaptertest.Service{Reply: ussd.Reply{Text: "1 Send money", End: len(body)%2 == 0}}
		o := adapter.Options{Path: path, Codes: codes, Open: true}
		if d.QueryLogin.User != "" {
			o.Query = adapter.Credentials{User: "umoja", Password: pin.NewSecret("s3cr3t-in-the-query")}
		}
		h, err := registry.New(d.Name, service, o)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", path, bytes.NewReader(body))
		r.Method, r.URL.RawQuery = method, query
		if below != "" {
			r.URL.Path += "/" + below
		}
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if !slices.Contains(statuses, w.Code) {
			t.Fatalf("%s answered %d", d.Name, w.Code)
		}
		if w.Code != 200 && len(service.Turns) > 0 || len(service.Turns) > 1 {
			t.Fatalf("%s answered %d after %d turns", d.Name, w.Code, len(service.Turns))
		}
		for _, turn := range service.Turns {
			whole(t, d, turn)
		}
		if w.Code != 200 {
			keepsQuiet(t, w.Body.String(), query+string(body))
		}
	})
}

func whole(t *testing.T, d *adapter.Dialect, turn ussd.Turn) {
	t.Helper()
	if _, err := ussd.ParsePhone(string(turn.Phone)); err != nil || turn.Aggregator != d.Name || turn.SessionID == "" || len(turn.SessionID) > 128 {
		t.Fatalf("%s made %+v of %q: %v", d.Name, turn, turn.SessionID, err)
	}
	if d.Cumulative && turn.Last != nil || turn.Last != nil && turn.Transcript.Reveal() != "" {
		t.Fatalf("%s made a turn of both kinds", d.Name)
	}
	if strings.ContainsAny(fmt.Sprintf("%+v %+v", turn, turn.Last), "\x00\n") {
		t.Fatalf("%s let a control character through", d.Name)
	}
}

var digits = regexp.MustCompile(`\d{4,}`)

// said are the digits of the sentences themselves.
const said = "254711000001 2050 1024 8192"

func keepsQuiet(t *testing.T, reason, sent string) {
	t.Helper()
	for _, run := range digits.FindAllString(reason, -1) {
		if strings.Contains(sent, run) && !strings.Contains(said, run) {
			t.Fatalf("the refusal %q repeats what was sent", reason)
		}
	}
}

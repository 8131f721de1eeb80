package adapter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ussd"
	"github.com/umoja-ledger/umoja/ussd/pin"
)

// mute is a Service that counts and remembers its last turn.
type mute struct {
	turns, ends int
	turn        ussd.Turn
	err         error
}

func (m *mute) Handle(_ context.Context, turn ussd.Turn) (ussd.Reply, error) {
	m.turns, m.turn = m.turns+1, turn
	return ussd.Reply{Text: "1 Send money"}, m.err
}

func (m *mute) Ended(_ context.Context, turn ussd.Turn) { m.ends, m.turn = m.ends+1, turn }

// plainDialect has no special ways.
func plainDialect() *Dialect {
	return &Dialect{
		Name: "plain", Title: "Plain", Methods: Post, Encoding: Form, Cumulative: true,
		Fields: Fields{
			Session: SessionField("session"), Phone: PhoneField("phone"), Code: CodeField("code"), Input: TranscriptField("text"),
		},
		Reply: Reply{Open: "CON ", Close: "END "}, Septets: 160, UCS2: 70, Deadline: 10 * time.Second,
	}
}

const secretPath = "/ussd/plain/0123456789abcdefghijkl"

const plainBody = "session=s1&phone=254711000001&code=*384*2050%23&text=1*4071"

// ask sends one request and gives status and body.
func ask(t *testing.T, h http.Handler, change func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequest("POST", secretPath, strings.NewReader(plainBody))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "196.201.214.7:4711"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// Who calls is the connection's address, or what trusted proxies say, read from the right up to the first that is none of them.
func TestOnlyAllowedAddressesCall(t *testing.T) {
	behind := Options{Path: secretPath, Allow: prefixes("196.201.214.0/24", "2001:db8::/64"), Proxies: prefixes("10.0.0.0/8")}
	direct := Options{Path: secretPath, Allow: behind.Allow}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		options      Options
		status       int
	}{
		{"the aggregator", "196.201.214.7:1", nil, direct, 200},
		{"the aggregator, mapped into IPv6", "[::ffff:196.201.214.7]:1", nil, direct, 200},
		{"the aggregator over IPv6", "[2001:db8::7]:1", nil, direct, 200},
		{"somebody", "203.0.113.9:1", nil, direct, 403},
		{"somebody who says to be a proxy", "203.0.113.9:1", []string{"196.201.214.7"}, behind, 403},
		{"somebody who says so, no proxies set", "203.0.113.9:1", []string{"196.201.214.7"}, direct, 403},
		{"the aggregator behind the proxy", "10.0.0.2:1", []string{"196.201.214.7"}, behind, 200},
		{"the aggregator behind two proxies", "10.0.0.2:1", []string{"196.201.214.7, 10.1.2.3"}, behind, 200},
		{"two headers", "10.0.0.2:1", []string{"196.201.214.7", "10.1.2.3"}, behind, 200},
		{"somebody behind the proxy", "10.0.0.2:1", []string{"203.0.113.9"}, behind, 403},
		{"somebody behind the proxy who wrote a header before", "10.0.0.2:1", []string{"196.201.214.7, 203.0.113.9"}, behind, 403},
		{"the proxy itself", "10.0.0.2:1", nil, behind, 403},
		{"nothing but proxies", "10.0.0.2:1", []string{"10.0.0.3"}, behind, 403},
		{"a hop that is no address", "10.0.0.2:1", []string{"196.201.214.7, unknown"}, behind, 403},
		{"no address at all", "pipe", nil, behind, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := &mute{}
			h, err := New(plainDialect(), service, c.options)
			if err != nil {
				t.Fatal(err)
			}
			status, text := ask(t, h, func(r *http.Request) {
				r.RemoteAddr = c.remote
				for _, hop := range c.forwarded {
					r.Header.Add("X-Forwarded-For", hop)
				}
			})
			if status != c.status || (service.turns == 1) != (status == 200) {
				t.Errorf("%d %q after %d turns, want %d", status, text, service.turns, c.status)
			}
		})
	}
}

func TestLoginAndKey(t *testing.T) {
	basic := Options{Path: "/ussd", Basic: Credentials{User: "at", Password: pin.NewSecret("p455")}}
	key := Options{Path: "/ussd", Header: pin.NewSecret("Authorization"), HeaderKey: pin.NewSecret("App k3y")}
	login := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	set := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Authorization"] = values }
	}
	for _, c := range []struct {
		name    string
		options Options
		change  func(*http.Request)
		status  int
	}{
		{"right login", basic, login("at", "p455"), 200},
		{"wrong password", basic, login("at", "p456"), 401},
		{"wrong user", basic, login("ta", "p455"), 401},
		{"no login", basic, set(), 401},
		{"another scheme", basic, set("Bearer p455"), 401},
		{"right key", key, set("App k3y"), 200},
		{"wrong key", key, set("App k3z"), 401},
		{"no key", key, set(), 401},
		{"two keys", key, set("App k3y", "App k3y"), 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := &mute{}
			h, err := New(plainDialect(), service, c.options)
			if err != nil {
				t.Fatal(err)
			}
			status, text := ask(t, h, func(r *http.Request) { r.URL.Path = "/ussd"; c.change(r) })
			if status != c.status || (service.turns == 1) != (status == 200) || strings.Contains(text, "p45") {
				t.Errorf("%d %q after %d turns, want %d", status, text, service.turns, c.status)
			}
		})
	}
}

func TestAnotherPathIsNotFound(t *testing.T) {
	service := &mute{}
	h, err := New(plainDialect(), service, Options{Path: secretPath})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/ussd/plain", "/ussd/plain/0123456789abcdefghijkL", secretPath + "/", secretPath + "/end", secretPath + "x"} {
		if status, _ := ask(t, h, func(r *http.Request) { r.URL.Path = path }); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if service.turns != 0 {
		t.Error("something became a turn")
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	query := plainDialect()
	query.QueryLogin = Login{User: "userid", Password: "password"}
	blind := plainDialect()
	blind.Cumulative = false
	for _, c := range []struct {
		name    string
		dialect *Dialect
		options Options
		says    string
	}{
		{"nothing says who calls", plainDialect(), Options{Path: "/ussd/africastalking"}, "nothing says who calls"},
		{"no path at all", plainDialect(), Options{}, "nothing says who calls"},
		{"a relative path", plainDialect(), Options{Path: "ussd", Open: true}, "path has to"},
		{"a path with a pattern", plainDialect(), Options{Path: "/{any}", Open: true}, "path has to"},
		{"a code with letters", plainDialect(), Options{Codes: []string{"*384*abc#"}, Open: true}, "codes have to be"},
		{"an empty code", plainDialect(), Options{Codes: []string{""}, Open: true}, "codes have to be"},
		{"too few septets", plainDialect(), Options{Septets: 20, Open: true}, "septets"},
		{"too many septets", plainDialect(), Options{Septets: 183, Open: true}, "septets"},
		{"too many units", plainDialect(), Options{UCS2: 81, Open: true}, "ucs2"},
		{"a deadline of hours", plainDialect(), Options{Deadline: time.Hour, Open: true}, "deadline"},
		{"a query login where there is none", plainDialect(), Options{Query: Credentials{User: "a", Password: pin.NewSecret("b")}}, "no login in the query"},
		{"a user without password", query, Options{Query: Credentials{User: "a"}}, "no password"},
		{"a header without key", plainDialect(), Options{Header: pin.NewSecret("X-Key"), Open: true}, "header"},
		{"basic and the same header", plainDialect(), Options{Basic: Credentials{User: "a", Password: pin.NewSecret("b")},
			Header: pin.NewSecret("authorization"), HeaderKey: pin.NewSecret("c")}, "Authorization"},
		{"proxies for nothing", plainDialect(), Options{Proxies: prefixes("10.0.0.0/8"), Open: true}, "proxies without allow"},
		{"no code to know a dial by", blind, Options{Open: true}, "service code only"},
	} {
		if _, err := New(c.dialect, &mute{}, c.options); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	service := &mute{}
	h, err := New(plainDialect(), service, Options{Path: secretPath})
	if err != nil {
		t.Fatal(err)
	}
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Body = readCloser(text) }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
		says   string
	}{
		{"a long body", body(plainBody + strings.Repeat("*1", MaxBody)), 413, "8192 bytes"},
		{"a body that breaks off", func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(strings.NewReader("text="), broken{})) }, 400, "ended early"},
		{"many fields", body(plainBody + strings.Repeat("&a=", maxFields)), 400, "more than 64 fields"},
		{"a long transcript", body(plainBody + strings.Repeat("1", MaxTranscript)), 400, "text has more than 1024 bytes"},
		{"a long session", body(strings.Replace(plainBody, "s1", strings.Repeat("s", 129), 1)), 400, "session has more than 128 bytes"},
		{"a space in the session", body(strings.Replace(plainBody, "s1", "s+1", 1)), 400, "session has other than visible ASCII"},
	} {
		status, text := ask(t, h, c.change)
		if status != c.status || !strings.Contains(text, c.says) || strings.Contains(text, "4071") {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, text, c.status, c.says)
		}
	}
	d := plainDialect()
	d.Encoding, d.Methods = Query, Get
	if h, err = New(d, service, Options{Path: secretPath}); err != nil {
		t.Fatal(err)
	}
	if status, text := ask(t, h, func(r *http.Request) { r.Method, r.URL.RawQuery = "GET", plainBody+strings.Repeat("1", MaxBody) }); status != 414 {
		t.Errorf("a long query: %d %q", status, text)
	}
	if service.turns != 0 {
		t.Error("something became a turn")
	}
}

func readCloser(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestNothingTypedIsLogged(t *testing.T) {
	var log bytes.Buffer
	service := &mute{err: errors.New("disk")}
	h, err := New(plainDialect(), service, Options{Path: secretPath, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	if status, text := ask(t, h, nil); status != 200 || text != "CON 1 Send money" {
		t.Errorf("%d %q", status, text)
	}
	ask(t, h, func(r *http.Request) { r.Body = readCloser(plainBody + "&text=4071&4071=1") })
	for _, never := range []string{"4071", "254711000001", secretPath} {
		if strings.Contains(log.String(), never) || strings.Contains(fmt.Sprintf("%+v", service.turn), "4071") {
			t.Errorf("%s is in the log: %s", never, log.String())
		}
	}
	if !strings.Contains(log.String(), "disk") || !strings.Contains(log.String(), "text is there 2 times") {
		t.Errorf("log: %s", log.String())
	}
}

package gateway

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/umoja-ledger/umoja/ledger/ledgertest"
	"github.com/umoja-ledger/umoja/ussd/route"
)

// literal is a callback as Africa's Talking posts it.
const literal = "sessionId=ATUid_5a1f3c&serviceCode=*384*2050%23&phoneNumber=%2B254711000001&networkCode=99999&text="

func TestABadCallbackIsRefusedByItsRule(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	for _, c := range []struct {
		name, method, body string
		status             int
		says               string
	}{
		{"good", "POST", literal, 200, "CON Umoja: Juma Otieno"},
		{"GET", "GET", "", 405, "takes POST"},
		{"PUT", "PUT", literal, 405, "takes POST"},
		{"large", "POST", literal + strings.Repeat("1", 8<<10), 413, "more than 8192 bytes"},
		{"a field is missing", "POST", strings.Replace(literal, "networkCode=99999&", "", 1), 400, "networkCode is missing"},
		{"text is missing", "POST", strings.TrimSuffix(literal, "&text="), 400, "text is missing"},
		{"a field twice", "POST", literal + "&text=1", 400, "text is there 2 times"},
		{"a field is empty", "POST", strings.Replace(literal, "ATUid_5a1f3c", "", 1), 400, "sessionId is empty"},
		{"another service", "POST", strings.Replace(literal, "2050", "2051", 1), 400, "serviceCode is not served here"},
		{"no phone number", "POST", strings.Replace(literal, "%2B254711000001", "0711000001", 1), 400, "phoneNumber is not in E.164 form"},
	} {
		status, body := request(t, c.method, s.url+callback, c.body)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, body, c.status, c.says)
		}
	}
	if status, _ := request(t, "POST", s.url+"/", literal); status != 404 {
		t.Errorf("another path: %d", status)
	}
}

func request(t *testing.T, method, to, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	check(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	check(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	check(t, err)
	return res.StatusCode, string(text)
}

// Outside of a sandbox messages go to the aggregator, under the key of a file, and there is no inbox.
func TestOutsideOfASandbox(t *testing.T) {
	t.Parallel()
	type sent struct {
		key  string
		form url.Values
	}
	messages := make(chan sent, 16)
	aggregator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		messages <- sent{r.Header.Get("apiKey"), r.PostForm}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"SMSMessageData":{"Recipients":[{"statusCode":101,"number":"`+r.PostForm.Get("to")+`","status":"Success"}]}}`)
	}))
	t.Cleanup(aggregator.Close)
	key := filepath.Join(t.TempDir(), "api.key")
	check(t, os.WriteFile(key, []byte("atsk_51e9\n"), 0o600))
	s := newSite(t, func(c *Config) {
		c.Sandbox, c.Phones = false, nil
		c.Aggregators[0].Allow = []string{"127.0.0.1"}
		c.SMS = []route.Config{{Name: "at", Kind: "africastalking", URL: aggregator.URL, Username: "mwanga", KeyFile: key, From: "UMOJA"}}
	}).start()
	matches(t, s.phone(baraka).play("1", "Baraka", barakaPIN, barakaPIN), "Welcome Baraka.*")
	for _, c := range []struct{ method, path string }{{"GET", "/sandbox/sms?to=%2B254722000003"}, {"POST", "/sandbox/version1/messaging"}} {
		if status, _ := request(t, c.method, s.url+c.path, "to=x&message=y"); status != 404 {
			t.Errorf("%s %s: %d", c.method, c.path, status)
		}
	}
	p, err := s.network.Client(t).Resolve(t.Context(), baraka)
	check(t, err)
	s.network.Fund(t, p.Account, 5_00)
	select {
	case m := <-messages:
		if m.key != "atsk_51e9" || m.form.Get("to") != baraka || m.form.Get("from") != "UMOJA" || m.form.Get("username") != "mwanga" {
			t.Errorf("sent %v", m.form)
		}
		matches(t, m.form.Get("message"), `You received 5\.00 KES from .*`)
	case <-time.After(soon):
		t.Fatal("no SMS was sent")
	}
	if word("atsk_51e9").MatchString(s.log.String()) {
		t.Error("the aggregator's key is logged")
	}
	s.stop()
	check(t, os.Chmod(key, 0o644))
	err = run(t.Context(), s.config, nopLog, world{connect: s.connect, listen: net.Listen})
	if err == nil || !strings.Contains(err.Error(), "key_file: ") || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

// A phone's own first session goes to the gateway that the network's lowest tier binds.
func TestANewPhoneIsHeldToTheLowestTier(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil).start()
	b := s.phone(baraka)
	b.play("1", "Baraka", barakaPIN, barakaPIN)
	p, err := s.network.Client(t).Resolve(t.Context(), baraka)
	check(t, err)
	s.network.Fund(t, p.Account, 2*ledgertest.CapTransaction)
	matches(t, b.play("1", "0711000002", "5000"), `The most for one payment is 5,000\.00 KES, (?s)fee included\..*`)
	matches(t, b.play("1", "0711000002", "4999", barakaPIN), `Paid 4,999\.00 KES.*`)
}

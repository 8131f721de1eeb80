package kannel

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
	"github.com/umoja-ledger/umoja/ussd/sms/smstest"
)

func config(post bool, client *http.Client) SenderConfig {
	return SenderConfig{
		URL: "http://127.0.0.1:13013/cgi-bin/sendsms", Username: "umoja", Password: pin.NewSecret("pw&1"), From: "8333", Post: post,
		ReportURL: "http://127.0.0.1:8090/secret/kannel/reports", Client: client,
	}
}

func open(t *testing.T, c SenderConfig) *Sender {
	t.Helper()
	s, err := NewSender(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOutByGET(t *testing.T) {
	smstest.Out(t, "testdata/get_*.txt", func(client *http.Client) sms.Sender { return open(t, config(false, client)) })
}

func TestOutByPOST(t *testing.T) {
	smstest.Out(t, "testdata/post_*.txt", func(client *http.Client) sms.Sender { return open(t, config(true, client)) })
}

func TestOutWithoutReports(t *testing.T) {
	smstest.Out(t, "testdata/bare_*.txt", func(client *http.Client) sms.Sender {
		c := config(false, client)
		c.From, c.ReportURL, c.SMSC = "", "", "mtn"
		return open(t, c)
	})
}

func TestReports(t *testing.T) {
	smstest.In(t, "testdata/report_*.txt", func(n *smstest.Notes) http.Handler {
		return NewReports("kannel", n, slog.New(slog.DiscardHandler))
	})
}

func TestInbound(t *testing.T) {
	smstest.In(t, "testdata/inbound_*.txt", func(n *smstest.Notes) http.Handler {
		return NewInbound("kannel", n, slog.New(slog.DiscardHandler))
	})
}

func TestABadConfigurationIsRefused(t *testing.T) {
	for name, change := range map[string]func(*SenderConfig){
		"URL is empty":                     func(c *SenderConfig) { c.URL = "" },
		"URL has a query":                  func(c *SenderConfig) { c.URL += "?a=b" },
		"ReportURL has a query":            func(c *SenderConfig) { c.ReportURL += "?a=b" },
		"ReportURL has a sign of Kannel's": func(c *SenderConfig) { c.ReportURL += "/%d" },
		"ReportURL is no address":          func(c *SenderConfig) { c.ReportURL = "/secret" },
		"Username is empty":                func(c *SenderConfig) { c.Username = "" },
	} {
		c := config(false, nil)
		change(&c)
		if _, err := NewSender(c); !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is sent as dlr-url names the message when it comes back, whatever the reference.
func FuzzReference(f *testing.F) {
	f.Add("leaf/1/0/payee")
	f.Add("%d%A&?=é")
	f.Fuzz(func(t *testing.T, reference string) {
		c := config(false, nil)
		s := open(t, c)
		back, err := url.Parse(strings.NewReplacer("%d", "8", "%A", "").Replace(s.reportURL(reference)))
		if err != nil {
			t.Fatal(err)
		}
		values, err := carrier.ParseValues(back.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		report, err := parseReport(values)
		if err == nil && report.Reference != reference {
			t.Errorf("%q came back as %q", reference, report.Reference)
		}
	})
}

func FuzzInbound(f *testing.F) {
	f.Add("id=1&from=%2B254711000113&to=8333&at=1795258083&coding=2&text=%12%30%12%08")
	f.Add("id=1&from=254711000113&to=8333&coding=-1&text=BAL&charset=UTF-8")
	f.Add("ref=bGVhZi8x&state=16&reason=NACK%2F")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := carrier.ParseValues(query)
		if err != nil {
			return
		}
		if m, answerable, err := parseInbound(values); err == nil && (answerable && m.From == "" || len(m.Text) > 4096) {
			t.Errorf("%v", m)
		}
		if r, err := parseReport(values); err == nil && (r.Reference == "" || r.State == "") {
			t.Errorf("%+v", r)
		}
	})
}

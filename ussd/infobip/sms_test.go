package infobip

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
	"github.com/umoja-ledger/umoja/ussd/sms/smstest"
)

func TestSMSOut(t *testing.T) {
	smstest.Out(t, "testdata/sms/out_*.txt", func(client *http.Client) sms.Sender {
		s, err := NewSender(SenderConfig{URL: "https://abcde.api.infobip.com/", APIKey: pin.NewSecret("k3y"), From: "UMOJA",
			ReportURL: "https://gateway.example/secret/infobip/reports", Client: client})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestSMSReports(t *testing.T) {
	smstest.In(t, "testdata/sms/report_*.txt", func(n *smstest.Notes) http.Handler {
		return NewSMSReports("infobip", n, slog.New(slog.DiscardHandler))
	})
}

func TestSMSInbound(t *testing.T) {
	smstest.In(t, "testdata/sms/inbound_*.txt", func(n *smstest.Notes) http.Handler {
		return NewSMSInbound("infobip", n, slog.New(slog.DiscardHandler))
	})
}

func TestABadSMSConfigurationIsRefused(t *testing.T) {
	good := SenderConfig{URL: "https://abcde.api.infobip.com", From: "UMOJA"}
	for name, change := range map[string]func(*SenderConfig){
		"no URL":           func(c *SenderConfig) { c.URL = "" },
		"URL with a query": func(c *SenderConfig) { c.URL += "?a=b" },
		"no From":          func(c *SenderConfig) { c.From = "" },
		"bad ReportURL":    func(c *SenderConfig) { c.ReportURL = "/reports" },
	} {
		c := good
		change(&c)
		if _, err := NewSender(c); !errors.Is(err, ErrSMSConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewSender(good); err != nil {
		t.Error(err)
	}
}

// What is taken is within bounds, whatever was posted.
func FuzzSMSObjects(f *testing.F) {
	f.Add([]byte(`{"results":[{"messageId":"1","from":"385916242493","to":"385921004026","text":"BAL","receivedAt":"2016-10-06T09:28:39.220+0000"}],"messageCount":1}`))
	f.Add([]byte(`{"results":[{"messageId":"1","status":{"groupName":"REJECTED","id":6,"name":"REJECTED_NETWORK"},"callbackData":"leaf/1"}]}`))
	f.Add([]byte(`{"results":[[{"a":{"A":1,"a":2}}]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var reports smsReports
		if carrier.ParseObject(body, &reports) == nil {
			parsed, err := reports.parse("infobip")
			for _, r := range parsed {
				if err == nil && (r.ID == "" || r.State == "" || len(r.Reason) > 80) {
					t.Errorf("%+v", r)
				}
			}
		}
		var inbound smsInbound
		if carrier.ParseObject(body, &inbound) == nil {
			parsed, err := inbound.parse("infobip")
			for _, m := range parsed {
				if err == nil && (m.ID == "" || m.From == "" || len(m.Text) > 4096) {
					t.Errorf("%v", m)
				}
			}
		}
	})
}

package africastalking

import (
	"net/http"
	"testing"

	"github.com/umoja-ledger/umoja/ussd/pin"
	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
	"github.com/umoja-ledger/umoja/ussd/sms/smstest"
	"github.com/umoja-ledger/umoja/ussd/ussdtest"
)

func TestSMSOut(t *testing.T) {
	smstest.Out(t, "testdata/sms/out_*.txt", func(client *http.Client) sms.Sender {
		return NewSender(SenderConfig{Username: "sandbox", APIKey: pin.NewSecret("k3y"), From: "UMOJA", Client: client})
	})
}

func TestSMSReports(t *testing.T) {
	smstest.In(t, "testdata/sms/report_*.txt", func(n *smstest.Notes) http.Handler {
		return NewSMSReports("africastalking", n, ussdtest.Log(t))
	})
}

func TestSMSInbound(t *testing.T) {
	smstest.In(t, "testdata/sms/inbound_*.txt", func(n *smstest.Notes) http.Handler {
		return NewSMSInbound("africastalking", n, ussdtest.Log(t))
	})
}

// What is taken is within bounds, whatever was posted.
func FuzzSMSForms(f *testing.F) {
	f.Add("linkId=1&text=BAL&to=21512&id=ec9adc86&date=2017-05-03T06%3A04%3A45Z&from=%2B254791541111")
	f.Add("id=ATXid_1&status=Failed&failureReason=UserInBlacklist&phoneNumber=%2B254711000001")
	f.Add("id=%ff&from=+254&text=&to=1")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := carrier.ParseValues(body)
		if err != nil {
			return
		}
		if r, err := parseSMSReport(form); err == nil && (r.ID == "" || r.State == "" || (r.Reason != "") != (r.State == sms.ReportFailed)) {
			t.Errorf("report %+v", r)
		}
		m, answerable, err := parseSMSInbound(form)
		if err == nil && (m.ID == "" || answerable && m.From == "" || len(m.Text) > 4096) {
			t.Errorf("message %q", m.ID)
		}
	})
}

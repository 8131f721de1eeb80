package africastalking

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// maxSMSField bounds every field but the text.
const maxSMSField = 128

// smsStates are Africa's Talking's words for what became of a message. A subscriber who is absent can still come back.
var smsStates = map[string]sms.ReportState{
	"Success": sms.ReportDelivered,
	"Sent":    sms.ReportBuffered, "Submitted": sms.ReportBuffered, "Buffered": sms.ReportBuffered, "AbsentSubscriber": sms.ReportBuffered,
	"Rejected": sms.ReportFailed, "Failed": sms.ReportFailed, "Expired": sms.ReportFailed,
}

// NewSMSReports serves the address of delivery reports of a route: a form with id, status, phoneNumber, networkCode, retryCount and, when
// something failed, failureReason.
func NewSMSReports(route string, reporter sms.Reporter, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := carrier.Form(w, r)
		var report sms.Report
		if err == nil {
			report, err = parseSMSReport(form)
		}
		if err == nil {
			report.Route = route
			err = reporter.Report(r.Context(), report)
		}
		carrier.Finish(w, err, log, route+" reports")
	})
}

func parseSMSReport(form carrier.Values) (report sms.Report, err error) {
	if report.ID, err = form.Text("id", maxSMSField, false); err != nil {
		return report, err
	}
	status, err := form.Text("status", maxSMSField, false)
	if err != nil {
		return report, err
	}
	state, known := smsStates[status]
	if !known {
		return report, carrier.Malformed("status is not one that is known")
	}
	if report.State = state; state == sms.ReportFailed {
		report.Reason = carrier.Word(form["failureReason"], status)
	}
	return report, nil
}

// NewSMSInbound serves the address of inbound messages of a route: a form with id, date, from, to, text and some more. It is answered with
// 200; anything else makes Africa's Talking post it again, for up to twelve hours.
func NewSMSInbound(route string, receiver sms.Receiver, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := carrier.Form(w, r)
		var m sms.Inbound
		answerable := false
		if err == nil {
			m, answerable, err = parseSMSInbound(form)
		}
		switch {
		case err != nil:
		case !answerable:
			log.Info("inbound SMS of a sender that is no number", "route", route)
		default:
			m.Route = route
			if err = receiver.Receive(r.Context(), m); err != nil {
				err = fmt.Errorf("receive SMS: %w", err)
			}
		}
		carrier.Finish(w, err, log, route+" inbound")
	})
}

// parseSMSInbound reads a message. The second result is false for a sender whom nobody can answer.
func parseSMSInbound(form carrier.Values) (m sms.Inbound, answerable bool, err error) {
	if m.ID, err = form.Text("id", maxSMSField, false); err != nil {
		return m, false, err
	}
	from, err := form.Text("from", maxSMSField, false)
	if err != nil {
		return m, false, err
	}
	if m.To, err = form.Text("to", 32, false); err != nil {
		return m, false, err
	}
	if m.Text, err = form.Text("text", 4096, true); err != nil {
		return m, false, err
	}
	m.From, answerable = carrier.Phone(from)
	m.At = smsDate(form["date"])
	return m, answerable, nil
}

// smsDate reads a date in either of the two forms that were seen. One in a third form is no reason to lose what a person wrote.
func smsDate(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

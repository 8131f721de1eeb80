package infobip

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// maxResults bounds what comes in one call; Infobip sends at most a hundred reports unless told otherwise.
const maxResults = 1000

// deliveredToOperator is in the group DELIVERED, and is not the last word.
const deliveredToOperator = 2

// smsStates are Infobip's groups of statuses.
var smsStates = map[string]sms.ReportState{
	"PENDING": sms.ReportBuffered, "DELIVERED": sms.ReportDelivered,
	"EXPIRED": sms.ReportFailed, "REJECTED": sms.ReportFailed, "UNDELIVERABLE": sms.ReportFailed,
}

type smsReports struct {
	Results []struct {
		MessageID    string    `json:"messageId"`
		CallbackData string    `json:"callbackData"`
		Status       smsStatus `json:"status"`
		Error        smsStatus `json:"error"`
	} `json:"results"`
}

// NewSMSReports serves the address of delivery reports of a route. A call with one bad report is refused as a whole, before any is taken.
func NewSMSReports(route string, reporter sms.Reporter, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body smsReports
		err := carrier.Object(w, r, &body)
		var reports []sms.Report
		if err == nil {
			reports, err = body.parse(route)
		}
		for _, report := range reports {
			if err = reporter.Report(r.Context(), report); err != nil {
				break // Infobip brings all of them again; those that were taken are known.
			}
		}
		carrier.Finish(w, err, log, route+" reports")
	})
}

func (b smsReports) parse(route string) (reports []sms.Report, err error) {
	if err := checkResults(len(b.Results)); err != nil {
		return nil, err
	}
	for _, r := range b.Results {
		state, known := smsStates[r.Status.GroupName]
		if !known {
			return nil, carrier.Malformed("status.groupName is not PENDING, DELIVERED, EXPIRED, REJECTED or UNDELIVERABLE")
		}
		report := sms.Report{Route: route, State: state}
		if report.ID, err = carrier.CheckText("messageId", r.MessageID, 128, false); err != nil {
			return nil, err
		}
		if report.Reference, err = carrier.CheckText("callbackData", r.CallbackData, 200, true); err != nil {
			return nil, err
		}
		switch {
		case state == sms.ReportDelivered && r.Status.ID == deliveredToOperator:
			report.State = sms.ReportBuffered
		case state == sms.ReportFailed && r.Error.Name != "" && r.Error.Name != "NO_ERROR":
			report.Reason = carrier.Word(r.Error.Name, r.Status.GroupName)
		case state == sms.ReportFailed:
			report.Reason = carrier.Word(r.Status.Name, r.Status.GroupName)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

func checkResults(count int) error {
	if count == 0 || count > maxResults {
		return carrier.Malformed("results is missing or empty, or has more than %d entries", maxResults)
	}
	return nil
}

type smsInbound struct {
	Results []struct {
		MessageID  string  `json:"messageId"`
		From       string  `json:"from"`
		To         string  `json:"to"`
		Text       *string `json:"text"`
		ReceivedAt string  `json:"receivedAt"`
	} `json:"results"`
}

// NewSMSInbound serves the address of inbound messages of a route.
func NewSMSInbound(route string, receiver sms.Receiver, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body smsInbound
		err := carrier.Object(w, r, &body)
		var messages []sms.Inbound
		if err == nil {
			messages, err = body.parse(route)
		}
		if err == nil && len(messages) < len(body.Results) {
			log.Info("inbound SMS without a text or of a sender that is no number", "route", route)
		}
		for _, m := range messages {
			if err = receiver.Receive(r.Context(), m); err != nil {
				err = fmt.Errorf("receive SMS: %w", err)
				break // Infobip brings all of them again; those that were taken are known.
			}
		}
		carrier.Finish(w, err, log, route+" inbound")
	})
}

// parse reads messages. Those that nobody can answer are left out: of a sender that is no number, or pictures.
func (b smsInbound) parse(route string) (messages []sms.Inbound, err error) {
	if err := checkResults(len(b.Results)); err != nil {
		return nil, err
	}
	for _, r := range b.Results {
		m := sms.Inbound{Route: route, At: smsTime(r.ReceivedAt)}
		if m.ID, err = carrier.CheckText("messageId", r.MessageID, 128, false); err != nil {
			return nil, err
		}
		if _, err = carrier.CheckText("from", r.From, 32, false); err != nil {
			return nil, err
		}
		if m.To, err = carrier.CheckText("to", r.To, 32, true); err != nil {
			return nil, err
		}
		phone, answerable := carrier.Phone(r.From)
		if !answerable || r.Text == nil {
			continue
		}
		m.From = phone
		if m.Text, err = carrier.CheckText("text", *r.Text, 4096, true); err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// smsTime reads a time with the offset as +0000, as +00:00 or as Z. One in another form is no reason to lose what a person wrote.
func smsTime(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

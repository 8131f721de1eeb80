package kannel

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/umoja-ledger/umoja/ussd/sms"
	"github.com/umoja-ledger/umoja/ussd/sms/carrier"
)

// states are the bits of dlr-mask, each a state of its own.
var states = map[string]sms.ReportState{
	"1": sms.ReportDelivered, "2": sms.ReportFailed, "4": sms.ReportBuffered, "8": sms.ReportBuffered, "16": sms.ReportFailed,
}

// NewReports serves the address that a Sender gives as dlr-url.
func NewReports(route string, reporter sms.Reporter, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := carrier.Query(r)
		var report sms.Report
		if err == nil {
			report, err = parseReport(query)
		}
		if err == nil {
			report.Route = route
			err = reporter.Report(r.Context(), report)
		}
		carrier.Finish(w, err, log, route+" reports")
	})
}

func parseReport(query carrier.Values) (report sms.Report, err error) {
	encoded, err := query.Text("ref", 300, false)
	if err != nil {
		return report, err
	}
	reference, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return report, carrier.Malformed("ref is not base64")
	}
	if report.Reference, err = carrier.CheckText("ref", string(reference), 200, false); err != nil {
		return report, err
	}
	state, err := query.Text("state", 3, false)
	if err != nil {
		return report, err
	}
	known := false
	if report.State, known = states[state]; !known {
		return report, carrier.Malformed("state is not 1, 2, 4, 8 or 16")
	}
	if report.State == sms.ReportFailed {
		report.Reason = carrier.Word(query["reason"], "state "+state)
	}
	return report, nil
}

// fields are what Kannel is to put into the query of an inbound message: %b is the text, %a would squeeze its spaces.
const fields = "?id=%I&from=%p&to=%P&at=%T&coding=%c"

// GetURL is the get-url of an sms-service whose messages NewInbound takes at address.
func GetURL(address string) string { return address + fields + "&text=%b" }

// PostURL is the post-url of an sms-service whose messages NewInbound takes at address.
func PostURL(address string) string { return address + fields }

// NewInbound serves the address of inbound messages of a route, by GET and by POST. The body of the answer is empty, because Kannel would send
// it back as a message.
func NewInbound(route string, receiver sms.Receiver, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := read(w, r)
		var m sms.Inbound
		answerable := false
		if err == nil {
			m, answerable, err = parseInbound(query)
		}
		switch {
		case err != nil:
		case !answerable:
			log.Info("inbound SMS without a text or of a sender that is no number", "route", route)
		default:
			m.Route = route
			if err = receiver.Receive(r.Context(), m); err != nil {
				err = fmt.Errorf("receive SMS: %w", err)
			}
		}
		carrier.Finish(w, err, log, route+" inbound")
	})
}

// read makes one form of both methods: a POST has the text as its body.
func read(w http.ResponseWriter, r *http.Request) (carrier.Values, error) {
	if r.Method != http.MethodPost {
		return carrier.Query(r)
	}
	query, err := carrier.ParseValues(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if _, twice := query["text"]; twice {
		return nil, carrier.Malformed("text is there in the query and as the body")
	}
	body, err := carrier.Body(w, r)
	if err != nil {
		return nil, err
	}
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, carrier.Malformed("the body has no media type")
	}
	query["text"], query["charset"] = string(body), parameters["charset"]
	if kind != "text/plain" {
		query["coding"] = "1"
	}
	return query, nil
}

// parseInbound reads a message. The second result is false for one that nobody can answer.
func parseInbound(query carrier.Values) (m sms.Inbound, answerable bool, err error) {
	if m.ID, err = query.Text("id", 128, true); err != nil {
		return m, false, err
	}
	from, err := query.Text("from", 32, false)
	if err != nil {
		return m, false, err
	}
	if m.To, err = query.Text("to", 32, true); err != nil {
		return m, false, err
	}
	coding, err := query.Text("coding", 2, true)
	if err != nil {
		return m, false, err
	}
	if _, there := query["text"]; !there {
		return m, false, carrier.Malformed("text is missing")
	}
	m.From, answerable = carrier.Phone(from)
	switch coding {
	case "1":
		return m, false, nil
	case "2":
		m.Text, err = text16(query["text"])
	case "0", "-1", "":
		if charset := query["charset"]; charset != "" && !strings.EqualFold(charset, "UTF-8") {
			return m, false, carrier.Malformed("charset is neither UTF-8 nor, with coding 2, UTF-16BE")
		}
		m.Text, err = query.Text("text", 4096, true)
	default:
		err = carrier.Malformed("coding is not 0, 1, 2 or -1")
	}
	if seconds, err := strconv.ParseInt(query["at"], 10, 64); err == nil && seconds > 0 && seconds < 1<<40 {
		m.At = time.Unix(seconds, 0).UTC()
	}
	return m, answerable, err
}

// text16 is what UTF-16BE says.
func text16(octets string) (string, error) {
	if len(octets)%2 != 0 {
		return "", carrier.Malformed("text has half a character of UTF-16BE")
	}
	units := make([]uint16, 0, len(octets)/2)
	for i := 0; i < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	return carrier.CheckText("text", string(utf16.Decode(units)), 4096, true)
}

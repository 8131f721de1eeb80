package africastalking

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/umoja-ledger/umoja/ussd/adapter"
)

// MaxBody bounds a callback.
const MaxBody = adapter.MaxBody

// Dialect is Africa's Talking's USSD callback.
var Dialect = &adapter.Dialect{
	Name:  "africastalking",
	Title: "Africa's Talking",
	Facts: adapter.Facts{
		Source:    "help.africastalking.com, Overview, Handle Sessions and Notifications, as read by others, with 11 captures of the sandbox",
		Date:      "2026-09-28",
		Confirmed: true,
		Doubt:     "how a star within an answer is sent, whether callbacks are repeated, from which addresses",
	},
	Methods:    adapter.Post,
	Encoding:   adapter.Form,
	Cumulative: true,
	PlusSign:   true,
	Fields: adapter.Fields{
		Session: adapter.SessionField("sessionId"),
		Phone:   adapter.PhoneField("phoneNumber"),
		Code:    adapter.CodeField("serviceCode"),
		Input:   adapter.TranscriptField("text"),
		Others:  []adapter.Field{{Name: "networkCode", Max: 16}},
	},
	Notice: &adapter.Notice{
		Suffix: "/end",
		Fields: adapter.Fields{
			Session: adapter.SessionField("sessionId"),
			Phone:   adapter.PhoneField("phoneNumber"),
			Code:    adapter.CodeField("serviceCode"),
			Others:  []adapter.Field{adapter.OtherField("status"), adapter.OtherField("networkCode")},
		},
	},
	Reply:    adapter.Reply{Open: "CON ", Close: "END "},
	Septets:  160,
	UCS2:     70,
	Deadline: 10 * time.Second,
}

// NewHandler makes a handler for one service code, such as *384*2050#, or with an empty one for every code. It lets anybody in who
// knows the path; adapter.New has more to choose from. A code that is none is logged, and nothing is served.
func NewHandler(service adapter.Service, serviceCode string, log *slog.Logger) http.Handler {
	options := adapter.Options{Open: true, Log: log}
	if serviceCode != "" {
		options.Codes = []string{serviceCode}
	}
	h, err := adapter.New(Dialect, service, options)
	if err != nil {
		log.Error("callback is not served", "error", err)
		return http.NotFoundHandler()
	}
	return h
}

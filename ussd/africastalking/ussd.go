package africastalking

import (
	"time"

	"github.com/umoja-ledger/umoja/ussd/adapter"
)

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
